// SPDX-License-Identifier: MIT
//
// The judge of the simulation. It stands at the door of every stack of a world, sees each packet
// that leaves and each that arrives, hears of each call of a user, and holds all of it to the
// invariants of oracle_rules.h. It shares no code with the stack: own decoder, own sequence
// arithmetic, own checksum. Of the stack's blocks it reads fields, and it changes nothing.
//
//     user --calls, events--+                     +--calls, events-- user
//                           v                     v
//     stack 0 --sent--> [ judge ] ~~~ links ~~~ [ judge ] <--sent-- stack 1
//             <-received-                          -received->
//
// Streams are not logged: the octet at an offset of what one end of a connection sends is a
// function of the seed, the end and the offset (oracle_stream_octets), so that every octet on the
// wire and at a reader can be told right or wrong by itself.
//
// What the engine has to do: tell everything in the order in which it happens, and call
// oracle_after_event after each call into a stack. Nothing is allowed by hand: the engine says
// of each arrival what the network did to it (enum oracle_origin), and the judge works out what
// that may lead to. A corrupted or forged segment that a correct TCP would have taken taints the
// connection, whose stream is then no longer held against the writer.
#ifndef ORACLE_H
#define ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_env.h"
#include "sim/oracle_rules.h"

enum { ORACLE_VIOLATIONS_MAX = 8, ORACLE_TEXT_MAX = 240 };

struct oracle;

struct oracle_violation {
    enum oracle_rule rule;
    uint64_t now_ns;
    uint64_t event; // number of oracle_after_event calls before
    uint32_t host;
    uint32_t conn;                        // the stack's number of the connection; 0: none
    struct synfin_endpoint local, remote; // of its pair; ports of 0: none
    char text[ORACLE_TEXT_MAX];
};

// What the judge has done, for the line of totals.
struct oracle_totals {
    uint64_t connections; // that were open at both ends
    uint64_t segments;    // TCP, sent
    uint64_t packets;     // of all kinds, sent
    uint64_t octets;      // of streams, checked on the wire and at readers
    uint64_t events;      // after which everything touched was checked
    uint64_t checks;      // of connection blocks
    uint64_t tainted;     // connections that the network itself has altered
};

// A world of at most so many hosts.
struct oracle *oracle_create(uint64_t seed, uint32_t hosts_max);
void oracle_destroy(struct oracle *oracle /* takes; may be NULL */);
// Violations of these rules (bits by enum oracle_rule) are not recorded.
void oracle_leave_out(struct oracle *oracle, uint64_t rules);

// What all stacks of a world did, step by step (oracle_trail.h). A world that is run again with
// other keys does the same: Q10.
struct oracle_trail {
    struct oracle_step *step;
    uint64_t count, room;
    uint64_t at;    // the next one to compare
    bool is_whole;  // it is compared with from now on
    bool is_parted; // what came after the first `at` steps is not compared
};
void oracle_trail_deinit(struct oracle_trail *trail);
// Before anything happens: adds to the trail, or compares with it once it is whole.
void oracle_follow(struct oracle *oracle, struct oracle_trail *trail /* borrowed */);

// The longest stream that a host has sent, of a connection whose number is no cookie; false: none.
struct oracle_longest {
    struct synfin_endpoint local, remote;
    uint32_t iss, ts_first; // the first timestamp, if a trail is laid
    uint64_t octets;
};
bool oracle_longest(const struct oracle *oracle, uint32_t host, struct oracle_longest *out);

struct oracle_host_config {
    synfin_stack *stack;
    const struct synfin_stack_config *config; // that it was made with; copied
    const struct test_env *memory;            // its environment; NULL: not looked at
    struct synfin_iface_config iface[SYNFIN_IFACES_MAX];
    uint32_t ifaces;
    uint32_t seq_shift;   // what a box on the path adds to the numbers of all that it sends
    bool has_translators; // boxes on the path may show one pair as another
    bool may_lack_memory; // its environment refuses slabs at times, or its limit is small
};

// A stack that has all its interfaces and addresses begins; of a host that was there before: it
// has restarted and forgotten everything.
void oracle_host_add(struct oracle *oracle, uint32_t host, const struct oracle_host_config *config,
                     uint64_t now_ns);
// The stack is about to be destroyed (an end of the world, or a restart); and it has been.
void oracle_host_ending(struct oracle *oracle, uint32_t host, uint64_t now_ns);
void oracle_host_gone(struct oracle *oracle, uint32_t host, uint64_t now_ns);
// A trace sink: makes states (C1) and timers (T8, T3) exact. `ctx` is oracle_trace_ctx; call it
// before the stack is made. Worlds without a sink are judged by what is left to see.
void oracle_trace(void *ctx, const struct synfin_trace_event *event);
void *oracle_trace_ctx(struct oracle *oracle, uint32_t host);

// Packets.

