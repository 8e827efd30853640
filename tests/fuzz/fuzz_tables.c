// SPDX-License-Identifier: MIT
//
// The tables that find a connection by its pair, under any order of adding, removing, waiting and
// time, with memory that fails: that of connections and that of stubs, against an array of what
// is in them. Nobody is found under another's pair, and stubs are due in the order of their time.
#include <string.h>

#include "fuzz_input.h"
#include "lib/test_env.h"
#include "lib/wheel_model.h"
#include "tcp/tcp_internal.h"

enum { PAIRS = 256, STUBS_MAX = 200, TICK_NS = 1 << TCP_STUB_TICK_SHIFT };

struct model {
    struct test_env memory;
    struct slab_source source;
    struct wheel wheel;
    struct siphash_key key;
    struct tcp tcp; // only its table
    struct tcp_conn conn[PAIRS];
    struct tcp_stub_addrs addrs;
    struct tcp_stub_table stubs;
    struct tcp_stub *stub[PAIRS]; // NULL: none
    uint64_t deadline_ns[PAIRS];  // SYNFIN_NEVER: in no queue
    uint64_t now_ns;
};

// Neighbours differ in one octet only, some of them in our address.
static struct tcp_pair pair_of(uint32_t which)
{
    return (struct tcp_pair){.local = synfin_addr_ipv4(192, 0, 2, (uint8_t)(which % 3)),
                             .remote = synfin_addr_ipv4(198, 51, 100, (uint8_t)(which % 5)),
                             .local_port = (uint16_t)(which % 2 + 80),
                             .remote_port = (uint16_t)(which + 1)};
}

static void turn_conn(struct model *m, uint32_t which)
{
    struct tcp_conn *conn = &m->conn[which];
    if (conn->is_in_table) {
        tcp_table_remove(&m->tcp, conn);
        tcp_table_remove(&m->tcp, conn); // does nothing
    } else {
        conn->pair = pair_of(which);
        tcp_table_insert(&m->tcp, conn);
    }
}

static void find_conn(struct model *m, uint32_t which)
{
    struct tcp_pair pair = pair_of(which);
    struct tcp_conn *wanted = m->conn[which].is_in_table ? &m->conn[which] : NULL;
    uint64_t hash;
    struct siphash_key other = {m->key.k0 + 1, m->key.k1};
    fuzz_require(tcp_stub_hash(&m->key, &pair) != tcp_stub_hash(&other, &pair));
    fuzz_require(tcp_table_find(&m->tcp, &pair) == wanted);
    fuzz_require(tcp_table_find_again(&m->tcp, &pair, &hash) == wanted);
}

static void find_stub(const struct model *m, uint32_t which)
{
    struct tcp_pair pair = pair_of(which);
    struct tcp_pair told;
    struct tcp_stub *stub = tcp_stub_find(&m->stubs, &pair, tcp_stub_hash(&m->key, &pair));
    fuzz_require(stub == m->stub[which]);
    if (stub != NULL) {
        tcp_stub_pair(&m->stubs, stub, &told);
        fuzz_require(memcmp(&told, &pair, sizeof pair) == 0);
        fuzz_require(stub->number == which);
    }
}

static void turn_stub(struct model *m, uint32_t which)
{
    struct tcp_pair pair = pair_of(which);
    if (m->stub[which] != NULL) {
        tcp_stub_remove(&m->stubs, m->stub[which]);
        m->stub[which] = NULL;
        m->deadline_ns[which] = SYNFIN_NEVER;
        return;
    }
    bool is_full = m->stubs.pool.objects == STUBS_MAX;
    m->stub[which] = tcp_stub_add(&m->stubs, &pair, tcp_stub_hash(&m->key, &pair));
    fuzz_require(m->stub[which] == NULL ? is_full || m->memory.fail_after == 0 : !is_full);
    if (m->stub[which] != NULL) {
        m->stub[which]->number = which;
    }
}

