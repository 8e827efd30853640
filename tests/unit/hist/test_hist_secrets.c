// SPDX-License-Identifier: MIT
//
// docs/history.md, row 82: what a stack tells, in traces, statistics, events and packets, holds no
// octets of its keys, and two stacks share none.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_rows.h"
#include "lib/world.h"
#include "stack/stack_internal.h"

enum { KEYS_MAX = 64, KEY_BYTES = 8 };

static struct {
    uint8_t key[KEYS_MAX][KEY_BYTES]; // halves of keys, quarters of secrets
    uint32_t keys;
    uint64_t looked_at; // octets
} vault;

static void learn(const void *secret, size_t bytes)
{
    for (size_t i = 0; i + KEY_BYTES <= bytes; i += KEY_BYTES) {
        static const uint8_t none[KEY_BYTES];
        const uint8_t *piece = (const uint8_t *)secret + i;
        assert_true(vault.keys < KEYS_MAX);
        assert_memory_not_equal(piece, none, KEY_BYTES); // drawn at all
        for (uint32_t k = 0; k < vault.keys; k++) {
            assert_memory_not_equal(piece, vault.key[k], KEY_BYTES);
        }
        memcpy(vault.key[vault.keys++], piece, KEY_BYTES);
    }
}

static void look_at(const void *octets, size_t bytes)
{
    const uint8_t *p = octets;
    vault.looked_at += bytes;
    for (size_t i = 0; i + KEY_BYTES <= bytes; i++) {
        for (uint32_t k = 0; k < vault.keys; k++) {
            if (p[i] == vault.key[k][0]) {
                assert_memory_not_equal(p + i, vault.key[k], KEY_BYTES);
            }
        }
    }
}

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    look_at(event, sizeof *event);
}

static void on_passage(void *ctx, const struct synfin_passage *passage)
{
    static uint8_t octets[65536];
    (void)ctx;
    look_at(octets, synfin_packet_copy(passage->packet, octets, sizeof octets));
}

static void learn_keys_of(const synfin_stack *stack)
{
    const struct tcp *tcp = &stack->tcp;
    learn(&tcp->table_key, sizeof tcp->table_key);
    learn(&tcp->isn_key, sizeof tcp->isn_key);
    learn(&tcp->ts_key, sizeof tcp->ts_key);
    learn(&tcp->entropy.key, sizeof tcp->entropy.key);
    learn(&stack->flow_key, sizeof stack->flow_key);
    learn(tcp->cookies.secret, sizeof tcp->cookies.secret);
}

static void look_at_statistics(struct world *world, const synfin_socket pair[2])
{
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        struct synfin_stack_stats stats = {.size = sizeof stats};
        struct synfin_tcp_info info = {.size = sizeof info};
        struct synfin_event event;
        synfin_stack_stats(world->host[i].stack, &stats);
        look_at(&stats, sizeof stats);
        assert_int_equal(synfin_socket_info(world->host[i].stack, pair[i], &info, world->now_ns),
                         SYNFIN_ERROR_OK);
        look_at(&info, sizeof info);
        while (synfin_stack_next_event(world->host[i].stack, &event)) {
            look_at(&event, sizeof event);
        }
    }
}

static void live(struct world *world, uint32_t version, synfin_socket listener)
{
    synfin_socket pair[2];
    static const char octets[5000] = "nothing secret";
    size_t sent;
    world_open_pair(world, version, (uint16_t)(80 + version), listener, pair);
    assert_int_equal(synfin_socket_send(world->host[0].stack, pair[0], octets, sizeof octets, &sent,
                                        world->now_ns),
                     SYNFIN_ERROR_OK);
    world_run(world, WORLD_S);
    look_at_statistics(world, pair);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        synfin_socket_close(world->host[i].stack, pair[i], world->now_ns);
    }
    world_run(world, 200 * WORLD_S);
}

static void hist_82_no_key_leaves_the_stack(void **state)
{
    static const uint8_t cookies[] = {SYNFIN_SYN_COOKIES_WHEN_FULL, SYNFIN_SYN_COOKIES_ALWAYS};
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct world world;
        struct world_config config;
        world_config_default(&config);
        config.trace = on_trace;
        config.is_ethernet = i / 2 == 1;
        config.stack[1].syn_cookies = cookies[i % 2];
        memset(&vault, 0, sizeof vault);
        world_init(&world, &config);
        synfin_link_observe(world.link, on_passage, NULL);
        for (uint32_t k = 0; k < WORLD_HOSTS; k++) {
            learn_keys_of(world.host[k].stack);
        }
        for (uint32_t version = 4; version <= 6; version += 2) {
            live(&world, version, world_listen(&world, version, (uint16_t)(80 + version), 4));
        }
        assert_int_equal(vault.keys, 2 * (5 * 2 + 4));
        assert_true(vault.looked_at > 20000);
        world_deinit(&world);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_82_no_key_leaves_the_stack),
};
ROWS_MAIN(tests)
