// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 77 and 110: SYNs whose addresses were chosen, to make a table slow, or to
// turn the answers against somebody.
#include <string.h>

#include "base/siphash.h"
#include "hist_steps.h"
#include "lib/test_random.h"
#include "tcp/tcp_stub.h"

// Somebody of the same network, with any port.
static struct segment_wire forged_syn(uint64_t *seed)
{
    struct segment_wire syn = {
        .src = bench.theirs,
        .dst = bench.ours,
        .src_port = (uint16_t)(1024 + test_random_below(seed, 60000)),
        .dst_port = 80,
        .seq = (uint32_t)test_random(seed),
        .flags = SYN,
        .window = 1000,
        .mss = 1460,
        .wscale = -1,
    };
    syn.src.octet[15] = (uint8_t)(3 + test_random_below(seed, 200));
    return syn;
}

// Of the stubs that wait, all of them here: how many share a bucket at most.
static uint32_t longest_chain(const struct tcp_stub_table *table)
{
    static uint16_t lengths[1 << 16];
    uint32_t longest = 0;
    memset(lengths, 0, sizeof lengths);
    CHECK(table->bucket_count <= COUNT_OF(lengths));
    for (uint32_t queue = 0; queue < TCP_STUB_QUEUES; queue++) {
        const struct tcp_stub *stub = tcp_stub_oldest(table, queue);
        for (; stub != NULL; stub = tcp_stub_younger(table, stub)) {
            struct tcp_pair pair;
            tcp_stub_pair(table, stub, &pair);
            uint64_t hash = tcp_stub_hash(table->key, &pair);
            uint32_t length = ++lengths[hash & (table->bucket_count - 1)];
            longest = length > longest ? length : longest;
        }
    }
    return longest;
}

// The attacker knows the code and not the key: all SYNs meet in one of 256 buckets under another.
static void hist_77_flood_aimed_at_one_bucket_makes_no_long_chain(void **state)
{
    enum { CHOSEN = 1024, BUCKETS = 256 };
    static const struct siphash_key guess;
    uint64_t seed = 77;
    (void)state;
    LISTEN(CHOSEN);
    for (uint32_t chosen = 0; chosen < CHOSEN;) {
        struct segment_wire syn = forged_syn(&seed);
        struct tcp_pair pair = {.local = syn.dst,
                                .remote = syn.src,
                                .local_port = syn.dst_port,
                                .remote_port = syn.src_port};
        if (tcp_stub_hash(&guess, &pair) % BUCKETS == 0) {
            hist_inject(syn);
            (void)hist_drain(NULL);
            chosen++;
        }
    }
    CHECK(bench.tcp->half_open.pool.objects > CHOSEN * 9 / 10); // some came twice
    uint32_t longest = longest_chain(&bench.tcp->half_open);
    CHECK(longest >= 1 && longest <= 10);
}

// RFC 9293 leaves it open what an address that was perhaps forged may be sent: three times its
// octets here, in all, whatever the SYN brought, and nothing but SYN+ACKs.
static void hist_110_forged_address_is_sent_three_times_the_octets_at_most(void **state)
{
    for (uint32_t i = 0; i < 32; i++) {
        uint64_t octets = 0;
        uint8_t packet[256];
        uint64_t seed = 110 + i;
        hist_begin_again(state);
        segment_without_iss();
        segment_config()->syn_cookies =
            i % 3 == 2 ? SYNFIN_SYN_COOKIES_ALWAYS : SYNFIN_SYN_COOKIES_WHEN_FULL;
        LISTEN(4);
        struct segment_wire syn = forged_syn(&seed);
        syn.mss = i % 2 == 0 ? 1460 : 0;
        syn.has_timestamps = i / 2 % 2 == 0;
        syn.sack_permitted = i / 4 % 2 == 0;
        syn.wscale = i / 8 % 2 == 0 ? 7 : -1;
        uint32_t bytes = segment_wire_build(&syn, packet);
        hist_give(packet, bytes);
        for (uint32_t second = 0; second < 300; second++) {
            struct synfin_packet out;
            while (synfin_stack_output(bench.stack, 0, &out, 1, bench.now_ns) > 0) {
                octets += out.bytes;
                CHECK(out.reason == SYNFIN_REASON_SEND_SYN_ACK
                      || out.reason == SYNFIN_REASON_SEND_SYN_ACK_AGAIN
                      || out.reason == SYNFIN_REASON_SEND_SYN_ACK_COOKIE);
            }
            bench.now_ns += SEC(1);
            synfin_stack_advance(bench.stack, bench.now_ns);
        }
        CHECK(octets >= 40 && octets <= 3 * bytes);
        CHECK_EQ(hist_connections(), 0);
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_77_flood_aimed_at_one_bucket_makes_no_long_chain),
    SEGMENT_TEST(hist_110_forged_address_is_sent_three_times_the_octets_at_most),
};
SEGMENT_MAIN(tests)
