// SPDX-License-Identifier: MIT
//
// The tables of stubs. Stubs are linked by their numbers in the pool; a stub does not hold its own:
//
//     in a queue      its neighbour before, or the queue when it is the first, names it
//     in no queue     `prev` holds it
//
// Time. A stub's deadline is the low half of a count of ticks. The queue knows that of its first
// and of its last in full, and no stub of a queue is due more than 2^32 - 1 ticks (4.9 hours) after
// the first: so every stub's follows from the first's and the difference of the halves, whatever
// wraps. Waits are an hour at most: a longer span means that its first are overdue for hours, as
// after a night in which the machine slept, and then they count as overdue for less.
#include "tcp/tcp_stub.h"

#include <string.h>

#include <synfin/stack.h>

#include "base/addr_kind.h"
#include "base/check.h"
#include "base/deadline.h"

enum { BUCKETS_MIN = 64, BUCKETS_MAX = 1 << 26 };

// The last tick, in which SYNFIN_NEVER lies, stands for never.
#define TICK_NEVER (SYNFIN_NEVER >> TCP_STUB_TICK_SHIFT)

_Static_assert(sizeof(struct tcp_pair) == 36, "hashed as octets: no padding");
_Static_assert(TCP_STUB_WAIT_NS_MAX >> TCP_STUB_TICK_SHIFT < UINT32_MAX / 4,
               "half the span of a queue before the end of a wait is well past");
_Static_assert(TCP_STUB_ADDRS_MAX <= UINT8_MAX, "numbered by an octet");

static struct tcp_stub *at(const struct tcp_stub_table *table, uint32_t number)
{
    return dense_pool_at(&table->pool, number);
}

void tcp_stub_table_init(struct tcp_stub_table *table, struct slab_source *memory,
                         struct wheel *wheel, const struct siphash_key *key,
                         struct tcp_stub_addrs *addrs, uint32_t stubs_max)
{
    *table = (struct tcp_stub_table){
        .memory = memory,
        .wheel = wheel,
        .key = key,
        .addrs = addrs,
    };
    dense_pool_init(&table->pool, memory, sizeof(struct tcp_stub), stubs_max);
    for (uint32_t i = 0; i < TCP_STUB_QUEUES; i++) {
        table->queue[i] = (struct tcp_stub_queue){.first = TCP_STUB_NONE, .last = TCP_STUB_NONE};
    }
    wheel_entry_init(&table->timer);
}

static void give_buckets(struct tcp_stub_table *table)
{
    if (table->buckets != NULL) {
        slab_source_give(table->memory, table->buckets,
                         table->bucket_count * sizeof *table->buckets);
    }
    table->buckets = NULL;
    table->bucket_count = 0;
}

// A bucket is a word: the number of its first stub, and above that a filter with one bit for each
// eighth of the hashes that are in the chain. Most pairs that are in no stub end at the filter,
// without a look at any: with a million stubs each look is a cache miss.
static uint32_t first_of(uint32_t bucket)
{
    return bucket & TCP_STUB_NONE;
}

static uint32_t filter_bit(uint64_t hash)
{
    return UINT32_C(1) << (TCP_STUB_NUMBER_BITS + (uint32_t)(hash >> 61));
}

// The table's references to our addresses go with the stubs.
static void release_addrs(struct tcp_stub_table *table)
{
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        for (uint32_t number = first_of(table->buckets[i]); number != TCP_STUB_NONE;
             number = at(table, number)->chain) {
            table->addrs->uses[at(table, number)->local]--;
        }
    }
}

void tcp_stub_table_deinit(struct tcp_stub_table *table)
{
    uint32_t stubs_max = table->pool.objects_max;
    wheel_cancel(table->wheel, &table->timer);
    release_addrs(table);
    give_buckets(table);
    dense_pool_deinit(&table->pool);
    tcp_stub_table_init(table, table->memory, table->wheel, table->key, table->addrs, stubs_max);
}

uint64_t tcp_stub_hash(const struct siphash_key *key, const struct tcp_pair *pair)
{
    return siphash_13(key, pair, sizeof *pair);
}

static uint32_t *bucket_of(const struct tcp_stub_table *table, uint64_t hash)
{
    return &table->buckets[(uint32_t)hash & (table->bucket_count - 1)];
}

