// SPDX-License-Identifier: MIT
//
// Views of packets in pieces, against the same octets in one array.
#include "buf/gather.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

enum { OCTETS_MAX = 4000 };

// A packet of random pieces, some of them empty, over octets[].
static void make_packet(uint64_t *seed, struct synfin_packet *packet, uint8_t *octets)
{
    test_random_fill(seed, octets, OCTETS_MAX);
    uint32_t at = test_random_below(seed, 60);
    synfin_packet_wrap(packet, octets, at);
    packet->spans = (uint16_t)test_random_below(seed, SYNFIN_PACKET_SPANS + 1);
    for (uint32_t i = 0; i < packet->spans; i++) {
        uint32_t bytes = test_random_below(seed, 4) == 0 ? 0 : test_random_below(seed, 200);
        packet->span[i] = (struct synfin_span){octets + at, bytes};
        at += bytes;
    }
    packet->bytes = at;
}

static void view_equals_flat_octets_after_random_trims_and_reads(void **state)
{
    (void)state;
    static uint8_t octets[OCTETS_MAX];
    static uint8_t out[OCTETS_MAX];
    uint64_t seed = 31;
    for (uint32_t round = 0; round < 20000; round++) {
        struct synfin_packet packet;
        make_packet(&seed, &packet, octets);
        uint32_t left = test_random_below(&seed, packet.head_bytes + 1);
        uint32_t right = packet.bytes;
        struct gather gather;
        gather_of_packet(&gather, &packet, left);
        for (uint32_t step = 0; step < 12; step++) {
            assert_int_equal(gather.bytes, right - left);
            uint32_t bytes = test_random_below(&seed, right - left + 1);
            bytes = step % 3 == 0 ? bytes : bytes / 8;
            struct checksum sum;
            checksum_init(&sum);
            gather_checksum(&gather, &sum);
            assert_int_equal(checksum_finish(&sum), checksum_of(octets + left, right - left));
            switch (test_random_below(&seed, 3)) {
            case 0:
                gather_trim_left(&gather, bytes);
                left += bytes;
                break;
            case 1:
                gather_trim_right(&gather, bytes);
                right -= bytes;
                break;
            default:
                gather_read(&gather, out, bytes);
                assert_memory_equal(out, octets + left, bytes);
                left += bytes;
                break;
            }
        }
    }
}

static void view_of_octets_is_read_to_its_end(void **state)
{
    (void)state;
    struct gather gather;
    char out[6] = "";
    gather_of_octets(&gather, "hello", 5);
    gather_trim_left(&gather, 1);
    gather_trim_right(&gather, 1);
    gather_read(&gather, out, 3);
    assert_string_equal(out, "ell");
    assert_int_equal(gather.bytes, 0);
    gather_of_octets(&gather, NULL, 0);
    gather_read(&gather, out, 0);
    assert_int_equal(gather.bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view_equals_flat_octets_after_random_trims_and_reads),
        cmocka_unit_test(view_of_octets_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
