// SPDX-License-Identifier: MIT
//
// A world out of a number; see sim_plan.h.
#include "sim_plan.h"

#include <string.h>

#include "lib/test_random.h"

enum { PURPOSE_PLAN = 1, PURPOSE_FAULTS, PURPOSE_ORIGIN };

static const char *const fault_names[] = {
#define FAULT_NAME(code, name, text) name,
    SIM_FAULTS(FAULT_NAME)
#undef FAULT_NAME
};

uint64_t sim_stream(uint64_t seed, uint64_t purpose)
{
    uint64_t state = seed ^ (purpose * UINT64_C(0xd6e8feb86659fd93));
    (void)test_random(&state);
    return test_random(&state);
}

static uint64_t between(uint64_t *random, uint64_t least, uint64_t most)
{
    return least + test_random(random) % (most - least + 1);
}

uint64_t sim_between_evenly(uint64_t *random, uint64_t least, uint64_t most)
{
    uint32_t doublings = 0;
    while (doublings < 63 && (least << (doublings + 1)) <= most) {
        doublings++;
    }
    uint64_t low = least << test_random_below(random, doublings + 1);
    uint64_t high = low > most / 2 ? most : 2 * low;
    return between(random, low, high);
}

// A subset with a size of its own, so that worlds with one fault and with nearly all are common.
static void choose_faults(struct sim_plan *plan)
{
    uint64_t random = sim_stream(plan->seed, PURPOSE_FAULTS);
    uint32_t of_thousand =
        test_random_below(&random, 8) == 0 ? 0 : (uint32_t)sim_between_evenly(&random, 30, 600);
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        uint64_t roll = test_random(&random);
        uint32_t weight = (uint32_t)sim_between_evenly(&random, 500, 200000);
        plan->weight[i] = weight;
        if (roll % 1000 < of_thousand) {
            plan->faults |= SIM_FAULT_BIT(i);
        }
    }
}

// Near where a clock of 32 bits of a tick, or the sign of 64 bits, turns over, in a world of four.
static uint64_t choose_origin(uint64_t seed)
{
    static const uint64_t turn[] = {UINT64_C(1) << 31,
                                    UINT64_C(1) << 32,
                                    (UINT64_C(1) << 31) * SIM_US,
                                    (UINT64_C(1) << 32) * SIM_US,
                                    (UINT64_C(1) << 31) * SIM_MS,
                                    (UINT64_C(1) << 32) * SIM_MS,
                                    UINT64_C(1) << 63};
    uint64_t random = sim_stream(seed, PURPOSE_ORIGIN);
    if (test_random_below(&random, 4) != 0) {
        return between(&random, 0, 1000 * SIM_S);
    }
    uint64_t at = turn[test_random_below(&random, sizeof turn / sizeof turn[0])];
    uint64_t before = between(&random, 0, 3 * SIM_S);
    return at > before ? at - before : 0;
}

static void choose_traffic(struct sim_plan *plan, uint64_t *random)
{
    switch (plan->kind) {
    case SIM_KIND_BULK:
        plan->hosts = (uint32_t)between(random, 2, 4);
        plan->connections = (uint32_t)between(random, 1, 6);
        plan->octets_max = sim_between_evenly(random, 1 << 20, 16 << 20);
        break;
    case SIM_KIND_MIXED:
        plan->hosts = (uint32_t)sim_between_evenly(random, 2, 20);
        plan->connections = (uint32_t)sim_between_evenly(random, 4, 200);
        plan->octets_max = sim_between_evenly(random, 1024, 256 << 10);
        break;
    case SIM_KIND_CHURN:
    case SIM_KIND_COUNT:
    default:
        plan->hosts = (uint32_t)sim_between_evenly(random, 2, SIM_HOSTS_MAX);
        plan->connections = (uint32_t)sim_between_evenly(random, 50, 3000);
        plan->octets_max = sim_between_evenly(random, 16, 8192);
        break;
    }
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
    return limit != 0 && value > limit ? limit : value;
}

