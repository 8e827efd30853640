// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 7 to 22, at a whole stack: what is malformed is dropped, counted once, not
// answered, and changes no connection. What each parser makes of it is in tests/unit/wire.
#include <string.h>

#include "hist_steps.h"
#include "lib/test_random.h"

enum { PACKET_MAX = 200, OPTIONS_MAX = 40 };

static uint32_t ip_header(void)
{
    return bench.version == 4 ? 20 : 40;
}

// A segment of the test's connection or to its listener, as a packet.
static uint32_t build(const struct segment *from, uint8_t packet[PACKET_MAX])
{
    static const uint8_t octets[64];
    struct segment_wire out = {.src = bench.theirs,
                               .dst = bench.ours,
                               .src_port = bench.peer_port,
                               .dst_port = bench.stack_port,
                               .seq = bench.irs + from->seq,
                               .ack = segment_iss() + from->ack,
                               .flags = from->flags,
                               .window = 65535,
                               .mss = from->mss,
                               .wscale = (int16_t)(from->wscale - 1),
                               .sack_permitted = from->sack_ok,
                               .payload = octets,
                               .payload_bytes = from->data};
    memcpy(out.extra, from->options, from->option_bytes);
    out.extra_bytes = from->option_bytes;
    return segment_wire_build(&out, packet);
}

// Dropped, counted once, and not answered.
static void give_bad(const uint8_t *packet, uint32_t bytes)
{
    uint64_t drops = hist_drops();
    hist_give(packet, bytes);
    CHECK_EQ(hist_drops(), drops + 1);
    CHECK_EQ(hist_drain(NULL), 0);
    segment_step(HERE);
}

// Every MSS that a peer may name: the segments are of a size that can carry something, and the
// transfer ends.
static void hist_7_transfer_to_a_peer_of_any_mss_ends(void **state)
{
    uint32_t step = bench.iss == 1 && bench.version == 4 ? 1 : 997; // all of them once
    hist_begin_again(state);
    LISTEN(8);
    for (uint32_t mss = 0; mss <= UINT16_MAX; mss += step) {
        uint8_t option[4] = {2, 4, (uint8_t)(mss >> 8), (uint8_t)mss};
        struct segment syn = {.flags = SYN, .option_bytes = 4};
        struct synfin_tcp_info info = {.size = sizeof info};
        uint8_t packet[PACKET_MAX];
        struct synfin_packet out;
        memcpy(syn.options, option, sizeof option);
        hist_give(packet, build(&syn, packet));
        CHECK_EQ(synfin_stack_output(bench.stack, 0, &out, 1, bench.now_ns), 1);
        uint8_t octets[PACKET_MAX];
        struct segment_wire answer;
        assert_null(segment_wire_parse(
            octets, (uint32_t)synfin_packet_copy(&out, octets, sizeof octets), &answer));
        struct segment_wire third = {.src_port = bench.peer_port,
                                     .dst_port = bench.stack_port,
                                     .seq = bench.irs + 1,
                                     .ack = answer.seq + 1,
                                     .flags = ACK,
                                     .window = 65535,
                                     .wscale = -1};
        hist_inject(third);
        RESULT(synfin_socket_accept(bench.stack, bench.listener, &bench.socket, NULL), OK);
        RESULT(synfin_socket_info(bench.stack, bench.socket, &info, bench.now_ns), OK);
        CHECK(info.snd_mss_bytes >= 64 && info.snd_mss_bytes <= 1460);
        RESULT(segment_user_send(1000), OK);
        uint32_t segments = hist_drain(NULL);
        CHECK(segments >= 1 && segments <= 1000 / 64 + 1);
        third.flags = RST;
        hist_inject(third);
        CLOSE();
        hist_take_events();
        CHECK_EQ(hist_drain(NULL), 0);
    }
}

// A SYN with every option and a segment with text, cut at every octet, in memory of that size.
static void hist_9_packet_cut_at_any_octet_is_dropped(void **state)
{
    static const struct segment whole[] = {
        {.flags = SYN, .mss = 1460, .wscale = SHIFT(7), .sack_ok = true},
        {.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 30},
        {.flags = FIN | ACK, .seq = 1, .ack = 1},
        {.flags = RST, .seq = 1},
    };
    (void)state;
    OPEN(.mss = 1460);
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        uint8_t packet[PACKET_MAX];
        uint32_t bytes = build(&whole[i], packet);
        for (uint32_t there = 1; there < bytes; there++) {
            give_bad(packet, there);
        }
    }
    IN_STATE(ESTABLISHED);
    RESULT(segment_user_recv(1, &(size_t){0}), AGAIN);
}