// Each packet that synfin_stack_output has filled, before anything else is done with it.
void oracle_sent(struct oracle *oracle, uint32_t host, uint32_t iface,
                 const struct synfin_packet *packet, uint64_t now_ns);

// What lies behind an arrival. Delay, loss, reordering and duplication leave it genuine.
enum oracle_origin {
    ORACLE_GENUINE,   // as a stack of this world has sent it; fragments and pieces of it too
    ORACLE_CORRUPTED, // bits or length changed on the way, checksum as it happens to be
    ORACLE_REWRITTEN, // a middlebox changed it on purpose and put the checksums right
    ORACLE_FORGED,    // nobody of this world has sent it
};
struct oracle_arrival {
    const uint8_t *octets; // the frame, or the datagram, whole
    uint32_t bytes;
    enum oracle_origin origin;
    bool is_verified; // the device says that the checksum is right: given with VERIFIED
    uint16_t gso_bytes;
};
// Each packet that is about to be given to synfin_stack_input.
void oracle_received(struct oracle *oracle, uint32_t host, uint32_t iface,
                     const struct oracle_arrival *arrival, uint64_t now_ns);

// Time.

// Just before synfin_stack_advance.
void oracle_advancing(struct oracle *oracle, uint32_t host, uint64_t now_ns);
// After each call into a stack, with the present.
void oracle_after_event(struct oracle *oracle, uint32_t host, uint64_t now_ns);
// Every connection of every host, now; oracle_after_event does it now and then.
void oracle_sweep(struct oracle *oracle, uint64_t now_ns);

// Users; calls are told when they have succeeded, but for those that say "before".

// An option of a socket was set; of a listener before it is told to listen.
void oracle_option(struct oracle *oracle, uint32_t host, synfin_socket socket,
                   enum synfin_option option, int64_t value, uint64_t now_ns);
void oracle_listening(struct oracle *oracle, uint32_t host, synfin_socket socket, uint32_t backlog);
// synfin_socket_connect has returned OK.
void oracle_connecting(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns);
void oracle_accepted(struct oracle *oracle, uint32_t host, synfin_socket listener,
                     synfin_socket socket, uint64_t now_ns);
// The next octets that the user of this socket is to write: give them, or a first part of them, to
// synfin_socket_send.
void oracle_next_octets(struct oracle *oracle, uint32_t host, synfin_socket socket, uint8_t *out,
                        uint32_t bytes);
void oracle_wrote(struct oracle *oracle, uint32_t host, synfin_socket socket, size_t bytes,
                  uint64_t now_ns);
// synfin_socket_recv has given octets, or 0 for the end; synfin_socket_consume: what peek showed.
void oracle_read(struct oracle *oracle, uint32_t host, synfin_socket socket, const uint8_t *octets,
                 size_t bytes, uint64_t now_ns);
// A call has failed with anything but AGAIN.
void oracle_failed(struct oracle *oracle, uint32_t host, synfin_socket socket,
                   enum synfin_error error, uint64_t now_ns);
void oracle_shut(struct oracle *oracle, uint32_t host, synfin_socket socket,
                 enum synfin_shutdown how, uint64_t now_ns);
// Before synfin_socket_close, synfin_socket_abort.
void oracle_closing(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns);
void oracle_aborting(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns);
// Each event that synfin_stack_next_event gives.
void oracle_event(struct oracle *oracle, uint32_t host, const struct synfin_event *event,
                  uint64_t now_ns);

// The end.

// What the network is like from now on: whole, with nothing lost, and no stricter than this.
struct oracle_path {
    uint64_t rtt_ns;   // the longest between any two hosts, with full queues
    uint64_t rate_bps; // of the slowest link, shared by `connections`; 0: no limit
    uint32_t connections;
    uint64_t octets; // that each of them still writes at most, beyond what it has written
};
// From now on users read and write whatever they can, and close at the end of the stream: T7 holds
// all connections to a bound that is worked out here. Returns when everything must be over.
uint64_t oracle_heal(struct oracle *oracle, const struct oracle_path *path, uint64_t now_ns);
// Whether this connection, or its peer, has heard what no host of the world has sent.
bool oracle_is_lied_to(struct oracle *oracle, uint32_t host, synfin_socket socket);
// Everything is over but TIME-WAIT: looks at all for the last time.
void oracle_finish(struct oracle *oracle, uint64_t now_ns);

// The violations so far, at most ORACLE_VIOLATIONS_MAX of them; the first one is the cause, mostly.
uint32_t oracle_violations(const struct oracle *oracle, const struct oracle_violation **out);
void oracle_get_totals(const struct oracle *oracle, struct oracle_totals *out);
// Writes "Q4 at 1.234567 s, host 1, connection 7: ..." into `text`; returns `text`.
const char *oracle_violation_print(const struct oracle_violation *violation, char *text,
                                   size_t capacity);

#endif
