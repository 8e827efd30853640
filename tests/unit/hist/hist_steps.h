// SPDX-License-Identifier: MIT
//
// Steps that the tests of docs/history.md share, on top of the segment language.
#ifndef HIST_STEPS_H
#define HIST_STEPS_H

#include "lib/segment.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

// The same test again from the beginning, with another stack.
void hist_begin_again(void **state);
// A passive open by this SYN, whose window and timestamps the third segment repeats; accepted, and
// its events taken.
void hist_open(const struct segment *syn, struct segment_place at);
// Takes all events.
void hist_take_events(void);
// Reads exactly so many octets; each call makes progress, and then there is no more.
void hist_read_all(uint32_t bytes, struct segment_place at);
// Packets and segments refused since the stack was made, whatever the reason.
uint64_t hist_drops(void);
// The stack takes this packet as it is; nothing is checked.
void hist_give(const uint8_t *packet, uint32_t bytes);
// The same with a segment of absolute numbers, from the test's peer where src is unspecified.
void hist_inject(struct segment_wire segment);
// Sets the checksums of an IPv4 or IPv6 packet of TCP right, as far as it is one.
void hist_fix_checksums(uint8_t *packet, uint32_t bytes);
// Takes all that the stack sends now; how many packets and, where wanted, how many octets.
uint32_t hist_drain(uint64_t *octets);
// An address of the version that the test runs with.
struct synfin_addr hist_addr(const char *v4, const char *v6);
uint64_t hist_by_state(enum synfin_tcp_state state);
// Of all states but CLOSED and LISTEN.
uint64_t hist_connections(void);

#define OPEN(...)       hist_open(&(struct segment){.flags = SYN, __VA_ARGS__}, HERE)
#define READ_ALL(bytes) hist_read_all((bytes), HERE)
#define SEND_ACK(n)     SEND(.flags = ACK, .seq = 1, .ack = (n))

#endif
