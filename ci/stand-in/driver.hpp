// What the stand-ins for the driver and its libraries share: devices, streams as queues, and the order in
// which what is in them runs.
//
// Nothing runs when it is started. Where somebody waits, a seeded generator picks among the streams whose
// first operation may run, until what is waited for is through: as late and as unordered as events allow, so
// that a wait that is missing shows as a wrong number.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace standin {

enum Result {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201,
  INVALID_PTX = 218,
  UNSUPPORTED_PTX_VERSION = 222,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_OUT_OF_RESOURCES = 701,
  PEER_ACCESS_ALREADY_ENABLED = 704,
  ASSERTED = 710,
  LAUNCH_FAILED = 719,
  NOT_SUPPORTED = 801,
};

// An event: how often it was recorded, and which of these records the streams have come to.
struct Event {
  uint64_t recorded = 0, reached = 0;
};

struct Operation {
  enum { RUN, RECORD, WAIT } kind = RUN;
  std::function<int()> run;
  std::shared_ptr<Event> event;
  uint64_t of = 0; // which record
};

struct Context;

struct Stream {
  Context *context = nullptr;
  std::deque<Operation> operations;
  // Freed in this stream's order, so the next in it may have them: by their size.
  std::multimap<std::size_t, char *> freed;
};

// A device's primary context.
struct Context {
  int device = 0;
  int users = 0;
  // What broke it; every later call answers it.
  int broken = SUCCESS;
  Stream all; // the stream of those that name none
  std::set<Stream *> streams;
  std::set<int> peers;
  // Where its memory lies, how far it is given out, and what of it is: by address.
  char *memory = nullptr;
  std::size_t used = 0;
  std::map<char *, std::size_t> live;
  std::multimap<std::size_t, char *> freed;
  std::size_t held = 0;
};

extern std::mutex lock;

// Counts for STANDIN_TRACE; called with the lock.
void count(const char *what);
// Whether the operation of this kind that is now started is the one that STANDIN_FAIL wants to fail.
bool fails(const char *what);

// Puts an operation behind those of a stream; with the lock.
void enqueue(Stream &stream, std::function<int()> run);
// Runs until the stream is empty.
int drain(Stream &stream);

// The stream of a handle, if its context is the thread's; else an error.
int stream_of(void *handle, Stream **stream);

} // namespace standin

// For the stand-ins of other libraries: puts an operation into a stream of the thread's context.
extern "C" int standin_enqueue(void *stream, const std::function<int()> *run, const char *what);
