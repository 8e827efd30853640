// SPDX-License-Identifier: MIT
//
// Congestion control as a plug-in: events with values in, a window and a pacing rate out,
// integers only. It never sees the connection, and what to send again is not its business
// (tcp_recovery.c). One file per algorithm (RFC 9293 §3.8.2 [MAY-18]): tcp_cc_<name>.c, a row in
// SYNFIN_CONGESTIONS (synfin/congestion.h) and in the table of tcp_cc.c, and a struct in the union
// below, whose size is that of the largest and is checked. An algorithm that needs more has a
// struct of its own, made when it is chosen (tcp_congestion.c).
#ifndef SYNFIN_TCP_CC_H
#define SYNFIN_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/congestion.h>

#include "tcp/tcp_cc_hystart.h"
#include "tcp/tcp_rate.h"

// RFC 5681 §3.1: "arbitrarily high", which stands until the first sign of congestion.
#define TCP_CC_SSTHRESH_INITIAL UINT32_MAX
// Far above any window in use, far below overflow.
#define TCP_CC_CWND_MAX         (UINT32_C(1) << 30)

struct tcp_cc;

// New data was acknowledged.
struct tcp_cc_ack {
    uint32_t acked_bytes;
    uint32_t marked_bytes; // of those, with a mark of congestion (ECN CE)
    uint32_t flight_bytes; // still in flight
    uint32_t mss_bytes;
    bool is_limited_by_cwnd;  // the window was in full use, RFC 7661 §3
    bool is_app_limited;      // nothing waits to be sent, and the window has room
    bool is_round_end;        // covers what was sent first in the round trip that now ends
    bool is_paced;            // what is sent is spread over the round trip
    bool counts_all;          // all of acked_bytes opens the window in slow start, whatever L is
    bool has_plain_hystart;   // slow start ends at once where the round trip has risen
    bool moves_by_segments;   // CUBIC's window; tcp_cc_cubic_steps.c
    bool is_recovering;       // a loss is being repaired: the window is not to grow
    uint64_t rtt_ns;          // of what is acknowledged; 0: not known
    uint64_t srtt_ns;         // smoothed; 0: no sample yet
    uint64_t rtt_min_ns;      // least of the connection; 0: the same
    uint64_t delivered_bytes; // acknowledged in all, this included
    uint64_t now_ns;
    const struct tcp_rate_sample *rate; // for on_delivered; NULL for on_ack
};

// A sign of congestion: duplicate acknowledgments, the timer, or a mark.
struct tcp_cc_loss {
    uint32_t flight_bytes; // FlightSize when it was detected
    uint32_t mss_bytes;
    bool is_ecn;   // a mark, nothing was lost: RFC 3168 §6.1.2
    bool has_sack; // what was lost is told by on_lost, too
    bool moves_by_segments;
    uint64_t now_ns;
};

// Octets sent together are taken for lost.
struct tcp_cc_lost {
    uint64_t delivered_bytes; // by the connection until now
    uint64_t lost_bytes;      // since these were sent, these included
    uint64_t now_ns;
    uint32_t bytes;              // of these
    uint32_t tx_in_flight_bytes; // with these, when they were sent
    uint32_t mss_bytes;
    bool is_app_limited; // when they were sent
    bool is_apart;       // they do not follow those that were lost before
};

// Something is to be sent and nothing is in flight.
struct tcp_cc_restart {
    uint64_t srtt_ns; // 0: no sample yet
    uint64_t now_ns;
    bool is_app_limited; // the sender ran dry before
    bool moves_by_segments;
};

// The last sign of congestion was none.
struct tcp_cc_undo {
    bool was_timeout;
    uint32_t flight_bytes, acked_bytes; // now; by the acknowledgment that showed it
    uint32_t mss_bytes, initial_segments;
};

