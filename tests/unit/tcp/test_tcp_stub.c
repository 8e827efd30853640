// SPDX-License-Identifier: MIT
//
// Tables of stubs: found by pair, due in time, within 64 octets, and everything given back; and
// random operations on two tables, from several origins of time, against arrays.
#include "tcp/tcp_stub.h"

#include <stdlib.h>
#include <string.h>

#include <synfin/stack.h>

#include "base/check.h"
#include "base/deadline.h"
#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"

#define TICK_NS (UINT64_C(1) << TCP_STUB_TICK_SHIFT)
#define HOUR_NS (UINT64_C(3600) * NS_PER_S)

enum { SLAB_BYTES = 65536, SMALL_SLAB_BYTES = 4096, MODEL_MAX = 700, PAIRS = 1500 };

struct fixture {
    struct synfin_env env;
    struct slab_source source;
    struct wheel wheel;
    struct siphash_key key;
    struct tcp_stub_addrs addrs;
    struct tcp_stub_table table;
};

static jmp_buf after_panic;
static bool expects_panic;

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    if (!expects_panic) {
        print_error("%s:%d: %s\n", file, line, what);
        abort();
    }
    expects_panic = false;
    longjmp(after_panic, 1);
}

static void set_up(struct fixture *f, uint64_t now_ns, uint32_t stubs_max)
{
    memset(f, 0, sizeof *f);
    test_env_init(&f->env);
    slab_source_init(&f->source, &f->env, SIZE_MAX, SLAB_BYTES);
    wheel_init(&f->wheel, now_ns);
    f->key = (struct siphash_key){UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    tcp_stub_table_init(&f->table, &f->source, &f->wheel, &f->key, &f->addrs, stubs_max);
    assert_int_equal(f->source.taken_bytes, 0);
}

static void tear_down(struct fixture *f)
{
    tcp_stub_table_deinit(&f->table);
    assert_int_equal(f->source.taken_bytes, 0);
    assert_int_equal(test_env_of(&f->env)->slabs, 0);
    assert_int_equal(f->wheel.entries, 0);
    for (uint32_t i = 0; i < TCP_STUB_ADDRS_MAX; i++) {
        assert_int_equal(f->addrs.uses[i], 0);
    }
}

// The n-th pair of many: both versions, few local addresses, no two alike.
static struct tcp_pair make_pair(uint32_t n)
{
    struct tcp_pair pair = {.local_port = (uint16_t)(80 + n % 3), .remote_port = (uint16_t)n};
    if (n % 2 == 0) {
        pair.local = synfin_addr_ipv4(192, 0, 2, (uint8_t)(1 + n / 2 % 4));
        pair.remote = synfin_addr_ipv4(198, 51, 100, (uint8_t)(n >> 16));
    } else {
        pair.local.octet[0] = pair.remote.octet[0] = 0x20;
        pair.local.octet[15] = (uint8_t)(1 + n / 2 % 4);
        pair.remote.octet[15] = (uint8_t)(n >> 16);
    }
    return pair;
}

static uint64_t hash_of(const struct fixture *f, const struct tcp_pair *pair)
{
    return tcp_stub_hash(&f->key, pair);
}

static struct tcp_stub *add(struct fixture *f, uint32_t n)
{
    struct tcp_pair pair = make_pair(n);
    return tcp_stub_add(&f->table, &pair, hash_of(f, &pair));
}

static struct tcp_stub *find(const struct fixture *f, uint32_t n)
{
    struct tcp_pair pair = make_pair(n);
    return tcp_stub_find(&f->table, &pair, hash_of(f, &pair));
}

static void stub_added_is_found_by_its_pair_alone(void **state)
{
    (void)state;
    struct fixture f;
    static const struct tcp_stub zero;
    set_up(&f, 0, UINT32_MAX);
    for (uint32_t n = 0; n < 2; n++) {
        struct tcp_pair pair = make_pair(n);
        struct tcp_pair back;
        assert_null(find(&f, n));
        struct tcp_stub *stub = add(&f, n);
        assert_non_null(stub);
        assert_ptr_equal(find(&f, n), stub);
        tcp_stub_pair(&f.table, stub, &back);
        assert_memory_equal(&back, &pair, sizeof pair);
        assert_int_equal(stub->queue, TCP_STUB_QUEUES);
        assert_int_equal(stub->number, 0);
        assert_int_equal(stub->ours.n, 0);
        assert_memory_equal(&stub->as, &zero.as, sizeof zero.as);
        for (uint32_t i = 0; i < sizeof pair; i++) {
            struct tcp_pair other = pair;
            ((uint8_t *)&other)[i] ^= 1;
            assert_null(tcp_stub_find(&f.table, &other, hash_of(&f, &other)));
        }
    }
    tcp_stub_table_check(&f.table);
    tcp_stub_remove(&f.table, find(&f, 0));
    assert_null(find(&f, 0));
    assert_non_null(find(&f, 1));
    tear_down(&f);
}

static void stubs_of_one_bucket_are_all_found(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t same[100];
    uint32_t count = 0;
    set_up(&f, 0, UINT32_MAX);
    for (uint32_t n = 0; count < 100; n++) {
        struct tcp_pair pair = make_pair(n);
        if ((hash_of(&f, &pair) & 63) == 17) {
            same[count++] = n;
            assert_non_null(add(&f, n));
        }
    }
    assert_int_equal(f.table.bucket_count, 64);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t which = (i * 37) % 100; // from the middle, the end and the beginning
        tcp_stub_remove(&f.table, find(&f, same[which]));
        same[which] = UINT32_MAX;
        for (uint32_t k = 0; k < 100; k++) {
            assert_true(same[k] == UINT32_MAX || find(&f, same[k]) != NULL);
        }
        tcp_stub_table_check(&f.table);
    }
    tear_down(&f);
}

