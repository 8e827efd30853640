// SPDX-License-Identifier: MIT
//
// How long a sender waits, by chance: peers that are silent, that hold their window shut and answer
// each probe, that take a window back, that acknowledge the first number many times and then fall
// silent, that vanish when they have all, or that are as they should be; users with any timeout and
// any keep-alive, who hand over any size, and close or stay. The peer is a few lines of its own.
// Whatever comes, patience has its limits:
//
//     no timeout, and the peer answers    the connection stays       RFC 9293 §3.8.6.1
//     a timeout, nothing acknowledged     it ends then, not before   RFC 9293 §3.8.3, §3.9.1
//     the user has closed                 it ends after so many tries, answered or not
//     keep-alive, and nobody is there     it ends after the last probe        RFC 9293 §3.8.4
//     no keep-alive, and all is said      it stays, whoever is there
//     always                              few segments, and no new octet beyond the right edge
#include <string.h>

#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "stack/stack_internal.h"

#define MS UINT64_C(1000000)
#define S  UINT64_C(1000000000)

enum {
    MEETINGS = 600,
    PORT = 40000,
    PEER_PORT = 80,
    PEER_ISS = 0x7ffffff0,
    FIN = 1,
    SYN = 2,
    ACK = 16,
    OCTETS_MAX = 30000,
    TIMEOUT_MAX_S = 60, // rto_max
    PEER_MSS = 1000,
    INITIAL_BYTES = 10 * PEER_MSS, // RFC 6928 §2
    REPEATS = 40,
    HOUR_S = 3600,
    FIRST_MAX = 32, // segments before anything is acknowledged, beside those that time brings
    EVERY_S = 8,    // seconds that bring one more
    IDLE_MAX_S = 600,
    INTERVAL_MAX_S = 300,
    PROBES_MAX = 8,
};

enum peer {
    PEER_KIND,
    PEER_SILENT,
    PEER_SHUT,
    PEER_SHRINKS,
    PEER_REPEATS,
    PEER_VANISHES, // when it has taken all
    PEERS
};

struct meeting {
    synfin_stack *stack;
    struct synfin_stack_config config;
    synfin_socket socket;
    uint64_t now_ns, random;
    enum peer peer;
    uint64_t timeout_ns, rtt_ns; // the user's; the path's
    size_t offered;              // by the user, in one call
    uint32_t octets;             // written, of these
    bool has_keepalive;
    uint64_t idle_ns, interval_ns; // of its probes
    uint32_t probes;
    bool is_closed;       // by the user
    bool is_closed_there; // by the peer, before
    uint32_t room;        // of a peer that is as it should be
    // The peer's side, in offsets of the stream.
    uint32_t iss, taken, edge, highest;
    uint64_t answer_ns; // when it answers; SYNFIN_NEVER: nothing to
    bool has_said_fin, is_silent;
    bool has_fin, has_news; // its next answer acknowledges something
    // What was seen.
    uint64_t progress_ns, ended_ns;
    uint32_t sent; // since there was progress
    bool has_ended;
};

static struct synfin_addr address(uint8_t last)
{
    return synfin_addr_ipv4(192, 0, 2, last);
}

static void ok(enum synfin_error error)
{
    assert_int_equal(error, SYNFIN_ERROR_OK);
}

static void say(struct meeting *m, uint16_t flags, uint32_t window)
{
    static uint8_t wire[SEGMENT_WIRE_MAX];
    struct segment_wire segment = {
        .src = address(2),
        .dst = address(1),
        .src_port = PEER_PORT,
        .dst_port = PORT,
        .seq = (uint32_t)PEER_ISS + ((flags & SYN) == 0) + m->has_said_fin,
        .ack = m->iss + 1 + m->taken + m->has_fin,
        .flags = flags,
        .window = (uint16_t)window,
        .mss = (flags & SYN) != 0 ? PEER_MSS : 0,
        .wscale = -1,
    };
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, wire, segment_wire_build(&segment, wire));
    m->edge = m->taken + window;
    synfin_stack_input(m->stack, 0, &packet, 1, m->now_ns);
    m->has_said_fin = m->has_said_fin || (flags & FIN) != 0;
}

