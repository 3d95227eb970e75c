// A library of NVIDIA's that is opened at run time, so that a program starts where it is not installed, and where no
// GPU needs it loads nothing.
#pragma once
#include <string>
#include <vector>

namespace gradus::kernels {

class SharedLibrary {
 public:
  // Opens the first of these files that opens; a name without a slash is looked for where the system looks.
  explicit SharedLibrary(const std::vector<std::string>& files);

  // Why it cannot be used: "" where it opened and has had every function so far.
  const std::string& why_not() const { return why_not_; }

  // A function of it, of the type that it is assigned to; null where it has none of that name.
  //   decltype(cublasLtCreate)* create = library["cublasLtCreate"];
  struct Symbol {
    void* address;
    template <class Function>
    operator Function*() const {
      return reinterpret_cast<Function*>(address);
    }
  };
  Symbol operator[](const char* name);

 private:
  std::string file_, why_not_;
  void* handle_ = nullptr;  // never closed: CUDA may be gone when the program ends
};

}  // namespace gradus::kernels
