// SPDX-License-Identifier: MIT
//
// Counterexamples of the models (models/README.md says how they are written): how a protocol
// without one of its protections fails, step by step. Read from their text and drawn as a ladder.
#ifndef SYNFIN_CLI_LAB_MODEL_H
#define SYNFIN_CLI_LAB_MODEL_H

#include <stdbool.h>

#include <synfin/ladder.h>

enum { LAB_MODEL_LINE_MAX = 200 };

// The lines above the steps.
struct lab_model_head {
    char control[LAB_MODEL_LINE_MAX]; // its name
    char without[LAB_MODEL_LINE_MAX]; // which protection was taken away
    char fails[LAB_MODEL_LINE_MAX];   // which property does not hold then
    char model[LAB_MODEL_LINE_MAX];   // the model and its switches
};

// Feeds the steps to the ladder, one of those that count steps. False when the text is no
// counterexample; `wrong_line` is then the line's number.
bool lab_model_feed(const char *text, synfin_ladder *ladder, struct lab_model_head *head,
                    uint32_t *wrong_line);
// The text of one that scenarios tell of; NULL when it is none of those.
const char *lab_model_texts_find(const char *control);

#endif
