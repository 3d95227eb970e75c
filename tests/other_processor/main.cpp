// A program for a processor with FMA4, which AMD gave up with Zen (tests/CMakeLists.txt).
#include <gradus/kernels/processor.h>

#include <cstdio>

int main() { std::printf("main() ran, and the check is %d\n", gradus::kernels::processor_is_checked); }
