// SPDX-License-Identifier: MIT
//
// SYNs from random addresses to a listener, as fast as they are dealt with, while a client that is
// not the attacker opens connections, sends an octet, gets it back and closes. In process first,
// where time is a number: what one core can answer. Then over a TUN device in a network namespace
// (tun_flood.c), beside a listener of Linux under the same flood.
#include <stdio.h>
#include <string.h>

#include "forge.h"
#include "harness.h"
#include "tun_flood.h"
#include "twins.h"

enum {
    PORT = 9000,
    SYNS = 6 << 20, // per run
    SYNS_QUICK = 1 << 18,
    COUNTED = 1 << 14,   // by an instruction counter
    SYN_NS = 200,        // of virtual time: 5,000,000 in a second
    BURSTS_PER_RTT = 16, // the client hears what left 1,024 SYNs ago
    CLIENTS = 4,         // connections of the client side by side
    BACKLOG = 16384,
    SETTLE_BURSTS = 1 << 16,
    OVER_TUN_MS = 1000,
    PACED = 50000, // SYNs per second of a flood that both listeners take
    // Answers that wait for the device, at most 1,024, take memory when many do at once.
    GROWTH_MAX = 2,
    OVER_TUN_MS_QUICK = 200,
};

struct flooded {
    struct twins twins;
    struct forge_flood flood;
    synfin_socket listener;
    bool is_alone;                      // no client meanwhile
    uint64_t syns, begun, done, failed; // of the flood; connections of the client
    uint8_t datagram[TWINS_BURST][FORGE_SYN_BYTES];
};

static void begin_connect(struct flooded *bench)
{
    struct twins *twins = &bench->twins;
    const struct synfin_endpoint remote = {.addr = twins->server_addr, .port = PORT};
    synfin_socket socket;
    harness_require(synfin_socket_open(twins->client, &socket) == SYNFIN_ERROR_OK, "open");
    harness_require(synfin_socket_connect(twins->client, socket, &remote, twins->now_ns)
                        == SYNFIN_ERROR_OK,
                    "connect");
    bench->begun++;
}

static void send_octet(synfin_stack *stack, synfin_socket socket, uint64_t now_ns)
{
    static const uint8_t octet = 1;
    size_t taken;
    harness_require(synfin_socket_send(stack, socket, &octet, 1, &taken, now_ns) == SYNFIN_ERROR_OK,
                    "send");
}

static bool receive_octet(synfin_stack *stack, synfin_socket socket, uint64_t now_ns)
{
    uint8_t octet = 0;
    size_t got;
    return synfin_socket_recv(stack, socket, &octet, 1, &got, now_ns) == SYNFIN_ERROR_OK && got == 1
           && octet == 1;
}

static void on_client_event(struct flooded *bench, const struct synfin_event *event)
{
    struct twins *twins = &bench->twins;
    if (event->kind == SYNFIN_EVENT_CONNECTED) {
        send_octet(twins->client, event->socket, twins->now_ns);
    } else if (event->kind == SYNFIN_EVENT_READABLE
               && receive_octet(twins->client, event->socket, twins->now_ns)) {
        bench->done++;
        synfin_socket_close(twins->client, event->socket, twins->now_ns);
    } else if (event->kind == SYNFIN_EVENT_CLOSED) {
        bench->failed++;
        synfin_socket_close(twins->client, event->socket, twins->now_ns);
    }
}

static void on_server_event(struct flooded *bench, const struct synfin_event *event)
{
    struct twins *twins = &bench->twins;
    synfin_socket socket;
    if (event->kind == SYNFIN_EVENT_ACCEPTABLE) {
        while (synfin_socket_accept(twins->server, bench->listener, &socket, NULL)
               == SYNFIN_ERROR_OK) {
            // Its octet may be there already, or comes with an event.
            if (receive_octet(twins->server, socket, twins->now_ns)) {
                send_octet(twins->server, socket, twins->now_ns);
            }
        }
    } else if (event->kind == SYNFIN_EVENT_READABLE) {
        if (receive_octet(twins->server, event->socket, twins->now_ns)) {
            send_octet(twins->server, event->socket, twins->now_ns);
        } else {
            synfin_socket_close(twins->server, event->socket, twins->now_ns);
        }
    } else if (event->kind == SYNFIN_EVENT_CLOSED) {
        synfin_socket_close(twins->server, event->socket, twins->now_ns);
    }
}

static void handle_events(struct flooded *bench)
{
    struct synfin_event event;
    while (synfin_stack_next_event(bench->twins.client, &event)) {
        on_client_event(bench, &event);
    }
    while (synfin_stack_next_event(bench->twins.server, &event)) {
        on_server_event(bench, &event);
    }
}

