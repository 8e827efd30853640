// SPDX-License-Identifier: MIT
//
// What is in flight: Q5, and Q11 of what a loss leaves of it. While nothing tells of a loss
// everything between what was acknowledged and what was sent is in flight, and that must fit the
// congestion window, but for what RFC 3042, RFC 8985 and window probes add. From the first sign of
// a loss until what was out then is acknowledged the sum depends on what may be taken for lost:
// tests/lib/wire_flight.h has it.
#include <inttypes.h>
#include <string.h>

#include "sim/oracle_subjects.h"

static bool is_excepted(const struct oracle_sight *sight)
{
    return sight->packet->payload_bytes <= 1 || sight->reason == SYNFIN_REASON_SEND_LIMITED_TRANSMIT
           || sight->reason == SYNFIN_REASON_SEND_TAIL_PROBE
           || sight->reason == SYNFIN_REASON_SEND_FRTO || (sight->packet->flags & ORACLE_SYN) != 0;
}

static void judge_flight(const struct oracle_sight *sight, uint64_t right)
{
    const struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    uint64_t una = end->una_told > 0 ? end->una_told : 1;
    if (conn == NULL || una < end->recover || is_excepted(sight)) {
        return;
    }
    if (right - una > conn->cc.cwnd_bytes) {
        oracle_fail(sight->host->oracle, ORACLE_Q5, end, sight->now_ns,
                    "%" PRIu64 " octets in flight, cwnd %u (%s)", right - una, conn->cc.cwnd_bytes,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

// As the sender itself has it, a FIN included.
static void note_flight(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    if (conn != NULL) {
        uint64_t una = oracle_place(conn->snd.una.n, end->iss, end->una_told);
        uint64_t right = sight->seq + sight->packet->length;
        uint64_t flight = right > una ? right - una : 0;
        end->flight_max = flight > end->flight_max ? flight : end->flight_max;
    }
}

void oracle_flight_on_sent(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    bool is_syn = (sight->packet->flags & ORACLE_SYN) != 0;
    uint64_t left = sight->seq + is_syn;
    uint64_t right = left + sight->packet->payload_bytes;
    note_flight(sight);
    if (sight->packet->payload_bytes == 0) {
        return;
    }
    if (left < end->nxt) {
        uint64_t most = right < end->nxt ? right : end->nxt;
        oracle_ranges_add(&end->resent, left, most);
        end->recover = end->nxt > end->recover ? end->nxt : end->recover;
        return;
    }
    judge_flight(sight, right);
}

// A duplicate, a block, or an echo of congestion: a loss may be near. Until the next acknowledgment
// a timer may have found it, behind which more had been sent by then (RFC 8985 §6.2, step 5).
void oracle_flight_on_heard(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    bool is_duplicate =
        packet->payload_bytes == 0 && sight->ack == end->una_told && sight->ack < end->nxt;
    bool is_marked = (packet->flags & 0x1c0) != 0;
    bool is_told = is_duplicate || packet->sack_blocks > 0 || is_marked;
    if (is_told || end->is_loss_near) {
        end->recover = end->nxt > end->recover ? end->nxt : end->recover;
    }
    end->is_loss_near = is_told;
}

// RFC 5681 §3.1, RFC 9438 §4.6: no more than seven tenths of what was in flight is left by a loss,
// or two segments; by a timeout one segment. BBR has a model of its own.
void oracle_flight_on_trace(struct oracle_host *host, const struct synfin_trace_event *event)
{
    bool is_timeout = event->reason == SYNFIN_REASON_CC_TIMEOUT;
    bool is_loss = event->reason == SYNFIN_REASON_CC_FAST_RETRANSMIT
                   || event->reason == SYNFIN_REASON_CC_LOST_AGAIN;
    if (event->kind != SYNFIN_TRACE_CONGESTION || event->conn == 0 || (!is_timeout && !is_loss)) {
        return;
    }
    const struct oracle_end *end = oracle_ends_of_number(host, event->conn);
    const struct tcp_conn *conn = end == NULL ? NULL : oracle_ends_block(host, end);
    if (conn == NULL || strcmp(conn->cc.ops->name, "bbr") == 0) {
        return;
    }
    uint64_t least = (is_timeout ? 1 : 2) * (uint64_t)conn->snd.mss;
    uint64_t most = is_timeout ? 0 : end->flight_max * 7 / 10;
    most = most > least ? most : least;
    uint32_t cwnd = event->as.congestion.cwnd_bytes;
    uint32_t ssthresh = event->as.congestion.ssthresh_bytes;
    if (cwnd > most || (is_loss && ssthresh > most)) {
        oracle_fail(host->oracle, ORACLE_Q11, end, event->t_ns,
                    "cwnd %u, ssthresh %u, at most %" PRIu64 " (%s)", cwnd, ssthresh, most,
                    synfin_reason_name((enum synfin_reason)event->reason));
    }
}
