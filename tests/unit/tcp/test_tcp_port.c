// SPDX-License-Identifier: MIT
//
// Local ports: who may bind what, and ephemeral ports that nobody can guess (RFC 6056).
#include <string.h>

#include "lib/segment.h"
#include "tcp/tcp_internal.h"

static synfin_socket open_socket(void)
{
    synfin_socket socket;
    segment_wait_for_iss();
    RESULT(synfin_socket_open(bench.stack, &socket), OK);
    return socket;
}

static enum synfin_error bind_to(synfin_socket socket, const char *text, uint16_t port)
{
    struct synfin_endpoint local = {.port = port};
    RESULT(synfin_addr_parse(text, &local.addr), OK);
    return synfin_socket_bind(bench.stack, socket, &local);
}

static enum synfin_error connect_to(synfin_socket socket, uint16_t port, uint64_t now_ns)
{
    struct synfin_endpoint remote = {.addr = bench.theirs, .port = port};
    return synfin_socket_connect(bench.stack, socket, &remote, now_ns);
}

static uint16_t port_of(synfin_socket socket)
{
    struct synfin_endpoint local;
    RESULT(synfin_socket_endpoints(bench.stack, socket, &local, NULL), OK);
    return local.port;
}

struct bind_row {
    const char *first, *second;
    enum synfin_error result;
};

// :: stands for both versions, 0.0.0.0 for IPv4.
static void overlapping_addresses_share_no_port(void **state)
{
    static const struct bind_row rows[] = {
        {"192.0.2.1", "192.0.2.1", SYNFIN_ERROR_IN_USE},
        {"192.0.2.1", "0.0.0.0", SYNFIN_ERROR_IN_USE},
        {"0.0.0.0", "192.0.2.1", SYNFIN_ERROR_IN_USE},
        {"0.0.0.0", "0.0.0.0", SYNFIN_ERROR_IN_USE},
        {"::", "192.0.2.1", SYNFIN_ERROR_IN_USE},
        {"192.0.2.1", "::", SYNFIN_ERROR_IN_USE},
        {"::", "0.0.0.0", SYNFIN_ERROR_IN_USE},
        {"::", "::", SYNFIN_ERROR_IN_USE},
        {"2001:db8::1", "2001:db8::1", SYNFIN_ERROR_IN_USE},
        {"2001:db8::1", "::", SYNFIN_ERROR_IN_USE},
        {"0.0.0.0", "2001:db8::1", SYNFIN_ERROR_OK},
        {"2001:db8::1", "0.0.0.0", SYNFIN_ERROR_OK},
        {"192.0.2.1", "192.0.2.5", SYNFIN_ERROR_OK},
        {"2001:db8::1", "192.0.2.1", SYNFIN_ERROR_OK},
    };
    struct synfin_addr addr;
    (void)state;
    if (bench.version == 6) {
        segment_add_addr("2001:db8::5", &addr);
        return; // both versions are looked at in one go
    }
    segment_add_addr("192.0.2.5", &addr);
    struct synfin_prefix six = {.bits = 64};
    RESULT(synfin_addr_parse("2001:db8::1", &six.addr), OK);
    RESULT(synfin_stack_add_addr(bench.stack, 0, &six), OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        synfin_socket a = open_socket();
        synfin_socket b = open_socket();
        RESULT(bind_to(a, rows[i].first, 7000), OK);
        segment_result(bind_to(b, rows[i].second, 7000), rows[i].result, HERE);
        bool is_bound = rows[i].result == SYNFIN_ERROR_OK;
        segment_result(bind_to(b, rows[i].second, 7001),
                       is_bound ? SYNFIN_ERROR_INVALID : SYNFIN_ERROR_OK, HERE);
        synfin_socket_close(bench.stack, a, bench.now_ns);
        synfin_socket_close(bench.stack, b, bench.now_ns);
    }
    EXPECT_FREE();
}

static void bind_to_a_foreign_address_is_refused(void **state)
{
    (void)state;
    synfin_socket socket = open_socket();
    RESULT(bind_to(socket, bench.version == 4 ? "192.0.2.77" : "2001:db8::77", 7000),
           BAD_LOCAL_ADDR);
}

static void bind_to_port_zero_takes_a_free_one(void **state)
{
    (void)state;
    segment_config()->port_first = 5000;
    segment_config()->port_last = 5009;
    bool seen[10] = {false};
    for (uint32_t i = 0; i < 10; i++) {
        synfin_socket socket = open_socket();
        RESULT(bind_to(socket, bench.version == 4 ? "0.0.0.0" : "::", 0), OK);
        uint16_t port = port_of(socket);
        CHECK(port >= 5000 && port <= 5009 && !seen[port - 5000]);
        seen[port - 5000] = true;
    }
    RESULT(bind_to(open_socket(), bench.version == 4 ? "0.0.0.0" : "::", 0), IN_USE);
}

