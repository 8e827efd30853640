// SPDX-License-Identifier: MIT
//
// The algorithms of congestion control by number and name: struct synfin_stack_config chooses one
// for new sockets, synfin_socket_set_congestion for one socket.
#ifndef SYNFIN_CONGESTION_H
#define SYNFIN_CONGESTION_H

#include <stdbool.h>

#include <synfin/error.h>

#ifdef __cplusplus
extern "C" {
#endif

// X(code, name, RFC or draft): algorithms of congestion control, the default first.
#define SYNFIN_CONGESTIONS(X)         \
    X(CUBIC, "cubic", "RFC 9438")     \
    X(NEWRENO, "newreno", "RFC 5681") \
    X(BBR, "bbr", "ccwg-bbr")         \
    X(DCTCP, "dctcp", "RFC 8257")

enum synfin_congestion {
#define SYNFIN_CONGESTION_ENUM(code, name, rfc) SYNFIN_CONGESTION_##code,
    SYNFIN_CONGESTIONS(SYNFIN_CONGESTION_ENUM)
#undef SYNFIN_CONGESTION_ENUM
        SYNFIN_CONGESTION_COUNT
};

// What a connection falls back to when there is no memory for another.
#define SYNFIN_CONGESTION_DEFAULT SYNFIN_CONGESTION_CUBIC

// Such as "cubic"; "?" for a number that is no algorithm.
SYNFIN_API const char *synfin_congestion_name(enum synfin_congestion algorithm);
// The algorithm of this name, "reno" being another for "newreno"; false when there is none.
SYNFIN_API bool synfin_congestion_find(const char *name, enum synfin_congestion *out);

#ifdef __cplusplus
}
#endif
#endif
