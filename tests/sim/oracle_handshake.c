// SPDX-License-Identifier: MIT
//
// Opening: H1 to H5.
#include <inttypes.h>

#include "sim/oracle_subjects.h"

// RFC 7323 §2.2, §3.2, RFC 2018 §2: an answer offers only what was offered.
static void judge_answer(const struct oracle_sight *sight)
{
    const struct oracle_packet *packet = sight->packet;
    const struct oracle_offer *heard = &sight->end->heard;
    if (!heard->is_known || (packet->flags & ORACLE_ACK) == 0) {
        return;
    }
    if ((packet->has_timestamps && !heard->has_timestamps)
        || (packet->wscale >= 0 && heard->wscale < 0)
        || (packet->has_sack_permitted && !heard->has_sack)) {
        oracle_fail(sight->host->oracle, ORACLE_H4, sight->end, sight->now_ns,
                    "a SYN+ACK offers what the SYN did not");
    }
}

void oracle_handshake_on_syn_sent(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    if (end->has_iss && packet->seq != end->iss) {
        oracle_fail(sight->host->oracle, ORACLE_H2, end, sight->now_ns,
                    "a SYN with %" PRIu32 ", before with %" PRIu32, packet->seq, end->iss);
    }
    judge_answer(sight);
}

// RFC 7323 §3.2: timestamps in every segment or in none.
void oracle_handshake_on_sent(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    if ((packet->flags & ORACLE_SYN) != 0 || !end->heard.is_known || !end->offered.is_known) {
        return;
    }
    bool has_timestamps = end->heard.has_timestamps && end->offered.has_timestamps;
    bool has_sack = end->heard.has_sack && end->offered.has_sack;
    if (packet->has_timestamps != has_timestamps || (packet->sack_blocks > 0 && !has_sack)) {
        oracle_fail(sight->host->oracle, ORACLE_H4, end, sight->now_ns,
                    "timestamps %s, %s; %u SACK blocks, %s (%s)",
                    packet->has_timestamps ? "sent" : "not sent",
                    has_timestamps ? "agreed on" : "not agreed on", packet->sack_blocks,
                    has_sack ? "agreed on" : "not agreed on",
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

// RFC 7413 §4.2.2, §5.1: data of a SYN are delivered for its cookie, or by a listener that asks for
// none.
bool oracle_handshake_may_be_early(const struct oracle_host *host, const struct oracle_end *end)
{
    bool takes_any = host->stack_config.fastopen_takes_any != 0;
    return end->is_passive && (end->heard.has_fastopen || takes_any);
}

// Initial numbers follow a clock: what was sent before may be ahead of it, or it stands still. Then
// what the peer acknowledges of the connection before opens the one that an old SYN has called
// (RFC 9293 §3.4.1, §3.4.3).
static bool may_have_met(const struct oracle *oracle, const struct oracle_end *end)
{
    const struct oracle_end *peer = end->peer;
    if (!end->is_passive || peer == NULL || !peer->has_irs) {
        return false;
    }
    uint32_t ahead = oracle_ends_shown(oracle, end) + 1 - peer->irs;
    return end->namesake != NULL || ahead <= oracle_ranges_end(&peer->arrived, 0);
}

void oracle_handshake_on_opened(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns)
{
    struct oracle *oracle = host->oracle;
    bool may_be_early = oracle_handshake_may_be_early(host, end);
    bool was_opened = end->has_opened;
    end->has_opened = true;
    if (was_opened || end->is_lied_to || host->had_fragments) {
        return;
    }
    if (end->una_told == 0 && !may_be_early) {
        oracle_fail(
            oracle, ORACLE_H1, end, now_ns,
            "open, and our SYN is not acknowledged: %s, %s a number, %s Fast Open, state %d",
            end->is_passive ? "passive" : "active", end->has_irs ? "with" : "without",
            end->heard.has_fastopen ? "with" : "without",
            oracle_ends_block(host, end) == NULL ? -1 : oracle_ends_block(host, end)->state);
    }
    const struct oracle_end *peer = end->peer;
    bool is_agreed =
        peer != NULL && (!peer->has_irs || peer->irs == oracle_ends_shown(oracle, end));
    bool may_differ = may_be_early // RFC 7413 §6.1: a SYN again, whose connection has ended
                      || may_have_met(oracle, end);
    if (!is_agreed && may_differ) {
        end->is_tainted = end->is_lied_to = true;
        return;
    }
    if (!is_agreed) {
        oracle_fail(oracle, ORACLE_H2, end, now_ns, "open, and %s",
                    peer == NULL ? "nobody has sent the other number"
                                 : "the peer has another number of ours");
    }
}

void oracle_handshake_look(const struct oracle_look *look)
{
    struct oracle_end *end = look->end;
    const struct tcp_conn *conn = look->conn;
    if (!look->is_synchronised) {
        return;
    }
    bool is_same =
        end->has_iss && end->has_irs && conn->iss.n == end->iss && conn->irs.n == end->irs;
    if (is_same || end->boot != look->host->boot) {
        return;
    }
    if (!end->is_lied_to && !look->host->had_fragments) {
        oracle_fail(look->host->oracle, ORACLE_H2, end, look->now_ns,
                    "ISS %" PRIu32 " and IRS %" PRIu32 "; on the wire %" PRIu32 " and %" PRIu32,
                    conn->iss.n, conn->irs.n, end->iss, end->irs);
    }
    oracle_ends_set_iss(look->host->oracle, end, conn->iss.n);
    oracle_ends_set_irs(look->host->oracle, end, conn->irs.n);
}

void oracle_handshake_look_listeners(struct oracle_host *host, uint64_t now_ns)
{
    for (uint32_t i = 0; i < host->listeners; i++) {
        const struct oracle_listener *listener = &host->listener[i];
        const struct tcp_conn *conn =
            slab_pool_at(&host->config.stack->tcp.conns, (uint32_t)listener->socket - 1);
        if (conn == NULL || conn->state != SYNFIN_TCP_STATE_LISTEN) {
            oracle_fail_host(host, ORACLE_H3, now_ns, "a listener does not listen any more");
            continue;
        }
        if (conn->listen.half_opens > listener->backlog) {
            oracle_fail_host(host, ORACLE_H3, now_ns, "%u half-open connections, backlog %u",
                             conn->listen.half_opens, listener->backlog);
        }
        if (conn->listen.acceptables > listener->backlog) {
            oracle_fail_host(host, ORACLE_H5, now_ns, "%u connections wait for accept, backlog %u",
                             conn->listen.acceptables, listener->backlog);
        }
    }
}
