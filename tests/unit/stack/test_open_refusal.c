// SPDX-License-Identifier: MIT
//
// Connections that fail before a segment leaves: each with an error of its own, a reason that is
// counted and traced, and the endpoints that were meant, over IPv4 and over IPv6. The next hop that
// never answers is here as well, because only the stack knows of it.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 80 };

// The last outcome that was traced, of a test that resets it.
static struct synfin_trace_event told;
static uint32_t times_told;

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    if (event->kind == SYNFIN_TRACE_OUTCOME) {
        told = *event;
        times_told++;
    }
}

struct
try {
    struct world world;
    uint32_t version;
    struct synfin_endpoint remote; // what connect is called with
    synfin_socket socket;
};

static struct synfin_addr addr_of(uint32_t version, const char *v4, const char *v6)
{
    struct synfin_addr addr;
    assert_int_equal(synfin_addr_parse(version == 4 ? v4 : v6, &addr), SYNFIN_ERROR_OK);
    return addr;
}

static void begin(struct try *t, uint32_t version, const struct synfin_stack_config *stack)
{
    struct world_config config;
    world_config_default(&config);
    if (stack != NULL) {
        config.stack[0] = *stack;
    }
    config.trace = on_trace;
    config.is_ethernet = true;
    world_init(&t->world, &config);
    t->version = version;
    t->remote = (struct synfin_endpoint){.addr = world_addr(&t->world, 1, version), .port = PORT};
    assert_int_equal(synfin_socket_open(t->world.host[0].stack, &t->socket), SYNFIN_ERROR_OK);
}

static enum synfin_error connect_now(struct try *t)
{
    memset(&told, 0, sizeof told);
    times_told = 0;
    return synfin_socket_connect(t->world.host[0].stack, t->socket, &t->remote, t->world.now_ns);
}

static void expect_told(const struct try *t, enum synfin_error error, enum synfin_reason reason)
{
    assert_int_equal(times_told, 1);
    assert_int_equal(told.as.outcome.error, error);
    assert_int_equal(told.reason, reason);
    assert_int_equal(told.t_ns, t->world.now_ns);
    assert_true(synfin_addr_equal(&told.remote.addr, &t->remote.addr));
    assert_int_equal(told.remote.port, t->remote.port);
    assert_int_equal(synfin_stack_count(t->world.host[0].stack, reason), 1);
}

#define FOR_EACH_VERSION(version) for (uint32_t version = 4; (version) <= 6; (version) += 2)

static void no_route_is_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        begin(&t, version, NULL);
        t.remote.addr = addr_of(version, "198.51.100.1", "2001:db8:1::1");
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_NO_ROUTE);
        expect_told(&t, SYNFIN_ERROR_NO_ROUTE, SYNFIN_REASON_NO_ROUTE);
        world_deinit(&t.world);
    }
}

static void no_address_of_ours_is_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        begin(&t, version, NULL);
        // Bound to an address of the other version, which it has.
        struct synfin_endpoint local = {.addr = world_addr(&t.world, 0, version == 4 ? 6 : 4)};
        assert_int_equal(synfin_socket_bind(t.world.host[0].stack, t.socket, &local),
                         SYNFIN_ERROR_OK);
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_BAD_LOCAL_ADDR);
        expect_told(&t, SYNFIN_ERROR_BAD_LOCAL_ADDR, SYNFIN_REASON_NO_SOURCE);
        assert_true(synfin_addr_equal(&told.local.addr, &local.addr));
        world_deinit(&t.world);
    }
}

static void no_ports_is_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        struct synfin_stack_config config;
        synfin_stack_config_default(&config);
        config.port_first = config.port_last = 40000;
        begin(&t, version, &config);
        (void)world_connect(&t.world, version, PORT);
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_NO_PORTS);
        expect_told(&t, SYNFIN_ERROR_NO_PORTS, SYNFIN_REASON_NO_PORTS);
        world_deinit(&t.world);
    }
}

static void pair_in_use_is_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        struct synfin_stack_config config;
        synfin_stack_config_default(&config);
        config.port_first = config.port_last = 40000;
        begin(&t, version, &config);
        (void)world_connect(&t.world, version, PORT);
        struct synfin_endpoint local = {.addr = world_addr(&t.world, 0, version), .port = 40000};
        assert_int_equal(synfin_socket_bind(t.world.host[0].stack, t.socket, &local),
                         SYNFIN_ERROR_OK);
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_IN_USE);
        expect_told(&t, SYNFIN_ERROR_IN_USE, SYNFIN_REASON_PAIR_IN_USE);
        world_deinit(&t.world);
    }
}

