// SPDX-License-Identifier: MIT
//
// The judge of a sender's flight; see wire_flight.h.
#include "lib/wire_flight.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/test_cmocka.h"

#define TICK_NS UINT64_C(2000000) // a timer may be named early by a tick of the wheel

enum { FRTO_SEGMENTS = 2 };

static struct flight_piece *piece_at(struct wire_flight *flight, uint32_t i)
{
    return &flight->piece[(flight->first + i) % FLIGHT_PIECES_MAX];
}

uint64_t wire_flight_bytes(const struct wire_flight *flight)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < flight->count; i++) {
        const struct flight_piece *piece = &flight->piece[(flight->first + i) % FLIGHT_PIECES_MAX];
        bytes += piece->is_sacked || piece->is_excused ? 0 : piece->right - piece->left;
    }
    return bytes;
}

// Makes `place` the edge of two pieces, if it lies inside of one.
static void cut_at(struct wire_flight *flight, uint64_t place)
{
    uint32_t i = 0;
    while (i < flight->count && piece_at(flight, i)->right <= place) {
        i++;
    }
    if (i == flight->count || piece_at(flight, i)->left >= place) {
        return;
    }
    assert_true(flight->count < FLIGHT_PIECES_MAX);
    for (uint32_t k = flight->count; k > i; k--) {
        *piece_at(flight, k) = *piece_at(flight, k - 1);
    }
    flight->count++;
    piece_at(flight, i)->right = place;
    piece_at(flight, i + 1)->left = place;
}

static void excuse_all(struct wire_flight *flight)
{
    for (uint32_t i = 0; i < flight->count; i++) {
        piece_at(flight, i)->is_excused = true;
    }
}

static uint64_t deliver(struct wire_flight *flight, struct flight_piece *piece)
{
    if (piece->is_sacked) {
        return 0;
    }
    piece->is_sacked = true;
    if (piece->order > flight->newest_delivered) {
        flight->newest_delivered = piece->order;
    }
    return piece->right - piece->left;
}

// A number of the sender's space, as a distance from its ISS, near what is in flight.
static uint64_t place_of(const struct wire_flight *flight, uint32_t number)
{
    int32_t ahead = (int32_t)(number - flight->iss - (uint32_t)flight->una);
    return (uint64_t)((int64_t)flight->una + ahead);
}

static uint64_t deliver_range(struct wire_flight *flight, uint64_t left, uint64_t right)
{
    uint64_t bytes = 0;
    if (left < flight->una || left >= right || right > flight->nxt) {
        return 0;
    }
    cut_at(flight, left);
    cut_at(flight, right);
    for (uint32_t i = 0; i < flight->count; i++) {
        struct flight_piece *piece = piece_at(flight, i);
        if (piece->left >= left && piece->right <= right) {
            bytes += deliver(flight, piece);
        }
    }
    return bytes;
}

static void drop_acknowledged(struct wire_flight *flight)
{
    while (flight->count > 0 && piece_at(flight, 0)->right <= flight->una) {
        flight->first = (flight->first + 1) % FLIGHT_PIECES_MAX;
        flight->count--;
    }
}

// RFC 8985 §5: whatever was sent before something that has arrived.
static void excuse_elders(struct wire_flight *flight)
{
    for (uint32_t i = 0; i < flight->count; i++) {
        struct flight_piece *piece = piece_at(flight, i);
        piece->is_excused = piece->is_excused || piece->order < flight->newest_delivered;
    }
}

// RFC 6582 §3.2 step 2. Not everything that is an acknowledgment again is a duplicate to the sender
// (its window may be another), so that its recovery may begin later.
static void begin_recovery(struct wire_flight *flight)
{
    flight->recover = flight->nxt;
    flight->recover_una = flight->una;
}

// RFC 5681 §3.2: without SACK each duplicate says that a segment has left the network.
static void count_duplicates(struct wire_flight *flight, uint64_t acked, bool is_pure)
{
    if (acked == 0 && is_pure && flight->nxt > flight->una) {
        flight->inflation += flight->mss;
        if (flight->recover == 0 && flight->inflation >= 3 * (uint64_t)flight->mss) {
            begin_recovery(flight);
        }
    } else if (acked > 0 && flight->una >= flight->recover) {
        flight->inflation = flight->recover = 0;
    } else if (acked > 0) {
        flight->inflation = flight->inflation > acked ? flight->inflation - acked : 0;
        flight->inflation += flight->mss;
    }
}

