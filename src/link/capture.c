// SPDX-License-Identifier: MIT
//
// Captures in the pcapng form: one section, one interface with times in nanoseconds, and one
// enhanced packet block per packet with its direction and a comment. Everything is written in
// little-endian order whatever the machine, so that the same run gives the same file, and
// straight to the caller's function: no packet is copied.
//
//     block: [type | length | body, padded to 4 | options | length]
#include <string.h>

#include <synfin/link.h>
#include <synfin/reason.h>

#include "base/text.h"

enum {
    BLOCK_SECTION = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1A2B3C4D,
    LINKTYPE_ETHERNET = 1,
    LINKTYPE_RAW = 101, // IPv4 or IPv6, told apart by the first octet
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_SECTION_APPLICATION = 4,
    OPTION_INTERFACE_RESOLUTION = 9,
    OPTION_PACKET_FLAGS = 2,
    RESOLUTION_NS = 9, // 10^-9 s
    FLAG_INBOUND = 1,
    FLAG_OUTBOUND = 2,
    PACKET_HEAD_BYTES = 28,  // of a packet block, up to the packet's octets
    PACKET_TAIL_BYTES = 16,  // direction option, end of options, length
    COMMENT_BYTES_MAX = 512, // of a comment; what is longer is cut
};

struct synfin_capture {
    struct synfin_env env;
    synfin_write_fn write;
    void *ctx;
    bool is_ok; // every write succeeded
};

static void put_octets(struct synfin_capture *capture, const void *octets, size_t count)
{
    if (capture->is_ok && count != 0) {
        capture->is_ok = capture->write(capture->ctx, octets, count);
    }
}

static uint8_t *store16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    return p + 2;
}

static uint8_t *store32(uint8_t *p, uint32_t value)
{
    return store16(store16(p, value & 0xFFFF), value >> 16);
}

static uint8_t *store_option(uint8_t *p, uint32_t code, uint32_t bytes)
{
    return store16(store16(p, code), bytes);
}

static uint32_t padding_of(uint32_t bytes)
{
    return -bytes & 3;
}

static void put_section(struct synfin_capture *capture)
{
    static const char application[8] = "synfin";
    enum { BYTES = 12 + 16 + 4 + 8 + 4 };
    uint8_t block[BYTES];
    uint8_t *p = store32(block, BLOCK_SECTION);
    p = store32(p, BYTES);
    p = store32(p, BYTE_ORDER_MAGIC);
    p = store16(store16(p, 1), 0);                   // version 1.0
    p = store32(store32(p, UINT32_MAX), UINT32_MAX); // the section's length is not told
    p = store_option(p, OPTION_SECTION_APPLICATION, 6);
    memcpy(p, application, sizeof application);
    p = store_option(p + sizeof application, OPTION_END, 0);
    (void)store32(p, BYTES);
    put_octets(capture, block, BYTES);
}

static void put_interface(struct synfin_capture *capture, bool is_ethernet)
{
    enum { BYTES = 12 + 8 + 8 + 4 };
    uint8_t block[BYTES];
    uint8_t *p = store32(block, BLOCK_INTERFACE);
    p = store32(p, BYTES);
    p = store16(store16(p, is_ethernet ? LINKTYPE_ETHERNET : LINKTYPE_RAW), 0);
    p = store32(p, 0); // packets are never cut
    p = store_option(p, OPTION_INTERFACE_RESOLUTION, 1);
    p = store32(p, RESOLUTION_NS);
    p = store_option(p, OPTION_END, 0);
    (void)store32(p, BYTES);
    put_octets(capture, block, BYTES);
}