// What nobody could have meant is the caller's mistake: an error, and nothing to trace.
static void wrong_calls_are_not_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        begin(&t, version, NULL);
        t.remote.addr = addr_of(version, "224.0.0.1", "ff02::1");
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_INVALID);
        t.remote.addr = world_addr(&t.world, 1, version);
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_OK);
        assert_int_equal(connect_now(&t), SYNFIN_ERROR_IN_PROGRESS);
        assert_int_equal(times_told, 0);
        world_deinit(&t.world);
    }
}

static void limit_of_sockets_is_told(void **state)
{
    struct try t;
    struct synfin_stack_config config;
    synfin_socket socket;
    (void)state;
    synfin_stack_config_default(&config);
    config.sockets_max = 1;
    begin(&t, 4, &config);
    times_told = 0;
    assert_int_equal(synfin_socket_open(t.world.host[0].stack, &socket), SYNFIN_ERROR_LIMIT);
    t.remote = (struct synfin_endpoint){.port = 0};
    told.t_ns = t.world.now_ns; // open has no time of its own
    expect_told(&t, SYNFIN_ERROR_LIMIT, SYNFIN_REASON_SOCKETS_OVER);
    world_deinit(&t.world);
}

static void limit_of_memory_is_told(void **state)
{
    struct try t;
    synfin_socket socket;
    enum synfin_error error = SYNFIN_ERROR_OK;
    (void)state;
    begin(&t, 4, NULL);
    times_told = 0;
    t.world.host[0].memory.fail_after = 0;
    while (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_open(t.world.host[0].stack, &socket);
    }
    assert_int_equal(error, SYNFIN_ERROR_NO_MEMORY);
    t.remote = (struct synfin_endpoint){.port = 0};
    told.t_ns = t.world.now_ns;
    expect_told(&t, SYNFIN_ERROR_NO_MEMORY, SYNFIN_REASON_MEMORY_OVER);
    world_deinit(&t.world);
}

static bool has_closed(struct world *world, void *ctx)
{
    struct synfin_event *event = ctx;
    while (synfin_stack_next_event(world->host[0].stack, event)) {
        if (event->kind == SYNFIN_EVENT_CLOSED) {
            return true;
        }
    }
    return false;
}

static void connect_to_nobody(struct try *t, uint32_t version, uint32_t retries)
{
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    config.syn_retries = retries;
    begin(t, version, &config);
    t->remote.addr = addr_of(version, "192.0.2.77", "2001:db8::77");
    assert_int_equal(connect_now(t), SYNFIN_ERROR_OK);
}

// Neither silence of the peer nor a router's word: nothing has left this machine but questions.
static void silent_next_hop_is_told(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        struct synfin_event event;
        connect_to_nobody(&t, version, 2);
        uint64_t begin_ns = t.world.now_ns;
        assert_true(world_run_until(&t.world, has_closed, &event, 120 * WORLD_S));
        assert_int_equal(event.error, SYNFIN_ERROR_NO_NEIGHBOUR);
        assert_int_equal(event.reason, SYNFIN_REASON_SYN_RETRIES_OVER);
        assert_int_equal(event.tries, 3);
        assert_int_equal(event.waited_ns, t.world.now_ns - begin_ns);
        assert_int_equal(event.icmp.version, 0);
        assert_int_equal(told.as.outcome.error, SYNFIN_ERROR_NO_NEIGHBOUR);
        world_deinit(&t.world);
    }
}

// One try has a second, in which the search has not ended.
static void silent_next_hop_is_told_before_its_search_is_over(void **state)
{
    (void)state;
    FOR_EACH_VERSION(version)
    {
        struct try t;
        struct synfin_event event;
        connect_to_nobody(&t, version, 0);
        assert_true(world_run_until(&t.world, has_closed, &event, 2 * WORLD_S));
        assert_int_equal(event.error, SYNFIN_ERROR_NO_NEIGHBOUR);
        assert_int_equal(event.reason, SYNFIN_REASON_SYN_NEVER_LEFT);
        assert_int_equal(event.tries, 0);
        assert_in_range(event.waited_ns, WORLD_S, WORLD_S + WORLD_MS);
        world_deinit(&t.world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_route_is_told),
        cmocka_unit_test(no_address_of_ours_is_told),
        cmocka_unit_test(no_ports_is_told),
        cmocka_unit_test(pair_in_use_is_told),
        cmocka_unit_test(wrong_calls_are_not_told),
        cmocka_unit_test(limit_of_sockets_is_told),
        cmocka_unit_test(limit_of_memory_is_told),
        cmocka_unit_test(silent_next_hop_is_told),
        cmocka_unit_test(silent_next_hop_is_told_before_its_search_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