static void cut_down(struct sim_plan *plan, const struct sim_switches *switches)
{
    plan->faults &= ~switches->without;
    plan->hosts = at_most(plan->hosts, switches->hosts < 2 ? switches->hosts * 2 : switches->hosts);
    plan->connections = at_most(plan->connections, switches->connections);
    if (switches->octets != 0 && plan->octets_max > switches->octets) {
        plan->octets_max = switches->octets;
    }
    if (plan->subnets > plan->hosts) {
        plan->subnets = plan->hosts;
    }
    if (switches->has_origin) {
        plan->origin_ns = switches->origin_ns;
    }
    plan->mtu_max = at_most(UINT16_MAX, switches->mtu_bytes);
    plan->left_out = switches->left_out;
    plan->is_twice = switches->is_twice;
    plan->burst = switches->burst != 0 ? switches->burst : plan->burst;
    plan->idle_ns = switches->idle_ns != 0 ? switches->idle_ns : plan->idle_ns;
}

void sim_plan_make(struct sim_plan *plan, uint64_t seed, const struct sim_switches *switches)
{
    uint64_t random = sim_stream(seed, PURPOSE_PLAN);
    memset(plan, 0, sizeof *plan);
    plan->seed = seed;
    uint32_t roll = test_random_below(&random, 10);
    plan->kind = roll < 4 ? SIM_KIND_CHURN : roll < 7 ? SIM_KIND_BULK : SIM_KIND_MIXED;
    choose_traffic(plan, &random);
    plan->subnets = (uint32_t)sim_between_evenly(&random, 1, plan->hosts);
    plan->at_once = (uint32_t)sim_between_evenly(&random, 1, 64);
    plan->safety_ns = sim_between_evenly(&random, 10 * SIM_S, 2000 * SIM_S);
    plan->delay_ns = sim_between_evenly(&random, 10 * SIM_US, 150 * SIM_MS);
    plan->rate_bps =
        test_random_below(&random, 2) == 0 ? 0 : sim_between_evenly(&random, 2000000, 10000000000);
    plan->queue_ns_max = (uint32_t)sim_between_evenly(&random, 5 * SIM_MS, 500 * SIM_MS);
    uint32_t versions = test_random_below(&random, 4);
    plan->has_ip4 = versions != 0;
    plan->has_ip6 = versions != 1;
    plan->burst = test_random_below(&random, 3) == 0 ? (uint32_t)between(&random, 1, 64) : 64;
    uint32_t idle = test_random_below(&random, 64);
    plan->idle_ns = idle == 0 ? UINT64_C(100) * 365 * 86400 * SIM_S : idle < 8 ? 3600 * SIM_S : 0;
    plan->origin_ns = choose_origin(seed);
    choose_faults(plan);
    cut_down(plan, switches);
}

const char *sim_plan_faults(uint64_t faults, char *text)
{
    char *at = text;
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if ((faults & SIM_FAULT_BIT(i)) != 0) {
            size_t bytes = strlen(fault_names[i]);
            if (at != text) {
                *at++ = ',';
            }
            memcpy(at, fault_names[i], bytes);
            at += bytes;
        }
    }
    if (at == text) {
        *at++ = '-';
    }
    *at = '\0';
    return text;
}

static bool parse_one(const char *text, size_t bytes, uint64_t *out)
{
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (strlen(fault_names[i]) == bytes && memcmp(fault_names[i], text, bytes) == 0) {
            *out |= SIM_FAULT_BIT(i);
            return true;
        }
    }
    if (bytes == 3 && memcmp(text, "all", 3) == 0) {
        *out = SIM_FAULTS_ALL;
        return true;
    }
    return bytes == 1 && *text == '-';
}

bool sim_plan_parse_faults(const char *text, uint64_t *out)
{
    *out = 0;
    while (*text != '\0') {
        size_t bytes = strcspn(text, ",");
        if (!parse_one(text, bytes, out)) {
            return false;
        }
        text += bytes + (text[bytes] == ',' ? 1 : 0);
    }
    return true;
}
