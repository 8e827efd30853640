// SPDX-License-Identifier: MIT
//
// Limits and times of a stack: what synfin_stack_create takes, and the defaults.
#ifndef SYNFIN_CONFIG_H
#define SYNFIN_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/congestion.h>
#include <synfin/error.h>

#ifdef __cplusplus
extern "C" {
#endif

// Limits and times. synfin_stack_config_default fills every field; sizes in octets, times in ns.
struct synfin_stack_config {
    size_t size; // sizeof(struct synfin_stack_config)

    size_t memory_limit_bytes;     // everything the stack ever takes from slab_take
    uint32_t slab_bytes;           // how much is taken at a time
    uint32_t chunk_bytes;          // granularity of socket buffers, 256-65536
    uint32_t sockets_max;          // all sockets; neither half-open connections nor TIME-WAIT
    uint32_t reassembly_bytes_max; // of IP fragments held at once

    uint32_t send_buffer_bytes;       // of a new socket; grows by itself, see ..._max below
    uint32_t receive_buffer_bytes;    // the same
    uint32_t out_of_order_ranges_max; // separate runs of out-of-order data kept per connection
    uint16_t port_first, port_last;   // ephemeral ports; RFC 6056 §3.2: 1024-65535
    uint8_t use_timestamps, use_window_scale, use_sack; // offer and accept, RFC 7323, RFC 2018
    uint8_t hop_limit;                                  // TTL and hop limit of what is sent

    uint64_t rto_initial_ns;     // first wait for a SYN's answer; RFC 6298 §2.1: 1 s
    uint64_t rto_min_ns;         // and up to 200 ms above SRTT; RFC 6298 §2.4 has 1 s
    uint64_t rto_max_ns;         // RFC 6298 §2.5: at least 60 s
    uint64_t syn_ack_initial_ns; // first wait of a half-open connection
    uint32_t syn_retries;        // SYNs sent again before TIMED_OUT; 7: 183 s in all
    uint32_t syn_ack_retries;    // SYN+ACKs sent again before a half-open connection is freed
    uint32_t data_retries;       // R2: retransmissions of one segment before TIMED_OUT
    uint32_t orphan_retries;     // the same once the user has closed
    uint64_t delayed_ack_ns;     // RFC 9293 §3.8.6.3: below 500 ms
    uint64_t msl_ns;             // TIME-WAIT lasts twice this
    uint64_t fin_wait_2_ns;      // an orphan's longest stay in FIN-WAIT-2
    uint64_t keepalive_idle_ns;  // RFC 9293 §3.8.4: at least 2 h by default
    uint64_t keepalive_interval_ns;
    uint32_t keepalive_probes;
    uint32_t initial_window_segments;   // RFC 6928 §2: 10
    uint32_t challenge_acks_per_second; // per connection, RFC 5961 §7

    uint64_t syn_ack_max_ns; // a half-open connection's longest wait between SYN+ACKs
    uint32_t half_open_max;  // half-open connections of all listeners, 60 octets each
    uint32_t time_wait_max;  // pairs in TIME-WAIT, 60 octets each; beyond it the oldest ends early
    uint32_t answers_max;    // segments without a connection that wait for the device, 8-65536
    uint8_t syn_cookies;     // enum synfin_syn_cookies
    uint8_t has_cookie_secret;       // 1: cookie_secret is set, else one is drawn
    uint8_t cookie_secret[32];       // shared by machines that may complete each other's handshakes
    uint64_t cookie_clock_offset_ns; // added to now_ns: the time that those machines share
    uint64_t cookie_lifetime_ns;     // a SYN cookie is good for between half of this and all of it

    uint32_t fastopen_peers_max; // servers whose Fast Open cookies are kept; 0: none are asked for
    uint32_t congestion;         // enum synfin_congestion of new sockets
    uint32_t syn_ack_backoff_percent; // each of these waits as a part of the one before, 100-1000
    uint8_t use_pacing; // windows leave over the round trip, not at once, with every algorithm
    uint8_t ecn;        // enum synfin_ecn of new sockets

    // How far buffers grow by themselves while the path carries more and memory lasts: 0 or less
    // than where they begin, not at all. The receive buffer's is also what the window scale of a
    // SYN has to cover. A size that the user sets by SYNFIN_OPTION_..._BUFFER stays as it is.
    uint32_t send_buffer_bytes_max;
    uint32_t receive_buffer_bytes_max;
    uint64_t orphan_ns;   // longest that a closed socket's last octets may take, answered or not
    uint8_t accurate_ecn; // 1: a peer that asks for accurate feedback gets it, RFC 9768
    uint32_t mtu_probing; // enum synfin_mtu_probing
    uint32_t mtu_floor_bytes;       // no ICMP error and no search goes below; IPv6: 1280 at least
    uint64_t mtu_probe_interval_ns; // until a larger path MTU is tried; RFC 8201 §4: 5 min or more
    uint32_t burst_segments_min;    // that SIZE_BURSTS leaves together, where the window allows
    uint32_t linux_ways; // what is done as Linux does it: bits 1 << enum synfin_linux_way

    // Fast Open. Data in a SYN without a cookie are for networks in which no sender's address can
    // be forged: RFC 7413 §5.1.
    uint64_t fastopen_off_ns;   // after its first failure with a server; 0: it is tried again
    uint8_t fastopen_takes_any; // 1: by listeners that do Fast Open
    uint8_t fastopen_sends_any; // 1: by sockets that do Fast Open

    // How losses are found.
    uint8_t use_tail_probes;  // 1: the end of a flight goes again after two round trips, RFC 8985
    uint8_t use_frto;         // 1: a timeout is checked for having been none, RFC 5682
    uint8_t adapt_reordering; // 1: who was late and not lost widens RFC 8985 §6.2's window
    uint32_t reordering_segments; // that show a loss when they come first, RFC 5681 §3.2: 3
    uint32_t mtu_base_bytes;      // what SYNFIN_MTU_PROBING_ALWAYS begins with; IPv6: 1280 at least
};

// X(code, name, meaning): where the RFCs leave a choice or Linux departs from them, and users come
// who expect what Linux does. By default the stack follows the RFCs.
#define SYNFIN_LINUX_WAYS(X)                                                                      \
    X(PUSH_BURSTS, "push-bursts", "PSH ends every burst of segments, not only what is queued")    \
    X(SIZE_BURSTS, "size-bursts",                                                                 \
      "at most half a window at once, and a millisecond's worth of long paths")                   \
    X(QUICK_ACKS, "quick-acks", "the first segments with data are acknowledged one by one")       \
    X(COUNT_DELIVERED, "count-delivered",                                                         \
      "all that an acknowledgment newly reports opens the window, and nothing else does")         \
    X(READ_ON, "read-on", "data after the reader has shut down are taken all the same")           \
    X(RESET_AS_ANSWER, "reset-as-answer", "data for a user who has gone: <SEQ=SEG.ACK><CTL=RST>") \
    X(BARE_SEGMENTS, "bare-segments", "segments without the timestamps agreed on are taken")      \
    X(LATE_TIMERS, "late-timers", "tail-loss probes and reordering take two milliseconds more")   \
    X(TIME_ALL, "time-all",                                                                       \
      "every acknowledgment of what was sent once is a sample of the round trip")                 \
    X(KEEP_WINDOW, "keep-window", "the congestion window outlasts idle times")                    \
    X(EMPTY_PROBES, "empty-probes", "window probes have no octet, and a number before SND.UNA")   \
    X(HYSTART, "hystart",                                                                         \
      "slow start ends where the round trip has risen, without HyStart++'s CSS")                  \
    X(SEND_CHUNKS, "send-chunks", "send buffers are counted and filled by bursts")                \
    X(KEEP_ENDED, "keep-ended",                                                                   \
      "what a reset or a router has ended can still be accepted, and what had arrived be read")   \
    X(UNREACHABLE_ENDS, "unreachable-ends",                                                       \
      "a router's word ends connections that are not open yet")                                   \
    X(SMALL_TAILS, "small-tails",                                                                 \
      "a small segment waits only while another small one is not acknowledged")                   \
    X(PATH_MSS, "path-mss", "the MSS that a SYN offers is no more than the path carries there")   \
    X(TRY_EXPERIMENT, "try-experiment",                                                           \
      "a server without an answer to the Fast Open option is asked once in that of experiments")  \
    X(KEEP_VALIDATED, "keep-validated",                                                           \
      "a window in full use when data were last sent may grow, sent or not since then")           \
    X(CUT_WINDOW, "cut-window", "congestion cuts the window, not what is in flight")              \
    X(CUT_ONCE, "cut-once", "what is sent again and lost again does not cut the window again")    \
    X(REPAY_RESENT, "repay-resent",                                                               \
      "recovery sends one segment more for what was sent again and acknowledged, and only then")  \
    X(EASE_MARKS, "ease-marks", "a mark reduces the window step by step, as recovery does")       \
    X(WHOLE_SACKS, "whole-sacks", "what is SACKed of a segment counts when it is all of it")      \
    X(RESEND_BURSTS, "resend-bursts", "what left in one burst goes again in one burst")           \
    X(CUBIC_STEPS, "cubic-steps", "CUBIC's window grows by whole segments")                       \
    X(PACE_DEPARTURES, "pace-departures",                                                         \
      "a burst waits until the one before has left at the pace, which half a burst may outrun")   \
    X(GROW_WINDOW, "grow-window", "the window begins with 64 KiB and grows with what arrives")    \
    X(CHECK_ECHO, "check-echo", "a SYN+ACK that echoes no timestamp of ours is reset")            \
    X(REPORT_SYNS, "report-syns", "a SYN that arrives again is reported as data would be")

enum synfin_linux_way {
#define SYNFIN_LINUX_WAY_ENUM(code, name, text) SYNFIN_LINUX_WAY_##code,
    SYNFIN_LINUX_WAYS(SYNFIN_LINUX_WAY_ENUM)
#undef SYNFIN_LINUX_WAY_ENUM
        SYNFIN_LINUX_WAY_COUNT
};

// Explicit congestion notification (RFC 3168): whether marks of congestion are taken for losses
// that need not happen.
enum synfin_ecn {
    SYNFIN_ECN_NEVER,        // not even when a peer asks
    SYNFIN_ECN_ACCEPT,       // when a peer asks for it
    SYNFIN_ECN_ASK,          // and our own SYNs ask
    SYNFIN_ECN_ASK_ACCURATE, // for accurate feedback (RFC 9768), or at least for that of RFC 3168
};

// When packets themselves find out what the path carries (RFC 4821). ICMP errors are heeded always.
enum synfin_mtu_probing {
    SYNFIN_MTU_PROBING_NEVER,
    SYNFIN_MTU_PROBING_BLACK_HOLE, // once full-sized segments vanish, or a router has told a size
    SYNFIN_MTU_PROBING_ALWAYS,     // begins with mtu_base_bytes and grows from there
};

// When a listener answers a SYN without keeping anything of it (RFC 4987 §3.6).
enum synfin_syn_cookies {
    SYNFIN_SYN_COOKIES_NEVER,     // a full cache loses its oldest entry
    SYNFIN_SYN_COOKIES_WHEN_FULL, // the backlog or half_open_max is reached
    SYNFIN_SYN_COOKIES_ALWAYS,
};

// Fills every field, `size` too.
SYNFIN_API void synfin_stack_config_default(struct synfin_stack_config *config);

#ifdef __cplusplus
}
#endif
#endif
