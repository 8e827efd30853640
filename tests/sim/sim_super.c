// SPDX-License-Identifier: MIT
//
// Cutting and joining segments; see sim_super.h. What ends a burst (FIN, PSH) stands in the last
// piece, the answer to a mark (CWR) in the first.
#include "sim/sim_super.h"

#include <string.h>

#include "sim/sim_wire.h"

#define PSH 8u
#define CWR 128u

enum { SEQ_AT = 4, FLAGS_AT = 13, CHECKSUM_AT = 16 };

static void set_length(uint8_t *ip, uint32_t bytes)
{
    if (sim_is_ip6(ip)) {
        sim_store16(ip + 4, bytes - 40);
    } else {
        sim_store16(ip + 2, bytes);
        sim_ip4_seal(ip);
    }
}

static struct sim_frame *piece_of(struct sim_world *world, const struct sim_frame *whole,
                                  const struct sim_tcp *tcp, uint32_t at, uint32_t bytes)
{
    uint32_t head_bytes = tcp->ip_bytes - tcp->payload_bytes;
    struct sim_frame *piece = sim_frame_take(world, head_bytes + bytes);
    uint32_t capacity = piece->capacity;
    struct sim_tcp own;
    *piece = *whole;
    piece->capacity = capacity;
    piece->bytes = head_bytes + bytes;
    memcpy(piece->octets, whole->octets, SIM_ROOM + head_bytes);
    uint8_t *ip = sim_frame_ip(piece);
    memcpy(ip + head_bytes, tcp->ip + head_bytes + at, bytes);
    set_length(ip, piece->bytes);
    (void)sim_tcp_find(ip, piece->bytes, &own);
    sim_store32(own.tcp + SEQ_AT, sim_load32(own.tcp + SEQ_AT) + at);
    own.tcp[FLAGS_AT] &= (uint8_t) ~(at == 0 ? 0 : CWR);
    own.tcp[FLAGS_AT] &= (uint8_t) ~(at + bytes == tcp->payload_bytes ? 0 : SIM_FIN | PSH);
    sim_tcp_seal(&own);
    return piece;
}

uint32_t sim_super_cut(struct sim_world *world, struct sim_frame *frame, uint32_t segment_bytes,
                       struct sim_frame **out)
{
    struct sim_tcp tcp;
    uint32_t count = 0;
    if (segment_bytes == 0 || !sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)) {
        out[0] = frame;
        return 1;
    }
    for (uint32_t at = 0; at < tcp.payload_bytes; at += segment_bytes) {
        uint32_t left = tcp.payload_bytes - at;
        out[count++] =
            piece_of(world, frame, &tcp, at, left < segment_bytes ? left : segment_bytes);
    }
    sim_frame_give(world, frame);
    return count;
}

// All that the second says of itself and the first does not.
static bool is_next(const struct sim_tcp *a, const struct sim_tcp *b)
{
    uint32_t ip_bytes = (uint32_t)(a->tcp - a->ip);
    bool is_same_ip =
        a->is_ip6
            ? memcmp(a->ip, b->ip, 4) == 0 && memcmp(a->ip + 6, b->ip + 6, ip_bytes - 6) == 0
            : a->ip[0] == b->ip[0] && a->ip[1] == b->ip[1] && memcmp(a->ip + 6, b->ip + 6, 4) == 0
                  && memcmp(a->ip + 12, b->ip + 12, ip_bytes - 12) == 0;
    bool is_plain = (sim_tcp_flags(a) & ~PSH) == SIM_ACK && (sim_tcp_flags(b) & ~PSH) == SIM_ACK
                    && (sim_tcp_flags(a) & PSH) == 0;
    return is_same_ip && is_plain && a->is_ip6 == b->is_ip6 && a->head_bytes == b->head_bytes
           && a->payload_bytes > 0 && b->payload_bytes > 0 && b->payload_bytes <= a->payload_bytes
           && sim_load32(a->tcp + SEQ_AT) + a->payload_bytes == sim_load32(b->tcp + SEQ_AT)
           && memcmp(a->tcp, b->tcp, SEQ_AT) == 0 && memcmp(a->tcp + 8, b->tcp + 8, 4) == 0
           && a->tcp[12] == b->tcp[12] && memcmp(a->tcp + 14, b->tcp + 14, 2) == 0
           && memcmp(a->tcp + 18, b->tcp + 18, a->head_bytes - 18) == 0;
}

// What a wrong checksum says of either must not get lost.
static bool is_sound(const struct sim_tcp *tcp)
{
    uint8_t said[2];
    memcpy(said, tcp->tcp + CHECKSUM_AT, 2);
    sim_tcp_seal(tcp);
    bool is_right = memcmp(said, tcp->tcp + CHECKSUM_AT, 2) == 0;
    memcpy(tcp->tcp + CHECKSUM_AT, said, 2);
    return is_right;
}

bool sim_super_join(struct sim_world *world, struct sim_frame **frame, struct sim_frame *next,
                    uint32_t most)
{
    struct sim_tcp a;
    struct sim_tcp b;
    if ((*frame)->origin != next->origin || (*frame)->is_ethernet != next->is_ethernet
        || (next->origin != ORACLE_GENUINE && next->origin != ORACLE_REWRITTEN)
        || !sim_tcp_find(sim_frame_ip(*frame), (*frame)->bytes, &a)
        || !sim_tcp_find(sim_frame_ip(next), next->bytes, &b) || !is_next(&a, &b)
        || a.ip_bytes + b.payload_bytes > most || !is_sound(&a) || !is_sound(&b)) {
        return false;
    }
    struct sim_frame *joined = sim_frame_take(world, a.ip_bytes + b.payload_bytes);
    struct sim_tcp own;
    uint32_t capacity = joined->capacity;
    uint32_t bytes = joined->bytes;
    *joined = **frame;
    joined->capacity = capacity;
    joined->bytes = bytes;
    memcpy(joined->octets, (*frame)->octets, SIM_ROOM + a.ip_bytes);
    memcpy(sim_frame_ip(joined) + a.ip_bytes, b.tcp + b.head_bytes, b.payload_bytes);
    set_length(sim_frame_ip(joined), bytes);
    (void)sim_tcp_find(sim_frame_ip(joined), bytes, &own);
    own.tcp[FLAGS_AT] |= b.tcp[FLAGS_AT];
    sim_tcp_seal(&own);
    sim_frame_give(world, *frame);
    sim_frame_give(world, next);
    *frame = joined;
    world->faults++;
    return true;
}
