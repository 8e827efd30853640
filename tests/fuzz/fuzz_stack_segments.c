// SPDX-License-Identifier: MIT
//
// Whole stacks against a hostile network and a hostile user. The input is a list of steps:
// segments near everything a connection remembers, ICMP errors about them, fragments, packets
// that were changed, delivered twice, late or never, time in any amount, calls in any state,
// memory that fails. After each step the invariants of every connection are walked, and what
// leaves a stack is judged octet by octet (stack_judge.c).
#include <stdlib.h>
#include <string.h>

#include "stack_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    CONNS_MAX = 32,
    PAYLOAD_MAX = 3000,
    STEPS_MAX = 400,
    // What one packet may cause besides data that it made room for.
    CONTROLS_MAX = 4,
    DATAS_MAX = 4000,
    RST = 4,
};

enum step {
    STEP_SEGMENT,
    STEP_SEGMENT_AGAIN,
    STEP_FLAGS_ONLY,
    STEP_ICMP,
    STEP_CHANGED,
    STEP_RAW,
    STEP_DELIVER,
    STEP_DELIVER_ALL,
    STEP_SHUFFLE,
    STEP_TIME,
    STEP_CALL,
    STEP_CALL_AGAIN,
    STEP_PULL,
    STEP_EVENTS,
    STEP_MEMORY,
    STEP_CONNECT,
    STEP_GHOST,
    STEP_COUNT,
    STEP_FLOOD = 126, // beside the others, so that they keep their numbers
    STEP_PART,
};

static const uint32_t DISTANCE[] = {
    0,     1,          UINT32_MAX, 2,        100,        1000,       UINT32_MAX - 999, 1460,
    65535, 0 - 65535U, 1U << 30,   3U << 30, 0x7fffffff, 0x80000000, 0x80000001,       0x7ffffffe,
};

// Who never was: no stack of its own, but it may have connections.
static struct synfin_addr ghost_addr(uint32_t version_index)
{
    struct synfin_addr v6 = {{0x20, 1, 0xd, 0xb8, [15] = 3}};
    return version_index == 0 ? synfin_addr_ipv4(192, 0, 2, 3) : v6;
}

// To a listener's port, or to any.
static void aim_at_port(struct rig *rig, uint32_t host, struct segment_wire *seg)
{
    uint32_t choice = rig_take(&rig->in, 1);
    uint32_t version = choice & 1;
    seg->dst = rig->host[host].addr[version];
    seg->src = (choice & 2) != 0 ? rig->host[1 - host].addr[version] : ghost_addr(version);
    seg->dst_port = (uint16_t)(80 + (choice >> 2) % 4);
    seg->src_port = (uint16_t)(1000 + (choice >> 4));
    seg->seq = DISTANCE[rig_below(&rig->in, 16)];
    seg->ack = DISTANCE[rig_below(&rig->in, 16)];
}

// At a half-open connection or one in TIME-WAIT; false when there is none.
static bool aim_at_stub(struct rig *rig, uint32_t host, struct segment_wire *seg)
{
    struct tcp_pair pair;
    uint32_t choice = rig_take(&rig->in, 1);
    const struct tcp_stub *stub = rig_stub(&rig->host[host], choice & 15, &pair);
    if (stub == NULL) {
        return false;
    }
    seg->src = pair.remote;
    seg->dst = pair.local;
    seg->src_port = pair.remote_port;
    seg->dst_port = pair.local_port;
    seg->seq = stub->theirs.n + ((choice & 16) != 0);
    seg->ack = stub->ours.n + ((choice & 32) != 0);
    seg->has_timestamps = stub->has_timestamps;
    seg->ts_val = stub->ts_recent;
    if ((choice & 64) != 0) {
        seg->seq += DISTANCE[rig_below(&rig->in, 16)];
    }
    if ((choice & 128) != 0) {
        seg->ts_val += DISTANCE[rig_below(&rig->in, 16)];
    }
    return true;
}

