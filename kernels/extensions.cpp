// What the library is compiled for: constants, and no code that would need it.
#include <gradus/kernels/processor.h>

namespace gradus::kernels {

#define GRADUS_TEXT(macro) #macro
#define GRADUS_USED(name, macro) {name, GRADUS_TEXT(macro)[0] == '1'},
constinit const Extension extensions[] = {GRADUS_EXTENSIONS(GRADUS_USED)};

}  // namespace gradus::kernels
