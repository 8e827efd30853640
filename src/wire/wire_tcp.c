// SPDX-License-Identifier: MIT
//
// The TCP header and its options. Both directions are on the path of every segment: the shape
// that nearly all segments of a connection have, two NOPs and timestamps, is read without the
// option loop, and options are written by straight stores into places known beforehand.

#include "wire/wire_tcp.h"

#include <stddef.h>

#include "base/bytes.h"

// RFC 9293 §3.1 and §3.2, RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3, RFC 7413 §4.1.1,
// RFC 9768 §3.2.3.
enum {
    KIND_END = 0,
    KIND_NOP = 1,
    KIND_MSS = 2,
    KIND_WSCALE = 3,
    KIND_SACK_PERMITTED = 4,
    KIND_SACK = 5,
    KIND_TIMESTAMPS = 8,
    KIND_FASTOPEN = 34,
    KIND_ACCECN_0 = WIRE_ACCECN_0,
    KIND_ACCECN_1 = WIRE_ACCECN_1,
    KIND_EXPERIMENT = 254, // RFC 6994: two octets of it tell which
};

enum {
    LENGTH_MSS = 4,
    LENGTH_WSCALE = 3,
    LENGTH_SACK_PERMITTED = 2,
    LENGTH_TIMESTAMPS = 10,
    LENGTH_SACK_BLOCK = 8,
    LENGTH_FASTOPEN_REQUEST = 2,
    LENGTH_EXPERIMENT_REQUEST = 4,
    LENGTH_ACCECN_EMPTY = 2,
    LENGTH_ACCECN_FIELD = 3,
};

// What options take when written, with the NOPs that align them.
enum {
    ROOM_MSS = 4,
    ROOM_WSCALE = 4,
    ROOM_SACK_PERMITTED = 4,
    ROOM_TIMESTAMPS = 12,
    ROOM_FASTOPEN_MAX = 20,
};

static const uint32_t NOP_NOP = 0x01010000;

// Fast Open among RFC 6994's experiments, as it was before it had a kind of its own.
enum { EXPERIMENT_FASTOPEN = 0xf989 };

_Static_assert(WIRE_TCP_HEADER_MIN + ROOM_MSS + ROOM_TIMESTAMPS + ROOM_WSCALE + ROOM_FASTOPEN_MAX
                   <= WIRE_TCP_HEADER_MAX,
               "a SYN with every option fits");
_Static_assert(WIRE_TCP_HEADER_MIN + 4 + SYNFIN_SACK_BLOCKS_MAX * LENGTH_SACK_BLOCK
                   <= WIRE_TCP_HEADER_MAX,
               "four SACK blocks fit where there are no timestamps");

static void read_sack(const uint8_t *p, uint32_t length, struct wire_tcp *out)
{
    uint32_t blocks = (length - 2) / LENGTH_SACK_BLOCK;
    if (blocks == 0 || blocks > SYNFIN_SACK_BLOCKS_MAX
        || length != 2 + blocks * LENGTH_SACK_BLOCK) {
        return;
    }
    for (uint32_t i = 0; i < blocks; i++) {
        out->sack[i].left = seq_make(bytes_load32(p + 2 + i * LENGTH_SACK_BLOCK));
        out->sack[i].right = seq_make(bytes_load32(p + 6 + i * LENGTH_SACK_BLOCK));
    }
    out->sack_blocks = (uint8_t)blocks;
}

// RFC 7413 §4.1.1: an even number of octets; every other length is passed over. `before` octets
// stand in front of the cookie.
static void read_fastopen(const uint8_t *p, uint32_t length, uint32_t before, struct wire_tcp *out)
{
    uint32_t bytes = length - before;
    bool is_cookie = bytes >= WIRE_FASTOPEN_COOKIE_MIN && bytes <= WIRE_FASTOPEN_COOKIE_MAX;
    if (bytes != 0 && (!is_cookie || bytes % 2 != 0)) {
        return;
    }
    out->has_fastopen = true;
    out->is_fastopen_experimental = p[0] == KIND_EXPERIMENT;
    out->cookie_bytes = (uint8_t)bytes;
    for (uint32_t i = 0; i < WIRE_FASTOPEN_COOKIE_MAX; i++) {
        out->cookie[i] = i < bytes ? p[before + i] : 0;
    }
}

