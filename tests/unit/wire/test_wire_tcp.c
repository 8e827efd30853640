// SPDX-License-Identifier: MIT
//
// The TCP header and its options: every way a length can lie, and every set of options written.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "exhaustive/naive_options.h"
#include "lib/test_rows.h"
#include "wire/wire_tcp.h"

enum { OPTIONS_MAX = 40 };

static const enum synfin_reason GOOD = SYNFIN_REASON_UNKNOWN;

// Parses a segment that is a header with these options, cut to `bytes` of them but with a data
// offset that still counts all; `bytes` is a multiple of 4 unless a cut is meant.
static enum synfin_reason parse_options(const uint8_t *options, uint32_t bytes,
                                        struct wire_tcp *out)
{
    uint8_t header[WIRE_TCP_HEADER_MAX] = {0};
    uint32_t padded = (bytes + 3) / 4 * 4;
    header[12] = (uint8_t)((WIRE_TCP_HEADER_MIN + padded) / 4 << 4);
    memcpy(header + WIRE_TCP_HEADER_MIN, options, bytes);
    uint8_t *copy = exact_copy(header, WIRE_TCP_HEADER_MIN + padded);
    enum synfin_reason reason =
        wire_tcp_parse(copy, WIRE_TCP_HEADER_MIN + padded, WIRE_TCP_HEADER_MIN + padded, out);
    free(copy);
    return reason;
}

static struct wire_tcp example(uint16_t flags)
{
    return (struct wire_tcp){
        .src_port = 40000,
        .dst_port = 80,
        .seq = seq_make(0x01020304),
        .ack = seq_make(0xfffefdfc),
        .flags = flags,
        .window = 0xabcd,
        .urgent = 0x1234,
        .mss = 1460,
        .wscale_shift = 7,
        .ts_val = 0xdeadbeef,
        .ts_ecr = 0x00c0ffee,
        .sack = {{seq_make(10), seq_make(20)},
                 {seq_make(30), seq_make(40)},
                 {seq_make(50), seq_make(60)},
                 {seq_make(0x80000000), seq_make(0xffffffff)}},
    };
}

// One of the 2^4 * 5 sets of options.
static struct wire_tcp with_options(uint16_t flags, uint32_t set, uint32_t blocks)
{
    struct wire_tcp tcp = example(flags);
    tcp.has_mss = (set & 1) != 0;
    tcp.has_wscale = (set & 2) != 0;
    tcp.has_sack_permitted = (set & 4) != 0;
    tcp.has_timestamps = (set & 8) != 0;
    tcp.sack_blocks = (uint8_t)blocks;
    return tcp;
}

static void assert_same_fixed(const struct wire_tcp *a, const struct wire_tcp *b)
{
    assert_int_equal(a->src_port, b->src_port);
    assert_int_equal(a->dst_port, b->dst_port);
    assert_int_equal(a->seq.n, b->seq.n);
    assert_int_equal(a->ack.n, b->ack.n);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->window, b->window);
    assert_int_equal(a->urgent, b->urgent);
}

static void assert_same_options(const struct wire_tcp *sent, const struct wire_tcp *read)
{
    bool is_syn = (sent->flags & SYNFIN_TCP_SYN) != 0;
    assert_int_equal(read->has_mss, is_syn && sent->has_mss);
    assert_int_equal(read->mss, read->has_mss ? sent->mss : 0);
    assert_int_equal(read->has_wscale, is_syn && sent->has_wscale);
    assert_int_equal(read->wscale_shift, read->has_wscale ? sent->wscale_shift : 0);
    assert_int_equal(read->has_sack_permitted, is_syn && sent->has_sack_permitted);
    assert_int_equal(read->has_timestamps, sent->has_timestamps);
    assert_int_equal(read->ts_val, sent->has_timestamps ? sent->ts_val : 0);
    assert_int_equal(read->ts_ecr, sent->has_timestamps ? sent->ts_ecr : 0);
}

