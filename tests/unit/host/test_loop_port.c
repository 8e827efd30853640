// SPDX-License-Identifier: MIT
//
// The port of a loop against a naive model: whatever the device takes and whenever, every packet
// reaches it once and in order.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_device.h"
#include "host/loop_port.h"

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 16;
}

// A packet of two pieces whose first and last octet are its number.
static void make_packet(struct synfin_packet *packet, uint8_t octets[2], uint8_t number)
{
    octets[0] = number;
    octets[1] = number;
    synfin_packet_wrap(packet, octets, 1);
    packet->spans = 1;
    packet->span[0] = (struct synfin_span){.data = octets + 1, .bytes = 1};
    packet->bytes = 2;
}

static void full_device_keeps_every_packet_in_order(void **state)
{
    (void)state;
    struct fake_device fake;
    struct loop_port port;
    uint32_t random = 1;
    uint32_t made = 0;
    uint64_t now_ns = 0;
    fake_device_init(&fake);
    loop_port_init(&port, 0, &fake.device);
    while (made < 2000) {
        struct synfin_packet packets[LOOP_PORT_BURST];
        uint8_t octets[LOOP_PORT_BURST][2];
        now_ns += 2000000;
        fake.room = next_random(&random) % 40;
        if (!loop_port_has_room(&port, now_ns)) {
            continue;
        }
        uint32_t n = 1 + next_random(&random) % LOOP_PORT_BURST;
        for (uint32_t i = 0; i < n; i++) {
            make_packet(&packets[i], octets[i], (uint8_t)made++);
        }
        loop_port_send(&port, packets, n, now_ns);
        memset(octets, 0xee, sizeof(octets)); // as the stack does with its next call
    }
    fake.room = LOOP_PORT_BURST;
    assert_true(loop_port_has_room(&port, now_ns));
    assert_int_equal(fake.sent, made);
    for (uint32_t i = 0; i < made; i++) {
        assert_int_equal(fake.first_octet[i], (uint8_t)i);
        assert_int_equal(fake.last_octet[i], (uint8_t)i);
    }
    loop_port_deinit(&port);
    assert_int_equal(fake.destroyed, 1);
}

static void full_device_without_descriptor_is_tried_again_after_a_while(void **state)
{
    (void)state;
    struct fake_device fake;
    struct loop_port port;
    struct synfin_packet packet;
    uint8_t octets[2];
    fake_device_init(&fake);
    loop_port_init(&port, 0, &fake.device);
    make_packet(&packet, octets, 7);
    loop_port_send(&port, &packet, 1, 1000);
    assert_true(port.is_full);
    uint64_t deadline_ns = loop_port_deadline(&port, NULL);
    assert_true(deadline_ns > 1000 && deadline_ns != SYNFIN_NEVER);
    fake.deadline_ns = 2000;
    assert_int_equal(loop_port_deadline(&port, NULL), 2000);
    loop_port_deinit(&port); // gives back what is still kept
    assert_int_equal(fake.sent, 0);
}

static void device_deadline_makes_the_port_due(void **state)
{
    (void)state;
    struct fake_device fake;
    struct loop_port port;
    fake_device_init(&fake);
    loop_port_init(&port, 0, &fake.device);
    assert_false(loop_port_is_due(&port, 500));
    fake.deadline_ns = 501;
    assert_false(loop_port_is_due(&port, 500));
    assert_true(loop_port_is_due(&port, 501));
    fake.deadline_ns = SYNFIN_NEVER;
    port.is_readable = true;
    assert_true(loop_port_is_due(&port, 500));
    loop_port_deinit(&port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_device_keeps_every_packet_in_order),
        cmocka_unit_test(full_device_without_descriptor_is_tried_again_after_a_while),
        cmocka_unit_test(device_deadline_makes_the_port_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
