# The GPU's half of the library: every kernels/*.cu, as target gradus_cuda, whose objects become part of gradus.
# GRADUS_CUDA=ON compiles them with nvcc, EMULATED with the C++ compiler and adds the emulator.
file(GLOB cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/*.cu)

if(GRADUS_CUDA STREQUAL "ON")
  include(CheckLanguage)
  check_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER)
    message(FATAL_ERROR "GRADUS_CUDA=ON: found no nvcc; set CUDACXX to it, or configure with GRADUS_CUDA=EMULATED")
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
    set(CMAKE_CUDA_ARCHITECTURES "75-real;80-real;90-real;120" CACHE STRING "The GPUs to compile for")
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  add_library(gradus_cuda OBJECT ${cuda_sources})
  # CMake 3.25 knows no C++20 for nvcc. constexpr functions of the standard library run on the GPU too.
  target_compile_options(gradus_cuda PRIVATE --std=c++20 --expt-relaxed-constexpr -Xcompiler=-Wall,-Wextra)
  if(GRADUS_WERROR)
    target_compile_options(gradus_cuda PRIVATE --Werror=all-warnings -Xptxas=-Werror -Xcompiler=-Werror)
  endif()
  # ptxas tells each kernel's registers and spills: map.cu.o.log, beside the object. tests/spills_test.sh reads it.
  target_compile_options(gradus_cuda PRIVATE -Xptxas=-v)
  set_property(TARGET gradus_cuda PROPERTY CUDA_COMPILER_LAUNCHER
    bash ${CMAKE_CURRENT_LIST_DIR}/compile_and_log.sh ${CMAKE_CUDA_COMPILER_LAUNCHER})
  set(no_contraction --fmad=false)
  target_link_libraries(gradus PUBLIC CUDA::cudart_static)
  list(APPEND gradus_packages CUDAToolkit)
  include(kernels/vendor/libraries.cmake)
else()
  set_source_files_properties(${cuda_sources} PROPERTIES LANGUAGE CXX)
  file(GLOB emulator_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/emulator/*.cpp)
  add_library(gradus_cuda OBJECT ${cuda_sources} ${emulator_sources})
  gradus_compile(gradus_cuda)
  target_compile_options(gradus_cuda PRIVATE -Wno-unknown-pragmas)  # nvcc's #pragma unroll
  target_compile_definitions(gradus_cuda PUBLIC GRADUS_CUDA_EMULATED=1)
  target_compile_definitions(gradus PUBLIC GRADUS_CUDA_EMULATED=1)
  if(GRADUS_SANITIZE MATCHES "thread")
    # It finds the races of the kernels; the emulator, which runs their threads in one, tells it who waits for whom.
    set_source_files_properties(${emulator_sources} PROPERTIES
      COMPILE_OPTIONS -fno-sanitize=thread COMPILE_DEFINITIONS GRADUS_EMULATOR_FINDS_RACES=1)
  endif()
  set(no_contraction -ffp-contract=off)
endif()

target_include_directories(gradus_cuda PRIVATE ${PROJECT_BINARY_DIR}/include)
target_compile_definitions(gradus_cuda PUBLIC GRADUS_HAS_CUDA=1)
target_compile_definitions(gradus PUBLIC GRADUS_HAS_CUDA=1)
target_sources(gradus PRIVATE $<TARGET_OBJECTS:gradus_cuda>)
# CPU and GPU draw the same bits: every fma in there is written out, and the compiler adds none.
set_source_files_properties(${PROJECT_SOURCE_DIR}/kernels/random.cu PROPERTIES COMPILE_OPTIONS ${no_contraction})
