// SPDX-License-Identifier: MIT
//
// Two users and what is judged of them; see transfer.h.
#include "lib/transfer.h"

#include <inttypes.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

void transfer_config_default(struct transfer_config *config, uint64_t seed)
{
    memset(config, 0, sizeof *config);
    world_config_default(&config->world);
    config->seed = config->world.seed = config->world.link.seed = seed;
    config->version = 4;
}

#define FAIL(transfer, ...)                                                           \
    do {                                                                              \
        print_error("seed %" PRIu64 ", %.3f s\n", (transfer)->config.seed,            \
                    (double)((transfer)->world.now_ns - (transfer)->begun_ns) / 1e9); \
        fail_msg(__VA_ARGS__);                                                        \
    } while (0)

static void init_end(struct transfer *transfer, uint32_t i)
{
    struct transfer_end *end = &transfer->end[i];
    end->stack = transfer->world.host[i].stack;
    end->to_write = transfer->config.octets[i];
    end->reads_nothing = transfer->config.reads_nothing[i];
    tap_init(&transfer->tap[i], &transfer->world, i);
    wire_flight_init(&transfer->flight[i], &transfer->tap[i], &transfer->config.world.stack[i]);
}

static void opened(struct transfer *transfer, uint32_t i)
{
    struct transfer_end *end = &transfer->end[i];
    end->is_open = true;
    wire_flight_of(&transfer->flight[i], end->stack, end->socket);
}

static void set_option(struct transfer *transfer, uint32_t host, synfin_socket socket,
                       enum synfin_option option, int64_t value)
{
    assert_int_equal(synfin_socket_set_option(transfer->world.host[host].stack, socket, option,
                                              value, transfer->world.now_ns),
                     SYNFIN_ERROR_OK);
}

// RFC 7413: the SYN waits for the first octets that the user writes.
static void open_fast(struct transfer *transfer)
{
    struct transfer_end *end = &transfer->end[0];
    struct synfin_endpoint remote = {
        .addr = world_addr(&transfer->world, 1, transfer->config.version), .port = TRANSFER_PORT};
    set_option(transfer, 1, transfer->listener, SYNFIN_OPTION_FASTOPEN, 8);
    assert_int_equal(synfin_socket_open(end->stack, &end->socket), SYNFIN_ERROR_OK);
    set_option(transfer, 0, end->socket, SYNFIN_OPTION_FASTOPEN_CONNECT, 1);
    assert_int_equal(
        synfin_socket_connect(end->stack, end->socket, &remote, transfer->world.now_ns),
        SYNFIN_ERROR_OK);
}

void transfer_begin(struct transfer *transfer, const struct transfer_config *config)
{
    memset(transfer, 0, sizeof *transfer);
    transfer->config = *config;
    transfer->random = config->seed;
    world_init(&transfer->world, &config->world);
    transfer->begun_ns = transfer->world.now_ns;
    wire_watch_init(&transfer->watch, config->seed);
    if (!config->is_unjudged) {
        synfin_link_observe(transfer->world.link, wire_watch_see, &transfer->watch);
    }
    for (uint32_t i = 0; i < 2; i++) {
        init_end(transfer, i);
    }
    transfer->listener = world_listen(&transfer->world, config->version, TRANSFER_PORT, 4);
    if (config->is_fast) {
        open_fast(transfer);
    } else {
        transfer->end[0].socket = world_connect(&transfer->world, config->version, TRANSFER_PORT);
    }
    opened(transfer, 0);
}

static bool try_accept(struct transfer *transfer)
{
    struct transfer_end *end = &transfer->end[1];
    if (end->is_open
        || synfin_socket_accept(end->stack, transfer->listener, &end->socket, NULL)
               != SYNFIN_ERROR_OK) {
        return false;
    }
    opened(transfer, 1);
    return true;
}

static bool is_opening(struct transfer *transfer, uint32_t i)
{
    struct synfin_tcp_info info = transfer_info(transfer, i);
    return info.state == SYNFIN_TCP_STATE_SYN_SENT || info.state == SYNFIN_TCP_STATE_SYN_RECEIVED;
}

static uint32_t call_bytes(struct transfer *transfer, uint32_t max)
{
    return max == 0 ? TRANSFER_CALL_MAX : 1 + test_random_below(&transfer->random, max);
}

