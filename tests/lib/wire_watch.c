// SPDX-License-Identifier: MIT
//
// The judge of everything on a link; see wire_watch.h.
#include "lib/wire_watch.h"

#include <stdio.h>
#include <string.h>

#include "lib/segment_wire.h"

#define PERIOD UINT64_C(0x9e3779b97f4a7c15)

static uint64_t word_at(uint64_t seed, uint32_t end, uint64_t offset)
{
    uint64_t x = (offset >> 3) + seed * 2 + end;
    x = (x ^ (x >> 30)) * PERIOD;
    x = (x ^ (x >> 27)) * PERIOD;
    return x ^ (x >> 31);
}

uint8_t wire_watch_octet(uint64_t seed, uint32_t end, uint64_t offset)
{
    return (uint8_t)(word_at(seed, end, offset) >> (8 * (offset & 7)));
}

void wire_watch_fill(uint64_t seed, uint32_t end, uint64_t offset, uint8_t *out, uint32_t bytes)
{
    uint64_t word = word_at(seed, end, offset);
    for (uint32_t i = 0; i < bytes; i++) {
        if (((offset + i) & 7) == 0) {
            word = word_at(seed, end, offset + i);
        }
        out[i] = (uint8_t)(word >> (8 * ((offset + i) & 7)));
    }
}

void wire_watch_init(struct wire_watch *watch, uint64_t seed)
{
    memset(watch, 0, sizeof *watch);
    watch->seed = seed;
}

static void complain(struct wire_watch *watch, const char *what, const struct synfin_packet *packet)
{
    if (watch->complaint == NULL) {
        watch->complaint = what;
        (void)synfin_packet_print(packet, false, watch->text, sizeof watch->text);
    }
}

static const char *judge_payload(const struct wire_watch *watch, uint32_t from,
                                 const struct segment_wire *seg)
{
    const struct wire_end *end = &watch->end[from];
    uint64_t offset = seg->seq - end->iss - 1;
    if (offset + seg->payload_bytes > end->written) {
        return "octets that nobody has written";
    }
    if (end->has_fin && offset + seg->payload_bytes + 1 > end->fin) {
        return "octets behind the FIN";
    }
    for (uint32_t i = 0; i < seg->payload_bytes; i++) {
        if (seg->payload[i] != wire_watch_octet(watch->seed, from, offset + i)) {
            return "an octet that is not the stream's at this place";
        }
    }
    return NULL;
}

// What the other end has offered is counted when it leaves there: it may be lost on the way, but
// nothing else can have been heard.
static const char *judge_window(const struct wire_watch *watch, uint32_t from,
                                const struct segment_wire *seg)
{
    uint32_t last = seg->seq - watch->end[from].iss + seg->payload_bytes;
    if ((seg->flags & SYNFIN_TCP_FIN) != 0) {
        last++;
    }
    bool is_probe = last - (seg->seq - watch->end[from].iss) <= 1;
    if (last > watch->end[1 - from].edge + (is_probe ? 1 : 0)) {
        return "octets beyond the right edge that was offered";
    }
    if (seg->payload_bytes > watch->end[1 - from].mss) {
        return "more octets than the peer's MSS";
    }
    return NULL;
}

static const char *judge_ack(struct wire_watch *watch, uint32_t from,
                             const struct segment_wire *seg)
{
    struct wire_end *end = &watch->end[from];
    const struct wire_end *other = &watch->end[1 - from];
    bool is_syn = (seg->flags & SYNFIN_TCP_SYN) != 0;
    uint32_t ack = seg->ack - other->iss;
    int shift = is_syn || end->wscale < 0 || other->wscale < 0 ? 0 : end->wscale;
    uint32_t edge = ack + ((uint32_t)seg->window << shift);
    if (ack < end->ack) {
        return "an acknowledgment that moves back";
    }
    if (ack > other->highest + 1 + (other->has_fin ? 1 : 0)) {
        return "an acknowledgment of what was never sent";
    }
    // By less than the scale's unit it may seem to: RFC 7323 §2.4.
    uint32_t unit = UINT32_C(1) << shift;
    if (edge + unit - 1 < end->edge && !watch->may_retract) {
        return "a right edge that moves left";
    }
    end->ack = ack;
    end->edge = edge > end->edge ? edge : end->edge;
    return NULL;
}