static void table_at_its_limit_gives_null(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, 2);
    assert_non_null(add(&f, 0));
    assert_non_null(add(&f, 1));
    assert_null(add(&f, 2));
    assert_null(find(&f, 2));
    tcp_stub_remove(&f.table, find(&f, 0));
    assert_non_null(add(&f, 2));
    tcp_stub_table_check(&f.table);
    tear_down(&f);
}

static void table_without_memory_gives_null_and_keeps_no_address(void **state)
{
    (void)state;
    struct fixture f;
    for (uint32_t fail_after = 0; fail_after < 3; fail_after++) {
        set_up(&f, 0, UINT32_MAX);
        test_env_of(&f.env)->fail_after = fail_after; // buckets, directory, page
        assert_null(add(&f, 0));
        assert_int_equal(f.addrs.uses[0], 0);
        assert_null(find(&f, 0));
        tcp_stub_table_check(&f.table);
        test_env_of(&f.env)->fail_after = UINT32_MAX;
        assert_non_null(add(&f, 0));
        assert_non_null(find(&f, 0));
        tear_down(&f);
    }
}

static void table_without_memory_for_buckets_goes_on_with_few(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, UINT32_MAX);
    assert_non_null(add(&f, 0));
    f.source.limit_bytes = f.source.taken_bytes;
    for (uint32_t n = 1; n < 500; n++) {
        assert_non_null(add(&f, n));
    }
    assert_int_equal(f.table.bucket_count, 64);
    f.source.limit_bytes = SIZE_MAX;
    assert_non_null(add(&f, 500));
    assert_int_equal(f.table.bucket_count, 128);
    tcp_stub_table_check(&f.table);
    for (uint32_t n = 0; n <= 500; n++) {
        assert_non_null(find(&f, n));
    }
    tear_down(&f);
}

