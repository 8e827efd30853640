// SPDX-License-Identifier: MIT
//
// How long a listener waits, by chance: many addresses send a SYN, some of them again and again,
// and none says more. Whatever the limits are, each is answered at once, then so often as the
// configuration says at most, and in the end nothing is left (RFC 9293 §3.8.3, RFC 4987 §3).
#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"
#include "stack/stack_internal.h"

#define S UINT64_C(1000000000)

enum {
    ROUNDS = 60,
    CALLERS = 20,
    PORT = 80,
    SYN = 2,
    SYN_ACK = 18,
    HOUR_S = 3600,
};

struct door {
    synfin_stack *stack;
    uint64_t now_ns, random;
    uint32_t retries;
    uint32_t called[CALLERS], answered[CALLERS]; // times
};

static void ok(enum synfin_error error)
{
    assert_int_equal(error, SYNFIN_ERROR_OK);
}

static struct synfin_addr address(uint32_t last)
{
    return synfin_addr_ipv4(192, 0, 2, (uint8_t)last);
}

static void take_output(struct door *door)
{
    static uint8_t wire[SEGMENT_WIRE_MAX];
    struct synfin_packet packet;
    struct segment_wire segment;
    while (synfin_stack_output(door->stack, 0, &packet, 1, door->now_ns) > 0) {
        uint32_t bytes = synfin_packet_copy(&packet, wire, sizeof wire);
        assert_null(segment_wire_parse(wire, bytes, &segment));
        uint32_t caller = segment.dst_port;
        assert_true(caller < CALLERS && segment.flags == SYN_ACK);
        door->answered[caller]++;
        assert_true(door->answered[caller] <= door->called[caller] * (1 + door->retries));
    }
}

static void call(struct door *door, uint32_t caller)
{
    static uint8_t wire[SEGMENT_WIRE_MAX];
    struct segment_wire segment = {
        .src = address(2 + caller),
        .dst = address(1),
        .src_port = (uint16_t)caller,
        .dst_port = PORT,
        .seq = caller << 20,
        .flags = SYN,
        .window = 1000,
        .wscale = -1,
    };
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, wire, segment_wire_build(&segment, wire));
    door->called[caller]++;
    synfin_stack_input(door->stack, 0, &packet, 1, door->now_ns);
    take_output(door);
    assert_true(door->answered[caller] > 0);
}

static void open_door(struct door *door, struct synfin_env *env)
{
    struct synfin_stack_config config;
    struct synfin_iface_config iface;
    struct synfin_prefix prefix = {.addr = address(1), .bits = 24};
    struct synfin_endpoint local = {.addr = address(1), .port = PORT};
    synfin_socket listener;
    uint32_t number;
    synfin_stack_config_default(&config);
    door->retries = config.syn_ack_retries = test_random_below(&door->random, 8);
    config.rto_initial_ns = S / 10 + test_random(&door->random) % (3 * S);
    synfin_iface_config_default(&iface);
    ok(synfin_stack_create(env, &config, door->now_ns, &door->stack));
    ok(synfin_stack_add_iface(door->stack, &iface, &number));
    ok(synfin_stack_add_addr(door->stack, number, &prefix));
    ok(synfin_socket_open(door->stack, &listener));
    ok(synfin_socket_bind(door->stack, listener, &local));
    ok(synfin_socket_listen(door->stack, listener, CALLERS, door->now_ns));
}

static void wait_until(struct door *door, uint64_t end_ns)
{
    while (door->now_ns < end_ns) {
        uint64_t next_ns = synfin_stack_next_deadline(door->stack);
        next_ns = end_ns < next_ns ? end_ns : next_ns;
        door->now_ns = next_ns > door->now_ns ? next_ns : door->now_ns + 1;
        synfin_stack_advance(door->stack, door->now_ns);
        take_output(door);
    }
}

static void callers_who_say_no_more_are_given_up(void **state)
{
    (void)state;
    uint64_t random = 76;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct test_env memory;
        struct synfin_env env;
        struct door door = {.now_ns = S, .random = test_random(&random)};
        test_env_bind(&env, &memory, door.random);
        open_door(&door, &env);
        for (uint32_t i = 0; i < 2 * CALLERS; i++) {
            uint32_t caller = 1 + test_random_below(&door.random, CALLERS - 1);
            call(&door, caller);
            wait_until(&door, door.now_ns + test_random(&door.random) % (S / 10));
        }
        wait_until(&door, door.now_ns + HOUR_S * S);
        assert_int_equal(door.stack->tcp.half_open.pool.objects, 0);
        synfin_stack_destroy(door.stack);
        assert_int_equal(memory.slabs, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_who_say_no_more_are_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
