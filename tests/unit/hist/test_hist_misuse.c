// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 144, 145 and 147: receivers and attackers that misuse congestion control,
// against every algorithm. The eleven classes of TCPwn (Jero et al., NDSS 2018) and those before it
// are strategies that alter or forge the acknowledgments a sender hears. What holds: no check
// trips, the flight stays within the window (wire_flight.h), nothing is sent much faster than an
// honest receiver would have made it, and the connection goes on once they end.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_origin.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/transfer.h"

enum {
    OCTETS = 20000000,
    RATE_BPS = 2000000,
    ATTACK_S = 1,
    AFTER_S = 1,
    PROGRESS = 10000,
    HONEST_PERCENT = 200,
    DIVIDED = 24,
    SPOOFED = 12
};

static struct transfer transfer;

struct attack {
    uint64_t random, heard, forged, begins_ns, ends_ns, next_ns;
    uint32_t una, nxt, iss, irs; // as the sender has them: absolute numbers
    bool has_una;
    struct segment_wire last; // the last acknowledgment that came
};
typedef void (*strategy_fn)(struct attack *attack, struct tap *tap, const struct segment_wire *seg);

static void forge(struct attack *attack, struct tap *tap, uint32_t ack)
{
    struct segment_wire copy = attack->last;
    copy.ack = ack;
    copy.sack_blocks = 0;
    copy.payload_bytes = 0;
    attack->forged++;
    tap_pass(tap, &copy);
}

// Row 144: one acknowledgment becomes many, or is followed by duplicates of itself.

static void divide(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    uint32_t news = attack->has_una ? seg->ack - attack->una : 0;
    for (uint32_t i = 1; i < DIVIDED && news > DIVIDED && news < OCTETS; i++) {
        forge(attack, tap, attack->una + (uint32_t)((uint64_t)news * i / DIVIDED));
    }
    tap_pass(tap, seg);
}

static void spoof_duplicates(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    tap_pass(tap, seg);
    for (uint32_t i = 0; i < SPOOFED; i++) {
        forge(attack, tap, seg->ack);
    }
}

// Row 145 and the first class: all that was sent is acknowledged before it can have arrived.
static void be_optimistic(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    tap_pass(tap, seg);
    forge(attack, tap, attack->nxt);
}

// 2: slow start again and again, by optimism after a silence that makes the timer expire.
static void repeat_slow_start(struct attack *attack, struct tap *tap,
                              const struct segment_wire *seg)
{
    bool is_silent = test_origin_time(tap->now_ns) / (WORLD_S / 2) % 3 == 2;
    if (!is_silent) {
        be_optimistic(attack, tap, seg);
    }
}

// 3: acknowledgments are held back, and come at once.
static void hold_for_bursts(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    if (++attack->heard % 20 == 0 || tap->now_ns > attack->next_ns) {
        tap_pass(tap, seg);
        attack->next_ns = tap->now_ns + WORLD_S / 5;
    }
}

// 4: a blind guess of data behind what the sender expects, so that both ends lose their common
// numbers where data outside of the window is taken.
static void desynchronise(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    static const uint8_t octets[64];
    struct segment_wire copy = *seg;
    tap_pass(tap, seg);
    copy.seq += (UINT32_C(1) << 20) + (uint32_t)test_random_below(&attack->random, 1u << 30);
    copy.payload = octets;
    copy.payload_bytes = sizeof octets;
    attack->forged++;
    tap_pass(tap, &copy);
}

// 5: acknowledgments of what was never sent, each of which asks for an answer.
static void storm(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    tap_pass(tap, seg);
    for (uint32_t i = 1; i <= SPOOFED; i++) {
        forge(attack, tap, attack->nxt + i * 100000);
    }
}

// 6: what the path loses is acknowledged all the same.
static void acknowledge_what_is_lost(struct attack *attack, struct tap *tap,
                                     const struct segment_wire *seg)
{
    attack->heard++;
    if (seg->sack_blocks > 0) {
        forge(attack, tap, seg->sack[0].right);
    } else {
        tap_pass(tap, seg);
    }
}

