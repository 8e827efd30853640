// SPDX-License-Identifier: MIT
//
// What is to be drawn, in order: each segment becomes its sending and its arrival, between which
// other things may happen; long runs of data become one item; what says nothing new goes. The
// text and the SVG form draw the same items.
#ifndef SYNFIN_LADDER_ITEMS_H
#define SYNFIN_LADDER_ITEMS_H

#include "ladder/ladder_model.h"

enum ladder_item_kind {
    LADDER_ITEM_SEND,
    LADDER_ITEM_ARRIVE,
    LADDER_ITEM_VERDICT, // what the receiver made of a segment, where that is worth a line
    LADDER_ITEM_STATE,
    LADDER_ITEM_WAIT,
    LADDER_ITEM_NOTE,
    LADDER_ITEM_RESULT,
    LADDER_ITEM_FOLD,
};

struct ladder_item {
    enum ladder_item_kind kind;
    // Others come between the sending and the arrival, so that both must be shown.
    bool is_crossing;
    uint64_t t_ns;
    size_t position; // the record before (or, for all but arrivals, at) which it stands
    size_t record;   // what it shows; FOLD: index into folds
};

struct ladder_items {
    struct ladder_item *item;
    size_t used;
    struct ladder_fold *fold;
    size_t folds;
};

// Errors: NO_MEMORY.
SYNFIN_MUST_USE enum synfin_error ladder_items_build(const synfin_ladder *ladder,
                                                     struct ladder_items *out);
void ladder_items_free(struct ladder_items *items);

#endif
