// Compiled for any processor (CMakeLists.txt), and without inline functions of the library's or of C++'s: of those the
// linker keeps one copy, which another file may have compiled for more.
#include <gradus/kernels/processor.h>

#include <cstdio>
#include <unistd.h>

namespace gradus::kernels {

const int processor_is_checked = 1;

#if defined(__x86_64__)
namespace {

[[gnu::constructor(101)]] void check_processor() {  // 101: the first that programs may have
  __builtin_cpu_init();
#define GRADUS_HERE(name, macro) __builtin_cpu_supports(name) != 0,
  const bool here[] = {GRADUS_EXTENSIONS(GRADUS_HERE)};
  const char* missing = nullptr;
  for (unsigned long i = 0; i < sizeof here; ++i) {
    if (extensions[i].used && !here[i] && !missing) missing = extensions[i].name;
  }
  if (!missing) return;
  std::fprintf(
      stderr,
      "gradus: this program was built for a processor with %s, which this one lacks; build it on this machine, "
      "or with -DGRADUS_NATIVE=OFF for all that have AVX2 and FMA\n",
      missing);
  _exit(1);
}

}  // namespace
#endif

}  // namespace gradus::kernels
