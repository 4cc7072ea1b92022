// Gradients of a multinomial logistic regression at a few points by one pass over the data, where two
// products with what lies between them make at least two.
//
// The classes of all points are columns side by side, whose weights a block keeps in shared memory. It takes tiles of rows one after the other and keeps each there too, while it is used
//   1. for logits: a thread has EACH rows and a share of the features (a slice),
//   2. for residuals: a thread has a row and a point,
//   3. for sums: a thread has a few features, whose sums it keeps from tile to tile.
// Each block leaves its sums; another kernel adds those up, always in the same order.

#include "common.cuh"

__device__ inline float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
__device__ inline double multiply_add(double a, double b, double c) { return fma(a, b, c); }
__device__ inline float power_of_e(float x) { return expf(x); }
__device__ inline double power_of_e(double x) { return exp(x); }

// Copies a number to shared memory; nothing waits for it but `brought`, so that many are on their way.
template <typename T> __device__ void bring(T *to, const T *from) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.ca.shared.global [%0], [%1], %2;"
               :
               : "r"((unsigned)__cvta_generic_to_shared(to)), "l"(from), "n"((int)sizeof(T))
               : "memory");
#else
  *to = *from;
#endif
}

// Waits for all that this thread has let be brought.
__device__ inline void brought() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_all;" : : : "memory");
#endif
}

// A number below 2^20 divided by one up to 1 024, of which 2^32 / it is given, rounded up.
__device__ inline unsigned divided(unsigned number, unsigned long long reciprocal) {
  return (unsigned)(number * reciprocal >> 32);
}

template <typename T> struct Gradient {
  T *out;                 // [chunks, points, features * classes]
  const T *x;             // [rows, features]
  const T *points;        // [points, features * classes]
  const unsigned *labels; // [rows]
  unsigned long long rows;
  unsigned features;
  unsigned classes;
  unsigned count;  // of points
  unsigned tile;   // rows, a power of two, at most a block's threads
  unsigned stride; // of the tile's rows: different ones that are read together meet different banks
  unsigned long long per_feature; // 2^32 / features, rounded up: to divide by it
  unsigned long long per_class;   // 2^32 / classes, rounded up
  T scale;
};

// Numbers that are read together, as a whole.
template <typename T, unsigned COLUMNS> struct alignas(16) Line { T of[COLUMNS]; };

// Sums of 2 HALF values of threads of a warp whose numbers differ by OTHER and half of it until 4, an eighth of
// them in each of eight such threads: which, counted from the first, is the answer.
template <unsigned HALF, unsigned OTHER, typename T> __device__ unsigned over_eight(T *values) {
  const bool upper = threadIdx.x & OTHER;
#pragma unroll
  for (unsigned i = 0; i < HALF; i++) {
    const T given = upper ? values[i] : values[i + HALF];
    const T kept = upper ? values[i + HALF] : values[i];
    values[i] = kept + __shfl_xor_sync(0xffffffffu, given, OTHER);
  }
  const unsigned from = upper ? HALF : 0;
  if constexpr (OTHER > 4) {
    return from + over_eight<HALF / 2, OTHER / 2>(values);
  }
  return from;
}