// What the peer has room for now.
static uint32_t window_of(const struct meeting *m)
{
    return m->peer == PEER_SHUT || m->peer == PEER_SHRINKS ? 0 : m->room;
}

static void hear(struct meeting *m, const struct segment_wire *segment)
{
    uint32_t from = segment->seq - m->iss - 1;
    uint32_t to = from + segment->payload_bytes;
    m->sent++;
    // A probe of a shut window is one octet beyond.
    uint32_t allowed = m->edge > m->highest ? m->edge : m->highest;
    bool is_probe = segment->payload_bytes <= 1 && from == m->taken;
    assert_true((int32_t)(to - allowed) <= 0 || is_probe);
    m->highest = (int32_t)(to - m->highest) > 0 ? to : m->highest;
    // Each duplicate may stand for a segment that has arrived, but not for more than there were.
    uint32_t first = m->peer == PEER_REPEATS ? 2 * INITIAL_BYTES : INITIAL_BYTES;
    assert_true(m->taken > 0 || m->highest <= first);
    bool takes =
        m->peer == PEER_KIND || m->peer == PEER_VANISHES || (m->peer == PEER_SHUT && to <= m->edge);
    if (takes && from <= m->taken && to > m->taken) {
        m->taken = to;
        m->has_news = true;
    }
    m->has_fin = m->has_fin || ((segment->flags & FIN) != 0 && takes && m->taken == m->octets);
    if (!m->is_silent && m->answer_ns == SYNFIN_NEVER) {
        m->answer_ns = m->now_ns + m->rtt_ns;
    }
}

static void take_output(struct meeting *m)
{
    static uint8_t wire[SEGMENT_WIRE_MAX];
    struct synfin_packet packet;
    struct segment_wire segment;
    while (synfin_stack_output(m->stack, 0, &packet, 1, m->now_ns) > 0) {
        uint32_t bytes = synfin_packet_copy(&packet, wire, sizeof wire);
        assert_null(segment_wire_parse(wire, bytes, &segment));
        if ((segment.flags & SYN) != 0) {
            m->iss = segment.seq;
        } else if (segment.payload_bytes > 0 || (segment.flags & FIN) != 0
                   || segment.seq == m->iss + m->taken) {
            hear(m, &segment);
        }
        // docs/history.md 126: a deadline in the past makes no storm.
        uint64_t quiet_ns = m->now_ns - m->progress_ns;
        assert_true(m->sent <= FIRST_MAX + quiet_ns / (EVERY_S * S));
    }
    if (!m->has_ended && m->stack->tcp.in_table == 0) {
        m->has_ended = true;
        m->ended_ns = m->now_ns;
    }
}

static void configure(struct meeting *m)
{
    synfin_stack_config_default(&m->config);
    m->config.rto_max_ns = TIMEOUT_MAX_S * S;
    m->config.data_retries = 4 + test_random_below(&m->random, 6);
    m->config.orphan_retries = 2 + test_random_below(&m->random, 5);
    m->config.orphan_ns = 10 * HOUR_S * S;
    m->config.rto_min_ns = (100 + test_random_below(&m->random, 900)) * MS;
    m->config.send_buffer_bytes = m->config.send_buffer_bytes_max = OCTETS_MAX;
}

static void make_stack(struct meeting *m, struct synfin_env *env)
{
    struct synfin_iface_config iface;
    struct synfin_prefix prefix = {.addr = address(1), .bits = 24};
    uint32_t number;
    configure(m);
    synfin_iface_config_default(&iface);
    ok(synfin_stack_create(env, &m->config, m->now_ns, &m->stack));
    ok(synfin_stack_add_iface(m->stack, &iface, &number));
    ok(synfin_stack_add_addr(m->stack, number, &prefix));
}

