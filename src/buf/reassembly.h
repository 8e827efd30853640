// SPDX-License-Identifier: MIT
//
// Data that arrived out of order, kept until what is missing before it arrives: runs of octets,
// sorted, disjoint, never touching, each with its data in a stream of its own. When the gap is
// filled a run moves to the receive stream, and only chunks that are nearly empty are copied. What
// overlaps keeps the octets that came first. Runs and chunks per connection are limited, so the
// work per segment and the memory are too; what is refused was never acknowledged.
#ifndef SYNFIN_BUF_REASSEMBLY_H
#define SYNFIN_BUF_REASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/seq.h"
#include "base/slab.h"
#include "buf/stream.h"

struct reassembly_run {
    struct reassembly_run *next;
    struct reassembly_run *newer, *older; // in the order of their last change
    struct reassembly_run *newest;        // of all; only the first run knows it
    struct seq left; // of the first octet; the run's right edge is left + data.bytes
    struct stream data;
};

struct reassembly {
    struct reassembly_run *first, *last;
    uint32_t runs;
    uint32_t bytes;  // held in all runs
    uint32_t chunks; // held in all runs
};

// Memory of one stack and limits of one connection.
struct reassembly_memory {
    struct slab_pool *runs; // objects of struct reassembly_run
    struct chunk_pool *chunks;
    uint32_t runs_max, chunks_max;
};

enum reassembly_verdict {
    REASSEMBLY_KEPT,      // all that was new in it is held now
    REASSEMBLY_DUPLICATE, // all of it was held before
    REASSEMBLY_REFUSED,   // a limit or the pool: some or all of it is not held
};

struct reassembly_block {
    struct seq left, right;
};

void reassembly_init(struct reassembly *reassembly);
// Adds the octets of `text` at `left`; `text` lies within the receive window.
enum reassembly_verdict reassembly_insert(struct reassembly *reassembly,
                                          const struct reassembly_memory *memory, struct seq left,
                                          struct gather text);
// Moves what is in order at `next` behind `into`, and drops what lies before; returns how many
// octets were moved.
uint32_t reassembly_take(struct reassembly *reassembly, const struct reassembly_memory *memory,
                         struct seq next, struct stream *into);
// Forgets the run farthest from what is next, so that its memory can serve what comes before. Only
// when there is one. RFC 2018 §8: it was never acknowledged, and its sender still has it.
void reassembly_drop_last(struct reassembly *reassembly, const struct reassembly_memory *memory);
void reassembly_clear(struct reassembly *reassembly, const struct reassembly_memory *memory);
// Fills up to `max` blocks, the most recently changed run first (RFC 2018 §4); returns how many.
uint32_t reassembly_blocks(const struct reassembly *reassembly, struct reassembly_block *blocks,
                           uint32_t max);
// The first run that holds any of the `bytes` octets at `left`; NULL when none does.
const struct reassembly_run *reassembly_find(const struct reassembly *reassembly, struct seq left,
                                             uint32_t bytes);
// Walks everything: sorted, disjoint, not touching, counters equal a recount.
bool reassembly_check(const struct reassembly *reassembly);

#endif
