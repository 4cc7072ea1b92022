// The CUDA driver, as far as this project's program calls it, on the CPU.
//
// STANDIN_DEVICES: how many devices there are (1). STANDIN_SEED: of the order of streams (1).
// STANDIN_FAIL: `alloc:17` lets the 17th allocation find no memory, `launch:5` and `copy:5` break the device at
// the fifth, `pin:1` gives no pinned memory once. STANDIN_NO_WAITS: streams wait for no event (1), or not at the first, third,
// fifth time (2), or not at the others (3). STANDIN_POOLS, STANDIN_PEERS: whether devices have pools and
// reach one another (1). STANDIN_PTX: the newest version of PTX that it takes (90). STANDIN_TRACE: a file for how often what was done; with STANDIN_KERNELS=1, each kernel too. STANDIN_VERBOSE: says why an argument is refused.

#include "driver.hpp"
#include "kernel.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <regex>
#include <sys/mman.h>
#include <vector>

#define API extern "C" __attribute__((visibility("default"))) int

namespace standin {

std::mutex lock;

namespace {

constexpr std::size_t MEMORY = 16ull << 30; // addresses of a device
constexpr std::size_t TOTAL = 16ull << 30;  // what it says it has
constexpr int MOST_DEVICES = 8;
constexpr int CAPABILITY = 90, PTX_VERSION = 90;

Context contexts[MOST_DEVICES];
thread_local Context *current = nullptr;
std::map<void *, std::shared_ptr<Event>> events;
std::map<std::string, uint64_t> counts;
// Memory of the host that devices read and write by themselves, by where it begins.
std::map<const char *, std::size_t> pinned;
std::map<std::string, uint64_t> started;

struct Function {
  const Kernel *kernel;
  Context *context;
  int most_shared = 48 << 10;
};
struct Module {
  Context *context;
  std::map<std::string, std::vector<std::size_t>> entries;
  std::map<std::string, Function> functions;
};

// Says why an argument is refused, where somebody wants to know.
int refused(const char *why) {
  if (const char *wanted = std::getenv("STANDIN_VERBOSE"); wanted && *wanted) {
    std::fprintf(stderr, "stand-in: %s\n", why);
  }
  return INVALID_VALUE;
}

bool is_pinned(const void *address, std::size_t bytes) {
  const char *at = (const char *)address;
  auto next = pinned.upper_bound(at);
  return next != pinned.begin() && at + bytes <= std::prev(next)->first + std::prev(next)->second;
}

int number_of(const char *variable, int otherwise) {
  const char *value = std::getenv(variable);
  return value && *value ? std::atoi(value) : otherwise;
}

int devices() { return std::min(number_of("STANDIN_DEVICES", 1), MOST_DEVICES); }

std::mt19937 &order() {
  static std::mt19937 order((unsigned)number_of("STANDIN_SEED", 1));
  return order;
}

void write_counts() {
  const char *path = std::getenv("STANDIN_TRACE");
  if (!path || !*path) {
    return;
  }
  FILE *file = std::fopen(path, "w");
  if (!file) {
    return;
  }
  const char *before = "{";
  for (const auto &[what, times] : counts) {
    std::fprintf(file, "%s\"%s\": %llu", before, what.c_str(), (unsigned long long)times);
    before = ", ";
  }
  std::fprintf(file, "%s}\n", counts.empty() ? "{" : "");
  std::fclose(file);
}

// All streams of all devices that have something to do.
std::vector<Stream *> busy() {
  std::vector<Stream *> busy;
  for (Context &context : contexts) {
    for (Stream *stream : context.streams) {
      if (!stream->operations.empty()) {
        busy.push_back(stream);
      }
    }
    if (!context.all.operations.empty()) {
      busy.push_back(&context.all);
    }
  }
  return busy;
}

bool may_run(const Operation &operation) {
  return operation.kind != Operation::WAIT || operation.event->reached >= operation.of;
}

void step(Stream &stream) {
  Operation operation = std::move(stream.operations.front());
  stream.operations.pop_front();
  switch (operation.kind) {
  case Operation::RUN: {
    Context &context = *stream.context;
    if (context.broken == SUCCESS) {
      context.broken = operation.run();
    }
    break;
  }
  case Operation::RECORD:
    operation.event->reached = std::max(operation.event->reached, operation.of);
    break;
  case Operation::WAIT:
    break;
  }
}

Context *owner(const void *address) {
  for (Context &context : contexts) {
    const char *at = (const char *)address;
    if (context.memory && at >= context.memory && at < context.memory + context.used) {
      return &context;
    }
  }
  return nullptr;
}

// Whether so many bytes from an address lie in memory that is given out.
bool is_live(const void *address, std::size_t bytes) {
  if (bytes == 0) {
    return true;
  }
  Context *context = owner(address);
  if (!context) {
    return false;
  }
  auto next = context->live.upper_bound((char *)address);
  if (next == context->live.begin()) {
    return false;
  }
  const auto &[begin, size] = *std::prev(next);
  return (char *)address + bytes <= begin + size;
}

constexpr std::size_t whole(std::size_t bytes) { return (std::max<std::size_t>(bytes, 1) + 255) / 256 * 256; }

char *take(std::multimap<std::size_t, char *> &from, std::size_t bytes) {
  const auto found = from.find(bytes);
  if (found == from.end()) {
    return nullptr;
  }
  char *address = found->second;
  from.erase(found);
  return address;
}

int allocate(Context &context, Stream *stream, std::size_t bytes, char **address) {
  // Nothing lies nowhere. Seen of driver 580: candle asks for it where a tensor has no dimension.
  if (bytes == 0) {
    *address = nullptr;
    return SUCCESS;
  }
  count("allocations");
  const std::size_t size = whole(bytes);
  if (fails("alloc") || context.held + size > TOTAL) {
    return OUT_OF_MEMORY;
  }
  char *found = stream ? take(stream->freed, size) : nullptr;
  found = found ? found : take(context.freed, size);
  if (!found) {
    if (context.used + size > MEMORY) {
      return OUT_OF_MEMORY;
    }
    found = context.memory + context.used;
    context.used += size;
  }
  context.live[found] = size;
  context.held += size;
  *address = found;
  return SUCCESS;
}

// Not a number, of any kind.
int poison(char *address, std::size_t bytes) {
  std::memset(address, 0xff, bytes);
  return SUCCESS;
}

int give_back(char *address, std::size_t *size, Context **of) {
  Context *context = owner(address);
  if (!context) {
    return refused("a free of an address of no device");
  }
  const auto found = context->live.find(address);
  if (found == context->live.end()) {
    return refused("a free of what is not given out");
  }
  *size = found->second;
  *of = context;
  context->held -= found->second;
  context->live.erase(found);
  return SUCCESS;
}

int here() {
  if (!current) {
    return INVALID_CONTEXT;
  }
  return current->broken;
}

// The stream of a handle, for an operation on so many bytes from an address.
int stream_for(void *stream, const void *address, std::size_t bytes, const char *otherwise, Stream **own) {
  if (const int error = stream_of(stream, own)) {
    return error;
  }
  return is_live(address, bytes) ? SUCCESS : refused(otherwise);
}

int copied(void *stream, void *to, const void *from, std::size_t bytes, const char *what) {
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  if (!is_live(to, bytes) || !is_live(from, bytes)) {
    return refused("a copy of memory that is not given out");
  }
  count(what);
  const bool failing = fails("copy");
  enqueue(*own, [=] {
    std::memmove(to, from, bytes);
    return failing ? ILLEGAL_ADDRESS : SUCCESS;
  });
  return SUCCESS;
}

// The kernels of a module: each `.entry` with the sizes of its parameters.
int entries(const std::string &ptx, std::map<std::string, std::vector<std::size_t>> &all) {
  std::smatch found;
  if (!std::regex_search(ptx, found, std::regex("\\.version (\\d+)\\.(\\d+)"))) {
    return INVALID_PTX;
  }
  if (std::stoi(found[1]) * 10 + std::stoi(found[2]) > number_of("STANDIN_PTX", PTX_VERSION)) {
    return UNSUPPORTED_PTX_VERSION;
  }
  if (!std::regex_search(ptx, found, std::regex("\\.target sm_(\\d+)")) || std::stoi(found[1]) > CAPABILITY) {
    return INVALID_PTX;
  }
  static const std::map<std::string, std::size_t> SIZES = {
      {"b8", 1}, {"u8", 1}, {"s8", 1}, {"b16", 2}, {"u16", 2}, {"s16", 2},  {"f16", 2}, {"b32", 4},
      {"u32", 4}, {"s32", 4}, {"f32", 4}, {"b64", 8}, {"u64", 8}, {"s64", 8}, {"f64", 8}};
  static const std::regex PARAMETER("\\.param (?:\\.align \\d+ )?\\.(\\w+)[^,\\[\\)]*?(?:\\[(\\d+)\\])?\\s*(?:,|$)");
  for (std::size_t at = ptx.find(".entry "); at != std::string::npos; at = ptx.find(".entry ", at + 1)) {
    const std::size_t open = ptx.find('(', at), close = ptx.find(')', open);
    std::string name = ptx.substr(at + 7, open - at - 7);
    name.erase(name.find_last_not_of(" \n\t") + 1);
    const std::string list = ptx.substr(open + 1, close - open - 1);
    std::vector<std::size_t> sizes;
    for (std::sregex_iterator i(list.begin(), list.end(), PARAMETER), end; i != end; ++i) {
      const std::size_t times = (*i)[2].matched ? std::stoul((*i)[2]) : 1;
      sizes.push_back(SIZES.at((*i)[1]) * times);
    }
    all[name] = sizes;
  }
  return SUCCESS;
}

} // namespace

void count(const char *what) {
  static const int once = std::atexit(write_counts);
  (void)once;
  counts[what]++;
}

bool fails(const char *what) {
  const char *wanted = std::getenv("STANDIN_FAIL");
  const std::size_t length = std::strlen(what);
  if (!wanted || std::strncmp(wanted, what, length) != 0 || wanted[length] != ':') {
    return false;
  }
  return ++started[what] == std::strtoull(wanted + length + 1, nullptr, 10);
}

void enqueue(Stream &stream, std::function<int()> run) {
  Operation operation;
  operation.run = std::move(run);
  stream.operations.push_back(std::move(operation));
}

int drain(Stream &stream) {
  while (!stream.operations.empty()) {
    std::vector<Stream *> all = busy(), able;
    for (Stream *other : all) {
      if (may_run(other->operations.front())) {
        able.push_back(other);
      }
    }
    if (able.empty()) {
      std::fprintf(stderr, "stand-in: streams wait for one another\n");
      std::abort();
    }
    step(*able[order()() % able.size()]);
  }
  return stream.context->broken;
}

int stream_of(void *handle, Stream **stream) {
  if (const int error = here()) {
    return error;
  }
  if (!handle) {
    *stream = &current->all;
    return SUCCESS;
  }
  *stream = (Stream *)handle;
  for (Context &context : contexts) {
    if (context.streams.count(*stream)) {
      // Whose context it is, is the thread's or not: the driver takes both but for launches.
      return context.broken;
    }
  }
  return INVALID_HANDLE;
}

} // namespace standin

