// SPDX-License-Identifier: MIT
//
// Processor detection by its own instructions, without the compiler's runtime, which would bring
// globals and undefined symbols with it. Under a hypervisor each CPUID traps and takes 10 us or
// more, so no leaf is asked for twice; __get_cpuid would ask for the greatest one each time.
#include "base/cpu.h"

#if defined(__x86_64__)
#    include <cpuid.h>

enum {
    LEAF_1_ECX_OSXSAVE = 1 << 27, // the system has turned XGETBV on
    LEAF_7_EBX_AVX2 = 1 << 5,
    XCR0_SSE_AND_AVX = 0x6, // the system saves both halves of the vector registers
};

static unsigned saved_state(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

bool cpu_has_avx2(void)
{
    unsigned greatest, a, b, c, d;
    __cpuid(0, greatest, b, c, d);
    if (greatest < 7) {
        return false;
    }
    __cpuid(1, a, b, c, d);
    if ((c & LEAF_1_ECX_OSXSAVE) == 0 || (saved_state() & XCR0_SSE_AND_AVX) != XCR0_SSE_AND_AVX) {
        return false;
    }
    __cpuid_count(7, 0, a, b, c, d);
    return (b & LEAF_7_EBX_AVX2) != 0;
}
#else
bool cpu_has_avx2(void)
{
    return false;
}
#endif
