// SPDX-License-Identifier: MIT
//
// What a world is made of, before it runs: how many hosts, which faults and how often, how much is
// sent. All of it follows from one number, and can be cut down by switches, so that a failure
// shrinks to fewer of everything and its line of switches is all that reproduces it.
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_HOSTS_MAX = 50, SIM_PLAN_TEXT_MAX = 1024 };

#define SIM_US UINT64_C(1000)
#define SIM_MS UINT64_C(1000000)
#define SIM_S  UINT64_C(1000000000)

// X(code, name, what happens)
#define SIM_FAULTS(X)                                                                       \
    X(LOSS, "loss", "packets vanish one by one")                                            \
    X(BURST, "burst", "packets vanish in bursts (Gilbert and Elliott)")                     \
    X(TARGET, "target", "the k-th SYN, FIN, acknowledgment or data of a host vanishes")     \
    X(DUPLICATE, "duplicate", "packets arrive again at once")                               \
    X(REORDER, "reorder", "packets are held back and overtaken")                            \
    X(OLD, "old", "packets arrive again when their pair has another connection")            \
    X(JITTER, "jitter", "delays vary")                                                      \
    X(CORRUPT, "corrupt", "a bit is wrong: the checksum must find it")                      \
    X(SWAP, "swap", "two 16-bit words change places: no checksum can find it")              \
    X(TRUNCATE, "truncate", "packets are cut")                                              \
    X(PATH_MTU, "path-mtu", "the path carries less, and says so, late at times")            \
    X(BLACK_HOLE, "black-hole", "the path carries less and says nothing")                   \
    X(ICMP, "icmp", "ICMP errors that nobody had a reason to send")                         \
    X(BLIND, "blind", "segments of an attacker who knows the pair but no number")           \
    X(REWRITE, "rewrite", "a box on the path clamps the MSS, strips options, cuts windows") \
    X(RESTART, "restart", "hosts lose everything and begin anew")                           \
    X(SHRINK, "shrink", "windows lose what they had granted")                               \
    X(OPTIMIST, "optimist", "acknowledgments of what has not arrived")                      \
    X(DIVIDE, "divide", "an acknowledgment becomes several small ones")                     \
    X(LIAR, "liar", "SACK blocks of what has not arrived")                                  \
    X(RENEGE, "renege", "SACK blocks are taken back")                                       \
    X(SHUT, "shut", "windows of 0 for hours")                                               \
    X(JUMP, "jump", "clocks leap ahead and back")                                           \
    X(COARSE, "coarse", "clocks tick rarely")                                               \
    X(TX_FULL, "tx-full", "devices take nothing for a while")                               \
    X(TX_REORDER, "tx-reorder", "devices send in another order")                            \
    X(RX_TWICE, "rx-twice", "devices give a frame twice")                                   \
    X(RX_BURST, "rx-burst", "devices keep what arrives and give it at once")                \
    X(MEMORY, "memory", "no more memory, on and off")                                       \
    X(MISUSE, "misuse", "calls with wrong handles, values and in wrong states")             \
    X(NAT, "nat", "a translator forgets its mapping and makes another")                     \
    X(PORTS, "ports", "hardly any ephemeral ports")                                         \
    X(CONFIG, "config", "stacks are configured in unusual ways")                            \
    X(STALL, "stall", "users stop reading and writing")                                     \
    X(ABORT, "abort", "users abort, or close before they have read all")                    \
    X(FAST_OPEN, "fast-open", "users send their first data with the SYN")                   \
    X(BACKLOG, "backlog", "listeners that keep hardly anything, and answer by cookies")     \
    X(SUPER, "super", "devices cut super-packets into segments, and join segments")         \
    X(CROSS, "cross", "users of two hosts call each other, and their SYNs may cross")       \
    X(SHIFT, "shift", "a box shifts sequence numbers, and SACK blocks with them or not")    \
    X(SILLY, "silly", "windows that are never more than some octets")                       \
    X(OPTIONS, "options", "users set socket options at random, at any time")

enum sim_fault {
#define SIM_FAULT_ENUM(code, name, text) SIM_FAULT_##code,
    SIM_FAULTS(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_COUNT
};

#define SIM_FAULT_BIT(fault) (UINT64_C(1) << (fault))
#define SIM_FAULTS_ALL       (SIM_FAULT_BIT(SIM_FAULT_COUNT) - 1)

// What the caller cuts down or forces; 0 or, of the last ones, their default: nothing.
struct sim_switches {
    uint32_t hosts;       // at most
    uint32_t connections; // at most
    uint64_t octets;      // of each direction of a connection, at most
    uint32_t mtu_bytes;   // of subnets, at most; IP itself asks for 576, or 1280
    uint64_t without;     // faults left out
    uint64_t origin_ns;   // what the clocks show at the beginning
    bool has_origin;
    uint32_t burst;    // packets of one call
    uint64_t idle_ns;  // between the healing and the last connections
    uint64_t left_out; // rules that the judge does not hold, by bits
    bool is_twice;     // once more, with other keys
};

enum sim_kind { SIM_KIND_CHURN, SIM_KIND_BULK, SIM_KIND_MIXED, SIM_KIND_COUNT };

struct sim_plan {
    uint64_t seed;
    enum sim_kind kind;
    uint32_t hosts, subnets;
    uint32_t connections; // opened before the healing, in all
    uint32_t at_once;     // of them by one host
    uint64_t octets_max;  // of each direction of a connection
    uint32_t mtu_max;     // of a subnet
    uint64_t safety_ns;   // until the network heals
    uint64_t idle_ns;     // see sim_switches
    uint64_t origin_ns;
    uint32_t burst;
    uint64_t faults;                  // bits
    uint32_t weight[SIM_FAULT_COUNT]; // parts per million, where a fault has a rate
    uint64_t delay_ns;                // the longest of a link
    uint64_t rate_bps;                // of the slowest link; 0: unlimited
    uint32_t queue_ns_max;            // what waits longer for the rate is lost
    bool has_ip4, has_ip6;
    bool is_twice;
    uint64_t left_out; // rules that the judge does not hold to here
};

// A random number of its own for each purpose: leaving something out changes nothing else.
uint64_t sim_stream(uint64_t seed, uint64_t purpose);
// Small numbers are as likely as large ones: each power of two has the same chance.
uint64_t sim_between_evenly(uint64_t *random, uint64_t least, uint64_t most);
void sim_plan_make(struct sim_plan *plan, uint64_t seed, const struct sim_switches *switches);
static inline bool sim_plan_has(const struct sim_plan *plan, enum sim_fault fault)
{
    return (plan->faults & SIM_FAULT_BIT(fault)) != 0;
}
// The faults of the set by their names, with commas between; "-" when there is none.
const char *sim_plan_faults(uint64_t faults, char *text);
// Reads such a list; false when a name is unknown. "all" is every fault.
bool sim_plan_parse_faults(const char *text, uint64_t *out);

#endif