static void open_there(struct meeting *m)
{
    struct synfin_endpoint local = {.addr = address(1), .port = PORT};
    struct synfin_endpoint remote = {.addr = address(2), .port = PEER_PORT};
    ok(synfin_socket_open(m->stack, &m->socket));
    ok(synfin_socket_bind(m->stack, m->socket, &local));
    ok(synfin_socket_connect(m->stack, m->socket, &remote, m->now_ns));
    take_output(m);
    m->now_ns += m->rtt_ns;
    say(m, SYN | ACK, m->peer == PEER_SHUT ? m->room % 4000 : m->room);
    take_output(m);
}

// Every length is as likely as any other.
static uint64_t draw_timeout(struct meeting *m)
{
    uint64_t ns = MS << test_random_below(&m->random, 18);
    return test_random_below(&m->random, 2) == 0 ? 0 : ns + test_random(&m->random) % ns;
}

// What is handed over in one call: now and then more than there is room for, by any power of two.
static size_t draw_size(struct meeting *m)
{
    uint64_t bytes = 1 + test_random_below(&m->random, OCTETS_MAX);
    bool is_large = test_random_below(&m->random, 4) == 0;
    return (size_t)(is_large ? bytes + (UINT64_C(1) << test_random_below(&m->random, 63)) : bytes);
}

static void draw_keepalive(struct meeting *m)
{
    m->has_keepalive = test_random_below(&m->random, 2) == 0;
    m->idle_ns = (EVERY_S + test_random_below(&m->random, IDLE_MAX_S - EVERY_S)) * S;
    m->interval_ns = (EVERY_S + test_random_below(&m->random, INTERVAL_MAX_S - EVERY_S)) * S;
    m->probes = 1 + test_random_below(&m->random, PROBES_MAX);
}

static void set(struct meeting *m, enum synfin_option option, uint64_t value)
{
    ok(synfin_socket_set_option(m->stack, m->socket, option, (int64_t)value, m->now_ns));
}

// No more is read than is taken.
static void write_there(struct meeting *m)
{
    static const uint8_t octets[OCTETS_MAX];
    size_t sent;
    set(m, SYNFIN_OPTION_USER_TIMEOUT, m->timeout_ns);
    set(m, SYNFIN_OPTION_KEEPALIVE_IDLE, m->idle_ns);
    set(m, SYNFIN_OPTION_KEEPALIVE_INTERVAL, m->interval_ns);
    set(m, SYNFIN_OPTION_KEEPALIVE_PROBES, m->probes);
    set(m, SYNFIN_OPTION_KEEPALIVE, m->has_keepalive);
    ok(synfin_socket_send(m->stack, m->socket, octets, m->offered, &sent, m->now_ns));
    assert_int_equal(sent, m->octets);
    m->progress_ns = m->now_ns;
    if (m->is_closed_there) {
        say(m, FIN | ACK, m->edge);
    }
    if (m->is_closed) {
        synfin_socket_close(m->stack, m->socket, m->now_ns);
    }
    take_output(m);
}

static void answer(struct meeting *m)
{
    m->answer_ns = SYNFIN_NEVER;
    if (m->has_news) {
        m->progress_ns = m->now_ns;
        m->sent = 0;
        m->has_news = false;
    }
    for (uint32_t i = 0; i < (m->peer == PEER_REPEATS ? REPEATS : 1); i++) {
        say(m, ACK, window_of(m));
    }
    bool has_vanished = m->peer == PEER_VANISHES && m->taken == m->octets;
    m->is_silent = m->peer == PEER_REPEATS || has_vanished;
}

