// SPDX-License-Identifier: MIT
//
// Listeners: RFC 9293 §3.10.7.2, who may be answered, and what listeners and connections of one
// port have to do with each other.
#include "lib/segment.h"

static const char *pick(const char *v4, const char *v6)
{
    return bench.version == 4 ? v4 : v6;
}

// RFC 9293 §3.7.1 [MUST-14, MUST-67, SHLD-5]
static void syn_is_answered_by_syn_ack_and_the_listener_stays(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460);
    REASON(RECEIVED_SYN);
    EXPECT(.flags = SYN | ACK, .ack = 1, .mss = bench.version == 4 ? 1460 : 1440, .window = 65535,
           WHY(SEND_SYN_ACK));
    IN_STATE(SYN_RECEIVED);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_LISTEN), 1);
    SEND(.flags = SYN, .mss = 1460, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_SYN_RECEIVED), 2);
}

static void syn_options_are_taken_only_when_offered(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1000, .wscale = SHIFT(3), .sack_ok = true, .ts = TS(77, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .wscale = SHIFT(4), .sack_ok = true, .ts = TS(0, 77));
    SEND(.flags = SYN, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
    CHECK(bench.last.wscale < 0 && !bench.last.sack_permitted && !bench.last.has_timestamps);
}

static void reset_is_ignored(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = RST, .seq = 0);
    REASON(DROP_RST_LISTEN);
    SEND(.flags = RST | ACK, .seq = 0, .ack = 1);
    REASON(DROP_RST_LISTEN);
    SEND(.flags = RST | SYN | ACK | FIN, .seq = 0, .ack = 1, .data = 5);
    EXPECT_NOTHING();
    IN_STATE(LISTEN);
}

static void acknowledgment_gets_reset_at_its_number(void **state)
{
    static const uint16_t flags[] = {ACK, SYN | ACK, FIN | ACK, PSH | ACK, URG | ACK};
    (void)state;
    LISTEN(4);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        SEND(.flags = flags[i], .seq = 3, .ack = 99, .data = (uint32_t)i);
        EXPECT(.flags = RST, .seq = 99, WHY(SEND_RST_LISTEN_ACK));
    }
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

// hist/84: SYN+FIN, XMAS and the like cost nothing.
static void hist_84_every_combination_of_flags(void **state)
{
    (void)state;
    LISTEN(64);
    for (uint16_t flags = 0; flags < 64; flags++) {
        uint16_t port = (uint16_t)(41000 + flags);
        SEND(.flags = flags, .ack = 9, .peer_port = port);
        if ((flags & RST) != 0) {
            EXPECT_NOTHING();
        } else if ((flags & ACK) != 0) {
            EXPECT(.flags = RST, .seq = 9, .peer_port = port);
        } else if ((flags & (SYN | FIN)) == SYN) {
            EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = port);
            SEND(.flags = RST, .seq = 1, .peer_port = port);
        } else {
            EXPECT_NOTHING();
        }
    }
    EXPECT_FREE();
}

// The text is left for the peer to send again, once the handshake is complete.
static void data_with_the_syn_is_not_lost(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .data = 0, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 50);
    ACCEPT();
    READ(50);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 51);
}

static void syn_with_data_acknowledges_the_syn_alone(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .data = 20, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    size_t received;
    RESULT(segment_user_recv(100, &received), AGAIN);
}

// RFC 9293 §3.9.1.1 [MUST-41]
static void second_listener_of_the_port_disturbs_nothing(void **state)
{
    synfin_socket second;
    (void)state;
    OPEN_PASSIVE();
    struct synfin_endpoint local = {.addr = bench.ours, .port = bench.stack_port};
    RESULT(synfin_socket_open(bench.stack, &second), OK);
    RESULT(synfin_socket_bind(bench.stack, second, &local), IN_USE);
    local.addr = (struct synfin_addr){{0}};
    RESULT(synfin_socket_bind(bench.stack, second, &local), IN_USE);
    RESULT(synfin_socket_listen(bench.stack, second, 1, bench.now_ns), INVALID);
    IN_STATE(ESTABLISHED);
    SEND(.flags = SYN, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
}

// RFC 9293 §3.9.1.1 [MUST-42]
static void port_is_listened_to_while_a_connection_of_it_opens(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    LISTEN(4);
    SEND(.flags = SYN, .peer_port = 9999);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 9999);
    SEND(.flags = SYN); // the peer of the one that opens actively: simultaneous open
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_SYN_RECEIVED), 2);
}

