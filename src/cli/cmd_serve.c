// SPDX-License-Identifier: MIT
//
// synfin serve: a server on synfin's own TCP, of files over HTTP or of the small services. The
// first SIGINT or SIGTERM stops listening and lets every connection end in order, for a while;
// the second resets what is left.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cli_flags.h"
#include "cli/cli_host.h"
#include "cli/serve.h"

enum { BACKLOG = 4096, PORT_DEFAULT = 8080 };

// How long connections may take to end in order once the server ends.
static const uint64_t drain_ns = UINT64_C(5000000000);

struct serve_options {
    bool has_echo, has_discard, has_chargen, has_ladder, is_verbose;
    uint64_t port, once, fastopen;
};

struct server {
    struct serve serve;
    struct cli_host host;
    struct serve_options options;
    struct cli_flags flags;
    const char *directory;
    uint64_t give_up_ns; // when draining ends; SYNFIN_NEVER before
    bool is_aborted;
};

#define AT(member) offsetof(struct serve_options, member)

static const struct cli_flag own_flags[] = {
    {"--port", CLI_FLAG_COUNT, AT(port), "N", "to listen on; 8080", NULL},
    {"--echo", CLI_FLAG_SWITCH, AT(has_echo), NULL, "give back what comes (RFC 862)", NULL},
    {"--discard", CLI_FLAG_SWITCH, AT(has_discard), NULL, "take what comes (RFC 863)", NULL},
    {"--chargen", CLI_FLAG_SWITCH, AT(has_chargen), NULL, "send without end (RFC 864)", NULL},
    {"--fastopen", CLI_FLAG_COUNT, AT(fastopen), "N",
     "Fast Open (RFC 7413), for N clients at once; none", NULL},
    {"--once", CLI_FLAG_COUNT, AT(once), "N",
     "end after N connections, when the last has left TIME-WAIT", NULL},
    {"--ladder", CLI_FLAG_SWITCH, AT(has_ladder), NULL,
     "draw the first connection at the end (with --once: up to N)", NULL},
    {"--verbose", CLI_FLAG_SWITCH, AT(is_verbose), NULL, "a line for every request", NULL},
};

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    struct server *server = ctx;
    if (event->socket != 0 && event->socket == server->serve.listener) {
        serve_accept(&server->serve, now_ns);
    } else {
        serve_event(&server->serve, event, now_ns);
    }
}

static void on_signal(struct server *server, uint64_t now_ns)
{
    if (server->serve.is_draining) {
        server->is_aborted = true;
        serve_abort(&server->serve, now_ns);
        return;
    }
    server->give_up_ns = now_ns + drain_ns;
    serve_drain(&server->serve, now_ns);
}

static void on_fd(void *ctx, int fd, bool readable, bool writable, uint64_t now_ns)
{
    (void)fd;
    (void)readable;
    (void)writable;
    struct server *server = ctx;
    if (cli_host_signal(&server->host) != 0) {
        on_signal(server, now_ns);
    }
}

static void on_turn(void *ctx, uint64_t now_ns)
{
    struct server *server = ctx;
    serve_expire(&server->serve, now_ns);
    if (server->give_up_ns <= now_ns && !server->is_aborted) {
        server->is_aborted = true;
        serve_abort(&server->serve, now_ns);
    }
    fflush(stdout);
}

static const struct synfin_loop_ops loop_ops = {on_event, on_fd, on_turn};

// Asked once per turn; the counts of the stack only when nothing of ours is left.
static bool is_over(const struct server *server)
{
    if (server->is_aborted) {
        return true;
    }
    if (server->serve.listener != 0 || serve_open_count(&server->serve) > 0) {
        return false;
    }
    return server->serve.is_draining ? cli_host_busy_count(&server->host) == 0
                                     : cli_host_alive_count(&server->host) == 0;
}

