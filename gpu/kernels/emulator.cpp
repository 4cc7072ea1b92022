// Runs the kernels on the CPU, from the same sources, so that they are tested where there is no GPU: each
// thread of a block is a context of its own, which runs until a barrier and waits there for the others.
// Between barriers they run one after the other, from launch to launch in the opposite order, so that a
// missing barrier shows in one of them. Says nothing of speed.

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <mutex>
#include <ucontext.h>
#include <vector>

#define __global__
#define __device__
#define __shared__
#define __launch_bounds__(...)

struct Index {
  unsigned x;
};
static Index threadIdx, blockIdx, blockDim, gridDim;
static void __syncthreads();
// What another thread of the warp gives; here all threads of the block have to come to it.
template <typename T> static T __shfl_xor_sync(unsigned, T value, unsigned other) {
  static double given[1024];
  given[threadIdx.x] = (double)value;
  __syncthreads();
  const T got = (T)given[threadIdx.x ^ other];
  __syncthreads();
  return got;
}

// As much as every GPU gives a block.
constexpr std::size_t SHARED_BYTES = 48 << 10;
double shared_memory[SHARED_BYTES / sizeof(double)];

using std::isfinite;

#include "along.cu"
#include "arrange.cu"
#include "changes.cu"
#include "differences.cu"
#include "gradient.cu"
#include "judge.cu"
#include "middle.cu"
#include "normalise.cu"
#include "patches.cu"
#include "push.cu"
#include "rectify.cu"
#include "residuals.cu"
#include "steps.cu"

namespace {

struct Thread {
  ucontext_t context;
  std::vector<char> stack = std::vector<char>(64 << 10);
  bool ended = false;
};

std::mutex one_at_a_time;
ucontext_t scheduler;
std::vector<Thread> threads;
std::function<void()> kernel;
bool backwards = false;

void begin() {
  kernel();
  threads[threadIdx.x].ended = true;
}

// One block; whether all of its threads came to the same barriers.
bool run_block() {
  // What a kernel reads before it has written it is not a number.
  for (double &value : shared_memory) {
    value = std::numeric_limits<double>::quiet_NaN();
  }
  for (Thread &thread : threads) {
    thread.ended = false;
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.data();
    thread.context.uc_stack.ss_size = thread.stack.size();
    thread.context.uc_link = &scheduler;
    makecontext(&thread.context, begin, 0);
  }
  for (;;) {
    unsigned ended = 0;
    for (unsigned turn = 0; turn < threads.size(); turn++) {
      const unsigned x = backwards ? (unsigned)threads.size() - 1 - turn : turn;
      threadIdx.x = x;
      swapcontext(&scheduler, &threads[x].context);
      ended += threads[x].ended;
    }
    if (ended == threads.size()) {
      return true;
    }
    if (ended > 0) {
      return false;
    }
  }
}

template <typename A> std::function<void()> with(void (*kernel)(A), const void *arguments) {
  A own;
  std::memcpy(&own, arguments, sizeof(A));
  return [=] { kernel(own); };
}

std::function<void()> find(const char *name, const void *arguments) {
  const auto is = [=](const char *other) { return std::strcmp(name, other) == 0; };
#define IS(NAME) if (is(#NAME)) return with(NAME, arguments);
  IS(along_f32)
  IS(along_f64)
  IS(gathered_f32)
  IS(gathered_f64)
  IS(turned_f32)
  IS(turned_f64)
  IS(changes_f32)
  IS(changes_f64)
  IS(differences_f32)
  IS(differences_f64)
  IS(gradient_4_1_f32) IS(gradient_12_1_f32) IS(gradient_20_1_f32)
  IS(gradient_4_4_f32) IS(gradient_12_4_f32)
  IS(gradient_4_1_f64) IS(gradient_12_1_f64) IS(gradient_20_1_f64)
  IS(gradient_4_4_f64) IS(gradient_12_4_f64)
  IS(sums_f32) IS(sums_f64)
  IS(judge_f32)
  IS(judge_f64)
  IS(middle_f64)
  IS(moments_f32) IS(towards_mean_f32) IS(towards_variance_f32)
  IS(normalised_f32) IS(gradient_sums_f32) IS(for_images_f32)
  IS(moments_f64) IS(towards_mean_f64) IS(towards_variance_f64)
  IS(normalised_f64) IS(gradient_sums_f64) IS(for_images_f64)
  IS(gather_f32) IS(scatter_f32)
  IS(gather_f64) IS(scatter_f64)
  IS(push_f32)
  IS(push_f64)
  IS(rectified_f32)
  IS(rectified_f64)
  IS(residuals_f32)
  IS(residuals_f64)
  IS(steps_f32)
  IS(steps_f64)
  return nullptr;
}

} // namespace

static void __syncthreads() {
  const unsigned own = threadIdx.x;
  swapcontext(&threads[own].context, &scheduler);
  threadIdx.x = own;
}

// 0; or 1: no such kernel, 2: more shared memory than there is, 3: threads parted at a barrier.
extern "C" int emulate(const char *name, unsigned blocks, unsigned block_threads, unsigned shared_bytes,
                       const void *arguments) {
  const std::lock_guard<std::mutex> lock(one_at_a_time);
  kernel = find(name, arguments);
  if (!kernel) {
    return 1;
  }
  if (shared_bytes > SHARED_BYTES) {
    return 2;
  }
  backwards = !backwards;
  threads.resize(block_threads);
  blockDim.x = block_threads;
  gridDim.x = blocks;
  for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++) {
    if (!run_block()) {
      return 3;
    }
  }
  return 0;
}