// The third segment to the last SYN+ACK, which may have been a cookie.
static void aim_at_syn_ack(const struct rig *rig, uint32_t host, struct segment_wire *seg)
{
    const struct segment_wire *syn_ack = &rig->host[host].syn_ack;
    seg->src = syn_ack->dst;
    seg->dst = syn_ack->src;
    seg->src_port = syn_ack->dst_port;
    seg->dst_port = syn_ack->src_port;
    seg->seq = syn_ack->ack;
    seg->ack = syn_ack->seq + 1;
    seg->has_timestamps = syn_ack->has_timestamps;
    seg->ts_val = syn_ack->ts_ecr;
    seg->ts_ecr = syn_ack->ts_val;
}

static void aim_at_nobody(struct rig *rig, uint32_t host, struct segment_wire *seg)
{
    uint32_t choice = rig_take(&rig->in, 1);
    if ((choice & 1) != 0 && rig->host[host].syn_ack.src_port != 0) {
        aim_at_syn_ack(rig, host, seg);
    } else if ((choice & 2) == 0 || !aim_at_stub(rig, host, seg)) {
        aim_at_port(rig, host, seg);
    }
}

static void aim_at_conn(struct rig *rig, const struct tcp_conn *conn, struct segment_wire *seg)
{
    uint32_t choice = rig_take(&rig->in, 1);
    const uint32_t seqs[] = {conn->rcv.nxt.n,   conn->rcv.nxt.n, conn->rcv.adv.n, conn->irs.n,
                             conn->rcv.acked.n, conn->rcv.fin.n, conn->rcv.up.n,  conn->rcv.nxt.n};
    const uint32_t acks[] = {conn->snd.nxt.n,  conn->snd.una.n,
                             conn->snd.nxt.n,  conn->snd.resend.n,
                             conn->iss.n,      conn->recovery.recover.n,
                             conn->snd.edge.n, conn->snd.una.n + conn->send.bytes};
    seg->src = conn->pair.remote;
    seg->dst = conn->pair.local;
    seg->src_port = conn->pair.remote_port;
    seg->dst_port = conn->pair.local_port;
    seg->seq = seqs[choice & 7];
    seg->ack = acks[(choice >> 3) & 7];
    if ((choice & 64) != 0) {
        seg->seq += DISTANCE[rig_below(&rig->in, 16)];
    }
    if ((choice & 128) != 0) {
        seg->ack += DISTANCE[rig_below(&rig->in, 16)];
    }
}

static const struct tcp_conn *choose_conn(struct rig *rig, uint32_t host)
{
    struct tcp_conn *conns[CONNS_MAX];
    uint32_t count = rig_conns(&rig->host[host], conns, CONNS_MAX);
    uint32_t choice = rig_take(&rig->in, 1);
    return choice >= 224 || count == 0 ? NULL : conns[choice % count];
}

static void add_sack(struct rig *rig, const struct tcp_conn *conn, struct segment_wire *seg)
{
    seg->sack_blocks = (uint8_t)(1 + rig_below(&rig->in, 3));
    for (uint32_t i = 0; i < seg->sack_blocks; i++) {
        uint32_t from = conn != NULL ? conn->snd.una.n : 0;
        seg->sack[i].left = from + DISTANCE[rig_below(&rig->in, 16)];
        seg->sack[i].right = seg->sack[i].left + DISTANCE[rig_below(&rig->in, 16)];
    }
}

static void add_timestamps(struct rig *rig, const struct tcp_conn *conn, struct segment_wire *seg)
{
    uint32_t choice = rig_take(&rig->in, 1);
    seg->has_timestamps = true;
    seg->ts_val = (conn != NULL ? conn->ts_recent : 1000) + DISTANCE[choice & 15];
    uint32_t ours = (uint32_t)(rig->now_ns / (RIG_S / 1000));
    seg->ts_ecr = (conn != NULL ? conn->ts_offset + ours : 0) + DISTANCE[choice >> 4];
}

// A request, a cookie that is good, or one that is not.
static void add_fastopen(struct rig *rig, uint32_t host, struct segment_wire *seg)
{
    struct wire_tcp h = {.has_fastopen = false};
    uint32_t choice = rig_take(&rig->in, 1);
    struct tcp_pair pair = {.local = seg->dst, .remote = seg->src};
    tcp_fastopen_give(&rig->host[host].tcp->fastopen_jar, &pair, rig->now_ns, &h);
    seg->fastopen.is_set = true;
    seg->fastopen.bytes = (choice & 1) != 0 ? h.cookie_bytes : 0;
    memcpy(seg->fastopen.octets, h.cookie, sizeof seg->fastopen.octets);
    if (choice >= 240) {
        seg->fastopen.octets[choice & 7]++;
    }
}

