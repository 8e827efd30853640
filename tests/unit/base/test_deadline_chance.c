// SPDX-License-Identifier: MIT
//
// Arithmetic on times by chance, against sums and differences that are done in halves of 32 bits
// with a carry, as on paper: any two times and waits, each size as likely as any other, and what
// lies next to the end of time.
#include "base/deadline.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"

enum { ROUNDS = 20000 };

struct halves {
    uint32_t high, low;
};

static struct halves split(uint64_t ns)
{
    return (struct halves){.high = (uint32_t)(ns >> 32), .low = (uint32_t)ns};
}

static uint64_t join(struct halves time)
{
    return (uint64_t)time.high << 32 | time.low;
}

static bool is_before(struct halves a, struct halves b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

// What does not fit is never.
static uint64_t add(struct halves a, struct halves b)
{
    uint64_t low = (uint64_t)a.low + b.low;
    uint64_t high = (uint64_t)a.high + b.high + (low >> 32);
    struct halves sum = {.high = (uint32_t)high, .low = (uint32_t)low};
    return high > UINT32_MAX ? SYNFIN_NEVER : join(sum);
}

static uint64_t subtract(struct halves a, struct halves b)
{
    uint32_t borrow = a.low < b.low;
    return join((struct halves){.high = a.high - b.high - borrow, .low = a.low - b.low});
}

static uint64_t draw(uint64_t *random)
{
    uint64_t ns = test_random(random) >> test_random_below(random, 64);
    return test_random_below(random, 4) == 0 ? SYNFIN_NEVER - (ns >> 56) : ns;
}

static void any_two_times_are_as_on_paper(void **state)
{
    (void)state;
    uint64_t random = 120;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint64_t a_ns = draw(&random);
        uint64_t b_ns = test_random_below(&random, 8) == 0 ? a_ns : draw(&random);
        struct halves a = split(a_ns), b = split(b_ns);
        assert_int_equal(deadline_after(a_ns, b_ns), add(a, b));
        assert_int_equal(deadline_age(a_ns, b_ns), is_before(a, b) ? subtract(b, a) : 0);
        assert_int_equal(deadline_min(a_ns, b_ns), is_before(a, b) ? a_ns : b_ns);
        assert_int_equal(deadline_max(a_ns, b_ns), is_before(a, b) ? b_ns : a_ns);
        assert_int_equal(deadline_is_due(a_ns, b_ns), !is_before(b, a) && a_ns != SYNFIN_NEVER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_times_are_as_on_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
