// SPDX-License-Identifier: MIT
//
// How far the network of the simulator carries what hosts send.
#include <string.h>

#include "lib/test_cmocka.h"
#include "sim/sim.h"
#include "sim/sim_wire.h"

enum { PAYLOAD = 8, PROTOCOL_OTHER = 253 };

static struct sim_world world;

// Two hosts, behind a router each.
static void begin(void)
{
    memset(&world, 0, sizeof world);
    world.plan.hosts = world.plan.subnets = 2;
    world.path_mtu_bytes = 1500;
    world.now_ns = SIM_S;
    for (uint32_t i = 0; i < world.plan.hosts; i++) {
        world.subnet[i].mtu_bytes = 1500;
        world.host[i] = (struct sim_host){.world = &world, .index = i, .subnet = i};
        world.host[i].addr[0] = synfin_addr_ipv4(10, 0, (uint8_t)i, (uint8_t)(i + 1));
        world.host[i].addr[1] = (struct synfin_addr){{0x20, 0x01, 0x0d, 0xb8}};
        world.host[i].addr[1].octet[7] = (uint8_t)i;
        world.host[i].addr[1].octet[15] = (uint8_t)(i + 1);
    }
    sim_net_init(&world);
}

// Whether a datagram from the first to the second arrives.
static bool passes(bool is_ip6, uint8_t hop_limit)
{
    uint32_t skipped = is_ip6 ? 0 : 12;
    const struct sim_host *host = world.host;
    struct sim_frame *frame = sim_frame_take(&world, (is_ip6 ? 40 : 20) + PAYLOAD);
    uint8_t *ip = sim_frame_ip(frame);
    (void)sim_ip_put(ip, is_ip6, host[0].addr[is_ip6].octet + skipped,
                     host[1].addr[is_ip6].octet + skipped, PAYLOAD, PROTOCOL_OTHER);
    ip[is_ip6 ? 7 : 8] = hop_limit;
    frame->from = 0;
    sim_net_route(&world, frame, 0);
    struct sim_frame *arrived = sim_net_arrived(&world);
    if (arrived != NULL) {
        sim_frame_give(&world, arrived);
    }
    return arrived != NULL;
}

static void hop_limit_beyond_the_routers_passes(void **state)
{
    (void)state;
    begin();
    for (uint32_t is_ip6 = 0; is_ip6 < 2; is_ip6++) {
        assert_false(passes(is_ip6 != 0, SIM_HOPS_MAX));
        assert_true(passes(is_ip6 != 0, SIM_HOPS_MAX + 1));
    }
    sim_net_deinit(&world);
}

// Seed 91, world 956: a host with a hop limit of 2 was never heard two routers away, and users who
// called it one after the other had not come to an end at the bound (T7).
static void hop_limit_of_any_host_passes(void **state)
{
    (void)state;
    uint32_t unusual = 0;
    begin();
    world.plan.faults = SIM_FAULT_BIT(SIM_FAULT_CONFIG);
    for (uint64_t seed = 0; seed < 5000; seed++) {
        world.plan.seed = seed;
        sim_config_make(&world.host[0]);
        uint8_t hop_limit = world.host[0].config.hop_limit;
        assert_true(passes(false, hop_limit));
        unusual += hop_limit != 64;
    }
    assert_true(unusual > 1000);
    sim_net_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hop_limit_beyond_the_routers_passes),
        cmocka_unit_test(hop_limit_of_any_host_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
