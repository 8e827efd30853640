// SPDX-License-Identifier: MIT
//
// The numbers a stack runs with: their defaults, each with its source, and the ranges outside of
// which a configuration is refused instead of misbehaving later.
#include <string.h>

#include "base/deadline.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_fastopen.h"
#include "tcp/tcp_stub.h"

enum {
    BUFFER_BYTES_MIN = 512,
    // RFC 7323 §2.3: the largest window, 65535 shifted by 14, is below 2^30.
    BUFFER_BYTES_MAX = 1 << 30,
    SLAB_BYTES_MIN = 1024,
    SLAB_BYTES_MAX = 1 << 26,
    CHUNK_BYTES_MIN = 256,
    CHUNK_BYTES_MAX = 65536,
    // Connections count retransmissions and probes in an octet.
    COUNT_MAX = 254,
    SYN_ACK_COUNT_MAX = 127,
    ANSWERS_MIN = 8,
    BACKOFF_MIN = 100,
    BACKOFF_MAX = 1000,
    ANSWERS_MAX = 1 << 16,
    MTU_FLOOR_MIN = 296,  // RFC 1191 §7.1's last plateau but the least of all
    MTU_FLOOR_MAX = 1280, // RFC 8200 §5: every IPv6 path carries it
    IPV4_MTU_MIN = 576,   // RFC 1122 §3.3.3: what every host takes
    REORDERING_MAX = 127, // an initial window's worth and more
};

// No wait needs to be longer, and doubling it a few times stays far from 2^64.
#define WAIT_NS_MAX (UINT64_C(366) * 24 * 3600 * NS_PER_S)

static void set_default_sizes(struct synfin_stack_config *config)
{
    config->memory_limit_bytes = (size_t)256 << 20;
    config->slab_bytes = 64 << 10;
    config->chunk_bytes = 4096; // 17 of them hold a 64 KB super-packet, SYNFIN_PACKET_SPANS
    config->sockets_max = 1 << 20;
    config->reassembly_bytes_max = 1 << 20;
    config->send_buffer_bytes = 128 << 10; // 9 initial windows: both grow in time
    config->receive_buffer_bytes = 128 << 10;
    // Twice what 1 Gbit/s has on its way in 250 ms, and what a shift of 10 can say.
    config->send_buffer_bytes_max = config->receive_buffer_bytes_max = 65535 << 10;
    config->out_of_order_ranges_max = 1024; // what a full queue drops of a long path's flight
    config->port_first = 1024;              // RFC 6056 §3.2
    config->port_last = 65535;
    config->use_timestamps = 1;
    config->use_window_scale = 1;
    config->use_sack = 1;
    config->use_pacing = 1;
    config->hop_limit = 64; // RFC 1700, IP TIME TO LIVE PARAMETER
}

static void set_default_handshake(struct synfin_stack_config *config)
{
    config->syn_ack_max_ns = 60 * NS_PER_S;
    config->syn_ack_backoff_percent = 200; // RFC 6298 §5.5
    config->half_open_max = 1 << 16;       // 4 MiB
    config->time_wait_max = 1 << 20;       // 64 MiB
    config->answers_max = 1024;
    config->syn_cookies = SYNFIN_SYN_COOKIES_WHEN_FULL;
    config->cookie_lifetime_ns = 128 * NS_PER_S; // longer than a SYN+ACK is ever sent again
    config->fastopen_peers_max = 64;
    config->fastopen_off_ns = 60 * NS_PER_S;
    // A peer that asks knows what it asks for. Asking is left to the user: some paths still lose
    // SYNs that ask, which costs a second each.
    config->ecn = SYNFIN_ECN_ACCEPT;
    config->accurate_ecn = 1;
    config->congestion = SYNFIN_CONGESTION_CUBIC; // RFC 9438: Standards Track, and what most use
}

// Searching always begins with smaller packets, which costs every connection something to spare a
// few of them three timeouts; that is for those who know that routers on their way are silent.
static void set_default_path_mtu(struct synfin_stack_config *config)
{
    config->mtu_probing = SYNFIN_MTU_PROBING_BLACK_HOLE;
    config->mtu_base_bytes = 1280;  // RFC 4821 §7.2: what nearly every path carries
    config->mtu_floor_bytes = 552;  // RFC 5927 §7.2's floor of 576 less what tunnels took then
    config->burst_segments_min = 2; // one acknowledgment's worth
    config->mtu_probe_interval_ns = 600 * NS_PER_S; // RFC 1191 §6.3, RFC 8201 §4
}

