// SPDX-License-Identifier: MIT
//
// The bench behind the segment tests: the stack, the queue of what it sent, time, and the
// comparison of what came with what was wanted.
#include "lib/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/ladder.h>

#include "base/check.h"
#include "lib/test_env.h"
#include "lib/test_origin.h"
#include "lib/test_random.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_internal.h"

enum { FLOWS_MAX = 1024, BURST = 16, ISN_TICK_NS = 4000, RUNS = 6 };

// A deadline may fire a tick of the wheel late.
#define SLACK_NS MS(1)

struct flow {
    uint16_t stack_port, peer_port;
    uint32_t iss, irs;
    bool is_known;   // iss was seen
    uint32_t ts_val; // of the last segment
    bool offered_ts, has_ts;
};

struct sent {
    struct sent *next;
    uint64_t t_ns;
    uint16_t reason;
    uint32_t bytes;
    uint8_t octets[];
};

struct segment_bench bench;

static struct {
    struct synfin_stack_config config;
    struct synfin_iface_config iface_config;
    struct test_env memory;
    uint32_t iface;
    struct flow flows[FLOWS_MAX];
    uint32_t flow_count;
    struct sent *first, **last;
    synfin_ladder *ladder;
    uint64_t passages;
    uint64_t before[SYNFIN_REASON_COUNT];
    uint32_t run, version;
    bool has_failed;
    bool keeps_time; // no waiting for an initial sequence number
} own;

static uint8_t wire[SEGMENT_WIRE_MAX];

static bool print(void *ctx, const void *bytes, size_t count)
{
    return fwrite(bytes, 1, count, ctx) == count;
}

static void draw_ladder(void)
{
    if (own.ladder != NULL && !own.has_failed) {
        (void)fprintf(stderr, "IPv%u, ISS %u, IRS %u\n", bench.version, bench.iss, bench.irs);
        synfin_ladder_text(own.ladder, print, stderr);
    }
    own.has_failed = true;
}

_Noreturn void segment_fail(const char *what, struct segment_place at)
{
    draw_ladder();
    print_error("%s\n", what);
    _fail(at.file, at.line);
    abort();
}

// The library's check failed: drawn like any other failure. A test may have its own.
__attribute__((weak)) _Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    draw_ladder();
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

void segment_check(bool holds, const char *what, struct segment_place at)
{
    if (!holds) {
        segment_fail(what, at);
    }
}

void segment_equal(uint64_t got, uint64_t wanted, const char *what, struct segment_place at)
{
    if (got != wanted) {
        char text[256];
        (void)snprintf(text, sizeof text, "%s is %llu (0x%llx), not %llu", what,
                       (unsigned long long)got, (unsigned long long)got,
                       (unsigned long long)wanted);
        segment_fail(text, at);
    }
}

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    synfin_ladder_trace(own.ladder, SYNFIN_LINK_A, event);
}

static void show(enum synfin_link_side from, struct synfin_packet *packet)
{
    struct synfin_passage passage = {
        .number = ++own.passages,
        .from = from,
        .sent_ns = bench.now_ns,
        .arrives_ns = bench.now_ns,
        .fate = SYNFIN_FATE_DELIVERED,
        .packet = packet,
    };
    synfin_ladder_passage(own.ladder, &passage);
}

static void add_addr(const struct synfin_addr *addr, uint8_t bits)
{
    struct synfin_prefix prefix = {.addr = *addr, .bits = bits};
    assert_int_equal(synfin_stack_add_addr(bench.stack, own.iface, &prefix), SYNFIN_ERROR_OK);
}

static void choose_addrs(void)
{
    if (own.version == 4) {
        bench.ours = synfin_addr_ipv4(192, 0, 2, 1);
        bench.theirs = synfin_addr_ipv4(192, 0, 2, 2);
        return;
    }
    assert_int_equal(synfin_addr_parse("2001:db8::1", &bench.ours), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_addr_parse("2001:db8::2", &bench.theirs), SYNFIN_ERROR_OK);
}