void tcp_stub_pair(const struct tcp_stub_table *table, const struct tcp_stub *stub,
                   struct tcp_pair *pair)
{
    pair->local = table->addrs->addr[stub->local];
    pair->remote = stub->remote;
    pair->local_port = stub->local_port;
    pair->remote_port = stub->remote_port;
}

static bool is_of_pair(const struct tcp_stub_table *table, const struct tcp_stub *stub,
                       const struct tcp_pair *pair)
{
    return stub->remote_port == pair->remote_port && stub->local_port == pair->local_port
           && addr_kind_is_equal(&stub->remote, &pair->remote)
           && addr_kind_is_equal(&table->addrs->addr[stub->local], &pair->local);
}

struct tcp_stub *tcp_stub_find(const struct tcp_stub_table *table, const struct tcp_pair *pair,
                               uint64_t hash)
{
    if (table->pool.objects == 0) {
        return NULL;
    }
    uint32_t bucket = *bucket_of(table, hash);
    uint32_t number = (bucket & filter_bit(hash)) != 0 ? first_of(bucket) : TCP_STUB_NONE;
    while (number != TCP_STUB_NONE) {
        struct tcp_stub *stub = at(table, number);
        if (is_of_pair(table, stub, pair)) {
            return stub;
        }
        number = stub->chain;
    }
    return NULL;
}

static uint64_t hash_of(const struct tcp_stub_table *table, const struct tcp_stub *stub)
{
    struct tcp_pair pair;
    tcp_stub_pair(table, stub, &pair);
    return tcp_stub_hash(table->key, &pair);
}

static void link_stub(struct tcp_stub_table *table, uint32_t number, uint64_t hash)
{
    uint32_t *bucket = bucket_of(table, hash);
    at(table, number)->chain = first_of(*bucket) & TCP_STUB_NONE;
    *bucket = (*bucket & ~TCP_STUB_NONE) | filter_bit(hash) | number;
}

static bool take_buckets(struct tcp_stub_table *table, uint32_t count)
{
    uint32_t *buckets = slab_source_take_raw(table->memory, count * sizeof *buckets);
    if (buckets == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        buckets[i] = TCP_STUB_NONE; // and no bit of the filter
    }
    table->buckets = buckets;
    table->bucket_count = count;
    return true;
}

// Twice as many buckets, when there is memory for them.
static void double_buckets(struct tcp_stub_table *table)
{
    uint32_t *old = table->buckets;
    uint32_t old_count = table->bucket_count;
    if (old_count >= BUCKETS_MAX || !take_buckets(table, 2 * old_count)) {
        return;
    }
    for (uint32_t i = 0; i < old_count; i++) {
        uint32_t next;
        for (uint32_t number = first_of(old[i]); number != TCP_STUB_NONE; number = next) {
            const struct tcp_stub *stub = at(table, number);
            next = stub->chain;
            link_stub(table, number, hash_of(table, stub));
        }
    }
    slab_source_give(table->memory, old, old_count * sizeof *old);
}

// Buckets for one stub more: from 1.25 to 2.5 stubs each, which is 1.6 to 3.2 octets per stub and
// leaves the directory of pages its part of the four.
static bool has_bucket(struct tcp_stub_table *table)
{
    if (table->buckets == NULL) {
        return take_buckets(table, BUCKETS_MIN);
    }
    if (2 * (uint64_t)table->pool.objects >= 5 * (uint64_t)table->bucket_count) {
        double_buckets(table);
    }
    return true;
}

// The number of one of our addresses, used once more; TCP_STUB_ADDRS_MAX when there is no room.
static uint32_t take_addr(struct tcp_stub_addrs *addrs, const struct synfin_addr *addr)
{
    uint32_t vacant = TCP_STUB_ADDRS_MAX;
    for (uint32_t i = 0; i < TCP_STUB_ADDRS_MAX; i++) {
        if (addr_kind_is_equal(&addrs->addr[i], addr)) { // in use, or the last that was here
            addrs->uses[i]++;
            return i;
        }
        if (addrs->uses[i] == 0 && vacant == TCP_STUB_ADDRS_MAX) {
            vacant = i;
        }
    }
    if (vacant < TCP_STUB_ADDRS_MAX) {
        addrs->addr[vacant] = *addr;
        addrs->uses[vacant] = 1;
    }
    return vacant;
}

