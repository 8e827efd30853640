// SPDX-License-Identifier: MIT
//
// Opening and closing beside connections in TIME-WAIT: none, 10,000 and 1,000,000. A server accepts
// and closes first, so that it is who waits; its peers are hand-made segments from ever new
// addresses and ports, so that only the server's work is counted. Time moves by the same step per
// connection, and TIME-WAIT lasts as many steps as there are to be connections in it: each that
// begins to wait lets the oldest end, and every table stays as full as it was.
#include <string.h>

#include "forge.h"
#include "harness.h"
#include "peer_kernel.h"
#include "peer_lwip.h"
#include "twins.h"

enum {
    PORT = 9000,
    PARALLEL = 32, // connections side by side
    STEP_NS = 2000,
    CYCLES = 1 << 17, // per run
    CYCLES_QUICK = 1 << 12,
    CROWDS = 3,
    FEW = 10000,
    MANY = 1000000,
    MANY_QUICK = 20000,
    TIMER_SLACK = 2 * PARALLEL + 66000 / STEP_NS, // a wheel fires at most 66 us early
    PEER_CYCLES = 4096,
    PEER_WAITING = 30000,
    LWIP_CYCLES = 256,
};

struct crowd {
    struct twins twins;
    synfin_socket listener;
    uint32_t waiting;     // to be in TIME-WAIT
    uint32_t connections; // so far: the address and port of the next
    double entry_bytes;
    double per_second[HARNESS_RUNS];
    struct forge_segment peer[PARALLEL];
    uint8_t datagram[PARALLEL][FORGE_BYTES_MAX];
};

static uint32_t in_time_wait(const struct crowd *crowd)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(crowd->twins.server, &stats);
    return stats.by_state[SYNFIN_TCP_STATE_TIME_WAIT];
}

static uint64_t taken_bytes(const struct crowd *crowd)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(crowd->twins.server, &stats);
    return stats.memory_bytes;
}

// A segment from every peer arrives.
static void send_all(struct crowd *crowd)
{
    struct twins *twins = &crowd->twins;
    for (uint32_t i = 0; i < PARALLEL; i++) {
        uint32_t bytes = forge_emit(&crowd->peer[i], crowd->datagram[i]);
        synfin_packet_wrap(&twins->packets[i], crowd->datagram[i], bytes);
    }
    synfin_stack_input(twins->server, 0, twins->packets, PARALLEL, twins->now_ns);
}

// Each peer gets one segment, takes what it says, and has sent `sent` meanwhile.
static void receive_all(struct crowd *crowd, uint32_t sent)
{
    struct twins *twins = &crowd->twins;
    struct synfin_segment segment;
    uint32_t n, received = 0;
    while ((n = synfin_stack_output(twins->server, 0, twins->packets, TWINS_BURST, twins->now_ns))
           > 0) {
        for (uint32_t i = 0; i < n; i++) {
            harness_require(synfin_packet_segment(&twins->packets[i], false, &segment), "parse");
            struct forge_segment *peer = &crowd->peer[segment.dst.port % PARALLEL];
            bool takes_place = (segment.flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_FIN)) != 0;
            harness_require((segment.flags & SYNFIN_TCP_RST) == 0, "no resets");
            peer->ack = segment.seq + takes_place;
            peer->seq += sent;
            peer->ts_ecr = segment.ts_val;
        }
        received += n;
    }
    harness_require(received == PARALLEL, "an answer for each");
}

static void begin_peers(struct crowd *crowd)
{
    for (uint32_t i = 0; i < PARALLEL; i++) {
        uint32_t number = crowd->connections++;
        crowd->peer[i] = (struct forge_segment){
            .src = (UINT32_C(10) << 24) + (number >> 15),
            .dst = TWINS_SERVER_IPV4,
            .src_port = (uint16_t)(0x8000 | (number & 0x7FFF)),
            .dst_port = PORT,
            .seq = number,
            .flags = SYNFIN_TCP_SYN,
            .window = 64240,
            .has_timestamps = true,
            .has_syn_options = true,
            .ts_val = 1,
        };
    }
}

static void set_flags(struct crowd *crowd, uint8_t flags)
{
    for (uint32_t i = 0; i < PARALLEL; i++) {
        crowd->peer[i].flags = flags;
        crowd->peer[i].has_syn_options = false;
    }
}

static void drain_events(struct crowd *crowd)
{
    struct synfin_event event;
    while (synfin_stack_next_event(crowd->twins.server, &event)) {
    }
}

// PARALLEL connections: opened by their peers, closed by the server first, then by the peers.
static void live_and_die(struct crowd *crowd)
{
    struct twins *twins = &crowd->twins;
    synfin_socket socket;
    begin_peers(crowd);
    send_all(crowd);
    receive_all(crowd, 1);
    set_flags(crowd, SYNFIN_TCP_ACK);
    send_all(crowd);
    for (uint32_t i = 0; i < PARALLEL; i++) {
        harness_require(synfin_socket_accept(twins->server, crowd->listener, &socket, NULL)
                            == SYNFIN_ERROR_OK,
                        "accept");
        synfin_socket_close(twins->server, socket, twins->now_ns);
    }
    receive_all(crowd, 0);
    set_flags(crowd, SYNFIN_TCP_ACK | SYNFIN_TCP_FIN);
    send_all(crowd);
    receive_all(crowd, 1);
    drain_events(crowd);
    twins_pass(twins, (uint64_t)STEP_NS * PARALLEL);
}

