// SPDX-License-Identifier: MIT
//
// Transfers over paths whose MTU is less than the interfaces', and changes while they last, with
// routers that say so and with black holes: the octets arrive, and within a time that follows from
// the timers.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/world.h"

enum { PORT = 7, TOTAL = 600000, PIECE = 20000 };

struct transfer {
    struct world world;
    synfin_socket listener, pair[2];
    uint32_t sent, received;
    uint32_t goal; // octets to send and receive
    bool is_wrong;
};

static uint8_t octet_at(uint32_t place)
{
    return (uint8_t)(place * 7 + (place >> 8));
}

static void push(struct transfer *transfer)
{
    uint8_t piece[PIECE];
    size_t sent = 0;
    do {
        uint32_t rest = transfer->goal > transfer->sent ? transfer->goal - transfer->sent : 0;
        uint32_t bytes = rest < PIECE ? rest : PIECE;
        for (uint32_t i = 0; i < bytes; i++) {
            piece[i] = octet_at(transfer->sent + i);
        }
        sent = 0;
        if (bytes > 0
            && synfin_socket_send(transfer->world.host[0].stack, transfer->pair[0], piece, bytes,
                                  &sent, transfer->world.now_ns)
                   != SYNFIN_ERROR_OK) {
            return;
        }
        transfer->sent += (uint32_t)sent;
    } while (sent > 0);
}

static void pull(struct transfer *transfer)
{
    uint8_t piece[PIECE];
    size_t got = 0;
    while (synfin_socket_recv(transfer->world.host[1].stack, transfer->pair[1], piece, PIECE, &got,
                              transfer->world.now_ns)
               == SYNFIN_ERROR_OK
           && got > 0) {
        for (uint32_t i = 0; i < got; i++) {
            transfer->is_wrong |= piece[i] != octet_at(transfer->received + i);
        }
        transfer->received += (uint32_t)got;
    }
}

static bool has_reached(struct world *world, void *ctx)
{
    struct transfer *transfer = ctx;
    (void)world;
    push(transfer);
    pull(transfer);
    return transfer->received >= transfer->goal;
}

static void run_to(struct transfer *transfer, uint32_t goal, uint64_t limit_ns)
{
    transfer->goal = goal;
    push(transfer);
    world_settle(&transfer->world);
    assert_true(world_run_until(&transfer->world, has_reached, transfer, limit_ns));
    assert_false(transfer->is_wrong);
}

static void begin(struct transfer *transfer, uint32_t version, enum synfin_mtu_probing probing,
                  uint32_t path_mtu_bytes, bool tells)
{
    struct world_config config;
    memset(transfer, 0, sizeof *transfer);
    world_config_default(&config);
    config.link.delay_ns = 10 * WORLD_MS;
    config.link.rate_bps = 20000000;
    config.link.path_mtu_bytes = path_mtu_bytes;
    config.link.tells_path_mtu = tells;
    config.is_ethernet = false;
    config.stack[0].mtu_probing = probing;
    config.stack[0].mtu_probe_interval_ns = 2 * WORLD_S;
    world_init(&transfer->world, &config);
    transfer->listener = world_listen(&transfer->world, version, PORT, 4);
    world_open_pair(&transfer->world, version, PORT, transfer->listener, transfer->pair);
}

static void end(struct transfer *transfer)
{
    struct world *world = &transfer->world;
    for (uint32_t i = 0; i < 2; i++) {
        synfin_socket_abort(world->host[i].stack, transfer->pair[i], world->now_ns);
    }
    synfin_socket_close(world->host[1].stack, transfer->listener, world->now_ns);
    world_settle(world);
    world_deinit(world);
}

static struct synfin_tcp_info info_of(struct transfer *transfer)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    assert_int_equal(synfin_socket_info(transfer->world.host[0].stack, transfer->pair[0], &info,
                                        transfer->world.now_ns),
                     SYNFIN_ERROR_OK);
    return info;
}

static void set_path(struct transfer *transfer, uint32_t mtu_bytes, bool tells)
{
    synfin_link_set_path_mtu(transfer->world.link, mtu_bytes, tells);
}

// 1 + 2 times the timeout, and what 600,000 octets take.
static void transfer_over_a_black_hole_ends_in_time(void **state)
{
    (void)state;
    static const uint32_t mtus[] = {1280, 1300, 1400, 1454, 1492, 1499};
    for (uint32_t version = 4; version <= 6; version += 2) {
        for (uint32_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
            struct transfer transfer;
            begin(&transfer, version, SYNFIN_MTU_PROBING_BLACK_HOLE, mtus[i], false);
            run_to(&transfer, TOTAL, 2 * WORLD_S);
            uint32_t found = info_of(&transfer).pmtu_bytes;
            assert_true(found <= mtus[i] && found + 32 >= mtus[i]);
            end(&transfer);
        }
    }
}

// IPv4 paths may be narrower than IPv6 allows: 1 + 2 + 4 + 8 times the timeout.
static void narrow_black_hole_takes_more_steps(void **state)
{
    (void)state;
    struct transfer transfer;
    begin(&transfer, 4, SYNFIN_MTU_PROBING_BLACK_HOLE, 700, false);
    run_to(&transfer, TOTAL, 6 * WORLD_S);
    assert_in_range(info_of(&transfer).pmtu_bytes, 552, 700);
    end(&transfer);
}