struct tcp_stub *tcp_stub_add(struct tcp_stub_table *table, const struct tcp_pair *pair,
                              uint64_t hash)
{
    ASSERT_SLOW(hash == tcp_stub_hash(table->key, pair));
    ASSERT_SLOW(tcp_stub_find(table, pair, hash) == NULL);
    if (table->pool.objects >= table->pool.objects_max || !has_bucket(table)) {
        return NULL;
    }
    uint32_t local = take_addr(table->addrs, &pair->local);
    if (local == TCP_STUB_ADDRS_MAX) {
        return NULL;
    }
    uint32_t number;
    struct tcp_stub *stub = dense_pool_take(&table->pool, &number);
    if (stub == NULL) {
        table->addrs->uses[local]--;
        return NULL;
    }
    stub->remote = pair->remote;
    stub->remote_port = pair->remote_port;
    stub->local_port = pair->local_port;
    stub->local = (uint8_t)local;
    stub->queue = TCP_STUB_QUEUES;
    stub->prev = number;
    link_stub(table, number, hash);
    return stub;
}

static uint32_t number_of(const struct tcp_stub_table *table, const struct tcp_stub *stub)
{
    if (stub->queue == TCP_STUB_QUEUES) {
        return stub->prev;
    }
    if (stub->prev == TCP_STUB_NONE) {
        return table->queue[stub->queue].first;
    }
    return at(table, stub->prev)->next;
}

// The tick at which a deadline is over: rounded up, so that nothing is due early.
static uint64_t tick_after(uint64_t deadline_ns)
{
    uint64_t tick = deadline_ns >> TCP_STUB_TICK_SHIFT;
    bool is_whole = tick << TCP_STUB_TICK_SHIFT == deadline_ns;
    return is_whole || tick == TICK_NEVER ? tick : tick + 1;
}

// The tick of a queue's deadline, which is a whole one or never.
static uint64_t tick_of(uint64_t deadline_ns)
{
    return deadline_ns >> TCP_STUB_TICK_SHIFT;
}

static uint64_t ns_of(uint64_t tick)
{
    return tick >= TICK_NEVER ? SYNFIN_NEVER : tick << TCP_STUB_TICK_SHIFT;
}

uint64_t tcp_stub_deadline(const struct tcp_stub_table *table, const struct tcp_stub *stub)
{
    ASSERT(stub->queue < TCP_STUB_QUEUES);
    uint64_t first = tick_of(table->queue[stub->queue].first_ns);
    return ns_of(first + (uint32_t)(stub->deadline - (uint32_t)first));
}

// Takes a stub out of its queue; its number is then in `prev`.
static void unqueue(struct tcp_stub_table *table, struct tcp_stub *stub)
{
    if (stub->queue == TCP_STUB_QUEUES) {
        return;
    }
    struct tcp_stub_queue *queue = &table->queue[stub->queue];
    uint32_t number = number_of(table, stub);
    uint32_t prev = stub->prev;
    uint32_t next = stub->next;
    // The neighbours' deadlines are reckoned while the queue's are still the old ones.
    uint64_t last_ns = prev == TCP_STUB_NONE ? 0 : tcp_stub_deadline(table, at(table, prev));
    uint64_t first_ns = next == TCP_STUB_NONE ? 0 : tcp_stub_deadline(table, at(table, next));
    if (prev == TCP_STUB_NONE) {
        queue->first = next;
        queue->first_ns = first_ns;
    } else {
        at(table, prev)->next = next;
    }
    if (next == TCP_STUB_NONE) {
        queue->last = prev;
        queue->last_ns = last_ns;
    } else {
        at(table, next)->prev = prev;
    }
    stub->queue = TCP_STUB_QUEUES;
    stub->prev = number;
}

// The chain without the stub, and its filter anew, so that it never says more than is there.
static void unlink_stub(struct tcp_stub_table *table, const struct tcp_stub *stub, uint32_t number)
{
    uint32_t *bucket = bucket_of(table, hash_of(table, stub));
    uint32_t first = first_of(*bucket);
    uint32_t filter = 0;
    struct tcp_stub *before = NULL;
    for (uint32_t next = first; next != TCP_STUB_NONE; next = at(table, next)->chain) {
        if (next != number) {
            filter |= filter_bit(hash_of(table, at(table, next)));
        }
        if (at(table, next)->chain == number) {
            before = at(table, next);
        }
    }
    if (before != NULL) {
        before->chain = stub->chain;
    } else {
        first = stub->chain;
    }
    *bucket = filter | first;
}

