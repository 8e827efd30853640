// SPDX-License-Identifier: MIT
//
// No connection: RFC 9293 §3.10.7.1 and the first group of §3.5.2. Whatever comes is answered by
// a reset that its sender will take, but for a reset.
#include "lib/segment.h"

static void syn_without_listener_gets_rst_ack(void **state)
{
    (void)state;
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .seq = 0, .ack = bench.irs + 1,
           WHY(SEND_RST_NO_CONNECTION));
    REASON(DROP_NO_CONNECTION);
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

static void segment_without_ack_is_acknowledged_whole(void **state)
{
    (void)state;
    SEND(.flags = SYN | FIN, .data = 100);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .ack = bench.irs + 102);
    SEND(.flags = FIN, .data = 7);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .ack = bench.irs + 8);
    SEND(.flags = PSH);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .ack = bench.irs);
}

static void segment_with_ack_gets_rst_at_its_ack(void **state)
{
    static const uint16_t flags[] = {ACK, SYN | ACK, FIN | ACK, PSH | ACK, SYN | FIN | ACK};
    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        SEND(.flags = flags[i], .seq = 7, .ack = 1000, .data = (uint32_t)i);
        EXPECT(.flags = RST, .seq = 1000);
    }
    EXPECT_FREE();
}

static void reset_is_never_answered(void **state)
{
    (void)state;
    SEND(.flags = RST, .seq = 5);
    REASON(DROP_RST_NO_CONNECTION);
    SEND(.flags = RST | ACK, .seq = 5, .ack = 9);
    REASON(DROP_RST_NO_CONNECTION);
    SEND(.flags = RST | SYN);
    SEND(.flags = RST | ACK, .seq = 1, .ack = 1, .data = 30);
    EXPECT_NOTHING();
}

static void reset_reaches_the_sender_in_syn_sent(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN, .mss = bench.version == 4 ? 1460 : 1440);
    SEND(.flags = RST | ACK, .ack = 1);
    EVENT_CLOSED(REFUSED);
    IN_STATE(CLOSED);
    CLOSE();
    EXPECT_FREE();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(syn_without_listener_gets_rst_ack),
    SEGMENT_TEST(segment_without_ack_is_acknowledged_whole),
    SEGMENT_TEST(segment_with_ack_gets_rst_at_its_ack),
    SEGMENT_TEST(reset_is_never_answered),
    SEGMENT_TEST(reset_reaches_the_sender_in_syn_sent),
};
SEGMENT_MAIN(tests)
