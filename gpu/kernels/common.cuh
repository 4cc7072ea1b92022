// What the kernels share. Each takes one structure of arguments, whose layout is that of its counterpart
// in Rust, and is written for any number of threads that is a power of two from 32 on.

#pragma once

#include <cmath>
#include <cstddef>

// As much as the launch asks for; what it holds differs from kernel to kernel.
extern __shared__ double shared_memory[];

constexpr unsigned WARP = 32;

// Of a block that works alone: the compiler has to leave each a share of the registers.
constexpr unsigned MOST_THREADS = 1024;

struct Sum {
  __device__ double operator()(double a, double b) const { return a + b; }
};
struct Largest {
  __device__ double operator()(double a, double b) const { return a < b ? b : a; }
};

// The values of all threads of a block in one, in the same order every time. All threads have to call
// it, and all get the answer. `shared` has room for one number a thread.
template <typename Of> __device__ double over_block(double value, double *shared, Of of) {
  shared[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      shared[threadIdx.x] = of(shared[threadIdx.x], shared[threadIdx.x + half]);
    }
    __syncthreads();
  }
  const double all = shared[0];
  __syncthreads();
  return all;
}

// The sum of one value of each thread of a warp; only its first thread gets it. All threads of the block
// have to call it.
__device__ inline double over_warp(double value, double *shared) {
  shared[threadIdx.x] = value;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x % WARP == 0) {
    for (unsigned lane = 0; lane < WARP; lane++) {
      sum += shared[threadIdx.x + lane];
    }
  }
  __syncthreads();
  return sum;
}
