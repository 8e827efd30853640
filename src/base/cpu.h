// SPDX-License-Identifier: MIT
//
// What the processor can do beyond its architecture's minimum. Asked once when a stack is made,
// because the question is slow, and kept with the stack, because the core has no globals.
#ifndef SYNFIN_BASE_CPU_H
#define SYNFIN_BASE_CPU_H

#include <stdbool.h>

// 256-bit integer vectors, usable: the processor has them and the system saves them.
bool cpu_has_avx2(void);

#endif
