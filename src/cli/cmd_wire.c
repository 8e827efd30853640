// SPDX-License-Identifier: MIT
//
// synfin wire: joins two devices of this machine by the fault link, in real time, for any two
// kernels or stacks: what netem does, without a module, and with drops of chosen segments and a
// capture that says what became of each packet. SIGINT, SIGTERM or --time ends it.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <synfin/host.h>

#include "cli/cli.h"
#include "cli/cli_flags.h"
#include "cli/cli_output.h"
#include "cli/wire_pump.h"
#include "cli/wire_report.h"

enum {
    // Room for a second of 1500-octet packets at 1.5 Gbit/s in both directions.
    PACKETS_MAX = 1 << 18,
    VLAN_BYTES = 4, // a tag does not count to the MTU of an interface
    CAPTURE_BUFFER_BYTES = 1 << 20,
};

// How often a device that had an error is asked whether it is still there.
static const uint64_t doubt_ns = 100000000;

struct options {
    struct cli_flags flags;
    uint64_t time_ns; // SYNFIN_NEVER: until a signal
    enum synfin_chance_from chance_from;
};

struct wire {
    const struct cli_parser *parser;
    const struct options *options;
    struct synfin_env env;
    struct synfin_device *device[2]; // by side
    synfin_link *link;
    bool is_doubted[2]; // the device had an error: it may only be down
    int signal_fd;
    FILE *pcapng;
    synfin_capture *capture;
    int64_t epoch_offset_ns;
    struct wire_report report;
    struct wire_pump pump;
};

#define AT(member) offsetof(struct options, member)

static bool take_drop(void *object, const char *text, const char **why)
{
    struct options *options = object;
    *why = "WHO:WHAT[:K], such as a:SYN:1, b:SYN+ACK:* or a:DATA:3";
    return cli_flags_take_drop(&options->flags, text, "a", "b", why);
}

static bool take_side(void *object, const char *text, const char **why)
{
    struct options *options = object;
    *why = "a or b";
    bool is_a = strcmp(text, "a") == 0;
    options->chance_from = is_a ? SYNFIN_CHANCE_FROM_A : SYNFIN_CHANCE_FROM_B;
    return is_a || strcmp(text, "b") == 0;
}

static const struct cli_flag own_flags[] = {
    {"--drop", CLI_FLAG_SPECIAL, AT(flags.drop_rules), "WHO:WHAT[:K]",
     "lose the K-th (or *: every) such segment: a:SYN:1", take_drop},
    {"--only-from", CLI_FLAG_SPECIAL, AT(chance_from), "SIDE",
     "a or b: loss, dup, reorder and corrupt befall only what comes from there", take_side},
    {"--time", CLI_FLAG_TIME, AT(time_ns), "T", "end after this; else by SIGINT or SIGTERM", NULL},
    {"--pcapng", CLI_FLAG_TEXT, AT(flags.pcapng_path), "FILE",
     "capture, with what became of each packet as its comment", NULL},
    {"--json", CLI_FLAG_SWITCH, AT(flags.has_json), NULL, "one JSON object per line", NULL},
};

static bool fail(const char *what, const char *detail)
{
    fprintf(stderr, "synfin: %s%s%s\n", what, *detail ? ": " : "", detail);
    return false;
}

static void observe(void *ctx, const struct synfin_passage *passage)
{
    const struct wire *wire = ctx;
    struct synfin_passage shown = *passage;
    shown.sent_ns += (uint64_t)wire->epoch_offset_ns;
    synfin_capture_passage(wire->capture, &shown);
}

static bool open_devices(struct wire *wire)
{
    char why[256];
    for (int side = 0; side < 2; side++) {
        if (synfin_device_open_wire(wire->report.spec[side], &wire->device[side], why, sizeof(why))
            != SYNFIN_ERROR_OK) {
            return fail(why, "");
        }
    }
    if (wire->device[0]->is_ethernet != wire->device[1]->is_ethernet) {
        int ethernet = wire->device[0]->is_ethernet ? 0 : 1;
        fprintf(stderr,
                "synfin: %s carries Ethernet frames and %s bare IP datagrams: join tun with tun, "
                "tap and packet with tap and packet\n",
                wire->report.spec[ethernet], wire->report.spec[1 - ethernet]);
        return false;
    }
    return true;
}

