// By how much rows changed, and how long they are: a block for each row.

#include "common.cuh"

template <typename T> struct Changes {
  double *out; // [3, rows]: |new - old|, |old|, |new|
  const T *fresh; // [rows, dimension]
  const T *old;   // [rows, dimension]
  unsigned long long dimension;
  unsigned rows;
};

template <typename T> __device__ void changes(const Changes<T> &c) {
  const T *fresh = c.fresh + blockIdx.x * c.dimension;
  const T *old = c.old + blockIdx.x * c.dimension;
  double sums[3] = {0, 0, 0};
  for (size_t d = threadIdx.x; d < c.dimension; d += blockDim.x) {
    const double apart = (double)(fresh[d] - old[d]);
    sums[0] += apart * apart;
    sums[1] += (double)old[d] * (double)old[d];
    sums[2] += (double)fresh[d] * (double)fresh[d];
  }
  for (unsigned k = 0; k < 3; k++) {
    const double norm = sqrt(over_block(sums[k], shared_memory, Sum()));
    if (threadIdx.x == 0) {
      // Infinite where the element type holds no such length: the point has run away.
      c.out[k * c.rows + blockIdx.x] = k == 2 ? (double)(T)norm : norm;
    }
  }
}

extern "C" __global__ void changes_f32(Changes<float> c) { changes(c); }
extern "C" __global__ void changes_f64(Changes<double> c) { changes(c); }