static void emptied_table_begins_anew_with_few_buckets(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, UINT32_MAX);
    for (uint32_t n = 0; n < 1000; n++) {
        tcp_stub_wait(&f.table, add(&f, n), n % 3, NS_PER_S);
    }
    assert_true(f.table.bucket_count >= 400);
    for (uint32_t n = 0; n < 1000; n++) {
        tcp_stub_remove(&f.table, find(&f, n));
    }
    assert_null(f.table.buckets);
    assert_null(find(&f, 0));
    assert_int_equal(wheel_next_deadline(&f.wheel), SYNFIN_NEVER);
    tcp_stub_table_check(&f.table);
    assert_non_null(add(&f, 7));
    assert_int_equal(f.table.bucket_count, 64);
    assert_non_null(find(&f, 7));
    tear_down(&f);
}

static void address_number_129_finds_no_room(void **state)
{
    (void)state;
    struct fixture f;
    struct tcp_stub *stubs[TCP_STUB_ADDRS_MAX];
    set_up(&f, 0, UINT32_MAX);
    struct tcp_pair pair = make_pair(0);
    for (uint32_t i = 0; i < TCP_STUB_ADDRS_MAX; i++) {
        pair.local.octet[15] = (uint8_t)i;
        stubs[i] = tcp_stub_add(&f.table, &pair, hash_of(&f, &pair));
        assert_non_null(stubs[i]);
    }
    pair.local.octet[15] = 200;
    assert_null(tcp_stub_add(&f.table, &pair, hash_of(&f, &pair)));
    pair.local.octet[15] = 100;
    pair.remote_port++;
    assert_non_null(tcp_stub_add(&f.table, &pair, hash_of(&f, &pair)));
    assert_int_equal(f.addrs.uses[100], 2);
    tcp_stub_remove(&f.table, stubs[100]);
    pair.local.octet[15] = 200;
    assert_null(tcp_stub_add(&f.table, &pair, hash_of(&f, &pair)));
    tcp_stub_remove(&f.table, stubs[50]);
    assert_non_null(tcp_stub_add(&f.table, &pair, hash_of(&f, &pair)));
    tcp_stub_table_check(&f.table);
    tear_down(&f);
}

static void deadline_is_rounded_up_to_a_tick(void **state)
{
    (void)state;
    static const uint64_t origin[] = {0, UINT64_C(1) << 44, UINT64_C(1) << 63, SYNFIN_NEVER / 3};
    for (uint32_t i = 0; i < 4; i++) {
        for (uint64_t d = 0; d < 3 * TICK_NS; d += TICK_NS / 4 - 1) {
            struct fixture f;
            uint64_t deadline_ns = origin[i] + d;
            set_up(&f, origin[i], UINT32_MAX);
            struct tcp_stub *stub = add(&f, 0);
            tcp_stub_wait(&f.table, stub, 3, deadline_ns);
            uint64_t got_ns = tcp_stub_deadline(&f.table, stub);
            assert_true(got_ns >= deadline_ns && got_ns - deadline_ns < TICK_NS);
            assert_int_equal(got_ns % TICK_NS, 0);
            assert_true(got_ns == 0 || tcp_stub_due(&f.table, got_ns - 1) == NULL);
            assert_ptr_equal(tcp_stub_due(&f.table, got_ns), stub);
            assert_int_equal(stub->queue, TCP_STUB_QUEUES);
            assert_ptr_equal(find(&f, 0), stub);
            assert_null(tcp_stub_due(&f.table, got_ns));
            assert_false(wheel_is_armed(&f.table.timer));
            tear_down(&f);
        }
    }
}

