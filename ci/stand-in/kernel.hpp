// Kernels on the CPU: what they see of a launch, and how the driver finds and runs them.

#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

namespace standin {

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
extern Index threadIdx, blockIdx, blockDim, gridDim;

// As many as a block may have, and as much memory as one may ask for.
constexpr unsigned MOST_THREADS = 1024;
constexpr std::size_t MOST_SHARED = 227 << 10;

// Waits for the other threads of the block.
void barrier();
// Waits for the other threads of the warp.
void warp_barrier();
// Lets the launch fail, by an assertion of the kernel's.
void asserted();

// A kernel: how it is called with the addresses of its parameters, and how large those are.
struct Kernel {
  std::string name;
  void (*call)(void **) = nullptr;
  std::vector<std::size_t> sizes;
  // Whether its threads wait for one another.
  bool meets = false;
};

template <auto F> struct Of;
template <typename... A, void (*F)(A...)> struct Of<F> {
  static void call(void **parameters) {
    std::size_t i = 0;
    // From the first to the last, as braces promise.
    struct Call {
      Call(A... arguments) { F(arguments...); }
    } now{*static_cast<std::remove_const_t<A> *>(parameters[i++])...};
    (void)now;
  }
  static Kernel named(const char *name, bool meets) { return {name, call, {sizeof(A)...}, meets}; }
};

// Makes a source's kernels known.
struct Source {
  Source(std::initializer_list<Kernel> kernels);
};

// Of this name; or none.
const Kernel *find(const std::string &name);

// How a launch ended.
enum class End { WELL, PARTED_AT_A_BARRIER, ASSERTED };
End run(const Kernel &kernel, Index grid, Index block, std::size_t shared_bytes, void **parameters);

} // namespace standin
