// SPDX-License-Identifier: MIT
//
// Segments without a connection block: what of them is on the wire, and their lists, beside a
// model that keeps them in plain arrays.
#include <string.h>

#include "conn_box.h"
#include "lib/test_random.h"
#include "wire/wire_tcp.h"

enum { ANSWERS = 64, PARKED_MAX = ANSWERS / 4 };

static struct tcp_stray stray_of(uint32_t iface, uint32_t seq)
{
    struct tcp_stray stray = {
        .pair = {.local = synfin_addr_ipv4(192, 0, 2, 1),
                 .remote = synfin_addr_ipv4(192, 0, 2, 2),
                 .local_port = 80,
                 .remote_port = 4000},
        .seq = seq_make(seq),
        .flags = SYNFIN_TCP_RST,
        .reason = SYNFIN_REASON_SEND_RST_NO_CONNECTION,
        .iface = iface,
    };
    return stray;
}

// Emits the first stray of the interface, takes it off, and reads what is on the wire.
static void emit(struct conn_box *box, uint32_t iface, struct wire_tcp *h)
{
    struct synfin_packet packet;
    struct checksum sum;
    const struct tcp_stray *stray = tcp_stray_first(&box->tcp, iface);
    assert_non_null(stray);
    tcp_stray_emit(&box->tcp, stray, &packet, box->now_ns);
    assert_int_equal(packet.spans, 0);
    assert_int_equal(packet.bytes, packet.head_bytes);
    assert_int_equal(packet.checksum, SYNFIN_CHECKSUM_COMPLETE);
    assert_int_equal(packet.reason, stray->reason);
    assert_int_equal(packet.conn, stray->number);
    assert_int_equal(wire_tcp_parse(packet.head, packet.head_bytes, packet.bytes, h),
                     SYNFIN_REASON_UNKNOWN);
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, &stray->pair.local, &stray->pair.remote, 6, packet.bytes);
    checksum_add(&sum, packet.head, packet.head_bytes);
    assert_int_equal(checksum_finish(&sum), 0);
    tcp_stray_pop(&box->tcp, iface);
}

static void reset_carries_no_option(void **state)
{
    (void)state;
    struct conn_box box;
    struct wire_tcp h;
    conn_box_init(&box);
    struct tcp_stray stray = stray_of(0, 77);
    assert_true(tcp_stray_push(&box.tcp, &stray));
    emit(&box, 0, &h);
    assert_int_equal(h.header_bytes, WIRE_TCP_HEADER_MIN);
    assert_int_equal(h.seq.n, 77);
    assert_int_equal(h.ack.n, 0);
    assert_int_equal(h.flags, SYNFIN_TCP_RST);
    assert_int_equal(h.window, 0);
    assert_int_equal(box.tcp.segments_out, 1);
    assert_int_equal(box.tcp.segments_retransmitted, 0);
    assert_int_equal(box.report.count[SYNFIN_REASON_SEND_RST_NO_CONNECTION], 1);
    conn_box_deinit(&box);
}

static void note_kind(void *ctx, const struct synfin_trace_event *event)
{
    *(enum synfin_trace_kind *)ctx = event->kind;
}

static void syn_ack_carries_every_field(void **state)
{
    (void)state;
    for (uint32_t again = 0; again < 2; again++) {
        struct conn_box box;
        struct wire_tcp h;
        enum synfin_trace_kind kind = SYNFIN_TRACE_OUTCOME;
        conn_box_init(&box);
        report_init(&box.report, note_kind, &kind);
        struct tcp_stray stray = stray_of(3, 5000);
        stray.ack = seq_make(9001);
        stray.flags = SYNFIN_TCP_SYN | SYNFIN_TCP_ACK;
        stray.reason = SYNFIN_REASON_SEND_SYN_ACK;
        stray.number = 12;
        stray.window = 54321;
        stray.mss = 1460;
        stray.has_wscale = stray.has_sack_permitted = stray.has_timestamps = true;
        stray.wscale_shift = 7;
        stray.ts_val = 0x01020304;
        stray.ts_ecr = 0x0a0b0c0d;
        stray.is_again = again != 0;
        assert_true(tcp_stray_push(&box.tcp, &stray));
        emit(&box, 3, &h);
        assert_int_equal(h.seq.n, 5000);
        assert_int_equal(h.ack.n, 9001);
        assert_int_equal(h.flags, SYNFIN_TCP_SYN | SYNFIN_TCP_ACK);
        assert_int_equal(h.window, 54321);
        assert_true(h.has_mss && h.has_wscale && h.has_sack_permitted && h.has_timestamps);
        assert_int_equal(h.mss, 1460);
        assert_int_equal(h.wscale_shift, 7);
        assert_int_equal(h.ts_val, 0x01020304);
        assert_int_equal(h.ts_ecr, 0x0a0b0c0d);
        assert_int_equal(box.tcp.segments_out, 1);
        assert_int_equal(box.tcp.segments_retransmitted, again);
        assert_int_equal(kind, again != 0 ? SYNFIN_TRACE_SEGMENT_RETRANSMITTED
                                          : SYNFIN_TRACE_SEGMENT_SENT);
        conn_box_deinit(&box);
    }
}

