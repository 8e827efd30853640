// SPDX-License-Identifier: MIT
//
// What comes in: text trimmed at both edges of the window, kept when it is out of order, and a
// window that is shut but not deaf.
#include "data_steps.h"

enum { BUFFER = 2000 };

static void open_small_buffer(void)
{
    segment_config()->receive_buffer_bytes = BUFFER;
    OPEN(.mss = 1460);
}

static void fill_window(void)
{
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
}

static void data_in_order_reaches_the_reader(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EVENT(READABLE);
    READ(100);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 101);
}

// Every way in which a segment can lie to a run that is held: both edges at, before and behind
// each of the run's, and beside it. Afterwards the stream is whole.
static void each_overlap_with_a_held_run_leaves_the_stream_whole(void **state)
{
    static const uint32_t edges[] = {1, 2, 150, 200, 201, 202, 250, 299, 300, 301, 302, 350, 500};
    enum { EDGES = sizeof edges / sizeof edges[0] };
    for (uint32_t i = 0; i < EDGES * EDGES; i++) {
        uint32_t left = edges[i / EDGES];
        uint32_t right = edges[i % EDGES];
        if (left >= right) {
            continue;
        }
        steps_begin_again(state);
        OPEN(.mss = 1460);
        SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_ACK_OUT_OF_ORDER));
        SEND(.flags = ACK, .seq = left, .ack = 1, .data = right - left);
        uint32_t next = left > 1 ? 1 : right < 201 || right > 301 ? right : 301;
        EXPECT(.flags = ACK, .seq = 1, .ack = next);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 600);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 601);
        READ(600);
    }
}

// RFC 9293 §3.10.7.4 [SHLD-31]: kept, and one acknowledgment for each.
static void segments_out_of_order_are_kept(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 4; i >= 1; i--) {
        SEND(.flags = ACK, .seq = 1 + 100 * i, .ack = 1, .data = 100);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    }
    RESULT(segment_user_recv(1, &(size_t){0}), AGAIN);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 501, WHY(SEND_ACK_GAP_FILLED));
    READ(500);
}

// A burst brings segments behind a gap and then what fills it: one acknowledgment tells of all.
static void gap_that_is_filled_at_once_is_not_told(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 4; i > 0; i--) {
        SEND(.flags = ACK, .seq = 1 + 100 * i, .ack = 1, .data = 100);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 501, WHY(SEND_ACK_GAP_FILLED));
    EXPECT_NOTHING();
    READ(500);
}

// As long as another gap is behind it, each segment there has its own.
static void gap_behind_a_filled_one_is_told(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 401, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 501, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 200);
    EXPECT(.flags = ACK, .seq = 1, .ack = 601);
    READ(600);
}

static void duplicate_is_acknowledged_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, WHY(SEND_ACK_DUPLICATE));
    READ(100);
}

static void segment_that_begins_in_the_past_gives_its_new_part(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 51, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 151);
    READ(150);
}

static void text_beyond_the_window_is_cut_off(void **state)
{
    (void)state;
    open_small_buffer();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 3000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    IN_STATE(ESTABLISHED); // the FIN lay beyond too
    READ(2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = BUFFER);
}

static void fin_out_of_order_waits_for_what_lies_before(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = FIN | ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 202);
    IN_STATE(CLOSE_WAIT);
    READ(200);
    READ(0);
}

static void fin_alone_out_of_order_waits_too(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = FIN | ACK, .seq = 101, .ack = 1);
    REASON(RECEIVED_OUT_OF_ORDER);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_ACK_OUT_OF_ORDER));
    IN_STATE(ESTABLISHED);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102);
    IN_STATE(CLOSE_WAIT);
    READ(100);
    READ(0);
}

static void data_behind_the_fin_is_no_data(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102);
    SEND(.flags = ACK, .seq = 102, .ack = 1, .data = 50);
    READ(100);
    READ(0);
    CHECK_EQ(segment_conn()->rcv.nxt.n - segment_conn()->irs.n, 102);
}

