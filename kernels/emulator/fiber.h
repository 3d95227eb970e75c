// Fiber: a stack of its own and the place where its code stopped. Switching is a function call and costs some 40 ns.
//
// AddressSanitizer is told of every switch. To ThreadSanitizer a fiber is a thread: a switch from one to another orders
// nothing, release() and acquire() do.
#pragma once
#include <cstddef>

namespace gradus::kernels::emulator {

class Fiber {
 public:
  Fiber();                        // the code that runs now, on the stack that it runs on
  explicit Fiber(void (*run)());  // starts with run(), which never returns; throws Error without memory for the stack
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  static void switch_to(Fiber& to);  // returns when another fiber switches back to this one

 private:
  static void start();
  static void landed();

  void (*run_)() = nullptr;
  void* stopped_at_ = nullptr;  // the stack pointer
  void* mapping_ = nullptr;
  const void* stack_ = nullptr;  // its lowest address
  std::size_t stack_bytes_ = 0;
  void* fake_stack_ = nullptr;   // AddressSanitizer's
  void* race_thread_ = nullptr;  // ThreadSanitizer's
};

// Whatever was done before release(token) is done before what follows acquire(token): for ThreadSanitizer alone.
void release(void* token);
void acquire(void* token);

}  // namespace gradus::kernels::emulator