static void reset_of_a_connection_has_its_header_fields(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    box.conn->set.traffic_class = 0xb8;
    box.conn->set.hop_limit = 9;
    tcp_stray_reset(&box.tcp, box.conn, SYNFIN_REASON_SEND_RST_ABORT, 0);
    const struct tcp_stray *stray = tcp_stray_first(&box.tcp, box.conn->path.iface);
    assert_non_null(stray);
    assert_int_equal(stray->traffic_class, 0xb8);
    assert_int_equal(stray->hop_limit, 9);
    assert_int_equal(stray->number, box.conn->number);
    assert_false(stray->has_timestamps);
    conn_box_deinit(&box);
}

// RFC 7323 §3.2; ts_recent/reset_tsval of packetdrill's scripts.
static void reset_of_a_connection_with_timestamps_carries_them(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    box.conn->uses_timestamps = true;
    box.conn->ts_offset = 1000;
    box.conn->ts_recent = 77;
    tcp_stray_reset(&box.tcp, box.conn, SYNFIN_REASON_SEND_RST_ABORT, 5 * NS_PER_MS);
    const struct tcp_stray *stray = tcp_stray_first(&box.tcp, box.conn->path.iface);
    assert_non_null(stray);
    assert_true(stray->has_timestamps);
    assert_int_equal(stray->ts_val, 1005);
    assert_int_equal(stray->ts_ecr, 77);
    conn_box_deinit(&box);
}

static void push_beyond_the_limit_loses_the_newest(void **state)
{
    (void)state;
    struct conn_box box;
    struct wire_tcp h;
    conn_box_init(&box);
    for (uint32_t i = 0; i <= ANSWERS; i++) {
        struct tcp_stray stray = stray_of(i % 2, i);
        assert_int_equal(tcp_stray_push(&box.tcp, &stray), i < ANSWERS);
    }
    assert_int_equal(box.report.count[SYNFIN_REASON_DROP_OUTPUT_FULL], 1);
    assert_true(tcp_stray_check(&box.tcp));
    for (uint32_t i = 0; i < ANSWERS; i++) {
        emit(&box, i % 2, &h);
        assert_int_equal(h.seq.n, i);
    }
    assert_false(tcp_has_output(&box.tcp, 0) || tcp_has_output(&box.tcp, 1));
    conn_box_deinit(&box);
}

// What it has stays, and goes on serving.
static void push_without_memory_to_grow_loses_the_newest(void **state)
{
    (void)state;
    struct conn_box box;
    struct wire_tcp h;
    uint32_t kept = 0;
    conn_box_init(&box);
    box.memory.fail_after = box.memory.takes;
    struct tcp_stray stray = stray_of(0, 0);
    while (tcp_stray_push(&box.tcp, &stray)) {
        stray.seq = seq_make(++kept);
    }
    assert_true(kept > 0 && kept < ANSWERS);
    assert_int_equal(box.report.count[SYNFIN_REASON_DROP_OUTPUT_FULL], 1);
    emit(&box, 0, &h);
    assert_int_equal(h.seq.n, 0);
    assert_true(tcp_stray_push(&box.tcp, &stray));
    box.memory.fail_after = UINT32_MAX;
    assert_true(tcp_stray_push(&box.tcp, &stray));
    assert_true(tcp_stray_check(&box.tcp));
    conn_box_deinit(&box);
}

static void parked_strays_are_no_output_until_unparked(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    struct tcp_stray stray = stray_of(2, 1);
    assert_true(tcp_stray_push(&box.tcp, &stray));
    assert_true(tcp_has_output(&box.tcp, 2));
    assert_true(tcp_stray_park(&box.tcp, 2, 5));
    assert_false(tcp_has_output(&box.tcp, 2));
    tcp_unpark_all(&box.tcp, 1);
    assert_false(tcp_has_output(&box.tcp, 2));
    tcp_unpark_all(&box.tcp, 2);
    assert_true(tcp_has_output(&box.tcp, 2));
    conn_box_deinit(&box);
}

