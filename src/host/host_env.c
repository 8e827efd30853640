// SPDX-License-Identifier: MIT
//
// The environment of a stack on Linux: slabs from the C library and entropy from the kernel.
// Slabs of the usual sizes come from anonymous mappings inside the C library, so that memory is
// resident only once it is used and goes back to the system when a slab is given back.
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include <synfin/host.h>

#include "base/check.h"

enum { SLAB_ALIGNMENT = 64 };

static void *take_slab(void *ctx, size_t bytes)
{
    (void)ctx;
    // C17 §7.22.3.1 lets an implementation refuse a size that is no multiple of the alignment.
    size_t rounded = (bytes + SLAB_ALIGNMENT - 1) & ~(size_t)(SLAB_ALIGNMENT - 1);
    return rounded < bytes ? NULL : aligned_alloc(SLAB_ALIGNMENT, rounded);
}

static void give_slab(void *ctx, void *slab, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(slab);
}

// A stack whose keys could be guessed is worse than none, so there is no way on without entropy.
static void fill_from_kernel(void *ctx, void *out, size_t bytes)
{
    (void)ctx;
    uint8_t *next = out;
    while (bytes > 0) {
        ssize_t got = getrandom(next, bytes, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        ASSERT(got > 0);
        next += got;
        bytes -= (size_t)got;
    }
}

void synfin_host_env(struct synfin_env *env)
{
    *env = (struct synfin_env){
        .size = sizeof(*env),
        .slab_take = take_slab,
        .slab_give = give_slab,
        .entropy = fill_from_kernel,
    };
}