static enum synfin_error run(struct server *server)
{
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (error == SYNFIN_ERROR_OK && !is_over(server)) {
        uint64_t now_ns = synfin_host_now();
        uint64_t deadline_ns = serve_deadline(&server->serve);
        if (server->give_up_ns < deadline_ns) {
            deadline_ns = server->give_up_ns;
        }
        uint64_t wait_ns = SYNFIN_NEVER;
        if (deadline_ns != SYNFIN_NEVER) {
            wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
        }
        error = synfin_loop_turn(server->host.loop, wait_ns);
    }
    return error;
}

static bool listen_on(struct server *server)
{
    struct serve *serve = &server->serve;
    // The unspecified IPv6 address stands for all addresses of both versions.
    const struct synfin_endpoint local = {.port = (uint16_t)server->options.port};
    enum synfin_error error = synfin_socket_open(serve->stack, &serve->listener);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_bind(serve->stack, serve->listener, &local);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_set_option(serve->stack, serve->listener, SYNFIN_OPTION_FASTOPEN,
                                         (int64_t)server->options.fastopen, synfin_host_now());
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_listen(serve->stack, serve->listener, BACKLOG, synfin_host_now());
    }
    if (error != SYNFIN_ERROR_OK) {
        fprintf(stderr, "synfin: cannot listen on port %u: %s\n", local.port,
                synfin_error_text(error));
    }
    return error == SYNFIN_ERROR_OK;
}

static void announce(const struct server *server)
{
    const struct cli_flags *flags = &server->flags;
    bool is_http = server->serve.service == &serve_http;
    if (flags->has_json) {
        printf("{\"event\":\"listening\",\"t_ns\":%" PRIu64 ",\"service\":\"%s\",\"endpoints\":[",
               synfin_host_now(), server->serve.service->name);
    } else {
        printf("%s %s on %s:", is_http ? "serving" : server->serve.service->name,
               is_http ? server->directory : "service", flags->link_spec);
    }
    for (uint32_t i = 0; i < flags->addrs; i++) {
        char text[SYNFIN_ENDPOINT_TEXT_MAX];
        struct synfin_endpoint endpoint = {flags->addr[i].addr, (uint16_t)server->options.port};
        synfin_endpoint_format(&endpoint, text);
        if (flags->has_json) {
            printf("%s\"%s\"", i > 0 ? "," : "", text);
        } else {
            printf(" %s%s%s", is_http ? "http://" : "", text, is_http ? "/" : "");
        }
    }
    puts(flags->has_json ? "]}" : "");
    fflush(stdout);
}

static void sum_up(const struct server *server)
{
    const struct serve *serve = &server->serve;
    struct synfin_stack_stats stats = {.size = sizeof(stats)};
    synfin_stack_stats(server->host.stack, &stats);
    if (server->flags.has_json) {
        printf("{\"event\":\"summary\",\"t_ns\":%" PRIu64 ",\"connections\":%" PRIu64
               ",\"octets_in\":%" PRIu64 ",\"octets_out\":%" PRIu64
               ",\"segments_retransmitted\":%" PRIu64 "}\n",
               synfin_host_now(), serve->accepted, serve->octets_in, serve->octets_out,
               stats.segments_retransmitted);
    } else {
        printf("%" PRIu64 " connections, %" PRIu64 " octets in, %" PRIu64 " out, %" PRIu64
               " segments sent again\n",
               serve->accepted, serve->octets_in, serve->octets_out, stats.segments_retransmitted);
    }
}

static const struct serve_service *choose_service(const struct serve_options *options)
{
    return options->has_echo      ? &serve_echo
           : options->has_discard ? &serve_discard
           : options->has_chargen ? &serve_chargen
                                  : &serve_http;
}