int segment_setup(void **state)
{
    static const uint32_t isn[RUNS] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0};
    uint64_t seed = own.run;
    uint32_t run = own.run;
    uint32_t version = own.version;
    (void)state;
    memset(&own, 0, sizeof own);
    memset(&bench, 0, sizeof bench);
    own.run = run;
    own.version = version;
    own.last = &own.first;
    bench.version = version;
    bench.iss = run == RUNS - 1 ? (uint32_t)test_random(&seed) : isn[run];
    bench.irs = run == 1 ? (uint32_t)test_random(&seed) : isn[(run + 3) % (RUNS - 1)];
    bench.now_ns = test_origin_ns();
    bench.stack_port = 80;
    bench.peer_port = 40000;
    choose_addrs();
    synfin_stack_config_default(&own.config);
    // Of one size, so that a test knows each window; those of autotuning set the maxima.
    own.config.send_buffer_bytes = own.config.receive_buffer_bytes = 512 << 10;
    own.config.send_buffer_bytes_max = own.config.receive_buffer_bytes_max = 0;
    synfin_iface_config_default(&own.iface_config);
    own.config.rto_min_ns = UINT64_C(1000000000); // RFC 6298 §2.4
    own.config.use_pacing = 0; // scripts say what may go at once; test_tcp_pace says when
    bench.has_cookies = segment_tries_cookies;
    if (bench.has_cookies) {
        own.config.syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
        segment_without_iss();
    }
    return 0;
}

// Made with the first step, so that a test can change the configuration before.
static void make_stack(void)
{
    struct synfin_env env;
    struct synfin_ladder_config ladder;
    if (bench.stack != NULL) {
        return;
    }
    synfin_ladder_config_default(&ladder);
    ladder.name_a = "stack";
    ladder.name_b = "test";
    assert_int_equal(synfin_ladder_create(&ladder, &own.ladder), SYNFIN_ERROR_OK);
    test_env_bind(&env, &own.memory, own.run + 1);
    env.trace = on_trace;
    assert_int_equal(synfin_stack_create(&env, &own.config, bench.now_ns, &bench.stack),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_stack_add_iface(bench.stack, &own.iface_config, &own.iface),
                     SYNFIN_ERROR_OK);
    add_addr(&bench.ours, own.version == 4 ? 24 : 64);
    bench.tcp = &bench.stack->tcp;
}

void segment_add_addr(const char *text, struct synfin_addr *out)
{
    make_stack();
    assert_int_equal(synfin_addr_parse(text, out), SYNFIN_ERROR_OK);
    add_addr(out, own.version == 4 ? 24 : 64);
}

struct synfin_stack_config *segment_config(void)
{
    assert_null(bench.stack);
    return &own.config;
}

struct synfin_iface_config *segment_iface_config(void)
{
    assert_null(bench.stack);
    return &own.iface_config;
}

static void free_first(void)
{
    struct sent *sent = own.first;
    own.first = sent->next;
    if (own.first == NULL) {
        own.last = &own.first;
    }
    free(sent);
}

int segment_teardown(void **state)
{
    (void)state;
    bool has_failed = own.has_failed;
    if (bench.stack != NULL && !has_failed) {
        segment_expect_nothing(HERE);
    }
    while (own.first != NULL) {
        free_first();
    }
    if (bench.stack != NULL) {
        synfin_stack_destroy(bench.stack);
        synfin_ladder_destroy(own.ladder);
        bench.stack = NULL;
        own.ladder = NULL;
    }
    bool is_all_back = own.memory.slabs == 0 && own.memory.bytes == 0;
    if (!is_all_back) {
        print_error("%u slabs are missing\n", own.memory.slabs);
    }
    return is_all_back ? 0 : -1;
}

bool segment_tries_cookies;

