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
//   NO_NEIGHBOUR      the same, and the next hop did not answer ARP or neighbour discovery: look at
//                     the address, the route or the cable
//   NET_UNREACHABLE, HOST_UNREACHABLE   silence, and a router told of it meanwhile (RFC 5461 §4
//                     wants the attempt to go on): try another address of the peer, or later
//   PORT_UNREACHABLE, PROHIBITED        at once when ICMP says so of our SYN (RFC 5927 §5.2): the
//                     host does not speak this, or a filter forbids it
// RESET comes only once a connection was open.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_connect(synfin_stack *stack, synfin_socket socket,
                      const struct synfin_endpoint *remote, uint64_t now_ns);

// Queues up to `bytes` octets for sending (copied); *sent says how many were taken, at least 1.
// There is room up to SEND_BUFFER and, of octets not sent yet, to NOTSENT_LOWAT; WRITABLE tells
// when fewer than half of those are left.
// Allowed while the connection is being opened. Errors: AGAIN (no room: wait for WRITABLE),
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
// their present size.
#define SYNFIN_OPTIONS(X)                                                                       \
    X(SEND_BUFFER, "SO_SNDBUF", "octets that may wait for sending or acknowledgment")           \
    X(RECEIVE_BUFFER, "SO_RCVBUF", "octets that may wait for the reader: the largest window")   \
    X(REUSE_ADDR, "SO_REUSEADDR", "bind although connections of the port are in TIME-WAIT")     \
    X(KEEPALIVE, "SO_KEEPALIVE", "1: probe an idle peer")                                       \
    X(KEEPALIVE_IDLE, "TCP_KEEPIDLE", "ns of silence before the first probe")                   \
    X(KEEPALIVE_INTERVAL, "TCP_KEEPINTVL", "ns between probes")                                 \
    X(KEEPALIVE_PROBES, "TCP_KEEPCNT", "unanswered probes before TIMED_OUT")                    \
    X(NODELAY, "TCP_NODELAY", "1: no Nagle algorithm")                                          \
    X(CORK, "TCP_CORK", "1: what fills no segment waits, 200 ms at most; 0: it goes")           \
    X(NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT", "octets that may wait unsent for send; 0: no limit")  \
    X(USER_TIMEOUT, "TCP_USER_TIMEOUT", "ns that data may stay unacknowledged; 0: R2 only")     \
    X(LINGER, "SO_LINGER", "-1: close in order; 0: close aborts")                               \
    X(MAXSEG, "TCP_MAXSEG", "largest segment; set before connecting, the one in use after")     \
    X(SYN_RETRIES, "TCP_SYNCNT", "SYNs sent again before TIMED_OUT")                            \
    X(QUICKACK, "TCP_QUICKACK", "1: no delayed acknowledgments")                                \
    X(TRAFFIC_CLASS, "IP_TOS", "DSCP octet of what is sent; its ECN bits are TCP's")            \
    X(HOP_LIMIT, "IP_TTL", "TTL or hop limit of what is sent")                                  \
    X(ERROR, "SO_ERROR", "read only: what ended the connection, enum synfin_error")             \
    X(SOFT_ERROR, "IP_RECVERR", "read only: what a router said of it last, enum synfin_error")  \
    X(IS_LISTENER, "SO_ACCEPTCONN", "read only: 1 for a listener")                              \
    X(AT_MARK, "SIOCATMARK", "read only: 1 when the reader is at the urgent mark")              \
    X(URGENT_LEFT, "RFC 9293 §3.8.5", "read only: octets up to the urgent mark; 0: none")       \
    X(URGENT_MARK, "MSG_OOB's mark", "1: all that is queued now is urgent, in line (RFC 6093)") \
    X(READ_QUEUE, "SIOCINQ", "read only: octets that recv would give")                          \
    X(SEND_QUEUE, "SIOCOUTQ", "read only: octets sent or queued and not acknowledged")          \
    X(PACING_RATE_MAX, "SO_MAX_PACING_RATE", "octets of data per second at most; 0: no limit")  \
    X(FASTOPEN, "TCP_FASTOPEN", "listener: how many may be open before the third segment")      \
    X(FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT",                                                 \
      "1: connect, and let the first data go with the SYN")                                     \
    X(ECN, "net.ipv4.tcp_ecn", "enum synfin_ecn (config.h); before connecting or listening")

enum synfin_option {
#define SYNFIN_OPTION_ENUM(code, name, text) SYNFIN_OPTION_##code,
    SYNFIN_OPTIONS(SYNFIN_OPTION_ENUM)
#undef SYNFIN_OPTION_ENUM
        SYNFIN_OPTION_COUNT
};