// What the server says: the client's part to the client, the rest to nobody.
static void pull_output(struct flooded *bench)
{
    static const uint8_t client[] = {192, 0, 2, 1};
    struct twins *twins = &bench->twins;
    uint32_t n;
    while ((n = synfin_stack_output(twins->server, 0, twins->packets, TWINS_BURST, twins->now_ns))
           > 0) {
        for (uint32_t i = 0; i < n; i++) {
            if (memcmp(twins->packets[i].head + 16, client, sizeof client) == 0) {
                synfin_stack_input(twins->client, 0, &twins->packets[i], 1, twins->now_ns);
            }
        }
    }
}

static void send_syns(struct flooded *bench)
{
    struct twins *twins = &bench->twins;
    for (uint32_t i = 0; i < TWINS_BURST; i++) {
        forge_flood_next(&bench->flood, bench->datagram[i]);
        synfin_packet_wrap(&twins->packets[i], bench->datagram[i], FORGE_SYN_BYTES);
    }
    synfin_stack_input(twins->server, 0, twins->packets, TWINS_BURST, twins->now_ns);
    bench->syns += TWINS_BURST;
}

// Bursts of the flood; the client speaks between two round trips.
static void run_bursts(struct flooded *bench, uint64_t syns)
{
    struct twins *twins = &bench->twins;
    uint64_t until = bench->syns + syns;
    for (uint32_t i = 0; bench->syns < until; i++) {
        send_syns(bench);
        if (i % BURSTS_PER_RTT == 0 && !bench->is_alone) {
            if (bench->begun - bench->done - bench->failed < CLIENTS) {
                begin_connect(bench);
            }
            (void)twins_carry(twins, twins->client, twins->server);
        }
        pull_output(bench);
        handle_events(bench);
        twins_pass(twins, (uint64_t)SYN_NS * TWINS_BURST);
    }
}

// Lets the connections that are under way come to their end, under the flood as before.
static void finish(struct flooded *bench)
{
    struct twins *twins = &bench->twins;
    for (uint32_t i = 0; i < SETTLE_BURSTS && bench->done + bench->failed < bench->begun; i++) {
        send_syns(bench);
        (void)twins_carry(twins, twins->client, twins->server);
        pull_output(bench);
        handle_events(bench);
        twins_pass(twins, (uint64_t)SYN_NS * TWINS_BURST);
    }
}

static void flooded_open(struct flooded *bench, enum synfin_syn_cookies cookies)
{
    struct synfin_stack_config config;
    memset(bench, 0, sizeof *bench);
    synfin_stack_config_default(&config);
    config.syn_cookies = (uint8_t)cookies;
    config.msl_ns = 1000000;
    twins_create(&bench->twins, &config);
    twins_route_all(&bench->twins);
    bench->listener = twins_listen(&bench->twins, PORT, BACKLOG);
    forge_flood_init(&bench->flood, TWINS_SERVER_IPV4, PORT);
    // Past a full table, and what memory the client's connections ever take.
    run_bursts(bench, 4 * BACKLOG);
}

static uint64_t taken_bytes(const struct flooded *bench)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(bench->twins.server, &stats);
    return stats.memory_bytes;
}

// What it says of a way to answer.
struct mode {
    const char *name;
    enum synfin_syn_cookies cookies;
    double per_second[HARNESS_RUNS];
    uint64_t begun, done;
    uint64_t before, after; // octets taken, of the run that ended with most
};

static void measure(struct mode *mode, uint32_t run, uint64_t syns)
{
    static struct flooded bench;
    flooded_open(&bench, mode->cookies);
    uint64_t before = taken_bytes(&bench);
    uint64_t start_ns = harness_cpu_ns();
    run_bursts(&bench, syns);
    mode->per_second[run] = 1e9 * (double)syns / (double)(harness_cpu_ns() - start_ns);
    if (taken_bytes(&bench) > mode->after) {
        mode->before = before;
        mode->after = taken_bytes(&bench);
    }
    finish(&bench);
    mode->begun += bench.begun;
    mode->done += bench.done;
    twins_destroy(&bench.twins);
}

