// SPDX-License-Identifier: MIT
//
// Memory that fails under a transfer whose every packet is judged. The n-th slab that one end asks
// for is refused, alone or with all that follow for a while; then there is memory again. On the
// wire it stays legal TCP (wire_watch.h, wire_flight.h), and once there is memory both ends get
// every octet: nothing that was refused may be forgotten.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/transfer.h"

enum { OCTETS = 20000, SHORTAGE_S = 4, LIMIT_S = 900 };

struct path {
    const char *name;
    uint32_t version, loss_ppm, reorder_ppm, congestion;
    uint8_t ecn, syn_cookies;
    bool is_ethernet, is_fast;
};

static const struct path paths[] = {
    {.name = "plain", .version = 4},
    {.name = "loss over Ethernet and IPv6",
     .version = 6,
     .loss_ppm = 30000,
     .is_ethernet = true,
     .congestion = SYNFIN_CONGESTION_NEWRENO},
    {.name = "cookies, reordering, BBR",
     .version = 4,
     .reorder_ppm = 100000,
     .syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS,
     .congestion = SYNFIN_CONGESTION_BBR},
    {.name = "loss, accurate marks, DCTCP",
     .version = 4,
     .loss_ppm = 10000,
     .ecn = SYNFIN_ECN_ASK_ACCURATE,
     .congestion = SYNFIN_CONGESTION_DCTCP},
    {.name = "Fast Open", .version = 4, .is_fast = true},
    {.name = "Fast Open, loss, IPv6", .version = 6, .loss_ppm = 30000, .is_fast = true},
};

static struct transfer transfer;

static void begin(const struct path *path)
{
    struct transfer_config config;
    transfer_config_default(&config, 1);
    config.version = path->version;
    config.is_fast = path->is_fast;
    config.octets[0] = config.octets[1] = OCTETS;
    config.world.is_ethernet = path->is_ethernet;
    config.world.link.loss_ppm = path->loss_ppm;
    config.world.link.reorder_ppm = path->reorder_ppm;
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        struct synfin_stack_config *stack = &config.world.stack[i];
        stack->slab_bytes = 1024;
        stack->chunk_bytes = 256;
        stack->congestion = path->congestion;
        stack->syn_cookies = path->syn_cookies;
        stack->fastopen_sends_any = stack->fastopen_takes_any = path->is_fast;
        stack->ecn = path->ecn != 0 ? path->ecn : stack->ecn;
    }
    transfer_begin(&transfer, &config);
}

// Whether the transfer got as far as the refusal.
static bool play(const struct path *path, uint32_t host, uint32_t n, uint32_t times)
{
    begin(path);
    struct test_env *memory = &transfer.world.host[host].memory;
    uint32_t refused_from = memory->takes + n;
    memory->fail_after = refused_from;
    memory->fail_times = times;
    transfer_pass(&transfer, SHORTAGE_S * WORLD_S);
    bool was_reached = times == 1 ? memory->fail_times == 0 : memory->takes >= refused_from;
    memory->fail_after = UINT32_MAX;
    if (!transfer_run(&transfer, LIMIT_S * WORLD_S)) {
        fail_msg("%s: host %u stands still, take %u refused", path->name, host, n);
    }
    transfer_finish(&transfer);
    return was_reached;
}

static void transfers_go_on_when_memory_returns(void **state)
{
    uint32_t points = 0;
    (void)state;
    for (uint32_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        for (uint32_t host = 0; host < WORLD_HOSTS; host++) {
            uint32_t n = 0;
            while (play(&paths[i], host, n, 1) && play(&paths[i], host, n, UINT32_MAX)) {
                n++;
            }
            assert_true(n > 10);
            points += 2 * n;
        }
    }
    print_message("%u points of memory failure\n", points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(transfers_go_on_when_memory_returns)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