int segment_run(const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    for (own.version = 4; own.version <= 6; own.version += 2) {
        for (own.run = 0; own.run < RUNS; own.run++) {
            char name[48];
            (void)snprintf(name, sizeof name, "IPv%u run %u%s", own.version, own.run,
                           segment_tries_cookies ? " with cookies" : "");
            failed += _cmocka_run_group_tests(name, tests, count, NULL, NULL);
        }
    }
    return failed;
}

int segment_run_twice(const struct CMUnitTest *tests, size_t count)
{
    int failed = segment_run(tests, count);
    segment_tries_cookies = true;
    return failed + segment_run(tests, count);
}

static struct flow *flow_of(uint16_t stack_port, uint16_t peer_port)
{
    for (uint32_t i = 0; i < own.flow_count; i++) {
        if (own.flows[i].stack_port == stack_port && own.flows[i].peer_port == peer_port) {
            return &own.flows[i];
        }
    }
    assert_true(own.flow_count < FLOWS_MAX);
    struct flow *flow = &own.flows[own.flow_count++];
    *flow = (struct flow){
        .stack_port = stack_port, .peer_port = peer_port, .iss = bench.iss, .irs = bench.irs};
    return flow;
}

static struct tcp_pair pair_of(const struct flow *flow)
{
    return (struct tcp_pair){.local = bench.ours,
                             .remote = bench.theirs,
                             .local_port = flow->stack_port,
                             .remote_port = flow->peer_port};
}

struct tcp_conn *segment_conn(void)
{
    struct tcp_pair pair = pair_of(flow_of(bench.stack_port, bench.peer_port));
    return tcp_table_find(bench.tcp, &pair);
}

struct tcp_stub *segment_stub(const struct tcp_stub_table *table)
{
    struct tcp_pair pair = pair_of(flow_of(bench.stack_port, bench.peer_port));
    return tcp_stub_find(table, &pair, tcp_stub_hash(&bench.tcp->table_key, &pair));
}

void segment_without_iss(void)
{
    own.keeps_time = true;
}

uint32_t segment_iss(void)
{
    return flow_of(bench.stack_port, bench.peer_port)->iss;
}

void segment_new_incarnation(uint32_t irs_ahead)
{
    struct flow *flow = flow_of(bench.stack_port, bench.peer_port);
    flow->irs += irs_ahead;
    flow->is_known = flow->offered_ts = flow->has_ts = false;
}

// While nothing runs, time goes on until a connection of these ports begins with bench.iss: the
// clock of RFC 9293 §3.4.1 comes by every number in 4.8 hours.
static void wait_for_iss(const struct flow *flow)
{
    if (flow->is_known || bench.tcp->in_table > 0 || bench.tcp->half_open.pool.objects > 0
        || bench.tcp->time_wait.pool.objects > 0 || own.keeps_time) {
        return;
    }
    struct tcp_pair pair = pair_of(flow);
    uint64_t ticks = bench.now_ns / ISN_TICK_NS + 1;
    uint32_t ahead = bench.iss - tcp_isn(bench.tcp, &pair, ticks * ISN_TICK_NS).n;
    bench.now_ns = (ticks + ahead) * ISN_TICK_NS;
    synfin_stack_advance(bench.stack, bench.now_ns);
}

void segment_wait_for_iss(void)
{
    make_stack();
    wait_for_iss(flow_of(bench.stack_port, bench.peer_port));
}

void segment_step(struct segment_place at)
{
    make_stack();
    segment_check_all(at);
    memcpy(own.before, bench.stack->report.count, sizeof own.before);
}

void segment_reason(enum synfin_reason reason, uint64_t times, struct segment_place at)
{
    segment_equal(bench.stack->report.count[reason] - own.before[reason], times,
                  synfin_reason_name(reason), at);
}