static void data_held_behind_a_later_fin_is_no_data(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 100); // its FIN at 101
    EXPECT(.flags = ACK, .seq = 1, .ack = 102);
    IN_STATE(CLOSE_WAIT);
    READ(100);
    READ(0);
}

// RFC 9293 §3.4 [MUST-66]: at a window of 0 an ACK is heard.
static void shut_window_hears_acknowledgments(void **state)
{
    (void)state;
    open_small_buffer();
    fill_window();
    WRITE(300);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 2001, .data = 300);
    SEND(.flags = ACK, .seq = 2001, .ack = 101);
    CHECK_EQ(segment_conn()->send.bytes, 200);
    SEND(.flags = ACK, .seq = 2001, .ack = 201, .data = 1); // with a probe
    EXPECT(.flags = ACK, .seq = 301, .ack = 2001, .window = SHUT);
    CHECK_EQ(segment_conn()->send.bytes, 100);
    SEND(.flags = ACK, .seq = 2002, .ack = 301); // of a peer that counts its probe as sent
    CHECK_EQ(segment_conn()->send.bytes, 0);
    READ(2000);
    EXPECT(.flags = ACK, .seq = 301, .ack = 2001, .window = BUFFER);
}

// RFC 9293 §3.4 [MUST-66]: and a RST,
static void shut_window_hears_a_reset(void **state)
{
    (void)state;
    open_small_buffer();
    fill_window();
    SEND(.flags = RST, .seq = 2001);
    IN_STATE(LISTEN);
    EVENT(READABLE);
    EVENT_CLOSED(RESET);
}

// RFC 9293 §3.4 [MUST-66]: and an urgent pointer.
static void shut_window_hears_an_urgent_pointer(void **state)
{
    (void)state;
    open_small_buffer();
    fill_window();
    EVENT(READABLE);
    SEND(.flags = URG | ACK, .seq = 2001, .ack = 1, .urgent = 10);
    EVENT(URGENT);
    SEND(.flags = URG | ACK, .seq = 2001, .ack = 1, .data = 1, .urgent = 20); // a probe
    EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    EVENT(URGENT);
}

// hist/132: a FIN takes no room.
static void hist_132_shut_window_takes_a_fin(void **state)
{
    (void)state;
    open_small_buffer();
    fill_window();
    SEND(.flags = FIN | ACK, .seq = 2001, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2002);
    IN_STATE(CLOSE_WAIT);
    READ(2000);
    READ(0);
}

// RFC 9293 §3.8.6.1: a probe is answered with what is expected next and the window.
// RFC 9293 §3.8.6.1 [MAY-8]
static void probe_of_a_shut_window_is_answered(void **state)
{
    (void)state;
    open_small_buffer();
    fill_window();
    for (uint32_t i = 0; i < 20; i++) {
        SEND(.flags = ACK, .seq = 2001, .ack = 1, .data = 1);
        EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    }
    READ(2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = BUFFER);
}

// RFC 9293 §3.8.6.2.2 [MUST-39]
static void reader_of_single_octets_causes_no_silly_window(void **state)
{
    (void)state;
    open_small_buffer();
    fill_window();
    for (uint32_t i = 0; i < BUFFER / 2 - 1; i++) {
        READ(1);
        EXPECT_NOTHING();
    }
    READ(1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = BUFFER / 2, WHY(SEND_WINDOW_UPDATE));
}

// RFC 7323 §2.2: of a large buffer the handshake could offer 65535 octets.
static void first_read_offers_what_a_syn_could_not_say(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 128 << 10;
    OPEN(.mss = 1460, .wscale = SHIFT(0));
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_NOTHING();
    READ(100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, WHY(SEND_WINDOW_WHOLE));
    SEND(.flags = PSH | ACK, .seq = 101, .ack = 1, .data = 100);
    READ(100);
    EXPECT_NOTHING();
}

