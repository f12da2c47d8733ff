// Calls getppid(2), or one that costs the kernel as much, a given number of times, at a given rate, from one thread on one
// CPU: events whose number is known.
//
//   generator COUNT RATE CPU CALL      RATE in calls a second, 0 for as fast as it goes; CPU -1 for any;
//                                      CALL getppid, getuid or getgid
//
// Prints "ready PID", waits for a byte on standard input, calls, prints "done COUNT NANOSECONDS CPU-NANOSECONDS".
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void sleep_until(long long deadline) {
  struct timespec time = {deadline / 1000000000LL, deadline % 1000000000LL};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) != 0) {
  }
}

static int pin(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  return sched_setaffinity(0, sizeof cpus, &cpus);
}

static long number_of(const char *call) {
  if (strcmp(call, "getuid") == 0) {
    return SYS_getuid;
  }
  return strcmp(call, "getgid") == 0 ? SYS_getgid : SYS_getppid;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: generator COUNT RATE CPU CALL\n");
    return 2;
  }
  long long count = atoll(argv[1]);
  long long rate = atoll(argv[2]);
  int cpu = atoi(argv[3]);
  long number = number_of(argv[4]);
  if (cpu >= 0 && pin(cpu) != 0) {
    perror("generator: sched_setaffinity");
    return 1;
  }
  printf("ready %d\n", (int)getpid());
  fflush(stdout);
  char byte;
  if (read(0, &byte, 1) != 1) {
    return 1;
  }
  long long start = now(CLOCK_MONOTONIC);
  long long start_cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  // With a rate, calls go out in batches of a millisecond's worth: a sleep for each would cap the rate near 10,000.
  long long batch = rate == 0 ? count : (rate + 999) / 1000;
  for (long long done = 0; done < count;) {
    long long until = done + batch < count ? done + batch : count;
    for (; done < until; done++) {
      syscall(number);
    }
    if (rate != 0 && done < count) {
      sleep_until(start + (long long)((double)done * 1e9 / (double)rate));
    }
  }
  long long elapsed = now(CLOCK_MONOTONIC) - start;
  printf("done %lld %lld %lld\n", count, elapsed, now(CLOCK_PROCESS_CPUTIME_ID) - start_cpu);
  return 0;
}
