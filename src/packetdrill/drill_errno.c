// SPDX-License-Identifier: MIT
//
// Errors of the stack as errno.
#include <errno.h>

#include "packetdrill/drill.h"

int drill_errno_of(enum synfin_error error)
{
    static const int ERRNO[SYNFIN_ERROR_COUNT] = {
#define ERRNO_ROW(code, errno_name, text) [SYNFIN_ERROR_##code] = (errno_name),
        SYNFIN_ERRORS(ERRNO_ROW)
#undef ERRNO_ROW
    };
    return (unsigned)error < SYNFIN_ERROR_COUNT ? ERRNO[error] : EINVAL;
}

int drill_errno_fail(int error)
{
    errno = error;
    return -1;
}

int drill_errno_set(enum synfin_error error)
{
    return drill_errno_fail(drill_errno_of(error));
}
