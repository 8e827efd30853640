// SPDX-License-Identifier: MIT
//
// A stack on a real device; see cli_host.h.
#include "cli/cli_host.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/cli_output.h"

static bool fail(const char *what, const char *detail)
{
    fprintf(stderr, "synfin: %s%s%s\n", what, *detail ? ": " : "", detail);
    return false;
}

static bool fail_writing(const char *path)
{
    fprintf(stderr, "synfin: cannot write %s: %s\n", path, strerror(errno));
    return false;
}

static bool is_same_endpoint(const struct synfin_endpoint *a, const struct synfin_endpoint *b)
{
    return a->port == b->port && synfin_addr_equal(&a->addr, &b->addr);
}

// The followed connection with this peer; a new one is followed while there is room.
static struct cli_host_followed *find_followed(struct cli_host *host,
                                               const struct synfin_endpoint *remote, bool is_new)
{
    for (uint32_t i = 0; i < host->followed_count; i++) {
        if (is_same_endpoint(&host->followed[i].remote, remote)) {
            return &host->followed[i];
        }
    }
    uint32_t max = host->config.followed_max < CLI_HOST_FOLLOWED_MAX ? host->config.followed_max
                                                                     : CLI_HOST_FOLLOWED_MAX;
    if (!is_new || host->followed_count == max) {
        return NULL;
    }
    struct cli_host_followed *followed = &host->followed[host->followed_count++];
    *followed = (struct cli_host_followed){.remote = *remote};
    return followed;
}

static void draw_passage(struct cli_host *host, const struct synfin_passage *passage)
{
    struct synfin_segment segment;
    if (!synfin_packet_segment(passage->packet, passage->is_ethernet, &segment)) {
        return;
    }
    bool is_ours = passage->from == SYNFIN_LINK_A;
    bool is_opening = (segment.flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_ACK)) == SYNFIN_TCP_SYN;
    const struct cli_host_followed *followed =
        find_followed(host, is_ours ? &segment.dst : &segment.src, is_opening);
    if (followed == NULL || followed->is_closed) {
        return;
    }
    // The stack is always at side A of its link, and a server belongs on the ladder's right.
    struct synfin_passage shown = *passage;
    if (host->config.is_server) {
        shown.from = is_ours ? SYNFIN_LINK_B : SYNFIN_LINK_A;
    }
    synfin_ladder_passage(host->ladder, &shown);
}

static void observe(void *ctx, const struct synfin_passage *passage)
{
    struct cli_host *host = ctx;
    if (host->ladder != NULL) {
        draw_passage(host, passage);
    }
    if (host->capture != NULL) {
        struct synfin_passage shown = *passage;
        shown.sent_ns += (uint64_t)host->epoch_offset_ns;
        synfin_capture_passage(host->capture, &shown);
    }
}

static void print_state(const struct cli_host *host, const struct synfin_trace_event *event)
{
    char remote[SYNFIN_ENDPOINT_TEXT_MAX];
    fprintf(host->config.is_server ? stdout : stderr,
            "{\"event\":\"state\",\"t_ns\":%" PRIu64
            ",\"host\":\"%s\",\"peer\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"why\":\"%s\","
            "\"rfc\":\"%s\"}\n",
            event->t_ns, host->config.is_server ? "server" : "client",
            synfin_endpoint_format(&event->remote, remote),
            synfin_tcp_state_name(event->as.state.from), synfin_tcp_state_name(event->as.state.to),
            synfin_reason_text(event->reason), synfin_reason_clause(event->reason));
}

static void trace(void *ctx, const struct synfin_trace_event *event)
{
    struct cli_host *host = ctx;
    if (host->config.flags->has_json && event->kind == SYNFIN_TRACE_STATE) {
        print_state(host, event);
    }
    if (host->ladder == NULL) {
        return;
    }
    struct cli_host_followed *followed = find_followed(host, &event->remote, false);
    if (followed == NULL || followed->is_closed) {
        return;
    }
    synfin_ladder_trace(host->ladder, host->config.is_server ? SYNFIN_LINK_B : SYNFIN_LINK_A,
                        event);
    followed->is_closed =
        event->kind == SYNFIN_TRACE_STATE && event->as.state.to == SYNFIN_TCP_STATE_CLOSED;
}

static bool open_ladder(struct cli_host *host)
{
    struct synfin_ladder_config config;
    if (!host->config.has_ladder && host->config.flags->svg_path == NULL) {
        return true;
    }
    synfin_ladder_config_default(&config);
    // What a client receives goes to its standard output, so its ladder goes to the other.
    if (host->config.is_server) {
        config.has_colour = cli_output_has_colour();
        config.width_columns = cli_output_columns();
    }
    config.fold_after = 6;
    return synfin_ladder_create(&config, &host->ladder) == SYNFIN_ERROR_OK
           || fail("no memory for the ladder", "");
}

