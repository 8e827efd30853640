// SPDX-License-Identifier: MIT
//
// Round-trip times and the timeout of RFC 6298, against the RFC's own formulas in fractions of a
// nanosecond: SRTT in eighths and RTTVAR in quarters, nothing cut off before the end. Samples,
// timeouts and what turns out to have been none come in any order.
#include "conn_box.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

#define G_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)

// An exact fraction would need ever more bits: 20 of them behind the point leave an error far
// below one nanosecond for any number of samples, and room for eight times 10 min before it.
enum { POINT = 20 };

struct reference {
    uint64_t srtt, rttvar; // ns << POINT
    bool has_sample, was_spurious;
    uint32_t expiries; // since the last sample
};

static void take(struct reference *reference, uint64_t rtt_ns)
{
    uint64_t r = rtt_ns << POINT;
    if (!reference->has_sample) { // §2.2
        reference->srtt = r;
        reference->rttvar = r / 2;
        reference->has_sample = true;
        return;
    }
    uint64_t error = reference->srtt > r ? reference->srtt - r : r - reference->srtt;
    reference->rttvar = (reference->rttvar * 3 + error) / 4; // §2.3, before SRTT is touched
    reference->srtt = (reference->srtt * 7 + r) / 8;
}

static uint64_t reference_rto(const struct reference *reference)
{
    uint64_t srtt = reference->srtt >> POINT;
    uint64_t spread = 4 * reference->rttvar >> POINT;
    uint64_t late = BOX_S / 5; // above G
    return srtt + (spread > late ? spread : late);
}

static void assert_near(uint64_t value, uint64_t expected)
{
    uint64_t difference = value > expected ? value - expected : expected - value;
    assert_true(difference <= G_NS); // one tick
}

static void compare(struct conn_box *box, const struct reference *reference)
{
    uint64_t rto = reference_rto(reference);
    rto = rto < BOX_S ? BOX_S : rto;
    rto = rto > 60 * BOX_S ? 60 * BOX_S : rto;
    assert_near(box->conn->rtt.srtt_ns, reference->srtt >> POINT);
    assert_near(box->conn->rtt.rttvar_ns, reference->rttvar >> POINT);
    assert_near(tcp_rtt_timeout(&box->tcp, box->conn), rto);
}

// From 1 us to 10 min, steady, alternating and random.
static void hist_121_any_round_trip_equals_the_reference(void **state)
{
    (void)state;
    uint64_t random = 121;
    for (uint64_t rtt_ns = 1000; rtt_ns <= 600 * BOX_S; rtt_ns = rtt_ns * 7 / 3 + 1) {
        struct conn_box box;
        struct reference reference = {0};
        conn_box_init(&box);
        for (uint32_t i = 0; i < 300; i++) {
            uint64_t sample = i % 3 == 0   ? rtt_ns
                              : i % 3 == 1 ? 1000
                                           : test_random(&random) % rtt_ns + 1;
            tcp_rtt_sample(box.conn, sample, box.now_ns);
            take(&reference, sample);
            compare(&box, &reference);
        }
        conn_box_deinit(&box);
    }
}

// RFC 4015 §3.1 step 11, in the reference's numbers.
static void adapt(struct reference *reference, uint64_t rtt_ns)
{
    uint64_t r = rtt_ns << POINT;
    uint64_t least = reference->srtt + (2 * G_NS << POINT);
    reference->srtt = r > least ? r : least;
    reference->rttvar = r / 2 > reference->rttvar ? r / 2 : reference->rttvar;
    reference->was_spurious = false;
}

// Every size is as likely as any other, from nothing to 10 min.
static uint64_t draw_rtt(uint64_t *random)
{
    uint64_t rtt_ns = test_random(random) >> (24 + test_random_below(random, 40));
    return rtt_ns % (600 * BOX_S);
}

static void both_act(struct conn_box *box, struct reference *reference, uint64_t *random)
{
    uint32_t act = test_random_below(random, 8);
    if (act < 5) {
        uint64_t rtt_ns = draw_rtt(random);
        tcp_rtt_sample(box->conn, rtt_ns, box->now_ns);
        rtt_ns = rtt_ns > 0 ? rtt_ns : 1; // a clock that has not moved has measured something
        if (reference->was_spurious) {
            adapt(reference, rtt_ns);
        } else {
            take(reference, rtt_ns);
        }
        reference->expiries = 0; // §5
    } else if (act < 7) {
        tcp_rtt_back_off(box->conn);
        reference->expiries++;
    } else {
        tcp_rtt_on_spurious(box->conn);
        reference->was_spurious = reference->has_sample;
    }
    box->now_ns += test_random(random) >> 30;
}

// §2.1, §2.4, §2.5 and §5.5
static uint64_t expected_timeout(const struct reference *reference)
{
    uint64_t rto = reference->has_sample ? reference_rto(reference) : BOX_S;
    rto = rto < BOX_S ? BOX_S : rto;
    for (uint32_t i = 0; i < reference->expiries && rto < 60 * BOX_S; i++) {
        rto *= 2;
    }
    return rto > 60 * BOX_S ? 60 * BOX_S : rto;
}

static void hist_121_146_149_any_order_of_samples_and_timeouts_equals_the_reference(void **state)
{
    (void)state;
    uint64_t random = 146;
    for (uint32_t round = 0; round < 200; round++) {
        struct conn_box box;
        struct reference reference = {0};
        conn_box_init(&box);
        for (uint32_t step = 0; step < 400; step++) {
            both_act(&box, &reference, &random);
            uint64_t expected = expected_timeout(&reference);
            uint64_t timeout = tcp_rtt_timeout(&box.tcp, box.conn);
            uint64_t off = timeout > expected ? timeout - expected : expected - timeout;
            // What is less than a tick is doubled with the rest.
            assert_true(off <= G_NS << (reference.expiries < 6 ? reference.expiries : 6));
        }
        conn_box_deinit(&box);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_121_any_round_trip_equals_the_reference),
    cmocka_unit_test(hist_121_146_149_any_order_of_samples_and_timeouts_equals_the_reference),
};
ROWS_MAIN(tests)
