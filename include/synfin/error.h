// SPDX-License-Identifier: MIT
//
// The one error system of the public API. Every call that can fail returns one of these codes,
// must be checked, and names the codes it returns. Peer input never produces an API error by
// itself: what a peer does wrong is a drop with a reason (see reason.h).
#ifndef SYNFIN_ERROR_H
#define SYNFIN_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#    define SYNFIN_API      __attribute__((visibility("default")))
#    define SYNFIN_MUST_USE __attribute__((warn_unused_result))
#else
#    define SYNFIN_API
#    define SYNFIN_MUST_USE
#endif

// X(code, errno's name, text for a person)
#define SYNFIN_ERRORS(X)                                                                   \
    X(OK, 0, "success")                                                                    \
    X(AGAIN, EAGAIN, "would block: wait for the event and call again")                     \
    X(INVALID, EINVAL, "invalid argument")                                                 \
    X(BAD_HANDLE, EBADF, "no such socket")                                                 \
    X(NO_MEMORY, ENOBUFS, "the stack's memory limit is reached")                           \
    X(LIMIT, EMFILE, "the configured number of sockets is in use")                         \
    X(IN_USE, EADDRINUSE, "the local address and port are in use")                         \
    X(BAD_LOCAL_ADDR, EADDRNOTAVAIL, "the local address is not one of this stack's")       \
    X(NO_PORTS, EADDRNOTAVAIL, "every ephemeral port towards this peer is in use")         \
    X(NO_ROUTE, ENETUNREACH, "no route to the destination")                                \
    X(NET_UNREACHABLE, ENETUNREACH, "a router reports the network unreachable")            \
    X(HOST_UNREACHABLE, EHOSTUNREACH, "the host is unreachable")                           \
    X(NO_NEIGHBOUR, EHOSTUNREACH, "the next hop does not answer")                          \
    X(PORT_UNREACHABLE, ECONNREFUSED, "the peer reports the protocol or port unreachable") \
    X(PROHIBITED, EACCES, "a router reports communication administratively prohibited")    \
    X(REFUSED, ECONNREFUSED, "the peer refused the connection with a reset")               \
    X(RESET, ECONNRESET, "the peer reset the connection")                                  \
    X(TIMED_OUT, ETIMEDOUT, "the peer did not answer in time")                             \
    X(NOT_SENT, ENETDOWN, "no packet could leave: the device takes none")                  \
    X(ABORTED, ECONNABORTED, "the connection was aborted at this end")                     \
    X(NOT_CONNECTED, ENOTCONN, "the socket is not connected")                              \
    X(CONNECTED, EISCONN, "the socket is connected already")                               \
    X(IN_PROGRESS, EALREADY, "the connection is being opened")                             \
    X(SHUT_DOWN, EPIPE, "this end has closed its direction of the connection")             \
    X(NOT_SUPPORTED, EOPNOTSUPP, "not supported for this kind of socket")                  \
    X(NO_DEVICE, ENODEV, "no such device")                                                 \
    X(PERMISSION, EPERM, "not permitted")                                                  \
    X(IO, EIO, "the device or the file reported an error")

enum synfin_error {
#define SYNFIN_ERROR_ENUM(code, errno_name, text) SYNFIN_ERROR_##code,
    SYNFIN_ERRORS(SYNFIN_ERROR_ENUM)
#undef SYNFIN_ERROR_ENUM
        SYNFIN_ERROR_COUNT
};

// The code's name without its prefix, such as "TIMED_OUT"; "?" for a number that is no code.
SYNFIN_API const char *synfin_error_name(enum synfin_error error);
// One phrase for a person, without a full stop; never NULL.
SYNFIN_API const char *synfin_error_text(enum synfin_error error);

#ifdef __cplusplus
}
#endif
#endif