static void parked_strays_go_before_those_that_came_later(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    for (uint32_t seq = 1; seq <= 4; seq++) {
        struct tcp_stray stray = stray_of(2, seq);
        assert_true(tcp_stray_push(&box.tcp, &stray));
        if (seq <= 2) {
            assert_true(tcp_stray_park(&box.tcp, 2, 5));
        }
    }
    tcp_unpark_all(&box.tcp, 2);
    for (uint32_t seq = 1; seq <= 4; seq++) {
        assert_int_equal(tcp_stray_first(&box.tcp, 2)->seq.n, seq);
        tcp_stray_pop(&box.tcp, 2);
    }
    assert_true(tcp_stray_check(&box.tcp));
    conn_box_deinit(&box);
}

// The model: every list is an array in order. Numbers name strays, and are their SEQ.
struct model_list {
    uint32_t count;
    uint32_t number[ANSWERS], neighbour[ANSWERS];
};
struct model {
    struct model_list ready[SYNFIN_IFACES_MAX], parked[SYNFIN_IFACES_MAX];
    uint32_t total, parked_total, pushed, lost;
};

static void model_append(struct model_list *list, uint32_t number, uint32_t neighbour)
{
    list->number[list->count] = number;
    list->neighbour[list->count++] = neighbour;
}

static uint32_t model_take(struct model_list *list, uint32_t at)
{
    uint32_t number = list->number[at];
    list->count--;
    for (uint32_t i = at; i < list->count; i++) {
        list->number[i] = list->number[i + 1];
        list->neighbour[i] = list->neighbour[i + 1];
    }
    return number;
}

static void push_both(struct conn_box *box, struct model *model, uint32_t iface)
{
    struct tcp_stray stray = stray_of(iface, model->pushed);
    bool has_room = model->total < ANSWERS;
    assert_int_equal(tcp_stray_push(&box->tcp, &stray), has_room);
    if (has_room) {
        model_append(&model->ready[iface], model->pushed, 0);
        model->total++;
    }
    model->pushed++;
}

static void park_both(struct conn_box *box, struct model *model, uint32_t iface, uint32_t neighbour)
{
    bool has_room = model->parked_total < PARKED_MAX;
    assert_int_equal(tcp_stray_park(&box->tcp, iface, neighbour), has_room);
    if (has_room) {
        model_append(&model->parked[iface], model_take(&model->ready[iface], 0), neighbour);
        model->parked_total++;
    }
}

static void unpark_both(struct conn_box *box, struct model *model, uint32_t iface)
{
    tcp_stray_unpark_all(&box->tcp, iface);
    model->parked_total -= model->parked[iface].count;
    for (uint32_t ready = model->ready[iface].count; ready > 0; ready--) { // behind them
        model_append(&model->parked[iface], model_take(&model->ready[iface], 0), 0);
    }
    while (model->parked[iface].count > 0) {
        model_append(&model->ready[iface], model_take(&model->parked[iface], 0), 0);
    }
}

static void lose_both(struct conn_box *box, struct model *model, uint32_t iface, uint32_t neighbour)
{
    struct model_list *list = &model->parked[iface];
    tcp_stray_lose_parked(&box->tcp, iface, neighbour, box->now_ns);
    for (uint32_t i = list->count; i-- > 0;) {
        if (list->neighbour[i] == neighbour) {
            (void)model_take(list, i);
            model->total--;
            model->parked_total--;
            model->lost++;
        }
    }
}

// One of those that need a first stray.
static void serve_both(struct conn_box *box, struct model *model, uint32_t iface, uint64_t *random)
{
    uint32_t to = test_random_below(random, SYNFIN_IFACES_MAX);
    switch (test_random_below(random, 4)) {
    case 0: park_both(box, model, iface, to); break;
    case 1:
        tcp_stray_move(&box->tcp, iface, to);
        model_append(&model->ready[to], model_take(&model->ready[iface], 0), 0);
        break;
    default:
        tcp_stray_pop(&box->tcp, iface);
        (void)model_take(&model->ready[iface], 0);
        model->total--;
        break;
    }
}

static void compare(const struct conn_box *box, const struct model *model)
{
    for (uint32_t i = 0; i < SYNFIN_IFACES_MAX; i++) {
        const struct tcp_stray *first = tcp_stray_first(&box->tcp, i);
        assert_int_equal(tcp_stray_is_ready(&box->tcp, i), model->ready[i].count > 0);
        assert_int_equal(first != NULL, model->ready[i].count > 0);
        if (first != NULL) {
            assert_int_equal(first->seq.n, model->ready[i].number[0]);
            assert_int_equal(first->iface, i);
        }
    }
    assert_true(tcp_stray_check(&box->tcp));
    assert_int_equal(box->report.count[SYNFIN_REASON_DROP_NEIGHBOUR_FAILED], model->lost);
}

