/* A program of 32 bits that needs no library: it calls a function with arguments, ten times a second. */
struct time {
    long seconds, nanoseconds;
};

__attribute__((noinline)) long add(long first, long second)
{
    __asm__ volatile("" : : : "memory");
    return first + second;
}

static void pause_for(const struct time *duration)
{
    long number = 162; /* nanosleep, arch/x86/entry/syscalls/syscall_32.tbl */

    __asm__ volatile("int $0x80" : "+a"(number) : "b"(duration), "c"(0) : "memory");
}

void _start(void)
{
    const struct time tenth = {0, 100000000};
    long sum = 0;

    for (;;) {
        sum = add(sum & 7, 1000);
        pause_for(&tenth);
    }
}
