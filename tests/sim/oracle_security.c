// SPDX-License-Identifier: MIT
//
// Strangers: X1 to X6, and C6 and C7 as far as resets tell. What a reset, a SYN or an ICMP error
// may do is worked out when it arrives, from the block as it is then, and looked at when the stack
// has taken it. Where several arrive in one call only the first could be told, and nothing is.
#include <inttypes.h>
#include <string.h>

#include "sim/oracle_subjects.h"

enum {
    AMPLIFICATION = 3,
    KEYS_EVERY = 16,
    RESET_CREDIT_MAX = 1 << 30,
    KEY_BYTES = 16,
    WITNESS_TRIES = 8
};

// What must become of a connection in this event.
enum oracle_fate { FATE_ANY, FATE_END, FATE_LIVE };

static uint64_t fingerprint(const struct tcp_conn *conn)
{
    uint64_t print = oracle_mix((uint64_t)conn->snd.una.n << 32 | conn->snd.nxt.n,
                                (uint64_t)conn->rcv.nxt.n << 32 | conn->rcv.adv.n);
    return oracle_mix(print,
                      (uint64_t)conn->snd.wnd << 32 | (uint32_t)conn->state << 8 | conn->retries);
}

// What of a host any segment without effect must leave alone.
static uint64_t fingerprint_host(const struct oracle_host *host)
{
    const struct tcp *tcp = &host->config.stack->tcp;
    uint64_t print =
        oracle_mix((uint64_t)tcp->half_open.pool.objects << 32 | tcp->time_wait.pool.objects,
                   (uint64_t)tcp->strays.slots_used - tcp->strays.free.count);
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        print = oracle_mix(print, tcp->by_state[i]);
    }
    return print;
}

// The next block in turn stands for all that an arrival has nothing to do with.
static void choose_witness(struct oracle_host *host)
{
    host->witness = NULL;
    for (uint32_t i = 0; i < WITNESS_TRIES && i < host->indexes && host->witness == NULL; i++) {
        struct oracle_end *end = host->by_index[++host->witness_at % host->indexes];
        const struct tcp_conn *conn = end == NULL ? NULL : oracle_ends_block(host, end);
        if (conn != NULL) {
            host->witness = end;
            host->witness_print = fingerprint(conn);
        }
    }
}

void oracle_security_on_arrival(struct oracle_host *host)
{
    if (host->pending.received == 0) {
        host->print = fingerprint_host(host);
        choose_witness(host);
    }
}

static bool has_piece(const uint8_t *octets, uint32_t bytes, const void *key)
{
    uint8_t piece[KEY_BYTES];
    memcpy(piece, key, sizeof piece);
    for (uint32_t i = 0; i + 8 <= bytes; i++) {
        if (memcmp(octets + i, piece, 8) == 0 || memcmp(octets + i, piece + 8, 8) == 0) {
            return true;
        }
    }
    return false;
}

// Headers only: what lies behind them is the user's.
static void judge_secrets(const struct oracle_sight *sight)
{
    const struct synfin_stack *stack = sight->host->config.stack;
    const void *keys[] = {&stack->tcp.table_key, &stack->tcp.isn_key, &stack->tcp.ts_key,
                          &stack->flow_key, &stack->tcp.strays.reset_key};
    const struct oracle_packet *packet = sight->packet;
    uint32_t bytes = packet->datagram_bytes - packet->payload_bytes;
    for (uint32_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (has_piece(packet->datagram, bytes, keys[i])) {
            oracle_fail_host(sight->host, ORACLE_X3, sight->now_ns, "octets of key %u in a header",
                             i);
        }
    }
}

