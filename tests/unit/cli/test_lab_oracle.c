// SPDX-License-Identifier: MIT
//
// The oracle beside the link, with passages made by hand, and against a map of single octets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab_oracle.h"
#include "lib/test_random.h"

enum { MSS = 100 };

#define FIRST_SEQ UINT32_C(0xffffff00) // sequence numbers wrap within the tests
#define MS        UINT64_C(1000000)

static struct lab_oracle oracle;
static struct lab_sighting sighting;
static struct synfin_packet packet;

static int begin(void **state)
{
    (void)state;
    memset(&oracle, 0, sizeof oracle);
    struct synfin_segment syn = {.flags = SYNFIN_TCP_SYN, .seq = FIRST_SEQ - 1};
    struct synfin_passage passage = {.packet = &packet, .fate = SYNFIN_FATE_DELIVERED};
    lab_oracle_sent(&oracle, &passage, &syn, &sighting);
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_oracle_deinit(&oracle);
    return 0;
}

static void sends(uint64_t place, uint32_t bytes, enum synfin_fate fate, uint64_t t_ns)
{
    struct synfin_segment segment = {
        .flags = SYNFIN_TCP_ACK, .seq = FIRST_SEQ + (uint32_t)place, .bytes = bytes};
    packet.bytes = bytes + 52;
    packet.reason = SYNFIN_REASON_SEND_RACK;
    struct synfin_passage passage = {.packet = &packet, .fate = fate, .sent_ns = t_ns};
    lab_oracle_sent(&oracle, &passage, &segment, &sighting);
}

static void is_told(uint64_t ack, uint64_t left, uint64_t right, uint64_t t_ns)
{
    struct synfin_segment segment = {.flags = SYNFIN_TCP_ACK,
                                     .ack = FIRST_SEQ + (uint32_t)ack,
                                     .sack_blocks = right > left,
                                     .window = 1000};
    segment.sack[0].left = FIRST_SEQ + (uint32_t)left;
    segment.sack[0].right = FIRST_SEQ + (uint32_t)right;
    struct synfin_passage passage = {
        .packet = &packet, .fate = SYNFIN_FATE_DELIVERED, .arrives_ns = t_ns};
    lab_oracle_returned(&oracle, &passage, &segment, &sighting);
}

static void what_was_lost_is_needed_once(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 0);
    sends(MSS, MSS, SYNFIN_FATE_LOST, 0);
    sends(2 * MSS, MSS, SYNFIN_FATE_CORRUPTED, 0);
    assert_int_equal(oracle.lost, 2);
    sends(MSS, MSS, SYNFIN_FATE_LOST, 0);
    sends(MSS, MSS, SYNFIN_FATE_DELIVERED, 0);
    assert_int_equal(oracle.spurious, 0);
    sends(MSS, MSS, SYNFIN_FATE_DELIVERED, 0);
    assert_true(sighting.is_again && sighting.is_spurious);
    assert_int_equal(oracle.spurious, 1);
    assert_int_equal(oracle.again, 3);
    assert_int_equal(oracle.got_through, 2 * MSS);
    assert_int_equal(oracle.again_by[SYNFIN_REASON_SEND_RACK], 3);
}

static void half_of_a_segment_that_was_needed_counts_its_other_octets(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 0);
    sends(MSS, MSS, SYNFIN_FATE_LOST, 0);
    sends(MSS / 2, MSS, SYNFIN_FATE_DELIVERED, 0);
    assert_false(sighting.is_spurious);
    assert_int_equal(oracle.spurious, 0);
    assert_int_equal(oracle.spurious_bytes, MSS / 2);
    sends(MSS, MSS, SYNFIN_FATE_DELIVERED, 0);
    assert_int_equal(oracle.spurious_bytes, MSS);
}

static void copy_that_the_link_makes_is_not_the_senders(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 0);
    sends(0, MSS, SYNFIN_FATE_DUPLICATED, 0);
    assert_int_equal(oracle.segments, 1);
    assert_int_equal(oracle.again, 0);
}