static void transfer_that_always_searches_never_waits_for_a_timer(void **state)
{
    (void)state;
    static const uint32_t mtus[] = {1280, 1300, 1400, 1492, 1500};
    for (uint32_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        struct transfer transfer;
        begin(&transfer, i % 2 == 0 ? 4 : 6, SYNFIN_MTU_PROBING_ALWAYS, mtus[i], false);
        run_to(&transfer, TOTAL, WORLD_S);
        struct synfin_tcp_info info = info_of(&transfer);
        assert_true(info.pmtu_bytes <= mtus[i] && info.pmtu_bytes + 120 >= mtus[i]);
        assert_int_equal(info.backoff, 0);
        end(&transfer);
    }
}

// A router's word costs a round trip, not a timer: at once when nothing is known of the path, after
// two round trips of silence when its packets had passed.
static void transfer_over_a_path_that_shrinks_and_tells_goes_on(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        struct transfer transfer;
        begin(&transfer, version, SYNFIN_MTU_PROBING_BLACK_HOLE, 1450, true);
        run_to(&transfer, TOTAL / 3, WORLD_S);
        assert_int_equal(info_of(&transfer).pmtu_bytes, 1450);
        set_path(&transfer, 1300, true);
        run_to(&transfer, TOTAL, WORLD_S);
        assert_int_equal(info_of(&transfer).pmtu_bytes, 1300);
        end(&transfer);
    }
}

// 1 + 2 + 4 times: packets of the old size had passed.
static void transfer_over_a_path_that_shrinks_silently_goes_on(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        struct transfer transfer;
        begin(&transfer, version, SYNFIN_MTU_PROBING_BLACK_HOLE, 1500, false);
        run_to(&transfer, TOTAL / 3, WORLD_S);
        set_path(&transfer, 1400, false);
        run_to(&transfer, TOTAL, 3 * WORLD_S);
        assert_in_range(info_of(&transfer).pmtu_bytes, 1280, 1400);
        end(&transfer);
    }
}

static void path_that_widens_is_used_after_the_interval(void **state)
{
    (void)state;
    for (uint32_t tells = 0; tells < 2; tells++) {
        struct transfer transfer;
        begin(&transfer, 4, SYNFIN_MTU_PROBING_BLACK_HOLE, 1300, tells != 0);
        run_to(&transfer, TOTAL / 2, 2 * WORLD_S);
        assert_in_range(info_of(&transfer).pmtu_bytes, 1280, 1300);
        set_path(&transfer, 1500, tells != 0);
        run_to(&transfer, TOTAL * 3 / 4, WORLD_S); // a search that has begun ends as it can
        world_run(&transfer.world, 3 * WORLD_S);
        run_to(&transfer, TOTAL, WORLD_S);
        assert_int_equal(info_of(&transfer).pmtu_bytes, 1500);
        assert_int_equal(info_of(&transfer).mtu_search_bytes, 0);
        end(&transfer);
    }
}

// A path that is down for a while is no black hole for long.
static void path_that_was_down_gets_its_size_back(void **state)
{
    (void)state;
    struct transfer transfer;
    begin(&transfer, 4, SYNFIN_MTU_PROBING_BLACK_HOLE, 1500, false);
    run_to(&transfer, TOTAL / 3, WORLD_S);
    set_path(&transfer, 68, false); // full and smaller ones vanish, acknowledgments pass
    transfer.goal = TOTAL;
    push(&transfer);
    world_run(&transfer.world, 10 * WORLD_S);
    assert_true(info_of(&transfer).pmtu_bytes < 1500);
    set_path(&transfer, 1500, false);
    run_to(&transfer, TOTAL, 12 * WORLD_S);
    assert_int_equal(info_of(&transfer).pmtu_bytes, 1500);
    end(&transfer);
}

// What one connection has found out the next one knows: no packet of it is lost.
static void next_connection_begins_with_what_is_known(void **state)
{
    (void)state;
    for (uint32_t tells = 0; tells < 2; tells++) {
        struct transfer transfer;
        struct synfin_link_stats before = {.size = sizeof before};
        struct synfin_link_stats after = {.size = sizeof after};
        begin(&transfer, 4, SYNFIN_MTU_PROBING_BLACK_HOLE, 1400, tells != 0);
        run_to(&transfer, TOTAL, 2 * WORLD_S);
        synfin_socket known = transfer.pair[0];
        synfin_socket peer = transfer.pair[1];
        world_open_pair(&transfer.world, 4, PORT, transfer.listener, transfer.pair);
        assert_int_equal(info_of(&transfer).pmtu_bytes, 1400);
        synfin_link_stats(transfer.world.link, SYNFIN_LINK_A, &before);
        transfer.sent = transfer.received = 0;
        run_to(&transfer, TOTAL / 6, WORLD_S);
        synfin_link_stats(transfer.world.link, SYNFIN_LINK_A, &after);
        assert_int_equal(after.lost_mtu, before.lost_mtu);
        synfin_socket_abort(transfer.world.host[0].stack, known, transfer.world.now_ns);
        synfin_socket_abort(transfer.world.host[1].stack, peer, transfer.world.now_ns);
        end(&transfer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer_over_a_black_hole_ends_in_time),
        cmocka_unit_test(narrow_black_hole_takes_more_steps),
        cmocka_unit_test(transfer_that_always_searches_never_waits_for_a_timer),
        cmocka_unit_test(transfer_over_a_path_that_shrinks_and_tells_goes_on),
        cmocka_unit_test(transfer_over_a_path_that_shrinks_silently_goes_on),
        cmocka_unit_test(path_that_widens_is_used_after_the_interval),
        cmocka_unit_test(path_that_was_down_gets_its_size_back),
        cmocka_unit_test(next_connection_begins_with_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