using namespace standin;
using Guard = std::lock_guard<std::mutex>;

API standin_enqueue(void *stream, const std::function<int()> *run, const char *what) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  count(what);
  enqueue(*own, *run);
  return SUCCESS;
}

API cuInit(unsigned) {
  const Guard guard(lock);
  return devices() > 0 ? SUCCESS : NO_DEVICE;
}

API cuDeviceGetCount(int *count) {
  *count = devices();
  return SUCCESS;
}

API cuDeviceGet(int *device, int ordinal) {
  if (ordinal < 0 || ordinal >= devices()) {
    return INVALID_DEVICE;
  }
  *device = ordinal;
  return SUCCESS;
}

API cuDeviceGetName(char *name, int length, int) {
  std::snprintf(name, (std::size_t)length, "stand-in");
  return SUCCESS;
}

API cuDeviceGetUuid_v2(char *uuid, int device) {
  std::memset(uuid, 0x5d, 16);
  uuid[15] = (char)device;
  return SUCCESS;
}

API cuDeviceTotalMem_v2(std::size_t *bytes, int) {
  *bytes = TOTAL;
  return SUCCESS;
}

API cuDeviceGetAttribute(int *value, int attribute, int) {
  static const std::map<int, int> VALUES = {
      {1, (int)MOST_THREADS}, {2, (int)MOST_THREADS}, {8, 48 << 10}, {10, 32}, {16, 4}, {39, 2048},
      {75, CAPABILITY / 10}, {76, CAPABILITY % 10}, {81, 228 << 10}, {97, (int)MOST_SHARED}, {111, 1 << 10}};
  if (attribute == 115) {
    *value = number_of("STANDIN_POOLS", 1);
    return SUCCESS;
  }
  const auto found = VALUES.find(attribute);
  *value = found == VALUES.end() ? 0 : found->second;
  return SUCCESS;
}

