// SPDX-License-Identifier: MIT
//
// SYN cookies (RFC 4987 §3.6): a first sequence number from which the handshake can be completed
// without any state kept here. The cookie is a keyed hash of the pair, of the peer's own first
// sequence number and of the time, plus the number of a segment size:
//
//     cookie = hash(key of this epoch, pair, IRS, options)
//              + 2^29 x place of the peer's MSS in a table of 8
//
// All 32 bits count: of 2^32 acknowledgments a blind guesser can send, 16 are right (8 sizes, this
// epoch and the last), which is 2^-28; with a timestamp, which may have to be ignored, twice as
// many. What a sequence number cannot hold, the window scale, SACK
// and ECN, goes into the low 6 bits of the timestamp we send, which the peer echoes. They are
// nobody's secret, but the cookie is good with them alone: what a connection that is gone sends
// later echoes another timestamp, and would open one whose windows nobody has agreed on.
#ifndef SYNFIN_TCP_COOKIE_H
#define SYNFIN_TCP_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"
#include "base/siphash.h"
#include "tcp/tcp_conn.h"

// What a peer's SYN offered, as far as the connection needs it: what a half-open entry keeps, and
// what a cookie brings back.
struct tcp_offer {
    struct seq irs;
    uint16_t mss;         // option or default, not below the floor
    uint8_t wscale_shift; // at most 14
    uint8_t ecn;          // enum tcp_ecn_mode: how we answer it
    bool has_wscale, has_sack, has_timestamps;
    uint32_t ts_val; // of the last segment
};

struct tcp_cookie_jar {
    uint64_t secret[4];        // master secret; machines that share it know each other's cookies
    uint64_t clock_offset_ns;  // added to `now_ns`: the time that those machines share
    uint64_t epoch_ns;         // a cookie is good for between one and two of these
    uint64_t epoch;            // of key[0]
    struct siphash_key key[2]; // of this epoch and of the one before
    bool has_keys;
};

void tcp_cookie_init(struct tcp_cookie_jar *jar, const uint64_t secret[4], uint64_t clock_offset_ns,
                     uint64_t lifetime_ns);
// The ISS that says `offer`; the MSS is rounded down to the next one of the table.
struct seq tcp_cookie_make(struct tcp_cookie_jar *jar, const struct tcp_pair *pair,
                           const struct tcp_offer *offer, uint64_t now_ns);
// Whether `iss` (SEG.ACK - 1 of an acknowledgment whose SEG.SEQ - 1 is offer->irs) is a cookie of
// this pair and the options of `offer` that is still good. Fills offer->mss.
bool tcp_cookie_open(struct tcp_cookie_jar *jar, const struct tcp_pair *pair, struct seq iss,
                     uint64_t now_ns, struct tcp_offer *offer);

// A timestamp not after `ts_now` (in the serial order of RFC 7323 §5.2) whose low bits say the
// offer's window scale, SACK and ECN.
uint32_t tcp_cookie_stamp(uint32_t ts_now, const struct tcp_offer *offer);
// The key of the timestamps' offsets (RFC 7323 §7.1) of machines that share their secret: who
// completes another's handshake must go on from its timestamp, or the peer takes all for old.
struct siphash_key tcp_cookie_stamp_key(const struct tcp_cookie_jar *jar);
// Reads them from the timestamp that came back.
void tcp_cookie_read_stamp(uint32_t ts_ecr, struct tcp_offer *offer);

#endif