static void read_experiment(const uint8_t *p, uint32_t length, struct wire_tcp *out)
{
    if (length >= LENGTH_EXPERIMENT_REQUEST && bytes_load16(p + 2) == EXPERIMENT_FASTOPEN) {
        read_fastopen(p, length, LENGTH_EXPERIMENT_REQUEST, out);
    }
}

// RFC 9768 §3.2.3: of any length, the whole fields in it count.
static void read_accecn(const uint8_t *p, uint32_t length, struct wire_tcp *out)
{
    uint32_t fields = (length - LENGTH_ACCECN_EMPTY) / LENGTH_ACCECN_FIELD;
    out->accecn.kind = p[0];
    out->accecn.fields = (uint8_t)(fields < WIRE_ACCECN_FIELDS ? fields : WIRE_ACCECN_FIELDS);
    for (uint32_t i = 0; i < WIRE_ACCECN_FIELDS; i++) {
        const uint8_t *field = p + LENGTH_ACCECN_EMPTY + i * LENGTH_ACCECN_FIELD;
        out->accecn.field[i] = i < out->accecn.fields
                                   ? (uint32_t)field[0] << 16 | (uint32_t)field[1] << 8 | field[2]
                                   : 0;
    }
}

// One option, whose `length` octets are all there. RFC 9293 §3.1 [MUST-4, MUST-6].
static void read_option(const uint8_t *p, uint32_t length, struct wire_tcp *out)
{
    switch (p[0]) {
    case KIND_MSS:
        if (length == LENGTH_MSS) {
            out->has_mss = true;
            out->mss = bytes_load16(p + 2);
        }
        break;
    case KIND_WSCALE:
        if (length == LENGTH_WSCALE) {
            out->has_wscale = true;
            out->wscale_shift = p[2];
        }
        break;
    case KIND_SACK_PERMITTED:
        if (length == LENGTH_SACK_PERMITTED) {
            out->has_sack_permitted = true;
        }
        break;
    case KIND_SACK: read_sack(p, length, out); break;
    case KIND_TIMESTAMPS:
        if (length == LENGTH_TIMESTAMPS) {
            out->has_timestamps = true;
            out->ts_val = bytes_load32(p + 2);
            out->ts_ecr = bytes_load32(p + 6);
        }
        break;
    case KIND_FASTOPEN: read_fastopen(p, length, LENGTH_FASTOPEN_REQUEST, out); break;
    case KIND_EXPERIMENT: read_experiment(p, length, out); break;
    case KIND_ACCECN_0:
    case KIND_ACCECN_1: read_accecn(p, length, out); break;
    default: break;
    }
}

// False when an option's length is impossible. Every turn moves `at` by at least one, whatever the
// alignment: RFC 9293 §3.1 [MUST-5, MUST-7, MUST-68], §3.2 [MUST-64].
static bool read_options(const uint8_t *p, uint32_t bytes, struct wire_tcp *out)
{
    uint32_t at = 0;
    while (at < bytes && p[at] != KIND_END) {
        if (p[at] == KIND_NOP) {
            at++;
            continue;
        }
        if (bytes - at < 2) {
            return false;
        }
        uint32_t length = p[at + 1];
        if (length < 2 || length > bytes - at) {
            return false;
        }
        read_option(p + at, length, out);
        at += length;
    }
    return true;
}

static bool is_timestamps_only(const uint8_t *options, uint32_t bytes)
{
    return bytes == ROOM_TIMESTAMPS
           && bytes_load32(options) == (NOP_NOP | KIND_TIMESTAMPS << 8 | LENGTH_TIMESTAMPS);
}

