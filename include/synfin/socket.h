// SPDX-License-Identifier: MIT
//
// Sockets: non-blocking handles on a stack's connections and listeners. A call that would have
// to wait returns AGAIN, and an event (stack.h) says when to call again. Every call with a wrong
// handle returns BAD_HANDLE.
#ifndef SYNFIN_SOCKET_H
#define SYNFIN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/error.h>
#include <synfin/info.h>
#include <synfin/packet.h>
#include <synfin/stack.h>
#include <synfin/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

// Makes a TCP socket without address or peer. Errors: LIMIT, NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_open(synfin_stack *stack,
                                                                synfin_socket *out);
// Chooses the local endpoint before listen or connect; an unspecified address means any of the
// stack's (of the same IP version), port 0 an ephemeral one. Errors: INVALID (bound already),
// BAD_LOCAL_ADDR, IN_USE.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_bind(synfin_stack *stack, synfin_socket socket, const struct synfin_endpoint *local);
// Makes the socket a listener (RFC 9293 §3.10.1, passive OPEN). A socket bound to :: listens on
// both IP versions. Errors: INVALID (not bound), IN_USE, CONNECTED.
//
// `backlog` (0 means 128) is two limits. At most so many half-open connections are kept for it;
// further SYNs are answered by cookies, or, with SYNFIN_SYN_COOKIES_NEVER, in the place of the
// oldest. And at most so many open connections wait for accept; while they do, SYNs and the last
// segments of handshakes are dropped (DROP_ACCEPT_QUEUE), and peers that retransmit get in when
// accept has made room. Listening again changes the limits.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_listen(synfin_stack *stack, synfin_socket socket, uint32_t backlog, uint64_t now_ns);
// Takes one established connection from the listener. `peer` may be NULL.
// Errors: AGAIN, INVALID (no listener).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_accept(synfin_stack *stack,
                                                                  synfin_socket listener,
                                                                  synfin_socket *out,
                                                                  struct synfin_endpoint *peer);
// Begins to connect (active OPEN); CONNECTED or CLOSED tells the outcome. With FASTOPEN_CONNECT
// the SYN waits for the first send or shutdown. What can keep a connection from opening, and what
// to do then; reason (reason.h) says which clause. At once, from
// synfin_socket_open or this call:
//   LIMIT             sockets_max is reached: close one, or configure more
//   NO_MEMORY         memory_limit_bytes is reached: the same; also from open only
//   INVALID           port 0, no address, a group or a broadcast: correct the call
//   NO_ROUTE          nothing leads there, or it is this stack itself: add a route
//   BAD_LOCAL_ADDR    no address of ours, or not of that IP version: add one, or bind another
//   NO_PORTS          every ephemeral port to this peer is in use: wait, or widen port_first..last
//   IN_USE            the bound pair is connected or in TIME-WAIT: another port, or wait
//   IN_PROGRESS, CONNECTED   this socket has begun before
// Later, with the event CLOSED (its tries, waited_ns and icmp say how it was found out):
//   REFUSED           a reset answered our SYN, or our SYN+ACK where two SYNs crossed: nobody
//                     listens there
//   TIMED_OUT         silence: syn_retries or SYNFIN_OPTION_USER_TIMEOUT is over: try later
//   NOT_SENT          the same, and our SYN did not even leave: look at the device
//   NO_NEIGHBOUR      silence, and the next hop did not answer ARP or neighbour discovery: look at
//                     the address, the route or the cable
//   NET_UNREACHABLE, HOST_UNREACHABLE   silence, and a router told of it meanwhile (RFC 5461 §4
//                     wants the attempt to go on): try another address of the peer, or later
//   PORT_UNREACHABLE, PROHIBITED        at once when ICMP says so of our SYN (RFC 5927 §5.2): the
//                     host does not speak this, or a filter forbids it
// RESET comes only once a connection was open; NOT_SENT then says that for as long as data_retries
// take no device has taken data, a FIN or a probe of the window.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_connect(synfin_stack *stack, synfin_socket socket,
                      const struct synfin_endpoint *remote, uint64_t now_ns);

// Queues up to `bytes` octets for sending (copied); *sent says how many were taken, at least 1.
// There is room up to SEND_BUFFER and, of octets not sent yet, to NOTSENT_LOWAT; WRITABLE tells
// when fewer than half of those are left.
// Allowed while the connection is being opened; where a SYN waits for data (FASTOPEN_CONNECT), no
// octets let it go without. Errors: AGAIN (no room: wait for WRITABLE),
// NO_MEMORY (the stack's limit: WRITABLE tells when something was freed), NOT_CONNECTED, SHUT_DOWN,
// and what ended the connection.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_send(synfin_stack *stack,
                                                                synfin_socket socket,
                                                                const void *data, size_t bytes,
                                                                size_t *sent, uint64_t now_ns);
// Takes up to `capacity` received octets; *received 0 with OK means the peer has sent its last
// octet, or that this end shut reading down. Errors: AGAIN (nothing yet: wait for READABLE),
// NOT_CONNECTED, and what ended the connection.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_recv(synfin_stack *stack,
                                                                synfin_socket socket, void *data,
                                                                size_t capacity, size_t *received,
                                                                uint64_t now_ns);