static void note_sent(struct wire_end *end, const struct segment_wire *seg)
{
    uint64_t last = (uint64_t)(seg->seq - end->iss) - 1 + seg->payload_bytes;
    end->segments++;
    if (seg->payload_bytes > 0) {
        end->data_segments++;
        end->again += last <= end->highest;
        end->highest = last > end->highest ? last : end->highest;
    }
    if ((seg->flags & SYNFIN_TCP_FIN) != 0) {
        end->has_fin = true;
        end->fin = (uint32_t)last + 1;
    }
}

static const char *judge_opening(struct wire_watch *watch, uint32_t from,
                                 const struct segment_wire *seg)
{
    struct wire_end *end = &watch->end[from];
    if (end->isn_seen && seg->seq != end->iss) {
        return "a SYN with another number than before";
    }
    end->isn_seen = 1;
    end->iss = seg->seq;
    end->wscale = seg->wscale;
    end->mss = seg->mss;
    return seg->mss == 0 ? "a SYN without MSS" : NULL;
}

// RFC 3168 §6.1.4 to §6.1.6: only data that are sent for the first time are ECN-capable.
static const char *judge_field(const struct wire_end *end, const struct segment_wire *seg)
{
    bool is_data = seg->payload_bytes > 0 && (seg->flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_RST)) == 0;
    bool is_new = is_data && (uint64_t)(seg->seq - end->iss) - 1 >= end->highest;
    return (seg->traffic_class & 3) != 0 && !is_new ? "ECN-capable and no new data" : NULL;
}

// Both FINs were acknowledged: a late copy may meet a pair that is gone.
static bool is_closed(const struct wire_watch *watch)
{
    const struct wire_end *end = watch->end;
    return end[0].has_fin && end[1].has_fin && end[0].ack > end[1].fin && end[1].ack > end[0].fin;
}

// RFC 7413: what a SYN carries begins behind it, and offers a window before any acknowledgment.
static const char *judge_text_of_syn(struct wire_watch *watch, uint32_t from,
                                     const struct segment_wire *seg)
{
    struct wire_end *end = &watch->end[from];
    struct segment_wire text = *seg;
    text.seq++;
    if (end->edge == 0) {
        end->edge = 1 + (uint32_t)seg->window;
    }
    const char *what = judge_payload(watch, from, &text);
    note_sent(end, &text);
    return what;
}

static const char *judge(struct wire_watch *watch, uint32_t from, const struct segment_wire *seg)
{
    struct wire_end *end = &watch->end[from];
    const char *what = judge_field(end, seg);
    if (what != NULL) {
        return what;
    }
    if ((seg->flags & SYNFIN_TCP_RST) != 0) {
        return watch->may_reset || is_closed(watch) ? NULL : "a reset";
    }
    if ((seg->flags & SYNFIN_TCP_SYN) != 0) {
        what = judge_opening(watch, from, seg);
    }
    if (what == NULL && (seg->flags & SYNFIN_TCP_SYN) != 0 && seg->payload_bytes > 0) {
        what = judge_text_of_syn(watch, from, seg);
    }
    if (what == NULL && (seg->flags & SYNFIN_TCP_ACK) != 0) {
        what = judge_ack(watch, from, seg);
    }
    if (what != NULL || (seg->flags & SYNFIN_TCP_SYN) != 0) {
        return what;
    }
    bool has_fin = (seg->flags & SYNFIN_TCP_FIN) != 0;
    if (has_fin && end->has_fin && seg->seq - end->iss + seg->payload_bytes != end->fin) {
        return "a FIN at another place than before";
    }
    if (seg->payload_bytes > 0) {
        what = judge_payload(watch, from, seg);
    }
    if (what == NULL && (seg->payload_bytes > 0 || has_fin)) {
        what = judge_window(watch, from, seg);
    }
    note_sent(end, seg);
    return what;
}

void wire_watch_see(void *ctx, const struct synfin_passage *passage)
{
    static uint8_t octets[SYNFIN_PACKET_MAX + 1];
    struct wire_watch *watch = ctx;
    struct segment_wire seg;
    uint32_t bytes = synfin_packet_copy(passage->packet, octets, sizeof octets);
    bool is_copy = passage->fate == SYNFIN_FATE_DUPLICATED;
    if (is_copy || !segment_wire_is_tcp(octets, bytes)) {
        return;
    }
    const char *what = segment_wire_parse(octets, bytes, &seg);
    if (what == NULL) {
        what = judge(watch, passage->from == SYNFIN_LINK_A ? 0 : 1, &seg);
    }
    if (what != NULL) {
        complain(watch, what, passage->packet);
    }
}
