// SPDX-License-Identifier: MIT
//
// What a stack tells about itself: every segment sent, received, acted on or dropped, every
// state change, timer and retransmission, each with its reason and RFC clause (reason.h). With
// no sink set nothing of this is computed.
#ifndef SYNFIN_TRACE_H
#define SYNFIN_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/packet.h>
#include <synfin/reason.h>

#ifdef __cplusplus
extern "C" {
#endif

// The states of RFC 9293 §3.3.2, in the order in which a connection can only move forward.
#define SYNFIN_TCP_STATES(X)        \
    X(CLOSED, "CLOSED")             \
    X(LISTEN, "LISTEN")             \
    X(SYN_SENT, "SYN-SENT")         \
    X(SYN_RECEIVED, "SYN-RECEIVED") \
    X(ESTABLISHED, "ESTABLISHED")   \
    X(CLOSE_WAIT, "CLOSE-WAIT")     \
    X(FIN_WAIT_1, "FIN-WAIT-1")     \
    X(CLOSING, "CLOSING")           \
    X(LAST_ACK, "LAST-ACK")         \
    X(FIN_WAIT_2, "FIN-WAIT-2")     \
    X(TIME_WAIT, "TIME-WAIT")

enum synfin_tcp_state {
#define SYNFIN_TCP_STATE_ENUM(code, name) SYNFIN_TCP_STATE_##code,
    SYNFIN_TCP_STATES(SYNFIN_TCP_STATE_ENUM)
#undef SYNFIN_TCP_STATE_ENUM
        SYNFIN_TCP_STATE_COUNT
};

// The state's name as RFC 9293 writes it; "?" for a number that is no state.
SYNFIN_API const char *synfin_tcp_state_name(enum synfin_tcp_state state);

// X(code, name, what the event says and which member of `as` holds its details)
#define SYNFIN_TRACE_KINDS(X)                                                                 \
    X(SEGMENT_SENT, "sent", "a segment was given to the device; as.segment")                  \
    X(SEGMENT_RETRANSMITTED, "retransmitted", "octets were sent again; as.segment")           \
    X(SEGMENT_RECEIVED, "received", "a segment was accepted and acted on; as.segment")        \
    X(SEGMENT_DROPPED, "dropped", "a segment was refused; as.segment")                        \
    X(PACKET_DROPPED, "packet-dropped", "a packet was refused below TCP; nothing in as")      \
    X(STATE, "state", "a connection changed state; as.state")                                 \
    X(TIMER_ARMED, "timer-armed", "a timer was set; as.timer")                                \
    X(TIMER_FIRED, "timer-fired", "a timer was due; as.timer")                                \
    X(CONGESTION, "congestion", "the congestion window was set by an event; as.congestion")   \
    X(OUTCOME, "outcome", "the connection's user was told of its end or opening; as.outcome") \
    X(BUFFER, "buffer", "a buffer has grown, or memory holds a window down; as.buffer")       \
    X(PATH_MTU, "path-mtu", "something was learned of the path's MTU; as.path_mtu")

enum synfin_trace_kind {
#define SYNFIN_TRACE_KIND_ENUM(code, name, text) SYNFIN_TRACE_##code,
    SYNFIN_TRACE_KINDS(SYNFIN_TRACE_KIND_ENUM)
#undef SYNFIN_TRACE_KIND_ENUM
        SYNFIN_TRACE_KIND_COUNT
};

// Such as "sent"; "?" for a number that is no kind.
SYNFIN_API const char *synfin_trace_kind_name(enum synfin_trace_kind kind);

// X(code, name): the timers of a connection.
#define SYNFIN_TCP_TIMERS(X)                                               \
    X(TAIL_PROBE, "tail-probe") /* RFC 8985: silence: was the end lost? */ \
    X(RETRANSMIT, "retransmission")                                        \
    X(PERSIST, "persist")                                                  \
    X(DELAYED_ACK, "delayed-ack")                                          \
    X(KEEPALIVE, "keep-alive")                                             \
    X(USER_TIMEOUT, "user-timeout")                                        \
    X(REORDER, "reordering") /* RFC 8985: what is late may be lost */      \
    X(CORK, "cork")          /* how long the cork may hold */              \
    X(PACE, "pacing")        /* until the next quantum may go */           \
    X(LINGER, "linger")      /* FIN-WAIT-2, TIME-WAIT, orphan: the time left in a closing state */

enum synfin_tcp_timer {
#define SYNFIN_TCP_TIMER_ENUM(code, name) SYNFIN_TCP_TIMER_##code,
    SYNFIN_TCP_TIMERS(SYNFIN_TCP_TIMER_ENUM)
#undef SYNFIN_TCP_TIMER_ENUM
        SYNFIN_TCP_TIMER_COUNT
};

// Such as "retransmission"; "?" for a number that is no timer.
SYNFIN_API const char *synfin_tcp_timer_name(enum synfin_tcp_timer timer);

enum {
    SYNFIN_TCP_FIN = 0x01,
    SYNFIN_TCP_SYN = 0x02,
    SYNFIN_TCP_RST = 0x04,
    SYNFIN_TCP_PSH = 0x08,
    SYNFIN_TCP_ACK = 0x10,
    SYNFIN_TCP_URG = 0x20,
    SYNFIN_TCP_ECE = 0x40,
    SYNFIN_TCP_CWR = 0x80,
    SYNFIN_TCP_AE = 0x100, // RFC 9768 §2.2; NS before
};

enum { SYNFIN_SACK_BLOCKS_MAX = 4 };

// The Fast Open option of a SYN, RFC 7413 §4.1.1.
enum synfin_fastopen { SYNFIN_FASTOPEN_NONE, SYNFIN_FASTOPEN_REQUEST, SYNFIN_FASTOPEN_COOKIE };

// A TCP segment in host order, as ladders, captures and traces show it.
struct synfin_segment {
    struct synfin_endpoint src, dst;
    uint32_t seq, ack;
    uint32_t bytes;      // payload octets, without SYN and FIN
    uint16_t flags;      // SYNFIN_TCP_*
    uint16_t window;     // as on the wire, unscaled
    uint16_t urgent;     // urgent pointer as on the wire
    uint16_t mss;        // MSS option; 0 when absent
    int8_t wscale_shift; // window scale option; -1 when absent
    uint8_t has_sack_permitted;
    uint8_t has_timestamps;
    uint8_t sack_blocks; // how many of sack[] are in use
    uint8_t fastopen;    // enum synfin_fastopen
    uint32_t ts_val, ts_ecr;
    // The AccECN option, RFC 9768 §3.2.3: its kind, 172 or 174, or 0; counters in its order.
    uint8_t accecn_kind, accecn_fields;
    uint32_t accecn[3];
    struct {
        uint32_t left, right;
    } sack[SYNFIN_SACK_BLOCKS_MAX];
};

// One event; valid for the call only.
struct synfin_trace_event {
    enum synfin_trace_kind kind;
    enum synfin_reason reason;
    uint64_t t_ns;
    uint32_t conn; // the stack's number of the connection, from 1; 0 when there is none
    struct synfin_endpoint local, remote;
    union {
        struct synfin_segment segment;
        struct {
            enum synfin_tcp_state from, to;
        } state;
        struct {
            enum synfin_tcp_timer timer;
            uint64_t deadline_ns;
            uint32_t count; // how many times in a row it has fired, for timers that repeat
        } timer;
        struct {
            uint32_t cwnd_bytes, ssthresh_bytes;
        } congestion;
        struct {
            enum synfin_error error; // OK: opened or closed in order
        } outcome;
        struct {
            uint32_t bytes, before_bytes; // the limit now, and before; of a window: the buffer's
            // What was measured: octets that the reader took in one round trip, the congestion
            // window (SEND_BUFFER_GREW), or the stack's free memory (WINDOW_HELD, WINDOW_RELEASED).
            uint32_t measured_bytes;
            uint64_t rtt_ns; // the round trip; 0: none was needed
        } buffer;
        struct {
            uint32_t mtu_bytes;   // of packets from now on
            uint32_t probe_bytes; // of the probe that the event is about; 0: none
        } path_mtu;
    } as;
};

// Called for each event, in order, from inside the stack's calls: must not call the stack.
typedef void (*synfin_trace_fn)(void *ctx, const struct synfin_trace_event *event);

// Reads a packet's addresses and TCP header without judging them. `is_ethernet` says whether
// the packet begins with an Ethernet header. False when it holds no whole TCP header.
SYNFIN_API bool synfin_packet_segment(const struct synfin_packet *packet, bool is_ethernet,
                                      struct synfin_segment *out);
// Writes the packet on one line, such as
// "192.0.2.1:40000 > 192.0.2.2:80 SYN seq 1 win 65535 <mss 1460>", into at most `capacity`
// octets with the NUL; returns the octets that the whole line needs, without the NUL.
SYNFIN_API size_t synfin_packet_print(const struct synfin_packet *packet, bool is_ethernet,
                                      char *text, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