// Shows received octets in place, without copying: fills up to *count pieces, valid until the
// next call on the stack. Take them with synfin_socket_consume. Errors as recv.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_peek(synfin_stack *stack,
                                                                synfin_socket socket,
                                                                struct synfin_span *pieces,
                                                                uint32_t *count);
// Takes `bytes` octets that peek showed. Errors: INVALID (more than there are).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_consume(synfin_stack *stack, synfin_socket socket, size_t bytes, uint64_t now_ns);

enum synfin_shutdown { SYNFIN_SHUTDOWN_READ, SYNFIN_SHUTDOWN_WRITE, SYNFIN_SHUTDOWN_BOTH };

// Ends one direction. WRITE sends a FIN after all queued data (half-close): receiving goes on.
// READ: later data is refused with a reset. Errors: NOT_CONNECTED.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_shutdown(synfin_stack *stack,
                                                                    synfin_socket socket,
                                                                    enum synfin_shutdown how,
                                                                    uint64_t now_ns);
// Gives the handle up (RFC 9293 CLOSE). Queued data and a FIN are still sent in order, within the
// orphan limits; unread data makes it a reset. With SYNFIN_OPTION_LINGER 0 it aborts.
SYNFIN_API void synfin_socket_close(synfin_stack *stack, synfin_socket socket, uint64_t now_ns);
// Ends the connection at once with a reset and gives the handle up (RFC 9293 ABORT).
SYNFIN_API void synfin_socket_abort(synfin_stack *stack, synfin_socket socket, uint64_t now_ns);

// Fast Open (RFC 7413) lets a client's first data travel with its SYN, to a server that has given
// it a cookie before. It is off: a client turns it on with FASTOPEN_CONNECT before it connects and
// then calls send, the first time of all to get the cookie. A server turns it on with FASTOPEN on
// its listener: accept then gives connections before the handshake is complete, with data to read;
// sending is allowed, and CONNECTED tells when the client has completed the handshake.
//
// The price: a SYN that the network duplicates is delivered again when its connection has ended
// before the copy arrives, or when another machine that knows the cookie gets the copy. Requests
// must bear being done twice (RFC 7413 §6.1).

// X(code, name, meaning): names and meanings of the BSD options. Times are in ns.
// Buffers grow by themselves up to the stack's configuration until they are set; what is read is
// their present size. Where windows are scaled (RFC 7323 §2), a window is never shut for being
// smaller than the scale can say: a RECEIVE_BUFFER counts as two units of it at least, a
// WINDOW_CLAMP as one.
#define SYNFIN_OPTIONS(X)                                                                         \
    X(SEND_BUFFER, "SO_SNDBUF", "octets that may wait for sending or acknowledgment")             \
    X(RECEIVE_BUFFER, "SO_RCVBUF", "octets that may wait for the reader: the largest window")     \
    X(REUSE_ADDR, "SO_REUSEADDR", "kept for callers: TIME-WAIT never keeps a port from bind")     \
    X(KEEPALIVE, "SO_KEEPALIVE", "1: probe an idle peer")                                         \
    X(KEEPALIVE_IDLE, "TCP_KEEPIDLE", "ns of silence before the first probe")                     \
    X(KEEPALIVE_INTERVAL, "TCP_KEEPINTVL", "ns between probes")                                   \
    X(KEEPALIVE_PROBES, "TCP_KEEPCNT", "unanswered probes before TIMED_OUT")                      \
    X(NODELAY, "TCP_NODELAY", "1: no Nagle algorithm")                                            \
    X(CORK, "TCP_CORK", "1: what fills no segment waits, 200 ms at most; 0: it goes")             \
    X(PUSH, "MSG_MORE", "0: more follows what is sent from now on; 1: it is pushed, the default") \
    X(NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT", "octets that may wait unsent for send; 0: no limit")    \
    X(USER_TIMEOUT, "TCP_USER_TIMEOUT", "ns that data may stay unacknowledged; 0: R2 only")       \
    X(LINGER, "SO_LINGER", "-1: close in order; 0: close aborts")                                 \
    X(MAXSEG, "TCP_MAXSEG", "largest segment; set before connecting, the one in use after")       \
    X(SYN_RETRIES, "TCP_SYNCNT", "SYNs sent again before TIMED_OUT")                              \
    X(QUICKACK, "TCP_QUICKACK", "1: no delayed acknowledgments")                                  \
    X(TRAFFIC_CLASS, "IP_TOS", "DSCP octet of what is sent; its ECN bits are TCP's")              \
    X(HOP_LIMIT, "IP_TTL", "TTL or hop limit of what is sent")                                    \
    X(ERROR, "SO_ERROR", "read only: what ended the connection, enum synfin_error")               \
    X(SOFT_ERROR, "IP_RECVERR", "read only: what a router said of it last, enum synfin_error")    \
    X(IS_LISTENER, "SO_ACCEPTCONN", "read only: 1 for a listener")                                \
    X(AT_MARK, "SIOCATMARK", "read only: 1 when the reader is at the urgent mark")                \
    X(URGENT_LEFT, "RFC 9293 §3.8.5", "read only: octets up to the urgent mark; 0: none")         \
    X(URGENT_MARK, "MSG_OOB's mark", "1: all that is queued now is urgent, in line (RFC 6093)")   \
    X(RECORD_END, "MSG_EOR",                                                                      \
      "1: a record ends with all that is queued now, and a segment with it")                      \
    X(READ_QUEUE, "SIOCINQ", "read only: octets that recv would give")                            \
    X(SEND_QUEUE, "SIOCOUTQ", "read only: octets sent or queued and not acknowledged")            \
    X(PACING_RATE_MAX, "SO_MAX_PACING_RATE", "octets of data per second at most; 0: no limit")    \
    X(FASTOPEN, "TCP_FASTOPEN", "listener: how many may be open before the third segment")        \
    X(FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT",                                                   \
      "1: connect, and let the first data go with the SYN")                                       \
    X(ECN, "net.ipv4.tcp_ecn", "enum synfin_ecn (config.h); before connecting or listening")      \
    X(RECEIVE_LOWAT, "SO_RCVLOWAT", "octets to read before READABLE tells of any")                \
    X(WINDOW_CLAMP, "TCP_WINDOW_CLAMP", "largest window offered, below RECEIVE_BUFFER; 0: none")  \
    X(FIN_WAIT_2, "TCP_LINGER2", "ns that FIN-WAIT-2 may last once the socket is closed")         \
    X(DEFER_ACCEPT, "TCP_DEFER_ACCEPT", "listener: ns that a client's first data are awaited")    \
    X(FASTOPEN_NO_COOKIE, "TCP_FASTOPEN_NO_COOKIE",                                               \
      "1: Fast Open asks for no cookies, as fastopen_sends_any and ..._takes_any (config.h)")

