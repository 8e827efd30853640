// SPDX-License-Identifier: MIT
//
// A network out of one seed, told as one number: two stacks, a link with faults, and up to six
// connections at once whose users send, end, abort and read slowly at random. The number must be
// the same whatever compiled the stack and for which machine, and however many packets are handed
// over at a time. tools/hash compares.
//
//     trace_hash [--burst N] FIRST [LAST]     one line for each seed from FIRST to LAST
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/synfin.h>

#include "lib/test_env.h"
#include "lib/test_random.h"
#include "trace_digest.h"

enum { HOSTS = 2, CONNS_MAX = 6, BURST_MAX = 64, PIECE_MAX = 5000, OCTETS_MAX = 200000 };
enum { PORT = 7, FAULT_PPM_MAX = 30000 };

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  (1000 * NS_PER_MS)
#define LIMIT_NS  (3600 * NS_PER_S)
#define TICK_NS   (UINT64_C(1) << 16) // a deadline may be named so much too early

struct end {
    synfin_socket socket; // 0: none
    uint64_t to_send, sent, received;
    bool reads_slowly, aborts, has_shut, has_end;
};

struct host {
    synfin_stack *stack;
    struct trace_digest digest;
    struct test_env memory;
    struct synfin_device *device;
    struct synfin_addr addr;
    struct end end[CONNS_MAX];
};

struct net {
    struct trace_digest digest; // of the link and the users; each host has its own
    struct test_env link_memory;
    synfin_link *link;
    struct host host[HOSTS];
    synfin_socket listener;
    uint32_t conns, accepted, burst;
    uint64_t now_ns, random;
};

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "trace_hash: %s\n", what);
        exit(1);
    }
}

static uint32_t draw(struct net *net, uint32_t bound)
{
    return test_random_below(&net->random, bound);
}

static void make_link(struct net *net, uint64_t seed)
{
    struct synfin_env env;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.seed = seed;
    config.delay_ns = (1 + draw(net, 50)) * NS_PER_MS;
    config.jitter_ns = draw(net, 3) * NS_PER_MS;
    config.loss_ppm = draw(net, 2) * draw(net, FAULT_PPM_MAX);
    config.duplicate_ppm = draw(net, 2) * draw(net, FAULT_PPM_MAX);
    config.reorder_ppm = draw(net, 2) * draw(net, FAULT_PPM_MAX);
    config.corrupt_ppm = draw(net, 2) * draw(net, FAULT_PPM_MAX / 4);
    config.rate_bps = draw(net, 2) * (1 + draw(net, 100)) * UINT64_C(1000000);
    config.queue_packets = 20 + draw(net, 200);
    config.mark_packets = draw(net, 2) * 10;
    test_env_bind(&env, &net->link_memory, seed);
    require(synfin_link_create(&env, &config, &net->link) == SYNFIN_ERROR_OK, "no link");
    synfin_link_observe(net->link, trace_digest_passage, &net->digest);
}

static void make_stack(struct net *net, uint32_t index, uint64_t seed, bool is_ipv6)
{
    static const char *const text[HOSTS][2] = {{"192.0.2.1/24", "2001:db8::1/64"},
                                               {"192.0.2.2/24", "2001:db8::2/64"}};
    struct host *host = &net->host[index];
    struct synfin_env env;
    struct synfin_stack_config config;
    struct synfin_iface_config iface_config;
    struct synfin_prefix prefix;
    uint32_t iface = 0;
    synfin_stack_config_default(&config);
    config.congestion = draw(net, SYNFIN_CONGESTION_COUNT);
    config.ecn = (uint8_t)draw(net, SYNFIN_ECN_ASK_ACCURATE + 1);
    config.use_pacing = (uint8_t)draw(net, 2);
    config.mtu_probing = draw(net, 3);
    config.syn_cookies = (uint8_t)draw(net, 3);
    config.send_buffer_bytes = 4096U << draw(net, 5);
    config.receive_buffer_bytes = 4096U << draw(net, 5);
    test_env_bind(&env, &host->memory, seed * HOSTS + index);
    env.trace = trace_digest_event;
    env.trace_ctx = &host->digest;
    trace_digest_init(&host->digest);
    require(synfin_stack_create(&env, &config, net->now_ns, &host->stack) == SYNFIN_ERROR_OK,
            "no stack");
    synfin_iface_config_default(&iface_config);
    require(synfin_prefix_parse(text[index][is_ipv6], &prefix) == SYNFIN_ERROR_OK
                && synfin_stack_add_iface(host->stack, &iface_config, &iface) == SYNFIN_ERROR_OK
                && synfin_stack_add_addr(host->stack, iface, &prefix) == SYNFIN_ERROR_OK,
            "no interface");
    host->addr = prefix.addr;
    host->device = synfin_link_device(net->link, index == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B);
}

