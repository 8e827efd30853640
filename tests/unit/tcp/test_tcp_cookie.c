// SPDX-License-Identifier: MIT
//
// SYN cookies, RFC 4987 §3.6, on their own: what they bring back, whom they convince, and for how
// long. tests/exhaustive/cookie_guess.c guesses more often.
#include "tcp/tcp_cookie.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

enum {
    PLACES = 8,     // sizes that a cookie can say
    STAMP_SPAN = 64 // low bits of a timestamp
};

static const uint64_t SECOND = UINT64_C(1000000000);
static const uint64_t EPOCH = UINT64_C(32000000000); // half of LIFETIME
static const uint64_t LIFETIME = UINT64_C(64000000000);
static const uint64_t SECRET[4] = {
    UINT64_C(0x0123456789abcdef),
    UINT64_C(0xfedcba9876543210),
    UINT64_C(0x0f1e2d3c4b5a6978),
    UINT64_C(0x8796a5b4c3d2e1f0),
};

static struct tcp_pair pair4, pair6;
static struct tcp_cookie_jar jar;

static void mapped(struct synfin_addr *addr, uint8_t last)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    memcpy(addr->octet, prefix, sizeof(prefix));
    addr->octet[12] = 192;
    addr->octet[14] = 2;
    addr->octet[15] = last;
}

static int prepare(void **state)
{
    (void)state;
    uint64_t seed = 1;
    pair4 = (struct tcp_pair){.local_port = 443, .remote_port = 50123};
    mapped(&pair4.local, 1);
    mapped(&pair4.remote, 2);
    pair6 = pair4;
    test_random_fill(&seed, pair6.local.octet, sizeof(pair6.local.octet));
    test_random_fill(&seed, pair6.remote.octet, sizeof(pair6.remote.octet));
    tcp_cookie_init(&jar, SECRET, 0, LIFETIME);
    return 0;
}

static struct tcp_offer offer_of(uint32_t irs, uint32_t mss)
{
    return (struct tcp_offer){.irs = seq_make(irs), .mss = (uint16_t)mss};
}

static struct seq make(struct tcp_cookie_jar *from, const struct tcp_pair *pair, uint64_t now_ns)
{
    struct tcp_offer offer = offer_of(7, 1460);
    return tcp_cookie_make(from, pair, &offer, now_ns);
}

static bool opens(struct tcp_cookie_jar *with, const struct tcp_pair *pair, struct seq iss,
                  uint64_t now_ns)
{
    struct tcp_offer offer = offer_of(7, 0);
    bool is_good = tcp_cookie_open(with, pair, iss, now_ns, &offer);
    assert_int_equal(offer.mss, is_good ? 1460 : 0); // what is refused says nothing
    return is_good;
}

static void every_size_comes_back_rounded_down(const struct tcp_pair *pair)
{
    uint32_t last = 0;
    uint32_t sizes = 0;
    for (uint32_t mss = 0; mss <= UINT16_MAX; mss++) {
        struct tcp_offer offer = offer_of(mss * UINT32_C(0x9e3779b9), mss);
        struct seq iss = tcp_cookie_make(&jar, pair, &offer, SECOND);
        struct tcp_offer back = offer_of(offer.irs.n, 0);
        assert_true(tcp_cookie_open(&jar, pair, iss, SECOND, &back));
        assert_true(seq_eq(back.irs, offer.irs));
        assert_true(back.mss >= 64 && back.mss >= last);
        assert_true(back.mss <= mss || back.mss == 64);
        sizes += back.mss != last;
        last = back.mss;
    }
    assert_int_equal(sizes, PLACES);
}

static void mss_of_every_offer_comes_back_rounded_down(void **state)
{
    (void)state;
    every_size_comes_back_rounded_down(&pair4);
    every_size_comes_back_rounded_down(&pair6);
}

// What hosts announce most must not lose much: at most a sixteenth from 1220 to 1460, where nearly
// all of them are, and little of a jumbo frame.
static void mss_that_is_common_loses_little(void **state)
{
    static const uint16_t exact[] = {64, 536, 1220, 1360, 1440, 1460};
    static const uint16_t jumbo[] = {8836, 8856, 8940, 8960, 8961};
    (void)state;
    for (uint32_t mss = 1220; mss <= 1460; mss++) {
        struct tcp_offer offer = offer_of(7, mss);
        struct seq iss = tcp_cookie_make(&jar, &pair4, &offer, 0);
        assert_true(tcp_cookie_open(&jar, &pair4, iss, 0, &offer));
        assert_true(offer.mss * 16U >= mss * 15U);
    }
    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        struct tcp_offer offer = offer_of(7, exact[i]);
        struct seq iss = tcp_cookie_make(&jar, &pair4, &offer, 0);
        assert_true(tcp_cookie_open(&jar, &pair4, iss, 0, &offer));
        assert_int_equal(offer.mss, exact[i]);
    }
    for (size_t i = 0; i < sizeof(jumbo) / sizeof(jumbo[0]); i++) {
        struct tcp_offer offer = offer_of(7, jumbo[i]);
        struct seq iss = tcp_cookie_make(&jar, &pair4, &offer, 0);
        assert_true(tcp_cookie_open(&jar, &pair4, iss, 0, &offer));
        assert_int_equal(offer.mss, 8836);
    }
}