void tcp_stub_remove(struct tcp_stub_table *table, struct tcp_stub *stub)
{
    unqueue(table, stub);
    uint32_t number = stub->prev;
    ASSERT(table->addrs->uses[stub->local] > 0);
    unlink_stub(table, stub, number);
    table->addrs->uses[stub->local]--;
    dense_pool_give(&table->pool, number);
    if (table->pool.objects == 0) {
        wheel_cancel(table->wheel, &table->timer);
        if (table->bucket_count > BUCKETS_MIN) {
            give_buckets(table);
        }
    }
}

// Those of a queue that were due before this tick, which is itself long past, are due at it. The
// queue's last is about to change, and stays as it is.
static void forgive_delay(struct tcp_stub_table *table, struct tcp_stub_queue *queue, uint64_t tick)
{
    uint64_t first = tick_of(queue->first_ns);
    uint32_t number = queue->first;
    while (number != TCP_STUB_NONE) {
        struct tcp_stub *stub = at(table, number);
        if (first + (uint32_t)(stub->deadline - (uint32_t)first) >= tick) {
            break;
        }
        stub->deadline = (uint32_t)tick;
        number = stub->next;
    }
    queue->first_ns = ns_of(tick);
}

// The tick at which a newcomer to the queue is due: not before the last.
static uint64_t tick_in(struct tcp_stub_table *table, struct tcp_stub_queue *queue,
                        uint64_t deadline_ns)
{
    uint64_t tick = tick_after(deadline_ns);
    if (queue->first == TCP_STUB_NONE) {
        return tick;
    }
    uint64_t last = tick_of(queue->last_ns);
    if (tick <= last) {
        return last;
    }
    if (tick - tick_of(queue->first_ns) > UINT32_MAX) {
        forgive_delay(table, queue, tick - UINT32_MAX / 2); // 1.4 hours ago or more
    }
    return tick;
}

// The wheel must wake us at this time at the latest. It often does before, when what it was armed
// for is gone: that costs one look.
static void arm_by(struct tcp_stub_table *table, uint64_t deadline_ns)
{
    if (!wheel_is_armed(&table->timer) || deadline_ns < table->timer.deadline_ns) {
        wheel_arm(table->wheel, &table->timer, deadline_ns);
    }
}

void tcp_stub_wait(struct tcp_stub_table *table, struct tcp_stub *stub, uint32_t queue,
                   uint64_t deadline_ns)
{
    ASSERT(queue < TCP_STUB_QUEUES);
    unqueue(table, stub);
    struct tcp_stub_queue *to = &table->queue[queue];
    uint32_t number = stub->prev;
    uint64_t tick = tick_in(table, to, deadline_ns);
    stub->queue = queue & 15;
    stub->deadline = (uint32_t)tick;
    stub->prev = to->last;
    stub->next = TCP_STUB_NONE;
    if (to->last != TCP_STUB_NONE) {
        at(table, to->last)->next = number;
    }
    to->last = number;
    to->last_ns = ns_of(tick);
    if (to->first == TCP_STUB_NONE) {
        to->first = number;
        to->first_ns = to->last_ns;
        arm_by(table, to->first_ns);
    }
}

// The queue whose first is due first of all; TCP_STUB_QUEUES when all are empty.
static uint32_t first_queue(const struct tcp_stub_table *table)
{
    uint32_t first = TCP_STUB_QUEUES;
    for (uint32_t i = 0; i < TCP_STUB_QUEUES; i++) {
        const struct tcp_stub_queue *queue = &table->queue[i];
        if (queue->first != TCP_STUB_NONE
            && (first == TCP_STUB_QUEUES || queue->first_ns < table->queue[first].first_ns)) {
            first = i;
        }
    }
    return first;
}