API cuDevicePrimaryCtxRetain(void **context, int device) {
  const Guard guard(lock);
  if (device < 0 || device >= devices()) {
    return INVALID_DEVICE;
  }
  Context &own = contexts[device];
  own.device = device;
  own.all.context = &own;
  own.users++;
  if (!own.memory) {
    void *memory = mmap(nullptr, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      return OUT_OF_MEMORY;
    }
    own.memory = (char *)memory;
  }
  *context = &own;
  return own.broken;
}

API cuDevicePrimaryCtxRelease_v2(int device) {
  const Guard guard(lock);
  contexts[device].users--;
  return SUCCESS;
}

API cuCtxDestroy_v2(void *) { return NOT_SUPPORTED; }

API cuCtxGetCurrent(void **context) {
  *context = current;
  return SUCCESS;
}

API cuCtxSetCurrent(void *context) {
  current = (Context *)context;
  return SUCCESS;
}

API cuCtxSynchronize() {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  count("synchronisations");
  for (Stream *stream : current->streams) {
    drain(*stream);
  }
  return drain(current->all);
}

API cuDeviceCanAccessPeer(int *can, int device, int other) {
  *can = device != other && number_of("STANDIN_PEERS", 1);
  return SUCCESS;
}

API cuCtxEnablePeerAccess(void *context, unsigned) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  const bool is_new = current->peers.insert(((Context *)context)->device).second;
  return is_new ? SUCCESS : PEER_ACCESS_ALREADY_ENABLED;
}