static bool open_capture(struct cli_host *host, const struct synfin_env *env, bool is_ethernet)
{
    const char *path = host->config.flags->pcapng_path;
    if (path == NULL) {
        return true;
    }
    host->epoch_offset_ns = synfin_host_epoch_offset();
    host->pcapng = fopen(path, "wb");
    if (host->pcapng == NULL) {
        return fail_writing(path);
    }
    return synfin_capture_create(env, is_ethernet, cli_output_write, host->pcapng, &host->capture)
               == SYNFIN_ERROR_OK
           || fail("cannot capture to", path);
}

static void turn_round(struct synfin_drop_rule *rules, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        rules[i].side = rules[i].side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A;
    }
}

// The stack is at side A of its link, whoever it is; the rules say who sends.
static void set_faults(const struct cli_host *host, struct synfin_link_config *config)
{
    synfin_link_config_default(config);
    cli_flags_to_link(host->config.parser, host->config.flags, config);
    if (host->config.is_server) {
        turn_round(config->drop_rule, config->drop_rules);
        turn_round(config->mark_rule, config->mark_rules);
    }
}

// Puts the fault link around `device` when anything wants to see or change what passes.
static bool wrap_device(struct cli_host *host, const struct synfin_env *env,
                        struct synfin_device **device)
{
    synfin_link *link;
    struct synfin_device *wrapped;
    struct synfin_link_config faults;
    if (!cli_flags_has_fault(host->config.parser, host->config.flags) && host->ladder == NULL
        && host->capture == NULL) {
        return true;
    }
    set_faults(host, &faults);
    enum synfin_error error = synfin_fault_device_create(env, &faults, *device, &wrapped, &link);
    if (error != SYNFIN_ERROR_OK) {
        return fail("cannot make the fault link", synfin_error_text(error));
    }
    synfin_link_observe(link, observe, host);
    *device = wrapped;
    return true;
}

static bool add_routes(struct cli_host *host)
{
    for (uint32_t i = 0; i < host->config.flags->gateways; i++) {
        const struct synfin_addr *gateway = &host->config.flags->gateway[i];
        struct synfin_prefix all = {0};
        if (synfin_addr_is_ipv4(gateway)) {
            all.addr = synfin_addr_ipv4(0, 0, 0, 0);
        }
        enum synfin_error error = synfin_stack_add_route(host->stack, host->iface, &all, gateway);
        if (error != SYNFIN_ERROR_OK) {
            return fail("cannot use the gateway", synfin_error_text(error));
        }
    }
    return true;
}

static bool add_iface(struct cli_host *host, const struct synfin_device *device)
{
    struct synfin_iface_config config;
    synfin_iface_config_default(&config);
    config.is_ethernet = device->is_ethernet;
    memcpy(config.mac, device->mac, sizeof(config.mac));
    config.mtu_bytes = device->mtu_bytes;
    config.gso_bytes = device->gso_bytes;
    config.can_checksum = device->can_checksum;
    config.accept_router_advertisements = device->is_ethernet;
    enum synfin_error error = synfin_stack_add_iface(host->stack, &config, &host->iface);
    if (error != SYNFIN_ERROR_OK) {
        return fail("cannot use the device", synfin_error_text(error));
    }
    for (uint32_t i = 0; i < host->config.flags->addrs; i++) {
        error = synfin_stack_add_addr(host->stack, host->iface, &host->config.flags->addr[i]);
        if (error != SYNFIN_ERROR_OK) {
            char text[SYNFIN_ADDR_TEXT_MAX];
            fprintf(stderr, "synfin: cannot use the address %s: %s\n",
                    synfin_addr_format(&host->config.flags->addr[i].addr, text),
                    synfin_error_text(error));
            return false;
        }
    }
    return add_routes(host);
}

static bool watch_signals(struct cli_host *host)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return fail("cannot block signals", "");
    }
    host->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (host->signal_fd < 0
        || synfin_loop_watch(host->loop, host->signal_fd, true, false) != SYNFIN_ERROR_OK) {
        return fail("cannot wait for signals", "");
    }
    return true;
}

