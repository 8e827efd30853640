// SPDX-License-Identifier: MIT
//
// The keys of a world that is run twice (Q10). In the second run they are others, but for those
// whose chance is to change what is done; and numbers and timestamps are not any others: of each
// host's longest stream they turn over on the way.
#include "sim/sim_keys.h"

#include <stddef.h>
#include <string.h>

#include "lib/test_random.h"
#include "stack/stack_internal.h"

enum {
    LISTENER_PORTS = 1024, // those of users who are called are below
    TRIES = 1 << 18,
    LEAST_OCTETS = 1 << 16, // of a stream that is worth the search
    STAMPS_NEAR = 1 << 14,  // ms until a timestamp turns over
};

// What a stack draws keys for, in its order.
enum {
    DRAWN_FLOW,
    DRAWN_NET,
    DRAWN_ENTROPY,
    DRAWN_TABLE,
    DRAWN_ISN,
    DRAWN_TS,
};

// Ports that are drawn anew may be those of connections that have been, unless these are few. Then
// they are others in every other world, in which nothing is known of pairs before they are made.
static bool has_other_draws(const struct sim_plan *plan)
{
    bool has_bbr = sim_plan_has(plan, SIM_FAULT_CONFIG) || sim_plan_has(plan, SIM_FAULT_OPTIONS);
    return plan->kind == SIM_KIND_BULK && plan->seed % 2 == 0 && !has_bbr
           && !sim_plan_has(plan, SIM_FAULT_PORTS);
}

// Whether chance changes by design what is done, so that it must be the same in both runs. How
// long a neighbour is believed is one such (RFC 4861 §6.3.2), BBR's turns are another.
static bool is_chance(const struct sim_host *host, uint32_t drawn)
{
    return (drawn == DRAWN_NET && host->iface.is_ethernet)
           || (drawn == DRAWN_ENTROPY && !has_other_draws(&host->world->plan));
}

// Numbers and timestamps go on from one life to the next: whether they lie before or behind those
// that a peer remembers is a matter of keys as well (RFC 9293 §3.6.1, RFC 6191 §2).
static uint64_t stream_of(const struct sim_host *host, uint32_t drawn, uint64_t keys)
{
    bool is_lasting = drawn == DRAWN_ISN || drawn == DRAWN_TS;
    uint64_t life = is_lasting ? 0 : host->lives;
    return sim_stream(host->world->plan.seed, host->index * 64 + life) + drawn + keys;
}

static void fill(uint8_t *out, size_t bytes, uint64_t random)
{
    for (; bytes > 0; out++, bytes--) {
        *out = (uint8_t)test_random(&random);
    }
}

void sim_keys_draw(void *ctx, void *out, size_t bytes)
{
    struct sim_host *host =
        (struct sim_host *)(void *)((uint8_t *)ctx - offsetof(struct sim_host, memory));
    const struct sim_turn *turn = host->world->turn;
    uint32_t drawn = host->keys_drawn++;
    if (turn != NULL && turn[host->index].is_known && drawn == DRAWN_ISN) {
        memcpy(out, &turn[host->index].isn_key, bytes);
    } else if (turn != NULL && turn[host->index].is_known && drawn == DRAWN_TS) {
        memcpy(out, &turn[host->index].ts_key, bytes);
    } else {
        uint64_t keys = is_chance(host, drawn) ? 0 : host->world->keys;
        fill(out, bytes, stream_of(host, drawn, keys));
    }
}

// Of two paths that share a slot the stack remembers the later one: which do is the same in both
// runs, although tables have another key.
void sim_keys_keep_slots(struct sim_host *host)
{
    uint64_t random = sim_stream(host->world->plan.seed, host->index * 64 + host->lives);
    host->stack->tcp.mtu_cache.key.k0 = test_random(&random);
    host->stack->tcp.mtu_cache.key.k1 = test_random(&random);
}

static struct tcp_pair pair_of(const struct oracle_longest *longest, uint16_t shift)
{
    struct tcp_pair pair = {.local = longest->local.addr,
                            .remote = longest->remote.addr,
                            .local_port = longest->local.port,
                            .remote_port = longest->remote.port};
    if (pair.remote_port < LISTENER_PORTS) {
        pair.local_port = (uint16_t)(pair.local_port + shift);
    } else if (pair.local_port < LISTENER_PORTS) {
        pair.remote_port = (uint16_t)(pair.remote_port + shift);
    }
    return pair;
}

// What is sought: the key under which the pair's hash, with what a clock adds, lies before `turn`,
// and no further than `near` if there is one.
struct quest {
    struct tcp_pair pair;
    uint32_t clock, turn, near;
};

static struct siphash_key seek(const struct quest *quest, uint64_t random)
{
    struct siphash_key best = {0};
    uint32_t best_before = UINT32_MAX;
    for (uint32_t i = 0; i < TRIES && best_before > quest->near; i++) {
        const struct siphash_key key = {test_random(&random), test_random(&random)};
        uint32_t hash = (uint32_t)siphash_24(&key, &quest->pair, sizeof quest->pair);
        uint32_t before = quest->turn - (quest->clock + hash);
        if (before < best_before) {
            best_before = before;
            best = key;
        }
    }
    return best;
}

// What the clock had added to the first run's number.
static uint32_t clock_of(const struct sim_host *host, uint32_t drawn, const struct tcp_pair *pair,
                         uint32_t number)
{
    struct siphash_key key;
    fill((uint8_t *)&key, sizeof key, stream_of(host, drawn, 0));
    return number - (uint32_t)siphash_24(&key, pair, sizeof *pair);
}

static void seek_keys(const struct sim_host *host, const struct oracle_longest *longest,
                      struct sim_turn *turn)
{
    const struct tcp_pair before = pair_of(longest, 0);
    uint32_t octets = (uint32_t)longest->octets;
    uint64_t random = sim_stream(host->world->plan.seed, 5000 + host->index);
    struct quest quest = {.pair = pair_of(longest, SIM_PORT_SHIFT), .near = octets / 4};
    quest.turn = (host->index % 2 == 0 ? 0 : UINT32_C(1) << 31) - octets / 2;
    quest.clock = clock_of(host, DRAWN_ISN, &before, longest->iss);
    turn->isn_key = seek(&quest, random);
    quest.turn = 0;
    quest.near = STAMPS_NEAR;
    quest.clock = clock_of(host, DRAWN_TS, &before, longest->ts_first);
    turn->ts_key = seek(&quest, random);
    turn->is_known = true;
}

void sim_keys_seek(const struct sim_world *world, struct sim_turn *turn)
{
    struct oracle_longest longest;
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        turn[i].is_known = false;
        if (!has_other_draws(&world->plan) && oracle_longest(world->oracle, i, &longest)
            && longest.octets >= LEAST_OCTETS) {
            seek_keys(&world->host[i], &longest, &turn[i]);
        }
    }
}