// Errors: INVALID (value out of range; URGENT_MARK with nothing queued), NOT_SUPPORTED (read only).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_socket_set_option(synfin_stack *stack, synfin_socket socket, enum synfin_option option,
                         int64_t value, uint64_t now_ns);
// Errors: INVALID (no such option).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_get_option(synfin_stack *stack,
                                                                      synfin_socket socket,
                                                                      enum synfin_option option,
                                                                      int64_t *value);

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

// What struct tcp_info of Linux tells, as far as it applies; times in ns, sizes in octets.
struct synfin_tcp_info {
    size_t size; // sizeof(struct synfin_tcp_info), set by the caller
    enum synfin_tcp_state state;
    uint32_t conn; // the number under which traces name it
    uint8_t has_timestamps, has_sack, has_window_scale;
    uint8_t has_ecn; // agreed on: 1: RFC 3168, 2: accurate, RFC 9768
    uint8_t snd_wscale_shift, rcv_wscale_shift;
    uint8_t is_in_recovery, backoff;
    uint32_t retransmits; // of the oldest segment, in a row
    uint32_t probes;      // unanswered window or keep-alive probes
    uint64_t rto_ns, srtt_ns, rttvar_ns, min_rtt_ns, ato_ns;
    uint32_t snd_mss_bytes, rcv_mss_bytes, advertised_mss_bytes, pmtu_bytes;
    uint32_t cwnd_bytes, ssthresh_bytes, snd_wnd_bytes, rcv_wnd_bytes;
    uint32_t unacked_bytes, unsent_bytes, out_of_order_bytes;
    uint64_t bytes_sent, bytes_acked, bytes_received, bytes_retransmitted;
    uint64_t segments_in, segments_out, data_segments_in, data_segments_out;
    uint64_t total_retransmits; // segments sent again, ever
    uint64_t last_data_sent_ns, last_data_received_ns, last_ack_received_ns; // ages
    uint32_t iss, irs, snd_una, snd_nxt, rcv_nxt;
    uint32_t tries;          // how often what has no answer yet was sent: SYNs, data or probes
    uint64_t waited_ns;      // since the peer was last heard, since connect if never; to the end
    struct synfin_icmp icmp; // the last one about what has no answer yet
    const char *congestion;  // the algorithm's name, such as "cubic"
    uint64_t pacing_rate;    // octets per second; 0: not paced
    uint64_t delivered_ce, received_ce; // packets with a mark of congestion: ours, as far as the
                                        // peer says, and the peer's
    // What buffers hold now at most, how far they may grow (the same: set by the user), and what
    // the stack's memory leaves of that.
    uint32_t snd_buffer_bytes, snd_buffer_bytes_max, snd_buffer_bytes_left;
    uint32_t rcv_buffer_bytes, rcv_buffer_bytes_max, rcv_buffer_bytes_left;
    uint32_t rcv_taken_bytes;             // by the reader in the last round trip
    uint64_t rcv_rtt_ns;                  // round trip as the receiver sees it; 0: not measured
    uint64_t pacing_rate_max;             // SYNFIN_OPTION_PACING_RATE_MAX
    uint64_t delivery_rate;               // best lately, octets per second; 0: no sample yet
    uint8_t is_delivery_rate_app_limited; // it says what the user sent, not what the path bears
    uint8_t has_seen_reordering;          // something arrived behind what was sent after it
    uint64_t delivered_bytes;             // that the peer is known to have, SACK included
    uint32_t lost_bytes, sacked_bytes;    // of those in flight, now
    uint64_t reordering_window_ns;        // how late is not lost yet, RFC 8985 §6.2; 0: no SACK
    uint64_t busy_ns;                     // something was queued or in flight
    uint64_t peer_window_limited_ns;      // of that, only the peer's window kept it from sending
    uint64_t send_buffer_limited_ns;      // and only the send buffer did
    uint32_t mtu_probe_bytes;             // size of the path MTU probe that is out; 0: none
    uint32_t mtu_search_bytes; // the largest that may still pass; 0: no search, pmtu_bytes is it
};

// Errors: NOT_CONNECTED (a socket without a connection), INVALID (size).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_socket_info(synfin_stack *stack,
                                                                synfin_socket socket,
                                                                struct synfin_tcp_info *info,
                                                                uint64_t now_ns);

#ifdef __cplusplus
}
#endif
#endif
