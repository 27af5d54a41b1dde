// Preloaded into gensetd (LD_PRELOAD): makes allocations and threads fail when a test asks for it, without test code in the program.
// The test controls it through a mapped file of 64-bit numbers, whose path is in FAULT_INJECTION. See fault_injection.py.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct control {
  volatile int64_t fail_in;      // allocations until one fails; 0: none fails
  volatile int64_t fail_times;   // how many fail then, in a row
  volatile int64_t failed;       // how many have failed
  volatile int64_t allocations;  // counted while fail_in or counting is not 0
  volatile int64_t counting;
  volatile int64_t hang;      // 1: the next thread named `poll` that waits hangs; 2: the main thread
  volatile int64_t hanging;   // its id
  volatile char only[32];     // fail allocations of threads with this name alone; empty: of all
};

static struct control* control;
static __thread int busy;

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* block, size_t size);

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("FAULT_INJECTION");
  if (path == NULL) return;
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void* mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) control = mapped;
}

static int is_named(const char* name) {
  char own[16] = {0};
  prctl(PR_GET_NAME, own);
  return strcmp(own, name) == 0;
}

static int is_to_fail(void) {
  if (control == NULL || busy || (control->fail_in == 0 && control->counting == 0)) return 0;
  busy = 1;
  int fails = 0;
  if (control->only[0] == 0 || is_named((const char*)control->only)) {
    __sync_add_and_fetch(&control->allocations, 1);
    const int64_t in = control->fail_in;
    if (in > 1) {
      __sync_bool_compare_and_swap(&control->fail_in, in, in - 1);
    } else if (in == 1) {
      __sync_add_and_fetch(&control->failed, 1);
      if (__sync_sub_and_fetch(&control->fail_times, 1) <= 0) control->fail_in = 0;
      fails = 1;
    }
  }
  busy = 0;
  return fails;
}

void* malloc(size_t size) {
  if (!is_to_fail()) return __libc_malloc(size);
  errno = ENOMEM;
  return NULL;
}

void* calloc(size_t count, size_t size) {
  if (!is_to_fail()) return __libc_calloc(count, size);
  errno = ENOMEM;
  return NULL;
}

void* realloc(void* block, size_t size) {
  if (!is_to_fail()) return __libc_realloc(block, size);
  errno = ENOMEM;
  return NULL;
}

static void hang_if_requested(void) {
  if (control == NULL || control->hang == 0) return;
  const int64_t self = syscall(SYS_gettid);
  if (control->hang == 1 && !is_named("poll")) return;
  if (control->hang == 2 && self != getpid()) return;
  if (!__sync_bool_compare_and_swap(&control->hanging, 0, self) && control->hanging != self) return;
  const struct timespec moment = {0, 10 * 1000 * 1000};
  while (control->hang != 0) nanosleep(&moment, NULL);
  control->hanging = 0;
}

int epoll_wait(int epoll, struct epoll_event* events, int count, int timeout) {
  static int (*real)(int, struct epoll_event*, int, int);
  if (real == NULL) real = (int (*)(int, struct epoll_event*, int, int))dlsym(RTLD_NEXT, "epoll_wait");
  hang_if_requested();
  return real(epoll, events, count, timeout);
}
