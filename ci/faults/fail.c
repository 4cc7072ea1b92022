// Loaded in front of the C library: the n-th call of a function on a file below FAULT_ROOT fails, or is the last thing
// that the process does.
//
//   FAULT_CALL=write:7:EIO      the 7th write answers EIO (any name of an error that is listed below)
//   FAULT_CALL=write:7:HALF     the 7th write writes half of what it was given, and the next one fails with ENOSPC
//   FAULT_CALL=write:7:DIE      the process is killed before its 7th write
//   FAULT_COUNTS=FILE           how often each was called is appended there when the process ends

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { OPEN, READ, WRITE, SYNC, RENAME, UNLINK, MKDIR, TRUNCATE, STAT, CALLS };
static const char *const NAMES[CALLS] = {"open", "read", "write", "sync", "rename", "unlink", "mkdir", "truncate", "stat"};
static atomic_int counts[CALLS];

static const struct {
  const char *name;
  int error;
} ERRORS[] = {{"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EACCES", EACCES}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS},
              {"EMFILE", EMFILE}, {"EINTR", EINTR},   {"ENOENT", ENOENT}, {"EPERM", EPERM},   {"EBUSY", EBUSY}};

static int below_root(const char *path) {
  const char *root = getenv("FAULT_ROOT");
  char cwd[PATH_MAX], full[2 * PATH_MAX + 2];
  if (!root || !path) {
    return 0;
  }
  if (*path != '/' && getcwd(cwd, sizeof cwd)) {
    snprintf(full, sizeof full, "%s/%s", cwd, path);
    path = full;
  }
  return !strncmp(path, root, strlen(root));
}

static int file_below_root(int file) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) {
    return 0;
  }
  path[length] = 0;
  return below_root(path);
}

// 0: go on; -1: fail, with errno set; 1: do half of it.
static int fault(int call, int counted) {
  static atomic_int full;
  if (!counted) {
    return 0;
  }
  const int number = 1 + atomic_fetch_add(&counts[call], 1);
  if (call == WRITE && atomic_exchange(&full, 0)) {
    errno = ENOSPC;
    return -1;
  }
  const char *wanted = getenv("FAULT_CALL");
  const char *name = NAMES[call];
  if (!wanted || strncmp(wanted, name, strlen(name)) || wanted[strlen(name)] != ':') {
    return 0;
  }
  const char *rest = wanted + strlen(name) + 1;
  const char *what = strchr(rest, ':');
  if (!what || atoi(rest) != number) {
    return 0;
  }
  what++;
  if (!strcmp(what, "DIE")) {
    kill(getpid(), SIGKILL);
    pause();
  }
  if (!strcmp(what, "HALF")) {
    atomic_store(&full, 1);
    return 1;
  }
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++) {
    if (!strcmp(what, ERRORS[i].name)) {
      errno = ERRORS[i].error;
      return -1;
    }
  }
  return 0;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("FAULT_COUNTS");
  FILE *file = path && *path ? fopen(path, "a") : NULL;
  for (int call = 0; file && call < CALLS; call++) {
    fprintf(file, "%s %d\n", NAMES[call], counts[call]);
  }
  if (file) {
    fclose(file);
  }
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static int opened(int (*open_it)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  return fault(OPEN, below_root(path)) ? -1 : open_it(path, flags, mode);
}
static mode_t mode_of(int flags, va_list rest) {
  return flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
}
int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return opened(REAL(open), path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return opened(REAL(open64), path, flags, mode);
}
ssize_t read(int file, void *into, size_t size) {
  return fault(READ, file_below_root(file)) ? -1 : REAL(read)(file, into, size);
}
ssize_t write(int file, const void *from, size_t size) {
  switch (fault(WRITE, file_below_root(file))) {
  case 0:
    return REAL(write)(file, from, size);
  case 1:
    return REAL(write)(file, from, (size + 1) / 2);
  default:
    return -1;
  }
}
int fsync(int file) { return fault(SYNC, file_below_root(file)) ? -1 : REAL(fsync)(file); }
int fdatasync(int file) { return fault(SYNC, file_below_root(file)) ? -1 : REAL(fdatasync)(file); }
int rename(const char *from, const char *to) {
  return fault(RENAME, below_root(to)) ? -1 : REAL(rename)(from, to);
}
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  return fault(RENAME, below_root(to)) ? -1 : REAL(renameat)(from_folder, from, to_folder, to);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  return fault(RENAME, below_root(to)) ? -1 : REAL(renameat2)(from_folder, from, to_folder, to, flags);
}
int unlink(const char *path) { return fault(UNLINK, below_root(path)) ? -1 : REAL(unlink)(path); }
int mkdir(const char *path, mode_t mode) { return fault(MKDIR, below_root(path)) ? -1 : REAL(mkdir)(path, mode); }
int ftruncate64(int file, off64_t length) {
  return fault(TRUNCATE, file_below_root(file)) ? -1 : REAL(ftruncate64)(file, length);
}
int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict into) {
  return fault(STAT, path && *path && below_root(path)) ? -1 : REAL(statx)(folder, path, flags, mask, into);
}
