// SPDX-License-Identifier: MIT
//
// Captures, read back by a small pcapng reader of the test's own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "link_fixture.h"

struct file {
    size_t count, limit; // octets written, and how many are taken at most
    uint32_t refused;
    uint8_t octets[65536];
};

static bool write_file(void *ctx, const void *bytes, size_t count)
{
    struct file *file = ctx;
    assert_true(count != 0);
    if (count > file->limit - file->count) {
        file->refused++;
        return false;
    }
    memcpy(file->octets + file->count, bytes, count);
    file->count += count;
    return true;
}

struct setup {
    struct fixture_memory memory;
    struct synfin_env env;
    synfin_capture *capture;
    struct file file;
};

static struct setup *open_setup(bool is_ethernet, size_t limit)
{
    struct setup *setup = calloc(1, sizeof *setup);
    assert_non_null(setup);
    fixture_env(&setup->env, &setup->memory);
    setup->file.limit = limit;
    assert_int_equal(
        synfin_capture_create(&setup->env, is_ethernet, write_file, &setup->file, &setup->capture),
        SYNFIN_ERROR_OK);
    return setup;
}

static void close_setup(struct setup *setup)
{
    synfin_capture_destroy(setup->capture);
    assert_int_equal(setup->memory.taken_bytes, 0);
    free(setup);
}

static uint32_t load16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t load32(const uint8_t *p)
{
    return load16(p) | load16(p + 2) << 16;
}

// One block, whose two lengths agree, and the options in it.
struct block {
    uint32_t type, bytes;
    const uint8_t *body;
    char comment[2000];
    uint32_t flags, resolution;
};

static size_t read_block(const struct file *file, size_t at, struct block *block)
{
    memset(block, 0, sizeof *block);
    assert_true(at + 12 <= file->count);
    const uint8_t *p = file->octets + at;
    block->type = load32(p);
    block->bytes = load32(p + 4);
    block->body = p + 8;
    assert_int_equal(block->bytes % 4, 0);
    assert_true(at + block->bytes <= file->count);
    assert_int_equal(load32(p + block->bytes - 4), block->bytes);
    return at + block->bytes;
}

// The options from `offset` octets behind the block's beginning to its end.
static void read_options(struct block *block, uint32_t offset)
{
    const uint8_t *p = block->body - 8 + offset;
    const uint8_t *end = block->body - 8 + block->bytes - 4;
    for (;;) {
        assert_true(p + 4 <= end);
        uint32_t code = load16(p);
        uint32_t bytes = load16(p + 2);
        p += 4;
        assert_true(p + bytes <= end);
        if (code == 0) {
            assert_int_equal(bytes, 0);
            break;
        }
        if (code == 1) {
            memcpy(block->comment, p, bytes);
        } else if (code == 2) {
            assert_int_equal(bytes, 4);
            block->flags = load32(p);
        } else if (code == 9) {
            block->resolution = p[0];
        }
        p += (bytes + 3) & ~3U;
    }
    assert_ptr_equal(p, end);
}

// Reads section and interface, which every file begins with; returns where packets begin.
static size_t read_preamble(const struct file *file, uint32_t linktype)
{
    struct block block;
    size_t at = read_block(file, 0, &block);
    assert_int_equal(block.type, 0x0A0D0D0A);
    assert_int_equal(load32(block.body), 0x1A2B3C4D);
    assert_int_equal(load16(block.body + 4), 1);
    assert_int_equal(load16(block.body + 6), 0);
    read_options(&block, 24);
    at = read_block(file, at, &block);
    assert_int_equal(block.type, 1);
    assert_int_equal(load16(block.body), linktype);
    read_options(&block, 16);
    assert_int_equal(block.resolution, 9);
    return at;
}

// Reads a packet block that must hold these octets at this time.
static size_t read_packet(const struct file *file, size_t at, const struct fixture_packet *sent,
                          uint64_t t_ns, struct block *block)
{
    at = read_block(file, at, block);
    uint32_t bytes = sent->packet.bytes;
    assert_int_equal(block->type, 6);
    assert_int_equal(load32(block->body), 0);
    assert_int_equal(load32(block->body + 4), t_ns >> 32);
    assert_int_equal(load32(block->body + 8), t_ns & UINT32_MAX);
    assert_int_equal(load32(block->body + 12), bytes);
    assert_int_equal(load32(block->body + 16), bytes);
    assert_memory_equal(block->body + 20, sent->octets, bytes);
    read_options(block, 28 + ((bytes + 3) & ~3U));
    return at;
}

