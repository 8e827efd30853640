// SPDX-License-Identifier: MIT
//
// The Internet checksum against a sum of 16-bit words, octet by octet, over pieces cut anywhere.
#include "base/checksum.h"

#include "base/cpu.h"

#include <string.h>

#include "lib/naive_checksum.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"

enum { DATA_MAX = 70000, PIECES_MAX = 8 };

static void checksum_of_known_octets_is_known(void **state)
{
    (void)state;
    // RFC 1071 §3: the words 0001 f203 f4f5 f6f7 sum up to ddf2.
    const uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(checksum_of(octets, 8), 0xffff & ~0xddf2);
    assert_int_equal(checksum_of(octets, 0), 0xffff);
    assert_int_equal(checksum_of(octets + 2, 1), 0xffff & ~0xf200);
}

static void checksum_over_its_own_field_is_zero(void **state)
{
    (void)state;
    uint64_t seed = 5;
    uint8_t octets[60];
    for (uint32_t i = 0; i < 1000; i++) {
        test_random_fill(&seed, octets, sizeof octets);
        octets[10] = octets[11] = 0;
        uint16_t sum = checksum_of(octets, sizeof octets);
        octets[10] = (uint8_t)(sum >> 8);
        octets[11] = (uint8_t)sum;
        assert_int_equal(checksum_of(octets, sizeof octets), 0);
    }
}

static void checksum_of_largest_octets_does_not_overflow(void **state)
{
    (void)state;
    static uint8_t octets[DATA_MAX];
    memset(octets, 0xff, sizeof octets);
    struct checksum sum;
    checksum_init(&sum);
    for (uint32_t i = 0; i < 10000; i++) {
        checksum_add(&sum, octets, sizeof octets);
    }
    assert_int_equal(checksum_finish(&sum), 0);
}

// Adds data[0..bytes) in up to PIECES_MAX pieces, each either by reading or by copying to `copy`.
static uint16_t add_in_pieces(uint64_t *seed, const uint8_t *data, uint8_t *copy, uint32_t bytes)
{
    struct checksum sum;
    checksum_init_for(&sum, cpu_has_avx2() && test_random_below(seed, 2) == 0);
    uint32_t at = 0;
    uint32_t pieces = 1 + test_random_below(seed, PIECES_MAX);
    for (uint32_t i = 1; i <= pieces; i++) {
        uint32_t left = bytes - at;
        uint32_t piece = i == pieces ? left : test_random_below(seed, left + 1);
        if (test_random_below(seed, 2) == 0) {
            checksum_add(&sum, data + at, piece);
            memcpy(copy + at, data + at, piece);
        } else {
            checksum_add_copy(&sum, copy + at, data + at, piece);
        }
        at += piece;
    }
    return checksum_finish(&sum);
}

static void checksum_of_pieces_equals_naive_sum(void **state)
{
    (void)state;
    static uint8_t data[DATA_MAX + 16];
    static uint8_t copy[DATA_MAX + 17];
    uint64_t seed = 9;
    test_random_fill(&seed, data, sizeof data);
    for (uint32_t i = 0; i < 200000; i++) {
        const uint8_t *start = data + test_random_below(&seed, 16);
        uint32_t bytes = test_random_below(&seed, i % 1000 == 0 ? DATA_MAX : 700);
        copy[bytes] = 0x5a;
        assert_int_equal(add_in_pieces(&seed, start, copy, bytes), naive_checksum(start, bytes));
        assert_memory_equal(copy, start, bytes);
        assert_int_equal(copy[bytes], 0x5a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_of_known_octets_is_known),
        cmocka_unit_test(checksum_over_its_own_field_is_zero),
        cmocka_unit_test(checksum_of_largest_octets_does_not_overflow),
        cmocka_unit_test(checksum_of_pieces_equals_naive_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