static void deadlines_at_the_end_of_time_do_not_wrap(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t now_ns = SYNFIN_NEVER - HOUR_NS;
    set_up(&f, now_ns, UINT32_MAX);
    struct tcp_stub *soon = add(&f, 0);
    struct tcp_stub *late = add(&f, 1);
    struct tcp_stub *never = add(&f, 2);
    tcp_stub_wait(&f.table, soon, 0, now_ns + NS_PER_S);
    tcp_stub_wait(&f.table, late, 0, SYNFIN_NEVER - 2 * TICK_NS);
    tcp_stub_wait(&f.table, never, 0, deadline_after(now_ns, 2 * HOUR_NS));
    assert_int_equal(tcp_stub_deadline(&f.table, never), SYNFIN_NEVER);
    assert_int_equal(tcp_stub_deadline(&f.table, late), SYNFIN_NEVER - 2 * TICK_NS + 1);
    tcp_stub_table_check(&f.table);
    assert_ptr_equal(tcp_stub_due(&f.table, now_ns + 2 * NS_PER_S), soon);
    assert_null(tcp_stub_due(&f.table, SYNFIN_NEVER - 2 * TICK_NS));
    assert_ptr_equal(tcp_stub_due(&f.table, SYNFIN_NEVER - 1), late);
    assert_null(tcp_stub_due(&f.table, SYNFIN_NEVER));
    assert_int_equal(tcp_stub_deadline(&f.table, never), SYNFIN_NEVER);
    assert_false(wheel_is_armed(&f.table.timer));
    tcp_stub_table_check(&f.table);
    tear_down(&f);
}

static void earlier_deadline_in_a_queue_counts_as_the_last(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, UINT32_MAX);
    struct tcp_stub *first = add(&f, 0);
    struct tcp_stub *second = add(&f, 1);
    struct tcp_stub *other = add(&f, 2);
    tcp_stub_wait(&f.table, first, 5, 1000 * TICK_NS);
    tcp_stub_wait(&f.table, second, 5, 10 * TICK_NS);
    tcp_stub_wait(&f.table, other, 4, 500 * TICK_NS);
    assert_int_equal(tcp_stub_deadline(&f.table, second), 1000 * TICK_NS);
    assert_int_equal(f.table.timer.deadline_ns, 500 * TICK_NS);
    assert_ptr_equal(tcp_stub_oldest(&f.table, 5), first);
    assert_ptr_equal(tcp_stub_younger(&f.table, first), second);
    assert_null(tcp_stub_younger(&f.table, second));
    assert_null(tcp_stub_oldest(&f.table, 6));
    assert_ptr_equal(tcp_stub_due(&f.table, 2000 * TICK_NS), other);
    assert_ptr_equal(tcp_stub_due(&f.table, 2000 * TICK_NS), first);
    assert_ptr_equal(tcp_stub_due(&f.table, 2000 * TICK_NS), second);
    tear_down(&f);
}

// Nobody asks what is due for a day; what waits meanwhile stays in order and is never early.
static void queue_left_alone_for_hours_keeps_its_order(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t now_ns = UINT64_C(1) << 63;
    set_up(&f, now_ns, UINT32_MAX);
    for (uint32_t n = 0; n <= 48; n++, now_ns += HOUR_NS / 2) {
        struct tcp_stub *stub = add(&f, n);
        uint64_t deadline_ns = now_ns + TCP_STUB_WAIT_NS_MAX - n;
        uint64_t tick_ns = (deadline_ns + TICK_NS - 1) / TICK_NS * TICK_NS;
        tcp_stub_wait(&f.table, stub, 0, deadline_ns);
        assert_int_equal(tcp_stub_deadline(&f.table, stub), tick_ns);
        tcp_stub_table_check(&f.table);
        for (uint32_t k = 0; k < n; k++) {
            uint64_t due_ns = f.wheel.now_ns + k * HOUR_NS / 2 + TCP_STUB_WAIT_NS_MAX - k;
            uint64_t got_ns = tcp_stub_deadline(&f.table, find(&f, k));
            assert_true(got_ns >= due_ns);
            assert_true(got_ns < due_ns + TICK_NS || got_ns < now_ns - HOUR_NS);
        }
    }
    now_ns += HOUR_NS;
    for (uint32_t n = 0; n <= 48; n++) {
        assert_ptr_equal(tcp_stub_due(&f.table, now_ns), find(&f, n));
    }
    assert_null(tcp_stub_due(&f.table, now_ns));
    tear_down(&f);
}