static void set_link(struct wire *wire, struct synfin_link_config *config)
{
    const struct synfin_device *a = wire->device[SYNFIN_LINK_A];
    const struct synfin_device *b = wire->device[SYNFIN_LINK_B];
    const struct options *options = wire->options;
    synfin_link_config_default(config);
    cli_flags_to_link(wire->parser, &options->flags, config);
    config->is_ethernet = a->is_ethernet;
    config->packets_max = PACKETS_MAX;
    config->chance_from = (uint8_t)options->chance_from;
    config->mtu_bytes = a->mtu_bytes < b->mtu_bytes ? a->mtu_bytes : b->mtu_bytes;
    config->mtu_bytes += a->is_ethernet ? VLAN_BYTES : 0;
    if (config->path_mtu_bytes > config->mtu_bytes) {
        config->mtu_bytes = config->path_mtu_bytes;
    }
}

static bool open_capture(struct wire *wire)
{
    const char *path = wire->options->flags.pcapng_path;
    if (path == NULL) {
        return true;
    }
    wire->epoch_offset_ns = synfin_host_epoch_offset();
    wire->pcapng = fopen(path, "wb");
    if (wire->pcapng == NULL) {
        return fail(path, strerror(errno));
    }
    (void)setvbuf(wire->pcapng, NULL, _IOFBF, CAPTURE_BUFFER_BYTES);
    if (synfin_capture_create(&wire->env, wire->device[0]->is_ethernet, cli_output_write,
                              wire->pcapng, &wire->capture)
        != SYNFIN_ERROR_OK) {
        return fail("cannot capture to", path);
    }
    synfin_link_observe(wire->link, observe, wire);
    return true;
}

static bool open_signals(struct wire *wire)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return fail("cannot block signals", strerror(errno));
    }
    wire->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return wire->signal_fd >= 0 || fail("cannot wait for signals", strerror(errno));
}

// Waits end when they should, and not up to 50 us later to save wake-ups; and before whatever else
// wants the processor, as the kernel's own queues would. The second needs a privilege that whoever
// may make TUN devices mostly has; false without it.
static bool become_punctual(void)
{
    const struct sched_param lowest = {.sched_priority = 1};
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    return sched_setscheduler(0, SCHED_RR, &lowest) == 0;
}

static bool open_wire(struct wire *wire)
{
    struct synfin_link_config *config = &wire->report.config;
    synfin_host_env(&wire->env);
    if (!open_devices(wire)) {
        return false;
    }
    set_link(wire, config);
    enum synfin_error error = synfin_link_create(&wire->env, config, &wire->link);
    if (error != SYNFIN_ERROR_OK) {
        return fail("cannot make the link", synfin_error_text(error));
    }
    if (!open_capture(wire) || !open_signals(wire)) {
        return false;
    }
    wire_pump_init(&wire->pump, wire->link, wire->device[0], wire->device[1], synfin_host_now);
    wire->report.is_realtime = become_punctual();
    return true;
}

// Gives everything back; false when the capture is not whole.
static bool close_wire(struct wire *wire)
{
    bool is_good = wire->capture == NULL || synfin_capture_ok(wire->capture);
    if (wire->capture != NULL) {
        synfin_capture_destroy(wire->capture);
    }
    if (wire->pcapng != NULL && fclose(wire->pcapng) != 0) {
        is_good = false;
    }
    synfin_link_destroy(wire->link);
    for (int side = 0; side < 2; side++) {
        if (wire->device[side] != NULL) {
            wire->device[side]->ops->destroy(wire->device[side]);
        }
    }
    if (wire->signal_fd >= 0) {
        close(wire->signal_fd);
    }
    return is_good || fail("cannot write", wire->options->flags.pcapng_path);
}

// Until a device, a signal or `deadline_ns`; the kernel counts this wait in ns.
static void await(struct wire *wire, struct pollfd fds[3], uint64_t deadline_ns)
{
    uint64_t now_ns = synfin_host_now();
    if ((wire->is_doubted[0] || wire->is_doubted[1]) && deadline_ns > now_ns + doubt_ns) {
        deadline_ns = now_ns + doubt_ns;
    }
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000),
                            .tv_nsec = (long)(wait_ns % 1000000000)};
    for (int side = 0; side < 2; side++) {
        // What goes to this device is the other side's way.
        bool is_full = wire->pump.way[1 - side].is_full;
        fds[side] = (struct pollfd){.fd = wire->device[side]->fd,
                                    .events = (short)(POLLIN | (is_full ? POLLOUT : 0))};
    }
    fds[2] = (struct pollfd){.fd = wire->signal_fd, .events = POLLIN};
    if (ppoll(fds, 3, deadline_ns != SYNFIN_NEVER ? &wait : NULL, NULL) < 0) {
        fds[0].revents = fds[1].revents = fds[2].revents = 0;
    }
}

