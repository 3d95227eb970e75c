// Compiled without -fsanitize=thread, as the whole emulator: what it reads and writes is nobody's race.
#include <gradus/kernels/emulator/fiber.h>

#include <sys/mman.h>

#include <gradus/kernels/error.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef GRADUS_EMULATOR_FINDS_RACES
#include <sanitizer/tsan_interface.h>
#endif

// Saves what a function call must preserve on the stack, stores the stack pointer in *save, and goes on where `load`
// was stored.
extern "C" void gradus_switch_stack(void** save, void* load);

#if defined(__x86_64__)
constexpr int frame_words = 8, entry_word = 6;  // six registers, the return address, and one word for alignment
asm(R"(
.text
.globl gradus_switch_stack
.type gradus_switch_stack, @function
gradus_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size gradus_switch_stack, . - gradus_switch_stack
)");
#elif defined(__aarch64__)
constexpr int frame_words = 20, entry_word = 11;  // twenty registers, the twelfth of which is the return address
asm(R"(
.text
.globl gradus_switch_stack
.type gradus_switch_stack, %function
gradus_switch_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size gradus_switch_stack, . - gradus_switch_stack
)");
#else
#error "the emulator switches stacks on x86-64 and on 64-bit Arm; configure with GRADUS_CUDA=OFF"
#endif

namespace gradus::kernels::emulator {
namespace {
constexpr std::size_t guard_bytes = 65536, usable_bytes = 256 * 1024;  // the guard is a whole page wherever we run
Fiber *now = nullptr, *left = nullptr;  // the one that runs, and the one that switched to it
}  // namespace

Fiber::Fiber() {
#ifdef GRADUS_EMULATOR_FINDS_RACES
  race_thread_ = __tsan_get_current_fiber();
#endif
  now = this;
}

Fiber::Fiber(void (*run)()) : run_(run), stack_bytes_(usable_bytes) {
  mapping_ = mmap(nullptr, guard_bytes + usable_bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (mapping_ == MAP_FAILED) throw Error("emulator: no memory for the stack of a GPU's thread");
  mprotect(mapping_, guard_bytes, PROT_NONE);
  auto* const lowest = static_cast<unsigned char*>(mapping_) + guard_bytes;
  stack_ = lowest;
  // As if gradus_switch_stack had been called before start's first instruction. Zeros end a debugger's backtrace.
  void** const frame = reinterpret_cast<void**>(lowest + usable_bytes) - frame_words;
  frame[entry_word] = reinterpret_cast<void*>(&Fiber::start);
  stopped_at_ = frame;
#ifdef GRADUS_EMULATOR_FINDS_RACES
  race_thread_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
  if (!mapping_) return;
#ifdef GRADUS_EMULATOR_FINDS_RACES
  __tsan_destroy_fiber(race_thread_);
#endif
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(stack_, stack_bytes_);  // frames that never returned
#endif
  munmap(mapping_, guard_bytes + usable_bytes);
}

void Fiber::start() {
  landed();
  now->run_();
}

void Fiber::landed() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(now->fake_stack_, &left->stack_, &left->stack_bytes_);
#endif
}

void Fiber::switch_to(Fiber& to) {
  if (&to == now) return;
  Fiber& from = *now;
  left = &from;
  now = &to;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.stack_, to.stack_bytes_);
#endif
#ifdef GRADUS_EMULATOR_FINDS_RACES
  __tsan_switch_to_fiber(to.race_thread_, __tsan_switch_to_fiber_no_sync);
#endif
  gradus_switch_stack(&from.stopped_at_, to.stopped_at_);
  landed();
}

#ifdef GRADUS_EMULATOR_FINDS_RACES
void release(void* token) { __tsan_release(token); }
void acquire(void* token) { __tsan_acquire(token); }
#else
void release(void*) {}
void acquire(void*) {}
#endif

}  // namespace gradus::kernels::emulator
