// SPDX-License-Identifier: MIT
//
// Conversations made by hand for the ladder's tests. Packets are written octet by octet, so that
// the tests do not depend on the emitters that the stack uses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ladder_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A   SYNFIN_LINK_A
#define B   SYNFIN_LINK_B
#define SYN SYNFIN_TCP_SYN
#define ACK SYNFIN_TCP_ACK

enum { PORT_A = 40000, PORT_B = 80, IP_BYTES = 20, TCP_BYTES = 20, SYN_OPTION_BYTES = 12 };

static uint32_t iss_of(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? SCRIPT_ISS_A : SCRIPT_ISS_B;
}

static uint16_t port_of(const struct script_segment *segment)
{
    return segment->port != 0 ? segment->port : PORT_A;
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t build_tcp(const struct script_segment *segment, uint8_t *tcp)
{
    // MSS 1460, window scale 7, SACK permitted, and padding.
    static const uint8_t options[SYN_OPTION_BYTES] = {2, 4, 5, 180, 3, 3, 7, 4, 2, 1, 1, 0};
    bool is_a = segment->from == SYNFIN_LINK_A;
    bool has_syn = (segment->flags & SYNFIN_TCP_SYN) != 0;
    uint32_t header = TCP_BYTES + (has_syn ? SYN_OPTION_BYTES : 0);
    uint32_t peer_iss = iss_of(is_a ? SYNFIN_LINK_B : SYNFIN_LINK_A);
    bool has_ack = (segment->flags & SYNFIN_TCP_ACK) != 0;
    put16(tcp, is_a ? port_of(segment) : PORT_B);
    put16(tcp + 2, is_a ? PORT_B : port_of(segment));
    put32(tcp + 4, iss_of(segment->from) + segment->seq);
    put32(tcp + 8, has_ack ? peer_iss + segment->ack : 0);
    put16(tcp + 12, header / 4 << 12 | segment->flags);
    put16(tcp + 14, 65535);
    if (has_syn) {
        memcpy(tcp + TCP_BYTES, options, sizeof options);
    }
    return header;
}

static uint32_t build_packet(const struct script_segment *segment, uint8_t *octets)
{
    uint8_t a = segment->from == SYNFIN_LINK_A ? 1 : 2;
    uint8_t source[4] = {192, 0, 2, a};
    uint8_t destination[4] = {192, 0, 2, (uint8_t)(3 - a)};
    uint32_t bytes = IP_BYTES + build_tcp(segment, octets + IP_BYTES) + segment->bytes;
    octets[0] = 0x45;
    put16(octets + 2, bytes);
    octets[8] = 64;
    octets[9] = 6;
    memcpy(octets + 12, source, sizeof source);
    memcpy(octets + 16, destination, sizeof destination);
    return bytes;
}

synfin_ladder *script_ladder(const struct synfin_ladder_config *config)
{
    synfin_ladder *ladder = NULL;
    assert_int_equal(synfin_ladder_create(config, &ladder), SYNFIN_ERROR_OK);
    return ladder;
}

void script_send(synfin_ladder *ladder, const struct script_segment *segment)
{
    static uint8_t octets[2048];
    struct synfin_packet packet;
    memset(octets, 0, sizeof octets);
    synfin_packet_wrap(&packet, octets, build_packet(segment, octets));
    packet.reason = (uint16_t)segment->reason;
    bool is_lost = segment->delay_ns == SYNFIN_NEVER;
    bool never_arrives = is_lost || segment->delay_ns == SCRIPT_UNDER_WAY;
    struct synfin_passage passage = {
        .from = segment->from,
        .sent_ns = segment->t_ns,
        .arrives_ns = never_arrives ? SYNFIN_NEVER : segment->t_ns + segment->delay_ns,
        .fate = is_lost ? SYNFIN_FATE_LOST : segment->fate,
        .fate_reason = segment->fate_reason,
        .packet = &packet,
    };
    synfin_ladder_passage(ladder, &passage);
}

static struct synfin_trace_event event_of(enum synfin_link_side side, uint64_t t_ns, uint16_t port)
{
    struct synfin_endpoint a = {synfin_addr_ipv4(192, 0, 2, 1), port};
    struct synfin_endpoint b = {synfin_addr_ipv4(192, 0, 2, 2), PORT_B};
    bool is_a = side == SYNFIN_LINK_A;
    return (struct synfin_trace_event){
        .t_ns = t_ns, .conn = 1, .local = is_a ? a : b, .remote = is_a ? b : a};
}

void script_judge(synfin_ladder *ladder, const struct script_segment *segment,
                  enum synfin_trace_kind kind, enum synfin_reason reason)
{
    uint8_t octets[2048] = {0};
    struct synfin_packet packet;
    enum synfin_link_side side = segment->from == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A;
    struct synfin_trace_event event =
        event_of(side, segment->t_ns + segment->delay_ns, port_of(segment));
    event.kind = kind;
    event.reason = reason;
    synfin_packet_wrap(&packet, octets, build_packet(segment, octets));
    assert_true(synfin_packet_segment(&packet, false, &event.as.segment));
    synfin_ladder_trace(ladder, side, &event);
}

void script_state(synfin_ladder *ladder, enum synfin_link_side side, uint64_t t_ns,
                  enum synfin_tcp_state to, enum synfin_reason reason)
{
    struct synfin_trace_event event = event_of(side, t_ns, PORT_A);
    event.kind = SYNFIN_TRACE_STATE;
    event.reason = reason;
    event.as.state.from = SYNFIN_TCP_STATE_CLOSED;
    event.as.state.to = to;
    synfin_ladder_trace(ladder, side, &event);
}

void script_timer(synfin_ladder *ladder, enum synfin_link_side side, uint64_t armed_ns,
                  uint64_t fired_ns, enum synfin_tcp_timer timer)
{
    struct synfin_trace_event event = event_of(side, armed_ns, PORT_A);
    event.kind = SYNFIN_TRACE_TIMER_ARMED;
    event.reason = SYNFIN_REASON_ARM_RETRANSMIT;
    event.as.timer.timer = timer;
    event.as.timer.deadline_ns = fired_ns;
    synfin_ladder_trace(ladder, side, &event);
    event.kind = SYNFIN_TRACE_TIMER_FIRED;
    event.reason = SYNFIN_REASON_TIMER_RETRANSMIT;
    event.t_ns = fired_ns;
    synfin_ladder_trace(ladder, side, &event);
}

void script_outcome(synfin_ladder *ladder, enum synfin_link_side side, uint64_t t_ns,
                    enum synfin_error error, enum synfin_reason reason)
{
    struct synfin_trace_event event = event_of(side, t_ns, PORT_A);
    event.kind = SYNFIN_TRACE_OUTCOME;
    event.reason = reason;
    event.as.outcome.error = error;
    synfin_ladder_trace(ladder, side, &event);
}

static void send_received(synfin_ladder *ladder, struct script_segment segment,
                          enum synfin_reason received)
{
    script_send(ladder, &segment);
    script_judge(ladder, &segment, SYNFIN_TRACE_SEGMENT_RECEIVED, received);
}

void script_play_handshake(synfin_ladder *ladder, uint64_t t_ns)
{
    script_state(ladder, A, t_ns, SYNFIN_TCP_STATE_SYN_SENT, SYNFIN_REASON_USER_CONNECT);
    send_received(
        ladder,
        (struct script_segment){A, t_ns, MS(20), SYN, 0, 0, 0, 0, SYNFIN_REASON_SEND_SYN, 0, 0},
        SYNFIN_REASON_RECEIVED_SYN);
    t_ns += MS(20);
    script_state(ladder, B, t_ns, SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_REASON_SYN_ARRIVED);
    send_received(ladder,
                  (struct script_segment){B, t_ns, MS(20), SYN | ACK, 0, 1, 0, 0,
                                          SYNFIN_REASON_SEND_SYN_ACK, 0, 0},
                  SYNFIN_REASON_RECEIVED_SYN_ACK);
    t_ns += MS(20);
    script_state(ladder, A, t_ns, SYNFIN_TCP_STATE_ESTABLISHED, SYNFIN_REASON_SYN_ACK_ARRIVED);
    script_outcome(ladder, A, t_ns, SYNFIN_ERROR_OK, SYNFIN_REASON_OPENED);
    send_received(ladder,
                  (struct script_segment){A, t_ns, MS(20), ACK, 1, 1, 0, 0,
                                          SYNFIN_REASON_SEND_HANDSHAKE_ACK, 0, 0},
                  SYNFIN_REASON_RECEIVED_HANDSHAKE_ACK);
    script_state(ladder, B, t_ns + MS(20), SYNFIN_TCP_STATE_ESTABLISHED,
                 SYNFIN_REASON_SYN_IS_ACKED);
}

void script_play_losses(synfin_ladder *ladder)
{
    script_state(ladder, A, 0, SYNFIN_TCP_STATE_SYN_SENT, SYNFIN_REASON_USER_CONNECT);
    script_send(ladder, &(struct script_segment){A, 0, SYNFIN_NEVER, SYN, 0, 0, 0, 0,
                                                 SYNFIN_REASON_SEND_SYN,
                                                 SYNFIN_REASON_LINK_LOST_CHOSEN, 0});
    script_timer(ladder, A, 0, MS(1000), SYNFIN_TCP_TIMER_RETRANSMIT);
    script_send(ladder, &(struct script_segment){A, MS(1000), MS(20), SYN, 0, 0, 0, 0,
                                                 SYNFIN_REASON_SEND_TIMEOUT, 0, 0});
    struct script_segment answer = {B,
                                    MS(1020),
                                    SYNFIN_NEVER,
                                    SYN | ACK,
                                    0,
                                    1,
                                    0,
                                    0,
                                    SYNFIN_REASON_SEND_SYN_ACK,
                                    SYNFIN_REASON_LINK_LOST_RANDOM,
                                    0};
    script_send(ladder, &answer);
    script_timer(ladder, A, MS(1000), MS(3000), SYNFIN_TCP_TIMER_RETRANSMIT);
    script_send(ladder, &(struct script_segment){A, MS(3000), MS(20), SYN, 0, 0, 0,
                                                 SYNFIN_FATE_CORRUPTED, SYNFIN_REASON_SEND_TIMEOUT,
                                                 SYNFIN_REASON_LINK_CORRUPTED, 0});
    script_outcome(ladder, A, MS(7000), SYNFIN_ERROR_TIMED_OUT, SYNFIN_REASON_SYN_RETRIES_OVER);
}

static bool append(void *ctx, const void *bytes, size_t count)
{
    struct script_output *out = ctx;
    assert_true(out->used + count < sizeof out->text);
    memcpy(out->text + out->used, bytes, count);
    out->used += count;
    out->text[out->used] = '\0';
    return true;
}

void script_capture(const synfin_ladder *ladder, script_draw *draw, struct script_output *out)
{
    out->used = 0;
    out->text[0] = '\0';
    draw(ladder, append, out);
}

void script_expect_golden(const synfin_ladder *ladder, script_draw *draw, const char *name)
{
    static struct script_output drawn;
    static struct script_output golden;
    char path[512];
    bool is_update = getenv("SYNFIN_UPDATE_GOLDEN") != NULL;
    script_capture(ladder, draw, &drawn);
    (void)snprintf(path, sizeof path, SYNFIN_SOURCE_DIR "/tests/golden/ladder/%s", name);
    FILE *file = fopen(path, is_update ? "wb" : "rb");
    assert_non_null(file);
    if (is_update) {
        assert_int_equal(fwrite(drawn.text, 1, drawn.used, file), drawn.used);
    } else {
        golden.used = fread(golden.text, 1, sizeof golden.text - 1, file);
        golden.text[golden.used] = '\0';
    }
    assert_int_equal(fclose(file), 0);
    if (!is_update) {
        assert_string_equal(drawn.text, golden.text);
    }
}
