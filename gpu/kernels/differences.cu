// Rows less the last of their list, wherever each of them lies: a thread for each number.

#include "common.cuh"

constexpr unsigned MOST_ROWS = 33;

template <typename T> struct Differences {
  T *out;                         // [2, before, dimension]: of points, of gradients
  const T *points[MOST_ROWS];     // before + 1 rows [dimension]
  const T *gradients[MOST_ROWS];  // as many
  const T *surrogates[MOST_ROWS]; // as many, whose differences those of gradients are less; or none
  unsigned long long dimension;
  unsigned before;
  unsigned blocks; // for each row
};

template <typename T> __device__ void differences(const Differences<T> &d) {
  const size_t k = (size_t)(blockIdx.x % d.blocks) * blockDim.x + threadIdx.x;
  if (k >= d.dimension) {
    return;
  }
  const unsigned row = blockIdx.x / d.blocks, i = row % d.before;
  T found;
  if (row < d.before) {
    found = d.points[i][k] - d.points[d.before][k];
  } else {
    found = d.gradients[i][k] - d.gradients[d.before][k];
    if (d.surrogates[0]) {
      found = found - (d.surrogates[i][k] - d.surrogates[d.before][k]);
    }
  }
  d.out[row * d.dimension + k] = found;
}

extern "C" __global__ void differences_f32(Differences<float> d) { differences(d); }
extern "C" __global__ void differences_f64(Differences<double> d) { differences(d); }