API cuDeviceGetDefaultMemPool(void **pool, int device) {
  if (!number_of("STANDIN_POOLS", 1)) {
    return NOT_SUPPORTED;
  }
  *pool = &contexts[device];
  return SUCCESS;
}

API cuMemPoolSetAccess(void *, const void *, std::size_t) { return SUCCESS; }
API cuMemPoolSetAttribute(void *, int, void *) { return SUCCESS; }

API cuMemPoolGetAttribute(void *pool, int, void *value) {
  const Guard guard(lock);
  *(uint64_t *)value = ((Context *)pool)->held;
  return SUCCESS;
}

API cuMemGetInfo_v2(std::size_t *free, std::size_t *total) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  *free = TOTAL - current->held;
  *total = TOTAL;
  return SUCCESS;
}

API cuMemAllocAsync(uint64_t *address, std::size_t bytes, void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  char *found;
  if (const int error = allocate(*own->context, own, bytes, &found)) {
    return error;
  }
  *address = (uint64_t)found;
  if (found) {
    enqueue(*own, [=] { return poison(found, bytes); });
  }
  return SUCCESS;
}

API cuMemFreeAsync(uint64_t address, void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  if (!address) {
    return SUCCESS;
  }
  std::size_t size;
  Context *of;
  if (const int error = give_back((char *)address, &size, &of)) {
    return error;
  }
  count("frees");
  enqueue(*own, [=] { return poison((char *)address, size); });
  own->freed.emplace(size, (char *)address);
  return SUCCESS;
}

