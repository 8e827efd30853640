// SPDX-License-Identifier: MIT
//
// What a client remembers of servers, RFC 7413 §4.1.3, also against a list that forgets nothing
// but what it must.
#include "tcp/tcp_fastopen.h"

#include <string.h>

#include "base/deadline.h"
#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"

enum { PEERS = 4, PORT = 443 };

struct box {
    struct synfin_env env;
    struct test_env state;
    struct slab_source memory;
    struct tcp_fastopen_peers peers;
    struct synfin_addr local, remote[2 * PEERS];
};

static void box_init(struct box *box, uint32_t peers_max)
{
    test_env_bind(&box->env, &box->state, 1);
    slab_source_init(&box->memory, &box->env, 1 << 20, 4096);
    tcp_fastopen_peers_init(&box->peers, &box->memory, peers_max, 60 * NS_PER_S);
    box->local = synfin_addr_ipv4(192, 0, 2, 1);
    for (uint32_t i = 0; i < 2 * PEERS; i++) {
        box->remote[i] = synfin_addr_ipv4(198, 51, 100, (uint8_t)i);
    }
}

static void box_deinit(struct box *box)
{
    tcp_fastopen_peers_deinit(&box->peers);
    assert_int_equal(box->state.slabs, 0);
}

static struct tcp_fastopen_way way_to(const struct box *box, uint32_t number)
{
    return (struct tcp_fastopen_way){&box->local, &box->remote[number], PORT};
}

static void note_cookie(struct box *box, uint32_t number, uint8_t octet, uint64_t now_ns)
{
    struct tcp_fastopen_way way = way_to(box, number);
    struct wire_tcp h = {.has_mss = true, .mss = 1400, .has_fastopen = true, .cookie_bytes = 8};
    memset(h.cookie, octet, 8);
    tcp_fastopen_peers_note_cookie(&box->peers, &way, &h, now_ns);
}

static const struct tcp_fastopen_peer *find(const struct box *box, uint32_t number)
{
    struct tcp_fastopen_way way = way_to(box, number);
    return tcp_fastopen_peers_find(&box->peers, &way);
}

static void memory_is_taken_with_the_first_peer(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, PEERS);
    assert_null(find(&box, 0));
    assert_int_equal(box.memory.taken_bytes, 0);
    note_cookie(&box, 0, 7, 1);
    assert_int_equal(find(&box, 0)->mss, 1400);
    assert_int_equal(find(&box, 0)->cookie_bytes, 8);
    assert_int_equal(find(&box, 0)->cookie[7], 7);
    box_deinit(&box);
}

static void note_everything(struct box *box, uint32_t number)
{
    struct tcp_fastopen_way way = way_to(box, number);
    note_cookie(box, number, 7, 1);
    tcp_fastopen_peers_note_mss(&box->peers, &way, 1400, 1);
    tcp_fastopen_peers_note_unknown(&box->peers, &way, true, 1);
    tcp_fastopen_peers_note_failure(&box->peers, &way, 1);
    tcp_fastopen_peers_note_success(&box->peers, &way);
}

static void no_peers_or_no_memory_keep_nothing(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, 0);
    note_everything(&box, 0);
    assert_null(find(&box, 0));
    box_deinit(&box);
    box_init(&box, PEERS);
    box.memory.limit_bytes = 1;
    note_everything(&box, 0);
    assert_null(find(&box, 0));
    box_deinit(&box);
}

// RFC 7413 §4.1.3: a cookie belongs to both addresses.
static void another_address_of_ours_is_another_entry(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, PEERS);
    note_cookie(&box, 0, 7, 1);
    box.local.octet[15] ^= 1;
    assert_null(find(&box, 0));
    note_cookie(&box, 0, 8, 1);
    assert_int_equal(find(&box, 0)->cookie[0], 8);
    box.local.octet[15] ^= 1;
    assert_int_equal(find(&box, 0)->cookie[0], 7);
    box_deinit(&box);
}

