// SPDX-License-Identifier: MIT
//
// synfin connect: one connection by synfin's own TCP, standard input to the peer and the peer to
// standard output. The end of standard input closes our direction only, and the peer's end ends
// standard output only; the command ends when both directions have.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cli_values.h"
#include "cli/connect.h"

#define NS_PER_S UINT64_C(1000000000)

#define AT(member) offsetof(struct connect_options, member)

static const struct cli_flag own_flags[] = {
    {"--bind", CLI_FLAG_TEXT, AT(bind), "ADDR[:PORT]", "connect from here: 192.0.2.1, :5000", NULL},
    {"--fastopen", CLI_FLAG_TEXT, AT(fastopen_path), "FILE",
     "first data with the SYN (RFC 7413); the server's cookie is kept in FILE", NULL},
    {"--timeout", CLI_FLAG_TIME, AT(timeout_ns), "T", "for the handshake", NULL},
    {"--time-wait", CLI_FLAG_SWITCH, AT(waits_time_wait), NULL,
     "stay until the connection has left TIME-WAIT", NULL},
    {"--progress", CLI_FLAG_SWITCH, AT(has_progress), NULL,
     "tell the rate as it goes, also where stderr is no terminal", NULL},
    {"--ladder", CLI_FLAG_SWITCH, AT(has_ladder), NULL, "draw the connection on stderr at its end",
     NULL},
    {"--verbose", CLI_FLAG_SWITCH, AT(is_verbose), NULL, "sum up at the end", NULL},
};

static void end_now(struct connect *connect, enum synfin_error error, enum synfin_reason reason,
                    uint64_t now_ns)
{
    connect->failure.error = error;
    connect->failure.reason = reason;
    connect->ended_ns = now_ns;
    connect->is_over = true;
}

// Kept current, since a connection that has ended tells nothing more.
static void take_info(struct connect *connect, uint64_t now_ns)
{
    struct synfin_tcp_info info = {.size = sizeof(info)};
    struct synfin_stack_stats stats = {.size = sizeof(stats)};
    if (connect->socket != 0
        && synfin_socket_info(connect->host.stack, connect->socket, &info, now_ns)
               == SYNFIN_ERROR_OK) {
        connect->info = info;
    }
    synfin_stack_stats(connect->host.stack, &stats);
    connect->segments_retransmitted = stats.segments_retransmitted;
}

static void on_connected(struct connect *connect, uint64_t now_ns)
{
    char peer[SYNFIN_ENDPOINT_TEXT_MAX];
    char local[SYNFIN_ENDPOINT_TEXT_MAX];
    connect->is_connected = true;
    connect->connected_ns = now_ns;
    connect->progress_last_ns = now_ns;
    if (connect->options.has_progress || isatty(STDERR_FILENO)) {
        connect->progress_ns = now_ns + 2 * NS_PER_S;
    }
    bool has_local =
        synfin_socket_endpoints(connect->host.stack, connect->socket, &connect->local, NULL)
        == SYNFIN_ERROR_OK;
    if (connect->options.is_verbose && has_local) {
        fprintf(stderr, "connected to %s from %s\n", synfin_endpoint_format(&connect->remote, peer),
                synfin_endpoint_format(&connect->local, local));
    }
}

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    struct connect *connect = ctx;
    if (event->socket != connect->socket) {
        return;
    }
    take_info(connect, now_ns);
    if (event->kind == SYNFIN_EVENT_CONNECTED) {
        on_connected(connect, now_ns);
    }
    connect_pump_in(connect, now_ns);
    connect_pump_out(connect, now_ns);
    if (event->kind != SYNFIN_EVENT_CLOSED || connect->socket == 0) {
        return;
    }
    connect->is_closed = true;
    connect->failure.reason = event->reason;
    connect->failure.tries = event->tries;
    connect->failure.waited_ns = event->waited_ns;
    connect->failure.icmp = event->icmp;
    if (event->error != SYNFIN_ERROR_OK) {
        end_now(connect, event->error, event->reason, now_ns);
    }
}

static void on_signal(struct connect *connect, uint64_t now_ns)
{
    if (connect->give_up_ns != SYNFIN_NEVER || !connect->is_connected) {
        synfin_socket_abort(connect->host.stack, connect->socket, now_ns);
        connect->socket = 0;
        end_now(connect, SYNFIN_ERROR_ABORTED, SYNFIN_REASON_UNKNOWN, now_ns);
        return;
    }
    connect->give_up_ns = now_ns + 2 * NS_PER_S;
    connect_pump_finish(connect, now_ns);
}