// Until the connection is gone, or an hour has passed.
static void wait_there(struct meeting *m)
{
    uint64_t end_ns = m->now_ns + HOUR_S * S;
    while (!m->has_ended && m->now_ns < end_ns) {
        uint64_t next_ns = synfin_stack_next_deadline(m->stack);
        next_ns = m->answer_ns < next_ns ? m->answer_ns : next_ns;
        next_ns = end_ns < next_ns ? end_ns : next_ns;
        m->now_ns = next_ns > m->now_ns ? next_ns : m->now_ns + 1;
        if (m->now_ns >= m->answer_ns) {
            answer(m);
        }
        synfin_stack_advance(m->stack, m->now_ns);
        take_output(m);
    }
}

// RFC 9293 §3.8.4: nothing is out and nobody is there.
static void judge_vanished(const struct meeting *m)
{
    uint64_t patience_ns = m->ended_ns - m->progress_ns;
    uint64_t least_ns = m->idle_ns + m->probes * m->interval_ns;
    assert_int_equal(m->has_ended, m->has_keepalive);
    assert_true(!m->has_ended || (patience_ns >= least_ns && patience_ns <= least_ns + S));
}

// A peer that takes all of it is given up on only by a user with less patience than its path needs.
static void judge(const struct meeting *m)
{
    uint64_t patience_ns = m->ended_ns - m->progress_ns;
    bool is_all_taken = m->taken == m->octets;
    uint64_t most_ns = ((m->is_closed ? m->config.orphan_retries : m->config.data_retries) + 3)
                       * TIMEOUT_MAX_S * S;
    bool is_done = is_all_taken && (!m->has_ended || m->is_closed);
    if (is_all_taken && m->peer == PEER_VANISHES && !m->is_closed) {
        judge_vanished(m);
        return;
    }
    if (is_done) {
        return;
    }
    assert_true((m->peer != PEER_KIND && m->peer != PEER_VANISHES) || m->timeout_ns > 0);
    if (m->timeout_ns > 0) {
        assert_true(m->has_ended && patience_ns <= m->timeout_ns + S + m->rtt_ns);
        assert_true(m->is_closed || m->peer == PEER_SILENT || m->peer == PEER_REPEATS
                    || patience_ns >= m->timeout_ns);
    } else if (m->is_closed || m->peer == PEER_SILENT || m->peer == PEER_REPEATS) {
        assert_true(m->has_ended && patience_ns <= most_ns);
    } else {
        assert_false(m->has_ended);
    }
}

// RFC 9293 §3.8.6.1 [MUST-37]: whoever answers probes may keep its window shut for ever.
static void hist_43_115_124_126_133_patience_has_the_limits_that_were_set(void **state)
{
    (void)state;
    uint64_t random = 115;
    for (uint32_t i = 0; i < MEETINGS; i++) {
        struct test_env memory;
        struct synfin_env env;
        struct meeting m = {.now_ns = S, .random = test_random(&random), .answer_ns = SYNFIN_NEVER};
        m.peer = (enum peer)test_random_below(&m.random, PEERS);
        m.is_silent = m.peer == PEER_SILENT;
        m.rtt_ns = (1 + test_random_below(&m.random, 400)) * MS;
        m.timeout_ns = draw_timeout(&m);
        m.offered = draw_size(&m);
        m.octets = m.offered < OCTETS_MAX ? (uint32_t)m.offered : OCTETS_MAX;
        draw_keepalive(&m);
        m.room = 1000 + test_random_below(&m.random, UINT16_MAX - 1000);
        m.is_closed_there = test_random_below(&m.random, 3) == 0;
        m.is_closed = test_random_below(&m.random, 3) == 0;
        test_env_bind(&env, &memory, m.random);
        make_stack(&m, &env);
        open_there(&m);
        write_there(&m);
        wait_there(&m);
        judge(&m);
        synfin_stack_destroy(m.stack);
        assert_int_equal(memory.slabs, 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_43_115_124_126_133_patience_has_the_limits_that_were_set),
};
ROWS_MAIN(tests)
