// Inner products of some rows with others, in f64: a block for each.

#include "common.cuh"

constexpr unsigned MOST_KINDS = 6;

template <typename T> struct Along {
  double *out;         // [others, rows]
  const T *rows;       // [rows, dimension]
  const T *others[MOST_KINDS]; // one after the other, each [counts[k], dimension]
  unsigned long long dimension;
  unsigned count; // of rows
  unsigned counts[MOST_KINDS];
};

template <typename T> __device__ void along(const Along<T> &a) {
  const T *row = a.rows + blockIdx.x % a.count * a.dimension;
  unsigned index = blockIdx.x / a.count, kind = 0;
  while (index >= a.counts[kind]) {
    index -= a.counts[kind++];
  }
  const T *other = a.others[kind] + index * a.dimension;
  double sum = 0;
#pragma unroll 4
  for (size_t d = threadIdx.x; d < a.dimension; d += blockDim.x) {
    sum += (double)row[d] * (double)other[d];
  }
  sum = over_block(sum, shared_memory, Sum());
  if (threadIdx.x == 0) {
    a.out[blockIdx.x] = sum;
  }
}

extern "C" __global__ void along_f32(Along<float> a) { along(a); }
extern "C" __global__ void along_f64(Along<double> a) { along(a); }