// What the stack wants to send now goes to the queue.
static void pull(void)
{
    struct synfin_packet packets[BURST];
    uint32_t n;
    make_stack();
    while ((n = synfin_stack_output(bench.stack, own.iface, packets, BURST, bench.now_ns)) > 0) {
        for (uint32_t i = 0; i < n; i++) {
            struct sent *sent = malloc(sizeof *sent + packets[i].bytes);
            assert_non_null(sent);
            *sent = (struct sent){
                .t_ns = bench.now_ns, .reason = packets[i].reason, .bytes = packets[i].bytes};
            assert_int_equal(synfin_packet_copy(&packets[i], sent->octets, sent->bytes),
                             packets[i].bytes);
            bench.octets_out += packets[i].bytes;
            show(SYNFIN_LINK_A, &packets[i]);
            if (!segment_wire_is_tcp(sent->octets, sent->bytes)) {
                free(sent);
                continue;
            }
            *own.last = sent;
            own.last = &sent->next;
        }
    }
}

static void give(uint32_t bytes, struct segment_place at)
{
    struct synfin_packet packet;
    uint8_t *copy = malloc(bytes); // exactly as long as the packet, for the sanitizers
    assert_non_null(copy);
    memcpy(copy, wire, bytes);
    synfin_packet_wrap(&packet, copy, bytes);
    bench.octets_in += bytes;
    show(SYNFIN_LINK_B, &packet);
    segment_step(at);
    synfin_stack_input(bench.stack, own.iface, &packet, 1, bench.now_ns);
    free(copy);
    segment_check_all(at);
}

static void fill_payload(uint8_t *payload, const struct segment *segment)
{
    for (uint32_t i = 0; i < segment->data; i++) {
        payload[i] = segment_octet(false, segment->seq + ((segment->flags & SYN) != 0) + i);
    }
}

static void fill_options(struct segment_wire *out, const struct segment *segment,
                         const struct flow *flow)
{
    out->mss = segment->mss;
    out->wscale = (int16_t)(segment->wscale - 1);
    out->sack_permitted = segment->sack_ok;
    out->has_timestamps = segment->ts.is_set;
    out->ts_val = segment->ts.val;
    out->ts_ecr = segment->ts.ecr;
    if (bench.has_cookies && segment->ts.ecr == 0) { // what it brings back counts
        out->ts_ecr = flow->ts_val;
    }
    for (uint32_t i = 0; i < SEGMENT_SACK_MAX; i++) {
        if (segment->sack[i].left != segment->sack[i].right) {
            out->sack[i].left = segment->sack[i].left + flow->iss;
            out->sack[i].right = segment->sack[i].right + flow->iss;
            out->sack_blocks++;
        }
    }
    out->fastopen = segment->fastopen;
    out->accecn = segment->accecn;
    memcpy(out->extra, segment->options, segment->option_bytes);
    out->extra_bytes = segment->option_bytes;
}

static uint16_t or_default(uint16_t port, uint16_t fallback)
{
    return port != 0 ? port : fallback;
}

void segment_send(const struct segment *segment, struct segment_place at)
{
    static uint8_t payload[SEGMENT_WIRE_MAX];
    make_stack();
    struct flow *flow = flow_of(or_default(segment->stack_port, bench.stack_port),
                                or_default(segment->peer_port, bench.peer_port));
    bool is_opening = (segment->flags & (SYN | ACK)) == SYN;
    if (is_opening) {
        wait_for_iss(flow);
    }
    if ((segment->flags & SYN) != 0 && segment->seq == 0) { // the opening one
        flow->offered_ts = segment->ts.is_set;
    }
    struct segment_wire out = {
        .src = segment->from != NULL ? *segment->from : bench.theirs,
        .dst = segment->to != NULL ? *segment->to : bench.ours,
        .src_port = flow->peer_port,
        .dst_port = flow->stack_port,
        .seq = segment->seq + (segment->is_absolute ? 0 : flow->irs),
        .flags = segment->flags,
        .window = (uint16_t)(segment->window == 0      ? 65535
                             : segment->window == SHUT ? 0
                                                       : segment->window),
        .urgent = segment->urgent,
        .traffic_class = segment->ecn,
        .has_bad_checksum = segment->has_bad_checksum,
        .payload = payload,
        .payload_bytes = segment->data,
    };
    if ((segment->flags & ACK) != 0) {
        out.ack = segment->ack + (segment->is_absolute ? 0 : flow->iss);
    }
    fill_options(&out, segment, flow);
    fill_payload(payload, segment);
    give(segment_wire_build(&out, wire), at);
}

