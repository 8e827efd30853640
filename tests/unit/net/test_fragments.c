// SPDX-License-Identifier: MIT
//
// Reassembly: against a bitmap model with random fragments in random order, doubled and
// overlapping, for both versions; every rule and limit one by one; and the errors of its end.
#include "net_fixture.h"

#include <stdlib.h>

#include "lib/test_random.h"

enum { DATA_MAX = 65536 };

static uint8_t p[70000];
static uint8_t data[DATA_MAX];

static void fill_data(void)
{
    for (uint32_t i = 0; i < DATA_MAX; i++) {
        data[i] = (uint8_t)(i * 31 + (i >> 8));
    }
}

// One fragment of data[offset, offset + bytes) as TCP of datagram `id`.
static uint32_t fragment4(uint16_t id, uint32_t offset, uint32_t bytes, bool has_more)
{
    struct fixture_ip ip = {.src = TUN_PEER4,
                            .dst = TUN_OUR4,
                            .protocol = WIRE_PROTOCOL_TCP,
                            .id = id,
                            .offset = offset,
                            .has_more = has_more};
    memcpy(p + 20, data + offset, bytes);
    return fixture_ip(p, &ip, bytes);
}

static uint32_t fragment6(uint16_t id, uint32_t offset, uint32_t bytes, bool has_more)
{
    struct fixture_ip ip = {.src = TUN_PEER6, .dst = TUN_OUR6, .protocol = WIRE_PROTOCOL_FRAGMENT};
    uint8_t *header = p + 40;
    memset(header, 0, 8);
    header[0] = WIRE_PROTOCOL_TCP;
    header[2] = (uint8_t)(offset >> 8);
    header[3] = (uint8_t)((offset & 0xf8) | has_more);
    header[6] = (uint8_t)(id >> 8);
    header[7] = (uint8_t)id;
    memcpy(p + 48, data + offset, bytes);
    return fixture_ip(p, &ip, bytes + 8);
}

static enum net_verdict give(struct fixture *f, bool is_ip6, uint16_t id, uint32_t offset,
                             uint32_t bytes, bool has_more)
{
    uint32_t packet =
        is_ip6 ? fragment6(id, offset, bytes, has_more) : fragment4(id, offset, bytes, has_more);
    return fixture_input(f, f->tun, p, packet);
}

#define GIVE4(f, id, offset, bytes, has_more) give(f, false, id, offset, bytes, has_more)

static void expect_datagram(struct fixture *f, uint32_t bytes)
{
    assert_int_equal(f->out.payload.bytes, bytes);
    uint8_t *got = malloc(bytes);
    struct gather view = f->out.payload;
    assert_memory_equal(f->out.head, data, f->out.head_bytes);
    gather_read(&view, got, bytes);
    assert_memory_equal(got, data, bytes);
    free(got);
}

static void two_fragments_in_either_order_make_the_datagram(void **state)
{
    struct fixture *f = *state;
    for (uint32_t turn = 0; turn < 4; turn++) {
        bool is_ip6 = turn / 2 != 0;
        bool is_reversed = turn % 2 != 0;
        uint16_t id = (uint16_t)turn;
        assert_int_equal(is_reversed ? give(f, is_ip6, id, 1024, 500, false)
                                     : give(f, is_ip6, id, 0, 1024, true),
                         NET_VERDICT_DONE);
        assert_int_equal(is_reversed ? give(f, is_ip6, id, 0, 1024, true)
                                     : give(f, is_ip6, id, 1024, 500, false),
                         NET_VERDICT_TRANSPORT);
        assert_int_equal(f->out.protocol, WIRE_PROTOCOL_TCP);
        assert_false(f->out.is_checksum_verified);
        expect_datagram(f, 1524);
    }
}

static void largest_datagram_is_reassembled(void **state)
{
    struct fixture *f = *state;
    uint32_t whole = 65535 - 20;
    uint32_t at = 0;
    while (whole - at > 1480) {
        assert_int_equal(GIVE4(f, 1, at, 1480, true), NET_VERDICT_DONE);
        at += 1480;
    }
    assert_int_equal(GIVE4(f, 1, at, whole - at, false), NET_VERDICT_TRANSPORT);
    expect_datagram(f, whole);
}