// The IP header says how long the packet is: more than there is, or less than its headers, and it
// is dropped; less than there is, and the rest is nobody's.
static void hist_10_length_of_the_ip_header_is_held_against_what_is_there(void **state)
{
    enum { TEXT = 60 };
    uint32_t headers = ip_header() + 20;
    uint32_t base = bench.version == 4 ? 0 : 40; // IPv6 does not count its own header
    uint32_t next = 1;
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t length = 0; length <= UINT16_MAX; length += length < 300 ? 1 : 251) {
        uint8_t packet[PACKET_MAX];
        struct segment segment = {.flags = PSH | ACK, .seq = next, .ack = 1, .data = TEXT};
        uint32_t bytes = build(&segment, packet);
        packet[bench.version == 4 ? 2 : 4] = (uint8_t)(length >> 8);
        packet[bench.version == 4 ? 3 : 5] = (uint8_t)length;
        hist_fix_checksums(packet, bytes);
        uint32_t whole = length + base;
        if (whole < headers || whole > bytes) {
            give_bad(packet, bytes);
            continue;
        }
        hist_give(packet, bytes);
        size_t received = 0;
        uint8_t text[TEXT + 1];
        enum synfin_error error = synfin_socket_recv(bench.stack, bench.socket, text, sizeof text,
                                                     &received, bench.now_ns);
        CHECK(error == (whole > headers ? SYNFIN_ERROR_OK : SYNFIN_ERROR_AGAIN));
        CHECK_EQ(received, whole - headers);
        next += (uint32_t)received;
        (void)hist_drain(NULL);
    }
    CHECK_EQ(next, 1 + TEXT * (TEXT + 1) / 2);
}

// Data is in flight; acknowledgments come with SACK options that are none, or of blocks that are
// nowhere: nothing is sent again, and the connection goes on.
static void hist_11_sack_that_cannot_be_changes_nothing(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true);
    WRITE(3000);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT(.flags = i == 2 ? PSH | ACK : ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
    }
    for (uint32_t length = 2; length <= OPTIONS_MAX; length++) {
        struct segment ack = {.flags = ACK, .seq = 1, .ack = 1, .option_bytes = OPTIONS_MAX};
        ack.window = 50000 + (int32_t)length; // or three of them would show a loss, RFC 5681 §2
        memset(ack.options, 1, sizeof ack.options);
        ack.options[0] = 5;
        ack.options[1] = (uint8_t)length;
        segment_send(&ack, HERE); // blocks of nothing, or from 0x01010101 to itself
        EXPECT_NOTHING();
    }
    static const uint32_t edges[] = {0, 1, 3001, 3002, 1u << 31, (1u << 31) + 1, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(edges) * COUNT_OF(edges); i++) {
        struct segment ack = {.flags = ACK, .seq = 1, .ack = 1, .window = 60000 + (int32_t)i};
        ack.sack[0].left = edges[i / COUNT_OF(edges)];
        ack.sack[0].right = edges[i % COUNT_OF(edges)];
        bool is_real = ack.sack[0].left == 1 && ack.sack[0].right == 3001;
        if (!is_real) {
            segment_send(&ack, HERE);
            EXPECT_NOTHING();
        }
    }
    SEND(.flags = ACK, .seq = 1, .ack = 3001);
    ADVANCE(SEC(5));
    EXPECT_NOTHING();
}

// An IPv4 option before a segment that would be answered: only those that say where the packet
// should go are refused, and then nobody is told, neither its source nor the hosts it names.
static void hist_13_14_options_of_ipv4_lead_nowhere(void **state)
{
    static const uint8_t kinds[] = {131, 137, 7, 68, 130, 136, 148, 94, 25};
    (void)state;
    LISTEN(8);
    if (bench.version == 6) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(kinds) * 256; i++) {
        uint8_t packet[PACKET_MAX];
        uint8_t longer[PACKET_MAX] = {0};
        struct segment syn = {.flags = ACK, .ack = 7};
        uint32_t bytes = build(&syn, packet);
        const uint8_t option[8] = {kinds[i / 256], 7, (uint8_t)i, 192, 0, 2, 9, 0};
        memcpy(longer, packet, 20);
        memcpy(longer + 20, option, 8);
        memcpy(longer + 28, packet + 20, bytes - 20);
        longer[0] = 0x47;
        longer[3] = (uint8_t)(bytes + 8);
        hist_fix_checksums(longer, bytes + 8);
        hist_give(longer, bytes + 8);
        struct synfin_packet out;
        bool is_answered = synfin_stack_output(bench.stack, 0, &out, 1, bench.now_ns) == 1;
        CHECK(i / 256 >= 2 || !is_answered); // source routes
        if (is_answered) {
            uint8_t octets[PACKET_MAX];
            uint32_t n = (uint32_t)synfin_packet_copy(&out, octets, sizeof octets);
            CHECK_EQ(n, 40);           // without options
            CHECK_EQ(octets[0], 0x45); // echoed nowhere
            CHECK_EQ(octets[19], 2);   // to the source
            CHECK_EQ(out.reason, SYNFIN_REASON_SEND_RST_LISTEN_ACK);
        }
        bench.now_ns += MS(2); // within the limit of resets
    }
}

