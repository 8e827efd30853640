// SPDX-License-Identifier: MIT
//
// Conversations made by hand for the ladder's tests: one call for each thing that a link or a
// stack would tell, and the comparison of what is drawn with a file under tests/golden/ladder.
// With SYNFIN_UPDATE_GOLDEN set in the environment the files are written instead.
#ifndef LADDER_SCRIPT_H
#define LADDER_SCRIPT_H

#include <synfin/ladder.h>

enum { SCRIPT_ISS_A = 1000, SCRIPT_ISS_B = 1852516353, SCRIPT_OUTPUT_MAX = 1 << 20 };

#define SCRIPT_UNDER_WAY (SYNFIN_NEVER - 1)

#define MS(n) ((uint64_t)(n)*1000000)

// A segment as the tests write it: numbers relative to the initial ones.
struct script_segment {
    enum synfin_link_side from;
    uint64_t t_ns;
    uint64_t delay_ns; // SYNFIN_NEVER: lost; SCRIPT_UNDER_WAY: neither lost nor arrived at the end
    uint16_t flags;
    uint32_t seq, ack;
    uint32_t bytes;
    enum synfin_fate fate;
    enum synfin_reason reason, fate_reason;
    uint16_t port; // of A; 0: 40000
};

struct script_output {
    size_t used;
    char text[SCRIPT_OUTPUT_MAX];
};

synfin_ladder *script_ladder(const struct synfin_ladder_config *config);
void script_send(synfin_ladder *ladder, const struct script_segment *segment);
// The receiver's stack says what it made of the segment.
void script_judge(synfin_ladder *ladder, const struct script_segment *segment,
                  enum synfin_trace_kind kind, enum synfin_reason reason);
void script_state(synfin_ladder *ladder, enum synfin_link_side side, uint64_t t_ns,
                  enum synfin_tcp_state to, enum synfin_reason reason);
void script_timer(synfin_ladder *ladder, enum synfin_link_side side, uint64_t armed_ns,
                  uint64_t fired_ns, enum synfin_tcp_timer timer);
void script_outcome(synfin_ladder *ladder, enum synfin_link_side side, uint64_t t_ns,
                    enum synfin_error error, enum synfin_reason reason);

// A handshake over a link of 20 ms, traced by both ends, from `t_ns` to 60 ms later.
void script_play_handshake(synfin_ladder *ladder, uint64_t t_ns);
// A SYN sent three times: lost, answered in vain, corrupted; then the client gives up. Only the
// client is traced.
void script_play_losses(synfin_ladder *ladder);

typedef void script_draw(const synfin_ladder *ladder, synfin_write_fn write, void *ctx);
// Draws into memory of the caller's, NUL-terminated.
void script_capture(const synfin_ladder *ladder, script_draw *draw, struct script_output *out);
// Draws and compares with the golden file `name`.
void script_expect_golden(const synfin_ladder *ladder, script_draw *draw, const char *name);

#endif
