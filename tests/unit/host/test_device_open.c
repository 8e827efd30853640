// SPDX-License-Identifier: MIT
//
// Texts that name no device are refused with a line that says what is wrong, before anything of
// the system is touched; what needs the system is in tests/interop/host_devices.sh.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/host.h>

static void expect_invalid(const char *spec, const char *said)
{
    char why[160] = "untouched";
    struct synfin_device *device = (struct synfin_device *)why;
    assert_int_equal(synfin_device_open(spec, &device, why, sizeof(why)), SYNFIN_ERROR_INVALID);
    assert_null(device);
    assert_non_null(strstr(why, said));
    assert_null(strchr(why, '\n'));
    // The end of a wire is told the same.
    memset(why, 0, sizeof(why));
    device = (struct synfin_device *)why;
    assert_int_equal(synfin_device_open_wire(spec, &device, why, sizeof(why)),
                     SYNFIN_ERROR_INVALID);
    assert_null(device);
    assert_non_null(strstr(why, said));
}

static void spec_without_known_kind_lists_the_kinds(void **state)
{
    (void)state;
    expect_invalid("", "tun:NAME, tap:NAME or packet:INTERFACE");
    expect_invalid("tun0", "\"tun0\" names no device");
    expect_invalid("TUN:tun0", "names no device");
    expect_invalid("xdp:eth0", "names no device");
    expect_invalid(":tun0", "names no device");
}

static void spec_with_impossible_name_says_why(void **state)
{
    (void)state;
    expect_invalid("tun:", "name is missing");
    expect_invalid("packet:", "name is missing");
    expect_invalid("tap:0123456789abcdef", "at most 15 characters");
    expect_invalid("tun:a/b", "cannot be");
    expect_invalid("tun:tun%d", "cannot be");
    expect_invalid("tun:a b", "cannot be");
    expect_invalid("tap:..", "cannot be");
}

static void packet_device_of_missing_interface_is_no_device(void **state)
{
    (void)state;
    char why[160];
    struct synfin_device *device = NULL;
    assert_int_equal(synfin_device_open("packet:nosuchif0", &device, why, sizeof(why)),
                     SYNFIN_ERROR_NO_DEVICE);
    assert_string_equal(why, "there is no interface nosuchif0 here");
    assert_int_equal(synfin_device_open_wire("packet:nosuchif0", &device, why, sizeof(why)),
                     SYNFIN_ERROR_NO_DEVICE);
    assert_string_equal(why, "there is no interface nosuchif0 here");
}

static void packet_device_of_loopback_is_invalid(void **state)
{
    (void)state;
    char why[160];
    struct synfin_device *device = NULL;
    assert_int_equal(synfin_device_open("packet:lo", &device, why, sizeof(why)),
                     SYNFIN_ERROR_INVALID);
    assert_string_equal(why, "lo is no Ethernet interface");
}

static void reason_is_cut_to_its_room(void **state)
{
    (void)state;
    char why[8];
    struct synfin_device *device = NULL;
    memset(why, 'x', sizeof(why));
    assert_int_equal(synfin_device_open("tun:", &device, why, 4), SYNFIN_ERROR_INVALID);
    assert_string_equal(why, "the");
    assert_int_equal(why[4], 'x');
    assert_int_equal(synfin_device_open("tun:", &device, NULL, 0), SYNFIN_ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spec_without_known_kind_lists_the_kinds),
        cmocka_unit_test(spec_with_impossible_name_says_why),
        cmocka_unit_test(packet_device_of_missing_interface_is_no_device),
        cmocka_unit_test(packet_device_of_loopback_is_invalid),
        cmocka_unit_test(reason_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