// An option of impossible length, with every kind of segment, wherever it lies.
static void hist_15_bad_option_at_any_number_changes_nothing(void **state)
{
    static const uint8_t bad[][4] = {{253, 0, 0, 0}, {253, 1, 0, 0}, {2, 0, 5, 0}, {1, 1, 1, 8},
                                     {8, 99, 0, 0},  {5, 1, 0, 0},   {29, 1, 0, 0}};
    static const uint32_t numbers[] = {1, 2, 1000, 70000, 0, UINT32_MAX, 1u << 31};
    static const uint16_t flags[] = {ACK, PSH | ACK, FIN | ACK, RST, RST | ACK, SYN, URG | ACK};
    (void)state;
    OPEN(.mss = 1000);
    for (size_t i = 0; i < COUNT_OF(bad) * COUNT_OF(numbers) * COUNT_OF(flags); i++) {
        uint8_t packet[PACKET_MAX];
        struct segment segment = {.flags = flags[i % COUNT_OF(flags)],
                                  .seq = numbers[i / COUNT_OF(flags) % COUNT_OF(numbers)],
                                  .ack = 1,
                                  .data = i % 2 == 0 ? 0 : 10,
                                  .option_bytes = 4};
        memcpy(segment.options, bad[i / COUNT_OF(flags) / COUNT_OF(numbers)], 4);
        give_bad(packet, build(&segment, packet));
    }
    IN_STATE(ESTABLISHED);
    NO_EVENT();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    READ(10);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11);
}

// However many holes there are, the header ends where its room does: four blocks, or three beside
// timestamps.
static void hist_21_a_thousand_holes_make_a_few_blocks(void **state)
{
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t most = 0;
        hist_begin_again(state);
        segment_config()->out_of_order_ranges_max = 4096;
        OPEN(.mss = 1000, .sack_ok = true, .ts = {i == 1, 1, 0});
        for (uint32_t hole = 0; hole < 1000; hole++) {
            struct segment_wire text = {.src_port = bench.peer_port,
                                        .dst_port = bench.stack_port,
                                        .seq = bench.irs + 3 + 2 * (hole * 7919 % 1000),
                                        .ack = segment_iss() + 1,
                                        .flags = ACK,
                                        .window = 65535,
                                        .wscale = -1,
                                        .has_timestamps = i == 1,
                                        .ts_val = 1,
                                        .payload = (const uint8_t *)"x",
                                        .payload_bytes = 1};
            struct synfin_packet out;
            uint8_t octets[PACKET_MAX];
            struct segment_wire answer;
            hist_inject(text);
            CHECK_EQ(synfin_stack_output(bench.stack, 0, &out, 1, bench.now_ns), 1);
            uint32_t bytes = (uint32_t)synfin_packet_copy(&out, octets, sizeof octets);
            assert_null(segment_wire_parse(octets, bytes, &answer));
            CHECK(bytes <= ip_header() + 60);
            most = answer.sack_blocks > most ? answer.sack_blocks : most;
        }
        CHECK_EQ(most, i == 1 ? 3 : 4);
        ABORT();
        segment_forget_sent();
        EXPECT_FREE();
    }
}

// RFC 5925 and RFC 2385 options and those of no meaning: passed over, on SYN and after.
static void hist_22_authentication_options_change_no_state(void **state)
{
    static const struct {
        uint8_t bytes, option[20];
    } options[] = {
        {4, {29, 4, 1, 2}},
        {16, {29, 16, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
        {20, {19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1, 1}},
        {4, {29, 2, 1, 1}},
        {4, {19, 3, 9, 1}},
        {8, {254, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
    };
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        struct segment syn = {.flags = SYN, .option_bytes = options[i].bytes};
        hist_begin_again(state);
        memcpy(syn.options, options[i].option, options[i].bytes);
        hist_open(&syn, HERE);
        struct segment data = syn;
        data.flags = URG | PSH | ACK;
        data.seq = data.ack = 1;
        data.data = 10;
        segment_send(&data, HERE);
        READ_ALL(10);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11);
        WRITE(10);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 11, .data = 10);
        IN_STATE(ESTABLISHED);
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_7_transfer_to_a_peer_of_any_mss_ends),
    SEGMENT_TEST(hist_9_packet_cut_at_any_octet_is_dropped),
    SEGMENT_TEST(hist_10_length_of_the_ip_header_is_held_against_what_is_there),
    SEGMENT_TEST(hist_11_sack_that_cannot_be_changes_nothing),
    SEGMENT_TEST(hist_13_14_options_of_ipv4_lead_nowhere),
    SEGMENT_TEST(hist_15_bad_option_at_any_number_changes_nothing),
    SEGMENT_TEST(hist_21_a_thousand_holes_make_a_few_blocks),
    SEGMENT_TEST(hist_22_authentication_options_change_no_state),
};
SEGMENT_MAIN(tests)
