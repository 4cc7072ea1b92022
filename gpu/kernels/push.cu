// x + factor * y in place, of several x and y: what an optimiser does to all of its variables.

#include "common.cuh"

constexpr unsigned MOST_PUSHED = 96;

template <typename T> struct Push {
  T *x[MOST_PUSHED];
  const T *y[MOST_PUSHED];
  unsigned elements[MOST_PUSHED];
  unsigned count;
  T factor;
};

template <typename T> __device__ void push(const Push<T> &p) {
  unsigned block = blockIdx.x, which = 0;
  for (;; which++) {
    if (which == p.count) {
      return;
    }
    const unsigned blocks = (p.elements[which] + blockDim.x - 1) / blockDim.x;
    if (block < blocks) {
      break;
    }
    block -= blocks;
  }
  const size_t own = (size_t)block * blockDim.x + threadIdx.x;
  if (own < p.elements[which]) {
    p.x[which][own] += p.factor * p.y[which][own];
  }
}

extern "C" __global__ void push_f32(Push<float> p) { push(p); }
extern "C" __global__ void push_f64(Push<double> p) { push(p); }
