// SPDX-License-Identifier: MIT
//
// How the stack of a host is configured: the defaults with waits short enough that a world comes to
// its end, and with the fault "config" nearly anything that is allowed.
#include "lib/test_random.h"
#include "sim/sim.h"

enum { MTU_LEAST = 296 }; // of what a configuration may name

static bool one_of(uint64_t *random, uint32_t n)
{
    return test_random_below(random, n) == 0;
}

static void set_unusual_times(struct synfin_stack_config *config, uint64_t *random)
{
    config->rto_min_ns = one_of(random, 4)   ? 10 * SIM_MS
                         : one_of(random, 4) ? SIM_S
                                             : config->rto_min_ns;
    config->delayed_ack_ns =
        one_of(random, 3) ? test_random_below(random, 499) * SIM_MS : config->delayed_ack_ns;
    config->msl_ns = one_of(random, 3) ? SIM_S : config->msl_ns;
    config->syn_ack_backoff_percent = one_of(random, 4) ? 100 : config->syn_ack_backoff_percent;
    config->initial_window_segments =
        one_of(random, 3) ? 1 + test_random_below(random, 40) : config->initial_window_segments;
    config->challenge_acks_per_second = one_of(random, 4) ? 1 : config->challenge_acks_per_second;
    config->mtu_probe_interval_ns = one_of(random, 3) ? 2 * SIM_S : config->mtu_probe_interval_ns;
    config->fin_wait_2_ns = one_of(random, 4) ? SIM_S : config->fin_wait_2_ns;
}

static void set_unusual_sizes(struct synfin_stack_config *config, uint64_t *random)
{
    config->chunk_bytes =
        one_of(random, 3) ? 256U << test_random_below(random, 8) : config->chunk_bytes;
    if (one_of(random, 3)) {
        config->send_buffer_bytes = 4096U << test_random_below(random, 10);
        config->receive_buffer_bytes = 4096U << test_random_below(random, 10);
    }
    if (one_of(random, 3)) {
        config->send_buffer_bytes_max = config->receive_buffer_bytes_max = 0;
    }
    config->out_of_order_ranges_max =
        one_of(random, 3) ? test_random_below(random, 8) : config->out_of_order_ranges_max;
    config->half_open_max =
        one_of(random, 4) ? 1 + test_random_below(random, 8) : config->half_open_max;
    config->time_wait_max =
        one_of(random, 4) ? 1 + test_random_below(random, 16) : config->time_wait_max;
    config->answers_max = one_of(random, 4) ? 8 : config->answers_max;
    config->fastopen_peers_max = one_of(random, 4) ? 0 : config->fastopen_peers_max;
}

static void set_unusual_repair(struct synfin_stack_config *config, uint64_t *random)
{
    config->use_tail_probes = !one_of(random, 4);
    config->use_frto = !one_of(random, 4);
    config->adapt_reordering = !one_of(random, 4);
    config->reordering_segments =
        one_of(random, 3) ? 1 + test_random_below(random, 12) : config->reordering_segments;
    config->burst_segments_min =
        one_of(random, 3) ? 1 + test_random_below(random, 16) : config->burst_segments_min;
    config->mtu_base_bytes =
        one_of(random, 3) ? MTU_LEAST + test_random_below(random, 2000) : config->mtu_base_bytes;
    config->mtu_floor_bytes = one_of(random, 3)
                                  ? MTU_LEAST + test_random_below(random, 1280 - MTU_LEAST + 1)
                                  : config->mtu_floor_bytes;
}

// How long is waited for somebody who does not answer.
static void set_unusual_patience(struct synfin_stack_config *config, uint64_t *random)
{
    if (one_of(random, 3)) {
        config->rto_max_ns = (10 + test_random_below(random, 60)) * SIM_S;
    }
    if (one_of(random, 3)) {
        config->rto_initial_ns = sim_between_evenly(random, 50 * SIM_MS, 5 * SIM_S);
        config->syn_ack_initial_ns = sim_between_evenly(random, 50 * SIM_MS, 5 * SIM_S);
        config->syn_ack_max_ns = sim_between_evenly(random, 5 * SIM_S, 60 * SIM_S);
    }
    config->syn_ack_retries =
        one_of(random, 3) ? test_random_below(random, 10) : config->syn_ack_retries;
    config->orphan_ns =
        one_of(random, 3) ? sim_between_evenly(random, SIM_S, 300 * SIM_S) : config->orphan_ns;
    if (one_of(random, 3)) {
        config->keepalive_idle_ns = sim_between_evenly(random, SIM_S, 60 * SIM_S);
        config->keepalive_interval_ns = sim_between_evenly(random, SIM_S, 20 * SIM_S);
        config->keepalive_probes = 1 + test_random_below(random, 8);
    }
    if (one_of(random, 3)) {
        config->cookie_lifetime_ns = sim_between_evenly(random, 2 * SIM_S, 600 * SIM_S);
        config->cookie_clock_offset_ns = test_random(random);
    }
    config->fastopen_off_ns =
        one_of(random, 3) ? test_random_below(random, 3) * 500 * SIM_MS : config->fastopen_off_ns;
}