static void stamp_of_every_offer_at_every_time_comes_back(void **state)
{
    static const uint32_t start[] = {0, 1000, INT32_MAX - 64U, UINT32_MAX - 64U};
    (void)state;
    for (uint32_t n = 0; n < 4 * 128 * STAMP_SPAN; n++) {
        uint32_t bits = n % STAMP_SPAN;
        uint32_t ts_now = start[n / STAMP_SPAN % 4] + n / STAMP_SPAN / 4;
        struct tcp_offer offer = {.has_wscale = (bits & 15) != 15,
                                  .wscale_shift = (uint8_t)((bits & 15) != 15 ? bits & 15 : 0),
                                  .has_sack = (bits & 16) != 0,
                                  .ecn = (bits & 32) != 0 ? TCP_ECN_CLASSIC : TCP_ECN_NONE};
        uint32_t stamp = tcp_cookie_stamp(ts_now, &offer);
        assert_true(ts_now - stamp < STAMP_SPAN);

        // What the low bits do not say is the caller's.
        struct tcp_offer back = {.mss = 3, .has_timestamps = true, .ts_val = 5, .wscale_shift = 99};
        tcp_cookie_read_stamp(stamp, &back);
        assert_int_equal(back.has_wscale, offer.has_wscale);
        assert_int_equal(back.wscale_shift, offer.wscale_shift);
        assert_int_equal(back.has_sack, offer.has_sack);
        assert_int_equal(back.ecn, offer.ecn);
        assert_true(back.mss == 3 && back.has_timestamps && back.ts_val == 5);
    }
}

// Good to the end of the epoch after its own, whenever in its own it was made.
static void cookie_is_good_for_one_to_two_epochs(void **state)
{
    static const uint64_t offsets[] = {0, UINT64_C(12345), UINT64_C(1790000000123456789)};
    (void)state;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct tcp_cookie_jar one;
        tcp_cookie_init(&one, SECRET, offsets[i], LIFETIME);
        uint64_t start = 10 * EPOCH - offsets[i] % EPOCH; // an epoch begins
        const uint64_t made[] = {start, start + 1, start + EPOCH / 2, start + EPOCH - 1};
        for (size_t k = 0; k < sizeof(made) / sizeof(made[0]); k++) {
            struct seq iss = make(&one, &pair4, made[k]);
            assert_true(opens(&one, &pair4, iss, made[k]));
            assert_true(opens(&one, &pair4, iss, made[k] + EPOCH));
            assert_true(opens(&one, &pair4, iss, start + 2 * EPOCH - 1));
            assert_false(opens(&one, &pair4, iss, start + 2 * EPOCH));
            assert_false(opens(&one, &pair4, iss, made[k] + LIFETIME));
        }
    }
}

// A cookie of an epoch that has not begun is nobody's; a jar that never turned before knows that
// too.
static void cookie_from_the_future_is_refused(void **state)
{
    struct tcp_cookie_jar fresh;
    (void)state;
    struct seq iss = make(&jar, &pair4, 5 * EPOCH);
    tcp_cookie_init(&fresh, SECRET, 0, LIFETIME);
    assert_false(opens(&fresh, &pair4, iss, 5 * EPOCH - 1));
    assert_true(opens(&fresh, &pair4, iss, 5 * EPOCH));
    assert_false(opens(&jar, &pair4, iss, 0));
    assert_true(opens(&jar, &pair4, iss, 6 * EPOCH));
}

// However time jumps, a jar agrees with one that is made at that moment.
static void jar_after_any_jump_agrees_with_a_fresh_one(void **state)
{
    uint64_t seed = 42;
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        struct tcp_cookie_jar fresh;
        uint64_t now_ns = test_random(&seed) >> (test_random(&seed) & 63);
        now_ns = (i & 1) != 0 ? UINT64_MAX - now_ns : now_ns;
        tcp_cookie_init(&fresh, SECRET, 0, LIFETIME);
        struct seq iss = make(&fresh, &pair4, now_ns);
        assert_true(seq_eq(make(&jar, &pair4, now_ns), iss));
        if (now_ns >= EPOCH) {
            assert_true(opens(&jar, &pair4, make(&fresh, &pair4, now_ns - EPOCH), now_ns));
        }
    }
}