// RFC 9293 §3.1 [MUST-4, MUST-5], §3.7.1 [MUST-14], §3.2 [MUST-65]: with SYN and without.
static void hist_20_every_option_set_round_trips_within_sixty_octets(void **state)
{
    (void)state;
    static const uint16_t flags[] = {SYNFIN_TCP_SYN, SYNFIN_TCP_ACK,
                                     SYNFIN_TCP_SYN | SYNFIN_TCP_ACK, SYNFIN_TCP_RST};
    for (uint32_t i = 0; i < 4 * 16 * 5; i++) {
        struct wire_tcp sent = with_options(flags[i / 80], i / 5 % 16, i % 5);
        uint32_t bytes = wire_tcp_emitted_bytes(&sent);
        assert_in_range(bytes, WIRE_TCP_HEADER_MIN, WIRE_TCP_HEADER_MAX);
        assert_int_equal(bytes % 4, 0);
        uint8_t *p = malloc(bytes); // a store past the announced length is an error of its own
        assert_int_equal(wire_tcp_emit(p, &sent), bytes);
        struct wire_tcp read;
        assert_int_equal(wire_tcp_parse(p, bytes, bytes, &read), GOOD);
        assert_int_equal(read.header_bytes, bytes);
        assert_int_equal(read.checksum, 0);
        assert_same_fixed(&sent, &read);
        assert_same_options(&sent, &read);
        free(p);
    }
}

static void hist_21_sack_blocks_are_at_most_four_and_three_with_timestamps(void **state)
{
    (void)state;
    for (uint32_t blocks = 0; blocks < 256; blocks++) {
        for (uint32_t set = 0; set < 16; set++) {
            struct wire_tcp sent = with_options(SYNFIN_TCP_ACK, set, blocks);
            uint8_t p[WIRE_TCP_HEADER_MAX];
            struct wire_tcp read;
            uint32_t bytes = wire_tcp_emit(p, &sent);
            uint32_t fitting = sent.has_timestamps ? 3 : 4;
            assert_int_equal(wire_tcp_emitted_bytes(&sent), bytes);
            assert_int_equal(wire_tcp_parse(p, bytes, bytes, &read), GOOD);
            assert_int_equal(read.sack_blocks, blocks < fitting ? blocks : fitting);
            assert_memory_equal(read.sack, sent.sack, read.sack_blocks * sizeof(sent.sack[0]));
        }
    }
}

static void syn_with_every_option_is_laid_out_without_waste(void **state)
{
    (void)state;
    static const uint8_t expected[40] = {0x9c, 0x40, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04, 0xff, 0xfe,
                                         0xfd, 0xfc, 0xa0, 0x02, 0xab, 0xcd, 0x00, 0x00, 0x12, 0x34,
                                         2,    4,    0x05, 0xb4, 4,    2,    8,    10,   0xde, 0xad,
                                         0xbe, 0xef, 0x00, 0xc0, 0xff, 0xee, 1,    3,    3,    7};
    struct wire_tcp sent = with_options(SYNFIN_TCP_SYN, 15, 0);
    uint8_t p[WIRE_TCP_HEADER_MAX];
    assert_int_equal(wire_tcp_emit(p, &sent), sizeof(expected));
    assert_memory_equal(p, expected, sizeof(expected));
}

static void syn_without_timestamps_aligns_sack_permitted_with_nops(void **state)
{
    (void)state;
    static const uint8_t expected[12] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7};
    struct wire_tcp sent = with_options(SYNFIN_TCP_SYN, 7, 0);
    uint8_t p[WIRE_TCP_HEADER_MAX];
    assert_int_equal(wire_tcp_emit(p, &sent), WIRE_TCP_HEADER_MIN + sizeof(expected));
    assert_memory_equal(p + WIRE_TCP_HEADER_MIN, expected, sizeof(expected));
}

static void data_segment_carries_timestamps_then_sack(void **state)
{
    (void)state;
    static const uint8_t expected[24] = {1, 1, 8, 10, 0xde, 0xad, 0xbe, 0xef, 0, 0xc0, 0xff, 0xee,
                                         1, 1, 5, 10, 0,    0,    0,    10,   0, 0,    0,    20};
    struct wire_tcp sent = with_options(SYNFIN_TCP_ACK, 8, 1);
    uint8_t p[WIRE_TCP_HEADER_MAX];
    assert_int_equal(wire_tcp_emit(p, &sent), WIRE_TCP_HEADER_MIN + sizeof(expected));
    assert_memory_equal(p + WIRE_TCP_HEADER_MIN, expected, sizeof(expected));
}

