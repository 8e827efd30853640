// SPDX-License-Identifier: MIT
//
// Sets of sequence numbers and the queue of what arrived out of order, side by side over the wrap
// of 2^32: any segments in any order, limits that refuse, trims, memory that fails. The model is an
// array that knows of each place whether it is held, and which octet came first.
#include <string.h>

#include "base/ranges.h"
#include "buf/reassembly.h"
#include "fuzz_input.h"
#include "lib/test_env.h"

enum { SPACE = 128, CHUNK_BYTES = 16, RUNS_MAX = 8, CHUNKS_MAX = 16, SEGMENT_MAX = 24 };

struct model {
    struct test_env env;
    struct slab_source source;
    struct slab_pool nodes, runs;
    struct chunk_pool chunks;
    struct reassembly_memory memory;
    struct ranges ranges;
    struct reassembly queue;
    uint32_t base, next; // next: what is in order begins at base + next
    bool in_ranges[SPACE];
    int16_t octet[SPACE]; // -1: not held by the queue
};

static void check_ranges(const struct model *m)
{
    uint32_t bytes = 0, count = 0;
    for (uint32_t i = 0; i < SPACE; i++) {
        struct seq at = seq_make(m->base + i);
        fuzz_require(ranges_contains(&m->ranges, at, seq_add(at, 1)) == m->in_ranges[i]);
        bytes += m->in_ranges[i];
        count += m->in_ranges[i] && (i == 0 || !m->in_ranges[i - 1]);
    }
    fuzz_require(ranges_bytes(&m->ranges) == bytes && m->ranges.count == count);
}

static uint32_t held(const struct model *m)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < SPACE; i++) {
        bytes += m->octet[i] >= 0;
    }
    return bytes;
}

// What was refused may be held in part: the queue says which part.
static void learn_refused(struct model *m, uint32_t left, const uint8_t *octets, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        bool is_held = reassembly_find(&m->queue, seq_make(m->base + left + i), 1) != NULL;
        fuzz_require(is_held || m->octet[left + i] < 0);
        if (is_held && m->octet[left + i] < 0) {
            m->octet[left + i] = octets[i];
        }
    }
}

static void insert(struct model *m, struct fuzz_input *in)
{
    uint8_t octets[SEGMENT_MAX];
    struct gather text;
    uint32_t left = m->next + 1 + (uint32_t)fuzz_take(in, 2) % (SPACE - SEGMENT_MAX);
    uint32_t bytes = 1 + (uint32_t)fuzz_take(in, 1) % SEGMENT_MAX;
    uint8_t first = (uint8_t)fuzz_take(in, 1);
    bytes = left + bytes <= SPACE ? bytes : left < SPACE ? SPACE - left : 0;
    if (bytes == 0) {
        return;
    }
    bool is_known = true;
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = (uint8_t)(first + i);
        is_known = is_known && m->octet[left + i] >= 0;
    }
    gather_of_octets(&text, octets, bytes);
    enum reassembly_verdict verdict =
        reassembly_insert(&m->queue, &m->memory, seq_make(m->base + left), text);
    fuzz_require(is_known == (verdict == REASSEMBLY_DUPLICATE));
    learn_refused(m, left, octets, bytes);
    for (uint32_t i = 0; i < bytes && verdict == REASSEMBLY_KEPT; i++) {
        fuzz_require(m->octet[left + i] >= 0);
    }
    fuzz_require(reassembly_check(&m->queue) && m->queue.bytes == held(m));
    fuzz_require(m->queue.runs <= RUNS_MAX && m->queue.chunks <= CHUNKS_MAX);
}

// The octets from `next` on arrive at last: all that follows them without a gap comes out.
static void take(struct model *m, uint32_t next)
{
    struct stream into;
    uint8_t octet;
    stream_init(&into);
    uint32_t bytes = reassembly_take(&m->queue, &m->memory, seq_make(m->base + next), &into);
    fuzz_require(bytes == into.bytes);
    memset(m->octet, -1, next * sizeof m->octet[0]);
    for (uint32_t i = 0; i < bytes; i++) {
        fuzz_require(stream_read(&into, &m->chunks, &octet, 1) == 1);
        fuzz_require(octet == m->octet[next + i]);
        m->octet[next + i] = -1;
    }
    m->next = next + bytes;
    fuzz_require(m->next == SPACE || m->octet[m->next] < 0);
    fuzz_require(reassembly_check(&m->queue) && m->queue.bytes == held(m));
}

static void run_step(struct model *m, struct fuzz_input *in)
{
    uint32_t choice = (uint32_t)fuzz_take(in, 1);
    m->env.fail_after = (choice & 0x80) != 0 ? 0 : UINT32_MAX;
    uint32_t left = (uint32_t)fuzz_take(in, 2) % SPACE;
    uint32_t right = left + (uint32_t)fuzz_take(in, 1) % (SPACE - left);
    switch (choice % 8) {
    case 0:
        ranges_trim_left(&m->ranges, &m->nodes, seq_make(m->base + left));
        memset(m->in_ranges, 0, left);
        break;
    case 1:
    case 2:
    case 3:
        if (ranges_add(&m->ranges, &m->nodes, seq_make(m->base + left), seq_make(m->base + right),
                       RUNS_MAX)) {
            memset(m->in_ranges + left, 1, right - left);
        }
        break;
    case 4: take(m, left > m->next ? left : m->next); break;
    default: insert(m, in); break;
    }
    if (in->bytes % 16 == 0) {
        check_ranges(m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct synfin_env env;
    struct fuzz_input in = {data, size};
    memset(&m, 0, sizeof m);
    memset(m.octet, -1, sizeof m.octet);
    test_env_bind(&env, &m.env, 1);
    slab_source_init(&m.source, &env, SIZE_MAX, 1024);
    slab_pool_init(&m.nodes, &m.source, sizeof(struct ranges_node), UINT32_MAX);
    slab_pool_init(&m.runs, &m.source, sizeof(struct reassembly_run), UINT32_MAX);
    chunk_pool_init(&m.chunks, &m.source, CHUNK_BYTES);
    m.memory = (struct reassembly_memory){&m.runs, &m.chunks, RUNS_MAX, CHUNKS_MAX};
    m.base = UINT32_MAX - (uint32_t)fuzz_take(&in, 2) % (2 * SPACE);
    while (in.bytes > 0) {
        run_step(&m, &in);
    }
    ranges_clear(&m.ranges, &m.nodes);
    reassembly_clear(&m.queue, &m.memory);
    slab_pool_deinit(&m.nodes);
    slab_pool_deinit(&m.runs);
    chunk_pool_deinit(&m.chunks);
    fuzz_require(m.env.slabs == 0 && m.env.bytes == 0);
    return 0;
}
