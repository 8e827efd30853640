// SPDX-License-Identifier: MIT
//
// Reassembly alone: fragments of a few datagrams of both versions at any place, in any order, of
// right and wrong octets, and time, against a map of each datagram's octets. What is handed up is
// whole and was all held; what overlaps spoils its datagram until its time is over.
#include <string.h>

#include "base/deadline.h"
#include "fuzz_input.h"
#include "lib/test_env.h"
#include "net/net_internal.h"
#include "wire/wire_protocol.h"

enum {
    DATAGRAMS = 8, // the odd ones of IPv6
    UNIT = 8,      // of a fragment's offset
    UNITS = 64,
    PIECE_MAX = 12, // units of a fragment
    FACTOR = 32,    // of some, so that they take several blocks
    HEADER_IP6 = 40,
};

// A datagram as it should be: which fragment each unit came with, as its first unit + 1.
struct map {
    uint8_t came[UNITS];
    uint8_t length[UNITS]; // of the fragment that begins there
    bool is_other[UNITS];  // its octets are not those of the others
    uint32_t end;          // in units; 0: not known
    uint64_t deadline_ns;
    bool is_begun, is_spoilt;
};

struct model {
    struct test_env memory;
    struct slab_source source;
    struct wheel wheel;
    struct report report;
    struct net *net;
    struct map map[DATAGRAMS];
    uint32_t factor; // octets of a unit / UNIT
    uint64_t now_ns;
};

static uint8_t octet_of(uint32_t which, uint32_t at, bool is_other)
{
    return (uint8_t)((at * 31 + (at >> 8) + which) ^ is_other);
}

static bool is_held(const struct map *map, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        if (map->came[i] != 0) {
            return true;
        }
    }
    return false;
}

// What the fragment does to the map; true when the datagram is whole with it.
static bool expect(struct map *map, uint32_t first, uint32_t end, bool is_last, bool is_other)
{
    if (map->is_spoilt) {
        return false;
    }
    if (map->came[first] == first + 1 && map->length[first] == end - first
        && map->is_other[first] == is_other) {
        return false; // a copy
    }
    if (is_held(map, first, end)
        || (map->end != 0 && (end > map->end || (is_last && end != map->end)))
        || (is_last && is_held(map, end, UNITS))) {
        map->is_spoilt = true;
        return false;
    }
    memset(map->came + first, (int)first + 1, end - first);
    map->length[first] = (uint8_t)(end - first);
    map->is_other[first] = is_other;
    map->end = is_last ? end : map->end;
    for (uint32_t i = 0; i < map->end; i++) {
        if (map->came[i] == 0) {
            return false;
        }
    }
    return map->end != 0;
}

static void check_whole(const struct model *m, uint32_t which,
                        const struct fragment_datagram *whole)
{
    static uint8_t octets[UNITS * UNIT * FACTOR];
    const struct map *map = &m->map[which];
    struct gather view;
    uint32_t unit_bytes = UNIT * m->factor;
    fragments_view(m->net, whole, &view);
    fuzz_require(view.bytes == map->end * unit_bytes);
    gather_read(&view, octets, view.bytes);
    for (uint32_t i = 0; i < map->end * unit_bytes; i++) {
        uint32_t from = map->came[i / unit_bytes] - 1U;
        fuzz_require(octets[i] == octet_of(which, i, map->is_other[from]));
    }
}