static bool open_stack(struct cli_host *host, struct synfin_env *env,
                       const struct synfin_device *device, const struct synfin_loop_ops *ops,
                       void *ctx)
{
    if (host->ladder != NULL || host->config.flags->has_json) {
        env->trace = trace;
        env->trace_ctx = host;
    }
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    cli_flags_to_stack(host->config.parser, host->config.flags, &config);
    enum synfin_error error = synfin_stack_create(env, &config, synfin_host_now(), &host->stack);
    if (error != SYNFIN_ERROR_OK) {
        return fail("cannot make a stack", synfin_error_text(error));
    }
    if (!add_iface(host, device)) {
        return false;
    }
    error = synfin_loop_create(host->stack, ops, ctx, &host->loop);
    return error == SYNFIN_ERROR_OK || fail("cannot make an event loop", synfin_error_text(error));
}

bool cli_host_open(struct cli_host *host, const struct cli_host_config *config,
                   const struct synfin_loop_ops *ops, void *ctx)
{
    char why[256];
    struct synfin_env env;
    struct synfin_device *device = NULL;
    memset(host, 0, sizeof(*host));
    host->config = *config;
    host->signal_fd = -1;
    if (config->remote != NULL) {
        (void)find_followed(host, config->remote, true);
    }
    synfin_host_env(&env);
    if (config->flags->link_spec == NULL) {
        return fail("no --link given", "such as --link tun:tun0 --addr 192.0.2.2/24");
    }
    if (synfin_device_open(config->flags->link_spec, &device, why, sizeof(why))
        != SYNFIN_ERROR_OK) {
        return fail(why, "");
    }
    bool is_open = open_ladder(host) && open_capture(host, &env, device->is_ethernet)
                   && wrap_device(host, &env, &device) && open_stack(host, &env, device, ops, ctx);
    if (is_open && synfin_loop_add_device(host->loop, host->iface, device) != SYNFIN_ERROR_OK) {
        is_open = fail("cannot wait for the device", "");
    }
    if (!is_open) {
        device->ops->destroy(device);
    }
    if (!is_open || !watch_signals(host)) {
        host->is_failed = true;
        cli_host_close(host);
        return false;
    }
    return true;
}

static bool draw_svg(const struct cli_host *host)
{
    const char *path = host->config.flags->svg_path;
    FILE *svg = fopen(path, "w");
    if (svg == NULL) {
        return fail_writing(path);
    }
    synfin_ladder_svg(host->ladder, cli_output_write, svg);
    return fclose(svg) == 0 || fail_writing(path);
}

static bool draw(const struct cli_host *host)
{
    FILE *out = host->config.is_server ? stdout : stderr;
    if (host->is_failed) {
        return true;
    }
    if (host->config.has_ladder && host->config.flags->has_json) {
        synfin_ladder_json(host->ladder, cli_output_write, out);
    } else if (host->config.has_ladder) {
        synfin_ladder_text(host->ladder, cli_output_write, out);
    }
    return host->config.flags->svg_path == NULL || draw_svg(host);
}

static bool close_capture(struct cli_host *host)
{
    bool is_good = host->capture == NULL || synfin_capture_ok(host->capture);
    if (host->capture != NULL) {
        synfin_capture_destroy(host->capture);
    }
    if (host->pcapng != NULL && fclose(host->pcapng) != 0) {
        is_good = false;
    }
    return is_good || fail("cannot write", host->config.flags->pcapng_path);
}

bool cli_host_close(struct cli_host *host)
{
    if (host->loop != NULL) {
        synfin_loop_destroy(host->loop);
    }
    if (host->stack != NULL) {
        synfin_stack_destroy(host->stack);
    }
    if (host->signal_fd >= 0) {
        close(host->signal_fd);
    }
    bool is_good = close_capture(host);
    if (host->ladder != NULL) {
        is_good = draw(host) && is_good;
        synfin_ladder_destroy(host->ladder);
    }
    return is_good;
}

int cli_host_signal(struct cli_host *host)
{
    struct signalfd_siginfo info;
    return read(host->signal_fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

uint32_t cli_host_alive_count(const struct cli_host *host)
{
    uint32_t count = 0;
    struct synfin_stack_stats stats = {.size = sizeof(stats)};
    synfin_stack_stats(host->stack, &stats);
    for (int state = 0; state < SYNFIN_TCP_STATE_COUNT; state++) {
        if (state != SYNFIN_TCP_STATE_CLOSED && state != SYNFIN_TCP_STATE_LISTEN) {
            count += stats.by_state[state];
        }
    }
    return count;
}

uint32_t cli_host_busy_count(const struct cli_host *host)
{
    struct synfin_stack_stats stats = {.size = sizeof(stats)};
    synfin_stack_stats(host->stack, &stats);
    return cli_host_alive_count(host) - stats.by_state[SYNFIN_TCP_STATE_TIME_WAIT];
}
