// SPDX-License-Identifier: MIT
//
// The phrases: times, spans, numbers and ordinals at their edges, and text that is not UTF-8.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ladder/ladder_utf8.h"
#include "ladder/ladder_words.h"

static void time_is_written_in_human_units(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } table[] = {
        {0, "0"},
        {1, "1 ns"},
        {999, "999 ns"},
        {1500, "1.5 µs"},
        {20000000, "20 ms"},
        {20066000, "20.07 ms"},
        {999499999, "999.5 ms"},
        {999999999, "1.000 s"},
        {1000000000, "1.000 s"},
        {61234567890, "61.235 s"},
        {3600000000000, "3600.000 s"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct ladder_phrase phrase = {0};
        ladder_words_add_time(&phrase, table[i].ns);
        assert_string_equal(phrase.text, table[i].text);
    }
}

static void span_has_no_needless_zeros(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } table[] = {
        {40000000, "40 ms"},   {1000000000, "1 s"},    {1000065536, "1 s"},
        {1500000000, "1.5 s"}, {1050000000, "1.05 s"}, {1005000000, "1.005 s"},
        {60000000000, "60 s"}, {250000000, "250 ms"},  {0, "0"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct ladder_phrase phrase = {0};
        ladder_words_add_span(&phrase, table[i].ns);
        assert_string_equal(phrase.text, table[i].text);
    }
}

static void number_is_grouped_by_thousands(void **state)
{
    (void)state;
    struct ladder_phrase phrase = {0};
    ladder_words_add_number(&phrase, 0);
    ladder_words_add(&phrase, " ");
    ladder_words_add_number(&phrase, 999);
    ladder_words_add(&phrase, " ");
    ladder_words_add_number(&phrase, 1034240);
    ladder_words_add(&phrase, " ");
    ladder_words_add_number(&phrase, UINT64_MAX);
    assert_string_equal(phrase.text, "0 999 1,034,240 18,446,744,073,709,551,615");
}

static void ordinal_of_teens_ends_in_th(void **state)
{
    (void)state;
    static const struct {
        uint32_t number;
        const char *text;
    } table[] = {{2, "2nd"},   {3, "3rd"},   {4, "4th"},     {11, "11th"},  {12, "12th"},
                 {13, "13th"}, {21, "21st"}, {112, "112th"}, {122, "122nd"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct ladder_phrase phrase = {0};
        ladder_words_add_ordinal(&phrase, table[i].number);
        assert_string_equal(phrase.text, table[i].text);
    }
}

static void flags_are_named_in_order_of_the_handshake(void **state)
{
    (void)state;
    struct ladder_phrase phrase = {0};
    ladder_words_add_flags(&phrase, SYNFIN_TCP_ACK | SYNFIN_TCP_SYN);
    ladder_words_add(&phrase, " ");
    ladder_words_add_flags(&phrase, 0x1ff);
    ladder_words_add(&phrase, " ");
    ladder_words_add_flags(&phrase, 0);
    assert_string_equal(phrase.text, "SYN,ACK SYN,FIN,RST,PSH,ACK,URG,ECE,CWR,AE none");
}

static void phrase_that_is_too_long_is_cut(void **state)
{
    (void)state;
    struct ladder_phrase phrase = {0};
    for (uint32_t i = 0; i < LADDER_PHRASE_MAX; i++) {
        ladder_words_add(&phrase, "ab");
    }
    assert_int_equal(phrase.used, LADDER_PHRASE_MAX - 1);
    assert_int_equal(strlen(phrase.text), LADDER_PHRASE_MAX - 1);
}

static void utf8_of_every_length_comes_back(void **state)
{
    (void)state;
    static const uint32_t characters[] = {0x20,   0x7e,   0xa7,    0x7ff,  0x800,
                                          0x2502, 0xffff, 0x10000, 0x1f600};
    for (size_t i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        char text[4];
        uint32_t character = 0;
        size_t bytes = (size_t)(ladder_utf8_encode(characters[i], text) - text);
        assert_int_equal(ladder_utf8_decode(text, bytes, &character), bytes);
        assert_int_equal(character, characters[i]);
    }
}

static void utf8_that_is_broken_is_taken_octet_by_octet(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "\x80", "\xc3", "\xc3(", "\xe2\x94", "\xf0\x9f\x98", "\xff\xff\xff\xff", "\x1b[", "\x7f"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        uint32_t character = 0;
        assert_int_equal(ladder_utf8_decode(broken[i], strlen(broken[i]), &character), 1);
        assert_int_equal(character, '?');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_written_in_human_units),
        cmocka_unit_test(span_has_no_needless_zeros),
        cmocka_unit_test(number_is_grouped_by_thousands),
        cmocka_unit_test(ordinal_of_teens_ends_in_th),
        cmocka_unit_test(flags_are_named_in_order_of_the_handshake),
        cmocka_unit_test(phrase_that_is_too_long_is_cut),
        cmocka_unit_test(utf8_of_every_length_comes_back),
        cmocka_unit_test(utf8_that_is_broken_is_taken_octet_by_octet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
