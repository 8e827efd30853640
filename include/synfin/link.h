// SPDX-License-Identifier: MIT
//
// Links in memory and in virtual time. A link has two sides; what is sent into one side comes
// out of the other after the faults of that direction were done to it: loss, delay, jitter,
// rate and queue, duplication, reordering, corruption, and drops of chosen segments. With no
// fault set it is a plain wire. Everything is decided by one seed: same seed, same packets, same
// times. A link can also stand between a stack and a real device (synfin_fault_device).
#ifndef SYNFIN_LINK_H
#define SYNFIN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/device.h>
#include <synfin/error.h>
#include <synfin/packet.h>
#include <synfin/stack.h>
#include <synfin/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct synfin_link synfin_link;

// The two sides: A is the first or the stack's, B the other.
enum synfin_link_side { SYNFIN_LINK_A, SYNFIN_LINK_B };

enum { SYNFIN_DROP_RULES_MAX = 16, SYNFIN_LATE_RULES_MAX = 4, SYNFIN_DROP_EVERY = 0 };
enum { SYNFIN_MARK_RULES_MAX = 4, SYNFIN_POLICE_BYTES_MAX = 1 << 30 };

// Loses chosen segments: those sent by `side` that have all `flags_set` and none of
// `flags_clear`, the `nth` of them (from 1) up to the `nth_last`, or every one.
struct synfin_drop_rule {
    enum synfin_link_side side;
    uint16_t flags_set, flags_clear; // SYNFIN_TCP_*
    uint8_t needs_payload;           // 1: only segments with payload; 2: only those without
    uint32_t nth;                    // from 1; SYNFIN_DROP_EVERY: all of them
    uint32_t nth_last;               // 0: only the nth; UINT32_MAX: all from the nth on
};

// Holds chosen segments back: others may overtake them.
struct synfin_late_rule {
    struct synfin_drop_rule which;
    uint64_t late_ns; // beyond their time
};

// Probabilities are in parts per million, so that nothing needs floating point.
struct synfin_link_config {
    size_t size;
    uint64_t seed;
    uint64_t delay_ns, jitter_ns; // each packet waits delay + a random part of jitter, in order
    uint32_t loss_ppm, duplicate_ppm, reorder_ppm, corrupt_ppm;
    uint64_t reorder_ns; // how long a reordered packet is held back beyond its time; 0: one delay
    uint64_t rate_bps;   // bits per second of IP or Ethernet octets; 0: no limit
    uint32_t queue_packets; // packets that wait for the rate; 0: 1000
    uint32_t mtu_bytes;
    uint8_t is_ethernet;
    uint32_t drop_rules;
    struct synfin_drop_rule drop_rule[SYNFIN_DROP_RULES_MAX];
    uint32_t packets_max; // packets in flight in all; memory for them is taken when needed
    uint32_t late_rules;
    struct synfin_late_rule late_rule[SYNFIN_LATE_RULES_MAX];
    // Losses in bursts (Gilbert and Elliott): with each packet one begins, or the present one ends,
    // with these probabilities, and in it burst_loss_ppm takes the place of loss_ppm.
    uint32_t burst_begin_ppm, burst_end_ppm, burst_loss_ppm;
    // Whose packets chance befalls: loss, bursts, duplication, reordering, corruption.
    uint8_t chance_from; // enum synfin_chance_from
    // Marks of congestion (CE, RFC 3168 §5) on ECN-capable packets: on those that find more than
    // mark_packets before them, or wait for the rate longer than mark_ns, and on chosen ones.
    // 0: neither.
    uint32_t mark_packets;
    uint64_t mark_ns;
    uint32_t mark_rules;
    struct synfin_drop_rule mark_rule[SYNFIN_MARK_RULES_MAX];
    uint32_t path_mtu_bytes; // a router in the middle carries no more than this; 0: mtu_bytes
    uint8_t tells_path_mtu;  // 1: it says so by ICMP; 0: a black hole
    // A reordered packet is held back by a random part of this longer than by reorder_ns, which is
    // then nothing when it is 0.
    uint64_t reorder_jitter_ns;
    // A policer, before rate and queue: a bucket of police_bytes octets that fills at this rate, in
    // bits per second; a packet that finds fewer octets in it than it has is lost. 0: none.
    uint64_t police_bps;
    uint32_t police_bytes;
};

// Rules, delay, jitter, rate, queue and policer act in both directions whatever is chosen here.
enum synfin_chance_from { SYNFIN_CHANCE_BOTH, SYNFIN_CHANCE_FROM_A, SYNFIN_CHANCE_FROM_B };

// Fills every field: a plain wire, MTU 1500, bare IP datagrams.
SYNFIN_API void synfin_link_config_default(struct synfin_link_config *config);

// Reads WHO:WHAT[:K], such as "client:SYN:1", "server:SYN+ACK:*", "client:DATA:3", "server:ACK".
// WHO is `name_a` or `name_b`. WHAT is names joined by '+': SYN, ACK, FIN and RST are compared
// exactly, but beside FIN and RST an ACK counts only when named; PSH, URG, ECE and CWR only when
// named; DATA wants payload, ACK alone wants none; ANY is every segment. K is a number, a range
// "2-4" or "2-*", or "*" for every one; without it the first. Errors: INVALID.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_drop_rule_parse(const char *text,
                                                                    const char *name_a,
                                                                    const char *name_b,
                                                                    struct synfin_drop_rule *out);