static bool write_some(struct transfer *transfer, uint32_t i)
{
    static uint8_t octets[TRANSFER_CALL_MAX];
    struct transfer_end *end = &transfer->end[i];
    uint64_t left = end->to_write - end->written;
    uint32_t bytes = call_bytes(transfer, transfer->config.write_max);
    size_t sent = 0;
    bytes = bytes > left ? (uint32_t)left : bytes;
    wire_watch_fill(transfer->config.seed, i, end->written, octets, bytes);
    // An octet may be on the wire as soon as send has taken it.
    transfer->watch.end[i].written = end->written + bytes;
    enum synfin_error error =
        synfin_socket_send(end->stack, end->socket, octets, bytes, &sent, transfer->world.now_ns);
    if (error != SYNFIN_ERROR_OK && error != SYNFIN_ERROR_AGAIN
        && error != SYNFIN_ERROR_NO_MEMORY) {
        FAIL(transfer, "end %u cannot send: %s", i, synfin_error_name(error));
    }
    end->written += sent;
    transfer->watch.end[i].written = end->written;
    return sent > 0;
}

static bool write_all(struct transfer *transfer, uint32_t i)
{
    struct transfer_end *end = &transfer->end[i];
    bool has_moved = false;
    while (end->written < end->to_write && write_some(transfer, i)) {
        has_moved = true;
    }
    if (end->written == end->to_write && !end->has_shut) {
        end->has_shut = has_moved = true;
        assert_int_equal(synfin_socket_shutdown(end->stack, end->socket, SYNFIN_SHUTDOWN_WRITE,
                                                transfer->world.now_ns),
                         SYNFIN_ERROR_OK);
    }
    return has_moved;
}

static bool read_some(struct transfer *transfer, uint32_t i)
{
    static uint8_t octets[TRANSFER_CALL_MAX];
    struct transfer_end *end = &transfer->end[i];
    size_t received = 0;
    enum synfin_error error = synfin_socket_recv(end->stack, end->socket, octets,
                                                 call_bytes(transfer, transfer->config.read_max),
                                                 &received, transfer->world.now_ns);
    if (error == SYNFIN_ERROR_AGAIN) {
        return false;
    }
    if (error != SYNFIN_ERROR_OK) {
        FAIL(transfer, "end %u cannot receive: %s", i, synfin_error_name(error));
    }
    for (size_t k = 0; k < received; k++) {
        if (octets[k] != wire_watch_octet(transfer->config.seed, 1 - i, end->delivered + k)) {
            FAIL(transfer, "octet %" PRIu64 " of end %u is wrong", end->delivered + k, 1 - i);
        }
    }
    end->delivered += received;
    end->has_end = received == 0;
    end->done_ns = transfer->world.now_ns;
    return true;
}

static bool act(struct transfer *transfer, uint32_t i)
{
    struct transfer_end *end = &transfer->end[i];
    if (!end->is_open) {
        return false;
    }
    bool is_early = !end->has_shut && is_opening(transfer, i);
    if (is_early && transfer->config.is_fast && i == 0) { // one call, for the SYN
        return end->written == 0 && write_some(transfer, i);
    }
    if (is_early && !transfer->config.is_fast) {
        return false;
    }
    bool has_moved = write_all(transfer, i);
    while (!end->reads_nothing && !end->has_end && read_some(transfer, i)) {
        has_moved = true;
    }
    return has_moved;
}

static void judge(struct transfer *transfer)
{
    if (transfer->watch.complaint != NULL) {
        FAIL(transfer, "%s: %s", transfer->watch.complaint, transfer->watch.text);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (transfer->flight[i].complaint[0] != '\0') {
            FAIL(transfer, "end %u sends more than it may: %s", i, transfer->flight[i].complaint);
        }
    }
}

// What both do now, until neither has anything to do.
static void act_both(struct transfer *transfer)
{
    bool has_moved = true;
    world_settle(&transfer->world);
    while (has_moved) {
        has_moved = try_accept(transfer);
        has_moved |= act(transfer, 0);
        has_moved |= act(transfer, 1);
        if (has_moved) {
            world_settle(&transfer->world);
        }
    }
    judge(transfer);
}

bool transfer_is_done(const struct transfer *transfer)
{
    return transfer->end[0].has_end && transfer->end[1].has_end;
}

bool transfer_run(struct transfer *transfer, uint64_t limit_ns)
{
    uint64_t end_ns = transfer->world.now_ns + limit_ns;
    act_both(transfer);
    while (!transfer_is_done(transfer) && transfer->world.now_ns < end_ns) {
        world_step(&transfer->world, end_ns);
        act_both(transfer);
    }
    return transfer_is_done(transfer);
}