static void flags_all_nine_bits_round_trip(void **state)
{
    (void)state;
    for (uint32_t flags = 0; flags < 512; flags++) {
        struct wire_tcp sent = example((uint16_t)flags), read;
        uint8_t p[WIRE_TCP_HEADER_MAX];
        uint32_t bytes = wire_tcp_emit(p, &sent);
        assert_int_equal(wire_tcp_parse(p, bytes, bytes, &read), GOOD);
        assert_same_fixed(&sent, &read);
    }
}

static void checksum_is_stored_and_read_back(void **state)
{
    (void)state;
    struct wire_tcp sent = example(SYNFIN_TCP_ACK), read;
    uint8_t p[WIRE_TCP_HEADER_MAX];
    uint32_t bytes = wire_tcp_emit(p, &sent);
    wire_tcp_set_checksum(p, 0xa55a);
    assert_int_equal(wire_tcp_parse(p, bytes, bytes, &read), GOOD);
    assert_int_equal(read.checksum, 0xa55a);
    assert_same_fixed(&sent, &read);
}

// RFC 9293 §3.1 [MUST-7, MUST-68].
static void hist_1_option_length_zero_or_one_is_refused_for_each_kind_and_place(void **state)
{
    (void)state;
    for (uint32_t kind = 2; kind < 256; kind++) {
        for (uint32_t at = 0; at + 2 <= OPTIONS_MAX; at++) {
            for (uint32_t length = 0; length < 2; length++) {
                uint8_t options[OPTIONS_MAX];
                struct wire_tcp tcp;
                memset(options, 1, sizeof(options));
                options[at] = (uint8_t)kind;
                options[at + 1] = (uint8_t)length;
                assert_int_equal(parse_options(options, sizeof(options), &tcp),
                                 SYNFIN_REASON_DROP_TCP_OPTION);
            }
        }
    }
}

// RFC 9293 §3.1 [MUST-4, MUST-7], §3.2 [MUST-64]: options begin anywhere.
static void hist_2_random_blocks_mean_the_same_to_an_independent_decoder(void **state)
{
    (void)state;
    static const uint8_t common[] = {0, 1, 1, 2, 3, 4, 5, 8, 10, 18, 26, 34, 19, 29, 254};
    uint64_t random = 2;
    for (uint32_t round = 0; round < 400000; round++) {
        uint8_t options[OPTIONS_MAX];
        uint32_t bytes = (uint32_t)(exact_random(&random) % 11) * 4;
        exact_random_fill(&random, options, sizeof(options));
        // Octets that mean something come up often enough to meet each other.
        for (uint32_t i = 0; i < bytes; i++) {
            if (options[i] % 4 != 0) {
                options[i] = common[exact_random(&random) % sizeof(common)];
            }
        }
        struct wire_tcp tcp;
        enum synfin_reason reason = parse_options(options, bytes, &tcp);
        assert_true(naive_agrees(options, bytes, reason, &tcp));
    }
}

static void hist_4_length_zero_behind_good_options_does_not_go_back(void **state)
{
    (void)state;
    static const uint8_t options[] = {2, 4, 5, 0xb4, 1, 3, 3, 7, 8, 0, 0, 0};
    struct wire_tcp tcp;
    assert_int_equal(parse_options(options, sizeof(options), &tcp), SYNFIN_REASON_DROP_TCP_OPTION);
    // What stands before the bad option is told, for those who show the segment.
    assert_true(tcp.has_mss && tcp.has_wscale && !tcp.has_timestamps);
    assert_int_equal(tcp.mss, 1460);
}

// RFC 9293 §3.1 [MUST-7].
static void hist_5_bare_kind_as_the_last_octet_is_refused_without_reading_on(void **state)
{
    (void)state;
    for (uint32_t kind = 2; kind < 256; kind++) {
        for (uint32_t bytes = 4; bytes <= OPTIONS_MAX; bytes += 4) {
            uint8_t options[OPTIONS_MAX];
            struct wire_tcp tcp;
            memset(options, 1, sizeof(options));
            options[bytes - 1] = (uint8_t)kind;
            assert_int_equal(parse_options(options, bytes, &tcp), SYNFIN_REASON_DROP_TCP_OPTION);
        }
    }
}

