// SPDX-License-Identifier: MIT
//
// A link around another device, here one that hands out what the test put in and keeps what it
// was given.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "link_fixture.h"

enum { BOX = 100 };

struct inner {
    struct synfin_device device;
    uint32_t out_count, out_room; // sent packets, and how many more are taken
    uint32_t out_conn[BOX];
    uint32_t in_count, in_next;
    uint32_t destroyed;
    struct fixture_packet in[BOX];
};

static struct inner *inner_of(struct synfin_device *device)
{
    return (struct inner *)(void *)device;
}

static uint32_t inner_receive(struct synfin_device *device, struct synfin_packet *packets,
                              uint32_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct inner *inner = inner_of(device);
    uint32_t n = 0;
    while (n < max && inner->in_next < inner->in_count) {
        packets[n++] = inner->in[inner->in_next++].packet;
    }
    return n;
}

static uint32_t inner_send(struct synfin_device *device, const struct synfin_packet *packets,
                           uint32_t n, uint64_t now_ns)
{
    (void)now_ns;
    struct inner *inner = inner_of(device);
    uint32_t taken = 0;
    while (taken < n && inner->out_room != 0) {
        inner->out_conn[inner->out_count++] = packets[taken++].conn;
        inner->out_room--;
    }
    return taken;
}

static uint64_t inner_deadline(const struct synfin_device *device)
{
    (void)device;
    return SYNFIN_NEVER;
}

static void inner_destroy(struct synfin_device *device)
{
    inner_of(device)->destroyed++;
}

static const struct synfin_device_ops inner_ops = {
    .receive = inner_receive,
    .send = inner_send,
    .next_deadline = inner_deadline,
    .destroy = inner_destroy,
};

struct setup {
    struct fixture_memory memory;
    struct synfin_env env;
    struct inner inner;
    struct synfin_device *device;
    synfin_link *link;
};

static struct setup *open_setup(const struct synfin_link_config *config)
{
    struct setup *setup = calloc(1, sizeof *setup);
    assert_non_null(setup);
    fixture_env(&setup->env, &setup->memory);
    setup->inner.device = (struct synfin_device){.ops = &inner_ops,
                                                 .fd = 17,
                                                 .is_ethernet = 1,
                                                 .mac = {2, 3, 4, 5, 6, 7},
                                                 .can_checksum = 1,
                                                 .mtu_bytes = 1400,
                                                 .gso_bytes = 65535};
    setup->inner.out_room = BOX;
    assert_int_equal(synfin_fault_device_create(&setup->env, config, &setup->inner.device,
                                                &setup->device, &setup->link),
                     SYNFIN_ERROR_OK);
    return setup;
}

static void close_setup(struct setup *setup)
{
    setup->device->ops->destroy(setup->device);
    assert_int_equal(setup->inner.destroyed, 1);
    assert_int_equal(setup->memory.taken_bytes, 0);
    free(setup);
}

static void send_numbered(struct setup *setup, uint32_t conn, uint64_t now_ns)
{
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    sent.packet.conn = conn;
    assert_int_equal(setup->device->ops->send(setup->device, &sent.packet, 1, now_ns), 1);
}

static void device_has_the_inner_shape_without_offloads(void **state)
{
    (void)state;
    struct setup *setup = open_setup(NULL);
    assert_int_equal(setup->device->fd, 17);
    assert_int_equal(setup->device->is_ethernet, 1);
    assert_memory_equal(setup->device->mac, setup->inner.device.mac, 6);
    assert_int_equal(setup->device->mtu_bytes, 1400);
    assert_int_equal(setup->device->can_checksum, 0);
    assert_int_equal(setup->device->gso_bytes, 0);
    const struct synfin_device *side = synfin_link_device(setup->link, SYNFIN_LINK_A);
    assert_int_equal(side->mtu_bytes, 1400);
    assert_int_equal(side->is_ethernet, 1);
    close_setup(setup);
}

static void packets_pass_both_ways_at_once_without_faults(void **state)
{
    (void)state;
    struct setup *setup = open_setup(NULL);
    send_numbered(setup, 1, 0);
    send_numbered(setup, 2, 0);
    assert_int_equal(setup->inner.out_count, 2);
    assert_int_equal(setup->inner.out_conn[1], 2);
    fixture_octets(&setup->inner.in[0], 9, 200);
    setup->inner.in_count = 1;
    struct synfin_packet got[4];
    assert_int_equal(setup->device->ops->receive(setup->device, got, 4, 0), 1);
    assert_memory_equal(got[0].head, setup->inner.in[0].octets, 200);
    assert_int_equal(setup->device->ops->receive(setup->device, got, 4, 0), 0);
    close_setup(setup);
}

