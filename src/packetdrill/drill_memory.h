// SPDX-License-Identifier: MIT
//
// Whether the caller's memory is there: a script may pass addresses that are not, and expects
// EFAULT instead of an end of the program.
#ifndef SYNFIN_DRILL_MEMORY_H
#define SYNFIN_DRILL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

// False with EFAULT.
bool drill_memory_check(const struct iovec *pieces, size_t count);

#endif
