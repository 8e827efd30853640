// SPDX-License-Identifier: MIT
//
// What is kept of paths: one place for each destination, in a table that does not grow.
#include "tcp/tcp_mtu_cache.h"

#include "lib/test_cmocka.h"
#include "lib/test_env.h"

static const struct siphash_key KEY = {1, 2};

struct box {
    struct test_env memory;
    struct slab_source source;
    struct tcp_mtu_cache cache;
};

static void box_init(struct box *box, size_t limit_bytes)
{
    struct synfin_env env;
    *box = (struct box){0};
    test_env_bind(&env, &box->memory, 1);
    slab_source_init(&box->source, &env, limit_bytes, 4096);
    tcp_mtu_cache_init(&box->cache, &box->source, &KEY);
}

static void box_deinit(struct box *box)
{
    tcp_mtu_cache_deinit(&box->cache);
    assert_int_equal(box->memory.bytes, 0);
}

static struct synfin_addr host(uint32_t number)
{
    return synfin_addr_ipv4(198, 51, (uint8_t)(number >> 8), (uint8_t)number);
}

static void nothing_is_known_at_first_and_no_memory_taken(void **state)
{
    (void)state;
    struct box box;
    struct synfin_addr one = host(1);
    box_init(&box, SIZE_MAX);
    assert_null(tcp_mtu_cache_find(&box.cache, &one));
    tcp_mtu_cache_forget(&box.cache, &one);
    assert_int_equal(box.memory.bytes, 0);
    box_deinit(&box);
}

static void note_is_found_until_it_is_replaced_or_forgotten(void **state)
{
    (void)state;
    struct box box;
    struct synfin_addr one = host(1);
    box_init(&box, SIZE_MAX);
    tcp_mtu_cache_note(&box.cache, &one, 1400, 77);
    assert_int_equal(tcp_mtu_cache_find(&box.cache, &one)->mtu_bytes, 1400);
    assert_int_equal(tcp_mtu_cache_find(&box.cache, &one)->raise_ns, 77);
    tcp_mtu_cache_note(&box.cache, &one, 1300, 99);
    assert_int_equal(tcp_mtu_cache_find(&box.cache, &one)->mtu_bytes, 1300);
    tcp_mtu_cache_forget(&box.cache, &one);
    assert_null(tcp_mtu_cache_find(&box.cache, &one));
    box_deinit(&box);
}

// Each destination finds its own or nothing, whoever else was noted.
static void many_destinations_take_each_others_places_only(void **state)
{
    (void)state;
    struct box box;
    uint32_t found = 0;
    box_init(&box, SIZE_MAX);
    for (uint32_t i = 0; i < 4096; i++) {
        struct synfin_addr addr = host(i);
        tcp_mtu_cache_note(&box.cache, &addr, 600 + i % 800, i);
        assert_int_equal(tcp_mtu_cache_find(&box.cache, &addr)->mtu_bytes, 600 + i % 800);
    }
    for (uint32_t i = 0; i < 4096; i++) {
        struct synfin_addr addr = host(i);
        const struct tcp_mtu_entry *entry = tcp_mtu_cache_find(&box.cache, &addr);
        found += entry != NULL;
        assert_true(entry == NULL || entry->mtu_bytes == 600 + i % 800);
    }
    assert_in_range(found, TCP_MTU_CACHE_ENTRIES * 3 / 4, TCP_MTU_CACHE_ENTRIES);
    box_deinit(&box);
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    struct box box;
    struct synfin_addr one = host(1);
    box_init(&box, 100);
    tcp_mtu_cache_note(&box.cache, &one, 1400, 77);
    assert_null(tcp_mtu_cache_find(&box.cache, &one));
    box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first_and_no_memory_taken),
        cmocka_unit_test(note_is_found_until_it_is_replaced_or_forgotten),
        cmocka_unit_test(many_destinations_take_each_others_places_only),
        cmocka_unit_test(without_memory_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