// RFC 8200 §4.5: the payload of the reassembled packet, in which there is no fragment header.
static void largest_ip6_datagram_is_reassembled(void **state)
{
    struct fixture *f = *state;
    for (uint32_t whole = 65500; whole <= 65535; whole++) {
        uint16_t id = (uint16_t)whole;
        assert_int_equal(give(f, true, id, 0, 32768, true), NET_VERDICT_DONE);
        assert_int_equal(give(f, true, id, 32768, 32728, true), NET_VERDICT_DONE);
        assert_int_equal(give(f, true, id, 65496, whole - 65496, false), NET_VERDICT_TRANSPORT);
        expect_datagram(f, whole);
    }
    assert_int_equal(give(f, true, 1, 65528, 8, false), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LENGTH), 1);
}

static void one_huge_fragment_takes_several_blocks(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(GIVE4(f, 1, 40000, 20000, false), NET_VERDICT_DONE);
    assert_int_equal(GIVE4(f, 1, 40000, 20000, false), NET_VERDICT_DONE); // an exact copy
    assert_int_equal(GIVE4(f, 1, 0, 40000, true), NET_VERDICT_TRANSPORT);
    expect_datagram(f, 60000);
}

static void write_header_sum(void)
{
    p[10] = p[11] = 0;
    uint16_t sum = checksum_of(p, 20);
    p[10] = (uint8_t)(sum >> 8);
    p[11] = (uint8_t)sum;
}

static void fragments_of_different_datagrams_do_not_mix(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(GIVE4(f, 1, 0, 800, true), NET_VERDICT_DONE);
    assert_int_equal(GIVE4(f, 2, 800, 100, false), NET_VERDICT_DONE);
    uint32_t bytes = fragment4(1, 800, 100, false);
    p[15] = 7; // from another source
    write_header_sum();
    assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
    bytes = fragment4(1, 800, 100, false);
    p[9] = WIRE_PROTOCOL_UDP; // of another protocol
    write_header_sum();
    assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
    assert_int_equal(GIVE4(f, 1, 800, 100, false), NET_VERDICT_TRANSPORT);
}

static void exact_copy_is_ignored(void **state)
{
    struct fixture *f = *state;
    GIVE4(f, 1, 0, 800, true);
    GIVE4(f, 1, 0, 800, true);
    assert_int_equal(GIVE4(f, 1, 800, 100, false), NET_VERDICT_TRANSPORT);
    expect_datagram(f, 900);
}

static void hist_45_every_overlap_drops_the_whole_datagram(void **state)
{
    struct fixture *f = *state;
    // Held: [800, 1600). Each of these overlaps it in another way.
    static const struct {
        uint32_t offset, bytes;
    } overlaps[] = {{0, 808}, {0, 2400},  {792, 16}, {800, 8},    {800, 808},
                    {808, 8}, {808, 800}, {1592, 8}, {1592, 800}, {800, 792}};
    for (uint32_t i = 0; i < 2 * sizeof(overlaps) / sizeof(overlaps[0]); i++) {
        bool is_ip6 = i % 2 != 0;
        uint16_t id = (uint16_t)(100 + i);
        uint64_t before = fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_OVERLAP);
        give(f, is_ip6, id, 800, 800, true);
        give(f, is_ip6, id, overlaps[i / 2].offset, overlaps[i / 2].bytes, true);
        assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_OVERLAP), before + 1);
        // What still comes of it is refused as well: RFC 5722 §4.
        assert_int_equal(give(f, is_ip6, id, 0, 800, true), NET_VERDICT_DONE);
        assert_int_equal(give(f, is_ip6, id, 1600, 100, false), NET_VERDICT_DONE);
        assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_OVERLAP), before + 3);
        assert_int_equal(f->net->fragments.pool.objects, 0);
        fixture_advance(f, f->now_ns + 61 * S);
    }
}

static void same_place_with_other_octets_drops_the_whole_datagram(void **state)
{
    struct fixture *f = *state;
    GIVE4(f, 1, 0, 800, true);
    data[100] ^= 1;
    GIVE4(f, 1, 0, 800, true);
    data[100] ^= 1;
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_OVERLAP), 1);
    assert_int_equal(GIVE4(f, 1, 800, 8, false), NET_VERDICT_DONE);
}

