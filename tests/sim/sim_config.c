// SPDX-License-Identifier: MIT
//
// How the stack of a host is configured: the defaults with waits short enough that a world comes to
// its end, and with the fault "config" nearly anything that is allowed.
#include "lib/test_random.h"
#include "sim/sim.h"

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
        set_unusual(config, &random);
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
        config->slab_bytes = 16 << 10;
    }
}