// hist/97: an old acknowledgment is no reason to refuse the text that comes with it.
static void hist_97_text_with_an_old_acknowledgment_is_taken(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 101, .ack = 11);
    READ(10);
}

// hist/36: one octet of every two, a whole window of them: what is held stays within its limits.
static void hist_36_tiny_segments_out_of_order_cost_bounded_memory(void **state)
{
    (void)state;
    segment_config()->out_of_order_ranges_max = 16;
    OPEN(.mss = 1460);
    for (uint32_t i = 0; i < 2000; i++) {
        SEND(.flags = ACK, .seq = 3 + 2 * i, .ack = 1, .data = 1);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
        CHECK(bench.tcp->runs.objects <= 16);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 1400);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 1401);
    READ(1400);
}

static uint32_t next_wanted(void)
{
    return segment_conn()->rcv.nxt.n - segment_conn()->irs.n;
}

// The memory limit stops the stream inside the window. What was acknowledged is kept, what was not
// comes again, and nothing is lost or taken twice.
static void memory_limit_refuses_without_forgetting(void **state)
{
    (void)state;
    segment_config()->memory_limit_bytes = 768 << 10;
    segment_config()->sockets_max = 64;
    segment_config()->receive_buffer_bytes = 2 << 20;
    OPEN(.mss = 1460, .wscale = SHIFT(0));
    SET(QUICKACK, 1);
    for (uint32_t i = 0; i < 1000; i++) {
        SEND(.flags = ACK, .seq = next_wanted(), .ack = 1, .data = 1400);
        uint32_t next = next_wanted();
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = next);
    }
    uint32_t held = next_wanted() - 1;
    CHECK(held > 100000 && held < 768 << 10);
    SEND(.flags = FIN | ACK, .seq = next_wanted(), .ack = 1, .data = 1400);
    IN_STATE(ESTABLISHED); // the FIN lies behind what was refused
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = held + 1);
    READ(held);
    SEND(.flags = FIN | ACK, .seq = held + 1, .ack = 1, .data = 1400);
    EXPECT(.flags = ACK, .seq = 1, .ack = held + 1402);
    IN_STATE(CLOSE_WAIT);
    READ(1400);
    READ(0);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(data_in_order_reaches_the_reader),
    SEGMENT_TEST(each_overlap_with_a_held_run_leaves_the_stream_whole),
    SEGMENT_TEST(segments_out_of_order_are_kept),
    SEGMENT_TEST(gap_that_is_filled_at_once_is_not_told),
    SEGMENT_TEST(gap_behind_a_filled_one_is_told),
    SEGMENT_TEST(duplicate_is_acknowledged_at_once),
    SEGMENT_TEST(segment_that_begins_in_the_past_gives_its_new_part),
    SEGMENT_TEST(text_beyond_the_window_is_cut_off),
    SEGMENT_TEST(fin_out_of_order_waits_for_what_lies_before),
    SEGMENT_TEST(fin_alone_out_of_order_waits_too),
    SEGMENT_TEST(data_behind_the_fin_is_no_data),
    SEGMENT_TEST(data_held_behind_a_later_fin_is_no_data),
    SEGMENT_TEST(shut_window_hears_acknowledgments),
    SEGMENT_TEST(shut_window_hears_a_reset),
    SEGMENT_TEST(shut_window_hears_an_urgent_pointer),
    SEGMENT_TEST(hist_132_shut_window_takes_a_fin),
    SEGMENT_TEST(probe_of_a_shut_window_is_answered),
    SEGMENT_TEST(reader_of_single_octets_causes_no_silly_window),
    SEGMENT_TEST(first_read_offers_what_a_syn_could_not_say),
    SEGMENT_TEST(hist_97_text_with_an_old_acknowledgment_is_taken),
    SEGMENT_TEST(memory_limit_refuses_without_forgetting),
    SEGMENT_TEST(hist_36_tiny_segments_out_of_order_cost_bounded_memory),
};

SEGMENT_MAIN(tests)
