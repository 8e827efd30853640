// SPDX-License-Identifier: MIT
//
// Numbers that somebody off the path must not guess: initial sequence numbers (RFC 6528) and the
// offsets of timestamps (RFC 7323 §7.1), both keyed by the whole pair of endpoints.
#include "tcp/tcp_internal.h"

enum { ISN_TICK_NS = 4000 }; // RFC 9293 §3.4.1 [MUST-8]: a clock of about 4 us

// ISN = M + F(localip, localport, remoteip, remoteport, secretkey): RFC 6528 §3,
// RFC 9293 §3.4.1 [SHLD-1, MUST-9].
struct seq tcp_isn(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns)
{
    uint32_t ticks = (uint32_t)(now_ns / ISN_TICK_NS);
    return seq_make(ticks + (uint32_t)siphash_24(&tcp->isn_key, pair, sizeof(*pair)));
}

uint32_t tcp_isn_timestamp(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns)
{
    return tcp_paws_clock(now_ns) + tcp_isn_ts_offset(tcp, pair);
}

// Machines that share the secret of their cookies share the clock of their timestamps too.
uint32_t tcp_isn_ts_offset(const struct tcp *tcp, const struct tcp_pair *pair)
{
    uint32_t shared = tcp_paws_clock(tcp->config.cookie_clock_offset_ns);
    return shared + (uint32_t)siphash_24(&tcp->ts_key, pair, sizeof(*pair));
}
