// SPDX-License-Identifier: MIT
//
// Memory that fails in every scenario of the lab. Each is played again and again: the n-th slab
// that its world asks for is refused, alone or with all that follow. Whatever the applications
// make of it, what their stacks send stays TCP in the eyes of a decoder that shares no code with
// them, every octet that travels is the one that was written, and all memory comes back.
//
// The lab takes its slabs by aligned_alloc: the linker puts the two functions below in its place
// (--wrap).
#include <stdlib.h>
#include <string.h>

#include "cli/lab.h"
#include "cli/lab_play.h"
#include "cli/lab_world.h"
#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "link/link_internal.h"

enum { FLOWS_MAX = 64, LIVE_MAX = 4096, PLAYS_MAX = 40, BULK_PLAYS_MAX = 3 };

void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *slab);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void *slab);

// Takes from number `from` on fail, `times` of them.
static struct {
    void *live[LIVE_MAX];
    uint32_t lives, takes, from, times;
} memory;

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    if (memory.takes++ >= memory.from && memory.times > 0) {
        memory.times -= memory.times != UINT32_MAX;
        return NULL;
    }
    void *slab = __real_aligned_alloc(alignment, bytes);
    assert_true(memory.lives < LIVE_MAX);
    memory.live[memory.lives++] = slab;
    return slab;
}

void __wrap_free(void *slab)
{
    for (uint32_t i = memory.lives; i-- > 0;) {
        if (memory.live[i] == slab) {
            memory.live[i] = memory.live[--memory.lives];
            break;
        }
    }
    __real_free(slab);
}

// One connection by its client's port: what either end has said.
struct flow {
    uint16_t port;
    bool has_iss[2];
    uint32_t iss[2], highest[2]; // highest: the number behind the last octet sent
};

static struct judge {
    struct flow flow[FLOWS_MAX];
    uint32_t flows;
    synfin_passage_fn next; // the lab's own observer
    void *next_ctx;
} judge;

static struct flow *flow_of(uint16_t port)
{
    for (uint32_t i = 0; i < judge.flows; i++) {
        if (judge.flow[i].port == port) {
            return &judge.flow[i];
        }
    }
    assert_true(judge.flows < FLOWS_MAX);
    judge.flow[judge.flows] = (struct flow){.port = port};
    return &judge.flow[judge.flows++];
}

// As the lab's applications fill their streams.
static uint8_t octet_at(uint32_t from, uint32_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 8) * 17 + from + 1);
}

static void judge_segment(uint32_t from, const struct segment_wire *seg)
{
    struct flow *flow = flow_of(from == 0 ? seg->src_port : seg->dst_port);
    bool has_syn = (seg->flags & SYNFIN_TCP_SYN) != 0;
    bool has_fin = (seg->flags & SYNFIN_TCP_FIN) != 0;
    if (has_syn && (!flow->has_iss[from] || flow->iss[from] != seg->seq)) {
        flow->has_iss[from] = true;
        flow->iss[from] = flow->highest[from] = seg->seq;
    }
    if (!flow->has_iss[from] || (seg->flags & SYNFIN_TCP_RST) != 0) {
        return; // of a connection before the host's restart
    }
    uint32_t offset = seg->seq + has_syn - flow->iss[from] - 1;
    for (uint32_t i = 0; i < seg->payload_bytes; i++) {
        assert_int_equal(seg->payload[i], octet_at(from, offset + i));
    }
    uint32_t end = seg->seq + has_syn + seg->payload_bytes + has_fin;
    if ((int32_t)(end - flow->highest[from]) > 0) {
        flow->highest[from] = end;
    }
}

static void on_passage(void *ctx, const struct synfin_passage *passage)
{
    static uint8_t octets[SYNFIN_PACKET_MAX + 1];
    struct segment_wire seg;
    uint32_t bytes = synfin_packet_copy(passage->packet, octets, sizeof octets);
    bool is_ours = passage->packet->reason != SYNFIN_REASON_UNKNOWN;
    (void)ctx;
    if (is_ours && segment_wire_is_tcp(octets, bytes)) {
        const char *complaint = segment_wire_parse(octets, bytes, &seg);
        if (complaint != NULL) {
            fail_msg("%s", complaint);
        }
        judge_segment(passage->from == SYNFIN_LINK_A ? 0 : 1, &seg);
    }
    judge.next(judge.next_ctx, passage);
}

static void run(struct lab_world *world)
{
    memset(&judge, 0, sizeof judge);
    judge.next = world->link->observe;
    judge.next_ctx = world->link->observe_ctx;
    synfin_link_observe(world->link, on_passage, NULL);
    lab_world_run(world);
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        assert_false(world->app[i].has_wrong_octet);
    }
}

// Those that move very much have slabs as large as ever, and are played a few times only.
static bool is_bulk(const struct lab_scenario *scenario)
{
    bool is_flood = scenario->step[LAB_STRANGER][0].verb != LAB_FINISH;
    return scenario->tells_buffers || is_flood;
}

// Whether the world got as far as the take that fails.
static bool play(const struct lab_scenario *scenario, uint32_t from, uint32_t times)
{
    struct synfin_link_config link;
    struct synfin_stack_config stack;
    struct lab_world world;
    struct lab_world_config config = {
        .scenario = scenario, .link = &link, .stack = &stack, .seed = 1};
    lab_play_configs(scenario, true, &link, &stack);
    if (!is_bulk(scenario)) {
        stack.slab_bytes = 1024;
        stack.chunk_bytes = 256;
    }
    assert_int_equal(synfin_ladder_create(NULL, &config.ladder), SYNFIN_ERROR_OK);
    memory.takes = 0;
    memory.from = from;
    memory.times = times;
    enum synfin_error error = lab_world_create(&config, &world);
    assert_true(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_NO_MEMORY);
    if (error == SYNFIN_ERROR_OK) {
        run(&world);
        lab_world_destroy(&world);
    }
    assert_int_equal(memory.lives, 0);
    synfin_ladder_destroy(config.ladder);
    return memory.takes > from;
}

// Scenarios that ask for much are played for some of their takes only.
static uint32_t play_all(const struct lab_scenario *scenario)
{
    (void)play(scenario, UINT32_MAX, 0);
    uint32_t stride = 1 + memory.takes / (is_bulk(scenario) ? BULK_PLAYS_MAX : PLAYS_MAX);
    uint32_t points = 0;
    for (uint32_t from = 0; play(scenario, from, 1); from += stride) {
        (void)play(scenario, from, UINT32_MAX);
        points += 2;
    }
    return points;
}

static void scenarios_survive_any_refusal(void **state)
{
    const struct lab_scenario *scenario;
    uint32_t points = 0;
    (void)state;
    for (size_t i = 0; (scenario = lab_scenarios_at(i)) != NULL; i++) {
        for (; scenario != NULL; scenario = scenario->sequel) {
            uint32_t more = play_all(scenario);
            assert_true(more >= BULK_PLAYS_MAX);
            points += more;
        }
    }
    print_message("%u points of memory failure\n", points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scenarios_survive_any_refusal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