// An option of `length` octets of which only `there` lie within the header.
static enum synfin_reason parse_cut(uint8_t kind, uint32_t length, uint32_t there)
{
    uint8_t block[2 * OPTIONS_MAX];
    struct wire_tcp tcp;
    memset(block, 1, sizeof(block));
    block[OPTIONS_MAX - there] = kind;
    block[OPTIONS_MAX - there + 1] = (uint8_t)length;
    return parse_options(block, OPTIONS_MAX, &tcp);
}

static void hist_6_18_option_cut_at_any_octet_is_refused(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {2, 3, 4, 5, 8, 19, 29, 34, 69, 254};
    for (uint32_t k = 0; k < sizeof(kinds); k++) {
        for (uint32_t length = 2; length <= OPTIONS_MAX; length++) {
            for (uint32_t there = 1; there < length; there++) {
                assert_int_equal(parse_cut(kinds[k], length, there), SYNFIN_REASON_DROP_TCP_OPTION);
            }
        }
    }
}

static void hist_6_mss_is_taken_only_from_four_octets(void **state)
{
    (void)state;
    for (uint32_t length = 2; length <= OPTIONS_MAX; length++) {
        uint8_t options[OPTIONS_MAX] = {2, (uint8_t)length, 5, 0xb4};
        struct wire_tcp tcp;
        memset(options + 4, 1, sizeof(options) - 4);
        // With lengths 2 and 3 the value's octets are read as options of their own.
        options[2] = length < 4 ? 1 : 5;
        options[3] = length < 4 ? 1 : 0xb4;
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_int_equal(tcp.has_mss, length == 4);
        assert_int_equal(tcp.mss, length == 4 ? 1460 : 0);
    }
}

static void hist_7_every_mss_value_is_told_as_it_stands(void **state)
{
    (void)state;
    for (uint32_t mss = 0; mss <= UINT16_MAX; mss++) {
        const uint8_t options[] = {2, 4, (uint8_t)(mss >> 8), (uint8_t)mss};
        struct wire_tcp tcp;
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_true(tcp.has_mss);
        assert_int_equal(tcp.mss, mss);
    }
}

static void hist_8_data_offset_is_held_against_the_segment(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < 16; offset++) {
        for (uint32_t bytes = 0; bytes <= 80; bytes++) {
            uint8_t segment[80] = {[12] = (uint8_t)(offset << 4)};
            struct wire_tcp tcp;
            uint8_t *copy = exact_copy(segment, bytes);
            enum synfin_reason reason = wire_tcp_parse(copy, bytes, bytes, &tcp);
            if (bytes < 20) {
                assert_int_equal(reason, SYNFIN_REASON_DROP_TCP_SHORT);
            } else if (offset < 5 || offset * 4 > bytes) {
                assert_int_equal(reason, SYNFIN_REASON_DROP_TCP_OFFSET);
            } else {
                assert_int_equal(reason, GOOD);
                assert_int_equal(tcp.header_bytes, offset * 4);
            }
            free(copy);
        }
    }
}

static void hist_9_segment_cut_at_any_octet_is_refused(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * 16 * 5; i++) {
        struct wire_tcp sent =
            with_options(i < 80 ? SYNFIN_TCP_SYN : SYNFIN_TCP_ACK, i / 5 % 16, i % 5);
        uint8_t p[WIRE_TCP_HEADER_MAX];
        uint32_t bytes = wire_tcp_emit(p, &sent);
        for (uint32_t there = 0; there < bytes; there++) {
            struct wire_tcp read;
            uint8_t *copy = exact_copy(p, there);
            assert_int_equal(wire_tcp_parse(copy, there, there, &read),
                             there < 20 ? SYNFIN_REASON_DROP_TCP_SHORT
                                        : SYNFIN_REASON_DROP_TCP_OFFSET);
            assert_int_equal(wire_tcp_parse(copy, there, bytes, &read),
                             SYNFIN_REASON_DROP_NOT_LINEAR);
            free(copy);
        }
    }
}

