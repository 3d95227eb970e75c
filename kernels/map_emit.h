// GRADUS_EMIT_MAPS: the templates of map.h for every op and type, on GRADUS_EXEC, which map.cpp and map.cu define.
//
// Every combination is emitted; those that an op does not offer (exp of integers, slopes of comparisons) are empty, and
// core/ops refuses them before it gets here.
#pragma once
#include <gradus/kernels/activation.h>
#include <gradus/kernels/map.h>

#define GRADUS_EMIT_MAP_BACK(Op, T) template void map_back(GRADUS_EXEC, const Op&, Index, const T*, const T*, T*);
#define GRADUS_EMIT_MAP(Op, T)                                    \
  template void map(GRADUS_EXEC, const Op&, Index, const T*, T*); \
  GRADUS_EMIT_MAP_BACK(Op, T)
#define GRADUS_EMIT_ZIP(Op, T) template void zip(GRADUS_EXEC, const Op&, const Broadcast&, const T*, const T*, T*);
#define GRADUS_EMIT_ZIP_BACK(Op, T)                                                                     \
  template void zip_back_a(GRADUS_EXEC, const Op&, const Broadcast&, const T*, const T*, const T*, T*); \
  template void zip_back_b(GRADUS_EXEC, const Op&, const Broadcast&, const T*, const T*, const T*, T*);

#define GRADUS_EMIT_UNARY(fn, Op, ...) GRADUS_EMIT_MAP(Op, float) GRADUS_EMIT_MAP(Op, double) GRADUS_EMIT_MAP(Op, Index)
#define GRADUS_EMIT_BINARY(fn, Op, ...) \
  GRADUS_EMIT_ZIP(Op, float)            \
  GRADUS_EMIT_ZIP(Op, double)           \
  GRADUS_EMIT_ZIP(Op, Index)            \
  GRADUS_EMIT_ZIP_BACK(Op, float)       \
  GRADUS_EMIT_ZIP_BACK(Op, double)

#define GRADUS_EMIT_MAPS                    \
  GRADUS_UNARY_OPS(GRADUS_EMIT_UNARY)       \
  GRADUS_EMIT_MAP_BACK(DropoutRelu, float)  \
  GRADUS_EMIT_MAP_BACK(DropoutRelu, double) \
  GRADUS_BINARY_OPS(GRADUS_EMIT_BINARY)     \
  GRADUS_EMIT_ZIP(AddScaled, float)         \
  GRADUS_EMIT_ZIP(AddScaled, double)        \
  GRADUS_EMIT_ZIP(AddScaled, Index)         \
  GRADUS_EMIT_ZIP(AddScaledSign, float)     \
  GRADUS_EMIT_ZIP(AddScaledSign, double)