static void same_as_a_naive_list(void **state)
{
    (void)state;
    struct box box;
    uint64_t random = 91;
    uint64_t used_ns[2 * PEERS] = {0};
    uint8_t octet[2 * PEERS] = {0};
    box_init(&box, PEERS);
    for (uint64_t now_ns = 1; now_ns < 3000; now_ns++) {
        uint32_t number = (uint32_t)(test_random(&random) % (2 * PEERS));
        octet[number] = (uint8_t)test_random(&random);
        used_ns[number] = now_ns;
        note_cookie(&box, number, octet[number], now_ns);
        for (uint32_t i = 0; i < 2 * PEERS; i++) {
            uint32_t younger = 0;
            for (uint32_t k = 0; k < 2 * PEERS; k++) {
                younger += used_ns[k] > used_ns[i];
            }
            bool is_kept = used_ns[i] != 0 && younger < PEERS;
            assert_int_equal(find(&box, i) != NULL, is_kept);
            assert_true(!is_kept || find(&box, i)->cookie[0] == octet[i]);
        }
    }
    box_deinit(&box);
}

static bool is_off(const struct box *box, uint16_t port, uint64_t now_ns)
{
    return tcp_fastopen_peers_is_off(find(box, 0), port, now_ns);
}

static void note_failure(struct box *box, uint16_t port, uint64_t now_ns)
{
    struct tcp_fastopen_way way = way_to(box, 0);
    way.port = port;
    tcp_fastopen_peers_note_failure(&box->peers, &way, now_ns);
}

// RFC 7413 §4.1.3.1.
static void failure_turns_it_off_for_a_while_each_time_longer(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, PEERS);
    uint64_t now_ns = 5;
    for (uint64_t off_ns = 60 * NS_PER_S; off_ns < 86400 * NS_PER_S; off_ns *= 2) {
        note_failure(&box, PORT, now_ns);
        assert_true(is_off(&box, PORT, now_ns + off_ns - 1));
        assert_false(is_off(&box, PORT, now_ns + off_ns));
        assert_false(is_off(&box, PORT + 1, now_ns));
        now_ns += off_ns;
    }
    for (uint32_t i = 0; i < 300; i++) {
        note_failure(&box, PORT, now_ns);
        assert_true(is_off(&box, PORT, now_ns + 86400 * NS_PER_S - 1));
        assert_false(is_off(&box, PORT, now_ns + 86400 * NS_PER_S));
        now_ns += 86400 * NS_PER_S;
    }
    box_deinit(&box);
}

static void failure_of_two_ports_turns_off_all(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, PEERS);
    note_failure(&box, 80, 0);
    note_failure(&box, 443, NS_PER_S);
    assert_true(is_off(&box, 80, 2 * NS_PER_S));
    assert_true(is_off(&box, 8080, 120 * NS_PER_S));
    assert_false(is_off(&box, 8080, 121 * NS_PER_S));
    box_deinit(&box);
}

static void success_forgives(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, PEERS);
    struct tcp_fastopen_way way = way_to(&box, 0);
    tcp_fastopen_peers_note_success(&box.peers, &way);
    assert_null(find(&box, 0));
    note_failure(&box, PORT, 0);
    note_failure(&box, PORT, 0);
    tcp_fastopen_peers_note_success(&box.peers, &way);
    assert_false(is_off(&box, PORT, 0));
    note_failure(&box, PORT, 0);
    assert_false(is_off(&box, PORT, 60 * NS_PER_S));
    box_deinit(&box);
}

static void forgotten_peer_leaves_the_others(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, PEERS);
    struct tcp_fastopen_way way = way_to(&box, 0);
    tcp_fastopen_peers_forget(&box.peers, &way); // nothing is known
    for (uint32_t i = 0; i < 3; i++) {
        way = way_to(&box, i);
        tcp_fastopen_peers_note_mss(&box.peers, &way, (uint16_t)(1000 + i), i);
    }
    way = way_to(&box, 0);
    tcp_fastopen_peers_forget(&box.peers, &way);
    assert_null(find(&box, 0));
    assert_int_equal(find(&box, 1)->mss, 1001);
    assert_int_equal(find(&box, 2)->mss, 1002);
    box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_taken_with_the_first_peer),
        cmocka_unit_test(no_peers_or_no_memory_keep_nothing),
        cmocka_unit_test(another_address_of_ours_is_another_entry),
        cmocka_unit_test(same_as_a_naive_list),
        cmocka_unit_test(failure_turns_it_off_for_a_while_each_time_longer),
        cmocka_unit_test(failure_of_two_ports_turns_off_all),
        cmocka_unit_test(success_forgives),
        cmocka_unit_test(forgotten_peer_leaves_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
