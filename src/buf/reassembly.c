// SPDX-License-Identifier: MIT
//
// Out-of-order data in runs. A segment is laid over the runs from left to right, alternately
// filling a gap and skipping what a run holds already:
//
//     runs      [aaaa]      [bbbb]    [cccc]
//     segment      ssssssssssssssssssss
//     filled         ^^^^^^       ^^^^        and the three runs become one
//
// A gap is filled by appending to the run that ends where it begins, else by lengthening the run
// that begins where it ends, else by a new run; a run that comes to touch the next one takes that
// one in. So runs never overlap and never touch, and only what touches nothing costs a run.
#include "buf/reassembly.h"

#include <stddef.h>

#include "base/check.h"

void reassembly_init(struct reassembly *reassembly)
{
    *reassembly = (struct reassembly){.first = NULL};
}

static struct seq right_of(const struct reassembly_run *run)
{
    return seq_add(run->left, run->data.bytes);
}

// Takes a run out of the order of changes.
static void forget_change(struct reassembly *reassembly, const struct reassembly_run *run)
{
    struct reassembly_run *first = reassembly->first;
    if (run->older != NULL) {
        run->older->newer = run->newer;
    }
    if (run->newer != NULL) {
        run->newer->older = run->older;
    } else {
        first->newest = run->older;
    }
}

static void put_newest(struct reassembly *reassembly, struct reassembly_run *run)
{
    struct reassembly_run *first = reassembly->first;
    run->newer = NULL;
    run->older = first->newest;
    if (run->older != NULL) {
        run->older->newer = run;
    }
    first->newest = run;
}

// The run has changed just now.
static void touch(struct reassembly *reassembly, struct reassembly_run *run)
{
    if (reassembly->first->newest != run) {
        forget_change(reassembly, run);
        put_newest(reassembly, run);
    }
}

// The last run that begins at or before `left`; NULL when there is none. Segments mostly arrive
// behind everything else, where no search is needed.
static struct reassembly_run *find_before(const struct reassembly *reassembly, struct seq left)
{
    if (reassembly->last != NULL && seq_le(reassembly->last->left, left)) {
        return reassembly->last;
    }
    struct reassembly_run *before = NULL;
    for (struct reassembly_run *run = reassembly->first; run != NULL && seq_le(run->left, left);
         run = run->next) {
        before = run;
    }
    return before;
}

// Puts an empty run at `left` behind `before`; NULL at the limit or when the pool is empty.
static struct reassembly_run *add_run(struct reassembly *reassembly,
                                      const struct reassembly_memory *memory,
                                      struct reassembly_run *before, struct seq left)
{
    if (reassembly->runs >= memory->runs_max) {
        return NULL;
    }
    struct reassembly_run *run = slab_pool_take_raw(memory->runs, NULL);
    if (run == NULL) {
        return NULL;
    }
    struct reassembly_run **link = before != NULL ? &before->next : &reassembly->first;
    *run = (struct reassembly_run){.next = *link, .left = left};
    stream_init(&run->data);
    run->newest = before == NULL && run->next != NULL ? run->next->newest : NULL;
    *link = run;
    put_newest(reassembly, run);
    if (run->next == NULL) {
        reassembly->last = run;
    }
    reassembly->runs++;
    return run;
}

// Takes the run behind `before` (NULL: the first one) off the list and frees it; its data is gone.
static void remove_behind(struct reassembly *reassembly, const struct reassembly_memory *memory,
                          struct reassembly_run *before)
{
    struct reassembly_run **link = before != NULL ? &before->next : &reassembly->first;
    struct reassembly_run *run = *link;
    forget_change(reassembly, run);
    if (before == NULL && run->next != NULL) {
        run->next->newest = run->newest;
    }
    *link = run->next;
    if (run->next == NULL) {
        reassembly->last = before;
    }
    reassembly->runs--;
    slab_pool_give(memory->runs, run);
}