static void add_options(struct rig *rig, const struct tcp_conn *conn, struct segment_wire *seg)
{
    static const uint16_t mss[] = {1, 64, 88, 536, 1460, 8960, 65535};
    static const uint8_t shift[] = {0, 1, 7, 14, 15, 127};
    uint32_t choice = rig_take(&rig->in, 1);
    seg->wscale = -1;
    bool has_timestamps = conn != NULL && conn->uses_timestamps;
    if (has_timestamps != ((choice & 1) != 0)) {
        add_timestamps(rig, conn, seg);
    }
    if ((choice & 2) != 0) {
        seg->mss = mss[rig_below(&rig->in, 7)];
    }
    if ((choice & 4) != 0) {
        seg->wscale = shift[rig_below(&rig->in, 6)];
    }
    seg->sack_permitted = (choice & 8) != 0;
    if ((choice & 16) != 0 && !seg->sack_permitted) {
        add_sack(rig, conn, seg);
    }
    if ((choice & 0xe0) == 0xe0 && seg->sack_blocks == 0) {
        seg->extra_bytes = (uint8_t)rig_below(&rig->in, 17);
        for (uint32_t i = 0; i < seg->extra_bytes; i++) {
            seg->extra[i] = (uint8_t)rig_take(&rig->in, 1);
        }
    }
}

static void add_payload(struct rig *rig, const struct tcp_conn *conn, struct segment_wire *seg)
{
    static uint8_t octets[PAYLOAD_MAX];
    uint32_t choice = rig_take(&rig->in, 1);
    uint32_t bytes = 0;
    if (choice >= 240) {
        bytes = rig_below(&rig->in, PAYLOAD_MAX);
    } else if (choice >= 200 && conn != NULL) {
        bytes = conn->rcv.mss;
    } else if (choice >= 120) {
        bytes = choice - 119;
    }
    bytes = bytes < PAYLOAD_MAX ? bytes : PAYLOAD_MAX;
    uint32_t first = seg->seq + ((seg->flags & 2) != 0);
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = rig_octet(first + i);
    }
    seg->payload = octets;
    seg->payload_bytes = bytes;
}

