// Loaded into gensetd by LD_PRELOAD: moves its wall clock by an offset that a test changes while it runs. All else is the system's, the
// monotonic clock and each wait among it. The offset is a 64-bit number of nanoseconds in a file that the test writes in place;
// WALL_CLOCK names it. See wall_clock.py.
// (libfaketime 0.9.10 also moves timers of the monotonic clock: one that Asio sets to the past, so that it is due at once, is never due.)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t second = 1000 * 1000 * 1000;
static const int64_t* offset;

__attribute__((constructor)) static void begin(void) {
  const char* path = getenv("WALL_CLOCK");
  if (path == NULL) return;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) abort();
  void* mapped = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) abort();
  __atomic_store_n(&offset, (const int64_t*)mapped, __ATOMIC_RELEASE);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  static int (*real)(clockid_t, struct timespec*);
  if (__atomic_load_n(&real, __ATOMIC_ACQUIRE) == NULL) {
    __atomic_store_n(&real, (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime"), __ATOMIC_RELEASE);
  }
  const int result = real(clock, time);
  const int64_t* by = __atomic_load_n(&offset, __ATOMIC_ACQUIRE);
  if (result != 0 || by == NULL || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  const int64_t moved = time->tv_sec * second + time->tv_nsec + __atomic_load_n(by, __ATOMIC_RELAXED);
  time->tv_sec = moved / second;
  time->tv_nsec = moved % second;
  return 0;
}

int gettimeofday(struct timeval* restrict time, void* restrict zone) {
  (void)zone;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