void segment_icmp(const uint8_t type_code[2], uint32_t rest, uint32_t seq, struct segment_place at)
{
    struct flow *flow = flow_of(bench.stack_port, bench.peer_port);
    struct segment_wire sent = {
        .src = bench.ours,
        .dst = bench.theirs,
        .src_port = flow->stack_port,
        .dst_port = flow->peer_port,
        .seq = flow->iss + seq,
        .flags = ACK,
        .wscale = -1,
    };
    const struct synfin_addr *from = bench.router != NULL ? bench.router : &bench.theirs;
    give(segment_wire_build_icmp(from, &sent, type_code, rest, wire), at);
}

static bool next_moment(uint64_t end_ns)
{
    uint64_t next_ns = synfin_stack_next_deadline(bench.stack);
    if (bench.now_ns >= end_ns) {
        return false;
    }
    if (next_ns <= bench.now_ns) { // a deadline may be named early, by a tick of the wheel
        next_ns = bench.now_ns + (UINT64_C(1) << 16);
    }
    bench.now_ns = next_ns < end_ns ? next_ns : end_ns;
    synfin_stack_advance(bench.stack, bench.now_ns);
    pull();
    return true;
}

void segment_advance(uint64_t ns, struct segment_place at)
{
    pull();
    segment_step(at);
    uint64_t end_ns = bench.now_ns + ns;
    while (next_moment(end_ns)) {
        segment_check_all(at);
    }
}

static void print_segment(char *text, size_t size, const char *who, const struct flow *flow,
                          const struct segment_wire *segment)
{
    static const char letters[] = "FSRPAUECN";
    char flags[10];
    size_t n = 0;
    for (uint32_t i = 0; i < 9; i++) {
        if ((segment->flags >> i & 1) != 0) {
            flags[n++] = letters[i];
        }
    }
    flags[n] = '\0';
    (void)snprintf(text, size, "%s: %s seq %u ack %u data %u win %u mss %u sacks %u (%u>%u)", who,
                   flags, segment->seq - flow->iss,
                   (segment->flags & ACK) != 0 ? segment->ack - flow->irs : 0,
                   segment->payload_bytes, segment->window, segment->mss, segment->sack_blocks,
                   segment->src_port, segment->dst_port);
}

static void learn(struct flow *flow, const struct segment_wire *got)
{
    if ((got->flags & SYN) != 0 && !flow->is_known) {
        flow->iss = got->seq;
        flow->is_known = true;
    }
    if ((got->flags & SYN) != 0) {
        flow->has_ts = got->has_timestamps;
    }
    flow->ts_val = got->ts_val;
}

// Relative numbers, or those of the header.
static const char *compare_numbers(const struct segment *want, const struct segment_wire *got,
                                   const struct flow *flow)
{
    uint32_t iss = want->is_absolute ? 0 : flow->iss;
    uint32_t irs = want->is_absolute ? 0 : flow->irs;
    if (got->flags != want->flags) {
        return "flags";
    }
    if (got->seq - iss != want->seq) {
        return "sequence number";
    }
    if ((want->flags & ACK) != 0 && got->ack - irs != want->ack) {
        return "acknowledgment number";
    }
    if (got->payload_bytes != want->data) {
        return "length";
    }
    uint32_t first = got->seq - flow->iss + ((got->flags & SYN) != 0);
    for (uint32_t i = 0; i < want->data; i++) {
        if (got->payload[i] != segment_octet(true, first + i)) {
            return "payload";
        }
    }
    return NULL;
}

