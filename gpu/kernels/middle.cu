// W (W G W + r)^-1 W for the Gram matrix G = S S^T of steps S, W = diag(1 / |S_i|): what the secant
// method needs between gradients and points. By one block, so that the host need not look at G.
//
// All zeros, which models nothing, where no step has a length, one has none that is finite, or the matrix
// is not positive definite.

#include "common.cuh"

struct Middle {
  double *out;        // [3, size, size]: the result, and room for what the shared memory does not hold
  const double *gram; // G, [size, size]
  unsigned size;
  unsigned shared; // whether the shared memory holds the Cholesky factor and its inverse's columns
  double ridge;    // relative to the largest sum of a row
  double shortest; // steps shorter than the longest by more than this are weighted no more
};

// The Cholesky factor in place of a matrix, column by column; whether there is one.
__device__ inline bool factor(double *a, unsigned size, double *shared) {
  for (unsigned j = 0; j < size; j++) {
    if (threadIdx.x == 0) {
      double rest = a[j * size + j];
      for (unsigned k = 0; k < j; k++) {
        rest -= a[j * size + k] * a[j * size + k];
      }
      shared[0] = rest > 0 ? sqrt(rest) : 0;
      a[j * size + j] = shared[0];
    }
    __syncthreads();
    const double diagonal = shared[0];
    __syncthreads();
    if (diagonal == 0) {
      return false;
    }
    for (unsigned i = j + 1 + threadIdx.x; i < size; i += blockDim.x) {
      double rest = a[i * size + j];
      for (unsigned k = 0; k < j; k++) {
        rest -= a[i * size + k] * a[j * size + k];
      }
      a[i * size + j] = rest / diagonal;
    }
    __syncthreads();
  }
  return true;
}

// The columns of the inverse of a triangular factor, as rows.
__device__ inline void invert(const double *factor, double *columns, unsigned size) {
  for (unsigned c = threadIdx.x; c < size; c += blockDim.x) {
    for (unsigned i = 0; i < size; i++) {
      double rest = i == c ? 1 : 0;
      for (unsigned k = c; k < i; k++) {
        rest -= factor[i * size + k] * columns[c * size + k];
      }
      columns[c * size + i] = i < c ? 0 : rest / factor[i * size + i];
    }
  }
  __syncthreads();
}

// The shared memory holds a number for each thread and one for each step, and two matrices if it can.
__device__ inline void middle(const Middle &m) {
  double *shared = shared_memory;
  double *weights = shared + blockDim.x;
  const unsigned size = m.size, all = size * size;
  double *result = m.out, *matrix = m.shared ? weights + size : m.out + all, *columns = matrix + all;
  for (unsigned k = threadIdx.x; k < all; k += blockDim.x) {
    result[k] = m.gram[k];
  }
  __syncthreads();
  double wrong = 0, longest = 0;
  for (unsigned k = threadIdx.x; k < all; k += blockDim.x) {
    wrong = isfinite(result[k]) ? wrong : 1;
    longest = k / size == k % size ? Largest()(longest, result[k]) : longest;
  }
  wrong = over_block(wrong, shared, Largest());
  longest = over_block(longest, shared, Largest());
  bool found = wrong == 0 && longest > 0;
  if (found) {
    const double least = m.shortest * m.shortest * longest;
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
      const double square = result[i * size + i];
      // A point known twice says nothing.
      weights[i] = square == 0 ? 0 : 1 / sqrt(square < least ? least : square);
    }
    __syncthreads();
    double largest = 0;
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
      double sum = 0;
      for (unsigned j = 0; j < size; j++) {
        const double entry = result[i * size + j] * weights[i] * weights[j];
        matrix[i * size + j] = entry;
        sum += entry < 0 ? -entry : entry;
      }
      largest = Largest()(largest, sum);
    }
    largest = over_block(largest, shared, Largest());
    for (unsigned i = threadIdx.x; i < size; i += blockDim.x) {
      matrix[i * size + i] += m.ridge * largest;
    }
    __syncthreads();
    found = factor(matrix, size, shared);
  }
  if (found) {
    invert(matrix, columns, size);
  }
  for (unsigned k = threadIdx.x; k < all; k += blockDim.x) {
    double entry = 0;
    if (found) {
      const double *a = columns + k / size * size, *b = columns + k % size * size;
      for (unsigned t = 0; t < size; t++) {
        entry += a[t] * b[t];
      }
      entry *= weights[k / size] * weights[k % size];
    }
    result[k] = entry;
  }
}

extern "C" __global__ void __launch_bounds__(MOST_THREADS) middle_f64(Middle m) { middle(m); }
