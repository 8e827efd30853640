// SPDX-License-Identifier: MIT
//
// ICMPv6: the header of each type, and messages shorter than they say.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exact.h"
#include "wire/wire_icmp6.h"

static void each_type_round_trips_its_own_fields(void **state)
{
    (void)state;
    static const struct wire_icmp6 messages[] = {
        {.type = WIRE_ICMP6_ECHO_REQUEST, .id = 0x1234, .sequence = 0x5678},
        {.type = WIRE_ICMP6_ECHO_REPLY, .id = 0xffff, .sequence = 1},
        {.type = WIRE_ICMP6_UNREACHABLE, .code = WIRE_ICMP6_CODE_PORT},
        {.type = WIRE_ICMP6_TOO_BIG, .mtu = 0x01020304},
        {.type = WIRE_ICMP6_TIME_EXCEEDED, .code = WIRE_ICMP6_CODE_REASSEMBLY},
        {.type = WIRE_ICMP6_PARAMETER_PROBLEM, .code = WIRE_ICMP6_CODE_OPTION, .pointer = 70000},
    };
    for (uint32_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        uint8_t p[WIRE_ICMP6_HEADER];
        struct wire_icmp6 read;
        wire_icmp6_emit(p, &messages[i]);
        wire_icmp6_set_checksum(p, 0xbeef);
        assert_int_equal(wire_icmp6_parse(p, sizeof(p), sizeof(p), &read), SYNFIN_REASON_UNKNOWN);
        assert_int_equal(read.type, messages[i].type);
        assert_int_equal(read.code, messages[i].code);
        assert_int_equal(read.checksum, 0xbeef);
        assert_int_equal(read.id, messages[i].id);
        assert_int_equal(read.sequence, messages[i].sequence);
        assert_int_equal(read.mtu, messages[i].mtu);
        assert_int_equal(read.pointer, messages[i].pointer);
    }
}

static void types_without_a_use_are_refused(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 256; type++) {
        const uint8_t p[WIRE_ICMP6_HEADER] = {(uint8_t)type};
        struct wire_icmp6 read;
        bool is_used =
            (type >= 1 && type <= 4) || type == 128 || type == 129 || (type >= 133 && type <= 137);
        assert_int_equal(wire_icmp6_parse(p, sizeof(p), sizeof(p), &read),
                         is_used ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_DROP_ICMP_TYPE);
        assert_int_equal(wire_icmp6_is_error((uint8_t)type), type < 128);
        assert_int_equal(wire_icmp6_is_nd((uint8_t)type), type >= 133 && type <= 136);
    }
}

static void hist_58_echo_of_every_length_is_read_within_its_bounds(void **state)
{
    (void)state;
    for (uint32_t type = 128; type <= 129; type++) {
        const uint8_t message[100] = {(uint8_t)type};
        for (uint32_t there = 0; there <= sizeof(message); there++) {
            struct wire_icmp6 read;
            uint8_t *copy = exact_copy(message, there);
            assert_int_equal(wire_icmp6_parse(copy, there, there, &read),
                             there < 8 ? SYNFIN_REASON_DROP_ICMP_SHORT : SYNFIN_REASON_UNKNOWN);
            assert_int_equal(wire_icmp6_parse(copy, there, 65535, &read),
                             there < 8 ? SYNFIN_REASON_DROP_NOT_LINEAR : SYNFIN_REASON_UNKNOWN);
            free(copy);
        }
    }
}

static void hist_60_quote_fits_the_minimum_mtu(void **state)
{
    (void)state;
    assert_int_equal(40 + WIRE_ICMP6_HEADER + WIRE_ICMP6_QUOTE_MAX, 1280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_round_trips_its_own_fields),
        cmocka_unit_test(types_without_a_use_are_refused),
        cmocka_unit_test(hist_58_echo_of_every_length_is_read_within_its_bounds),
        cmocka_unit_test(hist_60_quote_fits_the_minimum_mtu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