static void queue_holds_exactly_its_span(void **state)
{
    (void)state;
    for (uint64_t more = 0; more < 2; more++) {
        struct fixture f;
        uint64_t last_ns = (UINT64_C(9) + UINT32_MAX + more) * TICK_NS;
        set_up(&f, 0, UINT32_MAX);
        tcp_stub_wait(&f.table, add(&f, 0), 0, 9 * TICK_NS);
        tcp_stub_wait(&f.table, add(&f, 1), 0, last_ns);
        assert_int_equal(tcp_stub_deadline(&f.table, find(&f, 1)), last_ns);
        assert_int_equal(tcp_stub_deadline(&f.table, find(&f, 0)) == 9 * TICK_NS, more == 0);
        tcp_stub_table_check(&f.table);
        tear_down(&f);
    }
}

// All that waits is overdue for hours: it has to move together, and the wheel still fires.
static void queue_all_overdue_takes_a_newcomer(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 0, UINT32_MAX);
    for (uint32_t n = 0; n < 3; n++) {
        tcp_stub_wait(&f.table, add(&f, n), 0, n * NS_PER_S);
    }
    tcp_stub_wait(&f.table, add(&f, 3), 0, 20 * HOUR_NS);
    assert_int_equal(tcp_stub_deadline(&f.table, find(&f, 0)),
                     tcp_stub_deadline(&f.table, find(&f, 2)));
    assert_true(tcp_stub_deadline(&f.table, find(&f, 2)) < 18 * HOUR_NS);
    assert_true(tcp_stub_deadline(&f.table, find(&f, 3)) >= 20 * HOUR_NS);
    tcp_stub_table_check(&f.table);
    tcp_stub_remove(&f.table, find(&f, 3));
    assert_int_equal(f.table.queue[0].last_ns, tcp_stub_deadline(&f.table, find(&f, 2)));
    tcp_stub_table_check(&f.table);
    for (uint32_t n = 0; n < 3; n++) {
        assert_ptr_equal(tcp_stub_due(&f.table, 19 * HOUR_NS), find(&f, n));
    }
    tear_down(&f);
}

static void stub_with_bucket_and_directory_takes_at_most_64_octets(void **state)
{
    (void)state;
    struct fixture f;
    enum { STUBS = 1 << 18 };
    size_t most_bytes = 0;
    set_up(&f, 0, UINT32_MAX);
    for (uint32_t n = 0; n < STUBS; n++) {
        struct tcp_stub *stub = add(&f, n);
        assert_non_null(stub);
        tcp_stub_wait(&f.table, stub, n % 4, n * NS_PER_MS);
        // From 2^16 on, whether the last page is full or has just been begun.
        assert_true(n < 1 << 16 || f.source.taken_bytes <= 64 * ((size_t)n + 1));
        most_bytes = f.source.taken_bytes;
    }
    assert_true(most_bytes <= 63 * (size_t)STUBS);
    assert_int_equal(test_env_of(&f.env)->bytes, most_bytes);
    tcp_stub_table_check(&f.table);
    for (uint32_t n = 0; n < STUBS; n += 2) {
        tcp_stub_remove(&f.table, find(&f, n));
    }
    tcp_stub_table_check(&f.table);
    uint32_t count = 0;
    for (struct tcp_stub *stub; (stub = tcp_stub_due(&f.table, HOUR_NS)) != NULL; count++) {
        tcp_stub_remove(&f.table, stub);
    }
    assert_int_equal(count, STUBS / 2);
    assert_true(f.source.taken_bytes < 2 * SLAB_BYTES); // a page, and the directory
    tear_down(&f);
}

static void check_of_a_spoilt_table_panics(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t *spoilt[5];
    set_up(&f, 0, UINT32_MAX);
    for (uint32_t n = 0; n < 100; n++) {
        tcp_stub_wait(&f.table, add(&f, n), n % 2, n * NS_PER_MS);
    }
    spoilt[0] = &find(&f, 10)->deadline;
    spoilt[1] = &find(&f, 10)->prev;
    spoilt[2] = &f.table.queue[1].last;
    spoilt[3] = &f.addrs.uses[0];
    spoilt[4] = &f.table.pool.objects;
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t kept = *spoilt[i];
        *spoilt[i] = kept - (i == 0 ? 100000 : 2);
        expects_panic = true;
        if (setjmp(after_panic) == 0) {
            tcp_stub_table_check(&f.table);
            fail_msg("row %u", i);
        }
        *spoilt[i] = kept;
        tcp_stub_table_check(&f.table);
    }
    tear_down(&f);
}