void transfer_pass(struct transfer *transfer, uint64_t ns)
{
    uint64_t end_ns = transfer->world.now_ns + ns;
    act_both(transfer);
    while (transfer->world.now_ns < end_ns) {
        world_step(&transfer->world, end_ns);
        act_both(transfer);
    }
}

void transfer_read(struct transfer *transfer, uint32_t end, bool reads)
{
    transfer->end[end].reads_nothing = !reads;
}

struct synfin_tcp_info transfer_info(struct transfer *transfer, uint32_t i)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error = synfin_socket_info(transfer->end[i].stack, transfer->end[i].socket,
                                                 &info, transfer->world.now_ns);
    if (error != SYNFIN_ERROR_OK) {
        FAIL(transfer, "end %u has no connection: %s", i, synfin_error_name(error));
    }
    return info;
}

void transfer_finish(struct transfer *transfer)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    transfer->watch.may_reset = true; // late copies may meet a pair that is closed already
    for (uint32_t i = 0; i < 2; i++) {
        if (transfer->end[i].is_open) {
            synfin_socket_close(transfer->end[i].stack, transfer->end[i].socket,
                                transfer->world.now_ns);
        }
        transfer->flight[i].has_socket = false;
    }
    synfin_socket_close(transfer->end[1].stack, transfer->listener, transfer->world.now_ns);
    world_run(&transfer->world, 200 * WORLD_S);
    for (uint32_t i = 0; i < 2; i++) {
        synfin_stack_stats(transfer->end[i].stack, &stats);
        assert_int_equal(stats.sockets, 0);
    }
    transfer_end(transfer);
}

void transfer_end(struct transfer *transfer)
{
    tap_deinit(&transfer->tap[0]);
    tap_deinit(&transfer->tap[1]);
    world_deinit(&transfer->world);
}

uint64_t transfer_rate(const struct transfer *transfer, uint32_t to)
{
    const struct transfer_end *end = &transfer->end[to];
    uint64_t ns = end->done_ns - transfer->begun_ns;
    return ns == 0 ? 0 : end->delivered * WORLD_S / ns;
}

// The longest that an end's timer may still wait before it sends something. How far the probes of
// a shut window have backed off is not told.
static uint64_t longest_wait(struct transfer *transfer, uint32_t i)
{
    const struct synfin_stack_config *stack = &transfer->config.world.stack[i];
    struct synfin_tcp_info info;
    if (!transfer->end[i].is_open) {
        return stack->rto_max_ns;
    }
    info = transfer_info(transfer, i);
    bool is_told = info.snd_wnd_bytes > 0 && info.rto_ns < stack->rto_max_ns;
    return is_told ? info.rto_ns : stack->rto_max_ns;
}

static uint64_t segments_of(struct transfer *transfer, uint32_t i, uint64_t octets)
{
    uint32_t mss = 536;
    if (transfer->end[i].is_open) {
        mss = transfer_info(transfer, i).snd_mss_bytes;
    }
    return octets / mss + 1;
}

// B = 3 W + (R + D) (H + N / 2 + 20) + 2 L, where
//   W  the longest wait of a timer as it is set now, twice as long for the one after it: what it
//      sends may have been under way when the path was not whole yet;
//   R  a round trip with the queue; D what both ends' delayed acknowledgments may add to it;
//   H  segments in flight: without SACK each may be a hole, and one is repaired in a round trip;
//   N  segments that are not acknowledged or not sent: no window is below two segments for long;
//  20  round trips for opening, the timeout's single segment, probes and the end;
//   L  the bottleneck's time for all of it, twice: headers, and what is sent twice.
uint64_t transfer_bound(struct transfer *transfer, const struct transfer_path *path)
{
    const struct synfin_stack_config *stack = transfer->config.world.stack;
    uint64_t wait_ns = 0;
    uint64_t rounds = 20;
    uint64_t octets = 0;
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t left = transfer->end[i].to_write - transfer->end[1 - i].delivered;
        uint64_t end_ns = longest_wait(transfer, i);
        wait_ns = end_ns > wait_ns ? end_ns : wait_ns;
        rounds += segments_of(transfer, i, wire_flight_bytes(&transfer->flight[i]));
        rounds += segments_of(transfer, i, left) / 2;
        octets += left;
    }
    uint64_t line_ns = path->rate_bps == 0 ? 0 : octets * 8 * WORLD_S / path->rate_bps;
    uint64_t round_ns = path->rtt_ns + stack[0].delayed_ack_ns + stack[1].delayed_ack_ns;
    return 3 * wait_ns + round_ns * rounds + 2 * line_ns;
}