enum synfin_reason wire_tcp_parse(const uint8_t *p, uint32_t head_bytes, uint32_t segment_bytes,
                                  struct wire_tcp *out)
{
    // Not the arrays at its end, which count for nothing beyond their counts.
    __builtin_memset(out, 0, offsetof(struct wire_tcp, sack));
    if (segment_bytes < WIRE_TCP_HEADER_MIN) {
        return SYNFIN_REASON_DROP_TCP_SHORT;
    }
    if (head_bytes < WIRE_TCP_HEADER_MIN) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    uint32_t header_bytes = (uint32_t)(p[12] >> 4) * 4;
    if (header_bytes < WIRE_TCP_HEADER_MIN || header_bytes > segment_bytes) {
        return SYNFIN_REASON_DROP_TCP_OFFSET;
    }
    if (header_bytes > head_bytes) {
        return SYNFIN_REASON_DROP_NOT_LINEAR;
    }
    out->src_port = bytes_load16(p);
    out->dst_port = bytes_load16(p + 2);
    out->seq = seq_make(bytes_load32(p + 4));
    out->ack = seq_make(bytes_load32(p + 8));
    out->flags = bytes_load16(p + 12) & 0x1ff;
    out->window = bytes_load16(p + 14);
    out->checksum = bytes_load16(p + 16);
    out->urgent = bytes_load16(p + 18);
    out->header_bytes = (uint8_t)header_bytes;
    const uint8_t *options = p + WIRE_TCP_HEADER_MIN;
    uint32_t bytes = header_bytes - WIRE_TCP_HEADER_MIN;
    if (is_timestamps_only(options, bytes)) {
        read_option(options + 2, LENGTH_TIMESTAMPS, out);
        return SYNFIN_REASON_UNKNOWN;
    }
    return read_options(options, bytes, out) ? SYNFIN_REASON_UNKNOWN
                                             : SYNFIN_REASON_DROP_TCP_OPTION;
}

// How many of the SACK blocks fit behind `used` octets of other options.
static uint32_t count_sack_fitting(const struct wire_tcp *tcp, uint32_t used)
{
    uint32_t room = WIRE_TCP_HEADER_MAX - WIRE_TCP_HEADER_MIN - 4 - used;
    uint32_t fitting = room / LENGTH_SACK_BLOCK;
    return tcp->sack_blocks < fitting ? tcp->sack_blocks : fitting;
}

static uint32_t fastopen_length(const struct wire_tcp *tcp)
{
    return (tcp->is_fastopen_experimental ? LENGTH_EXPERIMENT_REQUEST : LENGTH_FASTOPEN_REQUEST)
           + (uint32_t)tcp->cookie_bytes;
}

// With the NOPs that make it whole words.
static uint32_t fastopen_room(const struct wire_tcp *tcp)
{
    return tcp->has_fastopen ? (fastopen_length(tcp) + 3) / 4 * 4 : 0;
}

static uint32_t accecn_length(const struct wire_tcp *tcp)
{
    return LENGTH_ACCECN_EMPTY + tcp->accecn.fields * (uint32_t)LENGTH_ACCECN_FIELD;
}

// Octets of the option behind `used` octets of others; 0 where it does not fit.
static uint32_t accecn_room(const struct wire_tcp *tcp, uint32_t used)
{
    uint32_t room = tcp->accecn.kind != 0 ? (accecn_length(tcp) + 3) / 4 * 4 : 0;
    return WIRE_TCP_HEADER_MIN + used + room <= WIRE_TCP_HEADER_MAX ? room : 0;
}

