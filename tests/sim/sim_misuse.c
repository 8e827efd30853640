// SPDX-License-Identifier: MIT
//
// A user who calls anything with handles that are closed, were never given or are a listener's,
// with values out of range and in the wrong order. None of it may disturb the others.
#include "lib/test_random.h"
#include "sim/sim_app.h"

enum { CALLS = 16, PIECES = 4 };

static synfin_socket any_handle(struct sim_host *host, uint64_t *random)
{
    uint32_t choice = test_random_below(random, 8);
    if (choice < SIM_PORTS) {
        return host->listener[choice];
    }
    return choice < 6 ? test_random(random) : choice == 6 ? 0 : UINT64_MAX;
}

static void call_data(struct sim_host *host, synfin_socket socket, uint64_t *random)
{
    uint8_t octets[16] = {0};
    struct synfin_span pieces[PIECES];
    uint32_t count = PIECES;
    size_t done = 0;
    uint64_t now_ns = sim_host_clock(host);
    switch (test_random_below(random, 4)) {
    case 0: (void)!synfin_socket_send(host->stack, socket, octets, 16, &done, now_ns); break;
    case 1: (void)!synfin_socket_recv(host->stack, socket, octets, 16, &done, now_ns); break;
    case 2: (void)!synfin_socket_peek(host->stack, socket, pieces, &count); break;
    default: (void)!synfin_socket_consume(host->stack, socket, 1, now_ns); break;
    }
    if (done != 0) {
        sim_fail(host->world, "host %u: data pass through a wrong handle", host->index);
    }
}

static void call_other(struct sim_host *host, synfin_socket socket, uint64_t *random)
{
    struct synfin_endpoint at = {.addr = host->addr[0], .port = (uint16_t)test_random(random)};
    struct synfin_tcp_info info = {.size = sizeof info};
    synfin_socket other;
    int64_t value = (int64_t)test_random(random);
    uint64_t now_ns = sim_host_clock(host);
    enum synfin_option option = (enum synfin_option)test_random_below(random, 80);
    switch (test_random_below(random, 6)) {
    case 0: (void)!synfin_socket_bind(host->stack, socket, &at); break;
    case 1: (void)!synfin_socket_connect(host->stack, socket, &at, now_ns); break;
    case 2:
        (void)!synfin_socket_shutdown(host->stack, socket, SYNFIN_SHUTDOWN_WRITE, now_ns);
        break;
    case 3: (void)!synfin_socket_get_option(host->stack, socket, option, &value); break;
    case 4: (void)!synfin_socket_info(host->stack, socket, &info, now_ns); break;
    default: (void)!synfin_socket_accept(host->stack, test_random(random), &other, NULL); break;
    }
}

// Sockets that are opened and never used, or aborted at once.
static void call_own(struct sim_host *host, uint64_t *random)
{
    struct synfin_endpoint at = {.addr = host->addr[0], .port = (uint16_t)test_random(random)};
    uint64_t now_ns = sim_host_clock(host);
    synfin_socket socket;
    if (synfin_socket_open(host->stack, &socket) != SYNFIN_ERROR_OK) {
        return;
    }
    (void)!synfin_socket_set_option(host->stack, socket,
                                    (enum synfin_option)test_random_below(random, 80),
                                    (int64_t)test_random(random), now_ns);
    (void)!synfin_socket_bind(host->stack, socket, &at);
    call_data(host, socket, random);
    call_other(host, socket, random);
    synfin_socket_abort(host->stack, socket, now_ns);
    synfin_socket_close(host->stack, socket, now_ns);
}

void sim_misuse(struct sim_host *host)
{
    for (uint32_t i = 0; i < CALLS; i++) {
        call_data(host, any_handle(host, &host->random), &host->random);
        call_other(host, any_handle(host, &host->random), &host->random);
        call_own(host, &host->random);
        sim_host_called(host);
    }
    host->world->faults += CALLS;
}
