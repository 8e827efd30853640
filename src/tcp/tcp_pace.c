// SPDX-License-Identifier: MIT
//
// Pacing; see tcp_pace.h.
#include "tcp/tcp_pace.h"

#include "base/deadline.h"
#include "tcp/tcp_linux.h"

enum {
    SLOW_START_PERCENT = 200,
    AVOIDANCE_PERCENT = 120,
    QUANTUM_SEGMENTS_MIN = 2,
    QUANTUM_BYTES_MAX = 65536,
    UNPACED_SEGMENTS = 10, // RFC 6928: what may go at once at the start may always go at once
};

#define QUANTUM_NS NS_PER_MS

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool has_window_pace(const struct tcp_conn *conn)
{
    return conn->set.has_pacing && conn->rtt.srtt_ns >= QUANTUM_NS;
}

bool tcp_pace_is_on(const struct tcp_conn *conn)
{
    return conn->cc.pacing_rate != 0 || conn->set.pacing_rate_max != 0 || has_window_pace(conn);
}

// Below half of ssthresh slow start goes on for at least another round trip.
static uint64_t rate_of_window(const struct tcp_conn *conn)
{
    const struct tcp_cc *cc = &conn->cc;
    bool may_be_unpaced = !tcp_linux_has(conn, SYNFIN_LINUX_WAY_PACE_DEPARTURES);
    if (!has_window_pace(conn)
        || (may_be_unpaced && cc->cwnd_bytes <= UNPACED_SEGMENTS * (uint32_t)conn->snd.mss)) {
        return 0;
    }
    uint32_t percent =
        cc->cwnd_bytes < cc->ssthresh_bytes / 2 ? SLOW_START_PERCENT : AVOIDANCE_PERCENT;
    uint64_t per_trip = (uint64_t)cc->cwnd_bytes * percent / 100; // at most 2^31
    return per_trip * NS_PER_S / conn->rtt.srtt_ns + 1;
}

uint64_t tcp_pace_rate(const struct tcp_conn *conn)
{
    uint64_t rate = conn->cc.pacing_rate != 0 ? conn->cc.pacing_rate : rate_of_window(conn);
    uint64_t most = conn->set.pacing_rate_max;
    return most != 0 && (rate == 0 || most < rate) ? most : rate;
}

static uint32_t quantum_of(const struct tcp_conn *conn, uint64_t rate)
{
    uint64_t least = QUANTUM_SEGMENTS_MIN * (uint64_t)conn->snd.mss;
    uint64_t bytes = smaller(rate / (NS_PER_S / QUANTUM_NS), QUANTUM_BYTES_MAX);
    return (uint32_t)(bytes > least ? bytes : least);
}

uint32_t tcp_pace_quantum(const struct tcp_conn *conn)
{
    uint64_t rate = tcp_pace_rate(conn);
    bool is_apart = tcp_linux_has(conn, SYNFIN_LINUX_WAY_PACE_DEPARTURES);
    return rate == 0 || is_apart ? UINT32_MAX : quantum_of(conn, rate);
}

// A wait ends when half of the quantum may go.
uint64_t tcp_pace_wait(const struct tcp_conn *conn, uint64_t now_ns)
{
    uint64_t ahead_ns = conn->pace_ns > now_ns ? conn->pace_ns - now_ns : 0;
    uint64_t rate = ahead_ns > 0 ? tcp_pace_rate(conn) : 0;
    if (rate == 0 || tcp_linux_has(conn, SYNFIN_LINUX_WAY_PACE_DEPARTURES)) {
        return rate == 0 ? 0 : ahead_ns;
    }
    uint64_t quantum_ns = quantum_of(conn, rate) * NS_PER_S / rate;
    return ahead_ns < quantum_ns ? 0 : ahead_ns - quantum_ns / 2;
}

// Nothing of the first segments is held; with PACE_DEPARTURES the last of them holds what follows.
static bool is_at_start(const struct tcp_conn *conn)
{
    uint64_t bytes = UNPACED_SEGMENTS * (uint64_t)conn->snd.mss;
    return tcp_linux_has(conn, SYNFIN_LINUX_WAY_PACE_DEPARTURES) ? conn->totals.bytes_sent < bytes
                                                                 : conn->totals.bytes_sent <= bytes;
}

void tcp_pace_on_sent(struct tcp_conn *conn, uint32_t bytes, uint64_t now_ns)
{
    bool is_start = is_at_start(conn);
    uint64_t rate = is_start && conn->set.pacing_rate_max == 0 ? 0 : tcp_pace_rate(conn);
    if (rate == 0) {
        return;
    }
    uint64_t from_ns = conn->pace_ns > now_ns ? conn->pace_ns : now_ns;
    uint64_t takes_ns = (bytes * NS_PER_S + rate - 1) / rate;
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_PACE_DEPARTURES)) {
        takes_ns -= smaller(takes_ns / 2, from_ns - conn->pace_ns); // it was idle
    }
    conn->pace_ns = deadline_after(from_ns, takes_ns);
}

void tcp_pace_forget(struct tcp_conn *conn)
{
    if (conn->set.pacing_rate_max == 0) {
        conn->pace_ns = 0;
    }
}