// What the table should hold. Queues by `order`: the number of the wait that put a stub there.
struct model_stub {
    struct tcp_stub *stub;
    uint32_t n; // of the pair
    uint32_t queue;
    uint64_t deadline_ns, order;
};

struct model {
    struct model_stub stubs[MODEL_MAX];
    uint32_t count;
    uint64_t waits;
};

static struct model_stub *model_of(struct model *m, const struct tcp_stub *stub)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->stubs[i].stub == stub) {
            return &m->stubs[i];
        }
    }
    fail();
    return NULL;
}

// The oldest of a queue, or the newest.
static struct model_stub *model_end(struct model *m, uint32_t queue, bool is_newest)
{
    struct model_stub *end = NULL;
    for (uint32_t i = 0; i < m->count; i++) {
        struct model_stub *s = &m->stubs[i];
        if (s->queue == queue && (end == NULL || (s->order > end->order) == is_newest)) {
            end = s;
        }
    }
    return end;
}

static void model_wait(struct fixture *f, struct model *m, struct model_stub *s, uint32_t queue,
                       uint64_t deadline_ns)
{
    s->queue = TCP_STUB_QUEUES;
    uint64_t past_ns = deadline_ns % TICK_NS;
    uint64_t wanted_ns =
        past_ns == 0 ? deadline_ns : deadline_after(deadline_ns, TICK_NS - past_ns);
    const struct model_stub *newest = model_end(m, queue, true);
    if (newest != NULL) {
        wanted_ns = deadline_max(wanted_ns, newest->deadline_ns);
    }
    s->queue = queue;
    s->deadline_ns = wanted_ns;
    s->order = ++m->waits;
    tcp_stub_wait(&f->table, s->stub, queue, deadline_ns);
    assert_int_equal(tcp_stub_deadline(&f->table, s->stub), wanted_ns);
}

static void model_remove(struct fixture *f, struct model *m, struct model_stub *s)
{
    tcp_stub_remove(&f->table, s->stub);
    *s = m->stubs[--m->count];
}

// What is overdue for more than an hour may count as overdue for less.
static bool is_long_overdue(const struct model_stub *s, uint64_t now_ns)
{
    return deadline_after(s->deadline_ns, HOUR_NS) < now_ns;
}

// Each that is due is the first of its queue, and none is due before it.
static void drain(struct fixture *f, struct model *m, uint64_t now_ns, uint64_t *random)
{
    struct tcp_stub *stub;
    while ((stub = tcp_stub_due(&f->table, now_ns)) != NULL) {
        struct model_stub *s = model_of(m, stub);
        assert_true(s->queue < TCP_STUB_QUEUES && s->deadline_ns <= now_ns);
        assert_ptr_equal(s, model_end(m, s->queue, false));
        for (uint32_t i = 0; i < m->count; i++) {
            assert_true(m->stubs[i].queue == TCP_STUB_QUEUES || is_long_overdue(s, now_ns)
                        || m->stubs[i].deadline_ns >= s->deadline_ns);
        }
        uint32_t queue = s->queue;
        s->queue = TCP_STUB_QUEUES;
        uint32_t fate = test_random_below(random, 4);
        if (fate == 0 && queue + 1 < TCP_STUB_QUEUES) {
            model_wait(f, m, s, queue + 1, deadline_after(now_ns, NS_PER_S << queue % 8));
        } else if (fate < 3) {
            model_remove(f, m, s);
        }
    }
}