static void churn(struct crowd *crowd, uint64_t connections)
{
    for (uint64_t done = 0; done < connections; done += PARALLEL) {
        live_and_die(crowd);
    }
}

// Fills TIME-WAIT and lets the first that waited end.
static void crowd_open(struct crowd *crowd, uint32_t waiting)
{
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    config.memory_limit_bytes = (size_t)4 << 30;
    config.slab_bytes = 256 << 10;
    config.msl_ns = waiting > 0 ? (uint64_t)waiting * STEP_NS / 2 : 1;
    config.time_wait_max = 2 * MANY;
    twins_create(&crowd->twins, &config);
    twins_route_all(&crowd->twins);
    crowd->listener = twins_listen(&crowd->twins, PORT, 2 * PARALLEL);
    crowd->waiting = waiting;
    uint64_t before = taken_bytes(crowd);
    churn(crowd, waiting);
    crowd->entry_bytes = (double)(taken_bytes(crowd) - before) / (double)in_time_wait(crowd);
    churn(crowd, 2 * TIMER_SLACK + CYCLES_QUICK);
}

static void measure_crowd(struct crowd *crowd, uint32_t run, uint64_t cycles)
{
    uint64_t start_ns = harness_cpu_ns();
    churn(crowd, cycles);
    crowd->per_second[run] = 1e9 * (double)cycles / (double)(harness_cpu_ns() - start_ns);
    uint32_t waiting = in_time_wait(crowd);
    harness_require(waiting <= crowd->waiting + TIMER_SLACK
                        && waiting + TIMER_SLACK >= crowd->waiting,
                    "as many in TIME-WAIT as there are to be");
}

static void report(const struct crowd *crowds)
{
    static const char unit[] = "connections/s", base[] = "the same with none in TIME-WAIT";
    uint32_t linux_bytes = peer_kernel_object_bytes("tw_sock_TCP");
    double entry = crowds[2].entry_bytes;
    const struct harness_figure figures[] = {
        {"the server's end, none in TIME-WAIT", harness_median(crowds[0].per_second), unit, NULL,
         0},
        {"the server's end, 10,000 in TIME-WAIT", harness_median(crowds[1].per_second), unit, base,
         harness_ratio(crowds[1].per_second, crowds[0].per_second)},
        {"the server's end, 1,000,000 in TIME-WAIT", harness_median(crowds[2].per_second), unit,
         base, harness_ratio(crowds[2].per_second, crowds[0].per_second)},
        {"taken by the stack, per connection in TIME-WAIT", entry, "octets",
         linux_bytes > 0 ? "Linux, tw_sock_TCP" : NULL, entry / linux_bytes},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
}

// The peers work at both ends of a connection, with an octet each way.
static double kernel_per_second(void)
{
    uint64_t start_ns = harness_now_ns();
    peer_kernel_churn(PEER_CYCLES, 1);
    return 1e9 * PEER_CYCLES / (double)(harness_now_ns() - start_ns);
}

static double lwip_per_second(void)
{
    uint64_t start_ns = harness_now_ns();
    peer_lwip_churn_kept(LWIP_CYCLES);
    return 1e9 * LWIP_CYCLES / (double)(harness_now_ns() - start_ns);
}

// What becomes of a peer's own rate.
static void report_peer(const char *what, double many, const char *few_name, double few)
{
    const struct harness_figure figure = {what, many, "connections/s", few_name, many / few};
    harness_report(&figure);
}

static void measure_peers(bool is_quick)
{
    (void)peer_kernel_enter();
    double few = kernel_per_second();
    peer_kernel_churn(is_quick ? PEER_CYCLES : PEER_WAITING, 1);
    report_peer("Linux loopback, 34,000 in TIME-WAIT", kernel_per_second(),
                "the same from none to 4,096", few);
    if (peer_lwip_name() == NULL) {
        return;
    }
    peer_lwip_init();
    few = lwip_per_second();
    peer_lwip_churn_kept(is_quick ? LWIP_CYCLES : FEW);
    report_peer("lwIP, 10,000 in TIME-WAIT", lwip_per_second(), "the same from none to 256", few);
}

static bool run_time_wait(void)
{
    static struct crowd crowds[CROWDS];
    bool is_quick = harness_runs() == 1;
    uint64_t cycles = harness_count(CYCLES, CYCLES_QUICK);
    crowd_open(&crowds[0], 0);
    crowd_open(&crowds[1], FEW);
    crowd_open(&crowds[2], is_quick ? MANY_QUICK : MANY);
    for (uint32_t run = 0; run < harness_runs(); run++) {
        for (uint32_t i = 0; i < CROWDS; i++) {
            measure_crowd(&crowds[i], run, cycles);
        }
    }
    report(crowds);
    for (uint32_t i = 0; i < CROWDS; i++) {
        twins_destroy(&crowds[i].twins);
    }
    measure_peers(is_quick);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"time-wait", run_time_wait, HARNESS_LISTED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
