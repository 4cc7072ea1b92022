#include "kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

// Puts what a thread needs to go on onto its stack, whose end it leaves, and goes on with another's. The
// functions of the system for this ask the kernel each time.
extern "C" void standin_switch(void **own, void *other);
#if defined(__x86_64__)
asm(R"(
.text
.hidden standin_switch
.globl standin_switch
standin_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
constexpr unsigned KEPT = 6; // registers
#else
#error "the stand-in is written for x86-64"
#endif

// What kernels call so, whatever they keep there.
double shared_memory[standin::MOST_SHARED / sizeof(double)];

namespace standin {

Index threadIdx, blockIdx, blockDim, gridDim;

namespace {

std::map<std::string, Kernel> &known() {
  static std::map<std::string, Kernel> known;
  return known;
}

struct Thread {
  std::vector<char> stack = std::vector<char>(64 << 10);
  void *end = nullptr; // of its stack, while another runs
  // What it waits for, or that it waits for nothing.
  enum { NOTHING, BLOCK, WARP, ENDED } state = NOTHING;
};

constexpr unsigned WARP_SIZE = 32;

void *scheduler = nullptr; // the end of its stack, while a thread runs
std::vector<Thread> threads;
const Kernel *running = nullptr;
void **given = nullptr;
unsigned current = 0;
bool backwards = false;
bool refused = false;

void begin() {
  running->call(given);
  threads[current].state = Thread::ENDED;
  standin_switch(&threads[current].end, scheduler);
}

Index at(unsigned thread) {
  return {thread % blockDim.x, thread / blockDim.x % blockDim.y, thread / blockDim.x / blockDim.y};
}

// Threads of [from, to) that are in a state.
unsigned counted(unsigned from, unsigned to, int state) {
  unsigned count = 0;
  for (unsigned i = from; i < to; i++) {
    count += threads[i].state == state;
  }
  return count;
}

// Lets all of [from, to) go on that wait for something.
void release(unsigned from, unsigned to) {
  for (unsigned i = from; i < to; i++) {
    if (threads[i].state != Thread::ENDED) {
      threads[i].state = Thread::NOTHING;
    }
  }
}

// Threads that meet: each runs until it waits for others, of its block or of its warp. Between barriers they run
// one after the other, from launch to launch in the opposite order, so that a missing barrier shows in one.
bool together(unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    Thread &thread = threads[i];
    thread.state = Thread::NOTHING;
    // As if it had been left at the beginning, with a stack as a call leaves it.
    auto top = (uintptr_t)(thread.stack.data() + thread.stack.size()) & ~(uintptr_t)15;
    auto *end = (void **)top - 2 - KEPT;
    end[KEPT] = (void *)begin;
    thread.end = end;
  }
  for (;;) {
    for (unsigned turn = 0; turn < count; turn++) {
      current = backwards ? count - 1 - turn : turn;
      if (threads[current].state == Thread::NOTHING) {
        threadIdx = at(current);
        standin_switch(&scheduler, threads[current].end);
      }
    }
    if (counted(0, count, Thread::ENDED) == count) {
      return true;
    }
    bool some = false;
    if (counted(0, count, Thread::BLOCK) == count) {
      release(0, count);
      continue;
    }
    for (unsigned from = 0; from < count; from += WARP_SIZE) {
      const unsigned to = std::min(count, from + WARP_SIZE);
      const unsigned waiting = counted(from, to, Thread::WARP);
      if (waiting > 0 && waiting + counted(from, to, Thread::ENDED) == to - from) {
        release(from, to);
        some = true;
      }
    }
    if (!some) {
      return false;
    }
  }
}

void wait(int what) {
  const unsigned own = current;
  threads[own].state = what == Thread::WARP ? Thread::WARP : Thread::BLOCK;
  standin_switch(&threads[own].end, scheduler);
  threadIdx = at(own);
}

} // namespace

void barrier() { wait(Thread::BLOCK); }

void warp_barrier() { wait(Thread::WARP); }

void asserted() { refused = true; }

Source::Source(std::initializer_list<Kernel> kernels) {
  for (const Kernel &kernel : kernels) {
    known()[kernel.name] = kernel;
  }
}

const Kernel *find(const std::string &name) {
  const auto found = known().find(name);
  return found == known().end() ? nullptr : &found->second;
}

End run(const Kernel &kernel, Index grid, Index block, std::size_t shared_bytes, void **parameters) {
  running = &kernel;
  given = parameters;
  gridDim = grid;
  blockDim = block;
  backwards = !backwards;
  refused = false;
  const unsigned count = block.x * block.y * block.z;
  if (kernel.meets && threads.size() < count) {
    threads.resize(count);
  }
  for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++) {
    for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++) {
      for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++) {
        // What is read before it is written is not a number.
        for (std::size_t i = 0; i * sizeof(double) < shared_bytes; i++) {
          shared_memory[i] = NAN;
        }
        if (kernel.meets) {
          if (!together(count)) {
            return End::PARTED_AT_A_BARRIER;
          }
          continue;
        }
        for (unsigned thread = 0; thread < count; thread++) {
          threadIdx = at(thread);
          kernel.call(parameters);
        }
      }
    }
  }
  return refused ? End::ASSERTED : End::WELL;
}

} // namespace standin