// Time goes on; the wheel alone says when to look.
static void advance(struct fixture *f, struct model *m, uint64_t now_ns, uint64_t *random)
{
    wheel_advance(&f->wheel, now_ns);
    for (struct wheel_entry *entry; (entry = wheel_pop_due(&f->wheel)) != NULL;) {
        assert_ptr_equal(entry, &f->table.timer);
        drain(f, m, now_ns, random);
    }
    uint64_t next_ns = wheel_next_deadline(&f->wheel);
    for (uint32_t i = 0; i < m->count; i++) {
        const struct model_stub *s = &m->stubs[i];
        assert_true(s->queue == TCP_STUB_QUEUES || s->deadline_ns == SYNFIN_NEVER
                    || (s->deadline_ns > now_ns && s->deadline_ns >= next_ns));
    }
}

static void check_model(struct fixture *f, struct model *m)
{
    tcp_stub_table_check(&f->table);
    assert_int_equal(f->table.pool.objects, m->count);
    for (uint32_t i = 0; i < m->count; i++) {
        const struct model_stub *s = &m->stubs[i];
        assert_ptr_equal(find(f, s->n), s->stub);
        assert_int_equal(s->stub->queue, s->queue);
        assert_true(s->queue == TCP_STUB_QUEUES
                    || tcp_stub_deadline(&f->table, s->stub) == s->deadline_ns);
        assert_int_equal(s->stub->number, s->n);
    }
    for (uint32_t queue = 0; queue < TCP_STUB_QUEUES; queue++) {
        uint64_t order = 0;
        for (struct tcp_stub *stub = tcp_stub_oldest(&f->table, queue); stub != NULL;
             stub = tcp_stub_younger(&f->table, stub)) {
            assert_true(model_of(m, stub)->order > order);
            order = model_of(m, stub)->order;
        }
    }
}

static void add_one(struct fixture *f, struct model *m, uint32_t n)
{
    struct tcp_stub *stub = find(f, n);
    if (stub != NULL) {
        assert_int_equal(model_of(m, stub)->n, n);
        return;
    }
    stub = add(f, n);
    if (stub == NULL) {
        assert_true(m->count == f->table.pool.objects_max
                    || f->source.limit_bytes - f->source.taken_bytes < f->source.slab_bytes);
        return;
    }
    stub->number = n;
    m->stubs[m->count++] = (struct model_stub){.stub = stub, .n = n, .queue = TCP_STUB_QUEUES};
}

static void act(struct fixture *f, struct model *m, uint64_t now_ns, uint64_t *random)
{
    uint32_t what = test_random_below(random, 100);
    if (what < 40) {
        add_one(f, m, test_random_below(random, PAIRS));
    } else if (m->count > 0) {
        struct model_stub *s = &m->stubs[test_random_below(random, m->count)];
        uint32_t queue = test_random_below(random, TCP_STUB_QUEUES);
        if (what < 85) {
            uint64_t wait_ns = (NS_PER_MS << queue) + test_random_below(random, 1000000);
            model_wait(f, m, s, queue, deadline_after(now_ns, wait_ns));
        } else {
            model_remove(f, m, s);
        }
    }
}

// Mostly short steps, and jumps of hours now and then.
static uint64_t step_ns(uint64_t *random)
{
    uint32_t what = test_random_below(random, 1000);
    uint64_t ns = test_random(random);
    return what < 300   ? 0
           : what < 900 ? ns % NS_PER_S
           : what < 998 ? ns % (30 * NS_PER_S)
                        : ns % (7 * HOUR_NS);
}

static void walk(uint64_t origin_ns, uint64_t seed, uint32_t stubs_max, size_t limit_bytes)
{
    static struct fixture f;
    static struct model m;
    uint64_t random = seed;
    uint64_t now_ns = origin_ns;
    set_up(&f, now_ns, stubs_max);
    f.source.limit_bytes = limit_bytes;
    f.source.slab_bytes = SMALL_SLAB_BYTES;
    tcp_stub_table_init(&f.table, &f.source, &f.wheel, &f.key, &f.addrs, stubs_max);
    m.count = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        now_ns = deadline_min(deadline_after(now_ns, step_ns(&random)), SYNFIN_NEVER - 1);
        advance(&f, &m, now_ns, &random);
        for (uint32_t k = test_random_below(&random, i % 4000 < 2000 ? 12 : 3); k > 0; k--) {
            act(&f, &m, now_ns, &random);
        }
        if (i % 64 == 0) {
            check_model(&f, &m);
        }
    }
    assert_true(now_ns - origin_ns > 5 * HOUR_NS);
    check_model(&f, &m);
    tear_down(&f);
}