API cuMemAlloc_v2(uint64_t *address, std::size_t bytes) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  char *found;
  if (const int error = allocate(*current, nullptr, bytes, &found)) {
    return error;
  }
  *address = (uint64_t)found;
  return poison(found, bytes);
}

API cuMemFree_v2(uint64_t address) {
  const Guard guard(lock);
  std::size_t size;
  Context *of;
  if (const int error = give_back((char *)address, &size, &of)) {
    return error;
  }
  count("frees");
  // The driver waits for the device.
  for (Stream *stream : of->streams) {
    drain(*stream);
  }
  drain(of->all);
  of->freed.emplace(size, (char *)address);
  return poison((char *)address, size);
}

API cuMemHostAlloc(void **address, std::size_t bytes, unsigned) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  if (!bytes) {
    return refused("no bytes are pinned");
  }
  if (fails("pin")) {
    return OUT_OF_MEMORY;
  }
  const std::size_t page = 4096, rounded = (bytes + page - 1) / page * page;
  *address = std::aligned_alloc(page, rounded);
  if (!*address) {
    return OUT_OF_MEMORY;
  }
  // No number until somebody writes it.
  std::memset(*address, 0xff, rounded);
  count("pinned");
  pinned[(const char *)*address] = bytes;
  return SUCCESS;
}

API cuMemFreeHost(void *address) {
  const Guard guard(lock);
  if (!pinned.erase((const char *)address)) {
    return refused("host memory that is not pinned is given back");
  }
  std::free(address);
  return SUCCESS;
}

API cuMemsetD8Async(uint64_t to, unsigned char value, std::size_t bytes, void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_for(stream, (void *)to, bytes, "a memset of memory that is not given out", &own)) {
    return error;
  }
  count("memsets");
  enqueue(*own, [=] {
    std::memset((void *)to, value, bytes);
    return SUCCESS;
  });
  return SUCCESS;
}

API cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, std::size_t bytes, void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_for(stream, (void *)to, bytes, "an upload to memory that is not given out", &own)) {
    return error;
  }
  count("uploads");
  const bool failing = fails("copy");
  if (is_pinned(from, bytes)) {
    // Read when its turn comes, whatever the host has written there by then.
    count("pinned_uploads");
    enqueue(*own, [=] {
      if (!is_pinned(from, bytes)) {
        return ILLEGAL_ADDRESS;
      }
      std::memcpy((void *)to, from, bytes);
      return failing ? ILLEGAL_ADDRESS : SUCCESS;
    });
    return SUCCESS;
  }
  // The host may change it as soon as this returns.
  auto staged = std::make_shared<std::vector<char>>((const char *)from, (const char *)from + bytes);
  enqueue(*own, [=] {
    std::memcpy((void *)to, staged->data(), bytes);
    return failing ? ILLEGAL_ADDRESS : SUCCESS;
  });
  return SUCCESS;
}

API cuMemcpyDtoHAsync_v2(void *to, uint64_t from, std::size_t bytes, void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_for(stream, (const void *)from, bytes, "a download of memory that is not given out", &own)) {
    return error;
  }
  count("downloads");
  const bool failing = fails("copy");
  const bool later = is_pinned(to, bytes);
  enqueue(*own, [=] {
    if (later && !is_pinned(to, bytes)) {
      return ILLEGAL_ADDRESS;
    }
    std::memcpy(to, (const void *)from, bytes);
    return failing ? ILLEGAL_ADDRESS : SUCCESS;
  });
  if (later) {
    count("pinned_downloads");
    return SUCCESS;
  }
  // Of memory that is not pinned the driver waits.
  return drain(*own);
}

API cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, std::size_t bytes, void *stream) {
  const Guard guard(lock);
  return copied(stream, (void *)to, (const void *)from, bytes, "copies");
}

API cuMemcpyPeerAsync(uint64_t to, void *, uint64_t from, void *, std::size_t bytes, void *stream) {
  const Guard guard(lock);
  return copied(stream, (void *)to, (const void *)from, bytes, "peer_copies");
}

API cuStreamCreate(void **stream, unsigned) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  auto *own = new Stream;
  own->context = current;
  current->streams.insert(own);
  *stream = own;
  return SUCCESS;
}

API cuStreamDestroy_v2(void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  drain(*own);
  own->context->freed.merge(own->freed);
  own->context->streams.erase(own);
  delete own;
  return SUCCESS;
}

API cuStreamSynchronize(void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  count("synchronisations");
  return drain(*own);
}

API cuStreamIsCapturing(void *, int *status) {
  *status = 0;
  return SUCCESS;
}

API cuEventCreate(void **event, unsigned) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  count("events");
  auto own = std::make_shared<Event>();
  events[own.get()] = own;
  *event = own.get();
  return SUCCESS;
}

API cuEventDestroy_v2(void *event) {
  const Guard guard(lock);
  return events.erase(event) ? SUCCESS : INVALID_HANDLE;
}

API cuEventSynchronize(void *event) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  const auto found = events.find(event);
  if (found == events.end()) {
    return INVALID_HANDLE;
  }
  // Whichever stream it was recorded on.
  while (found->second->reached < found->second->recorded) {
    const std::vector<Stream *> all = busy();
    if (all.empty()) {
      return INVALID_HANDLE;
    }
    drain(*all.front());
  }
  return current->broken;
}

API cuEventRecord(void *event, void *stream) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  const auto found = events.find(event);
  if (found == events.end()) {
    return INVALID_HANDLE;
  }
  count("records");
  Operation operation;
  operation.kind = Operation::RECORD;
  operation.event = found->second;
  operation.of = ++found->second->recorded;
  own->operations.push_back(std::move(operation));
  return SUCCESS;
}

API cuStreamWaitEvent(void *stream, void *event, unsigned) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  const auto found = events.find(event);
  if (found == events.end()) {
    return INVALID_HANDLE;
  }
  count("waits");
  // One that was never recorded is waited for by nobody.
  static unsigned waits = 0;
  const unsigned left_out = number_of("STANDIN_NO_WAITS", 0), turn = waits++ % 2;
  const bool not_waited = left_out == 1 || left_out == turn + 2;
  if (found->second->recorded > 0 && !not_waited) {
    Operation operation;
    operation.kind = Operation::WAIT;
    operation.event = found->second;
    operation.of = found->second->recorded;
    own->operations.push_back(std::move(operation));
  }
  return SUCCESS;
}

API cuModuleLoadData(void **module, const void *image) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  count("modules");
  auto *own = new Module{current, {}, {}};
  if (const int error = entries((const char *)image, own->entries)) {
    delete own;
    return error;
  }
  *module = own;
  return SUCCESS;
}

API cuModuleLoad(void **, const char *) { return NOT_SUPPORTED; }

API cuModuleUnload(void *module) {
  const Guard guard(lock);
  delete (Module *)module;
  return SUCCESS;
}

API cuModuleGetFunction(void **function, void *module, const char *name) {
  const Guard guard(lock);
  if (const int error = here()) {
    return error;
  }
  count("lookups");
  auto *own = (Module *)module;
  const auto entry = own->entries.find(name);
  if (entry == own->entries.end()) {
    return NOT_FOUND;
  }
  const Kernel *kernel = find(name);
  if (!kernel) {
    std::fprintf(stderr, "stand-in: there is no kernel %s\n", name);
    return NOT_FOUND;
  }
  if (kernel->sizes != entry->second) {
    std::fprintf(stderr, "stand-in: the parameters of %s are not as large as in its PTX\n", name);
    for (const std::size_t size : kernel->sizes) {
      std::fprintf(stderr, " %zu", size);
    }
    std::fprintf(stderr, " against");
    for (const std::size_t size : entry->second) {
      std::fprintf(stderr, " %zu", size);
    }
    std::fprintf(stderr, "\n");
    return INVALID_PTX;
  }
  Function &found = own->functions[name];
  found.kernel = kernel;
  found.context = own->context;
  *function = &found;
  return SUCCESS;
}