static void hist_11_sack_of_a_length_not_its_own_is_passed_over(void **state)
{
    (void)state;
    for (uint32_t length = 2; length <= OPTIONS_MAX; length++) {
        uint8_t options[OPTIONS_MAX] = {5, (uint8_t)length};
        struct wire_tcp tcp;
        memset(options + 2, 1, sizeof(options) - 2);
        bool is_whole = length == 10 || length == 18 || length == 26 || length == 34;
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_int_equal(tcp.sack_blocks, is_whole ? (length - 2) / 8 : 0);
    }
}

// RFC 9293 §3.1 [MUST-6].
static void hist_22_authentication_and_unknown_options_change_nothing(void **state)
{
    (void)state;
    for (uint32_t kind = 9; kind < 256; kind++) {
        for (uint32_t length = 2; length <= OPTIONS_MAX; length++) {
            uint8_t options[OPTIONS_MAX];
            struct wire_tcp tcp;
            memset(options, 1, sizeof(options));
            // The value looks like options; it must not be read as such.
            for (uint32_t i = 2; i + 4 <= length; i += 4) {
                memcpy(options + i, (const uint8_t[]){2, 4, 1, 1}, 4);
            }
            options[0] = (uint8_t)kind;
            options[1] = (uint8_t)length;
            assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
            assert_false(tcp.has_mss || tcp.has_wscale || tcp.has_sack_permitted
                         || tcp.has_timestamps || tcp.sack_blocks != 0);
            assert_int_equal(tcp.flags, 0); // nor is anything urgent for it
            assert_int_equal(tcp.urgent, 0);
        }
    }
}

// RFC 9293 §3.1: a receiver that does not know the reserved bits passes them over.
static void reserved_bits_are_no_flags(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 8; bits++) {
        uint8_t header[WIRE_TCP_HEADER_MIN] = {0};
        struct wire_tcp tcp;
        header[12] = (uint8_t)(WIRE_TCP_HEADER_MIN / 4 << 4 | bits << 1);
        assert_int_equal(wire_tcp_parse(header, sizeof(header), sizeof(header), &tcp), GOOD);
        assert_int_equal(tcp.flags, 0);
    }
}

// RFC 9293 §3.1 [MUST-4, MUST-69].
static void end_of_list_hides_what_follows(void **state)
{
    (void)state;
    static const uint8_t options[] = {0, 2, 4, 5, 0xb4, 8, 0, 0};
    struct wire_tcp tcp;
    assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
    assert_false(tcp.has_mss);
}

static void options_given_twice_count_the_last_time(void **state)
{
    (void)state;
    static const uint8_t options[] = {2, 4, 1, 0, 2, 4, 2, 0};
    struct wire_tcp tcp;
    assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
    assert_int_equal(tcp.mss, 0x200);
}

static void describe_shows_every_field(void **state)
{
    (void)state;
    struct synfin_addr src = synfin_addr_ipv4(192, 0, 2, 1);
    struct synfin_addr dst = synfin_addr_ipv4(192, 0, 2, 2);
    struct wire_tcp tcp = with_options(SYNFIN_TCP_SYN | SYNFIN_TCP_ACK, 15, 2);
    struct synfin_segment shown;
    wire_tcp_describe(&tcp, &src, &dst, 77, &shown);
    assert_true(synfin_addr_equal(&shown.src.addr, &src));
    assert_true(synfin_addr_equal(&shown.dst.addr, &dst));
    assert_int_equal(shown.src.port, 40000);
    assert_int_equal(shown.dst.port, 80);
    assert_int_equal(shown.seq, 0x01020304);
    assert_int_equal(shown.ack, 0xfffefdfc);
    assert_int_equal(shown.bytes, 77);
    assert_int_equal(shown.flags, SYNFIN_TCP_SYN | SYNFIN_TCP_ACK);
    assert_int_equal(shown.window, 0xabcd);
    assert_int_equal(shown.urgent, 0x1234);
    assert_int_equal(shown.mss, 1460);
    assert_int_equal(shown.wscale_shift, 7);
    assert_int_equal(shown.has_sack_permitted, 1);
    assert_int_equal(shown.has_timestamps, 1);
    assert_int_equal(shown.ts_val, 0xdeadbeef);
    assert_int_equal(shown.ts_ecr, 0x00c0ffee);
    assert_int_equal(shown.sack_blocks, 2);
    assert_int_equal(shown.sack[1].left, 30);
    assert_int_equal(shown.sack[1].right, 40);
}