uint32_t wire_tcp_emitted_bytes(const struct wire_tcp *tcp)
{
    uint32_t options = tcp->has_timestamps ? ROOM_TIMESTAMPS : 0;
    if ((tcp->flags & SYNFIN_TCP_SYN) != 0) {
        options += tcp->has_mss ? ROOM_MSS : 0;
        options += tcp->has_sack_permitted && !tcp->has_timestamps ? ROOM_SACK_PERMITTED : 0;
        options += tcp->has_wscale ? ROOM_WSCALE : 0;
        options += fastopen_room(tcp);
    }
    options += accecn_room(tcp, options);
    if ((tcp->flags & SYNFIN_TCP_SYN) == 0 && tcp->sack_blocks != 0) {
        options += 4 + count_sack_fitting(tcp, options) * LENGTH_SACK_BLOCK;
    }
    return WIRE_TCP_HEADER_MIN + options;
}

// Timestamps behind two octets that the caller chooses: NOPs, or SACK permitted.
static uint8_t *write_timestamps(uint8_t *p, const struct wire_tcp *tcp, uint32_t first_two)
{
    bytes_store32(p, first_two | KIND_TIMESTAMPS << 8 | LENGTH_TIMESTAMPS);
    bytes_store32(p + 4, tcp->ts_val);
    bytes_store32(p + 8, tcp->ts_ecr);
    return p + ROOM_TIMESTAMPS;
}

static uint8_t *write_fastopen(uint8_t *p, const struct wire_tcp *tcp)
{
    uint32_t length = fastopen_length(tcp);
    *p++ = tcp->is_fastopen_experimental ? KIND_EXPERIMENT : KIND_FASTOPEN;
    *p++ = (uint8_t)length;
    if (tcp->is_fastopen_experimental) {
        bytes_store16(p, EXPERIMENT_FASTOPEN);
        p += 2;
    }
    for (uint32_t i = 0; i < tcp->cookie_bytes; i++) {
        *p++ = tcp->cookie[i];
    }
    for (uint32_t nops = fastopen_room(tcp) - length; nops > 0; nops--) {
        *p++ = KIND_NOP;
    }
    return p;
}

static uint8_t *write_accecn(uint8_t *p, const struct wire_tcp *tcp, uint32_t used)
{
    uint32_t length = accecn_length(tcp);
    uint32_t room = accecn_room(tcp, used);
    if (room == 0) {
        return p;
    }
    for (uint32_t nops = room - length; nops > 0; nops--) {
        *p++ = KIND_NOP;
    }
    *p++ = tcp->accecn.kind;
    *p++ = (uint8_t)length;
    for (uint32_t i = 0; i < tcp->accecn.fields; i++) {
        *p++ = (uint8_t)(tcp->accecn.field[i] >> 16);
        *p++ = (uint8_t)(tcp->accecn.field[i] >> 8);
        *p++ = (uint8_t)tcp->accecn.field[i];
    }
    return p;
}

// Nothing is left to pad, for options are whole words: RFC 9293 §3.1 [MUST-69]. The MSS goes with
// a SYN only: RFC 9293 §3.2 [MUST-65].
static uint8_t *write_syn_options(uint8_t *p, const struct wire_tcp *tcp)
{
    const uint32_t permitted = KIND_SACK_PERMITTED << 8 | LENGTH_SACK_PERMITTED;
    if (tcp->has_mss) {
        bytes_store32(p, (uint32_t)(KIND_MSS << 24 | LENGTH_MSS << 16) | tcp->mss);
        p += ROOM_MSS;
    }
    if (tcp->has_timestamps) {
        p = write_timestamps(p, tcp, tcp->has_sack_permitted ? permitted << 16 : NOP_NOP);
    } else if (tcp->has_sack_permitted) {
        bytes_store32(p, NOP_NOP | permitted);
        p += ROOM_SACK_PERMITTED;
    }
    if (tcp->has_wscale) {
        bytes_store32(p, (uint32_t)(KIND_NOP << 24 | KIND_WSCALE << 16 | LENGTH_WSCALE << 8)
                             | tcp->wscale_shift);
        p += ROOM_WSCALE;
    }
    return tcp->has_fastopen ? write_fastopen(p, tcp) : p;
}