enum synfin_error synfin_capture_create(const struct synfin_env *env, bool is_ethernet,
                                        synfin_write_fn write, void *ctx, synfin_capture **out)
{
    if (env == NULL || env->slab_take == NULL || env->slab_give == NULL || write == NULL) {
        return SYNFIN_ERROR_INVALID;
    }
    struct synfin_capture *capture = env->slab_take(env->ctx, sizeof *capture);
    if (capture == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    capture->env = *env;
    capture->write = write;
    capture->ctx = ctx;
    capture->is_ok = true;
    put_section(capture);
    put_interface(capture, is_ethernet);
    *out = capture;
    return SYNFIN_ERROR_OK;
}

// How many octets of the comment are written: cut in front of a UTF-8 character, not inside it.
static uint32_t comment_bytes(const char *comment)
{
    uint32_t bytes = 0;
    while (comment != NULL && comment[bytes] != '\0') {
        if (bytes == COMMENT_BYTES_MAX) {
            while (bytes > 0 && ((uint8_t)comment[bytes] & 0xC0) == 0x80) {
                bytes--;
            }
            break;
        }
        bytes++;
    }
    return bytes;
}

static void put_padding(struct synfin_capture *capture, uint32_t bytes)
{
    static const uint8_t zeros[4];
    put_octets(capture, zeros, padding_of(bytes));
}

static void put_packet(struct synfin_capture *capture, const struct synfin_packet *packet)
{
    put_octets(capture, packet->head, packet->head_bytes);
    for (uint32_t i = 0; i < packet->spans; i++) {
        put_octets(capture, packet->span[i].data, packet->span[i].bytes);
    }
    put_padding(capture, packet->bytes);
}

static void put_comment(struct synfin_capture *capture, const char *comment, uint32_t bytes)
{
    if (bytes != 0) {
        uint8_t option[4];
        (void)store_option(option, OPTION_COMMENT, bytes);
        put_octets(capture, option, sizeof option);
        put_octets(capture, comment, bytes);
        put_padding(capture, bytes);
    }
}

void synfin_capture_packet(synfin_capture *capture, const struct synfin_packet *packet,
                           uint64_t t_ns, bool is_outgoing, const char *comment)
{
    uint32_t text_bytes = comment_bytes(comment);
    uint32_t total = PACKET_HEAD_BYTES + packet->bytes + padding_of(packet->bytes)
                     + (text_bytes != 0 ? 4 + text_bytes + padding_of(text_bytes) : 0)
                     + PACKET_TAIL_BYTES;
    uint8_t head[PACKET_HEAD_BYTES];
    uint8_t *p = store32(head, BLOCK_PACKET);
    p = store32(p, total);
    p = store32(p, 0); // the only interface
    p = store32(store32(p, (uint32_t)(t_ns >> 32)), (uint32_t)t_ns);
    (void)store32(store32(p, packet->bytes), packet->bytes);
    put_octets(capture, head, sizeof head);
    put_packet(capture, packet);
    put_comment(capture, comment, text_bytes);

    uint8_t tail[PACKET_TAIL_BYTES];
    p = store_option(tail, OPTION_PACKET_FLAGS, 4);
    p = store32(p, is_outgoing ? FLAG_OUTBOUND : FLAG_INBOUND);
    p = store_option(p, OPTION_END, 0);
    (void)store32(p, total);
    put_octets(capture, tail, sizeof tail);
}

// Such as "opens the connection: ... (RFC 9293 §3.5); lost on the link: random loss".
static void explain(struct text *text, const struct synfin_passage *passage)
{
    enum synfin_reason reason = passage->packet->reason;
    if (reason != SYNFIN_REASON_UNKNOWN) {
        const char *clause = synfin_reason_clause(reason);
        text_put(text, synfin_reason_text(reason));
        if (clause[0] != '\0') {
            text_put(text, " (");
            text_put(text, clause);
            text_put(text, ")");
        }
    }
    if (passage->fate_reason != SYNFIN_REASON_UNKNOWN) {
        text_put(text, reason != SYNFIN_REASON_UNKNOWN ? "; " : "");
        text_put(text, synfin_reason_text(passage->fate_reason));
    }
}

void synfin_capture_passage(synfin_capture *capture, const struct synfin_passage *passage)
{
    char comment[COMMENT_BYTES_MAX];
    struct text text;
    text_init(&text, comment, sizeof comment);
    explain(&text, passage);
    synfin_capture_packet(capture, passage->packet, passage->sent_ns,
                          passage->from == SYNFIN_LINK_A, text.needed != 0 ? comment : NULL);
}

bool synfin_capture_ok(const synfin_capture *capture)
{
    return capture->is_ok;
}

void synfin_capture_destroy(synfin_capture *capture)
{
    if (capture != NULL) {
        struct synfin_env env = capture->env;
        env.slab_give(env.ctx, capture, sizeof *capture);
    }
}
