#include <gradus/kernels/vendor/shared_library.h>

#include <dlfcn.h>

namespace gradus::kernels {

SharedLibrary::SharedLibrary(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (file.empty() || handle_) continue;
    handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    file_ = file;
    if (!handle_ && why_not_.empty()) why_not_ = dlerror();  // the first is the one that a user would install
  }
  if (handle_) why_not_.clear();
}

SharedLibrary::Symbol SharedLibrary::operator[](const char* name) {
  if (!handle_) return {nullptr};
  void* const address = dlsym(handle_, name);
  if (!address && why_not_.empty()) why_not_ = file_ + " has no " + name + "; a newer version may";
  return {address};
}

}  // namespace gradus::kernels
