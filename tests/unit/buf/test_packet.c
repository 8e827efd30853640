// SPDX-License-Identifier: MIT
//
// Packets out of octets and back.
#include <synfin/packet.h>

#include <string.h>

#include "lib/test_cmocka.h"

static void packet_of_octets_has_no_offloads(void **state)
{
    (void)state;
    uint8_t octets[40] = {0x45};
    struct synfin_packet packet;
    memset(&packet, 0xff, sizeof packet);
    synfin_packet_wrap(&packet, octets, sizeof octets);
    assert_ptr_equal(packet.head, octets);
    assert_int_equal(packet.head_bytes, 40);
    assert_int_equal(packet.bytes, 40);
    assert_int_equal(packet.spans, 0);
    assert_int_equal(packet.gso_bytes, 0);
    assert_int_equal(packet.checksum, SYNFIN_CHECKSUM_COMPLETE);
    assert_int_equal(packet.is_duplicate, 0);
    assert_int_equal(packet.checksum_start, 0);
    assert_int_equal(packet.checksum_offset, 0);
    assert_int_equal(packet.reason, SYNFIN_REASON_UNKNOWN);
    assert_int_equal(packet.conn, 0);
}

static void packet_of_pieces_is_copied_in_order(void **state)
{
    (void)state;
    uint8_t head[] = "head ";
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, head, 5);
    packet.span[0] = (struct synfin_span){(const uint8_t *)"one ", 4};
    packet.span[1] = (struct synfin_span){NULL, 0};
    packet.span[2] = (struct synfin_span){(const uint8_t *)"two", 4};
    packet.spans = 3;
    packet.bytes = 13;
    uint8_t out[14];
    memset(out, 'x', sizeof out);
    assert_int_equal(synfin_packet_copy(&packet, out, 12), 0);
    assert_int_equal(out[0], 'x');
    assert_int_equal(synfin_packet_copy(&packet, out, 13), 13);
    assert_memory_equal(out, "head one two\0x", 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_of_octets_has_no_offloads),
        cmocka_unit_test(packet_of_pieces_is_copied_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