static void hist_46_fragment_beyond_65535_is_dropped(void **state)
{
    struct fixture *f = *state;
    GIVE4(f, 1, 0, 800, true);
    assert_int_equal(GIVE4(f, 1, 65528, 8, false), NET_VERDICT_DONE); // 65536 + header
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LENGTH), 1);
    // Each fits its own packet, but not the one with the longer first header.
    uint8_t options[70000];
    uint32_t bytes = fragment4(2, 0, 800, true);
    memcpy(options, p, 20);
    memset(options + 20, 1, 40);
    memcpy(options + 60, p + 20, 800);
    options[0] = 0x4f;
    options[2] = (uint8_t)((bytes + 40) >> 8);
    options[3] = (uint8_t)(bytes + 40);
    options[10] = options[11] = 0;
    uint16_t sum = checksum_of(options, 60);
    options[10] = (uint8_t)(sum >> 8);
    options[11] = (uint8_t)sum;
    assert_int_equal(fixture_input(f, f->tun, options, bytes + 40), NET_VERDICT_DONE);
    assert_int_equal(f->net->fragments.pool.objects, 2);
}

static void hist_48_bad_lengths_and_two_ends_are_dropped(void **state)
{
    struct fixture *f = *state;
    for (uint32_t bytes = 801; bytes < 808; bytes++) {
        assert_int_equal(GIVE4(f, 1, 0, bytes, true), NET_VERDICT_DONE);
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LENGTH), 7);
    GIVE4(f, 2, 800, 100, false);
    GIVE4(f, 2, 1600, 100, false); // ends later
    GIVE4(f, 3, 800, 100, false);
    GIVE4(f, 3, 400, 100, false); // ends earlier
    GIVE4(f, 4, 800, 100, false);
    GIVE4(f, 4, 1600, 80, true); // goes on behind the end
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_OVERLAP), 3);
    for (uint16_t id = 2; id <= 4; id++) {
        assert_int_equal(GIVE4(f, id, 0, 800, true), NET_VERDICT_DONE);
    }
}

static void tiny_first_fragments_are_dropped(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(GIVE4(f, 1, 0, 16, true), NET_VERDICT_DONE);
    assert_int_equal(GIVE4(f, 1, 8, 80, true), NET_VERDICT_DONE);
    assert_int_equal(give(f, true, 1, 0, 16, true), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_TINY), 3);
    assert_int_equal(f->net->fragments.pool.objects, 0);
}

static void ip6_fragment_that_is_the_whole_datagram_stands_alone(void **state)
{
    struct fixture *f = *state;
    give(f, true, 5, 0, 800, true);
    assert_int_equal(give(f, true, 5, 0, 100, false), NET_VERDICT_TRANSPORT); // RFC 6946 §4
    expect_datagram(f, 100);
    assert_int_equal(give(f, true, 5, 800, 100, false), NET_VERDICT_TRANSPORT);
    expect_datagram(f, 900);
}

static void hist_49_fragment_inside_a_reassembled_datagram_is_dropped(void **state)
{
    struct fixture *f = *state;
    memset(data, 0, 16);
    data[0] = WIRE_PROTOCOL_FRAGMENT; // a destination options header that names another one
    data[8] = WIRE_PROTOCOL_TCP;
    uint32_t bytes = fragment6(9, 0, 80, true);
    p[40] = WIRE_PROTOCOL_DESTINATION;
    fixture_input(f, f->tun, p, bytes);
    bytes = fragment6(9, 80, 80, false);
    p[40] = WIRE_PROTOCOL_DESTINATION;
    assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
    assert_true(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_NESTED) >= 1);
    assert_int_equal(f->out.protocol == WIRE_PROTOCOL_TCP, 0);
    fill_data();
}