// RFC 9293 §3.10.7.1: an arriving segment containing a RST is discarded.
static void judge_stray_reset(const struct oracle_sight *sight, struct oracle_account *account)
{
    bool is_reset = (sight->packet->flags & ORACLE_RST) != 0;
    if (!is_reset || sight->end != NULL || sight->host->had_fragments) {
        return;
    }
    if (--account->reset_credit < 0) {
        oracle_fail_host(sight->host, ORACLE_C6, sight->now_ns,
                         "a reset that nothing but resets has called for (%s)",
                         synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

static void judge_amount(const struct oracle_sight *sight, struct oracle_account *account)
{
    const struct oracle_end *end = sight->end;
    // RFC 7413 §5.1: a cookie was given to its address; who asks for none trusts all of them.
    bool has_cookie = end != NULL && oracle_handshake_may_be_early(sight->host, end)
                      && oracle_ends_block(sight->host, end) != NULL;
    bool is_validated = end != NULL && (end->is_validated || has_cookie);
    account->is_validated = account->is_validated || is_validated;
    account->sent += sight->packet->datagram_bytes;
    if (!account->is_validated && !sight->host->had_fragments
        && account->sent > AMPLIFICATION * account->received) {
        oracle_fail_host(sight->host, ORACLE_X4, sight->now_ns,
                         "%" PRIu64 " octets for %" PRIu64 " of a peer that is not validated",
                         account->sent, account->received);
    }
}

void oracle_security_on_sent(const struct oracle_sight *sight, const struct synfin_endpoint *local,
                             const struct synfin_endpoint *remote)
{
    bool is_usual = sight->end != NULL && sight->end->is_validated;
    if (sight->host->oracle->totals.packets % KEYS_EVERY == 0) {
        judge_secrets(sight);
    }
    if (!is_usual) {
        struct oracle_account *account = oracle_ends_account(sight->host, local, remote);
        judge_stray_reset(sight, account);
        judge_amount(sight, account);
    }
}

void oracle_security_on_received(const struct oracle_sight *sight, struct oracle_account *account)
{
    bool is_reset = (sight->packet->flags & ORACLE_RST) != 0;
    account->received += sight->packet->datagram_bytes;
    if (!is_reset && account->reset_credit < RESET_CREDIT_MAX) {
        account->reset_credit++;
    }
}

// RFC 5961 §3.2, §4.2 and RFC 9293 §3.10.7.3, §3.10.7.4.
static enum oracle_fate fate_of(const struct oracle_sight *sight, const struct tcp_conn *conn)
{
    const struct oracle_packet *packet = sight->packet;
    bool is_reset = (packet->flags & ORACLE_RST) != 0;
    bool is_syn = (packet->flags & ORACLE_SYN) != 0;
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        bool is_answer = (packet->flags & ORACLE_ACK) != 0
                         && packet->ack - conn->iss.n - 1 < conn->snd.nxt.n - conn->iss.n;
        return !is_reset ? FATE_ANY : is_answer ? FATE_END : FATE_LIVE;
    }
    if (conn->state < SYNFIN_TCP_STATE_ESTABLISHED || conn->state == SYNFIN_TCP_STATE_TIME_WAIT
        || (!is_reset && !is_syn)) {
        return FATE_ANY;
    }
    return is_reset && packet->seq == conn->rcv.nxt.n ? FATE_END : FATE_LIVE;
}

void oracle_security_on_heard(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    bool is_only = sight->host->pending.received == 1;
    end->expect.arrivals = end->expect.arrivals < UINT8_MAX ? end->expect.arrivals + 1 : UINT8_MAX;
    end->expect.fate = FATE_ANY;
    if (conn == NULL || conn->is_done || !conn->is_in_table || !is_only) {
        return;
    }
    bool is_mixed = (sight->packet->flags & (ORACLE_RST | ORACLE_SYN)) == (ORACLE_RST | ORACLE_SYN);
    end->expect.fate = is_mixed ? FATE_ANY : (uint8_t)fate_of(sight, conn);
}

static bool is_ended(const struct tcp_conn *conn)
{
    return conn == NULL || conn->is_done || conn->state == SYNFIN_TCP_STATE_CLOSED;
}

void oracle_security_judge_fate(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns)
{
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    struct oracle_expectation expect = end->expect;
    end->expect = (struct oracle_expectation){0};
    if (host->pending.received != 1) {
        return;
    }
    bool has_restarted =
        end->peer != NULL && end->peer->boot != host->oracle->host[end->peer->host].boot;
    if (expect.fate == FATE_END && !is_ended(conn)) {
        oracle_fail(host->oracle, has_restarted ? ORACLE_C7 : ORACLE_X1, end, now_ns,
                    "a reset with the exact number does not end it");
    }
    if (expect.fate == FATE_LIVE && is_ended(conn)) {
        oracle_fail(host->oracle, ORACLE_X1, end, now_ns,
                    "a reset or SYN that proves nothing has ended it");
    }
    if (expect.has_icmp && expect.must_stay && is_ended(conn)) {
        oracle_fail(host->oracle, ORACLE_X6, end, now_ns,
                    "an ICMP error has ended an open connection, error %u",
                    conn == NULL ? 0 : conn->error);
    }
    bool has_changed =
        conn != NULL
        && (conn->pmtu_bytes != expect.pmtu_bytes || conn->soft_error != expect.soft_error);
    if (expect.has_icmp && expect.is_blind && (has_changed || is_ended(conn))) {
        oracle_fail(host->oracle, ORACLE_X6, end, now_ns,
                    "an ICMP error about nothing that is in flight had an effect");
    }
}

void oracle_security_look(const struct oracle_look *look)
{
    uint32_t floor = look->host->stack_config.mtu_floor_bytes;
    uint32_t mtu = look->conn->pmtu_bytes;
    if (mtu != 0 && mtu < floor && mtu < look->conn->path.mtu_bytes) {
        oracle_fail(look->host->oracle, ORACLE_X6, look->end, look->now_ns,
                    "a path MTU of %u, below the floor of %u", mtu, floor);
    }
}

// RFC 5927 §4.1: the quoted number lies in what is in flight.
static void expect_icmp(struct oracle_host *host, struct oracle_end *end, uint32_t seq)
{
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    if (conn == NULL || is_ended(conn) || host->pending.received != 1) {
        return;
    }
    end->expect.has_icmp = true;
    end->expect.must_stay = conn->state >= SYNFIN_TCP_STATE_ESTABLISHED;
    end->expect.is_blind = seq - conn->snd.una.n >= conn->snd.nxt.n - conn->snd.una.n;
    end->expect.pmtu_bytes = conn->pmtu_bytes;
    end->expect.soft_error = conn->soft_error;
}

void oracle_security_on_icmp(struct oracle_host *host, const struct oracle_packet *packet,
                             uint64_t now_ns)
{
    enum { QUOTE_AT = 8, IPV6_BYTES = 40, IPV4_BYTES = 20, PORTS_AND_SEQ = 8 };
    const uint8_t *at = packet->body + QUOTE_AT;
    uint32_t bytes = packet->body_bytes - QUOTE_AT;
    uint32_t header = packet->is_v6 ? IPV6_BYTES : bytes < IPV4_BYTES ? 0 : (at[0] & 15u) * 4;
    (void)now_ns;
    if (header == 0 || bytes < header + PORTS_AND_SEQ || at[packet->is_v6 ? 6 : 9] != 6) {
        return;
    }
    struct synfin_endpoint local = {.port = oracle_get16(at + header)};
    struct synfin_endpoint remote = {.port = oracle_get16(at + header + 2)};
    if (packet->is_v6) {
        memcpy(local.addr.octet, at + 8, 16);
        memcpy(remote.addr.octet, at + 24, 16);
    } else {
        local.addr = synfin_addr_ipv4(at[12], at[13], at[14], at[15]);
        remote.addr = synfin_addr_ipv4(at[16], at[17], at[18], at[19]);
    }
    struct oracle_end *end = oracle_ends_account(host, &local, &remote)->end;
    if (end != NULL) {
        oracle_touch(host->oracle, end);
        expect_icmp(host, end, oracle_get32(at + header + 4));
    }
}

void oracle_security_after_event(struct oracle_host *host, uint64_t now_ns)
{
    const struct oracle_pending *pending = &host->pending;
    if (pending->received == 0 || pending->is_advancing || pending->sent > 0) {
        return;
    }
    if (pending->invalid == pending->received && fingerprint_host(host) != host->print) {
        bool is_chain = pending->chains == pending->received;
        oracle_fail_host(host, is_chain ? ORACLE_I2 : ORACLE_X5, now_ns,
                         "what is invalid has changed something");
    }
    const struct oracle_end *witness = host->witness;
    const struct tcp_conn *conn = witness == NULL || witness->touched_event == host->events
                                      ? NULL
                                      : oracle_ends_block(host, witness);
    if (conn != NULL && fingerprint(conn) != host->witness_print) {
        bool is_invalid = pending->invalid == pending->received;
        oracle_fail(host->oracle, is_invalid ? ORACLE_X5 : ORACLE_X2, witness, now_ns,
                    "a segment for another connection has changed this one");
    }
}