// hist/122: with every port in use the answer is an error, at once, and they all come back.
static void hist_122_every_ephemeral_port_in_use(void **state)
{
    synfin_socket sockets[20];
    (void)state;
    segment_config()->port_first = 5000;
    segment_config()->port_last = 5019;
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 20; i++) {
            sockets[i] = open_socket();
            RESULT(connect_to(sockets[i], 80, bench.now_ns), OK);
        }
        synfin_socket one_more = open_socket();
        RESULT(connect_to(one_more, 80, bench.now_ns), NO_PORTS);
        RESULT(connect_to(one_more, 81, bench.now_ns), OK); // only the pair must be unique
        synfin_socket_abort(bench.stack, one_more, bench.now_ns);
        for (uint32_t i = 0; i < 20; i++) {
            synfin_socket_abort(bench.stack, sockets[i], bench.now_ns);
        }
        EXPECT_FREE();
        EXPECT_NOTHING();
    }
}

static void port_of_a_listener_is_not_taken_for_connecting(void **state)
{
    (void)state;
    segment_config()->port_first = 5000;
    segment_config()->port_last = 5001;
    synfin_socket listener = open_socket();
    RESULT(bind_to(listener, bench.version == 4 ? "0.0.0.0" : "::", 5000), OK);
    RESULT(synfin_socket_listen(bench.stack, listener, 1, bench.now_ns), OK);
    synfin_socket socket = open_socket();
    RESULT(connect_to(socket, 80, bench.now_ns), OK);
    CHECK_EQ(port_of(socket), 5001);
    RESULT(connect_to(open_socket(), 80, bench.now_ns), NO_PORTS);
    segment_forget_sent();
}

// hist/80: chi-squared over 256 ports, and no step from one port to the next is the usual one.
static void hist_80_ephemeral_ports_cannot_be_guessed(void **state)
{
    enum { PORTS = 256, PER_PORT = 100 };
    static uint32_t count[PORTS], step_count[PORTS];
    (void)state;
    segment_config()->port_first = 8192;
    segment_config()->port_last = 8192 + PORTS - 1;
    segment_wait_for_iss();
    memset(count, 0, sizeof count);
    memset(step_count, 0, sizeof step_count);
    uint16_t last = 0;
    for (uint32_t i = 0; i < PORTS * PER_PORT; i++) {
        struct tcp_pair pair = {.local = bench.ours, .remote = bench.theirs, .remote_port = 80};
        RESULT(tcp_port_choose(bench.tcp, &pair, bench.now_ns), OK);
        count[pair.local_port - 8192]++;
        step_count[(uint32_t)(pair.local_port - last) % PORTS]++;
        last = pair.local_port;
    }
    double chi = 0;
    double chi_step = 0;
    for (uint32_t i = 0; i < PORTS; i++) {
        double off = (double)count[i] - PER_PORT;
        double off_step = (double)step_count[i] - PER_PORT;
        chi += off * off / PER_PORT;
        chi_step += off_step * off_step / PER_PORT;
    }
    CHECK(chi < 370 && chi_step < 370); // 255 degrees of freedom: 1 in 10^5 lies above 362
    CHECK(chi > 160 && chi_step > 160); // nor is it a mere round
}

// A server that begins again while its connections are in TIME-WAIT.
static void listener_begins_again_while_a_connection_is_in_time_wait(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    CLOSE();
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    LISTEN(1);
    IN_STATE(TIME_WAIT);
    SEND(.flags = SYN, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
}

static void bound_socket_connects_from_its_port_once(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    synfin_socket second = open_socket();
    RESULT(bind_to(second, bench.version == 4 ? "192.0.2.1" : "2001:db8::1", 40000), OK);
    RESULT(connect_to(second, 80, bench.now_ns), IN_USE);
    RESULT(connect_to(second, 81, bench.now_ns), OK);
    EXPECT(.flags = SYN, .peer_port = 81);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(overlapping_addresses_share_no_port),
    SEGMENT_TEST(bind_to_a_foreign_address_is_refused),
    SEGMENT_TEST(bind_to_port_zero_takes_a_free_one),
    SEGMENT_TEST(hist_122_every_ephemeral_port_in_use),
    SEGMENT_TEST(port_of_a_listener_is_not_taken_for_connecting),
    SEGMENT_TEST(hist_80_ephemeral_ports_cannot_be_guessed),
    SEGMENT_TEST(listener_begins_again_while_a_connection_is_in_time_wait),
    SEGMENT_TEST(bound_socket_connects_from_its_port_once),
};
SEGMENT_MAIN(tests)