static void describe_tells_an_absent_and_an_absurd_window_scale_apart(void **state)
{
    (void)state;
    struct synfin_addr addr = synfin_addr_ipv4(192, 0, 2, 1);
    struct wire_tcp tcp = example(SYNFIN_TCP_SYN);
    struct synfin_segment shown;
    wire_tcp_describe(&tcp, &addr, &addr, 0, &shown);
    assert_int_equal(shown.wscale_shift, -1);
    tcp.has_wscale = true;
    tcp.wscale_shift = 255;
    wire_tcp_describe(&tcp, &addr, &addr, 0, &shown);
    assert_int_equal(shown.wscale_shift, INT8_MAX);
}

// RFC 7413 §4.1.1: an even number of octets, 6 to 18, or 2, which asks for a cookie.
static void hist_91_fast_open_is_taken_only_from_lengths_of_its_own(void **state)
{
    (void)state;
    for (uint32_t length = 2; length <= OPTIONS_MAX; length++) {
        uint8_t options[OPTIONS_MAX];
        uint8_t expected[WIRE_FASTOPEN_COOKIE_MAX] = {0};
        struct wire_tcp tcp;
        memset(options, 1, sizeof(options));
        options[0] = 34;
        options[1] = (uint8_t)length;
        bool is_own = length == 2 || (length >= 6 && length <= 18 && length % 2 == 0);
        for (uint32_t i = 2; i < length; i++) {
            options[i] = (uint8_t)(0xa0 + i);
        }
        if (is_own) {
            memcpy(expected, options + 2, length - 2);
        }
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_int_equal(tcp.has_fastopen, is_own);
        assert_int_equal(tcp.cookie_bytes, is_own ? length - 2 : 0);
        assert_memory_equal(tcp.cookie, expected, tcp.cookie_bytes);
    }
}

// Fast Open among RFC 6994's experiments: 0xf989 stands before the cookie.
static void fast_open_is_taken_from_its_experimental_form(void **state)
{
    (void)state;
    for (uint32_t length = 4; length <= OPTIONS_MAX; length++) {
        uint8_t options[OPTIONS_MAX] = {254, (uint8_t)length, 0xf9, 0x89};
        struct wire_tcp tcp;
        memset(options + 4, 1, sizeof(options) - 4); // a cookie of ones, and NOPs
        bool is_own = length == 4 || (length >= 8 && length <= 20 && length % 2 == 0);
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_int_equal(tcp.has_fastopen, is_own);
        assert_int_equal(tcp.is_fastopen_experimental, is_own);
        assert_int_equal(tcp.cookie_bytes, is_own ? length - 4 : 0);
        if (is_own && length > 4) {
            assert_memory_equal(tcp.cookie, options + 4, tcp.cookie_bytes);
        }
        options[3] = 0x88; // another experiment
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_false(tcp.has_fastopen);
    }
}

// The longest cookie and every other option of a SYN fill the header exactly.
static void fast_open_fits_beside_every_option_of_a_syn(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2 * 16 * 8; i++) {
        struct wire_tcp sent = with_options(SYNFIN_TCP_SYN, i / 8 % 16, 0);
        sent.has_fastopen = true;
        sent.is_fastopen_experimental = i >= 16 * 8;
        sent.cookie_bytes = (uint8_t)(i % 8 == 0 ? 0 : 2 + 2 * (i % 8));
        memset(sent.cookie, 0xc0, sent.cookie_bytes);
        uint32_t bytes = wire_tcp_emitted_bytes(&sent);
        assert_in_range(bytes, WIRE_TCP_HEADER_MIN + 4, WIRE_TCP_HEADER_MAX);
        uint8_t *p = malloc(bytes);
        struct wire_tcp read;
        assert_int_equal(wire_tcp_emit(p, &sent), bytes);
        assert_int_equal(wire_tcp_parse(p, bytes, bytes, &read), GOOD);
        assert_same_options(&sent, &read);
        assert_true(read.has_fastopen);
        assert_int_equal(read.is_fastopen_experimental, sent.is_fastopen_experimental);
        assert_int_equal(read.cookie_bytes, sent.cookie_bytes);
        assert_memory_equal(read.cookie, sent.cookie, sizeof(sent.cookie));
        free(p);
    }
}

