// Error: the one exception type of gradus. core/error.h builds its messages.
#pragma once
#include <stdexcept>

namespace gradus {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gradus
