// SPDX-License-Identifier: MIT
//
// Streams: S1 to S8. Words of eight octets are a hash of the end's key and their number, so that a
// stream is neither kept nor copied: what is written, sent and read is each compared with the hash.
#include <inttypes.h>
#include <string.h>

#include "sim/oracle_subjects.h"

enum { WORD = 8 };

static uint64_t word_at(uint64_t key, uint64_t index)
{
    uint64_t x = (key + index) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

// Octets of a word in the order of the stream: the first is the lowest.
static uint64_t load(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24
           | (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48
           | (uint64_t)at[7] << 56;
}

static void store(uint8_t *out, uint64_t word)
{
    out[0] = (uint8_t)word;
    out[1] = (uint8_t)(word >> 8);
    out[2] = (uint8_t)(word >> 16);
    out[3] = (uint8_t)(word >> 24);
    out[4] = (uint8_t)(word >> 32);
    out[5] = (uint8_t)(word >> 40);
    out[6] = (uint8_t)(word >> 48);
    out[7] = (uint8_t)(word >> 56);
}

// The eight octets from `offset` on, when `low` is the word that holds the first of them.
static uint64_t join(uint64_t low, uint64_t high, uint32_t shift)
{
    return shift == 0 ? low : low >> shift | high << (64 - shift);
}

void oracle_stream_octets(uint64_t key, uint64_t offset, uint8_t *out, size_t bytes)
{
    uint64_t index = offset / WORD;
    uint32_t shift = (uint32_t)(offset % WORD) * 8;
    uint64_t low = word_at(key, index);
    size_t done = 0;
    for (; done + WORD <= bytes; done += WORD) {
        uint64_t high = word_at(key, ++index);
        store(out + done, join(low, high, shift));
        low = high;
    }
    uint8_t rest[WORD];
    store(rest, join(low, word_at(key, ++index), shift));
    for (size_t i = 0; done + i < bytes; i++) {
        out[done + i] = rest[i];
    }
}

size_t oracle_stream_match(uint64_t key, uint64_t offset, const uint8_t *octets, size_t bytes)
{
    uint64_t index = offset / WORD;
    uint32_t shift = (uint32_t)(offset % WORD) * 8;
    uint64_t low = word_at(key, index);
    size_t done = 0;
    while (done + WORD <= bytes) {
        uint64_t high = word_at(key, ++index);
        if (load(octets + done) != join(low, high, shift)) {
            break;
        }
        low = high;
        done += WORD;
    }
    while (done < bytes) {
        uint64_t at = offset + done;
        if (octets[done] != (uint8_t)(word_at(key, at / WORD) >> (8 * (at % WORD)))) {
            break;
        }
        done++;
    }
    return done;
}

// The oldest place that is not acknowledged, as the sender itself has it.
static uint64_t una_of(const struct oracle_sight *sight)
{
    const struct tcp_conn *conn = oracle_ends_block(sight->host, sight->end);
    return conn == NULL ? 0 : oracle_place(conn->snd.una.n, sight->end->iss, sight->end->una_told);
}

static void judge_octets(const struct oracle_sight *sight, uint64_t left, uint32_t bytes)
{
    struct oracle *oracle = sight->host->oracle;
    const struct oracle_end *end = sight->end;
    if (left == 0 || left - 1 + bytes > end->written) {
        oracle_fail(oracle, ORACLE_S5, end, sight->now_ns,
                    "octets %" PRIu64 " to %" PRIu64 " of %" PRIu64 " written", left - 1,
                    left - 1 + bytes, end->written);
        return;
    }
    size_t right = oracle_stream_match(end->key, left - 1, sight->packet->payload, bytes);
    oracle->totals.octets += bytes;
    if (right < bytes) {
        oracle_fail(oracle, ORACLE_S4, end, sight->now_ns, "octet %" PRIu64 " of the stream (%s)",
                    left - 1 + right, synfin_reason_name((enum synfin_reason)sight->reason));
    }
    if (left < una_of(sight) && sight->reason != SYNFIN_REASON_SEND_KEEPALIVE) {
        oracle_fail(oracle, ORACLE_S5, end, sight->now_ns,
                    "octet %" PRIu64 " again (%s), acknowledged up to %" PRIu64, left - 1,
                    synfin_reason_name((enum synfin_reason)sight->reason), una_of(sight) - 1);
    }
}

// The octet of a window probe counts as refused, and what a SYN carried may not have been taken
// (RFC 7413 §4.2.1): both are sent again as if never sent.
static void judge_again(const struct oracle_sight *sight, uint64_t left, uint32_t bytes)
{
    const struct oracle_end *end = sight->end;
    bool is_again = left >= end->syn_right && left + 1 < end->nxt;
    if (is_again && left + bytes > end->nxt) {
        oracle_fail(sight->host->oracle, ORACLE_S8, end, sight->now_ns,
                    "octets %" PRIu64 " to %" PRIu64 " (%s), and up to %" PRIu64 " was sent",
                    left - 1, left - 1 + bytes,
                    synfin_reason_name((enum synfin_reason)sight->reason), end->nxt - 1);
    }
}

static void judge_fin(const struct oracle_sight *sight, uint64_t place)
{
    const struct oracle_end *end = sight->end;
    bool may_close = end->has_shut || end->is_closed;
    if ((end->fin != 0 && end->fin != place) || place != end->written + 1 || !may_close) {
        oracle_fail(sight->host->oracle, ORACLE_S7, end, sight->now_ns,
                    "a FIN at %" PRIu64 ", before at %" PRIu64 ", with %" PRIu64
                    " octets written and %s",
                    place, end->fin, end->written, may_close ? "closed" : "not closed");
    }
}

// RFC 9293 §3.8.5 [MUST-62]: the pointer says where the octet behind the urgent data is.
static void judge_mark(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    uint64_t mark = sight->seq + sight->packet->urgent;
    bool is_far = sight->packet->urgent == UINT16_MAX && mark < end->urgent;
    if (end->urgent == 0 || (mark != end->urgent && !is_far)) {
        oracle_fail(sight->host->oracle, ORACLE_S5, end, sight->now_ns,
                    "urgent up to %" PRIu64 ", marked up to %" PRIu64, mark, end->urgent);
    }
}

void oracle_stream_on_sent(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    uint64_t left = sight->seq + ((packet->flags & ORACLE_SYN) != 0);
    uint64_t right = left + packet->payload_bytes;
    if ((packet->flags & ORACLE_URG) != 0) {
        judge_mark(sight);
    }
    if (packet->payload_bytes > 0) {
        judge_octets(sight, left, packet->payload_bytes);
        judge_again(sight, left, packet->payload_bytes);
    }
    if ((packet->flags & ORACLE_FIN) != 0) {
        judge_fin(sight, right);
    }
    if (end->fin != 0 && packet->payload_bytes > 0 && right > end->fin) {
        oracle_fail(sight->host->oracle, ORACLE_S7, end, sight->now_ns,
                    "octets up to %" PRIu64 " behind the FIN at %" PRIu64, right, end->fin);
    }
}

// A segment that another incarnation of the pair has sent, and that comes late, is genuine and
// still not the peer's: whoever takes it cannot know better (RFC 7323 §5).
void oracle_stream_on_heard(const struct oracle_sight *sight, uint64_t left, uint64_t right)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    size_t bytes = packet->payload_bytes < WORD ? packet->payload_bytes : WORD;
    bool is_old = left < 1 || right > end->edge + 1;
    if (is_old || end->is_tainted || bytes == 0) {
        return;
    }
    if (end->peer == NULL
        || oracle_stream_match(end->peer->key, left - 1, packet->payload, bytes) < bytes) {
        end->is_tainted = end->is_lied_to = true;
        sight->host->oracle->totals.tainted++;
    }
}

static void judge_end(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns)
{
    const struct oracle_end *peer = end->peer;
    end->has_read_end = true;
    if (end->has_shut_reading || end->is_tainted || end->is_lied_to) {
        return;
    }
    if (end->peer_fin == 0 || end->delivered + 1 != end->peer_fin || peer == NULL) {
        oracle_fail(host->oracle, ORACLE_S3, end, now_ns,
                    "the end after %" PRIu64 " octets, the FIN at %" PRIu64, end->delivered,
                    end->peer_fin);
    } else if (peer->fin == 0 || peer->written != end->delivered) {
        oracle_fail(host->oracle, ORACLE_S3, end, now_ns,
                    "the end after %" PRIu64 " octets of %" PRIu64 " written, %s", end->delivered,
                    peer->written, peer->fin == 0 ? "and no FIN was sent" : "FIN sent");
    }
}

void oracle_stream_on_read(struct oracle_host *host, struct oracle_end *end, const uint8_t *octets,
                           size_t bytes, uint64_t now_ns)
{
    if (bytes == 0) {
        judge_end(host, end, now_ns);
        return;
    }
    uint64_t from = end->delivered;
    end->delivered += bytes;
    if (end->has_read_end) {
        oracle_fail(host->oracle, ORACLE_S3, end, now_ns, "octets behind the end");
    }
    if (end->is_tainted) {
        return;
    }
    host->oracle->totals.octets += bytes;
    if (end->peer == NULL) {
        oracle_fail(host->oracle, ORACLE_S1, end, now_ns, "octets that nobody has written");
        return;
    }
    size_t right = oracle_stream_match(end->peer->key, from, octets, bytes);
    if (right < bytes) {
        oracle_fail(host->oracle, ORACLE_S1, end, now_ns, "octet %" PRIu64 " is wrong",
                    from + right);
    } else if (end->delivered > end->peer->written) {
        oracle_fail(host->oracle, ORACLE_S1, end, now_ns,
                    "%" PRIu64 " octets delivered of %" PRIu64 " written", end->delivered,
                    end->peer->written);
    }
}

void oracle_stream_look(const struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    const struct tcp_conn *conn = look->conn;
    if (conn->rcv_shut || end->has_shut_reading || conn->is_orphan || conn->error != 0) {
        return;
    }
    uint64_t readable = end->delivered + conn->receive.bytes;
    uint64_t fin = conn->fin_received ? 1 : 0;
    if (look->is_synchronised && readable + 1 + fin != look->rcv) {
        oracle_fail(look->host->oracle, ORACLE_S2, end, look->now_ns,
                    "%" PRIu64 " delivered, %u readable, and RCV.NXT at %" PRIu64, end->delivered,
                    conn->receive.bytes, look->rcv);
    }
    if (end->has_irs && !end->is_lied_to && end->ack > readable + 2) {
        oracle_fail(look->host->oracle, ORACLE_S6, end, look->now_ns,
                    "acknowledged up to %" PRIu64 ", delivered or readable up to %" PRIu64,
                    end->ack, readable);
    }
}