static uint8_t *write_sack(uint8_t *p, const struct wire_tcp *tcp, uint32_t blocks)
{
    bytes_store32(p, NOP_NOP | KIND_SACK << 8 | (2 + blocks * LENGTH_SACK_BLOCK));
    p += 4;
    for (uint32_t i = 0; i < blocks; i++) {
        bytes_store32(p, tcp->sack[i].left.n);
        bytes_store32(p + 4, tcp->sack[i].right.n);
        p += LENGTH_SACK_BLOCK;
    }
    return p;
}

uint32_t wire_tcp_emit(uint8_t *p, const struct wire_tcp *tcp)
{
    uint8_t *options = p + WIRE_TCP_HEADER_MIN;
    uint8_t *end = options;
    bool is_syn = (tcp->flags & SYNFIN_TCP_SYN) != 0;
    if (is_syn) {
        end = write_syn_options(end, tcp);
    } else if (tcp->has_timestamps) {
        end = write_timestamps(end, tcp, NOP_NOP);
    }
    if (tcp->accecn.kind != 0) {
        end = write_accecn(end, tcp, (uint32_t)(end - options));
    }
    if (!is_syn && tcp->sack_blocks != 0) {
        end = write_sack(end, tcp, count_sack_fitting(tcp, (uint32_t)(end - options)));
    }
    uint32_t header_bytes = (uint32_t)(end - p);
    bytes_store16(p, tcp->src_port);
    bytes_store16(p + 2, tcp->dst_port);
    bytes_store32(p + 4, tcp->seq.n);
    bytes_store32(p + 8, tcp->ack.n);
    // The data offset in words stands in the upper four bits.
    bytes_store16(p + 12, header_bytes / 4 << 12 | (tcp->flags & 0x1ff));
    bytes_store16(p + 14, tcp->window);
    bytes_store16(p + 16, 0);
    bytes_store16(p + 18, tcp->urgent);
    return header_bytes;
}

void wire_tcp_set_checksum(uint8_t *p, uint16_t checksum)
{
    bytes_store16(p + 16, checksum);
}

static enum synfin_fastopen kind_of_fastopen(const struct wire_tcp *tcp)
{
    if (!tcp->has_fastopen) {
        return SYNFIN_FASTOPEN_NONE;
    }
    return tcp->cookie_bytes == 0 ? SYNFIN_FASTOPEN_REQUEST : SYNFIN_FASTOPEN_COOKIE;
}

void wire_tcp_describe(const struct wire_tcp *tcp, const struct synfin_addr *src,
                       const struct synfin_addr *dst, uint32_t payload_bytes,
                       struct synfin_segment *out)
{
    *out = (struct synfin_segment){
        .src = {.addr = *src, .port = tcp->src_port},
        .dst = {.addr = *dst, .port = tcp->dst_port},
        .seq = tcp->seq.n,
        .ack = tcp->ack.n,
        .bytes = payload_bytes,
        .flags = tcp->flags,
        .window = tcp->window,
        .urgent = tcp->urgent,
        .mss = tcp->mss,
        .wscale_shift = -1,
        .has_sack_permitted = tcp->has_sack_permitted,
        .has_timestamps = tcp->has_timestamps,
        .sack_blocks = tcp->sack_blocks,
        .fastopen = (uint8_t)kind_of_fastopen(tcp),
        .accecn_kind = tcp->accecn.kind,
        .accecn_fields = tcp->accecn.fields,
        .ts_val = tcp->ts_val,
        .ts_ecr = tcp->ts_ecr,
    };
    if (tcp->has_wscale) {
        out->wscale_shift = tcp->wscale_shift > INT8_MAX ? INT8_MAX : (int8_t)tcp->wscale_shift;
    }
    for (uint32_t i = 0; i < tcp->accecn.fields; i++) {
        out->accecn[i] = tcp->accecn.field[i];
    }
    for (uint32_t i = 0; i < tcp->sack_blocks; i++) {
        out->sack[i].left = tcp->sack[i].left.n;
        out->sack[i].right = tcp->sack[i].right.n;
    }
}