static void time_that_goes_around_keeps_cookies_good(void **state)
{
    struct tcp_cookie_jar late;
    (void)state;
    tcp_cookie_init(&late, SECRET, UINT64_MAX - SECOND, LIFETIME);
    struct seq iss = make(&late, &pair4, SECOND); // the last nanosecond
    assert_true(opens(&late, &pair4, iss, SECOND));
    assert_true(opens(&late, &pair4, iss, SECOND + 1));
    assert_true(opens(&late, &pair4, iss, SECOND + EPOCH));
    assert_false(opens(&late, &pair4, iss, SECOND + EPOCH + 1));
}

static void lifetime_of_nothing_is_one_nanosecond_and_the_next(void **state)
{
    struct tcp_cookie_jar hasty;
    (void)state;
    for (uint64_t lifetime_ns = 0; lifetime_ns < 4; lifetime_ns++) {
        tcp_cookie_init(&hasty, SECRET, 0, lifetime_ns);
        struct seq iss = make(&hasty, &pair4, 5);
        assert_true(opens(&hasty, &pair4, iss, 6));
        assert_false(opens(&hasty, &pair4, iss, 7));
    }
}

// Machines share a secret and a time, and each counts its own nanoseconds.
static void machines_with_one_secret_know_each_others_cookies(void **state)
{
    const uint64_t here_ns = 100 * EPOCH;
    const uint64_t there_ns = 3 * SECOND;
    struct tcp_cookie_jar there;
    (void)state;
    tcp_cookie_init(&there, SECRET, here_ns - there_ns, LIFETIME);
    assert_true(opens(&there, &pair4, make(&jar, &pair4, here_ns), there_ns));
    assert_true(opens(&jar, &pair6, make(&there, &pair6, there_ns), here_ns));
    assert_true(opens(&there, &pair4, make(&jar, &pair4, here_ns), there_ns + EPOCH));
    assert_false(opens(&there, &pair4, make(&jar, &pair4, here_ns), there_ns + 2 * EPOCH));
}

static void secret_that_differs_by_a_bit_knows_nothing(void **state)
{
    (void)state;
    struct seq iss = make(&jar, &pair4, SECOND);
    for (uint32_t bit = 0; bit < 256; bit++) {
        struct tcp_cookie_jar other;
        uint64_t secret[4];
        memcpy(secret, SECRET, sizeof(secret));
        secret[bit / 64] ^= UINT64_C(1) << bit % 64;
        tcp_cookie_init(&other, secret, 0, LIFETIME);
        assert_false(opens(&other, &pair4, iss, SECOND));
        assert_false(opens(&jar, &pair4, make(&other, &pair4, SECOND), SECOND));
    }
}

static void every_bit_of_pair_and_irs_counts(void **state)
{
    (void)state;
    struct seq iss = make(&jar, &pair6, SECOND);
    for (uint32_t bit = 0; bit < 8 * sizeof(pair6); bit++) {
        uint8_t octets[sizeof(pair6)];
        struct tcp_pair other;
        memcpy(octets, &pair6, sizeof(pair6));
        octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memcpy(&other, octets, sizeof(other));
        assert_false(opens(&jar, &other, iss, SECOND));
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        struct tcp_offer offer = offer_of(7 ^ UINT32_C(1) << bit, 0);
        assert_false(tcp_cookie_open(&jar, &pair6, iss, SECOND, &offer));
    }
    assert_true(opens(&jar, &pair6, iss, SECOND));
}

static struct tcp_offer offer_with(uint32_t bits)
{
    struct tcp_offer offer = offer_of(7, 1460);
    offer.has_timestamps = true;
    offer.has_wscale = (bits & 15) != 15;
    offer.wscale_shift = (uint8_t)(offer.has_wscale ? bits & 15 : 0);
    offer.has_sack = (bits & 16) != 0;
    offer.ecn = (bits & 32) != 0 ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
    return offer;
}

// What a later timestamp of the same connection happens to say in its low bits.
static void cookie_is_good_with_its_own_options_alone(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < STAMP_SPAN; bits++) {
        struct tcp_offer made = offer_with(bits);
        struct seq iss = tcp_cookie_make(&jar, &pair4, &made, SECOND);
        for (uint32_t others = 0; others < STAMP_SPAN; others++) {
            struct tcp_offer offer = offer_with(others);
            bool is_good = tcp_cookie_open(&jar, &pair4, iss, SECOND, &offer);
            assert_int_equal(is_good, others == bits);
        }
        assert_false(opens(&jar, &pair4, iss, SECOND)); // without timestamps
    }
}

// Machines of another byte order make the same cookies: these two came from a program of its own
// that writes the octets down one by one.
static void cookie_of_a_known_pair_is_known(void **state)
{
    (void)state;
    assert_int_equal(make(&jar, &pair4, 0).n, UINT32_C(0x16622c1c));
    assert_int_equal(make(&jar, &pair4, 1000 * EPOCH).n, UINT32_C(0xfd07a139));
}

