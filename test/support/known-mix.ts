/**
 * C of a program that spends 60 % of its time in f(), 30 % in g(), which h() calls, and 10 % in the kernel (reading zeroes), in
 * turns of no steady length, until it is ended.
 */
export const knownMixSource = `
#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
static volatile uint64_t sink;
static char buffer[1 << 20];
static int zero;
static uint64_t used(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
APART void f(uint64_t ns) {
  for (uint64_t end = used() + ns; used() < end; )
    for (int i = 0; i < 100000; i++) sink += i;
}
APART void g(uint64_t ns) {
  for (uint64_t end = used() + ns; used() < end; )
    for (int i = 0; i < 100000; i++) sink ^= i;
}
APART void h(uint64_t ns) { g(ns); sink++; }
APART void inKernel(uint64_t ns) {
  for (uint64_t end = used() + ns; used() < end; )
    for (int i = 0; i < 3; i++) sink += read(zero, buffer, sizeof buffer);
}
int main(void) {
  uint32_t seed = 1;
  zero = open("/dev/zero", O_RDONLY);
  write(1, "ready\\n", 6);
  for (;;) {
    seed = seed * 1664525 + 1013904223;
    uint64_t unit = 500000 + seed % 1000000;
    f(6 * unit);
    h(3 * unit);
    inKernel(unit);
  }
}`;