static void fast_open_comes_last_and_is_whole_words(void **state)
{
    (void)state;
    static const uint8_t expected[20] = {1, 3, 3, 7, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};
    struct wire_tcp sent = with_options(SYNFIN_TCP_SYN, 2, 0);
    uint8_t p[WIRE_TCP_HEADER_MAX];
    sent.has_fastopen = true;
    sent.cookie_bytes = 8;
    for (uint32_t i = 0; i < 8; i++) {
        sent.cookie[i] = (uint8_t)(i + 1);
    }
    assert_int_equal(wire_tcp_emit(p, &sent), WIRE_TCP_HEADER_MIN + 16);
    assert_memory_equal(p + WIRE_TCP_HEADER_MIN, expected, 16);
    sent.cookie_bytes = 6;
    assert_int_equal(wire_tcp_emit(p, &sent), WIRE_TCP_HEADER_MIN + 12);
    assert_int_equal(p[WIRE_TCP_HEADER_MIN + 4], 34);
    sent.cookie_bytes = 0;
    assert_int_equal(wire_tcp_emit(p, &sent), WIRE_TCP_HEADER_MIN + 8);
    assert_memory_equal(p + WIRE_TCP_HEADER_MIN + 4, ((uint8_t[]){34, 2, 1, 1}), 4);
    sent.flags = SYNFIN_TCP_ACK;
    assert_int_equal(wire_tcp_emit(p, &sent), WIRE_TCP_HEADER_MIN);
}

// RFC 9768 §3.2.3: of any length, the whole counters count, at most three.
static void accecn_of_every_length_gives_its_whole_counters(void **state)
{
    (void)state;
    for (uint32_t length = 2; length <= 40; length++) {
        uint8_t options[40];
        struct wire_tcp tcp;
        memset(options, 1, sizeof(options));
        options[0] = length % 2 != 0 ? 172 : 174;
        options[1] = (uint8_t)length;
        for (uint32_t i = 2; i < length; i++) {
            options[i] = (uint8_t)(0xa0 + i);
        }
        uint32_t fields = length >= 11 ? 3 : (length - 2) / 3;
        assert_int_equal(parse_options(options, sizeof(options), &tcp), GOOD);
        assert_int_equal(tcp.accecn.kind, options[0]);
        assert_int_equal(tcp.accecn.fields, fields);
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t first = 0xa2 + 3 * i;
            uint32_t wanted = first << 16 | (first + 1) << 8 | (first + 2);
            assert_int_equal(tcp.accecn.field[i], i < fields ? wanted : 0);
        }
    }
}

// Beside timestamps and SACK, which gives way, and beside what a SYN carries, where it gives way.
static void accecn_is_written_where_it_fits(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 16 * 5 * 4 * 2; i++) {
        bool is_syn = i % 2 != 0;
        struct wire_tcp sent = with_options(is_syn ? SYNFIN_TCP_SYN : SYNFIN_TCP_ACK, i / 2 % 16,
                                            is_syn ? 0 : i / 32 % 5);
        struct wire_tcp read;
        uint8_t p[WIRE_TCP_HEADER_MAX];
        sent.accecn = (struct wire_accecn){.kind = i % 3 != 0 ? 172 : 174,
                                           .fields = (uint8_t)(i / 160 % 4),
                                           .field = {0x010203, 0xfffefd, 0x800000}};
        sent.has_fastopen = is_syn && i / 32 % 2 != 0;
        sent.cookie_bytes = sent.has_fastopen ? 16 : 0;
        uint32_t bytes = wire_tcp_emitted_bytes(&sent);
        assert_int_equal(wire_tcp_emit(p, &sent), bytes);
        assert_int_equal(wire_tcp_parse(p, bytes, bytes, &read), GOOD);
        if (read.accecn.kind == 0) {
            assert_true(is_syn && bytes > WIRE_TCP_HEADER_MAX - 12);
            continue;
        }
        assert_int_equal(read.accecn.kind, sent.accecn.kind);
        assert_int_equal(read.accecn.fields, sent.accecn.fields);
        for (uint32_t k = 0; k < sent.accecn.fields; k++) {
            assert_int_equal(read.accecn.field[k], sent.accecn.field[k]);
        }
        assert_true(read.sack_blocks <= sent.sack_blocks);
    }
}

