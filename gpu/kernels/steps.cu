// Steps of the recurrence of a window, one after the other in one launch, where the tensor library needs
// four or more for each of them:
//
//   v_w = v_{w-1} - t_w f_w,   x_w = x_{w-1} + step_size * dphi(v_w),
//
// the velocity being reset where a flow begins. Forces are given, or go on from the last one, or are
// modelled around known points: f_w + F^T M P (x_{w-1} - a_w).
//
// Products and sums are rounded one by one (compiled without contraction), in the order of the CPU.

#include "common.cuh"

enum Energy : unsigned { HALF_L2_SQUARED, L2, L1, L_INF };
enum Law : unsigned { GIVEN, CONSTANT, LINEAR };

template <typename T> struct Steps {
  T *out;                // [2, count, dimension]: positions, velocities
  const T *position;     // [dimension]
  const T *velocity;     // [dimension]
  const T *gradients;       // [count, dimension] if given, else [dimension]
  const T *slope;        // [dimension] if linear
  const T *known_points; // P, [known, dimension]
  const T *known_gradients; // F, [known, dimension]
  const double *middle;  // M, [known, known]
  const T *around;       // a, [count, dimension], or [dimension] for all steps
  const double *along;   // P times x, v, the gradients, the slope, a and F, where that is all that is needed
  unsigned long long dimension;
  unsigned count;
  unsigned law;
  unsigned energy;
  unsigned known; // 0 where nothing is modelled
  unsigned around_each;
  unsigned within; // the first step, counted from the start of its flow
  unsigned flow_steps;
  T step_size;  // how far a step moves
  T time;       // for how long a gradient acts
  T first_time; // for how long that at the start of a flow does
  T smallest;   // the smallest positive number that is not denormal
};

template <typename T> __device__ T sign(T v) { return T(v > 0) - T(v < 0); }

// The weights of the known gradients at each step, for 1/2 |v|^2: there all is linear, so that what a step is
// along the known points follows from what the vectors are that it is made of. A thread for each known point;
// the shared memory holds the weights, [count, known], and a number for each known point.
template <typename T> __device__ void linear_weights(const Steps<T> &s, double *weights) {
  double *apart = weights + s.count * s.known;
  const unsigned i = threadIdx.x;
  const unsigned gradients = s.law == GIVEN ? s.count : 1, slopes = s.law == LINEAR;
  const unsigned arounds = s.around_each ? s.count : 1;
  const double *gradient = s.along + 2 * s.known, *slope = gradient + gradients * s.known;
  const double *around = slope + slopes * s.known, *known = around + arounds * s.known;
  const bool takes_part = i < s.known;
  double x = takes_part ? s.along[i] : 0, v = takes_part ? s.along[s.known + i] : 0;
  for (unsigned w = 0; w < s.count; w++) {
    if (takes_part) {
      apart[i] = x - around[(s.around_each ? w : 0) * s.known + i];
    }
    __syncthreads();
    if (takes_part) {
      double weight = 0;
      for (unsigned j = 0; j < s.known; j++) {
        const double factor = s.middle[i * s.known + j];
        weight += factor == 0 ? 0 : factor * apart[j];
      }
      weights[w * s.known + i] = (double)(T)weight;
    }
    __syncthreads();
    if (takes_part) {
      double f = gradient[(s.law == GIVEN ? w : 0) * s.known + i];
      if (slopes > 0) {
        f += (w + 1) * slope[i];
      }
      for (unsigned j = 0; j < s.known; j++) {
        const double weight = weights[w * s.known + j];
        f += weight == 0 ? 0 : known[j * s.known + i] * weight;
      }
      const bool first = (s.within + w) % s.flow_steps == 0;
      v = (first ? 0 : v) - f * (double)(first ? s.first_time : s.time);
      x += v * (double)s.step_size;
    }
  }
  __syncthreads();
}

// For 1/2 |v|^2 and |v|_1 coordinates do not meet: each has a thread.
template <typename T> __device__ void apart(const Steps<T> &s) {
  double *weights = shared_memory;
  if (s.known > 0) {
    linear_weights(s, weights);
  }
  const size_t d = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (d >= s.dimension) {
    return;
  }
  T x = s.position[d];
  T v = s.velocity[d];
  T gradient = s.law == GIVEN ? T(0) : s.gradients[d];
  for (unsigned w = 0; w < s.count; w++) {
    if (s.law == GIVEN) {
      gradient = s.gradients[w * s.dimension + d];
    } else if (s.law == LINEAR) {
      gradient += s.slope[d];
    }
    T modelled = gradient;
    for (unsigned i = 0; i < s.known; i++) {
      const T weight = (T)weights[w * s.known + i];
      modelled += weight == 0 ? T(0) : s.known_gradients[i * s.dimension + d] * weight;
    }
    const bool first = (s.within + w) % s.flow_steps == 0;
    v = (first ? T(0) : v) - modelled * (first ? s.first_time : s.time);
    x = x + (s.energy == L1 ? sign(v) : v) * s.step_size;
    s.out[w * s.dimension + d] = x;
    s.out[(s.count + w) * s.dimension + d] = v;
  }
}

template <typename T> __device__ T gradient_at(const Steps<T> &s, unsigned w, size_t d) {
  if (s.law == GIVEN) {
    return s.gradients[w * s.dimension + d];
  }
  T gradient = s.gradients[d];
  if (s.law == LINEAR) {
    for (unsigned k = 0; k <= w; k++) {
      gradient += s.slope[d];
    }
  }
  return gradient;
}

