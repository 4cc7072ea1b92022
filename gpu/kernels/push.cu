// x + factor * y in place: what an optimiser does to each variable.

#include "common.cuh"

template <typename T> struct Push {
  T *x;
  const T *y;
  unsigned long long written;
  T factor;
};

template <typename T> __device__ void push(const Push<T> &p) {
  const size_t own = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (own < p.written) {
    p.x[own] += p.factor * p.y[own];
  }
}

extern "C" __global__ void push_f32(Push<float> p) { push(p); }
extern "C" __global__ void push_f64(Push<double> p) { push(p); }