struct tcp_stub *tcp_stub_due(struct tcp_stub_table *table, uint64_t now_ns)
{
    uint32_t first = first_queue(table);
    if (first == TCP_STUB_QUEUES) {
        wheel_cancel(table->wheel, &table->timer);
        return NULL;
    }
    const struct tcp_stub_queue *queue = &table->queue[first];
    if (!deadline_is_due(queue->first_ns, now_ns)) {
        wheel_arm(table->wheel, &table->timer, queue->first_ns);
        return NULL;
    }
    struct tcp_stub *stub = at(table, queue->first);
    unqueue(table, stub);
    return stub;
}

struct tcp_stub *tcp_stub_oldest(const struct tcp_stub_table *table, uint32_t queue)
{
    ASSERT(queue < TCP_STUB_QUEUES);
    uint32_t number = table->queue[queue].first;
    return number == TCP_STUB_NONE ? NULL : at(table, number);
}

struct tcp_stub *tcp_stub_younger(const struct tcp_stub_table *table, const struct tcp_stub *stub)
{
    ASSERT(stub->queue < TCP_STUB_QUEUES);
    return stub->next == TCP_STUB_NONE ? NULL : at(table, stub->next);
}

// Walks one chain; returns how many of its stubs wait in a queue.
static uint32_t check_chain(const struct tcp_stub_table *table, uint32_t bucket, uint32_t *stubs,
                            uint32_t *uses)
{
    uint32_t waiting = 0;
    uint32_t number = first_of(table->buckets[bucket]);
    while (number != TCP_STUB_NONE) {
        const struct tcp_stub *stub = at(table, number);
        ASSERT(++*stubs <= table->pool.objects);
        ASSERT(stub->local < TCP_STUB_ADDRS_MAX && stub->queue <= TCP_STUB_QUEUES);
        uint64_t hash = hash_of(table, stub);
        ASSERT(((uint32_t)hash & (table->bucket_count - 1)) == bucket);
        ASSERT((table->buckets[bucket] & filter_bit(hash)) != 0);
        ASSERT(number_of(table, stub) == number);
        uses[stub->local]++;
        waiting += stub->queue < TCP_STUB_QUEUES;
        number = stub->chain;
    }
    return waiting;
}

// Walks one queue; returns how many wait in it.
static uint32_t check_queue(const struct tcp_stub_table *table, uint32_t number)
{
    const struct tcp_stub_queue *queue = &table->queue[number];
    uint32_t stubs = 0;
    uint32_t prev = TCP_STUB_NONE;
    uint64_t deadline_ns = queue->first_ns;
    for (uint32_t i = queue->first; i != TCP_STUB_NONE; i = at(table, i)->next) {
        const struct tcp_stub *stub = at(table, i);
        ASSERT(++stubs <= table->pool.objects);
        ASSERT(stub->queue == number && stub->prev == prev);
        ASSERT(tcp_stub_deadline(table, stub) >= deadline_ns);
        deadline_ns = tcp_stub_deadline(table, stub);
        ASSERT(prev != TCP_STUB_NONE || deadline_ns == queue->first_ns);
        prev = i;
    }
    ASSERT(queue->last == prev);
    ASSERT(stubs == 0 || deadline_ns == queue->last_ns);
    return stubs;
}

// The wheel wakes us when the first is due, or before.
static void check_timer(const struct tcp_stub_table *table)
{
    uint32_t first = first_queue(table);
    if (first == TCP_STUB_QUEUES || table->queue[first].first_ns == SYNFIN_NEVER) {
        return;
    }
    ASSERT(wheel_is_armed(&table->timer));
    ASSERT(table->timer.deadline_ns
           <= deadline_max(table->queue[first].first_ns, table->wheel->now_ns));
}

void tcp_stub_table_check(const struct tcp_stub_table *table)
{
    uint32_t uses[TCP_STUB_ADDRS_MAX] = {0};
    uint32_t stubs = 0;
    uint32_t waiting = 0;
    uint32_t queued = 0;
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        waiting += check_chain(table, i, &stubs, uses);
    }
    ASSERT(stubs == table->pool.objects);
    for (uint32_t i = 0; i < TCP_STUB_QUEUES; i++) {
        queued += check_queue(table, i);
    }
    ASSERT(queued == waiting);
    for (uint32_t i = 0; i < TCP_STUB_ADDRS_MAX; i++) {
        ASSERT(uses[i] <= table->addrs->uses[i]);
    }
    check_timer(table);
}
