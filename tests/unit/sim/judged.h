// SPDX-License-Identifier: MIT
//
// A world of two stacks with the judge at both doors and two users who write, read and close: what
// the tests of the judge begin with. A legal run leaves no violation; then a test does something
// that no correct stack does, and the judge must name it.
#ifndef JUDGED_H
#define JUDGED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/segment_wire.h"
#include "lib/world.h"
#include "sim/oracle.h"
#include "sim/oracle_internal.h"

enum { JUDGED_PORT = 7, JUDGED_CALL_MAX = 16384 };

struct judged_user {
    synfin_socket socket;
    uint64_t to_write, written, delivered;
    bool is_open, has_shut, has_end, reads_nothing, keeps_open;
};

struct judged {
    struct world world;
    struct oracle *oracle;
    struct judged_user user[WORLD_HOSTS];
    synfin_socket listener;
    uint64_t random;
    uint32_t version;
    // The last packet that each host has sent, and the last one with data.
    uint8_t last[WORLD_HOSTS][2048], data[WORLD_HOSTS][2048];
    uint32_t last_bytes[WORLD_HOSTS], data_bytes[WORLD_HOSTS];
};

void judged_config(struct world_config *config);
// Both stacks stand, host 1 listens.
void judged_init(struct judged *judged, const struct world_config *config, uint32_t version);
// Ends as it stands: nothing more is judged.
void judged_end(struct judged *judged);
// Connects host 0 to host 1 and has it accepted; users write nothing yet and keep open.
void judged_open(struct judged *judged);
// A world with defaults in which that was done.
void judged_begin(struct judged *judged);
// Users do what they can, and time goes on for so long.
void judged_run(struct judged *judged, uint64_t ns);
// This many octets are written by a host's user and arrive.
void judged_write(struct judged *judged, uint32_t host, uint64_t octets);
// A host's user sets an option, of its connection or of another socket.
void judged_ask(struct judged *judged, uint32_t host, enum synfin_option option, int64_t value);
void judged_ask_of(struct judged *judged, uint32_t host, synfin_socket socket,
                   enum synfin_option option, int64_t value);
// Both close; time passes until nothing is left; the end is judged, and the slabs.
void judged_close(struct judged *judged);

struct oracle_end *judged_of(struct judged *judged, uint32_t host);
struct tcp_conn *judged_block(struct judged *judged, uint32_t host);
struct oracle_host *judged_host(struct judged *judged, uint32_t host);
// A segment as host `from` would send it next, without data.
void judged_segment(struct judged *judged, uint32_t from, struct segment_wire *segment);
// The judge is told that the host has sent it, or hears it; nothing reaches a stack.
void judged_tell_sent(struct judged *judged, uint32_t from, const struct segment_wire *segment,
                      enum synfin_reason reason);
void judged_tell_octets(struct judged *judged, uint32_t from, uint8_t *octets, uint32_t bytes,
                        enum synfin_reason reason);
// The same of a segment that belongs to no connection of the host.
void judged_tell_stray(struct judged *judged, uint32_t from, const struct segment_wire *segment);
// The same of the next segment, with one block that reports these octets, counted from its
// acknowledgment.
void judged_tell_block(struct judged *judged, uint32_t from, int32_t left, int32_t right,
                       enum synfin_reason reason);
void judged_tell_received(struct judged *judged, uint32_t to, const struct segment_wire *segment,
                          enum oracle_origin origin);
// The same of octets; `to` takes them as well.
void judged_hear(struct judged *judged, uint32_t to, const uint8_t *octets, uint32_t bytes,
                 enum oracle_origin origin);
void judged_give(struct judged *judged, uint32_t to, const struct segment_wire *segment);
// The octets at a place of what the user of `from` writes: told as written, and put in a segment.
void judged_text(struct judged *judged, uint32_t from, struct segment_wire *segment,
                 uint32_t bytes);
// A world with defaults in which host 1 was given so many octets, and owes an acknowledgment.
void judged_begin_owing(struct judged *judged, uint32_t bytes);
// Host 0 has data in flight that nobody has acknowledged.
void judged_fly(struct judged *judged);
// The judge looks at the end of a host after an event of this kind.
void judged_look(struct judged *judged, uint32_t host, bool is_advancing);

// No violation so far, or it is printed.
void judged_assert_right(struct judged *judged);
// There is a violation, the first one is of this rule, and it is forgotten.
void judged_assert_violated(struct judged *judged, enum oracle_rule rule);

#endif
