/*
 * tsc-khz: prints the frequency of this processor's time-stamp counter in kHz. QEMU's software emulation shows guests
 * the same counter; a kernel that is told (tsc_early_khz=) need not calibrate it, which hangs at times on a busy machine.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC_RAW, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(void)
{
    double started = now();
    unsigned long long ticks = __rdtsc();
    struct timespec rest = { 0, 200 * 1000 * 1000 };

    nanosleep(&rest, NULL);
    ticks = __rdtsc() - ticks;
    printf("%.0f\n", ticks / (now() - started) / 1000);
    return 0;
}
