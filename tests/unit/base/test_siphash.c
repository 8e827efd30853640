// SPDX-License-Identifier: MIT
//
// SipHash against published values: the paper's example, and the first outputs of the reference
// implementation for the key 00 01 .. 0f and messages 00 01 .. of growing length.
#include "base/siphash.h"

#include "lib/test_cmocka.h"

static const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};

static const uint8_t message[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

static void siphash_24_of_known_messages_is_known(void **state)
{
    (void)state;
    assert_int_equal(siphash_24(&key, message, 0), UINT64_C(0x726fdb47dd0e0e31));
    assert_int_equal(siphash_24(&key, message, 1), UINT64_C(0x74f839c593dc67fd));
    assert_int_equal(siphash_24(&key, message, 2), UINT64_C(0x0d6c8009d9a94f5a));
    assert_int_equal(siphash_24(&key, message, 8), UINT64_C(0x93f5f5799a932462));
    assert_int_equal(siphash_24(&key, message, 15), UINT64_C(0xa129ca6149be45e5));
}

static void siphash_13_of_known_messages_is_known(void **state)
{
    (void)state;
    assert_int_equal(siphash_13(&key, message, 0), UINT64_C(0xabac0158050fc4dc));
    assert_int_equal(siphash_13(&key, message, 1), UINT64_C(0xc9f49bf37d57ca93));
    assert_int_equal(siphash_13(&key, message, 2), UINT64_C(0x82cb9b024dc7d44d));
}

static void siphash_of_unaligned_octets_is_the_same(void **state)
{
    (void)state;
    uint8_t shifted[8 + sizeof message];
    for (uint32_t shift = 0; shift < 8; shift++) {
        for (uint32_t i = 0; i < sizeof message; i++) {
            shifted[shift + i] = message[i];
        }
        assert_int_equal(siphash_24(&key, shifted + shift, 15), UINT64_C(0xa129ca6149be45e5));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_24_of_known_messages_is_known),
        cmocka_unit_test(siphash_13_of_known_messages_is_known),
        cmocka_unit_test(siphash_of_unaligned_octets_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