static void give(struct model *m, struct fuzz_input *in)
{
    static uint8_t octets[PIECE_MAX * UNIT * FACTOR];
    static const uint8_t header[HEADER_IP6];
    uint32_t choice = (uint32_t)fuzz_take(in, 1);
    uint32_t which = choice % DATAGRAMS;
    uint32_t first = (uint32_t)fuzz_take(in, 1) % UNITS;
    uint32_t units = 1 + (uint32_t)fuzz_take(in, 1) % PIECE_MAX;
    units = units < UNITS - first ? units : UNITS - first;
    bool is_last = (choice & 0x40) != 0;
    bool is_other = (choice & 0x80) != 0;
    uint32_t unit_bytes = UNIT * m->factor;
    struct synfin_addr src = synfin_addr_ipv4(192, 0, 2, 1);
    struct synfin_addr dst = synfin_addr_ipv4(192, 0, 2, 2);
    struct gather payload;
    const struct fragment_datagram *whole = NULL;
    for (uint32_t i = 0; i < units * unit_bytes; i++) {
        octets[i] = octet_of(which, first * unit_bytes + i, is_other);
    }
    gather_of_octets(&payload, octets, units * unit_bytes);
    struct fragment fragment = {.src = &src,
                                .dst = &dst,
                                .payload = &payload,
                                .header = header,
                                .header_bytes = which % 2 != 0 ? HEADER_IP6 : 20,
                                .id = which / 2,
                                .offset_bytes = first * unit_bytes,
                                .protocol = WIRE_PROTOCOL_TCP,
                                .has_more = !is_last,
                                .is_ip6 = which % 2 != 0};
    struct map *map = &m->map[which];
    if (!map->is_begun) {
        *map = (struct map){.is_begun = true,
                            .deadline_ns = m->now_ns + (fragment.is_ip6 ? 60 : 30) * NS_PER_S};
    }
    bool is_whole = expect(map, first, first + units, is_last, is_other);
    enum synfin_reason reason = fragments_add(m->net, &fragment, m->now_ns, &whole);
    fuzz_require(is_whole == (reason == SYNFIN_REASON_UNKNOWN));
    fuzz_require(map->is_spoilt == (reason == SYNFIN_REASON_DROP_FRAGMENT_OVERLAP));
    if (is_whole) {
        check_whole(m, which, whole);
        fragments_release(m->net);
        *map = (struct map){0};
    }
}

// Takes what the network layer says of datagrams that did not become whole.
static uint32_t take_errors(struct model *m)
{
    struct synfin_packet packets[4];
    uint32_t sum = 0;
    for (uint32_t count; (count = net_output(m->net, 0, packets, 4, m->now_ns)) > 0;) {
        net_reclaim(m->net);
        sum += count;
    }
    return sum;
}

// An error may be sent for what ended with its first fragment there, RFC 1122 §3.3.2.
static void advance(struct model *m, struct fuzz_input *in)
{
    m->now_ns += fuzz_take(in, 1) * NS_PER_S / 4;
    uint64_t next_ns = SYNFIN_NEVER;
    uint32_t quotable = 0;
    for (uint32_t i = 0; i < DATAGRAMS; i++) {
        if (m->map[i].is_begun && m->map[i].deadline_ns <= m->now_ns) {
            quotable += !m->map[i].is_spoilt && m->map[i].came[0] != 0;
            m->map[i] = (struct map){0};
        }
        next_ns = m->map[i].is_begun ? deadline_min(next_ns, m->map[i].deadline_ns) : next_ns;
    }
    fuzz_require(fragments_advance(m->net, m->now_ns) == next_ns);
    fuzz_require(take_errors(m) <= quotable);
}

static void begin(struct model *m, struct fuzz_input *in)
{
    struct synfin_env env;
    memset(m, 0, sizeof *m);
    test_env_bind(&env, &m->memory, 1);
    slab_source_init(&m->source, &env, SIZE_MAX, 65536);
    wheel_init(&m->wheel, 0);
    report_init(&m->report, NULL, NULL);
    struct net_config config = {.source = &m->source,
                                .wheel = &m->wheel,
                                .report = &m->report,
                                .key = {3, 4},
                                .reassembly_bytes_max = 1 << 20,
                                .hop_limit = 64};
    m->net = net_create(&config, 0);
    fuzz_require(m->net != NULL);
    uint32_t iface;
    struct synfin_iface_config bare = {.size = sizeof bare, .mtu_bytes = 1500};
    struct synfin_prefix ours = {.addr = synfin_addr_ipv4(192, 0, 2, 2), .bits = 24};
    fuzz_require(net_add_iface(m->net, &bare, 0, &iface) == SYNFIN_ERROR_OK);
    fuzz_require(net_add_addr(m->net, iface, &ours, 0) == SYNFIN_ERROR_OK);
    m->factor = (fuzz_take(in, 1) & 1) != 0 ? FACTOR : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct fuzz_input in = {data, size};
    begin(&m, &in);
    while (in.bytes > 0) {
        if (*in.data < 0xf0) {
            give(&m, &in);
        } else {
            (void)fuzz_take(&in, 1);
            advance(&m, &in);
        }
        fuzz_require(fragments_check(m.net));
    }
    net_destroy(m.net);
    fuzz_require(m.memory.slabs == 0 && m.source.taken_bytes == 0);
    return 0;
}
