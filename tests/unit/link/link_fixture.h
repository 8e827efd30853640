// SPDX-License-Identifier: MIT
//
// What the tests of src/link share: an environment that counts its memory, TCP segments as
// packets, and a diary of what a link said of them.
#ifndef SYNFIN_TESTS_LINK_FIXTURE_H
#define SYNFIN_TESTS_LINK_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/link.h>

enum { FIXTURE_OCTETS = 1600, FIXTURE_DIARY = 20000 };

struct fixture_memory {
    size_t taken_bytes; // now
    size_t limit_bytes; // slab_take gives NULL beyond it
    uint32_t takes;
};

void fixture_env(struct synfin_env *env, struct fixture_memory *memory);

// An IPv4 TCP segment with its octets.
struct fixture_packet {
    struct synfin_packet packet;
    uint8_t octets[FIXTURE_OCTETS];
};

void fixture_segment(struct fixture_packet *out, uint16_t flags, uint32_t payload_bytes);
// `bytes` octets that count up from `first`: not an IP datagram.
void fixture_octets(struct fixture_packet *out, uint8_t first, uint32_t bytes);

// Everything that was observed, without the packets.
struct fixture_diary {
    uint32_t count;
    uint32_t by_fate[4];
    uint64_t hash;
    struct synfin_passage passage[FIXTURE_DIARY]; // their packets are gone
    bool is_marked_copy[FIXTURE_DIARY];           // the packet's is_duplicate
};

void fixture_observe(void *ctx, const struct synfin_passage *passage);

// A link with a diary, over counted memory.
struct fixture_link {
    struct fixture_memory memory;
    struct synfin_env env;
    synfin_link *link;
    struct fixture_diary diary;
};

// A link in memory of its own, freed by fixture_link_close.
struct fixture_link *fixture_link_open(const struct synfin_link_config *config);
// Also checks that all memory came back.
void fixture_link_close(struct fixture_link *fixture);
uint32_t fixture_send(struct fixture_link *fixture, enum synfin_link_side from,
                      const struct synfin_packet *packet, uint64_t now_ns);
// One packet that arrived at `at`, or false.
bool fixture_receive(struct fixture_link *fixture, enum synfin_link_side at,
                     struct synfin_packet *packet, uint64_t now_ns);
// Takes everything that has arrived at `at`; returns how many.
uint32_t fixture_drain(struct fixture_link *fixture, enum synfin_link_side at, uint64_t now_ns);

#endif