static void invent(struct rig *rig, uint32_t host, bool is_plain, struct segment_wire *seg)
{
    static const uint16_t flags[] = {0x10, 0x11, 0x02, 0x12, 0x04, 0x14, 0x18, 0x30};
    static const uint16_t window[] = {65535, 0, 1, 1000, 256, 8192};
    const struct tcp_conn *conn = choose_conn(rig, host);
    uint32_t choice = rig_take(&rig->in, 1);
    memset(seg, 0, sizeof *seg);
    if (conn == NULL) {
        aim_at_nobody(rig, host, seg);
    } else {
        aim_at_conn(rig, conn, seg);
    }
    seg->flags = (choice & 8) != 0 ? (uint16_t)(rig_take(&rig->in, 2) & 0x1ff) : flags[choice & 7];
    choice >>= 4;
    seg->window = choice < 6 ? window[choice] : 65535;
    if (choice == 15) {
        seg->window = (uint16_t)rig_take(&rig->in, 2);
    }
    if ((seg->flags & 0x20) != 0) {
        seg->urgent = (uint16_t)rig_take(&rig->in, 2);
    }
    seg->wscale = -1;
    if (!is_plain) {
        add_options(rig, conn, seg);
        if ((seg->flags & 2) != 0 && seg->extra_bytes == 0 && seg->sack_blocks == 0) {
            add_fastopen(rig, host, seg);
        }
        add_payload(rig, conn, seg);
    } else if (conn != NULL && conn->uses_timestamps) {
        seg->has_timestamps = true;
        seg->ts_val = conn->ts_recent;
    }
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t header_sum(const uint8_t *octets, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < bytes; i += 2) {
        sum += (uint32_t)octets[i] << 8 | octets[i + 1];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

// One IPv4 or IPv6 fragment with the octets [from, to) of the packet's payload.
static uint32_t make_fragment(const uint8_t *ip, uint32_t from, uint32_t to, bool is_last,
                              uint8_t *out)
{
    bool v4 = ip[0] >> 4 == 4;
    uint32_t header = v4 ? 20 : 40;
    uint32_t after = v4 ? 20 : 48;
    memcpy(out, ip, header);
    memcpy(out + after, ip + header + from, to - from);
    if (v4) {
        put16(out + 2, after + to - from);
        memcpy(out + 4, ip + header + 16, 2); // the identification: TCP's checksum will do
        put16(out + 6, from / 8 | (is_last ? 0 : 0x2000));
        put16(out + 10, 0);
        put16(out + 10, ~header_sum(out, 20) & 0xffff);
    } else {
        put16(out + 4, 8 + to - from);
        out[6] = 44;
        const uint8_t extension[8] = {6, 0, 0, 0, 0, 0, ip[header + 16], ip[header + 17]};
        memcpy(out + 40, extension, sizeof extension);
        put16(out + 42, from | (is_last ? 0 : 1));
    }
    return after + to - from;
}

// Two or three fragments, in any order, that may overlap or be incomplete.
static void give_fragments(struct rig *rig, uint32_t host, const uint8_t *ip, uint32_t bytes)
{
    static uint8_t out[RIG_FRAME_MAX];
    uint32_t header = ip[0] >> 4 == 4 ? 20 : 40;
    uint32_t payload = bytes - header;
    uint32_t count = 2 + rig_below(&rig->in, 3);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t choice = rig_take(&rig->in, 1);
        uint32_t from = (choice & 15) * payload / 16 / 8 * 8;
        uint32_t to = (choice & 16) != 0 ? payload : from + ((choice >> 5) * payload / 8 / 8 * 8);
        to = to < payload ? to : payload;
        uint32_t made = make_fragment(ip, from, to, to == payload, out);
        rig_give_ip(rig, host, out, made, 0);
    }
}

// SYNs that nobody follows up, or almost nobody, from ports in a row.
static void step_flood(struct rig *rig, uint32_t host)
{
    static uint8_t ip[RIG_FRAME_MAX];
    uint32_t count = 1 + rig_below(&rig->in, 48);
    uint32_t choice = rig_take(&rig->in, 2);
    struct segment_wire seg = {.src = ghost_addr(choice & 1),
                               .dst = rig->host[host].addr[choice & 1],
                               .dst_port = (uint16_t)(80 + (choice >> 1) % 4),
                               .seq = choice * 65536,
                               .flags = 2,
                               .window = 65535,
                               .wscale = (choice & 8) != 0 ? 7 : -1,
                               .mss = (choice & 16) != 0 ? 1460 : 0,
                               .sack_permitted = (choice & 32) != 0,
                               .has_timestamps = (choice & 64) != 0};
    for (uint32_t i = 0; i < count; i++) {
        seg.src_port = (uint16_t)(1000 + (choice >> 8) + i);
        rig_give_ip(rig, host, ip, segment_wire_build(&seg, ip), 0);
        if ((choice & 128) != 0) {
            rig_drain(rig, host);
        }
    }
}

// What one packet causes is little, and never a reset for a reset.
static void give_alone(struct rig *rig, uint32_t host, const struct segment_wire *seg,
                       const uint8_t *ip, uint32_t bytes)
{
    rig_drain(rig, host);
    rig_count_anew(&rig->host[host]);
    rig_give_ip(rig, host, ip, bytes, 0);
    rig_drain(rig, host);
    const struct rig_host *judged = &rig->host[host];
    RIG_REQUIRE((seg->flags & RST) == 0 || judged->resets == 0);
    RIG_REQUIRE(judged->controls <= CONTROLS_MAX && judged->others <= CONTROLS_MAX);
    RIG_REQUIRE(judged->datas <= DATAS_MAX);
}

static void step_segment(struct rig *rig, uint32_t host, bool is_plain)
{
    static uint8_t ip[RIG_FRAME_MAX];
    struct segment_wire seg;
    uint32_t how = rig_take(&rig->in, 1);
    invent(rig, host, is_plain, &seg);
    seg.has_bad_checksum = how == 255;
    uint32_t bytes = segment_wire_build(&seg, ip);
    if (how < 128) {
        give_alone(rig, host, &seg, ip, bytes);
    } else if (how < 160) {
        rig_give_ip(rig, host, ip, bytes, 0);
    } else if (how < 224) {
        rig_give_ip(rig, host, ip, bytes, (uint8_t)(how - 159));
    } else if (how < 240) {
        give_fragments(rig, host, ip, bytes);
    } else { // shorter than its length says
        rig_give_ip(rig, host, ip, bytes - (how & 15) % bytes, 0);
    }
}

static void step_icmp(struct rig *rig, uint32_t host)
{
    static uint8_t ip[RIG_FRAME_MAX];
    static const uint32_t mtu[] = {0, 1, 68, 552, 576, 1279, 1280, 1400, 65535, UINT32_MAX};
    static const uint8_t kind4[] = {3, 3, 3, 4, 11, 12, 5, 0};
    static const uint8_t kind6[] = {1, 2, 2, 3, 4, 1, 128, 0};
    struct tcp_conn *conns[CONNS_MAX];
    uint32_t count = rig_conns(&rig->host[host], conns, CONNS_MAX);
    uint32_t choice = rig_take(&rig->in, 2);
    if (count == 0) {
        return;
    }
    const struct tcp_conn *conn = conns[(choice >> 8) % count];
    struct segment_wire sent = {.src = conn->pair.local,
                                .dst = conn->pair.remote,
                                .src_port = conn->pair.local_port,
                                .dst_port = conn->pair.remote_port,
                                .seq = conn->snd.una.n,
                                .ack = conn->rcv.nxt.n,
                                .flags = 0x10,
                                .wscale = -1};
    if ((choice & 8) != 0) {
        sent.seq += DISTANCE[rig_below(&rig->in, 16)];
    }
    bool v4 = segment_wire_build(&sent, ip) == 40;
    uint8_t code = (uint8_t)((choice >> 4) & 15);
    const uint8_t type_code[2] = {v4 ? kind4[choice & 7] : kind6[choice & 7], code};
    uint32_t rest = mtu[rig_below(&rig->in, 10)];
    struct synfin_addr router = (choice & 128) != 0 ? conn->pair.remote : ghost_addr(v4 ? 0 : 1);
    uint32_t bytes = segment_wire_build_icmp(&router, &sent, type_code, rest, ip);
    rig_give_ip(rig, host, ip, bytes, 0);
}

// A packet on the wire, changed or cut: it dies of its checksums, as it should.
static void step_changed(struct rig *rig, uint32_t from)
{
    struct rig_host *host = &rig->host[from];
    if (host->wire_count == 0) {
        return;
    }
    uint32_t at = rig_below(&rig->in, host->wire_count);
    struct rig_frame frame = host->wire[at];
    frame.octets = malloc(frame.bytes);
    frame.is_verified = false;
    memcpy(frame.octets, host->wire[at].octets, frame.bytes);
    // One bit: RFC 1071's sum notices that for certain.
    frame.octets[rig_below(&rig->in, frame.bytes)] ^= (uint8_t)(1 << rig_below(&rig->in, 8));
    frame.bytes -= rig_below(&rig->in, 4) == 0 ? rig_below(&rig->in, frame.bytes) : 0;
    rig_give_frame(rig, 1 - from, &frame, (uint8_t)rig_take(&rig->in, 1));
    free(frame.octets);
}

static void step_raw(struct rig *rig, uint32_t host)
{
    uint8_t octets[256];
    uint32_t bytes = rig_below(&rig->in, 128);
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = (uint8_t)rig_take(&rig->in, 1);
    }
    rig_give_ip(rig, host, octets, bytes, 0);
}

