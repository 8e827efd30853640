// SPDX-License-Identifier: MIT
//
// Short texts: numbers, and what happens when there is too little room.
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

static void numbers_are_written_as_printf_writes_them(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (uint32_t i = 0; i < 10000; i++) {
        uint64_t number = test_random(&seed) >> test_random_below(&seed, 64);
        number = i == 0 ? 0 : i == 1 ? UINT64_MAX : i == 2 ? UINT64_C(1) << 63 : number;
        char expected[100];
        char actual[100];
        struct text text;
        text_init(&text, actual, sizeof actual);
        text_put_unsigned(&text, number);
        text_put(&text, " ");
        text_put_signed(&text, (int64_t)number);
        text_put(&text, " ");
        text_put_hex(&text, number, 6);
        int needed = snprintf(expected, sizeof expected, "%" PRIu64 " %" PRId64 " %06" PRIx64,
                              number, (int64_t)number, number);
        assert_string_equal(actual, expected);
        assert_int_equal(text.needed, needed);
    }
}

static void text_without_room_is_cut_and_counted(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < 12; capacity++) {
        char octets[16];
        memset(octets, 'x', sizeof octets);
        struct text text;
        text_init(&text, octets, capacity);
        text_put(&text, "seq ");
        text_put_octets(&text, "1234567", 4);
        assert_int_equal(text.needed, 8);
        if (capacity > 0) {
            size_t length = capacity - 1 < 8 ? capacity - 1 : 8;
            assert_int_equal(strlen(octets), length);
            assert_memory_equal(octets, "seq 1234", length);
        }
        assert_int_equal(octets[capacity], 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_as_printf_writes_them),
        cmocka_unit_test(text_without_room_is_cut_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