static void hist_57_timeout_quotes_the_first_fragment_only_when_it_is_there(void **state)
{
    struct fixture *f = *state;
    uint64_t start_ns = f->now_ns;
    GIVE4(f, 1, 0, 800, true);
    GIVE4(f, 2, 800, 800, true);
    give(f, true, 3, 0, 1200, true);
    give(f, true, 4, 1200, 800, true);
    fixture_advance(f, start_ns + 30 * S - 1);
    assert_int_equal(f->sent_count, 0);
    fixture_advance(f, start_ns + 31 * S);
    assert_int_equal(f->sent_count, 1);
    uint32_t bytes = fragment4(1, 0, 800, true);
    assert_int_equal(f->sent[0].reason, SYNFIN_REASON_NET_ICMP_TIME);
    assert_int_equal(f->sent[0].octets[20], WIRE_ICMP4_TIME_EXCEEDED);
    assert_int_equal(f->sent[0].octets[21], WIRE_ICMP4_CODE_REASSEMBLY);
    assert_int_equal(f->sent[0].bytes, 28 + 548);
    assert_memory_equal(f->sent[0].octets + 28, p, 548);
    assert_true(bytes > 548);
    fixture_advance(f, start_ns + 60 * S);
    assert_int_equal(f->sent_count, 2);
    fragment6(3, 0, 1200, true);
    assert_int_equal(f->sent[1].octets[40], WIRE_ICMP6_TIME_EXCEEDED);
    assert_int_equal(f->sent[1].bytes, 1280);
    assert_memory_equal(f->sent[1].octets + 48, p, 1232);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_TIMEOUT), 4);
    assert_int_equal(f->net->fragments.pool.objects, 0);
}

static void hist_57_without_memory_the_datagram_is_refused(void **state)
{
    struct fixture *f = *state;
    f->source.limit_bytes = f->source.taken_bytes;
    assert_int_equal(GIVE4(f, 1, 0, 800, true), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT), 1);
    f->source.limit_bytes = 4 << 20;
    assert_int_equal(GIVE4(f, 1, 800, 100, false), NET_VERDICT_DONE);
    assert_int_equal(GIVE4(f, 2, 0, 800, true), NET_VERDICT_DONE);
    assert_int_equal(GIVE4(f, 2, 800, 100, false), NET_VERDICT_TRANSPORT);
    fixture_advance(f, f->now_ns + 31 * S);
    assert_int_equal(f->sent_count, 0); // nothing was kept that could be quoted
}

static void datagram_of_too_many_fragments_is_dropped(void **state)
{
    struct fixture *f = *state;
    GIVE4(f, 1, 0, 24, true);
    for (uint32_t i = 1; i < FRAGMENT_BLOCKS_MAX; i++) {
        assert_int_equal(GIVE4(f, 1, 16 + 8 * i, 8, true), NET_VERDICT_DONE);
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT), 0);
    assert_int_equal(GIVE4(f, 1, 16 + 8 * FRAGMENT_BLOCKS_MAX, 8, false), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT), 1);
}

// At the limit of datagrams the oldest goes, and the others are completed.
static void oldest_datagram_makes_room(void **state)
{
    struct fixture *f = *state;
    for (uint32_t id = 0; id <= FRAGMENT_DATAGRAMS_MAX; id++) {
        GIVE4(f, (uint16_t)id, 0, 800, true);
        f->now_ns += NS_PER_MS;
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT), 1);
    for (uint16_t id = FRAGMENT_DATAGRAMS_MAX; id > 0; id--) {
        assert_int_equal(GIVE4(f, id, 800, 100, false), NET_VERDICT_TRANSPORT);
    }
    assert_int_equal(GIVE4(f, 0, 800, 100, false), NET_VERDICT_DONE);
}

static void hist_44_a_flood_stays_within_the_caps_and_lets_others_through(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 44;
    struct fixture_ip ip = {.src = TUN_PEER4, .dst = TUN_OUR4, .protocol = WIRE_PROTOCOL_TCP};
    uint64_t refused = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t offset = 24 + 8 * test_random_below(&random, 8000);
        GIVE4(f, (uint16_t)test_random_below(&random, 10000), offset, 8, i % 3 != 0);
        assert_in_range(f->net->fragments.pool.objects * sizeof(struct fragment_block), 0, 262144);
        if (i % 1000 == 0) {
            uint32_t bytes = fixture_tcp(p, &ip, 1, 100);
            assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_TRANSPORT);
            // A datagram whose fragments follow each other survives as well.
            GIVE4(f, 60000, 0, 800, true);
            assert_int_equal(GIVE4(f, 60000, 800, 100, false), NET_VERDICT_TRANSPORT);
        }
    }
    refused = fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT);
    assert_true(refused > 100000);
}