struct tcp_cc_ops {
    const char *name;
    uint32_t state_bytes;  // of `own.state`; 0: the union is enough
    bool governs_recovery; // while losses are repaired the window counts, and not RFC 9937's PRR
    // The algorithm's own state, for a new connection or in the place of another algorithm: the
    // windows are set.
    void (*open)(struct tcp_cc *cc);
    void (*on_ack)(struct tcp_cc *cc, const struct tcp_cc_ack *ack);
    void (*on_loss)(struct tcp_cc *cc, const struct tcp_cc_loss *loss);
    void (*on_recovered)(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit);
    void (*on_timeout)(struct tcp_cc *cc, const struct tcp_cc_loss *loss);
    void (*on_idle)(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments);
    void (*on_undo)(struct tcp_cc *cc, const struct tcp_cc_undo *undo);
    // NULL: of no interest. After every acknowledgment that delivers something, SND.UNA moved or
    // not; true when the algorithm sends less than it could: what is measured then is limited.
    // Before that everything that it shows to be lost, one by one. Before something is sent while
    // nothing is in flight, maybe several times.
    bool (*on_delivered)(struct tcp_cc *cc, const struct tcp_cc_ack *ack);
    void (*on_lost)(struct tcp_cc *cc, const struct tcp_cc_lost *lost);
    void (*on_restart)(struct tcp_cc *cc, const struct tcp_cc_restart *restart);
};

// How state of an algorithm's own begins. The core sets it once; `open` leaves it.
struct tcp_cc_state {
    uint64_t random; // tcp_cc_random_below; the seed is the connection's own
};

struct tcp_cc_newreno {
    struct tcp_cc_hystart hystart;
    uint32_t counted_bytes; // acknowledged towards the next segment of growth, RFC 3465 §2.1
};

// Variables of RFC 8257 §3.3.
struct tcp_cc_dctcp {
    struct tcp_cc_newreno growth;
    uint32_t alpha;                     // DCTCP.Alpha, a part of 2^20
    uint64_t acked_bytes, marked_bytes; // DCTCP.BytesAcked, DCTCP.BytesMarked
};

// What CUBIC by segments counts besides.
struct tcp_cc_cubic_steps {
    uint32_t origin;   // of the curve: W_max, or the window of the beginning if that was larger
    uint32_t per_step; // segments to be acknowledged for one more; 0: to be computed
    uint32_t acked;    // segments acknowledged that W_est does not show yet
};

// Variables of RFC 9438 §4.1.2. Time is in ms: C is per cubic second, and K is seldom below one.
struct tcp_cc_cubic {
    union {
        struct tcp_cc_hystart hystart;   // in slow start
        struct tcp_cc_cubic_steps steps; // in congestion avoidance by segments
    };
    uint64_t w_est;       // W_est, in octets shifted by 24, or in segments; 0: no epoch has begun
    uint32_t w_max_bytes; // W_max; 0: not known
    uint32_t apex_ms;     // t_epoch + K: when the curve reaches W_max
    uint32_t updated_ms;  // of this epoch: the last time that counts
    // Octets times octets towards the next octet of growth, below cwnd; or segments towards one.
    uint32_t credit;
    struct { // RFC 9438 §4.9.2: as they were before the last loss
        uint32_t cwnd_prior_bytes, w_max_bytes, w_est_bytes, apex_ms;
    } undo;
};

struct tcp_cc {
    const struct tcp_cc_ops *ops;
    uint64_t pacing_rate; // octets per second; 0: the algorithm does not say
    uint32_t cwnd_bytes;
    uint32_t ssthresh_bytes;
    uint32_t cwnd_prior_bytes;     // when ssthresh was last set for congestion; 0: never
    uint32_t ssthresh_prior_bytes; // pipe_prev of RFC 4015 §3.2; 0: there is nothing to undo
    union {
        struct tcp_cc_newreno newreno;
        struct tcp_cc_cubic cubic;
        struct tcp_cc_dctcp dctcp;
        struct tcp_cc_state *state; // when the algorithm has state_bytes
    } own;                          // the algorithm's: nobody else looks
};
_Static_assert(sizeof(struct tcp_cc) <= 96, "ARCHITECTURE.md says where each octet goes");

extern const struct tcp_cc_ops tcp_cc_newreno, tcp_cc_cubic, tcp_cc_bbr, tcp_cc_dctcp;