static void make_users(struct net *net)
{
    net->conns = 1 + draw(net, CONNS_MAX);
    for (uint32_t i = 0; i < HOSTS; i++) {
        for (uint32_t k = 0; k < net->conns; k++) {
            net->host[i].end[k] = (struct end){.to_send = draw(net, OCTETS_MAX),
                                               .reads_slowly = draw(net, 4) == 0,
                                               .aborts = draw(net, 16) == 0};
        }
    }
}

static void open_sockets(struct net *net)
{
    struct synfin_endpoint local = {.addr = net->host[1].addr, .port = PORT};
    synfin_stack *server = net->host[1].stack;
    require(synfin_socket_open(server, &net->listener) == SYNFIN_ERROR_OK
                && synfin_socket_bind(server, net->listener, &local) == SYNFIN_ERROR_OK
                && synfin_socket_listen(server, net->listener, CONNS_MAX, net->now_ns)
                       == SYNFIN_ERROR_OK,
            "no listener");
    for (uint32_t k = 0; k < net->conns; k++) {
        synfin_socket *socket = &net->host[0].end[k].socket;
        require(synfin_socket_open(net->host[0].stack, socket) == SYNFIN_ERROR_OK
                    && synfin_socket_connect(net->host[0].stack, *socket, &local, net->now_ns)
                           == SYNFIN_ERROR_OK,
                "no connection");
    }
}

static bool receive(struct net *net, struct host *host)
{
    struct synfin_packet packets[BURST_MAX];
    bool has_any = false;
    uint32_t n;
    while ((n = host->device->ops->receive(host->device, packets, net->burst, net->now_ns)) > 0) {
        synfin_stack_input(host->stack, 0, packets, n, net->now_ns);
        has_any = true;
    }
    return has_any;
}

static bool transmit(struct net *net, struct host *host)
{
    struct synfin_packet packets[BURST_MAX];
    bool has_any = false;
    uint32_t n;
    while ((n = synfin_stack_output(host->stack, 0, packets, net->burst, net->now_ns)) > 0) {
        (void)host->device->ops->send(host->device, packets, n, net->now_ns);
        has_any = true;
    }
    return has_any;
}

// All packets and timers of this moment. The output of a stack is taken when it has heard all.
static void settle(struct net *net)
{
    bool has_moved = true;
    while (has_moved) {
        has_moved = false;
        for (uint32_t i = 0; i < HOSTS; i++) {
            has_moved |= receive(net, &net->host[i]);
            synfin_stack_advance(net->host[i].stack, net->now_ns);
            has_moved |= transmit(net, &net->host[i]);
        }
    }
}

static void forget(struct net *net, struct host *host, struct end *end, bool is_abort)
{
    if (is_abort) {
        synfin_socket_abort(host->stack, end->socket, net->now_ns);
    } else {
        synfin_socket_close(host->stack, end->socket, net->now_ns);
    }
    end->socket = 0;
}

static void send_some(struct net *net, struct host *host, struct end *end)
{
    uint8_t octets[PIECE_MAX];
    size_t taken = 0;
    uint64_t left = end->to_send - end->sent;
    uint32_t bytes = 1 + draw(net, PIECE_MAX);
    bytes = bytes < left ? bytes : (uint32_t)left;
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = (uint8_t)((end->sent + i) * 31 + ((end->sent + i) >> 8));
    }
    if (bytes > 0) {
        (void)!synfin_socket_send(host->stack, end->socket, octets, bytes, &taken, net->now_ns);
        end->sent += taken;
    } else if (!end->has_shut) {
        end->has_shut =
            synfin_socket_shutdown(host->stack, end->socket, SYNFIN_SHUTDOWN_WRITE, net->now_ns)
            == SYNFIN_ERROR_OK;
    }
}

static void act(struct net *net, struct host *host, struct end *end)
{
    uint8_t octets[PIECE_MAX];
    size_t received = 0;
    uint32_t room = end->reads_slowly ? 1 + draw(net, 200) : 1 + draw(net, PIECE_MAX);
    enum synfin_error error =
        synfin_socket_recv(host->stack, end->socket, octets, room, &received, net->now_ns);
    trace_digest_number(&net->digest, error);
    trace_digest_octets(&net->digest, octets, received);
    end->received += received;
    end->has_end |= error == SYNFIN_ERROR_OK && received == 0;
    bool has_failed = error != SYNFIN_ERROR_OK && error != SYNFIN_ERROR_AGAIN
                      && error != SYNFIN_ERROR_NOT_CONNECTED;
    bool is_over = end->aborts && end->received > OCTETS_MAX / 10;
    if (has_failed || is_over || (end->has_end && end->has_shut)) {
        forget(net, host, end, is_over);
    } else {
        send_some(net, host, end);
    }
}

