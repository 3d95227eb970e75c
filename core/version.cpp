#include <gradus/core/version.h>

#include <gradus/kernels/libraries.h>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/cuda.h>
#endif

#ifndef GRADUS_VERSION
#define GRADUS_VERSION "(development build)"
#endif

namespace gradus {

namespace {

// The library's files are all compiled with the same flags, so what holds for this one holds for the kernels.
constexpr const char* instruction_set =
#if defined(__AVX512F__)
    "AVX-512";
#elif defined(__AVX2__)
    "AVX2";
#elif defined(__ARM_NEON)
    "NEON";
#else
    "SSE2";
#endif

std::string cuda_version() {
#ifdef GRADUS_HAS_CUDA
  return kernels::cuda_version();
#else
  return "none";
#endif
}

}  // namespace

VersionFacts version_facts() { return {GRADUS_VERSION, instruction_set, cuda_version(), kernels::cudnn_version()}; }

std::string version() {
  const VersionFacts facts = version_facts();
  return "gradus " + facts.gradus + " (" + facts.instruction_set + ", CUDA " + facts.cuda + ", cuDNN " + facts.cudnn +
         ")";
}

}  // namespace gradus