// hist/83: of all numbers, those that are right are the eight of this epoch and the eight of the
// last, as far apart as they can be; nothing near them, nothing of many drawn at random.
static void hist_83_right_guesses_are_sixteen(void **state)
{
    uint64_t seed = 83;
    enum { NEAR = 1024 };
    uint32_t lucky = 0;
    (void)state;
    struct tcp_offer least = offer_of(7, 0);
    const struct seq first[] = {tcp_cookie_make(&jar, &pair4, &least, SECOND),
                                tcp_cookie_make(&jar, &pair4, &least, SECOND + EPOCH)};
    for (uint32_t i = 0; i < 2 * PLACES * NEAR; i++) {
        struct tcp_offer offer = offer_of(7, 0);
        uint32_t place = i / NEAR % PLACES;
        struct seq right = seq_add(first[i / NEAR / PLACES], place << 29);
        struct seq guess = seq_add(right, i % NEAR - NEAR / 2);
        bool is_good = tcp_cookie_open(&jar, &pair4, guess, SECOND + EPOCH, &offer);
        assert_int_equal(is_good, seq_eq(guess, right));
    }
    for (uint32_t i = 0; i < 1000000; i++) {
        struct tcp_offer offer = offer_of((uint32_t)test_random(&seed), 0);
        struct seq guess = seq_make((uint32_t)test_random(&seed));
        lucky += tcp_cookie_open(&jar, &pair4, guess, SECOND + EPOCH, &offer);
    }
    assert_int_equal(lucky, 0); // 10^6 * 2^-28: one in 268 seeds sees a guess that is right
}

// Cookies of neighbours have nothing in common: half of the bits differ, whatever differs before.
static void neighbours_cookies_are_unrelated(void **state)
{
    uint64_t differing = 0;
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        struct tcp_pair other = pair4;
        other.remote_port = (uint16_t)(1024 + i);
        struct seq a = make(&jar, &other, SECOND);
        other.remote_port++;
        struct seq b = make(&jar, &other, SECOND);
        differing += (uint64_t)__builtin_popcount(a.n ^ b.n);
    }
    assert_in_range(differing, 20000 * 15, 20000 * 17);
}

static bool has_word(const void *octets, size_t bytes, uint32_t word)
{
    uint32_t there;
    bool is_found = false;
    for (size_t i = 0; i + sizeof(there) <= bytes; i++) {
        memcpy(&there, (const uint8_t *)octets + i, sizeof(there));
        is_found = is_found || there == word || there == __builtin_bswap32(word);
    }
    return is_found;
}

// No four octets of the secret or of a key ever leave as a number; the secret is no key either.
static void octets_of_keys_are_in_no_cookie(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t iss = make(&jar, &pair4, i * EPOCH).n;
        assert_false(has_word(jar.secret, sizeof(jar.secret), iss));
        assert_false(has_word(jar.key, sizeof(jar.key), iss));
        for (uint32_t k = 0; k < 4; k++) {
            uint64_t half = jar.secret[k];
            assert_false(has_word(jar.key, sizeof(jar.key), (uint32_t)half));
            assert_false(has_word(jar.key, sizeof(jar.key), (uint32_t)(half >> 32)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(mss_of_every_offer_comes_back_rounded_down, prepare),
        cmocka_unit_test_setup(mss_that_is_common_loses_little, prepare),
        cmocka_unit_test_setup(stamp_of_every_offer_at_every_time_comes_back, prepare),
        cmocka_unit_test_setup(cookie_is_good_for_one_to_two_epochs, prepare),
        cmocka_unit_test_setup(cookie_from_the_future_is_refused, prepare),
        cmocka_unit_test_setup(jar_after_any_jump_agrees_with_a_fresh_one, prepare),
        cmocka_unit_test_setup(time_that_goes_around_keeps_cookies_good, prepare),
        cmocka_unit_test_setup(lifetime_of_nothing_is_one_nanosecond_and_the_next, prepare),
        cmocka_unit_test_setup(machines_with_one_secret_know_each_others_cookies, prepare),
        cmocka_unit_test_setup(secret_that_differs_by_a_bit_knows_nothing, prepare),
        cmocka_unit_test_setup(every_bit_of_pair_and_irs_counts, prepare),
        cmocka_unit_test_setup(cookie_is_good_with_its_own_options_alone, prepare),
        cmocka_unit_test_setup(cookie_of_a_known_pair_is_known, prepare),
        cmocka_unit_test_setup(hist_83_right_guesses_are_sixteen, prepare),
        cmocka_unit_test_setup(neighbours_cookies_are_unrelated, prepare),
        cmocka_unit_test_setup(octets_of_keys_are_in_no_cookie, prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
