// SPDX-License-Identifier: MIT
//
// Steps that the tests about data share: opening with chosen options, and runs of segments.
#ifndef DATA_STEPS_H
#define DATA_STEPS_H

#include "lib/segment.h"

// A passive open by this SYN, whose window and timestamps the third segment repeats; accepted, and
// its events taken.
void steps_open(const struct segment *syn, struct segment_place at);
// An active open, round trip 40 ms; the first ten segments of 1,000 octets are acknowledged.
void steps_open_timed(bool is_paced, struct segment_place at);
// Expects the stream octets from `seq` to `end` in segments of `mss`, acknowledging 1; the last
// has PSH when `is_all`.
void steps_expect_run(uint32_t seq, uint32_t end, uint32_t mss, bool is_all,
                      struct segment_place at);
// A router says that it cannot reach the peer, about the segment with this number.
void steps_host_unreachable(uint32_t seq, struct segment_place at);
// The same test again from the beginning, with another stack.
void steps_begin_again(void **state);

#define OPEN(...)                     steps_open(&(struct segment){.flags = SYN, __VA_ARGS__}, HERE)
#define OPEN_TIMED(is_paced)          steps_open_timed((is_paced), HERE)
#define EXPECT_RUN(seq, end, mss)     steps_expect_run((seq), (end), (mss), false, HERE)
#define EXPECT_RUN_ALL(seq, end, mss) steps_expect_run((seq), (end), (mss), true, HERE)
#define HOST_UNREACHABLE(seq)         steps_host_unreachable((seq), HERE)
#define SEND_ACK(n)                   SEND(.flags = ACK, .seq = 1, .ack = (n))

#endif