// A queue's deadlines never decrease; one that is empty begins anew.
static void wait_stub(struct model *m, uint32_t which, uint32_t queue, uint64_t wait_ns)
{
    if (m->stub[which] == NULL) {
        return;
    }
    uint64_t deadline_ns = m->now_ns + wait_ns;
    m->deadline_ns[which] = SYNFIN_NEVER;
    for (uint32_t i = 0; i < PAIRS; i++) {
        bool is_there = i != which && m->stub[i] != NULL && m->deadline_ns[i] != SYNFIN_NEVER
                        && m->stub[i]->queue == queue;
        deadline_ns = is_there && m->deadline_ns[i] > deadline_ns ? m->deadline_ns[i] : deadline_ns;
    }
    tcp_stub_wait(&m->stubs, m->stub[which], queue, m->now_ns + wait_ns);
    m->deadline_ns[which] = deadline_ns;
    uint64_t told_ns = tcp_stub_deadline(&m->stubs, m->stub[which]);
    fuzz_require(told_ns >= deadline_ns && told_ns - deadline_ns < TICK_NS);
}

static void advance(struct model *m, uint64_t ns)
{
    uint64_t before_ns = 0;
    struct tcp_stub *stub;
    m->now_ns += ns;
    wheel_advance(&m->wheel, m->now_ns);
    while (wheel_pop_due(&m->wheel) != NULL) {
        while ((stub = tcp_stub_due(&m->stubs, m->now_ns)) != NULL) {
            uint64_t *deadline_ns = &m->deadline_ns[stub->number];
            fuzz_require(m->stub[stub->number] == stub);
            fuzz_require(*deadline_ns <= m->now_ns && *deadline_ns + TICK_NS > before_ns);
            before_ns = *deadline_ns;
            *deadline_ns = SYNFIN_NEVER;
        }
    }
    uint64_t next_ns = wheel_model_first(m->deadline_ns, PAIRS);
    fuzz_require(next_ns == SYNFIN_NEVER || next_ns + TICK_NS > m->now_ns);
    fuzz_require(wheel_next_deadline(&m->wheel) <= next_ns + TICK_NS || next_ns == SYNFIN_NEVER);
}

static void run_step(struct model *m, struct fuzz_input *in)
{
    uint32_t choice = (uint32_t)fuzz_take(in, 1);
    uint32_t which = (uint32_t)fuzz_take(in, 1) % PAIRS;
    m->memory.fail_after = (choice & 0xe0) == 0 ? 0 : UINT32_MAX;
    switch (choice % 6) {
    case 0: turn_conn(m, which); break;
    case 1:
    case 2: turn_stub(m, which); break;
    case 3:
    case 4:
        wait_stub(m, which, choice / 6 % TCP_STUB_QUEUES,
                  fuzz_take(in, 2) * (TCP_STUB_WAIT_NS_MAX >> 16));
        break;
    default: advance(m, fuzz_take(in, 2) * 10000000); break;
    }
    find_conn(m, which);
    find_stub(m, which);
}

static void begin(struct model *m, struct fuzz_input *in)
{
    struct synfin_env env;
    memset(m, 0, sizeof *m);
    test_env_bind(&env, &m->memory, 1);
    slab_source_init(&m->source, &env, SIZE_MAX, 4096);
    m->now_ns = fuzz_take(in, 8) >> 2;
    wheel_init(&m->wheel, m->now_ns);
    m->key = (struct siphash_key){3, 4};
    m->tcp.memory = &m->source;
    m->tcp.table_key = m->key;
    fuzz_require(tcp_table_init(&m->tcp) == SYNFIN_ERROR_OK);
    tcp_stub_table_init(&m->stubs, &m->source, &m->wheel, &m->key, &m->addrs, STUBS_MAX);
    for (uint32_t i = 0; i < PAIRS; i++) {
        m->deadline_ns[i] = SYNFIN_NEVER;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct fuzz_input in = {data, size};
    begin(&m, &in);
    while (in.bytes > 0) {
        run_step(&m, &in);
    }
    uint32_t conns = 0;
    uint32_t stubs = 0;
    for (uint32_t i = 0; i < PAIRS; i++) {
        find_conn(&m, i);
        find_stub(&m, i);
        conns += m.conn[i].is_in_table;
        stubs += m.stub[i] != NULL;
    }
    fuzz_require(m.tcp.in_table == conns && m.stubs.pool.objects == stubs);
    tcp_stub_table_check(&m.stubs);
    tcp_stub_table_deinit(&m.stubs);
    tcp_table_deinit(&m.tcp);
    for (uint32_t i = 0; i < TCP_STUB_ADDRS_MAX; i++) {
        fuzz_require(m.addrs.uses[i] == 0);
    }
    fuzz_require(m.memory.slabs == 0 && m.source.taken_bytes == 0 && m.wheel.entries == 0);
    return 0;
}