static void hear(struct wire_flight *flight, const struct tap_sight *sight)
{
    const struct segment_wire *seg = sight->seg;
    if (!flight->has_iss || (seg->flags & SYNFIN_TCP_ACK) == 0) {
        return;
    }
    if ((seg->flags & SYNFIN_TCP_SYN) != 0) {
        flight->has_sack = flight->has_sack && seg->sack_permitted;
    }
    uint64_t ack = place_of(flight, seg->ack);
    uint64_t before = flight->una;
    uint64_t delivered = 0;
    ack -= flight->has_fin && ack == flight->nxt + 1 ? 1 : 0; // a FIN takes no part in the flight
    if (ack > flight->nxt || ack + (UINT64_C(1) << 30) < flight->una) {
        return;
    }
    if ((seg->flags & SYNFIN_TCP_SYN) != 0 && ack < flight->nxt) { // RFC 7413 §4.2.1: not taken
        excuse_all(flight);
    }
    flight->window = seg->window;
    if (ack > flight->una) {
        delivered += deliver_range(flight, flight->una, ack);
        flight->una = ack;
        flight->una_moved_ns = sight->now_ns;
        flight->frto_segments = 0;
        flight->has_tail_probe = false;
        drop_acknowledged(flight);
    }
    for (uint32_t i = 0; i < seg->sack_blocks && flight->has_sack; i++) {
        delivered += deliver_range(flight, place_of(flight, seg->sack[i].left),
                                   place_of(flight, seg->sack[i].right));
    }
    excuse_elders(flight);
    if (!flight->has_sack && ack == flight->una) {
        count_duplicates(flight, flight->una - before, seg->payload_bytes == 0);
    }
    flight->credit += (int64_t)delivered + flight->mss;
}

// Puts [left, right) into flight once more, or for the first time.
static void transmit(struct wire_flight *flight, uint64_t left, uint64_t right)
{
    flight->order++;
    if (left < flight->nxt) {
        cut_at(flight, left);
        cut_at(flight, right);
        for (uint32_t i = 0; i < flight->count; i++) {
            struct flight_piece *piece = piece_at(flight, i);
            if (piece->left >= left && piece->right <= right) {
                piece->order = flight->order;
                piece->is_excused = false;
            }
        }
    }
    if (right > flight->nxt) {
        assert_true(flight->count < FLIGHT_PIECES_MAX);
        *piece_at(flight, flight->count++) =
            (struct flight_piece){.left = left > flight->nxt ? left : flight->nxt,
                                  .right = right,
                                  .order = flight->order};
        flight->nxt = right;
    }
}

static void complain(struct wire_flight *flight, const struct tap_sight *sight,
                     const struct synfin_tcp_info *info, uint64_t before, uint64_t left)
{
    if (flight->complaint[0] == '\0') {
        (void)snprintf(flight->complaint, sizeof flight->complaint,
                       "%" PRIu64 " ns: %u octets at %" PRIu64 " (%s) beside %" PRIu64
                       " in flight, cwnd %u, recovery %u, una %" PRIu64 " nxt %" PRIu64,
                       sight->now_ns, sight->seg->payload_bytes, left,
                       synfin_reason_name((enum synfin_reason)sight->reason), before,
                       info->cwnd_bytes, info->is_in_recovery, flight->una, flight->nxt);
    }
}

static bool is_excepted(struct wire_flight *flight, const struct tap_sight *sight,
                        const struct synfin_tcp_info *info, uint64_t before, uint64_t after)
{
    if (before == 0 || (flight->window == 0 && sight->seg->payload_bytes <= 1)) {
        return true;
    }
    if (sight->reason == SYNFIN_REASON_SEND_TAIL_PROBE && !flight->has_tail_probe
        && sight->seg->payload_bytes <= flight->mss) {
        flight->has_tail_probe = true;
        return true;
    }
    // RFC 3042 §2: for a duplicate that had no memory for a SACK block, too. The last segment of a
    // stream is named after its FIN, whatever else it was sent for.
    bool is_limited = sight->reason == SYNFIN_REASON_SEND_LIMITED_TRANSMIT
                      || sight->reason == SYNFIN_REASON_SEND_FIN;
    if (is_limited && after <= info->cwnd_bytes + 2 * (uint64_t)flight->mss) {
        return true;
    }
    if (sight->reason == SYNFIN_REASON_SEND_FRTO && flight->frto_segments < FRTO_SEGMENTS) {
        flight->frto_segments++;
        return true;
    }
    if (!flight->has_sack) {
        uint64_t left = place_of(flight, sight->seg->seq);
        bool is_repair = flight->recover > 0 && left == flight->una; // RFC 6582 §3.2
        return is_repair || after <= info->cwnd_bytes + flight->inflation;
    }
    return info->is_in_recovery && flight->credit >= 0;
}

