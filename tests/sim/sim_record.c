// SPDX-License-Identifier: MIT
//
// What is kept of a run; see sim_record.h. Captures hold bare IP datagrams, so that hosts with and
// without Ethernet fit one file; frames of other kinds are left out.
#include "sim/sim_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/ladder.h>
#include <synfin/link.h>

#include "lib/test_env.h"
#include "sim/sim_wire.h"

struct sim_record {
    struct sim_pair pair;
    FILE *capture_file, *ladder_file;
    synfin_capture *capture;
    synfin_ladder *ladder;
    struct test_env memory;
    uint64_t packets;
    char name[2][16];
};

static bool write_file(void *ctx, const void *bytes, size_t count)
{
    return fwrite(bytes, 1, count, ctx) == count;
}

static FILE *open_file(const char *path, const char *ending)
{
    char name[1024];
    (void)snprintf(name, sizeof name, "%s.%s", path, ending);
    return fopen(name, "wb");
}

bool sim_record_begin(struct sim_world *world, const char *path, const struct sim_pair *pair)
{
    struct synfin_env env;
    struct synfin_ladder_config config;
    struct sim_record *record = calloc(1, sizeof *record);
    if (record == NULL) {
        abort();
    }
    record->pair = *pair;
    record->capture_file = open_file(path, "pcapng");
    record->ladder_file = open_file(path, "ladder");
    test_env_bind(&env, &record->memory, 1);
    synfin_ladder_config_default(&config);
    for (uint32_t i = 0; i < 2; i++) {
        (void)snprintf(record->name[i], sizeof record->name[i], "host %u", pair->host[i]);
    }
    config.name_a = record->name[0];
    config.name_b = record->name[1];
    config.width_columns = 140;
    if (record->capture_file == NULL || record->ladder_file == NULL
        || synfin_capture_create(&env, false, write_file, record->capture_file, &record->capture)
               != SYNFIN_ERROR_OK
        || synfin_ladder_create(&config, &record->ladder) != SYNFIN_ERROR_OK) {
        free(record);
        return false;
    }
    world->record = record;
    return true;
}

void sim_record_end(struct sim_world *world)
{
    struct sim_record *record = world->record;
    if (record == NULL) {
        return;
    }
    synfin_ladder_text(record->ladder, write_file, record->ladder_file);
    synfin_ladder_destroy(record->ladder);
    synfin_capture_destroy(record->capture);
    (void)fclose(record->capture_file);
    (void)fclose(record->ladder_file);
    free(record);
    world->record = NULL;
}

// What a clock shows that nobody has moved: traces have the clocks of their stacks.
static uint64_t shown(const struct sim_world *world, uint64_t ns)
{
    return world->plan.origin_ns + ns;
}

void sim_record_note(struct sim_world *world, const char *text)
{
    if (world->record != NULL) {
        synfin_ladder_note(world->record->ladder, shown(world, world->now_ns), text);
    }
}

static bool is_end(const struct synfin_endpoint *a, const struct synfin_endpoint *b)
{
    return a->port == b->port && synfin_addr_equal(&a->addr, &b->addr);
}

// Which end of the pair has sent the segment; -1: it is not of the pair.
static int sender_of(const struct sim_record *record, const struct synfin_endpoint *from,
                     const struct synfin_endpoint *to)
{
    const struct synfin_endpoint *end = record->pair.end;
    if (!record->pair.is_known) {
        return -1;
    }
    if (is_end(from, &end[0]) && is_end(to, &end[1])) {
        return 0;
    }
    return is_end(from, &end[1]) && is_end(to, &end[0]) ? 1 : -1;
}

void sim_record_trace(struct sim_world *world, uint32_t host,
                      const struct synfin_trace_event *event)
{
    struct sim_record *record = world->record;
    if (record == NULL) {
        return;
    }
    int side = sender_of(record, &event->local, &event->remote);
    if (side >= 0 && record->pair.host[side] == host) {
        synfin_ladder_trace(record->ladder, side == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B, event);
    }
}

static enum synfin_reason fate_reason(const struct sim_frame *frame, enum synfin_fate fate)
{
    switch (fate) {
    case SYNFIN_FATE_LOST: return SYNFIN_REASON_LINK_LOST_RANDOM;
    case SYNFIN_FATE_CORRUPTED: return SYNFIN_REASON_LINK_CORRUPTED;
    case SYNFIN_FATE_DUPLICATED: return SYNFIN_REASON_LINK_DUPLICATED;
    case SYNFIN_FATE_DELIVERED:
    default: return SYNFIN_REASON_UNKNOWN;
    }
    (void)frame;
}

void sim_record_frame(struct sim_world *world, const struct sim_frame *frame, enum synfin_fate fate)
{
    struct sim_record *record = world->record;
    struct synfin_packet packet;
    struct synfin_segment segment;
    if (frame->type == SIM_TYPE_ARP || frame->bytes < 20) {
        return;
    }
    synfin_packet_wrap(&packet, (uint8_t *)(uintptr_t)(frame->octets + SIM_ROOM), frame->bytes);
    packet.reason = frame->reason;
    packet.conn = frame->conn;
    struct synfin_passage passage = {
        .number = ++record->packets,
        .sent_ns = shown(world, world->now_ns),
        .arrives_ns = fate == SYNFIN_FATE_LOST ? SYNFIN_NEVER : shown(world, frame->at_ns),
        .fate = fate,
        .fate_reason = fate_reason(frame, fate),
        .packet = &packet};
    synfin_capture_passage(record->capture, &passage);
    if (!synfin_packet_segment(&packet, false, &segment)) {
        return;
    }
    int side = sender_of(record, &segment.src, &segment.dst);
    if (side >= 0) {
        passage.from = side == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B;
        synfin_ladder_passage(record->ladder, &passage);
    }
}

void sim_record_forged(struct sim_world *world, const struct sim_frame *frame)
{
    if (world->record == NULL) {
        return;
    }
    synfin_ladder_origin(world->record->ladder,
                         frame->origin == ORACLE_FORGED ? "attacker" : "the past");
    sim_record_frame(world, frame, SYNFIN_FATE_DELIVERED);
    synfin_ladder_origin(world->record->ladder, NULL);
}
