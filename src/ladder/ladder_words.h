// SPDX-License-Identifier: MIT
//
// The phrases that all three forms of a ladder share, and the sink through which they write.
#ifndef SYNFIN_LADDER_WORDS_H
#define SYNFIN_LADDER_WORDS_H

#include "ladder/ladder_model.h"

enum { LADDER_PHRASE_MAX = 512 };

// A phrase being built; what does not fit is cut.
struct ladder_phrase {
    size_t used;
    char text[LADDER_PHRASE_MAX];
};

__attribute__((format(printf, 2, 3))) void ladder_words_add(struct ladder_phrase *phrase,
                                                            const char *format, ...);
// A point in time or its distance from the ladder's beginning: "0", "20 ms", "1.000 s".
void ladder_words_add_time(struct ladder_phrase *phrase, uint64_t ns);
// When something was: its distance from the ladder's beginning, or "step 4".
void ladder_words_add_moment(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                             uint64_t t_ns);
// "#2 " where the ladder shows several connections.
void ladder_words_add_flow(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                           uint32_t flow);
// A sequence number: relative, and with `has_absolute` as on the wire; one of another life and
// those of a model only as on the wire.
void ladder_words_add_seq(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                          const struct ladder_segment *segment, bool has_absolute);
// How long something took, without needless zeros: "1 s", "1.5 s", "250 ms".
void ladder_words_add_span(struct ladder_phrase *phrase, uint64_t ns);
// "1,034,240".
void ladder_words_add_number(struct ladder_phrase *phrase, uint64_t number);
// "SYN,ACK", in RFC 9293's manner; "none" when no flag is set.
void ladder_words_add_flags(struct ladder_phrase *phrase, uint16_t flags);
// "2nd", "3rd", "11th".
void ladder_words_add_ordinal(struct ladder_phrase *phrase, uint32_t number);
// What stands on a segment's arrow: flags, which try it is, numbers relative to the initial ones
// and, with `has_absolute`, as on the wire, and the payload's length. A packet's line otherwise.
void ladder_words_add_label(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                            const struct ladder_record *record, bool has_absolute);
// The reason's text and clause, nothing when it is not known; the spaces of the clause do not
// break (U+00A0).
void ladder_words_add_reason(struct ladder_phrase *phrase, enum synfin_reason reason);
// The window and options of a SYN, a closed window, urgent data, SACK blocks (relative).
void ladder_words_add_options(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                              const struct ladder_segment *segment);
// One word for an outcome: "connected", "closed", "refused", "timed-out", "reset".
void ladder_words_add_outcome(struct ladder_phrase *phrase, const struct ladder_record *result);
// "waits 2 s for an answer (retransmission timer)".
void ladder_words_add_wait(struct ladder_phrase *phrase, const struct ladder_record *timer);
// "712 segments from server, 1,034,240 octets; 356 acknowledgments from client; ...".
void ladder_words_add_fold(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                           const struct ladder_fold *fold);
const char *ladder_words_fate(enum synfin_fate fate);

// Where the bytes of a form go; after the first refusal nothing more is tried.
struct ladder_sink {
    synfin_write_fn write;
    void *ctx;
    bool has_failed;
};

void ladder_words_put(struct ladder_sink *sink, const char *text);
__attribute__((format(printf, 2, 3))) void ladder_words_print(struct ladder_sink *sink,
                                                              const char *format, ...);

#endif