static void step_shuffle(struct rig *rig, uint32_t from)
{
    struct rig_host *host = &rig->host[from];
    uint32_t choice = rig_take(&rig->in, 1);
    if (host->wire_count == 0) {
        return;
    }
    uint32_t a = rig_below(&rig->in, host->wire_count);
    uint32_t b = rig_below(&rig->in, host->wire_count);
    struct rig_frame frame = host->wire[a];
    switch (choice % 4) {
    case 0: rig_drop(host, a); break;
    case 1: rig_give_frame(rig, 1 - from, &frame, 0); break; // and once more later
    case 2:
        host->wire[a] = host->wire[b];
        host->wire[b] = frame;
        break;
    default:
        while (host->wire_count > 0) {
            rig_drop(host, 0);
        }
        break;
    }
}

static void step_time(struct rig *rig)
{
    static const uint64_t wait_ns[] = {1,
                                       1000,
                                       RIG_TICK_NS,
                                       RIG_S / 1000,
                                       RIG_S / 25,
                                       RIG_S / 5,
                                       RIG_S,
                                       3 * RIG_S,
                                       60 * RIG_S,
                                       600 * RIG_S,
                                       7200 * RIG_S,
                                       86400 * RIG_S,
                                       25 * 86400 * RIG_S,
                                       366 * 86400 * RIG_S,
                                       UINT64_C(36525) * 86400 * RIG_S,
                                       0};
    uint32_t choice = rig_take(&rig->in, 1);
    rig_advance(rig, wait_ns[choice & 15], (choice & 16) != 0 ? 0 : 12);
}

