// SPDX-License-Identifier: MIT
//
// ICMP for IPv4: the header of each type, and messages shorter than they say.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exact.h"
#include "wire/wire_icmp4.h"

static void each_type_round_trips_its_own_fields(void **state)
{
    (void)state;
    static const struct wire_icmp4 messages[] = {
        {.type = WIRE_ICMP4_ECHO_REQUEST, .id = 0x1234, .sequence = 0x5678},
        {.type = WIRE_ICMP4_ECHO_REPLY, .id = 0xffff, .sequence = 1},
        {.type = WIRE_ICMP4_UNREACHABLE, .code = WIRE_ICMP4_CODE_TOO_BIG, .mtu = 1400},
        {.type = WIRE_ICMP4_UNREACHABLE, .code = WIRE_ICMP4_CODE_PORT},
        {.type = WIRE_ICMP4_TIME_EXCEEDED, .code = WIRE_ICMP4_CODE_REASSEMBLY},
        {.type = WIRE_ICMP4_PARAMETER_PROBLEM, .pointer = 17},
    };
    for (uint32_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        uint8_t p[WIRE_ICMP4_HEADER];
        struct wire_icmp4 read;
        wire_icmp4_emit(p, &messages[i]);
        wire_icmp4_set_checksum(p, 0xbeef);
        assert_int_equal(wire_icmp4_parse(p, sizeof(p), sizeof(p), &read), SYNFIN_REASON_UNKNOWN);
        assert_int_equal(read.type, messages[i].type);
        assert_int_equal(read.code, messages[i].code);
        assert_int_equal(read.checksum, 0xbeef);
        assert_int_equal(read.id, messages[i].id);
        assert_int_equal(read.sequence, messages[i].sequence);
        assert_int_equal(read.mtu, messages[i].mtu);
        assert_int_equal(read.pointer, messages[i].pointer);
    }
}

static void mtu_is_read_only_from_too_big(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 256; code++) {
        const uint8_t p[WIRE_ICMP4_HEADER] = {3, (uint8_t)code, 0, 0, 0, 0, 0x05, 0xdc};
        struct wire_icmp4 read;
        assert_int_equal(wire_icmp4_parse(p, sizeof(p), sizeof(p), &read), SYNFIN_REASON_UNKNOWN);
        assert_int_equal(read.mtu, code == 4 ? 1500 : 0);
    }
}

static void types_without_a_use_are_refused(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 256; type++) {
        const uint8_t p[WIRE_ICMP4_HEADER] = {(uint8_t)type};
        struct wire_icmp4 read;
        bool is_used = type == 0 || type == 3 || type == 8 || type == 11 || type == 12;
        enum synfin_reason expected = is_used     ? SYNFIN_REASON_UNKNOWN
                                      : type == 4 ? SYNFIN_REASON_DROP_ICMP_QUENCH
                                                  : SYNFIN_REASON_DROP_ICMP_TYPE;
        assert_int_equal(wire_icmp4_parse(p, sizeof(p), sizeof(p), &read), expected);
        bool is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        assert_int_equal(wire_icmp4_is_error((uint8_t)type), is_error);
    }
}

static void hist_58_echo_of_every_length_is_read_within_its_bounds(void **state)
{
    (void)state;
    for (uint32_t type = 0; type <= 8; type += 8) {
        const uint8_t message[100] = {(uint8_t)type};
        for (uint32_t there = 0; there <= sizeof(message); there++) {
            struct wire_icmp4 read;
            uint8_t *copy = exact_copy(message, there);
            assert_int_equal(wire_icmp4_parse(copy, there, there, &read),
                             there < 8 ? SYNFIN_REASON_DROP_ICMP_SHORT : SYNFIN_REASON_UNKNOWN);
            assert_int_equal(wire_icmp4_parse(copy, there, 65515, &read),
                             there < 8 ? SYNFIN_REASON_DROP_NOT_LINEAR : SYNFIN_REASON_UNKNOWN);
            free(copy);
        }
    }
}

static void hist_60_quote_fits_what_every_host_takes(void **state)
{
    (void)state;
    assert_int_equal(20 + WIRE_ICMP4_HEADER + WIRE_ICMP4_QUOTE_MAX, 576);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_round_trips_its_own_fields),
        cmocka_unit_test(mtu_is_read_only_from_too_big),
        cmocka_unit_test(types_without_a_use_are_refused),
        cmocka_unit_test(hist_58_echo_of_every_length_is_read_within_its_bounds),
        cmocka_unit_test(hist_60_quote_fits_what_every_host_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
