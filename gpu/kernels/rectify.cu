// max(x + y, 0), and its gradient.

#include "common.cuh"

template <typename T> struct Rectified {
  T *out;
  const T *x;
  const T *y;        // or null
  const T *gradient; // for what came out, or null: then the values are wanted
  unsigned long long written;
};

template <typename T> __device__ void rectified(const Rectified<T> &r) {
  const size_t own = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (own < r.written) {
    const T sum = r.y ? r.x[own] + r.y[own] : r.x[own];
    if (r.gradient) {
      r.out[own] = sum >= 0 ? r.gradient[own] : (T)0;
    } else {
      r.out[own] = sum > 0 ? sum : (T)0;
    }
  }
}

extern "C" __global__ void rectified_f32(Rectified<float> r) { rectified(r); }
extern "C" __global__ void rectified_f64(Rectified<double> r) { rectified(r); }
