// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 34 and 43: where the numbers begin does not matter, and sizes that do not
// fit are refused. Two whole stacks open to each other with chosen initial sequence numbers, and
// the trace of a transfer both ways, with losses, is the same for all of them modulo the shift. The
// segment tests run at the same numbers besides.
#include <string.h>

#include "lib/segment_wire.h"
#include "lib/tap.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/wire_watch.h"
#include "lib/world.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_internal.h"

enum { OCTETS = 120000, PORT_A = 1000, PORT_B = 2000, FIXED = 5, RANDOM = 64 };

// What one stack hears and sends, with numbers counted from where they begin.
struct trace {
    uint32_t iss, irs;
    uint64_t hash, segments;
};

static void mix(struct trace *trace, uint64_t value)
{
    trace->hash = (trace->hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    trace->hash ^= trace->hash >> 29;
}

static void note(void *ctx, const struct tap_sight *sight)
{
    struct trace *trace = ctx;
    const struct segment_wire *seg = sight->seg;
    uint32_t from = sight->is_out ? trace->iss : trace->irs;
    uint32_t to = sight->is_out ? trace->irs : trace->iss;
    mix(trace, sight->now_ns * 2 + sight->is_out);
    mix(trace, seg->seq - from);
    mix(trace, (seg->flags & SYNFIN_TCP_ACK) != 0 ? seg->ack - to : 0);
    mix(trace, ((uint64_t)seg->flags << 32 | seg->window) * 65536 + seg->payload_bytes);
    mix(trace, (uint64_t)seg->ts_val << 32 | seg->ts_ecr);
    for (uint32_t i = 0; i < seg->sack_blocks; i++) {
        mix(trace, (uint64_t)(seg->sack[i].left - to) << 32 | (seg->sack[i].right - to));
    }
    trace->segments++;
}

struct user {
    synfin_stack *stack;
    synfin_socket socket;
    uint64_t written, delivered;
};

static void act(struct user *user, uint32_t end, uint64_t now_ns)
{
    static uint8_t octets[16384];
    size_t bytes = 1;
    while (user->written < OCTETS && bytes > 0) {
        uint64_t left = OCTETS - user->written;
        bytes = left < sizeof octets ? (size_t)left : sizeof octets;
        wire_watch_fill(34, end, user->written, octets, (uint32_t)bytes);
        if (synfin_socket_send(user->stack, user->socket, octets, bytes, &bytes, now_ns)
            != SYNFIN_ERROR_OK) {
            bytes = 0;
        }
        user->written += bytes;
    }
    while (synfin_socket_recv(user->stack, user->socket, octets, sizeof octets, &bytes, now_ns)
               == SYNFIN_ERROR_OK
           && bytes > 0) {
        for (size_t i = 0; i < bytes; i++) {
            assert_int_equal(octets[i], wire_watch_octet(34, 1 - end, user->delivered + i));
        }
        user->delivered += bytes;
    }
}

static void open_at(struct world *world, struct user *user, uint32_t end, uint32_t iss)
{
    static const uint16_t port[] = {PORT_A, PORT_B};
    struct synfin_endpoint local = {.addr = world_addr(world, end, 4), .port = port[end]};
    struct synfin_endpoint remote = {.addr = world_addr(world, 1 - end, 4), .port = port[1 - end]};
    user->stack = world->host[end].stack;
    assert_int_equal(synfin_socket_open(user->stack, &user->socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(user->stack, user->socket, &local), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_connect(user->stack, user->socket, &remote, world->now_ns),
                     SYNFIN_ERROR_OK);
    tcp_open_set_iss(socket_conn(user->stack, user->socket), seq_make(iss));
}

// The hash of both ends' traces.
static uint64_t trace_of(uint32_t iss, uint32_t irs, uint32_t congestion, uint8_t has_sack)
{
    static struct tap tap[2];
    struct world world;
    struct world_config config;
    struct user user[2] = {{0}, {0}};
    struct trace trace[2] = {{.iss = iss, .irs = irs}, {.iss = irs, .irs = iss}};
    world_config_default(&config);
    config.link.loss_ppm = 20000;
    config.link.reorder_ppm = 10000;
    config.link.delay_ns = 5 * WORLD_MS;
    for (uint32_t i = 0; i < 2; i++) {
        config.stack[i].congestion = congestion;
        config.stack[i].use_sack = has_sack;
    }
    world_init(&world, &config);
    for (uint32_t i = 0; i < 2; i++) {
        tap_init(&tap[i], &world, i);
        tap_observe(&tap[i], note, &trace[i]);
        open_at(&world, &user[i], i, i == 0 ? iss : irs);
    }
    uint64_t end_ns = world.now_ns + 600 * WORLD_S;
    world_settle(&world);
    while ((user[0].delivered < OCTETS || user[1].delivered < OCTETS) && world.now_ns < end_ns) {
        world_step(&world, end_ns);
        act(&user[0], 0, world.now_ns);
        act(&user[1], 1, world.now_ns);
        world_settle(&world);
    }
    assert_int_equal(user[0].delivered, OCTETS);
    assert_int_equal(user[1].delivered, OCTETS);
    assert_true(trace[0].segments > 2 * OCTETS / 1460);
    tap_deinit(&tap[0]);
    tap_deinit(&tap[1]);
    world_deinit(&world);
    return trace[0].hash ^ trace[1].hash * 3;
}

static void hist_34_traces_are_equal_wherever_the_numbers_begin(void **state)
{
    static const uint32_t fixed[FIXED] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    uint64_t random = 34;
    (void)state;
    for (uint32_t variant = 0; variant < SYNFIN_CONGESTION_COUNT * 2; variant++) {
        uint32_t congestion = variant / 2;
        uint8_t has_sack = variant % 2;
        uint64_t wanted = trace_of(0, 0, congestion, has_sack);
        for (uint32_t i = 0; i < FIXED; i++) {
            uint32_t other = fixed[(i + 1 + variant) % FIXED];
            assert_int_equal(trace_of(fixed[i], other, congestion, has_sack), wanted);
        }
        for (uint64_t i = 0; i < test_rows_times(RANDOM) / SYNFIN_CONGESTION_COUNT / 2; i++) {
            // Half of them pass the end of the circle, or its middle, during the transfer.
            uint32_t iss = (uint32_t)test_random(&random);
            uint32_t irs = (i % 2 == 0 ? 0u : UINT32_C(1) << 31) - (uint32_t)(random % OCTETS);
            assert_int_equal(trace_of(iss, irs, congestion, has_sack), wanted);
        }
    }
}

// Row 43

static void hist_43_sizes_beyond_32_bits_are_not_cut(void **state)
{
    static uint8_t octets[4096];
    struct world world;
    struct world_config config;
    synfin_socket pair[2];
    size_t sent = 0;
    (void)state;
    world_config_default(&config);
    config.stack[0].send_buffer_bytes = 1000;
    world_init(&world, &config);
    world_open_pair(&world, 4, 7, world_listen(&world, 4, 7, 1), pair);
    assert_int_equal(synfin_socket_set_option(world.host[0].stack, pair[0],
                                              SYNFIN_OPTION_SEND_BUFFER, 1000, world.now_ns),
                     SYNFIN_ERROR_OK);
    const size_t huge = (size_t)(UINT64_C(0x100000005) & SIZE_MAX);
    assert_int_equal(
        synfin_socket_send(world.host[0].stack, pair[0], octets, huge, &sent, world.now_ns),
        SYNFIN_ERROR_OK);
    assert_int_equal(sent, huge < 1000 ? huge : 1000);
    world_deinit(&world);
}

static void hist_43_interfaces_below_the_least_mtu_are_refused(void **state)
{
    (void)state;
    for (uint32_t mtu = 0; mtu <= 1500; mtu++) {
        struct synfin_env env;
        struct test_env memory;
        struct synfin_stack_config config;
        struct synfin_iface_config iface;
        synfin_stack *stack = NULL;
        uint32_t number;
        test_env_bind(&env, &memory, 1);
        synfin_stack_config_default(&config);
        synfin_iface_config_default(&iface);
        iface.mtu_bytes = mtu;
        assert_int_equal(synfin_stack_create(&env, &config, WORLD_S, &stack), SYNFIN_ERROR_OK);
        enum synfin_error error = synfin_stack_add_iface(stack, &iface, &number);
        assert_int_equal(error == SYNFIN_ERROR_OK, mtu >= 576); // RFC 1122 §3.3.3
        struct synfin_prefix prefix;
        assert_int_equal(synfin_prefix_parse("2001:db8::1/64", &prefix), SYNFIN_ERROR_OK);
        if (error == SYNFIN_ERROR_OK) {
            error = synfin_stack_add_addr(stack, number, &prefix);
            assert_int_equal(error == SYNFIN_ERROR_OK, mtu >= 1280); // RFC 8200 §5
        }
        synfin_stack_destroy(stack);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_34_traces_are_equal_wherever_the_numbers_begin),
        cmocka_unit_test(hist_43_sizes_beyond_32_bits_are_not_cut),
        cmocka_unit_test(hist_43_interfaces_below_the_least_mtu_are_refused),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
