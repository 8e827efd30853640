// SPDX-License-Identifier: MIT
//
// See drill_urgent.h.
#include "packetdrill/drill_urgent.h"

#include <errno.h>

#include "packetdrill/drill_keep.h"
#include "packetdrill/drill_memory.h"

enum { PIECES = 16 };

void drill_urgent_mark(struct drill *drill, const struct drill_handle *handle)
{
    (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_URGENT_MARK, 1,
                                    drill_stack_now(drill));
}

static bool is_in_line(const struct drill_handle *handle)
{
    return drill_keep_get(handle, SOL_SOCKET, SO_OOBINLINE, 0) != 0;
}

// Octets up to the pointer, the urgent one included; 0: there is none.
static size_t left(struct drill *drill, const struct drill_handle *handle)
{
    int64_t octets = 0;
    enum synfin_error error =
        synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_URGENT_LEFT, &octets);
    return error == SYNFIN_ERROR_OK ? (size_t)octets : 0;
}

// The octet at this place of what has arrived; false when that has not.
static bool find(struct drill *drill, const struct drill_handle *handle, size_t place,
                 uint8_t *octet)
{
    struct synfin_span span[PIECES];
    uint32_t count = PIECES;
    if (synfin_socket_peek(drill->stack, handle->socket, span, &count) != SYNFIN_ERROR_OK) {
        return false;
    }
    for (uint32_t at = 0; at < count; at++) {
        if (place < span[at].bytes) {
            *octet = span[at].data[place];
            return true;
        }
        place -= span[at].bytes;
    }
    return false;
}

bool drill_urgent_is_there(struct drill *drill, const struct drill_handle *handle)
{
    uint8_t octet;
    size_t octets = left(drill, handle);
    return octets > 0 && !is_in_line(handle) && !handle->is_urgent_taken
           && find(drill, handle, octets - 1, &octet);
}

ssize_t drill_urgent_receive(struct drill *drill, struct drill_handle *handle,
                             const struct iovec *pieces, size_t count, int flags)
{
    size_t octets = left(drill, handle);
    uint8_t octet;
    if (is_in_line(handle) || octets == 0 || handle->is_urgent_taken) {
        return drill_errno_fail(EINVAL);
    }
    if (!find(drill, handle, octets - 1, &octet)) {
        return drill_errno_fail(EAGAIN);
    }
    if (!drill_memory_check(pieces, count)) {
        return -1;
    }
    handle->is_urgent_taken = (flags & MSG_PEEK) == 0;
    if (count == 0 || pieces[0].iov_len == 0) {
        return 0;
    }
    *(uint8_t *)pieces[0].iov_base = octet;
    return 1;
}

void drill_urgent_skip(struct drill *drill, const struct drill_handle *handle)
{
    if (drill_urgent_is_next(drill, handle)) {
        (void)!synfin_socket_consume(drill->stack, handle->socket, 1, drill_stack_now(drill));
    }
}

size_t drill_urgent_ahead(struct drill *drill, const struct drill_handle *handle)
{
    size_t octets = left(drill, handle);
    return octets > 1 ? octets - 1 : SIZE_MAX;
}

bool drill_urgent_is_next(struct drill *drill, const struct drill_handle *handle)
{
    return left(drill, handle) == 1 && !is_in_line(handle);
}

bool drill_urgent_is_at_mark(struct drill *drill, const struct drill_handle *handle)
{
    return left(drill, handle) == 1;
}