static const char *compare_sack(const struct segment *want, const struct segment_wire *got,
                                const struct flow *flow)
{
    uint32_t blocks = 0;
    for (; blocks < SEGMENT_SACK_MAX && want->sack[blocks].left != want->sack[blocks].right;
         blocks++) {
        if (blocks < got->sack_blocks
            && (got->sack[blocks].left - flow->irs != want->sack[blocks].left
                || got->sack[blocks].right - flow->irs != want->sack[blocks].right)) {
            return "SACK block";
        }
    }
    return blocks == got->sack_blocks ? NULL : "number of SACK blocks";
}

// Never there but where a test says so: Fast Open is off until somebody turns it on.
static const char *compare_fastopen(const struct segment_cookie *want,
                                    const struct segment_cookie *got)
{
    bool is_any = want->is_set && want->bytes == SEGMENT_ANY_COOKIE;
    if (got->is_set != want->is_set || (is_any && got->bytes == 0)) {
        return "Fast Open option";
    }
    bool is_same = got->bytes == want->bytes && memcmp(got->octets, want->octets, got->bytes) == 0
                   && got->is_experimental == want->is_experimental;
    return !want->is_set || is_any || is_same ? NULL : "Fast Open cookie";
}

static const char *compare_accecn(const struct segment_accecn *want,
                                  const struct segment_accecn *got)
{
    bool is_same = got->kind == want->kind && got->fields == want->fields;
    for (uint32_t i = 0; is_same && i < got->fields; i++) {
        is_same = got->field[i] == want->field[i];
    }
    return is_same ? NULL : "AccECN option";
}

static const char *compare_options(const struct segment *want, const struct segment_wire *got,
                                   const struct flow *flow)
{
    bool is_syn = (got->flags & SYN) != 0;
    bool wants_ts = flow->offered_ts && flow->has_ts && (got->flags & RST) == 0;
    if (want->mss != 0 ? got->mss != want->mss : !is_syn && got->mss != 0) {
        return "MSS option"; // RFC 9293 §3.2 [MUST-65]
    }
    if (want->wscale != 0 ? got->wscale != want->wscale - 1 : !is_syn && got->wscale >= 0) {
        return "window scale option";
    }
    if (want->sack_ok ? !got->sack_permitted : !is_syn && got->sack_permitted) {
        return "SACK-permitted option";
    }
    const char *wrong = compare_fastopen(&want->fastopen, &got->fastopen);
    wrong = wrong != NULL ? wrong : compare_accecn(&want->accecn, &got->accecn);
    if (wrong != NULL) {
        return wrong;
    }
    if (!is_syn && got->has_timestamps != wants_ts) {
        return "timestamps option";
    }
    if (want->ts.is_set && (!got->has_timestamps || got->ts_ecr != want->ts.ecr)) {
        return "TSecr";
    }
    return compare_sack(want, got, flow);
}

static const char *compare_rest(const struct segment *want, const struct segment_wire *got)
{
    uint32_t window = want->window == SHUT ? 0 : (uint32_t)want->window;
    if (want->window != 0 && got->window != window) {
        return "window";
    }
    if ((want->flags & URG) != 0 && got->urgent != want->urgent) {
        return "urgent pointer";
    }
    if (want->hop_limit != 0 && got->hop_limit != want->hop_limit) {
        return "TTL or hop limit";
    }
    if ((got->traffic_class & 3) != want->ecn) {
        return "ECN field";
    }
    if (want->traffic_class != 0 && (got->traffic_class & 0xfc) != want->traffic_class) {
        return "traffic class";
    }
    return NULL;
}