static void set_default_losses(struct synfin_stack_config *config)
{
    config->use_tail_probes = 1;
    config->use_frto = 1;
    config->adapt_reordering = 1;
    config->reordering_segments = 3; // RFC 5681 §3.2, RFC 8985 §6.2 step 4
}

void synfin_stack_config_default(struct synfin_stack_config *config)
{
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    set_default_sizes(config);
    config->rto_initial_ns = NS_PER_S;     // RFC 6298 §2.1
    config->rto_min_ns = 200 * NS_PER_MS;  // docs/adr/0010-rto-minimum.md
    config->rto_max_ns = 60 * NS_PER_S;    // RFC 6298 §2.5
    config->syn_ack_initial_ns = NS_PER_S; // RFC 6298 §2.1
    config->syn_retries = 7;     // RFC 9293 §3.8.3 [MUST-23]: 1+2+4+8+16+32+60+60 = 183 s
    config->syn_ack_retries = 5; // 1+2+4+8+16+32 = 63 s: a SYN costs its sender nothing
    config->data_retries = 15;   // RFC 9293 §3.8.3 [SHLD-11]: far above 100 s
    config->orphan_retries = 8;  // 1+2+4+8+16+32+60+60+60 = 243 s
    config->delayed_ack_ns = 40 * NS_PER_MS; // RFC 9293 §3.8.6.3 [MUST-40]: below 500 ms
    // RFC 9293 §3.4.2 takes 2 minutes and calls it an engineering choice; no packet lives as
    // long today, and 30 s is what hosts have used for decades.
    config->msl_ns = 30 * NS_PER_S;
    config->fin_wait_2_ns = 60 * NS_PER_S;
    config->orphan_ns = 900 * NS_PER_S;          // 64 KB at 600 bit/s
    config->keepalive_idle_ns = 7200 * NS_PER_S; // RFC 9293 §3.8.4 [MUST-28]
    config->keepalive_interval_ns = 75 * NS_PER_S;
    config->keepalive_probes = 9;
    config->initial_window_segments = 10;   // RFC 6928 §2
    config->challenge_acks_per_second = 10; // RFC 5961 §7
    set_default_handshake(config);
    set_default_path_mtu(config);
    set_default_losses(config);
}

void synfin_iface_config_default(struct synfin_iface_config *config)
{
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    config->mtu_bytes = 1500;
}

static bool is_within(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && value <= most;
}

static bool are_sizes_valid(const struct synfin_stack_config *config)
{
    return config->memory_limit_bytes > 0
           && is_within(config->slab_bytes, SLAB_BYTES_MIN, SLAB_BYTES_MAX)
           && is_within(config->chunk_bytes, CHUNK_BYTES_MIN, CHUNK_BYTES_MAX)
           && is_within(config->sockets_max, 1, UINT32_MAX - 1)
           && is_within(config->send_buffer_bytes, BUFFER_BYTES_MIN, BUFFER_BYTES_MAX)
           && is_within(config->receive_buffer_bytes, BUFFER_BYTES_MIN, BUFFER_BYTES_MAX)
           && config->send_buffer_bytes_max <= BUFFER_BYTES_MAX
           && config->receive_buffer_bytes_max <= BUFFER_BYTES_MAX
           && is_within(config->out_of_order_ranges_max, 0, UINT16_MAX) && config->port_first >= 1
           && config->port_first <= config->port_last && config->use_timestamps <= 1
           && config->use_window_scale <= 1 && config->use_sack <= 1 && config->use_pacing <= 1
           && config->hop_limit >= 1;
}

