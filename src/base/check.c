// SPDX-License-Identifier: MIT
//
// What happens when one of our own checks fails. The core has nothing to print with, so that the
// default is a trap, which a debugger and a core file show with the arguments in place.
#include "base/check.h"

__attribute__((weak)) _Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    (void)file;
    (void)line;
    (void)what;
    __builtin_trap();
}