static void round_trip_is_that_of_the_newest_segment_acknowledged(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 10 * MS);
    sends(MSS, MSS, SYNFIN_FATE_DELIVERED, 12 * MS);
    is_told(2 * MSS, 0, 0, 52 * MS);
    assert_int_equal(oracle.rtt.count, 1);
    assert_int_equal(oracle.rtt.least_ns, 40 * MS);
    assert_int_equal(sighting.rtt_ns, 40 * MS);
    is_told(2 * MSS, 0, 0, 99 * MS); // again: nothing new
    assert_int_equal(oracle.rtt.count, 1);
}

static void block_behind_a_gap_tells_a_round_trip_and_the_filled_gap_none(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_LOST, 0);
    sends(MSS, MSS, SYNFIN_FATE_DELIVERED, 0);
    is_told(0, MSS, 2 * MSS, 40 * MS);
    assert_int_equal(oracle.rtt.count, 1);
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 50 * MS);
    is_told(2 * MSS, 0, 0, 90 * MS);
    assert_int_equal(oracle.rtt.count, 1);
    assert_int_equal(oracle.rtt.greatest_ns, 40 * MS);
    assert_int_equal(oracle.acked, 2 * MSS);
}

static void segment_sent_twice_tells_no_round_trip(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 0);
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 30 * MS);
    is_told(MSS, 0, 0, 40 * MS);
    assert_int_equal(oracle.rtt.count, 0);
}

static void acknowledgment_of_a_fin_lies_no_further_than_the_data(void **state)
{
    (void)state;
    sends(0, MSS, SYNFIN_FATE_DELIVERED, 0);
    is_told(MSS + 1, 0, 0, 40 * MS);
    assert_int_equal(oracle.acked, MSS);
    assert_int_equal(oracle.window_end, MSS + 1 + 1000);
}

// Random sendings and fates; a map holds for each octet whether any transmission got through.
static void random_histories_agree_with_a_map_of_octets(void **state)
{
    enum { OCTETS = 4000, STEPS = 3000 };
    static bool has_arrived[OCTETS];
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t random = seed;
        uint64_t sent = 0;
        uint64_t needless = 0;
        uint64_t spurious = 0;
        (void)begin(state);
        memset(has_arrived, 0, sizeof has_arrived);
        for (int step = 0; step < STEPS; step++) {
            bool is_new = sent < OCTETS - MSS && test_random_below(&random, 3) == 0;
            uint64_t place = is_new ? sent : test_random_below(&random, (uint32_t)sent + 1);
            uint64_t length = 1 + test_random_below(&random, MSS);
            length = is_new || place + length <= sent ? length : sent - place;
            uint64_t old = 0;
            bool is_lost = test_random_below(&random, 2) == 0;
            for (uint64_t i = place; i < place + length; i++) {
                old += has_arrived[i];
                has_arrived[i] |= !is_lost;
            }
            if (length > 0) {
                sends(place, (uint32_t)length, is_lost ? SYNFIN_FATE_LOST : SYNFIN_FATE_DELIVERED,
                      0);
            }
            needless += old;
            spurious += length > 0 && old == length;
            sent = place + length > sent ? place + length : sent;
            if (oracle.spurious_bytes != needless || oracle.spurious != spurious) {
                fail_msg("seed %llu, step %d", (unsigned long long)seed, step);
            }
        }
        (void)end(state);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_lost_is_needed_once),
        TEST(half_of_a_segment_that_was_needed_counts_its_other_octets),
        TEST(copy_that_the_link_makes_is_not_the_senders),
        TEST(round_trip_is_that_of_the_newest_segment_acknowledged),
        TEST(block_behind_a_gap_tells_a_round_trip_and_the_filled_gap_none),
        TEST(segment_sent_twice_tells_no_round_trip),
        TEST(acknowledgment_of_a_fin_lies_no_further_than_the_data),
        cmocka_unit_test(random_histories_agree_with_a_map_of_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