static bool are_waits_valid(const struct synfin_stack_config *config)
{
    return is_within(config->rto_max_ns, 1, WAIT_NS_MAX)
           && is_within(config->rto_min_ns, 1, config->rto_max_ns)
           && is_within(config->rto_initial_ns, 1, config->rto_max_ns)
           && is_within(config->syn_ack_initial_ns, 1, config->rto_max_ns)
           && config->delayed_ack_ns < 500 * NS_PER_MS
           && is_within(config->msl_ns, 1, TCP_STUB_WAIT_NS_MAX / 2)
           && is_within(config->syn_ack_max_ns, config->syn_ack_initial_ns, TCP_STUB_WAIT_NS_MAX)
           && is_within(config->cookie_lifetime_ns, NS_PER_S, TCP_STUB_WAIT_NS_MAX)
           && is_within(config->fin_wait_2_ns, 1, WAIT_NS_MAX)
           && is_within(config->orphan_ns, 1, WAIT_NS_MAX)
           && is_within(config->keepalive_idle_ns, 1, WAIT_NS_MAX)
           && is_within(config->keepalive_interval_ns, 1, WAIT_NS_MAX)
           && is_within(config->mtu_probe_interval_ns, 1, WAIT_NS_MAX);
}

static bool are_counts_valid(const struct synfin_stack_config *config)
{
    return config->syn_retries <= COUNT_MAX && config->syn_ack_retries < SYN_ACK_COUNT_MAX
           && is_within(config->data_retries, 1, COUNT_MAX) && config->orphan_retries <= COUNT_MAX
           && is_within(config->keepalive_probes, 1, COUNT_MAX)
           && is_within(config->initial_window_segments, 1, COUNT_MAX)
           && is_within(config->challenge_acks_per_second, 1, COUNT_MAX)
           && is_within(config->half_open_max, 1, TCP_STUBS_MAX)
           && is_within(config->time_wait_max, 1, TCP_STUBS_MAX)
           && is_within(config->answers_max, ANSWERS_MIN, ANSWERS_MAX)
           && config->fastopen_peers_max <= TCP_FASTOPEN_PEERS_MAX
           && config->fastopen_takes_any <= 1 && config->fastopen_sends_any <= 1
           && is_within(config->syn_ack_backoff_percent, BACKOFF_MIN, BACKOFF_MAX)
           && config->congestion < SYNFIN_CONGESTION_COUNT && config->ecn <= SYNFIN_ECN_ASK_ACCURATE
           && config->mtu_probing <= SYNFIN_MTU_PROBING_ALWAYS
           && is_within(config->mtu_floor_bytes, MTU_FLOOR_MIN, MTU_FLOOR_MAX)
           && is_within(config->mtu_base_bytes, MTU_FLOOR_MIN, SYNFIN_PACKET_MAX)
           && is_within(config->burst_segments_min, 1, UINT8_MAX)
           && config->linux_ways < UINT32_C(1) << SYNFIN_LINUX_WAY_COUNT
           && config->accurate_ecn <= 1 && config->syn_cookies <= SYNFIN_SYN_COOKIES_ALWAYS
           && config->has_cookie_secret <= 1;
}

static bool are_losses_valid(const struct synfin_stack_config *config)
{
    return config->use_tail_probes <= 1 && config->use_frto <= 1 && config->adapt_reordering <= 1
           && is_within(config->reordering_segments, 1, REORDERING_MAX);
}

// A shorter struct is that of an older header: what it lacks has its default.
bool stack_config_read(struct synfin_stack_config *to, const struct synfin_stack_config *from)
{
    synfin_stack_config_default(to);
    if (from != NULL) {
        if (from->size < sizeof from->size || from->size > sizeof *to) {
            return false;
        }
        memcpy(to, from, from->size);
        to->size = sizeof *to;
    }
    return are_sizes_valid(to) && are_waits_valid(to) && are_counts_valid(to)
           && are_losses_valid(to);
}

// Ours must be one station's address, not a group's and not none.
static bool is_station(const uint8_t mac[6])
{
    static const uint8_t none[6];
    return (mac[0] & 1) == 0 && memcmp(mac, none, sizeof none) != 0;
}

bool stack_config_read_iface(struct synfin_iface_config *to, const struct synfin_iface_config *from)
{
    synfin_iface_config_default(to);
    if (from->size < sizeof from->size || from->size > sizeof *to) {
        return false;
    }
    memcpy(to, from, from->size);
    to->size = sizeof *to;
    return to->is_ethernet <= 1 && (to->is_ethernet == 0 || is_station(to->mac))
           && is_within(to->mtu_bytes, IPV4_MTU_MIN, SYNFIN_PACKET_MAX)
           && to->gso_bytes <= SYNFIN_PACKET_MAX && to->can_checksum <= 1
           && to->accept_router_advertisements <= 1;
}
