// What this gradus is: its version, and what it was built for.
#pragma once
#include <string>

namespace gradus {

struct VersionFacts {
  std::string gradus;           // "0.1.0"
  std::string instruction_set;  // of the processor: "AVX-512", "AVX2", "NEON" or "SSE2"
  std::string cuda;             // the toolkit's version, "13.0"; "emulated"; "none"
  std::string cudnn;            // its version; "none" where gradus was built without it
};
VersionFacts version_facts();

// The facts in a line: "gradus 0.1.0 (AVX2, CUDA none, cuDNN none)". Every program prints it for --version.
std::string version();

}  // namespace gradus