static void delayed_packets_move_when_the_deadline_is_served(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = 1000;
    struct setup *setup = open_setup(&config);
    struct synfin_packet got[4];
    assert_int_equal(setup->device->ops->next_deadline(setup->device), SYNFIN_NEVER);
    send_numbered(setup, 1, 50);
    fixture_octets(&setup->inner.in[0], 9, 200);
    setup->inner.in_count = 1;
    assert_int_equal(setup->device->ops->receive(setup->device, got, 4, 70), 0);
    assert_int_equal(setup->device->ops->next_deadline(setup->device), 1050);
    assert_int_equal(setup->device->ops->receive(setup->device, got, 4, 1050), 0);
    assert_int_equal(setup->inner.out_count, 1);
    assert_int_equal(setup->device->ops->next_deadline(setup->device), 1070);
    assert_int_equal(setup->device->ops->receive(setup->device, got, 4, 1070), 1);
    assert_int_equal(setup->device->ops->next_deadline(setup->device), SYNFIN_NEVER);
    close_setup(setup);
}

static void packets_that_a_full_device_refuses_are_offered_again_in_order(void **state)
{
    (void)state;
    struct setup *setup = open_setup(NULL);
    setup->inner.out_room = 1;
    for (uint32_t i = 1; i <= 50; i++) {
        send_numbered(setup, i, 0);
    }
    assert_int_equal(setup->inner.out_count, 1);
    assert_int_equal(setup->device->ops->next_deadline(setup->device), 1000000);
    setup->inner.out_room = 10;
    struct synfin_packet got[4];
    (void)setup->device->ops->receive(setup->device, got, 4, 1000000);
    assert_int_equal(setup->inner.out_count, 11);
    setup->inner.out_room = BOX;
    (void)setup->device->ops->receive(setup->device, got, 4, 2000000);
    assert_int_equal(setup->inner.out_count, 50);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(setup->inner.out_conn[i], i + 1);
    }
    assert_int_equal(setup->device->ops->next_deadline(setup->device), SYNFIN_NEVER);
    close_setup(setup);
}

static void faults_and_observer_cover_what_the_inner_device_receives(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.loss_ppm = 1000000;
    struct setup *setup = open_setup(&config);
    struct fixture_diary *diary = calloc(1, sizeof *diary);
    assert_non_null(diary);
    synfin_link_observe(setup->link, fixture_observe, diary);
    fixture_octets(&setup->inner.in[0], 9, 200);
    setup->inner.in_count = 1;
    struct synfin_packet got[4];
    assert_int_equal(setup->device->ops->receive(setup->device, got, 4, 3), 0);
    assert_int_equal(diary->count, 1);
    assert_int_equal(diary->passage[0].from, SYNFIN_LINK_B);
    assert_true(diary->passage[0].is_ethernet);
    assert_int_equal(diary->passage[0].fate_reason, SYNFIN_REASON_LINK_LOST_RANDOM);
    free(diary);
    close_setup(setup);
}

static void creation_that_fails_leaves_the_inner_device_to_the_caller(void **state)
{
    (void)state;
    struct fixture_memory memory;
    struct synfin_env env;
    fixture_env(&env, &memory);
    struct inner *inner = calloc(1, sizeof *inner);
    assert_non_null(inner);
    inner->device = (struct synfin_device){.ops = &inner_ops, .fd = -1, .mtu_bytes = 1500};
    struct synfin_device *device = NULL;
    synfin_link *link = NULL;
    memory.limit_bytes = 0;
    assert_int_equal(synfin_fault_device_create(&env, NULL, &inner->device, &device, &link),
                     SYNFIN_ERROR_NO_MEMORY);
    memory.limit_bytes = SIZE_MAX;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.loss_ppm = 1000001;
    assert_int_equal(synfin_fault_device_create(&env, &config, &inner->device, &device, &link),
                     SYNFIN_ERROR_INVALID);
    assert_null(device);
    assert_int_equal(inner->destroyed, 0);
    assert_int_equal(memory.taken_bytes, 0);
    free(inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_has_the_inner_shape_without_offloads),
        cmocka_unit_test(packets_pass_both_ways_at_once_without_faults),
        cmocka_unit_test(delayed_packets_move_when_the_deadline_is_served),
        cmocka_unit_test(packets_that_a_full_device_refuses_are_offered_again_in_order),
        cmocka_unit_test(faults_and_observer_cover_what_the_inner_device_receives),
        cmocka_unit_test(creation_that_fails_leaves_the_inner_device_to_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