static void take(const struct segment *want, struct segment_place at)
{
    struct segment_wire got;
    char text[512];
    const char *wrong = segment_wire_parse(own.first->octets, own.first->bytes, &got);
    if (wrong != NULL) {
        segment_fail(wrong, at);
    }
    struct flow *flow = flow_of(or_default(want->stack_port, bench.stack_port),
                                or_default(want->peer_port, bench.peer_port));
    const struct synfin_addr *src = want->from != NULL ? want->from : &bench.ours;
    const struct synfin_addr *dst = want->to != NULL ? want->to : &bench.theirs;
    if (got.src_port != flow->stack_port || got.dst_port != flow->peer_port) {
        wrong = "ports";
    } else if (!synfin_addr_equal(&got.src, src) || !synfin_addr_equal(&got.dst, dst)) {
        wrong = "addresses";
    } else {
        learn(flow, &got);
        wrong = compare_numbers(want, &got, flow);
    }
    wrong = wrong != NULL ? wrong : compare_options(want, &got, flow);
    wrong = wrong != NULL ? wrong : compare_rest(want, &got);
    if (wrong == NULL && want->reason != 0 && own.first->reason != want->reason) {
        wrong = synfin_reason_name((enum synfin_reason)own.first->reason);
    }
    if (wrong != NULL) {
        char came[256];
        print_segment(came, sizeof came, "came", flow, &got);
        (void)snprintf(text, sizeof text,
                       "%s\nwanted: flags 0x%x seq %u ack %u data %u\nthe %s is not as wanted",
                       came, want->flags, want->seq, want->ack, want->data, wrong);
        segment_fail(text, at);
    }
    bench.last = got;
    bench.last.payload = NULL;
    free_first();
}

void segment_expect(const struct segment *segment, uint64_t within_ns, struct segment_place at)
{
    pull();
    uint64_t end_ns = bench.now_ns + within_ns;
    while (own.first == NULL && next_moment(end_ns)) {
        segment_check_all(at);
    }
    if (own.first == NULL) {
        segment_fail("a segment was expected and none came", at);
    }
    segment_check_all(at);
    take(segment, at);
}

void segment_expect_after(const struct segment *segment, uint64_t wait_ns, struct segment_place at)
{
    uint64_t begin_ns = bench.now_ns;
    pull();
    if (own.first != NULL) {
        segment_fail("a segment came before its time", at);
    }
    segment_step(at);
    segment_expect(segment, wait_ns + SLACK_NS, at);
    if (bench.now_ns - begin_ns < wait_ns) {
        segment_equal(bench.now_ns - begin_ns, wait_ns, "the wait in ns", at);
    }
}

void segment_expect_nothing(struct segment_place at)
{
    struct segment_wire got;
    char text[256];
    pull();
    if (own.first == NULL) {
        return;
    }
    const char *wrong = segment_wire_parse(own.first->octets, own.first->bytes, &got);
    if (wrong != NULL) {
        segment_fail(wrong, at);
    }
    print_segment(text, sizeof text, "nothing was expected and there came",
                  flow_of(got.src_port, got.dst_port), &got);
    segment_fail(text, at);
}

void segment_forget_sent(void)
{
    pull();
    while (own.first != NULL) {
        free_first();
    }
}

void segment_in_state(enum synfin_tcp_state state, struct segment_place at)
{
    make_stack();
    const struct tcp_conn *conn = segment_conn();
    enum synfin_tcp_state is = SYNFIN_TCP_STATE_CLOSED;
    if (conn != NULL) {
        is = (enum synfin_tcp_state)conn->state;
    } else if (segment_stub(&bench.tcp->half_open) != NULL) {
        is = SYNFIN_TCP_STATE_SYN_RECEIVED;
    } else if (segment_stub(&bench.tcp->time_wait) != NULL) {
        is = SYNFIN_TCP_STATE_TIME_WAIT;
    } else if (bench.listener != 0 && socket_conn(bench.stack, bench.listener) != NULL) {
        is = (enum synfin_tcp_state)socket_conn(bench.stack, bench.listener)->state;
    }
    if (bench.has_cookies && state == SYNFIN_TCP_STATE_SYN_RECEIVED
        && is == SYNFIN_TCP_STATE_LISTEN) {
        return; // nobody knows but the peer
    }
    if (is != state) {
        char text[64];
        (void)snprintf(text, sizeof text, "the state is %s, not %s", synfin_tcp_state_name(is),
                       synfin_tcp_state_name(state));
        segment_fail(text, at);
    }
}