// 7: acknowledgments of a few octets only, in between.
static void dribble(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    uint32_t news = attack->has_una ? seg->ack - attack->una : 0;
    if (news > 10 && news < OCTETS && ++attack->heard % 50 != 0) {
        forge(attack, tap, attack->una + 10);
    } else {
        tap_pass(tap, seg);
    }
}

// 8: up with everything, then old numbers again.
static void saw(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    tap_pass(tap, seg);
    for (uint32_t i = 0; i < 8; i++) {
        forge(attack, tap, seg->ack - i * 3000);
    }
}

// 9: three duplicates now and then, from off the path.
static void inject_duplicates(struct attack *attack, struct tap *tap,
                              const struct segment_wire *seg)
{
    tap_pass(tap, seg);
    for (uint32_t i = 0; i < 3 && ++attack->heard % 10 < 4; i++) {
        forge(attack, tap, seg->ack);
    }
}

// 10: each acknowledgment many times.
static void amplify(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    for (uint32_t i = 0; i < SPOOFED; i++) {
        attack->forged++;
        tap_pass(tap, seg);
    }
}

// 11: from off the path, numbers guessed at random around the right ones.
static void guess(struct attack *attack, struct tap *tap, const struct segment_wire *seg)
{
    tap_pass(tap, seg);
    for (uint32_t i = 0; i < 4; i++) {
        forge(attack, tap, seg->ack + test_random_below(&attack->random, 200000) - 100000);
    }
}

struct named {
    const char *name;
    strategy_fn does;
    bool lies; // octets that never arrived are acknowledged: the stream cannot be whole
};
static const struct named strategies[] = {
    {"optimistic acknowledgments", be_optimistic, true},
    {"repeated slow start on the path", repeat_slow_start, true},
    {"amplified bursts", hold_for_bursts, false},
    {"desynchronisation", desynchronise, false},
    {"acknowledgment storm", storm, false},
    {"lost data acknowledged", acknowledge_what_is_lost, true},
    {"slow injected acknowledgments", dribble, false},
    {"sawtooth acknowledgments", saw, false},
    {"injected duplicates", inject_duplicates, false},
    {"amplified acknowledgments", amplify, false},
    {"repeated slow start off the path", guess, true},
    {"divided acknowledgments", divide, false},
    {"spoofed duplicates", spoof_duplicates, false},
};
enum { CLASSES = 11, DIVISION = 11, SPOOFING = 12, VARIANTS = SYNFIN_CONGESTION_COUNT * 2 };

struct door {
    struct attack attack;
    const struct named *strategy; // NULL: an honest path
};

static void alter(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    struct door *door = ctx;
    struct attack *attack = &door->attack;
    uint64_t t_ns = test_origin_time(tap->now_ns);
    bool is_time = t_ns >= attack->begins_ns && t_ns < attack->ends_ns;
    attack->last = *seg;
    if (door->strategy == NULL || !is_time || (seg->flags & SYNFIN_TCP_SYN) != 0) {
        tap_pass(tap, seg);
    } else {
        door->strategy->does(attack, tap, seg);
    }
    attack->una = seg->ack;
    attack->has_una = true;
}

static void note_sent(void *ctx, const struct tap_sight *sight)
{
    struct attack *attack = ctx;
    uint32_t end = sight->seg->seq + sight->seg->payload_bytes;
    if (sight->is_out && (int32_t)(end - attack->nxt) > 0) {
        attack->nxt = end;
    }
    if (sight->is_out && (sight->seg->flags & SYNFIN_TCP_SYN) != 0) {
        attack->nxt = end + 1;
    }
}

static void choose(struct transfer_config *config, uint32_t congestion, uint32_t variant)
{
    transfer_config_default(config, 1 + variant);
    config->octets[0] = OCTETS;
    config->world.link.delay_ns = 20 * WORLD_MS;
    config->world.link.rate_bps = RATE_BPS;
    config->world.link.queue_packets = 40;
    config->is_unjudged = true;
    for (uint32_t i = 0; i < 2; i++) {
        config->world.stack[i].congestion = congestion;
        config->world.stack[i].use_sack = variant % 2 == 0;
        config->world.stack[i].use_timestamps = variant / 2 % 2 == 0;
        config->world.stack[i].data_retries = 100;
    }
}