static void on_fd(void *ctx, int fd, bool readable, bool writable, uint64_t now_ns)
{
    struct connect *connect = ctx;
    if (connect->socket == 0) {
        return;
    }
    if (fd == connect->host.signal_fd) {
        if (cli_host_signal(&connect->host) != 0) {
            on_signal(connect, now_ns);
        }
    } else if (fd == STDIN_FILENO && readable) {
        connect_pump_read(connect, now_ns);
    } else if (fd == STDOUT_FILENO && writable) {
        connect_pump_in(connect, now_ns);
    }
}

static void check_times(struct connect *connect, uint64_t now_ns)
{
    uint64_t timeout_ns = connect->options.timeout_ns;
    bool is_late = !connect->is_connected && now_ns - connect->started_ns >= timeout_ns;
    if (now_ns < connect->give_up_ns && !is_late) {
        return;
    }
    take_info(connect, now_ns);
    connect->failure.is_own_limit = is_late;
    connect->failure.tries = connect->info.tries;
    connect->failure.waited_ns = connect->info.waited_ns;
    connect->failure.icmp = connect->info.icmp;
    synfin_socket_abort(connect->host.stack, connect->socket, now_ns);
    connect->socket = 0;
    end_now(connect, is_late ? SYNFIN_ERROR_TIMED_OUT : SYNFIN_ERROR_ABORTED, SYNFIN_REASON_UNKNOWN,
            now_ns);
}

// Closed in order, and every octet written: the handle is given up. It was kept until now because
// it tells whether our last octets and our FIN arrived.
static void check_end(struct connect *connect, uint64_t now_ns)
{
    if (connect->is_closed && connect->has_received_all && connect->socket != 0) {
        synfin_socket_close(connect->host.stack, connect->socket, now_ns);
        connect->socket = 0;
        connect->ended_ns = now_ns;
    }
    if (connect->socket == 0 && !connect->is_over) {
        connect->is_over =
            !connect->options.waits_time_wait || cli_host_alive_count(&connect->host) == 0;
    }
}

static void on_turn(void *ctx, uint64_t now_ns)
{
    struct connect *connect = ctx;
    if (connect->socket != 0) {
        check_times(connect, now_ns);
    }
    check_end(connect, now_ns);
    if (now_ns >= connect->progress_ns) {
        take_info(connect, now_ns);
        connect_report_progress(connect, now_ns);
    }
}

static const struct synfin_loop_ops loop_ops = {on_event, on_fd, on_turn};

static uint64_t find_wait(const struct connect *connect)
{
    uint64_t now_ns = synfin_host_now();
    uint64_t deadline_ns = connect->give_up_ns;
    if (connect->progress_ns < deadline_ns) {
        deadline_ns = connect->progress_ns;
    }
    if (!connect->is_connected && connect->options.timeout_ns != SYNFIN_NEVER
        && connect->started_ns + connect->options.timeout_ns < deadline_ns) {
        deadline_ns = connect->started_ns + connect->options.timeout_ns;
    }
    if (deadline_ns == SYNFIN_NEVER) {
        return SYNFIN_NEVER;
    }
    return deadline_ns > now_ns ? deadline_ns - now_ns : 0;
}

static enum synfin_error run(struct connect *connect)
{
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (error == SYNFIN_ERROR_OK && !connect->is_over) {
        error = synfin_loop_turn(connect->host.loop, find_wait(connect));
    }
    return error;
}

// "192.0.2.1", "192.0.2.1:5000", "[2001:db8::1]:5000", "2001:db8::1", ":5000".
static bool parse_endpoint(const char *text, struct synfin_endpoint *out)
{
    char addr[SYNFIN_ENDPOINT_TEXT_MAX];
    const char *colon = strrchr(text, ':');
    bool is_bracketed = text[0] == '[';
    uint64_t port = 0;
    memset(out, 0, sizeof(*out));
    if (!is_bracketed && synfin_addr_parse(text, &out->addr) == SYNFIN_ERROR_OK) {
        return true;
    }
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    if (colon == NULL || length >= sizeof(addr) || !cli_values_number(colon + 1, &port)
        || port > UINT16_MAX) {
        return false;
    }
    memcpy(addr, text, length);
    addr[length] = '\0';
    out->port = (uint16_t)port;
    if (length == 0) {
        return true;
    }
    if (is_bracketed && addr[length - 1] == ']') {
        addr[length - 1] = '\0';
        return synfin_addr_parse(addr + 1, &out->addr) == SYNFIN_ERROR_OK;
    }
    return synfin_addr_parse(addr, &out->addr) == SYNFIN_ERROR_OK;
}