// False when a device is gone for good. One that is removed is told to be down first, and nothing
// later, so that it is asked again until packets come from it.
static bool take_events(struct wire *wire, const struct pollfd fds[3])
{
    for (int side = 0; side < 2; side++) {
        if ((fds[side].revents & POLLOUT) != 0) {
            wire_pump_writable(&wire->pump, (enum synfin_link_side)side);
        }
        if ((fds[side].revents & (POLLERR | POLLHUP)) != 0) {
            wire->is_doubted[side] = true;
        } else if ((fds[side].revents & POLLIN) != 0) {
            wire->is_doubted[side] = false;
        }
        if (wire->is_doubted[side] && synfin_device_has_failed(wire->device[side])) {
            return fail(wire->report.spec[side], "the device failed: is the interface gone?");
        }
    }
    return true;
}

static bool run(struct wire *wire)
{
    uint64_t begun_ns = synfin_host_now();
    uint64_t time_ns = wire->options->time_ns;
    uint64_t end_ns = time_ns < SYNFIN_NEVER - begun_ns ? begun_ns + time_ns : SYNFIN_NEVER;
    struct pollfd fds[3] = {{0}};
    bool is_good = true;
    wire->report.begun_ns = begun_ns;
    wire_report_begin(&wire->report);
    while (is_good && (fds[2].revents & POLLIN) == 0 && synfin_host_now() < end_ns) {
        bool has_more = wire_pump_turn(&wire->pump);
        uint64_t deadline_ns = has_more ? 0 : wire_pump_deadline(&wire->pump);
        await(wire, fds, deadline_ns < end_ns ? deadline_ns : end_ns);
        is_good = take_events(wire, fds);
    }
    wire->report.ended_ns = synfin_host_now();
    wire_report_end(&wire->report, &wire->pump);
    return is_good;
}

static int join(const struct cli_parser *parser, const struct options *options)
{
    struct wire *wire = calloc(1, sizeof(*wire));
    if (wire == NULL) {
        (void)fail("no memory", "");
        return CLI_STATUS_FAILED;
    }
    wire->parser = parser;
    wire->options = options;
    wire->signal_fd = -1;
    wire->report.has_json = options->flags.has_json;
    wire->report.spec[SYNFIN_LINK_A] = parser->operand[0];
    wire->report.spec[SYNFIN_LINK_B] = parser->operand[1];
    bool is_good = open_wire(wire) && run(wire);
    is_good = close_wire(wire) && is_good;
    free(wire);
    return is_good ? CLI_STATUS_DONE : CLI_STATUS_FAILED;
}

static bool is_usage_right(const struct cli_parser *parser)
{
    if (parser->operands < 2) {
        cli_parse_complain(parser, "which two devices? Such as tun:a tun:b");
    } else if (strcmp(parser->operand[0], parser->operand[1]) == 0) {
        cli_parse_complain(parser, "%s cannot be both ends", parser->operand[0]);
    } else {
        return true;
    }
    return false;
}

int cmd_wire(int argc, char **argv)
{
    struct options options = {.time_ns = SYNFIN_NEVER};
    struct cli_parser parser = {
        .command = "wire",
        .usage = "DEVICE-A DEVICE-B [FLAGS]",
        .about =
            "Joins two devices, each tun:NAME, tap:NAME or packet:IFACE, by a link with these\n"
            "faults in both directions, in real time, and tells at its end what passed and\n"
            "how punctually. tun carries IP datagrams, tap and packet Ethernet frames.",
        .operands_max = 2,
    };
    cli_parse_add(&parser, "wire", own_flags, sizeof(own_flags) / sizeof(own_flags[0]), &options);
    cli_flags_add(&parser, &options.flags, CLI_FLAGS_FAULT_CHANCE);
    switch (cli_parse_run(&parser, argc, argv)) {
    case CLI_PARSE_HELPED: return CLI_STATUS_DONE;
    case CLI_PARSE_WRONG: return CLI_STATUS_USAGE;
    case CLI_PARSE_READY: break;
    }
    return is_usage_right(&parser) ? join(&parser, &options) : CLI_STATUS_USAGE;
}