// COLUMNS: of all points, at least; SLOTS: features of a thread, at least; EACH: rows of a thread
// while it makes logits, whose weights it reads once: 1, or 4 where a tile has 16 rows.
template <typename T, unsigned COLUMNS, unsigned SLOTS, unsigned EACH>
__device__ void gradient(const Gradient<T> &g) {
  using Columns = Line<T, COLUMNS>;
  const unsigned chunk = blockIdx.x, chunks = gridDim.x, points = g.count;
  const unsigned used = points * g.classes;
  const unsigned rows_apart = g.tile / EACH, slices = blockDim.x / rows_apart;
  const unsigned row = threadIdx.x % rows_apart, slice = threadIdx.x / rows_apart;
  // What is left of them when a warp has made one of those that it can.
  const unsigned part_count = EACH == 1 ? slices : blockDim.x / WARP;

  Columns *weights = reinterpret_cast<Columns *>(shared_memory); // [features]
  Columns *parts = weights + g.features;                         // [part_count, tile]
  Columns *residuals = parts + part_count * g.tile;              // [tile]
  T *tile = reinterpret_cast<T *>(residuals + g.tile);           // [tile, stride]
  unsigned *labels = reinterpret_cast<unsigned *>(tile + g.tile * g.stride); // [tile]

  for (unsigned i = threadIdx.x; i < g.features * COLUMNS; i += blockDim.x) {
    weights[0].of[i] = 0;
  }
  __syncthreads();
  const unsigned length = g.features * g.classes;
  for (unsigned p = 0; p < points; p++) {
    const T *of = g.points + (size_t)p * length;
#pragma unroll 8
    for (unsigned i = threadIdx.x; i < length; i += blockDim.x) {
      const unsigned f = divided(i, g.per_class);
      weights[f].of[p * g.classes + (i - f * g.classes)] = of[i];
    }
  }

  T sums[SLOTS][COLUMNS];
#pragma unroll
  for (unsigned j = 0; j < SLOTS; j++) {
#pragma unroll
    for (unsigned k = 0; k < COLUMNS; k++) {
      sums[j][k] = 0;
    }
  }

  for (size_t first = (size_t)chunk * g.tile; first < g.rows; first += (size_t)chunks * g.tile) {
    const unsigned rows = g.rows - first < g.tile ? (unsigned)(g.rows - first) : g.tile;
    const T *of = g.x + first * g.features;
#pragma unroll 4
    for (unsigned i = threadIdx.x; i < rows * g.features; i += blockDim.x) {
      const unsigned r = divided(i, g.per_feature);
      bring(tile + r * g.stride + (i - r * g.features), of + i);
    }
    for (unsigned i = rows * g.features + threadIdx.x; i < g.tile * g.features; i += blockDim.x) {
      const unsigned r = divided(i, g.per_feature);
      tile[r * g.stride + (i - r * g.features)] = 0;
    }
    if (threadIdx.x < rows) {
      bring(labels + threadIdx.x, g.labels + first + threadIdx.x);
    }
    brought();
    __syncthreads();

    T z[EACH * COLUMNS];
#pragma unroll
    for (unsigned k = 0; k < EACH * COLUMNS; k++) {
      z[k] = 0;
    }
#pragma unroll 2
    for (unsigned f = slice; f < g.features; f += slices) {
      const Columns weight = weights[f];
#pragma unroll
      for (unsigned e = 0; e < EACH; e++) {
        const T x = tile[(row + e * rows_apart) * g.stride + f];
#pragma unroll
        for (unsigned k = 0; k < COLUMNS; k++) {
          z[e * COLUMNS + k] = multiply_add(x, weight.of[k], z[e * COLUMNS + k]);
        }
      }
    }
    if constexpr (EACH == 1) {
      T *own = parts[slice * g.tile + row].of;
#pragma unroll
      for (unsigned k = 0; k < COLUMNS; k++) {
        own[k] = z[k];
      }
    } else {
      const unsigned from = over_eight<EACH * COLUMNS / 2, 16>(z);
      Columns *own = parts + threadIdx.x / WARP * g.tile + row;
#pragma unroll
      for (unsigned i = 0; i < EACH * COLUMNS / 8; i++) {
        own[(from + i) / COLUMNS * rows_apart].of[(from + i) % COLUMNS] = z[i];
      }
    }
    __syncthreads();

    const T *part = parts[0].of;
    T *residual = residuals[0].of;
    for (unsigned i = threadIdx.x; i < g.tile * COLUMNS; i += blockDim.x) {
      T sum = 0;
      for (unsigned s = 0; s < part_count; s++) {
        sum += part[s * g.tile * COLUMNS + i];
      }
      residual[i] = sum;
    }
    __syncthreads();

    for (unsigned i = threadIdx.x; i < g.tile * points; i += blockDim.x) {
      const unsigned r = i / points;
      T *own = residuals[r].of + i % points * g.classes;
      // In registers, so that none waits for another's read.
      T entry[COLUMNS], top = own[0], sum = 0;
#pragma unroll
      for (unsigned c = 0; c < COLUMNS; c++) {
        entry[c] = c < g.classes ? own[c] : own[0];
        top = entry[c] > top ? entry[c] : top;
      }
#pragma unroll
      for (unsigned c = 0; c < COLUMNS; c++) {
        entry[c] = power_of_e(entry[c] - top);
        sum += c < g.classes ? entry[c] : T(0);
      }
      // Rows beyond the last count for nothing.
      const T factor = r < rows ? g.scale / sum : T(0);
#pragma unroll
      for (unsigned c = 0; c < COLUMNS; c++) {
        if (c < g.classes) {
          own[c] = entry[c] * factor - (r < rows && labels[r] == c ? g.scale : T(0));
        }
      }
    }
    __syncthreads();

    for (unsigned r = 0; r < g.tile; r++) {
      const Columns of = residuals[r];
#pragma unroll
      for (unsigned j = 0; j < SLOTS; j++) {
        const unsigned f = threadIdx.x + j * blockDim.x;
        if (f < g.features) {
          const T x = tile[r * g.stride + f];
#pragma unroll
          for (unsigned k = 0; k < COLUMNS; k++) {
            sums[j][k] = multiply_add(x, of.of[k], sums[j][k]);
          }
        }
      }
    }
    // The next tile takes this one's place.
    __syncthreads();
  }

#pragma unroll
  for (unsigned j = 0; j < SLOTS; j++) {
    const unsigned f = threadIdx.x + j * blockDim.x;
    if (f < g.features) {
#pragma unroll
      for (unsigned k = 0; k < COLUMNS; k++) {
        if (k < used) {
          const size_t point = (size_t)chunk * points + k / g.classes;
          g.out[(point * g.features + f) * g.classes + k % g.classes] = sums[j][k];
        }
      }
    }
  }
}

