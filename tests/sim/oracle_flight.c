// SPDX-License-Identifier: MIT
//
// What is in flight: Q5. While nothing tells of a loss everything between what was acknowledged
// and what was sent is in flight, and that must fit the congestion window, but for what RFC 3042,
// RFC 8985 and window probes add. From the first sign of a loss until what was out then is
// acknowledged the sum depends on what may be taken for lost: tests/lib/wire_flight.h has it.
#include <inttypes.h>

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

void oracle_flight_on_sent(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    bool is_syn = (sight->packet->flags & ORACLE_SYN) != 0;
    uint64_t left = sight->seq + is_syn;
    uint64_t right = left + sight->packet->payload_bytes;
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