static void act_all(struct net *net)
{
    struct host *server = &net->host[1];
    while (net->accepted < net->conns
           && synfin_socket_accept(server->stack, net->listener, &server->end[net->accepted].socket,
                                   NULL)
                  == SYNFIN_ERROR_OK) {
        net->accepted++;
    }
    for (uint32_t i = 0; i < HOSTS; i++) {
        for (uint32_t k = 0; k < net->conns; k++) {
            if (net->host[i].end[k].socket != 0) {
                act(net, &net->host[i], &net->host[i].end[k]);
            }
        }
    }
}

// When something happens next; users look every 10 ms as long as one of them has a socket.
static uint64_t next_time(const struct net *net)
{
    uint64_t next_ns = synfin_link_next_deadline(net->link);
    for (uint32_t i = 0; i < HOSTS; i++) {
        uint64_t stack_ns = synfin_stack_next_deadline(net->host[i].stack);
        next_ns = stack_ns < next_ns ? stack_ns : next_ns;
        for (uint32_t k = 0; k < net->conns; k++) {
            bool is_open = net->host[i].end[k].socket != 0;
            uint64_t user_ns = is_open ? net->now_ns + 10 * NS_PER_MS : SYNFIN_NEVER;
            next_ns = user_ns < next_ns ? user_ns : next_ns;
        }
    }
    return next_ns > net->now_ns ? next_ns : net->now_ns + TICK_NS;
}

static void add_totals(struct net *net)
{
    for (uint32_t i = 0; i < HOSTS; i++) {
        trace_digest_number(&net->digest, net->host[i].digest.hash);
        net->digest.events += net->host[i].digest.events;
        struct synfin_stack_stats stats = {.size = sizeof stats};
        synfin_stack_stats(net->host[i].stack, &stats);
        trace_digest_number(&net->digest, stats.packets_in);
        trace_digest_number(&net->digest, stats.packets_out);
        trace_digest_number(&net->digest, stats.octets_in);
        for (uint32_t k = 0; k < SYNFIN_REASON_COUNT; k++) {
            trace_digest_number(&net->digest,
                                synfin_stack_count(net->host[i].stack, (enum synfin_reason)k));
        }
    }
}

static void play(uint64_t seed, uint32_t burst)
{
    static struct net net;
    memset(&net, 0, sizeof net);
    net.burst = burst;
    net.random = seed;
    net.now_ns = draw(&net, 1000) * NS_PER_MS;
    trace_digest_init(&net.digest);
    make_link(&net, seed);
    bool is_ipv6 = draw(&net, 2) != 0;
    make_stack(&net, 0, seed, is_ipv6);
    make_stack(&net, 1, seed, is_ipv6);
    make_users(&net);
    open_sockets(&net);
    uint64_t end_ns = net.now_ns + LIMIT_NS;
    while (net.now_ns < end_ns) {
        settle(&net);
        act_all(&net);
        settle(&net);
        net.now_ns = next_time(&net);
    }
    add_totals(&net);
    (void)printf("seed %" PRIu64 ": %016" PRIx64 ", %" PRIu64 " packets, %" PRIu64 " events\n",
                 seed, net.digest.hash, net.digest.packets, net.digest.events);
    for (uint32_t i = 0; i < HOSTS; i++) {
        synfin_stack_destroy(net.host[i].stack);
    }
    synfin_link_destroy(net.link);
}

int main(int argc, char **argv)
{
    uint32_t burst = BURST_MAX;
    int at = 1;
    if (argc > 2 && strcmp(argv[1], "--burst") == 0) {
        burst = (uint32_t)strtoul(argv[2], NULL, 10);
        at = 3;
    }
    require(at < argc && burst >= 1 && burst <= BURST_MAX,
            "usage: trace_hash [--burst 1-64] FIRST [LAST]");
    uint64_t first = strtoull(argv[at], NULL, 10);
    uint64_t last = at + 1 < argc ? strtoull(argv[at + 1], NULL, 10) : first;
    for (uint64_t seed = first; seed <= last; seed++) {
        play(seed, burst);
    }
    return 0;
}