// The model: which octets are held, and whether the datagram is spoilt. A fragment that the
// model has not seen whole and that touches what is held spoils it.
struct model {
    uint8_t held[4096];
    uint32_t piece_end[512]; // of the fragment that began at 8 * index; 0: none
    uint32_t end;
    bool is_spoilt;
};

static bool model_add(struct model *model, uint32_t offset, uint32_t bytes, bool has_more)
{
    uint32_t end = offset + bytes;
    if (model->is_spoilt || model->piece_end[offset / 8] == end) {
        return false;
    }
    bool spoils = (!has_more && model->end != 0 && model->end != end)
                  || (model->end != 0 && end > model->end);
    for (uint32_t i = 0; i < sizeof(model->held); i++) {
        spoils |= model->held[i] && i >= offset && i < end;
        spoils |= model->held[i] && !has_more && i >= end;
    }
    if (spoils) {
        model->is_spoilt = true;
        return false;
    }
    memset(model->held + offset, 1, bytes);
    model->piece_end[offset / 8] = end;
    model->end = has_more ? model->end : end;
    return model->end != 0 && memchr(model->held, 0, model->end) == NULL;
}

// Cuts [0, whole) into fragments at random multiples of 8; returns how many.
static uint32_t cut(uint64_t *random, uint32_t whole, uint32_t cuts[][2])
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < whole && count < 32;) {
        uint32_t bytes = 24 + 8 * test_random_below(random, 60);
        bytes = at + bytes > whole || count == 31 ? whole - at : bytes;
        cuts[count][0] = at;
        cuts[count++][1] = bytes;
        at += bytes;
    }
    return count;
}

static void hist_47_reassembly_agrees_with_a_bitmap_model(void **state)
{
    struct fixture *f = *state;
    uint64_t random = 47;
    uint32_t delivered = 0;
    uint32_t spoilt = 0;
    for (uint32_t turn = 0; turn < 6000; turn++) {
        bool is_ip6 = turn % 2 != 0;
        struct model model = {0};
        uint32_t cuts[32][2];
        uint32_t whole = 600 + test_random_below(&random, 2500);
        uint32_t count = cut(&random, whole, cuts);
        bool is_done = false;
        for (uint32_t step = 0; step < 3 * count && !is_done; step++) {
            uint32_t *piece = cuts[test_random_below(&random, count)];
            uint32_t offset = piece[0];
            uint32_t bytes = piece[1];
            if (test_random_below(&random, 60) == 0 && offset >= 32) {
                offset -= 8; // a liar
            }
            bool has_more = offset + bytes != whole;
            if (has_more && bytes % 8 != 0) {
                bytes &= ~7U;
            }
            bool is_atomic = is_ip6 && offset == 0 && !has_more;
            is_done = is_atomic || model_add(&model, offset, bytes, has_more);
            enum net_verdict verdict = give(f, is_ip6, (uint16_t)turn, offset, bytes, has_more);
            assert_int_equal(verdict, is_done ? NET_VERDICT_TRANSPORT : NET_VERDICT_DONE);
            if (is_done) {
                expect_datagram(f, whole);
                delivered++;
            }
        }
        spoilt += model.is_spoilt;
        if (!is_done) {
            fixture_advance(f, f->now_ns + 61 * S);
            fixture_forget_sent(f);
        }
    }
    assert_true(delivered > 1000);
    assert_true(spoilt > 300);
    fixture_input(f, f->tun, p, 0); // the last one goes back
    assert_int_equal(f->net->fragments.pool.objects, 0);
}

static void congestion_seen_by_one_fragment_is_told(void **state)
{
    struct fixture *f = *state;
    struct fixture_ip ip = {.src = TUN_PEER4,
                            .dst = TUN_OUR4,
                            .protocol = WIRE_PROTOCOL_TCP,
                            .traffic_class = 2,
                            .has_more = true};
    memcpy(p + 20, data, 800);
    fixture_input(f, f->tun, p, fixture_ip(p, &ip, 800));
    ip.offset = 800;
    ip.has_more = false;
    ip.traffic_class = 3;
    assert_int_equal(fixture_input(f, f->tun, p, fixture_ip(p, &ip, 8)), NET_VERDICT_TRANSPORT);
    assert_int_equal(f->out.traffic_class, 3);
}

