// Batch normalisation of images [images, channels, plane] and its gradients. Sums are made in f64, a block
// for each channel.

#include "common.cuh"

template <typename T> struct Normalisation {
  void *out;
  const T *x;        // images
  const T *gradient; // for what came out
  const T *weight;   // [channels]
  const T *bias;     // [channels]
  const double *moments; // [3, channels]: mean, variance, 1 / sqrt(variance + epsilon)
  const double *sums;    // [2, channels]: of the gradient, and of the gradient times the normalised images
  unsigned long long written;
  double epsilon, pace;
  unsigned images, channels, plane;
};

// The sum of something over the numbers of the block's channel.
template <typename T, typename Of>
__device__ double over_channel(const Normalisation<T> &n, unsigned channel, Of of) {
  const unsigned count = n.images * n.plane;
  double sum = 0;
  for (unsigned k = threadIdx.x; k < count; k += blockDim.x) {
    sum += of(((size_t)(k / n.plane) * n.channels + channel) * n.plane + k % n.plane);
  }
  return over_block(sum, shared_memory, Sum());
}

template <typename T> __device__ void moments(const Normalisation<T> &n) {
  const unsigned channel = blockIdx.x;
  const double count = (double)n.images * n.plane;
  const T *x = n.x;
  const double mean = over_channel(n, channel, [=](size_t at) { return (double)x[at]; }) / count;
  const double variance = over_channel(n, channel, [=](size_t at) {
    const double apart = (double)x[at] - mean;
    return apart * apart;
  }) / count;
  if (threadIdx.x == 0) {
    double *out = (double *)n.out + channel;
    out[0] = mean;
    out[n.channels] = variance;
    out[2 * n.channels] = 1 / sqrt(variance + n.epsilon);
  }
}

// Running mean, or running variance with the divisor of an unbiased one, moved towards the batch's.
template <typename T> __device__ void towards(const Normalisation<T> &n, unsigned which, double factor) {
  const unsigned channel = blockIdx.x * blockDim.x + threadIdx.x;
  if (channel < n.channels) {
    T *running = (T *)n.out + channel;
    const T moved = (T)(n.moments[which * n.channels + channel] * factor * n.pace);
    *running = *running * (T)(1 - n.pace) + moved;
  }
}

template <typename T> __device__ void normalised(const Normalisation<T> &n) {
  const size_t own = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (own < n.written) {
    const unsigned channel = (unsigned)(own / n.plane) % n.channels;
    const T slope = (T)(n.moments[2 * n.channels + channel] * (double)n.weight[channel]);
    ((T *)n.out)[own] = (n.x[own] - (T)n.moments[channel]) * slope + n.bias[channel];
  }
}

template <typename T> __device__ void sums(const Normalisation<T> &n) {
  const unsigned channel = blockIdx.x;
  const double mean = n.moments[channel], scale = n.moments[2 * n.channels + channel];
  const T *x = n.x, *g = n.gradient;
  const double plain = over_channel(n, channel, [=](size_t at) { return (double)g[at]; });
  const double along =
      over_channel(n, channel, [=](size_t at) { return (double)g[at] * ((double)x[at] - mean); });
  if (threadIdx.x == 0) {
    double *out = (double *)n.out + channel;
    out[0] = plain;
    out[n.channels] = scale * along;
  }
}

template <typename T> __device__ void for_images(const Normalisation<T> &n) {
  const size_t own = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
  if (own < n.written) {
    const unsigned channel = (unsigned)(own / n.plane) % n.channels;
    const double count = (double)n.images * n.plane;
    const double scale = n.moments[2 * n.channels + channel];
    const T slope = (T)((double)n.weight[channel] * scale);
    const T plain = (T)(n.sums[channel] / count);
    const T along = (T)(n.sums[n.channels + channel] / count * scale);
    const T apart = n.x[own] - (T)n.moments[channel];
    ((T *)n.out)[own] = slope * (n.gradient[own] - plain - apart * along);
  }
}

#define NORMALISATION(T, NAME)                                                                              \
  extern "C" __global__ void __launch_bounds__(MOST_THREADS) moments_##NAME(Normalisation<T> n) {           \
    moments(n);                                                                                             \
  }                                                                                                         \
  extern "C" __global__ void __launch_bounds__(MOST_THREADS) gradient_sums_##NAME(Normalisation<T> n) {     \
    sums(n);                                                                                                \
  }                                                                                                         \
  extern "C" __global__ void towards_mean_##NAME(Normalisation<T> n) { towards(n, 0, 1); }                  \
  extern "C" __global__ void towards_variance_##NAME(Normalisation<T> n) {                                  \
    const double count = (double)n.images * n.plane;                                                        \
    towards(n, 1, count / (count - 1));                                                                     \
  }                                                                                                         \
  extern "C" __global__ void normalised_##NAME(Normalisation<T> n) { normalised(n); }                       \
  extern "C" __global__ void for_images_##NAME(Normalisation<T> n) { for_images(n); }

NORMALISATION(float, f32)
NORMALISATION(double, f64)