static void packets_of_every_length_are_read_back(void **state)
{
    (void)state;
    for (int is_ethernet = 0; is_ethernet < 2; is_ethernet++) {
        struct setup *setup = open_setup(is_ethernet != 0, SIZE_MAX);
        struct fixture_packet sent;
        const uint64_t t_ns = UINT64_C(1700000000123456789);
        static const char *const comments[] = {NULL, "", "a", "ab", "abc", "abcd"};
        for (uint32_t i = 0; i < 60; i++) {
            fixture_octets(&sent, (uint8_t)i, i);
            // Also in pieces.
            if (i > 20) {
                sent.packet.head_bytes = 20;
                sent.packet.spans = 1;
                sent.packet.span[0] = (struct synfin_span){sent.octets + 20, i - 20};
            }
            synfin_capture_packet(setup->capture, &sent.packet, t_ns + i, i % 2 == 0,
                                  comments[i % 6]);
        }
        size_t at = read_preamble(&setup->file, is_ethernet ? 1 : 101);
        for (uint32_t i = 0; i < 60; i++) {
            struct block block;
            fixture_octets(&sent, (uint8_t)i, i);
            at = read_packet(&setup->file, at, &sent, t_ns + i, &block);
            assert_string_equal(block.comment, i % 6 == 0 ? "" : comments[i % 6]);
            assert_int_equal(block.flags, i % 2 == 0 ? 2 : 1);
        }
        assert_int_equal(at, setup->file.count);
        assert_true(synfin_capture_ok(setup->capture));
        close_setup(setup);
    }
}

static void passage_is_written_with_reason_clause_and_fate(void **state)
{
    (void)state;
    static const struct {
        enum synfin_reason reason, fate_reason;
        enum synfin_link_side from;
        const char *comment;
    } rows[] = {
        {SYNFIN_REASON_SEND_FIN, SYNFIN_REASON_UNKNOWN, SYNFIN_LINK_A,
         "no more data will be sent from this end (RFC 9293 §3.6)"},
        {SYNFIN_REASON_SEND_FIN, SYNFIN_REASON_LINK_LOST_RANDOM, SYNFIN_LINK_B,
         "no more data will be sent from this end (RFC 9293 §3.6); lost on the link: random loss"},
        {SYNFIN_REASON_UNKNOWN, SYNFIN_REASON_LINK_CORRUPTED, SYNFIN_LINK_B,
         "a bit was flipped on the link"},
        {SYNFIN_REASON_UNKNOWN, SYNFIN_REASON_UNKNOWN, SYNFIN_LINK_A, ""},
    };
    struct setup *setup = open_setup(false, SIZE_MAX);
    struct fixture_packet sent;
    fixture_segment(&sent, SYNFIN_TCP_FIN | SYNFIN_TCP_ACK, 3);
    size_t at = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sent.packet.reason = (uint16_t)rows[i].reason;
        struct synfin_passage passage = {.number = i + 1,
                                         .from = rows[i].from,
                                         .sent_ns = 77 + i,
                                         .arrives_ns = 99,
                                         .fate_reason = rows[i].fate_reason,
                                         .packet = &sent.packet};
        synfin_capture_passage(setup->capture, &passage);
        at = at != 0 ? at : read_preamble(&setup->file, 101);
        struct block block;
        at = read_packet(&setup->file, at, &sent, 77 + i, &block);
        assert_string_equal(block.comment, rows[i].comment);
        assert_int_equal(block.flags, rows[i].from == SYNFIN_LINK_A ? 2 : 1);
    }
    assert_int_equal(at, setup->file.count);
    close_setup(setup);
}

static void long_comment_is_cut_between_characters(void **state)
{
    (void)state;
    for (uint32_t ascii = 0; ascii < 3; ascii++) {
        char comment[1200] = "";
        memset(comment, 'x', ascii);
        while (strlen(comment) < 1100) {
            strcat(comment, "§"); // two octets
        }
        struct setup *setup = open_setup(false, SIZE_MAX);
        struct fixture_packet sent;
        fixture_octets(&sent, 0, 20);
        synfin_capture_packet(setup->capture, &sent.packet, 0, true, comment);
        struct block block;
        size_t at = read_packet(&setup->file, read_preamble(&setup->file, 101), &sent, 0, &block);
        assert_int_equal(at, setup->file.count);
        size_t bytes = strlen(block.comment);
        assert_int_equal(bytes, ascii == 1 ? 511 : 512);
        assert_memory_equal(block.comment, comment, bytes);
        close_setup(setup);
    }
}

static void capture_stops_after_a_write_that_failed(void **state)
{
    (void)state;
    struct setup *setup = open_setup(false, 200);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    assert_true(synfin_capture_ok(setup->capture));
    synfin_capture_packet(setup->capture, &sent.packet, 0, true, "too much");
    assert_false(synfin_capture_ok(setup->capture));
    size_t count = setup->file.count;
    setup->file.limit = SIZE_MAX;
    synfin_capture_packet(setup->capture, &sent.packet, 0, true, NULL);
    assert_int_equal(setup->file.count, count);
    assert_int_equal(setup->file.refused, 1);
    close_setup(setup);
}

static void creation_without_memory_or_writer_fails(void **state)
{
    (void)state;
    struct fixture_memory memory;
    struct synfin_env env;
    fixture_env(&env, &memory);
    synfin_capture *capture = NULL;
    assert_int_equal(synfin_capture_create(&env, false, NULL, NULL, &capture),
                     SYNFIN_ERROR_INVALID);
    memory.limit_bytes = 0;
    assert_int_equal(synfin_capture_create(&env, false, write_file, NULL, &capture),
                     SYNFIN_ERROR_NO_MEMORY);
    assert_null(capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_of_every_length_are_read_back),
        cmocka_unit_test(passage_is_written_with_reason_clause_and_fate),
        cmocka_unit_test(long_comment_is_cut_between_characters),
        cmocka_unit_test(capture_stops_after_a_write_that_failed),
        cmocka_unit_test(creation_without_memory_or_writer_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