static void lists_do_what_plain_arrays_do(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct conn_box box;
        struct model model;
        uint64_t random = seed;
        conn_box_init(&box);
        memset(&model, 0, sizeof model);
        for (uint32_t i = 0; i < 5000; i++) {
            uint32_t iface = test_random_below(&random, SYNFIN_IFACES_MAX);
            uint32_t what = test_random_below(&random, 100);
            if (what < 50) {
                push_both(&box, &model, iface);
            } else if (what < 95 && model.ready[iface].count > 0) {
                serve_both(&box, &model, iface, &random);
            } else if (what < 98) {
                lose_both(&box, &model, iface, test_random_below(&random, SYNFIN_IFACES_MAX));
            } else {
                unpark_both(&box, &model, iface);
            }
            compare(&box, &model);
        }
        assert_true(model.lost > 0 && model.pushed > ANSWERS);
        conn_box_deinit(&box);
    }
}

static uint32_t resets_to(struct conn_box *box, const struct synfin_addr *addr, uint32_t wanted)
{
    uint32_t allowed = 0;
    for (uint32_t i = 0; i < wanted; i++) {
        allowed += tcp_stray_may_reset(&box->tcp, addr, box->now_ns);
    }
    return allowed;
}

static struct synfin_addr addr_of(uint32_t number)
{
    return synfin_addr_ipv4(10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number);
}

static void resets_to_one_address_are_limited_each_second(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_addr one = addr_of(1);
    conn_box_init(&box);
    for (uint32_t second = 0; second < 3; second++) {
        assert_int_equal(resets_to(&box, &one, 5000), TCP_RESETS_PER_SECOND);
        box.now_ns += BOX_S - 1;
        assert_int_equal(resets_to(&box, &one, 1), 0);
        box.now_ns += 1;
    }
    conn_box_deinit(&box);
}

// A flood from a million addresses: bounded, though nobody's limit was reached.
static void resets_to_all_addresses_are_limited_each_second(void **state)
{
    (void)state;
    struct conn_box box;
    uint32_t allowed = 0;
    conn_box_init(&box);
    for (uint32_t i = 0; i < 1000000; i++) {
        struct synfin_addr addr = addr_of(i);
        allowed += resets_to(&box, &addr, 1);
    }
    assert_int_equal(allowed, TCP_RESET_COUNTS * TCP_RESETS_PER_SECOND);
    conn_box_deinit(&box);
}

// Whoever has the first half of an IPv6 address has all that begin so.
static void resets_to_a_network_of_ipv6_are_counted_together(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_addr addr = {{0x20, 1, 0xd, 0xb8, 0, 0, 0, 1}};
    struct synfin_addr other = addr;
    uint32_t allowed = 0;
    conn_box_init(&box);
    for (uint32_t i = 0; i < 5000; i++) {
        addr.octet[8 + i % 8] = (uint8_t)i;
        allowed += resets_to(&box, &addr, 1);
    }
    assert_int_equal(allowed, TCP_RESETS_PER_SECOND);
    other.octet[7] = 2;
    assert_int_equal(resets_to(&box, &other, 5000), TCP_RESETS_PER_SECOND);
    conn_box_deinit(&box);
}

// About one address in 256 shares a count with another, and not with the same one for long.
static void resets_are_counted_with_others_every_second(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_addr victim = addr_of(0);
    uint32_t shared[2] = {0};
    bool is_shared[20000];
    conn_box_init(&box);
    for (uint32_t second = 0; second < 2; second++) {
        uint32_t again = 0;
        resets_to(&box, &victim, TCP_RESETS_PER_SECOND);
        for (uint32_t i = 0; i < 20000; i++) {
            struct synfin_addr addr = addr_of(i + 1);
            bool shares = resets_to(&box, &addr, 1) == 0;
            shared[second] += shares;
            again += second == 1 && shares && is_shared[i];
            is_shared[i] = shares;
        }
        assert_in_range(shared[second], 40, 120); // 78 are likely
        assert_in_range(again, 0, 5);
        box.now_ns += BOX_S;
    }
    conn_box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_carries_no_option),
        cmocka_unit_test(syn_ack_carries_every_field),
        cmocka_unit_test(reset_of_a_connection_has_its_header_fields),
        cmocka_unit_test(reset_of_a_connection_with_timestamps_carries_them),
        cmocka_unit_test(push_beyond_the_limit_loses_the_newest),
        cmocka_unit_test(push_without_memory_to_grow_loses_the_newest),
        cmocka_unit_test(parked_strays_are_no_output_until_unparked),
        cmocka_unit_test(parked_strays_go_before_those_that_came_later),
        cmocka_unit_test(resets_to_one_address_are_limited_each_second),
        cmocka_unit_test(resets_to_all_addresses_are_limited_each_second),
        cmocka_unit_test(resets_to_a_network_of_ipv6_are_counted_together),
        cmocka_unit_test(resets_are_counted_with_others_every_second),
        cmocka_unit_test(lists_do_what_plain_arrays_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