// Octets that may be appended to `data` within the connection's limit of chunks.
static uint32_t room_for(const struct reassembly *reassembly,
                         const struct reassembly_memory *memory, const struct stream *data)
{
    uint32_t capacity = memory->chunks->capacity;
    uint32_t room = data->last != NULL ? capacity - data->last->end : 0;
    uint32_t chunks =
        memory->chunks_max > reassembly->chunks ? memory->chunks_max - reassembly->chunks : 0;
    uint64_t bytes = (uint64_t)chunks * capacity + room;
    return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

// Appends the first `bytes` octets of `text` to a run's data; false when that was not possible
// for all of them.
static bool append(struct reassembly *reassembly, const struct reassembly_memory *memory,
                   struct stream *data, struct gather *text, uint32_t bytes)
{
    uint32_t room = room_for(reassembly, memory, data);
    uint32_t chunks = data->chunks;
    uint32_t appended = stream_append(data, memory->chunks, text, bytes < room ? bytes : room);
    reassembly->chunks += data->chunks - chunks;
    reassembly->bytes += appended;
    return appended == bytes;
}

// Fills the gap behind `run` with `bytes` octets, and joins the next run when that closes the gap.
static bool lengthen_right(struct reassembly *reassembly, const struct reassembly_memory *memory,
                           struct reassembly_run *run, struct gather *text, uint32_t bytes)
{
    touch(reassembly, run);
    if (!append(reassembly, memory, &run->data, text, bytes)) {
        return false;
    }
    if (run->next != NULL && seq_eq(right_of(run), run->next->left)) {
        uint32_t chunks = run->data.chunks + run->next->data.chunks;
        stream_join(&run->data, memory->chunks, &run->next->data);
        reassembly->chunks -= chunks - run->data.chunks;
        remove_behind(reassembly, memory, run);
    }
    return true;
}

// Puts `bytes` octets right before the run. All or nothing: a part would need a run of its own.
static bool lengthen_left(struct reassembly *reassembly, const struct reassembly_memory *memory,
                          struct reassembly_run *run, struct gather *text, uint32_t bytes)
{
    struct stream data;
    stream_init(&data);
    if (!append(reassembly, memory, &data, text, bytes)) {
        reassembly->chunks -= data.chunks;
        reassembly->bytes -= data.bytes;
        stream_clear(&data, memory->chunks);
        return false;
    }
    uint32_t chunks = data.chunks + run->data.chunks;
    stream_join(&data, memory->chunks, &run->data);
    reassembly->chunks -= chunks - data.chunks;
    run->data = data;
    run->left = seq_sub(run->left, bytes);
    touch(reassembly, run);
    return true;
}

// Fills the gap that begins at `left`, behind `before`, with the front of `text`, up to the next
// run. Returns the run that now holds it, or NULL when a limit or a pool kept some of it out.
static struct reassembly_run *fill_gap(struct reassembly *reassembly,
                                       const struct reassembly_memory *memory,
                                       struct reassembly_run *before, struct seq left,
                                       struct gather *text)
{
    if (before != NULL && seq_eq(right_of(before), left)) {
        uint32_t bytes = text->bytes;
        if (before->next != NULL && seq_distance(left, before->next->left) < bytes) {
            bytes = seq_distance(left, before->next->left);
        }
        return lengthen_right(reassembly, memory, before, text, bytes) ? before : NULL;
    }
    struct reassembly_run *next = before != NULL ? before->next : reassembly->first;
    if (next != NULL && seq_distance(left, next->left) <= text->bytes) {
        uint32_t bytes = seq_distance(left, next->left);
        return lengthen_left(reassembly, memory, next, text, bytes) ? next : NULL;
    }
    struct reassembly_run *run = add_run(reassembly, memory, before, left);
    if (run == NULL) {
        return NULL;
    }
    bool is_whole = lengthen_right(reassembly, memory, run, text, text->bytes);
    if (run->data.bytes == 0) {
        remove_behind(reassembly, memory, before);
    }
    return is_whole ? run : NULL;
}

// Takes off the front of `text` what `run` holds already; returns how many octets that was.
static uint32_t skip_held(struct reassembly *reassembly, struct reassembly_run *run,
                          struct seq left, struct gather *text)
{
    if (!seq_lt(left, right_of(run))) {
        return 0;
    }
    uint32_t overlap = seq_distance(left, right_of(run));
    overlap = overlap < text->bytes ? overlap : text->bytes;
    gather_trim_left(text, overlap);
    // RFC 2018 §4: the first block is the one that holds the segment that arrived last, also when
    // that brought nothing new.
    touch(reassembly, run);
    return overlap;
}

enum reassembly_verdict reassembly_insert(struct reassembly *reassembly,
                                          const struct reassembly_memory *memory, struct seq left,
                                          struct gather text)
{
    enum reassembly_verdict verdict = REASSEMBLY_DUPLICATE;
    struct reassembly_run *run = find_before(reassembly, left);
    while (text.bytes > 0) {
        if (run != NULL) {
            left = seq_add(left, skip_held(reassembly, run, left, &text));
        }
        if (text.bytes == 0) {
            break;
        }
        uint32_t bytes = text.bytes;
        run = fill_gap(reassembly, memory, run, left, &text);
        if (run == NULL) {
            verdict = REASSEMBLY_REFUSED;
            break;
        }
        verdict = REASSEMBLY_KEPT;
        left = seq_add(left, bytes - text.bytes);
    }
    ASSERT_SLOW(reassembly_check(reassembly));
    return verdict;
}

uint32_t reassembly_take(struct reassembly *reassembly, const struct reassembly_memory *memory,
                         struct seq next, struct stream *into)
{
    uint32_t moved = 0;
    for (struct reassembly_run *run; (run = reassembly->first) != NULL;) {
        if (seq_gt(run->left, next)) {
            break;
        }
        reassembly->bytes -= run->data.bytes;
        reassembly->chunks -= run->data.chunks;
        uint32_t before = seq_distance(run->left, next);
        if (before < run->data.bytes) {
            stream_drop(&run->data, memory->chunks, before);
            moved += run->data.bytes;
            next = seq_add(next, run->data.bytes);
            stream_join(into, memory->chunks, &run->data);
        } else {
            stream_clear(&run->data, memory->chunks);
        }
        remove_behind(reassembly, memory, NULL);
    }
    ASSERT_SLOW(reassembly_check(reassembly));
    return moved;
}

void reassembly_drop_last(struct reassembly *reassembly, const struct reassembly_memory *memory)
{
    struct reassembly_run *before = NULL;
    struct reassembly_run *run = reassembly->first;
    ASSERT(run != NULL);
    for (; run->next != NULL; run = run->next) {
        before = run;
    }
    reassembly->bytes -= run->data.bytes;
    reassembly->chunks -= run->data.chunks;
    stream_clear(&run->data, memory->chunks);
    remove_behind(reassembly, memory, before);
}

void reassembly_clear(struct reassembly *reassembly, const struct reassembly_memory *memory)
{
    while (reassembly->first != NULL) {
        stream_clear(&reassembly->first->data, memory->chunks);
        remove_behind(reassembly, memory, NULL);
    }
    reassembly_init(reassembly);
}

uint32_t reassembly_blocks(const struct reassembly *reassembly, struct reassembly_block *blocks,
                           uint32_t max)
{
    uint32_t count = 0;
    const struct reassembly_run *run = reassembly->first != NULL ? reassembly->first->newest : NULL;
    for (; run != NULL && count < max; run = run->older) {
        blocks[count++] = (struct reassembly_block){run->left, right_of(run)};
    }
    return count;
}

const struct reassembly_run *reassembly_find(const struct reassembly *reassembly, struct seq left,
                                             uint32_t bytes)
{
    struct seq right = seq_add(left, bytes);
    if (bytes == 0 || reassembly->last == NULL || seq_ge(left, right_of(reassembly->last))) {
        return NULL; // behind everything, as most segments are
    }
    for (const struct reassembly_run *run = reassembly->first;
         run != NULL && seq_lt(run->left, right); run = run->next) {
        if (seq_lt(left, right_of(run))) {
            return run;
        }
    }
    return NULL;
}

// Runs in the order of their changes, each once; 0 when the links are wrong.
static uint32_t count_changed(const struct reassembly *reassembly)
{
    uint32_t count = 0;
    const struct reassembly_run *newer = NULL;
    const struct reassembly_run *run = reassembly->first != NULL ? reassembly->first->newest : NULL;
    for (; run != NULL && count <= reassembly->runs; run = run->older) {
        if (run->newer != newer) {
            return 0;
        }
        newer = run;
        count++;
    }
    return count;
}

bool reassembly_check(const struct reassembly *reassembly)
{
    uint32_t runs = 0;
    uint32_t bytes = 0;
    uint32_t chunks = 0;
    const struct reassembly_run *last = NULL;
    for (const struct reassembly_run *run = reassembly->first; run != NULL; run = run->next) {
        if (run->data.bytes == 0 || (last != NULL && !seq_lt(right_of(last), run->left))) {
            return false;
        }
        runs++;
        bytes += run->data.bytes;
        chunks += run->data.chunks;
        last = run;
    }
    return runs == reassembly->runs && count_changed(reassembly) == runs
           && bytes == reassembly->bytes && chunks == reassembly->chunks
           && last == reassembly->last;
}
