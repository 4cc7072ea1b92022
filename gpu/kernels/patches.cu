// What a convolution sees of images, as the columns of a matrix, and the adjoint. With kernels of 1 x 1 and
// stride 1 the matrix is the images with channels before images, and the adjoint puts them back.

#include "common.cuh"

template <typename T> struct Patches {
  T *to;
  const T *from;
  unsigned long long written;
  unsigned images, channels, height, width;
  unsigned kernel, stride, padding;
  unsigned rows, columns; // of what comes out
  unsigned segments;      // blocks for each channel
};

// Images [images, channels, height, width] to [channels * kernel^2, images * rows * columns]. A thread has a
// place of the output in one channel, and neighbours write neighbouring numbers.
template <typename T> __device__ void gather(const Patches<T> &p) {
  const unsigned channel = blockIdx.x / p.segments;
  const unsigned column = blockIdx.x % p.segments * blockDim.x + threadIdx.x;
  const unsigned out = p.rows * p.columns, line = p.images * out;
  if (column >= line) {
    return;
  }
  const unsigned image = column / out, place = column % out;
  const int top = (int)(place / p.columns * p.stride) - (int)p.padding;
  const int left = (int)(place % p.columns * p.stride) - (int)p.padding;
  const T *from = p.from + ((size_t)image * p.channels + channel) * p.height * p.width;
  T *to = p.to + (size_t)channel * p.kernel * p.kernel * line + column;
  for (unsigned dy = 0; dy < p.kernel; dy++) {
    const int y = top + (int)dy;
    for (unsigned dx = 0; dx < p.kernel; dx++) {
      const int x = left + (int)dx;
      const bool inside = y >= 0 && y < (int)p.height && x >= 0 && x < (int)p.width;
      *to = inside ? from[(size_t)y * p.width + x] : (T)0;
      to += line;
    }
  }
}

// The matrix's numbers added to the places that they were taken from: a thread has a place of an image.
template <typename T> __device__ void scatter(const Patches<T> &p) {
  const size_t own = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (own >= p.written) {
    return;
  }
  const unsigned x = own % p.width, y = own / p.width % p.height;
  const unsigned plane = (unsigned)(own / ((size_t)p.width * p.height));
  const unsigned channel = plane % p.channels, image = plane / p.channels;
  const unsigned out = p.rows * p.columns;
  const size_t line = (size_t)p.images * out;
  const T *from = p.from + (size_t)channel * p.kernel * p.kernel * line + (size_t)image * out;
  T sum = 0;
  for (unsigned dy = 0; dy < p.kernel; dy++) {
    const int below = (int)(y + p.padding) - (int)dy;
    const unsigned row = (unsigned)below / p.stride;
    if (below < 0 || (unsigned)below % p.stride != 0 || row >= p.rows) {
      continue;
    }
    for (unsigned dx = 0; dx < p.kernel; dx++) {
      const int beside = (int)(x + p.padding) - (int)dx;
      const unsigned column = (unsigned)beside / p.stride;
      if (beside < 0 || (unsigned)beside % p.stride != 0 || column >= p.columns) {
        continue;
      }
      sum += from[(size_t)(dy * p.kernel + dx) * line + row * p.columns + column];
    }
  }
  p.to[own] = sum;
}

extern "C" __global__ void gather_f32(Patches<float> p) { gather(p); }
extern "C" __global__ void gather_f64(Patches<double> p) { gather(p); }
extern "C" __global__ void scatter_f32(Patches<float> p) { scatter(p); }
extern "C" __global__ void scatter_f64(Patches<double> p) { scatter(p); }