static int check_usage(const struct cli_parser *parser, const struct server *server)
{
    const struct serve_options *options = &server->options;
    if (options->has_echo + options->has_discard + options->has_chargen > 1) {
        cli_parse_complain(parser, "--echo, --discard and --chargen exclude each other");
    } else if (server->flags.link_spec == NULL) {
        cli_parse_complain(parser, "which device? Such as --link tun:tun0");
    } else if (server->flags.addrs == 0) {
        cli_parse_complain(parser, "which address? Such as --addr 192.0.2.2/24");
    } else if (options->port == 0 || options->port > UINT16_MAX) {
        cli_parse_complain(parser, "--port is a number from 1 to 65535");
    } else {
        return CLI_STATUS_DONE;
    }
    return CLI_STATUS_USAGE;
}

static bool prepare(struct server *server)
{
    struct serve *serve = &server->serve;
    serve->service = choose_service(&server->options);
    serve->has_json = server->flags.has_json;
    serve->is_verbose = server->options.is_verbose;
    serve->accept_max = server->options.once;
    serve->root_fd = -1;
    if (serve->service == &serve_http) {
        serve->root_fd = open(server->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (serve->root_fd < 0) {
            fprintf(stderr, "synfin: cannot serve %s: %s\n", server->directory, strerror(errno));
            return false;
        }
    }
    serve->scratch = malloc(SERVE_SCRATCH_BYTES);
    if (serve->scratch == NULL) {
        fputs("synfin: no memory\n", stderr);
    }
    return serve->scratch != NULL;
}

static int serve_until_over(struct server *server)
{
    server->serve.stack = server->host.stack;
    if (!listen_on(server)) {
        server->host.is_failed = true;
        cli_host_close(&server->host);
        return CLI_STATUS_FAILED;
    }
    announce(server);
    enum synfin_error error = run(server);
    if (error != SYNFIN_ERROR_OK) {
        fprintf(stderr, "synfin: %s: the device failed: is the interface gone?\n",
                server->flags.link_spec);
        serve_abort(&server->serve, synfin_host_now());
    }
    sum_up(server);
    bool is_written = cli_host_close(&server->host);
    return error == SYNFIN_ERROR_OK && is_written ? CLI_STATUS_DONE : CLI_STATUS_FAILED;
}

static int serve_with(const struct cli_parser *parser, struct server *server)
{
    const struct cli_host_config config = {
        .parser = parser,
        .flags = &server->flags,
        .is_server = true,
        .has_ladder = server->options.has_ladder,
        .followed_max = server->options.once > 0 ? (uint32_t)server->options.once : 1,
    };
    int status = CLI_STATUS_FAILED;
    if (prepare(server) && cli_host_open(&server->host, &config, &loop_ops, server)) {
        status = serve_until_over(server);
    }
    free(server->serve.scratch);
    if (server->serve.root_fd >= 0) {
        close(server->serve.root_fd);
    }
    return status;
}

int cmd_serve(int argc, char **argv)
{
    struct server server = {.options = {.port = PORT_DEFAULT}, .give_up_ns = SYNFIN_NEVER};
    struct cli_parser parser = {
        .command = "serve",
        .usage = "[DIR] --link SPEC --addr CIDR",
        .about =
            "Serves the files of DIR (here, when not given) over HTTP/1.1, or a small service, "
            "on synfin's own TCP over a device of this machine.",
        .operands_max = 1,
    };
    cli_parse_add(&parser, "serve", own_flags, sizeof(own_flags) / sizeof(own_flags[0]),
                  &server.options);
    cli_flags_add(&parser, &server.flags, CLI_FLAGS_ALL);
    switch (cli_parse_run(&parser, argc, argv)) {
    case CLI_PARSE_HELPED: return CLI_STATUS_DONE;
    case CLI_PARSE_WRONG: return CLI_STATUS_USAGE;
    case CLI_PARSE_READY: break;
    }
    int status = check_usage(&parser, &server);
    if (status != CLI_STATUS_DONE) {
        return status;
    }
    server.directory = parser.operands > 0 ? parser.operand[0] : ".";
    return serve_with(&parser, &server);
}