static bool report(struct mode *mode)
{
    char what[4][64];
    snprintf(what[0], sizeof what[0], "in process, %s", mode->name);
    snprintf(what[1], sizeof what[1], "%s: connects that succeed", mode->name);
    snprintf(what[2], sizeof what[2], "%s: taken when the flood is on", mode->name);
    snprintf(what[3], sizeof what[3], "%s: taken at its end", mode->name);
    const struct harness_figure figures[] = {
        {what[0], harness_median(mode->per_second), "SYN/s", NULL, 0},
        {what[1], (double)mode->done, "connections", "those begun",
         (double)mode->done / (double)mode->begun},
        {what[2], (double)mode->before, "octets", NULL, 0},
        {what[3], (double)mode->after, "octets", "when the flood was on",
         (double)mode->after / (double)mode->before},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    return mode->done == mode->begun && mode->after <= mode->before * GROWTH_MAX;
}

static bool run_in_process(void)
{
    static struct mode modes[] = {
        {.name = "cookies when full", .cookies = SYNFIN_SYN_COOKIES_WHEN_FULL},
        {.name = "cache alone", .cookies = SYNFIN_SYN_COOKIES_NEVER},
    };
    uint64_t syns = harness_count(SYNS, SYNS_QUICK);
    bool is_good = true;
    for (uint32_t run = 0; run < harness_runs(); run++) {
        measure(&modes[0], run, syns);
        measure(&modes[1], run, syns);
    }
    for (uint32_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        is_good = report(&modes[i]) && is_good;
    }
    return is_good;
}

// One listener under one flood.
struct over_tun {
    struct tun_flood_setup setup;
    double syns[HARNESS_RUNS], connects[HARNESS_RUNS];
    uint64_t done, failed;
    double worst_ms;
    uint64_t bytes_first, bytes_last; // of the run that ended with most
};

static bool measure_over_tun(struct over_tun *runs, uint32_t run)
{
    struct tun_flood_result result;
    runs->setup.ms = harness_runs() > 1 ? OVER_TUN_MS : OVER_TUN_MS_QUICK;
    if (!tun_flood_run(&runs->setup, &result)) {
        return false;
    }
    runs->syns[run] = result.syns_per_second;
    runs->connects[run] = result.connects_per_second;
    runs->done += result.connects;
    runs->failed += result.failed;
    runs->worst_ms = result.worst_ms > runs->worst_ms ? result.worst_ms : runs->worst_ms;
    if (result.bytes_last > runs->bytes_last) {
        runs->bytes_first = result.bytes_first;
        runs->bytes_last = result.bytes_last;
    }
    return true;
}

static bool report_over_tun(struct over_tun *full, struct over_tun *paced)
{
    static const char peer[] = "Linux' listener over veth", unit[] = "connections/s";
    double done = (double)(full[0].done + paced[0].done);
    double begun = done + (double)(full[0].failed + paced[0].failed);
    const struct harness_figure figures[] = {
        {"over TUN, as many SYNs as are taken", harness_median(full[0].syns), "SYN/s", peer,
         harness_ratio(full[0].syns, full[1].syns)},
        {"over TUN, as many: connects meanwhile", harness_median(full[0].connects), unit, peer,
         harness_ratio(full[0].connects, full[1].connects)},
        {"over TUN, 50,000 SYN/s: connects meanwhile", harness_median(paced[0].connects), unit,
         peer, harness_ratio(paced[0].connects, paced[1].connects)},
        {"over TUN: connects that succeed", done, "connections", "those begun", done / begun},
        {"over TUN: the slowest connect", full[0].worst_ms, "ms", peer,
         full[0].worst_ms / full[1].worst_ms},
        {"over TUN: taken at the flood's end", (double)full[0].bytes_last, "octets",
         "when the flood was on", (double)full[0].bytes_last / (double)full[0].bytes_first},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    return done >= begun && full[0].bytes_last <= full[0].bytes_first * GROWTH_MAX;
}

static bool run_over_tun(void)
{
    static struct over_tun full[] = {{.setup.listener = TUN_FLOOD_SYNFIN},
                                     {.setup.listener = TUN_FLOOD_LINUX}};
    static struct over_tun paced[] = {
        {.setup = {.listener = TUN_FLOOD_SYNFIN, .syns_per_second = PACED}},
        {.setup = {.listener = TUN_FLOOD_LINUX, .syns_per_second = PACED}},
    };
    for (uint32_t run = 0; run < harness_runs(); run++) {
        if (!measure_over_tun(&full[0], run) || !measure_over_tun(&full[1], run)
            || !measure_over_tun(&paced[0], run) || !measure_over_tun(&paced[1], run)) {
            return true;
        }
    }
    return report_over_tun(full, paced);
}

static bool run_syn_flood(void)
{
    bool is_good = run_in_process();
    return run_over_tun() && is_good;
}

// Fixed amounts of work, whose difference an instruction counter takes (bench_instructions.c).
static void flood(enum synfin_syn_cookies cookies, uint32_t syns)
{
    static struct flooded bench;
    flooded_open(&bench, cookies);
    bench.is_alone = true;
    run_bursts(&bench, syns);
    twins_destroy(&bench.twins);
}

static bool run_cookies_short(void)
{
    flood(SYNFIN_SYN_COOKIES_WHEN_FULL, COUNTED);
    return true;
}

static bool run_cookies_long(void)
{
    flood(SYNFIN_SYN_COOKIES_WHEN_FULL, 2 * COUNTED);
    return true;
}

static bool run_cache_short(void)
{
    flood(SYNFIN_SYN_COOKIES_NEVER, COUNTED);
    return true;
}

static bool run_cache_long(void)
{
    flood(SYNFIN_SYN_COOKIES_NEVER, 2 * COUNTED);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {
        {"syn-flood", run_syn_flood, HARNESS_LISTED},
        {"cookies-16384", run_cookies_short, HARNESS_HIDDEN},
        {"cookies-32768", run_cookies_long, HARNESS_HIDDEN},
        {"cache-16384", run_cache_short, HARNESS_HIDDEN},
        {"cache-32768", run_cache_long, HARNESS_HIDDEN},
    };
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
