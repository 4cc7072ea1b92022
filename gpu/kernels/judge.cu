// Cross-entropy and hits of logits, summed over the rows of each block in one pass over memory, in f64.

#include "common.cuh"

template <typename T> struct Judge {
  double *out; // [2, blocks]: losses, hits
  const T *z;  // [rows, classes]
  const unsigned *labels; // [rows]
  unsigned long long rows;
  unsigned classes;
};

template <typename T> __device__ void judge(const Judge<T> &j) {
  const size_t row = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  double loss = 0, hit = 0;
  if (row < j.rows) {
    const T *z = j.z + row * j.classes;
    unsigned best = 0;
    for (unsigned c = 1; c < j.classes; c++) {
      best = z[c] > z[best] ? c : best;
    }
    double sum = 0;
    for (unsigned c = 0; c < j.classes; c++) {
      sum += exp((double)z[c] - (double)z[best]);
    }
    loss = log(sum) + ((double)z[best] - (double)z[j.labels[row]]);
    hit = best == j.labels[row] ? 1 : 0;
  }
  loss = over_block(loss, shared_memory, Sum());
  hit = over_block(hit, shared_memory, Sum());
  if (threadIdx.x == 0) {
    j.out[blockIdx.x] = loss;
    j.out[gridDim.x + blockIdx.x] = hit;
  }
}

extern "C" __global__ void judge_f32(Judge<float> j) { judge(j); }
extern "C" __global__ void judge_f64(Judge<double> j) { judge(j); }