static void describe_tells_a_request_and_a_cookie_apart(void **state)
{
    (void)state;
    struct synfin_addr addr = synfin_addr_ipv4(192, 0, 2, 1);
    struct wire_tcp tcp = example(SYNFIN_TCP_SYN);
    struct synfin_segment shown;
    wire_tcp_describe(&tcp, &addr, &addr, 0, &shown);
    assert_int_equal(shown.fastopen, SYNFIN_FASTOPEN_NONE);
    tcp.has_fastopen = true;
    wire_tcp_describe(&tcp, &addr, &addr, 0, &shown);
    assert_int_equal(shown.fastopen, SYNFIN_FASTOPEN_REQUEST);
    tcp.cookie_bytes = 8;
    wire_tcp_describe(&tcp, &addr, &addr, 0, &shown);
    assert_int_equal(shown.fastopen, SYNFIN_FASTOPEN_COOKIE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_20_every_option_set_round_trips_within_sixty_octets),
    cmocka_unit_test(hist_21_sack_blocks_are_at_most_four_and_three_with_timestamps),
    cmocka_unit_test(syn_with_every_option_is_laid_out_without_waste),
    cmocka_unit_test(syn_without_timestamps_aligns_sack_permitted_with_nops),
    cmocka_unit_test(data_segment_carries_timestamps_then_sack),
    cmocka_unit_test(flags_all_nine_bits_round_trip),
    cmocka_unit_test(checksum_is_stored_and_read_back),
    cmocka_unit_test(hist_1_option_length_zero_or_one_is_refused_for_each_kind_and_place),
    cmocka_unit_test(hist_2_random_blocks_mean_the_same_to_an_independent_decoder),
    cmocka_unit_test(hist_4_length_zero_behind_good_options_does_not_go_back),
    cmocka_unit_test(hist_5_bare_kind_as_the_last_octet_is_refused_without_reading_on),
    cmocka_unit_test(hist_6_18_option_cut_at_any_octet_is_refused),
    cmocka_unit_test(hist_6_mss_is_taken_only_from_four_octets),
    cmocka_unit_test(hist_7_every_mss_value_is_told_as_it_stands),
    cmocka_unit_test(hist_8_data_offset_is_held_against_the_segment),
    cmocka_unit_test(hist_9_segment_cut_at_any_octet_is_refused),
    cmocka_unit_test(hist_11_sack_of_a_length_not_its_own_is_passed_over),
    cmocka_unit_test(hist_22_authentication_and_unknown_options_change_nothing),
    cmocka_unit_test(reserved_bits_are_no_flags),
    cmocka_unit_test(end_of_list_hides_what_follows),
    cmocka_unit_test(options_given_twice_count_the_last_time),
    cmocka_unit_test(describe_shows_every_field),
    cmocka_unit_test(describe_tells_an_absent_and_an_absurd_window_scale_apart),
    cmocka_unit_test(hist_91_fast_open_is_taken_only_from_lengths_of_its_own),
    cmocka_unit_test(fast_open_is_taken_from_its_experimental_form),
    cmocka_unit_test(fast_open_fits_beside_every_option_of_a_syn),
    cmocka_unit_test(fast_open_comes_last_and_is_whole_words),
    cmocka_unit_test(accecn_of_every_length_gives_its_whole_counters),
    cmocka_unit_test(accecn_is_written_where_it_fits),
    cmocka_unit_test(describe_tells_a_request_and_a_cookie_apart),
};
ROWS_MAIN(tests)
