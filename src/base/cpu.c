// SPDX-License-Identifier: MIT
//
// Processor detection by its own instructions, without the compiler's runtime, which would bring
// globals and undefined symbols with it.
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
    unsigned a, b, c, d;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & LEAF_1_ECX_OSXSAVE) == 0) {
        return false;
    }
    if ((saved_state() & XCR0_SSE_AND_AVX) != XCR0_SSE_AND_AVX) {
        return false;
    }
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & LEAF_7_EBX_AVX2) != 0;
}
#else
bool cpu_has_avx2(void)
{
    return false;
}
#endif