API cuFuncSetAttribute(void *function, int attribute, int value) {
  const Guard guard(lock);
  if (attribute == 8) {
    if (value > (int)MOST_SHARED) {
      return refused("more shared memory than there is");
    }
    ((Function *)function)->most_shared = value;
  }
  return SUCCESS;
}

API cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared_bytes, void *stream, void **parameters, void **) {
  const Guard guard(lock);
  Stream *own;
  if (const int error = stream_of(stream, &own)) {
    return error;
  }
  const auto &called = *(Function *)function;
  if (called.context != own->context || current != own->context) {
    return INVALID_HANDLE;
  }
  const uint64_t threads = (uint64_t)bx * by * bz;
  if (!gx || !gy || !gz || !threads) {
    return refused("a launch of nothing");
  }
  if (threads > MOST_THREADS || (int)shared_bytes > called.most_shared) {
    return refused("a launch of more threads or more shared memory than there are");
  }
  count("launches");
  const bool failing = fails("launch");
  const Kernel *kernel = called.kernel;
  if (number_of("STANDIN_KERNELS", 0)) {
    count(kernel->name.c_str());
  }
  // The values are the launch's, from now on.
  auto values = std::make_shared<std::vector<std::vector<char>>>();
  for (std::size_t i = 0; i < kernel->sizes.size(); i++) {
    const char *from = (const char *)parameters[i];
    values->emplace_back(from, from + kernel->sizes[i]);
  }
  enqueue(*own, [=] {
    std::vector<void *> addresses;
    for (std::vector<char> &value : *values) {
      addresses.push_back(value.data());
    }
    switch (run(*kernel, {gx, gy, gz}, {bx, by, bz}, shared_bytes, addresses.data())) {
    case End::ASSERTED:
      return ASSERTED;
    case End::PARTED_AT_A_BARRIER:
      std::fprintf(stderr, "stand-in: threads of %s part at a barrier\n", kernel->name.c_str());
      return LAUNCH_FAILED;
    case End::WELL:
      break;
    }
    return failing ? LAUNCH_FAILED : SUCCESS;
  });
  return SUCCESS;
}

API cuGetErrorString(int error, const char **text) {
  static const std::map<int, const char *> TEXTS = {
      {SUCCESS, "no error"},
      {INVALID_VALUE, "invalid argument"},
      {OUT_OF_MEMORY, "out of memory"},
      {NOT_INITIALIZED, "initialization error"},
      {NO_DEVICE, "no CUDA-capable device is detected"},
      {INVALID_DEVICE, "invalid device ordinal"},
      {INVALID_CONTEXT, "invalid device context"},
      {INVALID_PTX, "a PTX JIT compilation failed"},
      {UNSUPPORTED_PTX_VERSION, "the provided PTX was compiled with an unsupported toolchain."},
      {INVALID_HANDLE, "invalid resource handle"},
      {NOT_FOUND, "named symbol not found"},
      {ILLEGAL_ADDRESS, "an illegal memory access was encountered"},
      {LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"},
      {PEER_ACCESS_ALREADY_ENABLED, "peer access is already enabled"},
      {ASSERTED, "device-side assert triggered"},
      {LAUNCH_FAILED, "unspecified launch failure"},
      {NOT_SUPPORTED, "operation not supported"},
  };
  const auto found = TEXTS.find(error);
  *text = found == TEXTS.end() ? "unknown error" : found->second;
  return SUCCESS;
}

API cuGetErrorName(int error, const char **text) { return cuGetErrorString(error, text); }