// M P (x - a), by one block: a warp for each known point.
template <typename T>
__device__ void model_weights(const Steps<T> &s, const T *x, const T *around, double *shared,
                              double *along, double *weights) {
  const unsigned warps = blockDim.x / WARP;
  const unsigned warp = threadIdx.x / WARP;
  const unsigned lane = threadIdx.x % WARP;
  for (unsigned first = 0; first < s.known; first += warps) {
    const unsigned i = first + warp;
    double sum = 0;
    if (i < s.known) {
      for (size_t d = lane; d < s.dimension; d += WARP) {
        sum += (double)s.known_points[i * s.dimension + d] * (double)(x[d] - around[d]);
      }
    }
    sum = over_warp(sum, shared);
    if (lane == 0 && i < s.known) {
      along[i] = sum;
    }
  }
  __syncthreads();
  for (unsigned i = threadIdx.x; i < s.known; i += blockDim.x) {
    double weight = 0;
    for (unsigned j = 0; j < s.known; j++) {
      // A point that has run away is infinite along all of them; where nothing is modelled, nothing is
      // added of it.
      const double factor = s.middle[i * s.known + j];
      weight += factor == 0 ? 0 : factor * along[j];
    }
    weights[i] = weight;
  }
  __syncthreads();
}

// What dphi needs to know of all of a velocity.
template <typename T> struct Whole {
  T largest;        // the largest |v_d|, for L2 at least `smallest`
  T norm;           // of v / largest, at least 1
  size_t coordinate; // the first where |v_d| is largest
};

template <typename T>
__device__ Whole<T> whole(const Steps<T> &s, const T *v, double *shared) {
  Whole<T> whole = {T(0), T(1), 0};
  if (s.energy != L2 && s.energy != L_INF) {
    return whole;
  }
  double largest = 0;
  for (size_t d = threadIdx.x; d < s.dimension; d += blockDim.x) {
    largest = Largest()(largest, (double)(v[d] < 0 ? -v[d] : v[d]));
  }
  whole.largest = (T)over_block(largest, shared, Largest());
  if (s.energy == L_INF) {
    // The lowest index, as the largest of their negatives.
    double lowest = -(double)s.dimension;
    for (size_t d = threadIdx.x; d < s.dimension; d += blockDim.x) {
      const T size = v[d] < 0 ? -v[d] : v[d];
      if (size == whole.largest) {
        lowest = Largest()(lowest, -(double)d);
      }
    }
    whole.coordinate = (size_t)-over_block(lowest, shared, Largest());
    return whole;
  }
  whole.largest = whole.largest < s.smallest ? s.smallest : whole.largest;
  double sum = 0;
  for (size_t d = threadIdx.x; d < s.dimension; d += blockDim.x) {
    const T scaled = v[d] / whole.largest;
    sum += (double)(scaled * scaled);
  }
  const T norm = (T)sqrt(over_block(sum, shared, Sum()));
  whole.norm = norm < T(1) ? T(1) : norm;
  return whole;
}

template <typename T>
__device__ T direction(const Steps<T> &s, T v, size_t d, const Whole<T> &whole) {
  switch (s.energy) {
  case L2:
    return v / whole.largest / whole.norm;
  case L1:
    return sign(v);
  case L_INF:
    return d == whole.coordinate ? sign(v) : T(0);
  default:
    return v;
  }
}

// Where a step depends on all coordinates of the one before: by one block. The shared memory holds a
// number for each thread and two for each known point.
template <typename T> __device__ void together(const Steps<T> &s) {
  double *shared = shared_memory;
  double *along = shared + blockDim.x;
  double *weights = along + s.known;
  for (unsigned w = 0; w < s.count; w++) {
    const T *x = w == 0 ? s.position : s.out + (w - 1) * s.dimension;
    const T *before = w == 0 ? s.velocity : s.out + (s.count + w - 1) * s.dimension;
    T *v = s.out + (s.count + w) * s.dimension;
    if (s.known > 0) {
      const T *around = s.around + (s.around_each ? w : 0) * s.dimension;
      model_weights(s, x, around, shared, along, weights);
    }
    const bool first = (s.within + w) % s.flow_steps == 0;
    const T time = first ? s.first_time : s.time;
    for (size_t d = threadIdx.x; d < s.dimension; d += blockDim.x) {
      T gradient = gradient_at(s, w, d);
      for (unsigned i = 0; i < s.known; i++) {
        const T weight = (T)weights[i];
        gradient += weight == 0 ? T(0) : s.known_gradients[i * s.dimension + d] * weight;
      }
      v[d] = (first ? T(0) : before[d]) - gradient * time;
    }
    const Whole<T> of = whole(s, v, shared);
    for (size_t d = threadIdx.x; d < s.dimension; d += blockDim.x) {
      s.out[w * s.dimension + d] = x[d] + direction(s, v[d], d, of) * s.step_size;
    }
    __syncthreads();
  }
}

template <typename T> __device__ void steps(const Steps<T> &s) {
  if (s.along != nullptr || ((s.energy == HALF_L2_SQUARED || s.energy == L1) && s.known == 0)) {
    apart(s);
  } else {
    together(s);
  }
}

extern "C" __global__ void __launch_bounds__(MOST_THREADS, 1) steps_f32(Steps<float> s) { steps(s); }
extern "C" __global__ void __launch_bounds__(MOST_THREADS, 1) steps_f64(Steps<double> s) { steps(s); }