// tcp_cc.c: what algorithms share, and their table
const struct tcp_cc_ops *tcp_cc_ops_of(enum synfin_congestion algorithm);
// A new connection, or the first data of one. RFC 5681 §3.1, RFC 6928.
void tcp_cc_open(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments);
// Another algorithm goes on with the window of the one before. `state` is for algorithms that have
// state_bytes.
void tcp_cc_switch(struct tcp_cc *cc, const struct tcp_cc_ops *ops, struct tcp_cc_state *state);
// The largest state_bytes of all.
uint32_t tcp_cc_state_bytes_max(void);
// A number below `bound`, which is not 0, for what need not be unpredictable.
uint32_t tcp_cc_random_below(struct tcp_cc_state *state, uint32_t bound);
// The state that the algorithm has beside the union, or NULL.
struct tcp_cc_state *tcp_cc_state_of(const struct tcp_cc *cc);
uint32_t tcp_cc_initial_window(uint32_t mss_bytes, uint32_t segments);
// Segments have this size now. RFC 5681 §3.1: even the loss window, LW, is one of them.
void tcp_cc_on_mss(struct tcp_cc *cc, uint32_t mss_bytes);
// RFC 5681 §3.1 eq. 2, counting octets: at most `limit_segments` of an acknowledgment (L).
void tcp_cc_slow_start(struct tcp_cc *cc, const struct tcp_cc_ack *ack, uint32_t limit_segments);
// Until the first sign of congestion slow start is HyStart++.
static inline bool tcp_cc_is_initial_slow_start(const struct tcp_cc *cc)
{
    return cc->ssthresh_bytes == TCP_CC_SSTHRESH_INITIAL;
}
// RFC 8511 §3.1: a mark in congestion avoidance tells of a shorter queue than a loss does, and cuts
// less.
static inline bool tcp_cc_is_gentle(const struct tcp_cc *cc, const struct tcp_cc_loss *loss)
{
    return loss->is_ecn && cc->cwnd_bytes >= cc->ssthresh_bytes;
}
// Before a reduction: notes what tcp_cc_undo goes back to.
void tcp_cc_remember(struct tcp_cc *cc, const struct tcp_cc_loss *loss, bool is_timeout);
// RFC 6582 §3.2 step 3, RFC 5681 §4.1, RFC 4015 §3.1 and RFC 9438 §4.9: the same for all that set
// ssthresh. tcp_cc_undo says whether there was something to undo.
void tcp_cc_on_recovered(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit);
void tcp_cc_on_idle(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments);
bool tcp_cc_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo);
// The same for algorithms that have nothing else to take back.
void tcp_cc_on_undo(struct tcp_cc *cc, const struct tcp_cc_undo *undo);

static inline uint32_t tcp_cc_smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t tcp_cc_larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

// tcp_cc_newreno.c: growth by acknowledgments, for who cuts the window in another way. `own` is the
// algorithm's own.
void tcp_cc_newreno_grow(struct tcp_cc *cc, struct tcp_cc_newreno *own,
                         const struct tcp_cc_ack *ack);

// tcp_cc_dctcp.c, for its tests: alpha after a round trip with so many octets marked.
uint32_t tcp_cc_dctcp_alpha(uint32_t alpha, uint64_t marked_bytes, uint64_t acked_bytes);

// tcp_cc_cubic.c, for its tests
// The largest integer whose cube is at most x.
uint32_t tcp_cc_cubic_root(uint64_t x);
// K (RFC 9438 §4.2) of the way from `cwnd_bytes` up to `w_max_bytes`, less than 1 ms short.
uint32_t tcp_cc_cubic_k_ms(uint32_t w_max_bytes, uint32_t cwnd_bytes, uint32_t mss_bytes);
// W_cubic `distance_ms` after (below 0: before) the curve reaches W_max; off by at most two
// octets and a ten-thousandth of a segment.
uint32_t tcp_cc_cubic_window(uint32_t w_max_bytes, int64_t distance_ms, uint32_t mss_bytes);

// tcp_cc_cubic_steps.c: growth after the first slow start; data leave after an idle time.
void tcp_cc_cubic_steps_on_ack(struct tcp_cc *cc, const struct tcp_cc_ack *ack);
void tcp_cc_cubic_steps_on_restart(struct tcp_cc *cc, uint64_t now_ns);

#endif
