// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 137 to 140 and 142: what is sent again is what was sent. The octet at each
// place of each stream is known (wire_watch.h) and every packet is compared with it, whatever the
// devices do with the packets they were given, however the user writes, and wherever the peer's
// acknowledgments end.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/transfer.h"

enum { OCTETS = 60000, TIMES = 60, AGAIN_MAX = 15 };

static struct transfer transfer;

static void choose(struct transfer_config *config, uint64_t seed)
{
    transfer_config_default(config, seed);
    config->version = seed % 3 == 0 ? 6 : 4;
    config->octets[0] = config->octets[1] = OCTETS;
    config->world.link.delay_ns = 10 * WORLD_MS;
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_stack_config *stack = &config->world.stack[i];
        stack->congestion = (uint32_t)(seed / 2 % SYNFIN_CONGESTION_COUNT);
        stack->use_sack = seed % 2 != 0;
        stack->use_timestamps = seed % 5 != 0;
        stack->data_retries = 100;
    }
}

static void run_to_its_end(const struct transfer_config *config)
{
    if (!transfer_run(&transfer, 3600 * WORLD_S)) {
        fail_msg("seed %u stalled", (unsigned)config->seed);
    }
    transfer_finish(&transfer);
}

// A driver that builds its own header in front, overwrites all that is its to overwrite, and
// leaves the packet in no order.
static void scribble(void *ctx, struct synfin_packet *packet)
{
    uint64_t *random = ctx;
    test_random_fill(random, packet->room, sizeof packet->room);
    packet->head = packet->room;
    packet->head_bytes = packet->bytes = test_random_below(random, 1000);
    packet->spans = 0;
    memset(packet->span, 0xa5, sizeof packet->span);
}

static void hist_138_drivers_that_scribble_leave_retransmissions_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= test_rows_times(TIMES); seed++) {
        struct transfer_config config;
        uint64_t random = seed;
        choose(&config, seed);
        config.world.link.loss_ppm = 100000;
        config.world.stack[0].chunk_bytes = 256 + (uint32_t)seed;
        transfer_begin(&transfer, &config);
        for (uint32_t i = 0; i < 2; i++) {
            transfer.tap[i].mangle = scribble;
            transfer.tap[i].ctx = &random;
        }
        run_to_its_end(&config);
    }
}

// The k-th segment with data and what repeats it are lost up to fifteen times in a row.
static void hist_138_140_segment_sent_sixteen_times_is_the_same_each_time(void **state)
{
    (void)state;
    for (uint32_t times = 1; times <= AGAIN_MAX; times++) {
        for (uint32_t variant = 0; variant < 2; variant++) {
            struct transfer_config config;
            uint64_t random = times;
            choose(&config, 7 * times + variant);
            config.octets[0] = 1000;
            config.octets[1] = 0;
            config.world.link.drop_rule[0] = (struct synfin_drop_rule){
                .side = SYNFIN_LINK_A, .needs_payload = 1, .nth = 1, .nth_last = times};
            config.world.link.drop_rules = 1;
            transfer_begin(&transfer, &config);
            transfer.tap[0].mangle = scribble;
            transfer.tap[0].ctx = &random;
            assert_true(transfer_run(&transfer, 2000 * WORLD_S));
            assert_true(transfer.watch.end[0].again >= times);
            transfer_finish(&transfer);
        }
    }
}

struct acks {
    uint64_t random, shortened;
    uint32_t last;
    bool has_last, is_over;
};

// The peer acknowledges any octet, also inside of segments, as some do.
static void shorten(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    struct acks *acks = ctx;
    struct segment_wire copy = *seg;
    uint32_t news = acks->has_last ? seg->ack - acks->last : 0;
    if ((seg->flags & SYNFIN_TCP_SYN) == 0 && news > 1 && news < OCTETS && !acks->is_over) {
        copy.ack = acks->last + 1 + test_random_below(&acks->random, news);
        acks->shortened += copy.ack != seg->ack;
        copy.sack_blocks = 0;
    }
    acks->last = copy.ack;
    acks->has_last = true;
    tap_pass(tap, &copy);
}

static void hist_139_writes_of_any_size_and_acknowledgments_inside_segments(void **state)
{
    static const uint32_t sizes[] = {1, 7, 100, 1447, 1449, 5000, 0};
    (void)state;
    for (uint64_t seed = 1; seed <= test_rows_times(TIMES); seed++) {
        struct transfer_config config;
        struct acks acks = {.random = seed};
        choose(&config, seed);
        config.write_max = sizes[seed % 7];
        config.octets[0] = config.write_max == 1 ? 3000 : OCTETS;
        config.octets[1] = 0;
        config.world.link.loss_ppm = (uint32_t)(seed % 4) * 30000;
        transfer_begin(&transfer, &config);
        assert_int_equal(synfin_socket_set_option(transfer.end[0].stack, transfer.end[0].socket,
                                                  SYNFIN_OPTION_NODELAY, seed % 2,
                                                  transfer.world.now_ns),
                         SYNFIN_ERROR_OK);
        transfer.tap[0].filter = shorten;
        transfer.tap[0].ctx = &acks;
        transfer_pass(&transfer, 20 * WORLD_S);
        assert_true(acks.shortened > 0);
        acks.is_over = true;
        run_to_its_end(&config);
    }
}

// Chunks and packets of odd sizes, so that payloads consist of pieces that begin and end anywhere.
static void hist_142_odd_chunks_and_odd_segments_are_summed_right(void **state)
{
    static const uint32_t mtus[] = {577, 578, 601, 1281, 1499, 1500, 3001, 9001};
    (void)state;
    for (uint64_t seed = 1; seed <= test_rows_times(TIMES); seed++) {
        struct transfer_config config;
        choose(&config, seed);
        config.world.link.mtu_bytes = mtus[seed % 8];
        config.version = mtus[seed % 8] >= 1280 ? config.version : 4;
        config.world.stack[0].chunk_bytes = 256 + (uint32_t)(seed % 19);
        config.world.stack[1].chunk_bytes = 257 + (uint32_t)(seed * 7 % 1000);
        config.write_max = 1 + (uint32_t)(seed * 131 % 3000);
        config.world.link.loss_ppm = (uint32_t)(seed % 3) * 20000;
        transfer_begin(&transfer, &config);
        run_to_its_end(&config);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_138_drivers_that_scribble_leave_retransmissions_whole),
        cmocka_unit_test(hist_138_140_segment_sent_sixteen_times_is_the_same_each_time),
        cmocka_unit_test(hist_139_writes_of_any_size_and_acknowledgments_inside_segments),
        cmocka_unit_test(hist_142_odd_chunks_and_odd_segments_are_summed_right),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