static void begin_attack(const struct transfer_config *config, const struct named *strategy,
                         struct door *door)
{
    *door = (struct door){.strategy = strategy,
                          .attack = {.random = 1,
                                     .begins_ns = WORLD_S + 300 * WORLD_MS,
                                     .ends_ns = (1 + ATTACK_S) * WORLD_S}};
    transfer_begin(&transfer, config);
    transfer.tap[0].filter = alter;
    transfer.tap[0].ctx = door;
    tap_observe(&transfer.tap[0], note_sent, &door->attack);
}

// Where nothing was acknowledged that never arrived, the transfer goes on.
static void end_well(const struct named *strategy)
{
    uint64_t before = transfer.end[1].delivered;
    transfer_pass(&transfer, AFTER_S * WORLD_S);
    uint64_t gained = transfer.end[1].delivered - before;
    if ((strategy == NULL || !strategy->lies) && gained < PROGRESS) {
        fail_msg("%s: only %" PRIu64 " octets in %u s after it",
                 strategy == NULL ? "nothing" : strategy->name, gained, AFTER_S);
    }
    transfer_end(&transfer);
}

struct trial {
    uint32_t first, last; // strategies
    uint32_t percent;     // of what an honest receiver is sent: the most that lies may bring
    uint64_t limit;       // octets per second that the user has set; 0: none
};

static uint64_t sent_under(const struct transfer_config *config, const struct named *strategy,
                           struct door *door, uint64_t limit)
{
    begin_attack(config, strategy, door);
    if (limit != 0) {
        assert_int_equal(synfin_socket_set_option(transfer.end[0].stack, transfer.end[0].socket,
                                                  SYNFIN_OPTION_PACING_RATE_MAX, (int64_t)limit,
                                                  transfer.world.now_ns),
                         SYNFIN_ERROR_OK);
    }
    transfer_pass(&transfer, ATTACK_S * WORLD_S);
    return transfer.tap[0].octets_out;
}

// The path takes 2 Mbit/s, and an honest receiver makes the sender offer about that. A strategy
// may make it offer more, which the path drops.
static void try(const struct trial *trial, uint32_t variant)
{
    struct transfer_config config;
    struct door door;
    choose(&config, variant / 2, variant);
    uint64_t honest = sent_under(&config, NULL, &door, trial->limit);
    end_well(NULL);
    for (uint32_t k = trial->first; k <= trial->last; k++) {
        uint64_t sent = sent_under(&config, &strategies[k], &door, trial->limit);
        print_message("%-8s %-34s %4" PRIu64 " %% of what an honest peer is sent\n",
                      synfin_congestion_name((enum synfin_congestion)(variant / 2)),
                      strategies[k].name, sent * 100 / honest);
        assert_true(sent <= honest * (strategies[k].lies ? trial->percent : HONEST_PERCENT) / 100);
        assert_true(door.attack.forged + door.attack.heard > 0);
        end_well(&strategies[k]);
    }
}

static void hist_144_dividing_and_doubling_acknowledgments_gains_little(void **state)
{
    (void)state;
    static const struct trial trial = {.first = DIVISION, .last = SPOOFING};
    for (uint32_t i = 0; i < VARIANTS; i++) {
        try(&trial, i);
    }
}

// Each lie brings a window; what the user has set as the limit holds all the same.
static void hist_145_optimism_gains_no_more_than_windows_and_limits_allow(void **state)
{
    static const struct trial unlimited = {.percent = 10000};
    static const struct trial limited = {.percent = 130, .limit = RATE_BPS / 8};
    (void)state;
    for (uint32_t i = 0; i < VARIANTS; i++) {
        try(&unlimited, i);
        try(&limited, i);
    }
}

static void hist_147_eleven_classes_of_attacks_do_bounded_harm(void **state)
{
    (void)state;
    static const struct trial trial = {.first = 1, .last = CLASSES - 1, .percent = 10000};
    for (uint32_t i = 0; i < SYNFIN_CONGESTION_COUNT; i++) {
        try(&trial, 2 * i + i % 2);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_144_dividing_and_doubling_acknowledgments_gains_little),
        cmocka_unit_test(hist_145_optimism_gains_no_more_than_windows_and_limits_allow),
        cmocka_unit_test(hist_147_eleven_classes_of_attacks_do_bounded_harm),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
