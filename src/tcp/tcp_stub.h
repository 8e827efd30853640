// SPDX-License-Identifier: MIT
//
// What is kept of a connection when little is needed: stubs of 60 octets instead of a whole block,
// for half-open connections (tcp_syncache.c) and for TIME-WAIT (tcp_time_wait.c). Each of the two
// has one table: a keyed hash of chains to find a stub by its pair, and first-in first-out queues
// for time, because all that wait equally long are due in the order in which they began. One
// entry on the wheel stands for the whole table.
//
//     pair -> siphash -> bucket -> stub -> stub            chained by number
//     queue[0]  oldest ... newest   due after the first wait
//     queue[1]  oldest ... newest   due after the second, and so on
//
// A table takes memory page by page; a stub's place in it, buckets included, is at most 64 octets.
#ifndef SYNFIN_TCP_STUB_H
#define SYNFIN_TCP_STUB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dense.h"
#include "base/seq.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "tcp/tcp_conn.h"

enum {
    TCP_STUB_NUMBER_BITS = 24,
    TCP_STUB_QUEUES = 15,
    TCP_STUBS_MAX = (1 << 24) - (1 << 16), // of a table
    TCP_STUB_ADDRS_MAX = 128,              // more than a stack can have addresses
    TCP_STUB_RETRIES_MAX = 127,            // counted
    TCP_STUB_CHALLENGES_MAX = 15,          // counted in each second
    TCP_STUB_TICK_SHIFT = 12,              // deadlines inside are ticks of 4.1 us
};

#define TCP_STUB_NONE ((UINT32_C(1) << TCP_STUB_NUMBER_BITS) - 1)

// The longest wait of a stub; configurations are held below it.
#define TCP_STUB_WAIT_NS_MAX (UINT64_C(3600) * UINT64_C(1000000000))

struct tcp_stub {
    struct synfin_addr remote;
    uint16_t remote_port, local_port;
    uint8_t local; // number of our address in the table's list
    uint8_t iface : 4, has_timestamps : 1, has_sack : 1, is_ecn_barred : 1, wants_fastopen : 1;
    uint16_t size;                         // half-open: the peer's MSS; TIME-WAIT: the window field
    uint32_t chain : TCP_STUB_NUMBER_BITS; // in its bucket; the table's own
    // half-open: challenges sent in the present second, and that, of the clock, in four bits
    uint32_t challenges : 4, challenges_second : 4;
    uint32_t prev, next;     // in its queue; the table's own. In no queue prev is itself
    uint32_t deadline;       // in ticks; the table's own
    uint32_t number;         // of the connection, in traces
    uint32_t ts_recent;      // TS.Recent, RFC 7323 §4.3
    struct seq ours;         // half-open: ISS; TIME-WAIT: SND.NXT
    struct seq theirs;       // half-open: IRS; TIME-WAIT: RCV.NXT
    uint8_t queue : 4;       // where it waits; TCP_STUB_QUEUES: nowhere
    uint8_t is_answered : 1; // half-open: by a third segment that brought no data
    uint8_t ecn : 3;         // half-open: what is agreed on; tcp_handshake.c's numbers
    union {
        struct {
            // of the peer, TCP_STUB_NO_WSCALE: not agreed on; and what we offered
            uint8_t wscale_shift : 4, own_shift : 4;
            uint8_t credit_words; // what may be sent before the peer is validated, of 4 octets
            uint8_t retries : 7;  // SYN+ACKs sent again, or due to be
            uint8_t is_fastopen_experimental : 1; // the option in which a cookie was asked for
        } half_open;
        struct {
            uint8_t hop_limit, traffic_class;
            uint8_t answered; // when a segment was last answered; tcp_time_wait.c's unit
        } time_wait;
    } as;
};

enum { TCP_STUB_NO_WSCALE = 15 };

_Static_assert(sizeof(struct tcp_stub) == 60, "with its buckets within 64 octets");

// Our own addresses, each kept once while stubs refer to it. Shared by the tables of a stack.
struct tcp_stub_addrs {
    struct synfin_addr addr[TCP_STUB_ADDRS_MAX];
    uint32_t uses[TCP_STUB_ADDRS_MAX];
};

struct tcp_stub_queue {
    uint32_t first, last;       // TCP_STUB_NONE when empty
    uint64_t first_ns, last_ns; // their deadlines in full
};

struct tcp_stub_table {
    struct dense_pool pool; // struct tcp_stub; pool.objects is how many there are
    struct slab_source *memory;
    struct wheel *wheel;
    const struct siphash_key *key;
    struct tcp_stub_addrs *addrs;
    uint32_t *buckets; // first stub of each chain and a filter; a power of two, NULL while empty
    uint32_t bucket_count;
    struct tcp_stub_queue queue[TCP_STUB_QUEUES];
    struct wheel_entry timer; // at the first deadline of all queues, or before
};

// Takes no memory before the first stub does. `key` and `addrs` are borrowed for good.
void tcp_stub_table_init(struct tcp_stub_table *table, struct slab_source *memory,
                         struct wheel *wheel, const struct siphash_key *key,
                         struct tcp_stub_addrs *addrs, uint32_t stubs_max);
// Gives all memory back; stubs are forgotten, and so is their use of addresses.
void tcp_stub_table_deinit(struct tcp_stub_table *table);

// The keyed hash of a pair: tcp_table.c and both stub tables share one value per segment.
uint64_t tcp_stub_hash(const struct siphash_key *key, const struct tcp_pair *pair);
// NULL when there is none. `hash` is that of the pair.
struct tcp_stub *tcp_stub_find(const struct tcp_stub_table *table, const struct tcp_pair *pair,
                               uint64_t hash);
// A new stub of this pair, zeroed but for the pair, in no queue. The pair must not be in the
// table. NULL at the limit and without memory.
struct tcp_stub *tcp_stub_add(struct tcp_stub_table *table, const struct tcp_pair *pair,
                              uint64_t hash);
// Out of queue and table; the stub is gone.
void tcp_stub_remove(struct tcp_stub_table *table, struct tcp_stub *stub);
void tcp_stub_pair(const struct tcp_stub_table *table, const struct tcp_stub *stub,
                   struct tcp_pair *pair);
// Puts the stub at the end of a queue, out of the one where it was. Deadlines of a queue never
// decrease: an earlier one than the last counts as the last. The wait is TCP_STUB_WAIT_NS_MAX at
// most. After hours without tcp_stub_due what is overdue may come to count as overdue for less.
void tcp_stub_wait(struct tcp_stub_table *table, struct tcp_stub *stub, uint32_t queue,
                   uint64_t deadline_ns);
// When the stub, which waits in a queue, is due, to a tick; never before the time given to
// tcp_stub_wait. SYNFIN_NEVER in the last tick of time.
uint64_t tcp_stub_deadline(const struct tcp_stub_table *table, const struct tcp_stub *stub);
// Takes the next stub that is due out of its queue, the earliest first; it stays in the table.
// NULL when none is: the wheel then knows the next deadline.
struct tcp_stub *tcp_stub_due(struct tcp_stub_table *table, uint64_t now_ns);
// From the oldest of a queue to the newest; NULL at the end.
struct tcp_stub *tcp_stub_oldest(const struct tcp_stub_table *table, uint32_t queue);
struct tcp_stub *tcp_stub_younger(const struct tcp_stub_table *table, const struct tcp_stub *stub);
// Asserts what must hold of the table; walks all of it.
void tcp_stub_table_check(const struct tcp_stub_table *table);

#endif
