// Numbers laid in another order: a thread for each.

#include "common.cuh"

constexpr unsigned MOST_GATHERED = 33;

template <typename T> struct Gathered {
  T *out;                       // [rows, dimension]
  const T *rows[MOST_GATHERED]; // each [dimension], anywhere
  unsigned long long dimension;
  unsigned blocks; // for each row
};

template <typename T> __device__ void gathered(const Gathered<T> &g) {
  const size_t k = (size_t)(blockIdx.x % g.blocks) * blockDim.x + threadIdx.x;
  const unsigned row = blockIdx.x / g.blocks;
  if (k < g.dimension) {
    g.out[row * g.dimension + k] = g.rows[row][k];
  }
}

template <typename T> struct Turned {
  T *out;      // [columns, rows, width]
  const T *of; // [rows, columns, width]
  unsigned long long elements;
  unsigned rows;
  unsigned columns;
  unsigned width;
};

template <typename T> __device__ void turned(const Turned<T> &t) {
  const size_t k = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= t.elements) {
    return;
  }
  const size_t within = k % t.width, pair = k / t.width;
  const size_t row = pair % t.rows, column = pair / t.rows;
  t.out[k] = t.of[(row * t.columns + column) * t.width + within];
}

extern "C" __global__ void gathered_f32(Gathered<float> g) { gathered(g); }
extern "C" __global__ void gathered_f64(Gathered<double> g) { gathered(g); }
extern "C" __global__ void turned_f32(Turned<float> t) { turned(t); }
extern "C" __global__ void turned_f64(Turned<double> t) { turned(t); }
