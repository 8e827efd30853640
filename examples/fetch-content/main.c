// SPDX-License-Identifier: MIT
//
// The pure core inside a program: no operating system behind it, only memcpy, memmove, memset and
// memcmp. A program may also say what happens when synfin finds a bug of its own, by defining
// synfin_panic.

#include <stdio.h>
#include <stdlib.h>

#include <synfin/error.h>

_Noreturn void synfin_panic(const char *file, int line, const char *what);

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "synfin: %s:%d: %s\n", file, line, what);
    abort();
}

int main(void)
{
    printf("0 is %s\n", synfin_error_text(SYNFIN_ERROR_OK));
    return 0;
}