// RFC 1122 §3.2.2.1: the error quotes the first fragment, whose headers are kept for that.
static void datagram_for_nobody_is_refused_with_its_first_fragment(void **state)
{
    struct fixture *f = *state;
    for (uint32_t part = 0; part < 2; part++) {
        struct fixture_ip ip = {.src = TUN_PEER4,
                                .dst = TUN_OUR4,
                                .protocol = WIRE_PROTOCOL_UDP,
                                .id = 5,
                                .offset = 80 * part,
                                .has_more = part == 0};
        memcpy(p + 20, data + 80 * part, 80);
        fixture_input(f, f->tun, p, fixture_ip(p, &ip, 80));
    }
    assert_int_equal(f->sent_count, 1);
    const uint8_t *sent = f->sent[0].octets;
    assert_int_equal(f->sent[0].bytes, 28 + 100);
    assert_int_equal(sent[20], WIRE_ICMP4_UNREACHABLE);
    assert_int_equal(sent[28 + 4 + 1], 5); // its identification
    assert_int_equal(bytes_load16(sent + 28 + 6), 0x2000);
    assert_memory_equal(sent + 28 + 20, data, 80);
}
static void blocks_run_out_and_the_oldest_datagram_goes(void **state)
{
    struct fixture *f = *state;
    uint32_t blocks = f->net->fragments.pool.objects_max;
    uint32_t each = FRAGMENT_BLOCKS_MAX / 2;
    for (uint32_t i = 0; i < blocks; i++) {
        uint32_t turn = i % each;
        GIVE4(f, (uint16_t)(100 + i / each), turn > 0 ? 16 + 8 * turn : 0, turn > 0 ? 8 : 24, true);
        fixture_advance(f, f->now_ns + S / 1000);
    }
    assert_int_equal(f->net->fragments.pool.objects, blocks);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT), 0);
    assert_int_equal(GIVE4(f, 1, 0, 800, true), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_FRAGMENT_LIMIT), 1);
    assert_int_equal(GIVE4(f, 1, 800, 100, false), NET_VERDICT_TRANSPORT);
    expect_datagram(f, 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(two_fragments_in_either_order_make_the_datagram),
        FIXTURE_TEST(largest_datagram_is_reassembled),
        FIXTURE_TEST(largest_ip6_datagram_is_reassembled),
        FIXTURE_TEST(one_huge_fragment_takes_several_blocks),
        FIXTURE_TEST(fragments_of_different_datagrams_do_not_mix),
        FIXTURE_TEST(exact_copy_is_ignored),
        FIXTURE_TEST(hist_45_every_overlap_drops_the_whole_datagram),
        FIXTURE_TEST(same_place_with_other_octets_drops_the_whole_datagram),
        FIXTURE_TEST(hist_46_fragment_beyond_65535_is_dropped),
        FIXTURE_TEST(hist_48_bad_lengths_and_two_ends_are_dropped),
        FIXTURE_TEST(tiny_first_fragments_are_dropped),
        FIXTURE_TEST(ip6_fragment_that_is_the_whole_datagram_stands_alone),
        FIXTURE_TEST(hist_49_fragment_inside_a_reassembled_datagram_is_dropped),
        FIXTURE_TEST(hist_57_timeout_quotes_the_first_fragment_only_when_it_is_there),
        FIXTURE_TEST(hist_57_without_memory_the_datagram_is_refused),
        FIXTURE_TEST(datagram_of_too_many_fragments_is_dropped),
        FIXTURE_TEST(oldest_datagram_makes_room),
        FIXTURE_TEST(hist_44_a_flood_stays_within_the_caps_and_lets_others_through),
        FIXTURE_TEST(hist_47_reassembly_agrees_with_a_bitmap_model),
        FIXTURE_TEST(congestion_seen_by_one_fragment_is_told),
        FIXTURE_TEST(datagram_for_nobody_is_refused_with_its_first_fragment),
        FIXTURE_TEST(blocks_run_out_and_the_oldest_datagram_goes),
    };
    fill_data();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