static void set_unusual_limits(struct synfin_stack_config *config, bool restarts, uint64_t *random)
{
    config->sockets_max =
        one_of(random, 4) ? 64 + test_random_below(random, 1024) : config->sockets_max;
    config->reassembly_bytes_max =
        one_of(random, 4) ? 1U << test_random_below(random, 20) : config->reassembly_bytes_max;
    config->slab_bytes =
        one_of(random, 4) ? 1024U << test_random_below(random, 11) : config->slab_bytes;
    config->hop_limit =
        one_of(random, 4)
            ? (uint8_t)(SIM_HOPS_MAX + 1 + test_random_below(random, 255 - SIM_HOPS_MAX))
            : config->hop_limit;
    if (one_of(random, 3)) {
        config->send_buffer_bytes_max = 4096U << test_random_below(random, 14);
        config->receive_buffer_bytes_max = 4096U << test_random_below(random, 14);
    }
    config->fastopen_takes_any = one_of(random, 4);
    config->fastopen_sends_any = one_of(random, 4);
    config->has_cookie_secret = one_of(random, 4) && !restarts; // or cookies outlive them
    for (uint32_t i = 0; i < sizeof config->cookie_secret && config->has_cookie_secret; i++) {
        config->cookie_secret[i] = (uint8_t)test_random(random);
    }
}

static void set_unusual(struct synfin_stack_config *config, uint64_t *random)
{
    config->use_timestamps = !one_of(random, 4);
    config->use_window_scale = !one_of(random, 4);
    config->use_sack = !one_of(random, 3);
    config->use_pacing = one_of(random, 2);
    config->congestion = test_random_below(random, SYNFIN_CONGESTION_COUNT);
    config->ecn = (uint8_t)test_random_below(random, SYNFIN_ECN_ASK_ACCURATE + 1);
    config->accurate_ecn = !one_of(random, 3);
    config->syn_cookies = (uint8_t)test_random_below(random, SYNFIN_SYN_COOKIES_ALWAYS + 1);
    config->mtu_probing = test_random_below(random, SYNFIN_MTU_PROBING_ALWAYS + 1);
    set_unusual_times(config, random);
    set_unusual_sizes(config, random);
}

// Other keys, other ports: in the same order, and as translators see them as far from each other.
static void shift_ports(struct sim_host *host)
{
    struct synfin_stack_config *config = &host->config;
    if (config->port_last > UINT16_MAX - SIM_PORT_SHIFT) {
        config->port_last = UINT16_MAX - SIM_PORT_SHIFT;
    }
    if (host->world->keys != 0) {
        config->port_first = (uint16_t)(config->port_first + SIM_PORT_SHIFT);
        config->port_last = (uint16_t)(config->port_last + SIM_PORT_SHIFT);
    }
}

// What a host is like does not change with its lives.
void sim_config_make(struct sim_host *host)
{
    uint64_t random = sim_stream(host->world->plan.seed, 2000 + host->index);
    struct synfin_stack_config *config = &host->config;
    synfin_stack_config_default(config);
    config->rto_max_ns = 60 * SIM_S;
    config->data_retries = 5 + test_random_below(&random, 6);
    config->syn_retries = 4 + test_random_below(&random, 3);
    config->orphan_retries = 3 + test_random_below(&random, 4);
    config->orphan_ns = 120 * SIM_S;
    config->keepalive_idle_ns = 20 * SIM_S;
    config->keepalive_interval_ns = 5 * SIM_S;
    config->keepalive_probes = 3;
    config->slab_bytes = 64 << 10;
    config->memory_limit_bytes = 256 << 20;
    if (sim_plan_has(&host->world->plan, SIM_FAULT_CONFIG)) {
        uint64_t more = sim_stream(host->world->plan.seed, 2100 + host->index);
        set_unusual(config, &random);
        set_unusual_repair(config, &more);
        set_unusual_patience(config, &more);
        set_unusual_limits(config, sim_plan_has(&host->world->plan, SIM_FAULT_RESTART), &more);
    }
    if (sim_plan_has(&host->world->plan, SIM_FAULT_PORTS)) {
        config->port_first = 40000;
        config->port_last = (uint16_t)(40000 + test_random_below(&random, 16));
    }
    if (host->world->plan.is_twice) {
        shift_ports(host);
    }
    if (sim_plan_has(&host->world->plan, SIM_FAULT_MEMORY) && one_of(&random, 3)) {
        config->memory_limit_bytes = (size_t)1 << (20 + test_random_below(&random, 4));
        config->slab_bytes = 1024U << test_random_below(&random, 5);
    }
}
