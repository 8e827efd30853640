// SPDX-License-Identifier: MIT
//
// Peers that contradict themselves, as fuzz_stack_segments found them.
#include "lib/segment.h"

// What lay behind a gap when a FIN came from before it was kept, was selectively acknowledged at
// the very number that the acknowledgment named, and broke invariant 4 of the connection.
static void fin_before_data_that_was_kept_forgets_the_data(void **state)
{
    (void)state;
    LISTEN(1);
    SEND(.flags = SYN, .mss = 1460, .sack_ok = true);
    EXPECT(.flags = SYN | ACK, .ack = 1, .sack_ok = true);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    SEND(.flags = ACK, .seq = 2, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{2, 102}});
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2);
    IN_STATE(CLOSE_WAIT);
    READ(0);
}

// The same with a FIN that is out of order as well: the gap's filling went past it, octets from
// behind the end were read, and the end never came.
static void fin_inside_data_that_was_kept_ends_the_stream(void **state)
{
    (void)state;
    REACH(ESTABLISHED);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 141, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 101);
    IN_STATE(ESTABLISHED);
    READ(100);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 50);
    EXPECT(.flags = ACK, .seq = 1, .ack = 152);
    IN_STATE(CLOSE_WAIT);
    READ(50);
    READ(0);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(fin_before_data_that_was_kept_forgets_the_data),
    SEGMENT_TEST(fin_inside_data_that_was_kept_ends_the_stream),
};

SEGMENT_MAIN(tests)