static enum synfin_error open_connection(struct connect *connect)
{
    synfin_stack *stack = connect->host.stack;
    enum synfin_error error = synfin_socket_open(stack, &connect->socket);
    connect->started_ns = synfin_host_now();
    if (error == SYNFIN_ERROR_OK && connect->options.bind != NULL) {
        error = synfin_socket_bind(stack, connect->socket, &connect->local);
    }
    if (error == SYNFIN_ERROR_OK && connect->options.fastopen_path != NULL) {
        connect_cookie_load(connect, connect->started_ns);
        error = synfin_socket_set_option(stack, connect->socket, SYNFIN_OPTION_FASTOPEN_CONNECT, 1,
                                         connect->started_ns);
    }
    if (error == SYNFIN_ERROR_OK) {
        error =
            synfin_socket_connect(stack, connect->socket, &connect->remote, connect->started_ns);
    }
    return error;
}

static int connect_until_over(struct connect *connect)
{
    struct stat status;
    connect->is_output_file = fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
    enum synfin_error error = open_connection(connect);
    if (error == SYNFIN_ERROR_OK) {
        connect_pump_out(connect, connect->started_ns); // with Fast Open, data come first
        error = run(connect);
        // What an abort or a last acknowledgment left to send.
        (void)!synfin_loop_turn(connect->host.loop, 0);
    }
    if (error != SYNFIN_ERROR_OK) {
        end_now(connect, error, SYNFIN_REASON_UNKNOWN, synfin_host_now());
    }
    if (connect->options.fastopen_path != NULL && connect->is_connected) {
        connect_cookie_save(connect);
    }
    int exit_status = connect_report_end(connect);
    bool is_written = cli_host_close(&connect->host);
    return is_written ? exit_status : CLI_STATUS_FAILED;
}

static int check_usage(struct cli_parser *parser, struct connect *connect)
{
    const char *host = parser->operands > 0 ? parser->operand[0] : "";
    uint64_t port = 0;
    if (parser->operands != 2) {
        cli_parse_complain(parser, "an address and a port are needed, such as 192.0.2.1 80");
    } else if (synfin_addr_parse(host, &connect->remote.addr) != SYNFIN_ERROR_OK) {
        cli_parse_complain(parser,
                           "\"%s\" is no IP address; names are not looked up here: "
                           "`getent hosts %s` may know it",
                           host, host);
    } else if (!cli_values_number(parser->operand[1], &port) || port == 0 || port > UINT16_MAX) {
        cli_parse_complain(parser, "\"%s\" is no port: a number from 1 to 65535",
                           parser->operand[1]);
    } else if (connect->options.bind != NULL
               && !parse_endpoint(connect->options.bind, &connect->local)) {
        cli_parse_complain(parser, "--bind \"%s\" is no address and port of this stack",
                           connect->options.bind);
    } else if (connect->flags.link_spec == NULL) {
        cli_parse_complain(parser, "which device? Such as --link tun:tun0");
    } else if (connect->flags.addrs == 0) {
        cli_parse_complain(parser, "which address? Such as --addr 192.0.2.2/24");
    } else {
        connect->remote.port = (uint16_t)port;
        return CLI_STATUS_DONE;
    }
    return CLI_STATUS_USAGE;
}

static int connect_with(const struct cli_parser *parser, struct connect *connect)
{
    const struct cli_host_config config = {
        .parser = parser,
        .flags = &connect->flags,
        .has_ladder = connect->options.has_ladder,
        .remote = &connect->remote,
        .followed_max = 1,
    };
    int status = CLI_STATUS_FAILED;
    connect->chunk = malloc(CONNECT_CHUNK_BYTES);
    if (connect->chunk == NULL) {
        fputs("synfin: no memory\n", stderr);
    } else if (cli_host_open(&connect->host, &config, &loop_ops, connect)) {
        status = connect_until_over(connect);
    }
    free(connect->chunk);
    return status;
}

int cmd_connect(int argc, char **argv)
{
    struct connect connect = {
        .options = {.timeout_ns = SYNFIN_NEVER},
        .give_up_ns = SYNFIN_NEVER,
        .progress_ns = SYNFIN_NEVER,
    };
    struct cli_parser parser = {
        .command = "connect",
        .usage = "HOST PORT --link SPEC --addr CIDR",
        .about = "Connects by synfin's own TCP over a device of this machine: standard input goes "
                 "to the peer, what it sends goes to standard output. HOST is an IP address.",
        .operands_max = 2,
    };
    cli_parse_add(&parser, "connect", own_flags, sizeof(own_flags) / sizeof(own_flags[0]),
                  &connect.options);
    cli_flags_add(&parser, &connect.flags, CLI_FLAGS_ALL);
    switch (cli_parse_run(&parser, argc, argv)) {
    case CLI_PARSE_HELPED: return CLI_STATUS_DONE;
    case CLI_PARSE_WRONG: return CLI_STATUS_USAGE;
    case CLI_PARSE_READY: break;
    }
    int status = check_usage(&parser, &connect);
    return status != CLI_STATUS_DONE ? status : connect_with(&parser, &connect);
}
