// SPDX-License-Identifier: MIT
//
// The stranger's segments. A forged one goes over the link like those of the ends, and is drawn; a
// flood reaches the server by ways of its own, and is counted.
#include "cli/lab_attack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/lab_forge.h"

enum { FLOOD_PER_MS = 10, WINDOW = 65535 };

#define NS_PER_MS UINT64_C(1000000)

enum lab_verdict lab_attack_forge(struct lab_world *world, uint32_t index)
{
    const struct lab_forgery *forgery = &world->config.scenario->forged[index];
    bool is_client = forgery->as == SYNFIN_LINK_A;
    const struct lab_numbers *own = &world->numbers[is_client ? 0 : 1];
    uint16_t client_port = own->client_port != 0 ? own->client_port : LAB_CLIENT_PORT;
    struct synfin_segment segment = {
        .src = world->endpoint[is_client ? 0 : 1],
        .dst = world->endpoint[is_client ? 1 : 0],
        .seq = forgery->seq + (forgery->is_relative ? own->next_seq : 0),
        .ack = forgery->ack + (forgery->is_relative ? own->ack : 0),
        .flags = forgery->flags,
        .bytes = forgery->bytes,
        .window = forgery->has_window ? forgery->window : WINDOW,
        .has_timestamps = forgery->has_time && own->has_timestamps,
        .ts_val = own->ts_val,
    };
    segment.src.port = is_client ? client_port : LAB_PORT;
    segment.dst.port = is_client ? LAB_PORT : client_port;
    uint8_t octets[LAB_FORGE_BYTES_MAX];
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, octets, lab_forge_datagram(&segment, octets));
    struct synfin_device *device = synfin_link_device(world->link, forgery->as);
    synfin_ladder_origin(world->config.ladder, forgery->by);
    (void)device->ops->send(device, &packet, 1, world->now_ns);
    synfin_ladder_origin(world->config.ladder, NULL);
    return LAB_VERDICT_DONE;
}

// A linear congruential generator of Knuth's: any addresses will do.
static uint32_t draw(struct lab_flood *flood)
{
    flood->random = flood->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(flood->random >> 32);
}

// An address of 198.18.0.0/15 (RFC 2544 §C.2.2) or of 2001:db8:1::/48 (RFC 3849 §2).
static struct synfin_addr draw_addr(const struct lab_world *world, struct lab_flood *flood)
{
    uint32_t bits = draw(flood);
    uint8_t octet[4] = {(uint8_t)(bits >> 24), (uint8_t)(bits >> 16), (uint8_t)(bits >> 8),
                        (uint8_t)bits};
    if (!world->config.is_ipv6) {
        return synfin_addr_ipv4(198, (uint8_t)(18 + octet[0] % 2), octet[1],
                                (uint8_t)(1 + octet[2] % 254));
    }
    struct synfin_addr addr = {{0x20, 0x01, 0x0d, 0xb8, 0, 1}};
    memcpy(addr.octet + 12, octet, sizeof octet);
    return addr;
}

static void send_syn(struct lab_world *world)
{
    struct lab_flood *flood = &world->flood;
    struct synfin_segment syn = {
        .src = {.addr = draw_addr(world, flood), .port = (uint16_t)(1024 + draw(flood) % 64000)},
        .dst = {.addr = world->endpoint[SYNFIN_LINK_B].addr, .port = LAB_PORT},
        .seq = draw(flood),
        .flags = SYNFIN_TCP_SYN,
        .window = WINDOW,
    };
    uint8_t octets[LAB_FORGE_BYTES_MAX];
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, octets, lab_forge_datagram(&syn, octets));
    synfin_stack_input(world->stack[SYNFIN_LINK_B], 0, &packet, 1, world->now_ns);
    flood->syns++;
}

static void begin_flood(struct lab_world *world, uint32_t syns)
{
    char text[100];
    (void)snprintf(text, sizeof text,
                   "attacker sends %" PRIu32 " SYNs from random addresses, %d a millisecond", syns,
                   FLOOD_PER_MS);
    synfin_ladder_note(world->config.ladder, world->now_ns, text);
}

static void measure(struct lab_world *world, bool is_first_half)
{
    struct lab_flood *flood = &world->flood;
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world->stack[SYNFIN_LINK_B], &stats);
    uint32_t half_open = stats.by_state[SYNFIN_TCP_STATE_SYN_RECEIVED];
    flood->half_open_most = half_open > flood->half_open_most ? half_open : flood->half_open_most;
    if (stats.memory_bytes > flood->memory_most_bytes) {
        flood->memory_most_bytes = stats.memory_bytes;
    }
    if (is_first_half) {
        flood->memory_half_bytes = flood->memory_most_bytes;
    }
}

enum lab_verdict lab_attack_flood(struct lab_world *world, struct lab_app *app, uint32_t syns)
{
    if (app->progress == 0) {
        begin_flood(world, syns);
    }
    // Its progress says when the next of them is due.
    while (app->progress < syns
           && app->began_ns + app->progress / FLOOD_PER_MS * NS_PER_MS <= world->now_ns) {
        send_syn(world);
        app->progress++;
    }
    measure(world, app->progress <= syns / 2);
    if (app->progress < syns) {
        return lab_app_wait(world, app, app->began_ns + app->progress / FLOOD_PER_MS * NS_PER_MS);
    }
    synfin_ladder_note(world->config.ladder, world->now_ns, "attacker has sent the last SYN");
    app->wake_ns = SYNFIN_NEVER;
    return LAB_VERDICT_DONE;
}