static void judge(struct wire_flight *flight, const struct tap_sight *sight, uint64_t left,
                  uint64_t right)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    uint64_t before = wire_flight_bytes(flight);
    transmit(flight, left, right);
    uint64_t after = wire_flight_bytes(flight);
    flight->peak = after > flight->peak ? after : flight->peak;
    if (!flight->has_socket
        || synfin_socket_info(flight->stack, flight->socket, &info, sight->now_ns)
               != SYNFIN_ERROR_OK) {
        return;
    }
    flight->sends++;
    flight->mss = info.snd_mss_bytes;
    flight->credit -= (int64_t)(right - left);
    if (!info.is_in_recovery) {
        flight->credit = flight->mss;
    }
    if (after <= info.cwnd_bytes) {
        return;
    }
    flight->beyond_cwnd++;
    if (!is_excepted(flight, sight, &info, before, after)) {
        complain(flight, sight, &info, before, left);
    }
}

// The timer has run out, or what was SACKED is taken back; or the octet of a window probe counts as
// refused.
static bool may_all_be_lost(struct wire_flight *flight, const struct tap_sight *sight,
                            uint64_t left)
{
    bool is_due = sight->now_ns + TICK_NS >= flight->una_moved_ns + flight->rto_min_ns;
    bool is_first = left == flight->una && (piece_at(flight, 0)->is_sacked || is_due);
    return is_first || flight->window == 0;
}

static void send_seen(struct wire_flight *flight, const struct tap_sight *sight)
{
    const struct segment_wire *seg = sight->seg;
    bool is_syn = (seg->flags & SYNFIN_TCP_SYN) != 0;
    if (is_syn && !flight->has_iss) {
        flight->has_iss = true;
        flight->iss = seg->seq;
        flight->una = flight->nxt = 1; // the SYN is no matter of congestion control
        flight->has_sack = seg->sack_permitted;
        flight->una_moved_ns = sight->now_ns;
        flight->frto_segments = 0;
    }
    uint64_t left = place_of(flight, seg->seq);
    uint64_t right = left + seg->payload_bytes;
    flight->has_fin = flight->has_fin || (seg->flags & SYNFIN_TCP_FIN) != 0;
    if (is_syn && right > left && left == 0) { // RFC 7413: data that wait for no answer
        transmit(flight, 1, right + 1);
    }
    if (is_syn || right == left || right <= flight->una) {
        return;
    }
    bool is_again = left < flight->nxt;
    if (flight->count == 0) {
        flight->una_moved_ns = sight->now_ns; // the timer begins to run
    } else if (is_again && may_all_be_lost(flight, sight, left)) {
        excuse_all(flight);
    }
    bool has_begun = flight->recover > 0 && flight->recover_una != flight->una;
    if (is_again && left == flight->una && !has_begun) {
        begin_recovery(flight);
    }
    judge(flight, sight, left > flight->una ? left : flight->una, right);
}

static void see(void *ctx, const struct tap_sight *sight)
{
    struct wire_flight *flight = ctx;
    if (sight->is_out) {
        send_seen(flight, sight);
    } else {
        hear(flight, sight);
    }
}

void wire_flight_init(struct wire_flight *flight, struct tap *tap,
                      const struct synfin_stack_config *config)
{
    memset(flight, 0, sizeof *flight);
    flight->rto_min_ns = config->rto_min_ns;
    flight->mss = 536;
    tap_observe(tap, see, flight);
}

void wire_flight_of(struct wire_flight *flight, synfin_stack *stack, synfin_socket socket)
{
    flight->stack = stack;
    flight->socket = socket;
    flight->has_socket = true;
}