enum synfin_option {
#define SYNFIN_OPTION_ENUM(code, name, text) SYNFIN_OPTION_##code,
    SYNFIN_OPTIONS(SYNFIN_OPTION_ENUM)
#undef SYNFIN_OPTION_ENUM
        SYNFIN_OPTION_COUNT
};

// RECORD_END is set after the last octets of a record and before the stack is asked for output: no
// segment then holds octets of two records, also when they are sent again, and one that ends a
// record does not wait for others to fill it, unless it is the last and CORK or PUSH hold it.

// RECEIVE_LOWAT holds back READABLE only: recv gives what is there. It counts as half of what the
// receive buffer may hold at most, so that the peer can always send that much.
//
// With DEFER_ACCEPT a client that has completed the handshake is not there for accept before its
// first data or its FIN, and takes the place of a half-open connection until then. Its SYN+ACK goes
// once more when the time is about to be over, and what the client answers to that opens the
// connection. One that was answered by a cookie does not wait.

// Errors: INVALID (value out of range; URGENT_MARK with nothing queued; RECORD_END where send is
// not allowed), NOT_SUPPORTED (read only), NO_MEMORY (RECORD_END: nothing is changed).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_set_option(synfin_stack *stack, synfin_socket socket, enum synfin_option option,
                         int64_t value, uint64_t now_ns);
// Errors: INVALID (no such option).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_get_option(synfin_stack *stack,
                                                                      synfin_socket socket,
                                                                      enum synfin_option option,
                                                                      int64_t *value);

// synfin_stack_fastopen_keys (stack.h) for what this listener gives and takes, before listening or
// later; 0 keys: the stack's again. Errors: INVALID (more than two), NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_fastopen_keys(synfin_stack *stack,
                                                                         synfin_socket socket,
                                                                         const uint8_t *keys,
                                                                         uint32_t count);

// Chooses the algorithm of congestion control by its name, such as "cubic" (congestion.h;
// TCP_CONGESTION of Linux), at any time: a connection that is open goes on with the window
// it has. What a listener accepts afterwards begins with the listener's. Errors: INVALID (no such
// name), NO_MEMORY (of an open connection, for an algorithm with much state; nothing is changed).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_set_congestion(synfin_stack *stack, synfin_socket socket, const char *name);
// The name of the algorithm in use, which lives as long as the program. Errors: none but
// BAD_HANDLE.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_congestion(synfin_stack *stack, synfin_socket socket, const char **name);

// Attaches the caller's pointer, which comes back in the socket's events. Errors: none but
// BAD_HANDLE.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_set_user(synfin_stack *stack, synfin_socket socket, void *user);
// The two ends; NULL for what is not wanted. Errors: NOT_CONNECTED (for `remote`).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_endpoints(synfin_stack *stack, synfin_socket socket, struct synfin_endpoint *local,
                        struct synfin_endpoint *remote);

// Errors: NOT_CONNECTED (a socket without a connection), INVALID (size).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_info(synfin_stack *stack,
                                                                synfin_socket socket,
                                                                struct synfin_tcp_info *info,
                                                                uint64_t now_ns);

#ifdef __cplusplus
}
#endif
#endif
