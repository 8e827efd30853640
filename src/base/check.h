// SPDX-License-Identifier: MIT
//
// Checks for our own bugs. Nothing that a peer, a router or an API caller does may trip one:
// those have drop reasons and errors. ASSERT is always on and must be cheap; ASSERT_SLOW walks
// structures and is on in debug, sanitizer, simulation and fuzzing builds.
#ifndef SYNFIN_BASE_CHECK_H
#define SYNFIN_BASE_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/error.h>

// Called once when a check fails, and must not return. The library's own definition stops the
// program with a trap; an embedder may define the function itself: ours is a weak symbol.
SYNFIN_API _Noreturn void synfin_panic(const char *file, int line, const char *what);

#define ASSERT(condition) \
    (__builtin_expect(!(condition), 0) ? synfin_panic(__FILE__, __LINE__, #condition) : (void)0)

#if defined(SYNFIN_ASSERT_SLOW)
#    define ASSERT_SLOW(condition) ASSERT(condition)
#else
#    define ASSERT_SLOW(condition) ((void)(0 && (condition)))
#endif

// The object that holds `member` at `pointer`.
#define CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((uint8_t *)(pointer)-offsetof(type, member)))

#endif
