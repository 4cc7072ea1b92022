// (softmax(z) - e_label) * scale in place, for logits z [rows, points, classes]: one pass over memory
// where the tensor library makes eight.
//
// A block takes as many (row, point) pairs as it has threads. Their logits lie side by side, so they are
// read and written by neighbouring threads; in between each thread has the classes of one pair to itself,
// in shared memory with an odd distance between pairs, so that threads meet different banks.

#include "common.cuh"

template <typename T> __device__ T exponential(T x);
template <> __device__ float exponential(float x) { return expf(x); }
template <> __device__ double exponential(double x) { return exp(x); }

template <typename T> struct Residuals {
  T *z; // [pairs, classes]
  const unsigned *labels; // [pairs / points]
  unsigned long long pairs;
  unsigned points;
  unsigned classes;
  T scale;
};

template <typename T> __device__ void residuals(const Residuals<T> &r) {
  T *shared = reinterpret_cast<T *>(shared_memory);
  const unsigned distance = r.classes | 1u;
  const size_t first = (size_t)blockIdx.x * blockDim.x;
  const size_t left = r.pairs - first;
  const unsigned here = left < blockDim.x ? (unsigned)left : blockDim.x;
  T *own = r.z + first * r.classes;
  const unsigned count = here * r.classes;
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) {
    shared[k / r.classes * distance + k % r.classes] = own[k];
  }
  __syncthreads();
  if (threadIdx.x < here) {
    T *pair = shared + threadIdx.x * distance;
    T top = pair[0];
    for (unsigned c = 1; c < r.classes; c++) {
      top = pair[c] > top ? pair[c] : top;
    }
    T sum = 0;
    for (unsigned c = 0; c < r.classes; c++) {
      pair[c] = exponential(pair[c] - top);
      sum += pair[c];
    }
    const T factor = r.scale / sum;
    for (unsigned c = 0; c < r.classes; c++) {
      pair[c] *= factor;
    }
    pair[r.labels[(first + threadIdx.x) / r.points]] -= r.scale;
  }
  __syncthreads();
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) {
    own[k] = shared[k / r.classes * distance + k % r.classes];
  }
}

extern "C" __global__ void residuals_f32(Residuals<float> r) { residuals(r); }
extern "C" __global__ void residuals_f64(Residuals<double> r) { residuals(r); }