static void table_equals_model_after_random_operations(void **state)
{
    (void)state;
    static const uint64_t origin[] = {0, UINT64_C(1) << 44, (UINT64_C(1) << 63) - 3 * HOUR_NS,
                                      SYNFIN_NEVER - 12 * HOUR_NS};
    for (uint32_t i = 0; i < 4; i++) {
        walk(origin[i], i + 1, MODEL_MAX, SIZE_MAX);
        walk(origin[i] + 4321, i + 11, 50, SIZE_MAX);
        walk(origin[i] + 99, i + 21, MODEL_MAX, 3 * SMALL_SLAB_BYTES);
    }
}

// As half-open and TIME-WAIT are: one list of addresses, one wheel, one pool of memory.
static void two_tables_share_addresses(void **state)
{
    (void)state;
    static struct fixture f;
    static struct tcp_stub_table other;
    uint64_t random = 7;
    uint32_t uses[2] = {0};
    set_up(&f, 0, UINT32_MAX);
    tcp_stub_table_init(&other, &f.source, &f.wheel, &f.key, &f.addrs, UINT32_MAX);
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t which = test_random_below(&random, 2);
        struct tcp_stub_table *table = which == 0 ? &f.table : &other;
        struct tcp_pair pair = make_pair(test_random_below(&random, 300));
        uint64_t hash = hash_of(&f, &pair);
        struct tcp_stub *stub = tcp_stub_find(table, &pair, hash);
        if (stub == NULL) {
            assert_non_null(tcp_stub_add(table, &pair, hash));
            uses[which]++;
        } else {
            tcp_stub_remove(table, stub);
            uses[which]--;
        }
        uint32_t sum = 0;
        for (uint32_t k = 0; k < TCP_STUB_ADDRS_MAX; k++) {
            assert_true(k < 8 || f.addrs.uses[k] == 0); // there are eight addresses
            sum += f.addrs.uses[k];
        }
        assert_int_equal(sum, uses[0] + uses[1]);
    }
    tcp_stub_table_check(&f.table);
    tcp_stub_table_check(&other);
    tcp_stub_table_deinit(&other);
    tcp_stub_table_check(&f.table);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stub_added_is_found_by_its_pair_alone),
        cmocka_unit_test(stubs_of_one_bucket_are_all_found),
        cmocka_unit_test(table_at_its_limit_gives_null),
        cmocka_unit_test(table_without_memory_gives_null_and_keeps_no_address),
        cmocka_unit_test(table_without_memory_for_buckets_goes_on_with_few),
        cmocka_unit_test(emptied_table_begins_anew_with_few_buckets),
        cmocka_unit_test(address_number_129_finds_no_room),
        cmocka_unit_test(deadline_is_rounded_up_to_a_tick),
        cmocka_unit_test(deadlines_at_the_end_of_time_do_not_wrap),
        cmocka_unit_test(earlier_deadline_in_a_queue_counts_as_the_last),
        cmocka_unit_test(queue_left_alone_for_hours_keeps_its_order),
        cmocka_unit_test(queue_holds_exactly_its_span),
        cmocka_unit_test(queue_all_overdue_takes_a_newcomer),
        cmocka_unit_test(stub_with_bucket_and_directory_takes_at_most_64_octets),
        cmocka_unit_test(check_of_a_spoilt_table_panics),
        cmocka_unit_test(table_equals_model_after_random_operations),
        cmocka_unit_test(two_tables_share_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
