// (softmax(z) - e_label) * scale in place, for logits z [rows, points, classes]: one pass over memory
// where the tensor library makes eight.
//
// A block takes as many (row, point) pairs as it has threads. Their logits lie side by side, so they are
// read and written by neighbouring threads; in between each thread has the classes of one pair to itself,
// in shared memory with an odd distance between pairs, so that threads meet different banks.

#include <cstddef>

template <typename T> __device__ T exponential(T x);
template <> __device__ float exponential(float x) { return expf(x); }
template <> __device__ double exponential(double x) { return exp(x); }

template <typename T>
__device__ void residuals(T *z, const unsigned *labels, size_t pairs, unsigned points,
                          unsigned classes, T scale, T *shared) {
  const unsigned distance = classes | 1u;
  const size_t first = (size_t)blockIdx.x * blockDim.x;
  const size_t left = pairs - first;
  const unsigned here = left < blockDim.x ? (unsigned)left : blockDim.x;
  T *own = z + first * classes;
  const unsigned count = here * classes;
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) {
    shared[k / classes * distance + k % classes] = own[k];
  }
  __syncthreads();
  if (threadIdx.x < here) {
    T *pair = shared + threadIdx.x * distance;
    T top = pair[0];
    for (unsigned c = 1; c < classes; c++) {
      top = pair[c] > top ? pair[c] : top;
    }
    T sum = 0;
    for (unsigned c = 0; c < classes; c++) {
      pair[c] = exponential(pair[c] - top);
      sum += pair[c];
    }
    const T factor = scale / sum;
    for (unsigned c = 0; c < classes; c++) {
      pair[c] *= factor;
    }
    pair[labels[(first + threadIdx.x) / points]] -= scale;
  }
  __syncthreads();
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) {
    own[k] = shared[k / classes * distance + k % classes];
  }
}

extern "C" __global__ void residuals_f32(float *z, const unsigned *labels, size_t pairs,
                                         unsigned points, unsigned classes, float scale) {
  extern __shared__ float shared_f32[];
  residuals(z, labels, pairs, points, classes, scale, shared_f32);
}

extern "C" __global__ void residuals_f64(double *z, const unsigned *labels, size_t pairs,
                                         unsigned points, unsigned classes, double scale) {
  extern __shared__ double shared_f64[];
  residuals(z, labels, pairs, points, classes, scale, shared_f64);
}