// Sums over the first dimension: a warp's threads have neighbouring elements, each warp some of the terms.
template <typename T> struct Sums {
  T *out;        // [elements]
  const T *of;   // [terms, elements]
  unsigned long long elements;
  unsigned terms;
};

template <typename T> __device__ void sums(const Sums<T> &s) {
  T *parts = reinterpret_cast<T *>(shared_memory); // [warps, WARP]
  const unsigned warps = blockDim.x / WARP, warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
  const size_t element = (size_t)blockIdx.x * WARP + lane;
  T sum = 0;
  if (element < s.elements) {
#pragma unroll 4
    for (unsigned t = warp; t < s.terms; t += warps) {
      sum += s.of[t * s.elements + element];
    }
  }
  parts[threadIdx.x] = sum;
  __syncthreads();
  if (warp == 0 && element < s.elements) {
    for (unsigned w = 1; w < warps; w++) {
      sum += parts[w * WARP + lane];
    }
    s.out[element] = sum;
  }
}

#define GRADIENT(COLUMNS, SLOTS, EACH)                                                                       \
  extern "C" __global__ void __launch_bounds__(256, 2)                                                      \
      gradient_##COLUMNS##_##SLOTS##_f32(Gradient<float> g) {                                               \
    gradient<float, COLUMNS, SLOTS, EACH>(g);                                                               \
  }                                                                                                         \
  extern "C" __global__ void __launch_bounds__(256, 1)                                                      \
      gradient_##COLUMNS##_##SLOTS##_f64(Gradient<double> g) {                                              \
    gradient<double, COLUMNS, SLOTS, EACH>(g);                                                              \
  }

GRADIENT(4, 1, 1)
GRADIENT(12, 1, 1)
GRADIENT(20, 1, 1)
GRADIENT(4, 4, 4)
GRADIENT(12, 4, 4)

extern "C" __global__ void sums_f32(Sums<float> s) { sums(s); }
extern "C" __global__ void sums_f64(Sums<double> s) { sums(s); }