// RFC 9293 §3.9.1.1 [MUST-43, MUST-45]
static void answer_comes_from_the_address_that_was_asked(void **state)
{
    struct synfin_addr other;
    (void)state;
    segment_add_addr(pick("192.0.2.9", "2001:db8::9"), &other);
    struct synfin_addr first = bench.ours;
    bench.ours = (struct synfin_addr){{0}};
    LISTEN(4);
    bench.ours = first;
    SEND(.flags = SYN, .to = &other);
    EXPECT(.flags = SYN | ACK, .ack = 1, .from = &other);
    SEND(.flags = SYN, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
}

// RFC 9293 §3.9.1.1 [MUST-43]
static void listener_of_one_address_does_not_hear_another(void **state)
{
    struct synfin_addr other;
    (void)state;
    segment_add_addr(pick("192.0.2.9", "2001:db8::9"), &other);
    LISTEN(4);
    SEND(.flags = SYN, .to = &other);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .ack = bench.irs + 1, .from = &other);
    IN_STATE(LISTEN);
}

// RFC 9293 §3.9.2.3 [MUST-57]
static void syn_to_a_group_is_discarded_silently(void **state)
{
    static const char *const v4[] = {"224.0.0.1", "239.1.2.3", "255.255.255.255", "192.0.2.255"};
    static const char *const v6[] = {"ff02::1", "ff05::2", "ff0e::1", "::"};
    (void)state;
    struct synfin_addr ours = bench.ours;
    segment_wait_for_iss();
    bench.ours = (struct synfin_addr){{0}};
    LISTEN(4);
    bench.ours = ours;
    for (size_t i = 0; i < 4; i++) {
        struct synfin_addr to;
        RESULT(synfin_addr_parse(pick(v4[i], v6[i]), &to), OK);
        SEND(.flags = SYN, .to = &to);
        SEND(.flags = ACK, .to = &to, .ack = 1);
        EXPECT_NOTHING();
    }
    EXPECT_FREE();
}

// RFC 9293 §3.9.2.3 [MUST-63]; hist/68: a peer that cannot be answered.
static void hist_68_syn_from_an_impossible_source_is_ignored(void **state)
{
    static const char *const v4[] = {"0.0.0.0",         "127.0.0.1",   "224.0.0.1",
                                     "255.255.255.255", "192.0.2.255", "240.0.0.1"};
    static const char *const v6[] = {"::", "::1", "ff02::1", "ff0e::1", "ff02::2", "::"};
    (void)state;
    LISTEN(4);
    for (size_t i = 0; i < 6; i++) {
        struct synfin_addr from;
        RESULT(synfin_addr_parse(pick(v4[i], v6[i]), &from), OK);
        SEND(.flags = SYN, .from = &from);
        SEND(.flags = ACK, .ack = 5, .from = &from);
        EXPECT_NOTHING();
    }
    SEND(.flags = SYN, .from = &bench.ours);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// hist/86: LAND, a SYN from the listener to itself.
static void hist_86_syn_from_the_listener_itself_is_dropped(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .from = &bench.ours, .peer_port = 80);
    SEND(.flags = SYN | ACK, .ack = 1, .from = &bench.ours, .peer_port = 80);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void port_zero_is_dropped(void **state)
{
    (void)state;
    LISTEN(4);
    bench.peer_port = 0;
    SEND(.flags = SYN);
    REASON(DROP_TCP_PORT_ZERO);
    EXPECT_NOTHING();
}

// RFC 9293 §3.1 [MUST-3]
static void bad_checksum_is_dropped_silently(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .has_bad_checksum = true);
    REASON(DROP_TCP_CHECKSUM);
    EXPECT_NOTHING();
    IN_STATE(LISTEN);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(syn_is_answered_by_syn_ack_and_the_listener_stays),
    SEGMENT_TEST(syn_options_are_taken_only_when_offered),
    SEGMENT_TEST(reset_is_ignored),
    SEGMENT_TEST(acknowledgment_gets_reset_at_its_number),
    SEGMENT_TEST(hist_84_every_combination_of_flags),
    SEGMENT_TEST(data_with_the_syn_is_not_lost),
    SEGMENT_TEST(syn_with_data_acknowledges_the_syn_alone),
    SEGMENT_TEST(second_listener_of_the_port_disturbs_nothing),
    SEGMENT_TEST(port_is_listened_to_while_a_connection_of_it_opens),
    SEGMENT_TEST(answer_comes_from_the_address_that_was_asked),
    SEGMENT_TEST(listener_of_one_address_does_not_hear_another),
    SEGMENT_TEST(syn_to_a_group_is_discarded_silently),
    SEGMENT_TEST(hist_68_syn_from_an_impossible_source_is_ignored),
    SEGMENT_TEST(hist_86_syn_from_the_listener_itself_is_dropped),
    SEGMENT_TEST(port_zero_is_dropped),
    SEGMENT_TEST(bad_checksum_is_dropped_silently),
};
SEGMENT_MAIN_TWICE(tests)