// Makes a link; only the slab functions of `env` are used. Errors: INVALID, NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_link_create(const struct synfin_env *env, const struct synfin_link_config *config,
                   synfin_link **out);
// Frees the link, its devices and the packets under way.
SYNFIN_API void synfin_link_destroy(synfin_link *link /* takes */);
// The device at one side; it lives as long as the link.
SYNFIN_API struct synfin_device *synfin_link_device(synfin_link *link, enum synfin_link_side side);
// When the next packet arrives at either side; SYNFIN_NEVER when none is under way.
SYNFIN_API uint64_t synfin_link_next_deadline(const synfin_link *link);
// Changes path_mtu_bytes and tells_path_mtu for what is sent from now on.
SYNFIN_API void synfin_link_set_path_mtu(synfin_link *link, uint32_t path_mtu_bytes, bool tells);
// Removes all faults and rules from now on; packets under way keep their times.
SYNFIN_API void synfin_link_heal(synfin_link *link);

// What became of a packet on a link.
enum synfin_fate {
    SYNFIN_FATE_DELIVERED,
    SYNFIN_FATE_LOST,
    SYNFIN_FATE_CORRUPTED,
    SYNFIN_FATE_DUPLICATED
};

// What happened to one packet, told when it is sent. A duplicated packet is told twice: itself
// and its copy, whose fate is DUPLICATED.
struct synfin_passage {
    uint64_t number; // of the packet on this link, from 1
    enum synfin_link_side from;
    uint64_t sent_ns, arrives_ns; // arrives_ns is SYNFIN_NEVER when lost
    enum synfin_fate fate;
    enum synfin_reason fate_reason;     // LINK_*; UNKNOWN when nothing happened to it
    const struct synfin_packet *packet; // borrowed for the call, as it was sent
    bool is_ethernet;
    uint64_t waits_ns; // in the queue for the rate, before its first bit leaves
};
typedef void (*synfin_passage_fn)(void *ctx, const struct synfin_passage *passage);
// Sets who is told of every packet; NULL for nobody.
SYNFIN_API void synfin_link_observe(synfin_link *link, synfin_passage_fn observe, void *ctx);

// What one side's packets came to: those that are on their way are in none of the fates yet.
struct synfin_link_stats {
    size_t size;              // sizeof(struct synfin_link_stats), set by the caller
    uint64_t packets, octets; // sent into this side
    uint64_t lost_mtu, lost_chosen, lost_random, lost_queue;
    uint64_t corrupted, held_back;        // of those not lost; held back: others may overtake
    uint64_t duplicated;                  // copies that the link made
    uint64_t delivered, delivered_octets; // handed out at the other side, copies too
    uint32_t queue_packets;               // wait for the rate now, behind the one being sent
    uint32_t queue_packets_max;           // the most that ever did
    uint32_t flight_packets;              // on their way now, waiting ones and copies too
    uint64_t marked;                      // with CE by the link
    uint64_t lost_policed;
};
// Fills as much of *out as the `size` that the caller has set says, for what `side` sends.
SYNFIN_API void synfin_link_stats(const synfin_link *link, enum synfin_link_side side,
                                  struct synfin_link_stats *out);

// Puts a link between a stack and `inner`: what the stack sends enters at side A, what `inner`
// receives enters at side B. MTU and kind are those of `inner`. The result destroys `inner` with
// itself; the link is its own too and can be observed. On an error `inner` stays the caller's.
// Errors: INVALID, NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_fault_device_create(const struct synfin_env *env, const struct synfin_link_config *config,
                           struct synfin_device *inner /* takes */, struct synfin_device **out,
                           synfin_link **link);

// A capture in the pcapng form, with each packet's reason and clause as its comment. The bytes
// go to `write`, which returns false when it could not take them (the capture then stops).
typedef bool (*synfin_write_fn)(void *ctx, const void *bytes, size_t count);
typedef struct synfin_capture synfin_capture;
// Begins a capture and writes its head. Errors: NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_capture_create(const struct synfin_env *env,
                                                                   bool is_ethernet,
                                                                   synfin_write_fn write, void *ctx,
                                                                   synfin_capture **out);
// Writes one packet: times are ns since the epoch that the file is to show.
SYNFIN_API void synfin_capture_packet(synfin_capture *capture, const struct synfin_packet *packet,
                                      uint64_t t_ns, bool is_outgoing, const char *comment);
// Writes a passage: the packet at its sending time, with reason, clause and fate as comment.
SYNFIN_API void synfin_capture_passage(synfin_capture *capture,
                                       const struct synfin_passage *passage);
// True while every write succeeded.
SYNFIN_API bool synfin_capture_ok(const synfin_capture *capture);
// Frees the capture; what was written is whole at any time.
SYNFIN_API void synfin_capture_destroy(synfin_capture *capture /* takes */);

#ifdef __cplusplus
}
#endif
#endif
