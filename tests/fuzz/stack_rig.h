// SPDX-License-Identifier: MIT
//
// What the fuzz targets of whole stacks share: two real stacks, a wire whose packets the input
// delivers, drops or changes, memory that fails on order, one clock, and a judge of everything
// that leaves a stack.
//
//     stack 0 --pull--> judge --> wire[0] --deliver--> stack 1
//     stack 1 --pull--> judge --> wire[1] --deliver--> stack 0
//                                             ^ whatever the input invents goes in here as well
//
// The octet with sequence number s is rig_octet(s), whoever sends it. So every octet that leaves a
// stack and every octet that a reader gets can be judged without a copy of the streams.
#ifndef STACK_RIG_H
#define STACK_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/segment_wire.h"
#include "lib/test_env.h"
#include "tcp/tcp.h"

enum {
    RIG_HOSTS = 2,
    RIG_WIRE_MAX = 64,
    RIG_SOCKETS = 12,
    RIG_CONNS = 4096, // connection numbers that the judge remembers
    RIG_ACCOUNTS = 512,
    RIG_FRAME_MAX = SEGMENT_WIRE_MAX + 14,
    RIG_TICK_NS = 1 << 16, // of the timer wheel
};

#define RIG_S UINT64_C(1000000000)

// The input, taken from the front; zeros when it is over.
struct rig_input {
    const uint8_t *data;
    size_t bytes;
};

struct rig_frame {
    uint8_t *octets;
    uint32_t bytes;
    bool is_verified; // the device's checksum, or a super-packet
};

// What the judge knows of a connection of a host, by its number.
struct rig_conn {
    uint32_t iss, fin, ack; // valid with the flags below
    uint32_t written;       // octets that its user queued
    bool has_iss, has_fin, has_ack;
    bool is_closing; // its user has ended this direction
};

// What a pair received from its peer and sent to it, with IP headers.
struct rig_account {
    struct tcp_pair pair;
    uint64_t received, sent;
    bool is_validated;
};

struct rig_socket {
    synfin_socket handle; // 0: none
    uint32_t received;    // octets that its user took
    bool is_shut;         // its user reads no more
};

struct rig_host {
    synfin_stack *stack;
    struct tcp *tcp;
    struct test_env memory;
    struct synfin_iface_config iface;
    struct synfin_addr addr[2]; // IPv4, IPv6
    struct rig_frame wire[RIG_WIRE_MAX];
    uint32_t wire_count;
    struct rig_socket socket[RIG_SOCKETS];
    struct rig_conn conn[RIG_CONNS];
    struct rig_account account[RIG_ACCOUNTS];
    struct segment_wire syn_ack; // the last one that it sent
    bool had_fragments;
    // Since rig_count_anew.
    uint32_t controls, datas, resets, others;
};

struct rig {
    struct rig_input in;
    struct rig_host host[RIG_HOSTS];
    uint64_t now_ns;
    size_t memory_limit_bytes;
    bool has_trace;
};

#define RIG_REQUIRE(condition) ((condition) ? (void)0 : rig_fail(__FILE__, __LINE__, #condition))
_Noreturn void rig_fail(const char *file, int line, const char *what);

uint32_t rig_take(struct rig_input *in, uint32_t octets);
// The same from its end, so that what is read there moves nothing else.
uint32_t rig_take_last(struct rig_input *in);
// A number below `bound`.
uint32_t rig_below(struct rig_input *in, uint32_t bound);
uint8_t rig_octet(uint32_t seq);

// Reads the configuration from the input; false when the memory does not suffice for stacks.
bool rig_begin(struct rig *rig);
// Ends every connection, lets time pass, destroys the stacks and counts the slabs.
void rig_finish(struct rig *rig);
// After every step: invariants of every connection, limits, sums.
void rig_check(struct rig *rig);

// Takes what a host has to send, `burst` packets at a time, until it has nothing or `pulls` times.
void rig_pull(struct rig *rig, uint32_t host, uint32_t burst, uint32_t pulls);
// The same until it has nothing; it must come to an end.
void rig_drain(struct rig *rig, uint32_t host);
void rig_count_anew(struct rig_host *host);
// Gives a host octets (an IP packet; the frame is made here) in pieces as `split` says.
void rig_give_ip(struct rig *rig, uint32_t host, const uint8_t *octets, uint32_t bytes,
                 uint8_t split);
void rig_give_frame(struct rig *rig, uint32_t host, const struct rig_frame *frame, uint8_t split);
// Delivers the packet at `at` of the wire from `from`, which goes off the wire.
void rig_deliver(struct rig *rig, uint32_t from, uint32_t at);
void rig_drop(struct rig_host *host, uint32_t at);
// Delivers everything in order until the wire is quiet, or `rounds` are over.
void rig_settle(struct rig *rig, uint32_t rounds);
// Time passes from deadline to deadline, at most `steps` of them, then in one leap.
void rig_advance(struct rig *rig, uint64_t ns, uint32_t steps);
void rig_take_events(struct rig *rig, uint32_t index, uint32_t most);

// Up to `max` connections that have a peer.
uint32_t rig_conns(const struct rig_host *host, struct tcp_conn **out, uint32_t max);
struct rig_conn *rig_conn_of(struct rig_host *host, uint32_t number);

// stack_judge.c: judges a packet that left host `index`, and gives its octets as a frame.
void rig_judge(struct rig *rig, uint32_t index, const struct synfin_packet *packet,
               struct rig_frame *out);

// stack_ledger.c: what a host received and sent without a connection, and its tables of stubs.
void rig_ledger_received(struct rig_host *host, const uint8_t *octets, uint32_t bytes);
void rig_ledger_sent(struct rig_host *host, const struct segment_wire *seg, uint32_t bytes);
void rig_ledger_check(const struct rig_host *host);
const struct tcp_stub *rig_stub(const struct rig_host *host, uint32_t choice,
                                struct tcp_pair *pair);

// stack_calls.c: one call of a user, in any state, right or wrong.
void rig_call(struct rig *rig, uint32_t index);
// Host 1 listens, host 0 connects, and the handshake runs.
void rig_connect(struct rig *rig);
// They connect and close one after the other, so that one of them is left in TIME-WAIT.
void rig_part(struct rig *rig);

#endif