// All takes fail from now on, or from the n-th on, or only one, or none any more.
static void step_memory(struct rig *rig, uint32_t host)
{
    struct test_env *memory = &rig->host[host].memory;
    uint32_t choice = rig_take(&rig->in, 1);
    memory->fail_after = choice == 0 ? UINT32_MAX : memory->takes + (choice & 15);
    memory->fail_times = (choice & 16) != 0 ? 1 : UINT32_MAX;
}

// The ghost answers to ARP, so that a stack on Ethernet can send to it.
static void step_ghost(struct rig *rig, uint32_t host)
{
    uint8_t octets[42] = {0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 8,   6, 0, 1,
                          8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 3, 192, 0, 2, 3};
    struct rig_frame frame = {octets, sizeof octets, false};
    memcpy(octets, rig->host[host].iface.mac, 6);
    memcpy(octets + 32, rig->host[host].iface.mac, 6);
    memcpy(octets + 38, rig->host[host].addr[0].octet + 12, 4);
    rig_give_frame(rig, host, &frame, 0);
    rig_drain(rig, host);
}

static void run_step(struct rig *rig)
{
    uint32_t choice = rig_take(&rig->in, 1);
    uint32_t host = choice >> 7;
    uint32_t step = choice & 127;
    switch (step < STEP_FLOOD ? step % STEP_COUNT : step) {
    case STEP_SEGMENT:
    case STEP_SEGMENT_AGAIN: step_segment(rig, host, false); break;
    case STEP_FLAGS_ONLY: step_segment(rig, host, true); break;
    case STEP_ICMP: step_icmp(rig, host); break;
    case STEP_CHANGED: step_changed(rig, host); break;
    case STEP_RAW: step_raw(rig, host); break;
    case STEP_DELIVER:
        if (rig->host[host].wire_count > 0) {
            rig_deliver(rig, host, rig_below(&rig->in, rig->host[host].wire_count));
        }
        break;
    case STEP_DELIVER_ALL: rig_settle(rig, 1 + rig_below(&rig->in, 20)); break;
    case STEP_SHUFFLE: step_shuffle(rig, host); break;
    case STEP_TIME: step_time(rig); break;
    case STEP_CALL:
    case STEP_CALL_AGAIN: rig_call(rig, host); break;
    case STEP_PULL: rig_pull(rig, host, 1 + rig_below(&rig->in, 4), 3); break;
    case STEP_EVENTS: rig_take_events(rig, host, UINT32_MAX); break;
    case STEP_MEMORY: step_memory(rig, host); break;
    case STEP_CONNECT: rig_connect(rig); break;
    case STEP_FLOOD: step_flood(rig, host); break;
    case STEP_PART: rig_part(rig); break;
    default: step_ghost(rig, host); break;
    }
    rig_check(rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig;
    memset(&rig, 0, sizeof rig);
    rig.in = (struct rig_input){data, size};
    if (rig_begin(&rig)) {
        for (uint32_t i = 0; i < STEPS_MAX && rig.in.bytes > 0; i++) {
            run_step(&rig);
        }
    }
    rig_finish(&rig);
    return 0;
}
