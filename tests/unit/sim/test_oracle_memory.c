// SPDX-License-Identifier: MIT
//
// What violates M1 to M7, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"
#include "tcp/tcp_loss.h"

static struct judged judged;

static void m1_memory_not_counted_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged.world.host[0].memory.bytes += 64;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M1);
    judged.world.host[0].memory.bytes -= 64;
    judged_host(&judged, 0)->stack_config.memory_limit_bytes = 64;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M1);
    judged_end(&judged);
}

static void m1_slab_for_each_packet_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_host(&judged, 0)->start.packets = 8000;
    judged.world.host[0].memory.takes += 6000;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M1);
    judged_end(&judged);
}

// The smallest slabs hold a block each, or a chunk: seed 1, world 46.
static void m1_small_slabs_held_at_a_time_are_no_slab_for_each_packet(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct test_env *memory = &judged.world.host[0].memory;
    judged_host(&judged, 0)->start.packets = 8000;
    memory->takes += 6000;
    memory->slabs_max += 6000;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_right(&judged);
    memory->takes += 6000; // once more
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M1);
    judged_end(&judged);
}

static void m2_more_sockets_than_allowed_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_host(&judged, 1)->stack_config.sockets_max = 1;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M2);
    judged_host(&judged, 1)->stack_config.sockets_max = 100;
    judged.world.host[1].stack->tcp.by_state[SYNFIN_TCP_STATE_ESTABLISHED]++;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M2);
    judged.world.host[1].stack->tcp.by_state[SYNFIN_TCP_STATE_ESTABLISHED]--;
    judged_end(&judged);
}

static void m3_chunk_that_is_left_is_seen(void **state)
{
    (void)state;
    struct world_config config;
    judged_config(&config);
    judged_init(&judged, &config, 4);
    uint32_t *objects = &judged.world.host[0].stack->tcp.chunks.pool.objects;
    *objects = 1;
    oracle_finish(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M3);
    *objects = 0;
    oracle_host_gone(judged.oracle, 0, judged.world.now_ns); // which it is not
    judged_assert_violated(&judged, ORACLE_M3);
    judged_end(&judged);
}

static void m4_steps_without_bound_are_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged_block(&judged, 0)->loss->board.order.steps += 1000000;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_M4);
    judged_end(&judged);
}

static void m5_padding_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    segment.extra[0] = 0; // the end of the options, and rubbish behind it
    segment.extra[1] = 7;
    segment.extra_bytes = 4;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_M5);
    judged_end(&judged);
}

static void m6_no_memory_without_a_cause_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    oracle_failed(judged.oracle, 0, judged.user[0].socket, SYNFIN_ERROR_NO_MEMORY, 0);
    judged_assert_violated(&judged, ORACLE_M6);
    judged_host(&judged, 0)->config.may_lack_memory = true;
    oracle_failed(judged.oracle, 0, judged.user[0].socket, SYNFIN_ERROR_NO_MEMORY, 0);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void m7_poison_in_a_block_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_block(&judged, 0)->state = 0xa5;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_M7);
    judged_block(&judged, 0)->state = SYNFIN_TCP_STATE_ESTABLISHED;
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(m1_memory_not_counted_is_seen),
        cmocka_unit_test(m1_slab_for_each_packet_is_seen),
        cmocka_unit_test(m1_small_slabs_held_at_a_time_are_no_slab_for_each_packet),
        cmocka_unit_test(m2_more_sockets_than_allowed_are_seen),
        cmocka_unit_test(m3_chunk_that_is_left_is_seen),
        cmocka_unit_test(m4_steps_without_bound_are_seen),
        cmocka_unit_test(m5_padding_is_seen),
        cmocka_unit_test(m6_no_memory_without_a_cause_is_seen),
        cmocka_unit_test(m7_poison_in_a_block_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
