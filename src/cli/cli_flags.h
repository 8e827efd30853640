// SPDX-License-Identifier: MIT
//
// The flags that every subcommand shares: the link, its faults, TCP's times and limits, captures
// and pictures. They are read into one struct and laid over the defaults of the library.
#ifndef SYNFIN_CLI_CLI_FLAGS_H
#define SYNFIN_CLI_CLI_FLAGS_H

#include "cli/cli_parse.h"

#include <synfin/link.h>
#include <synfin/synfin.h>

enum { CLI_FLAGS_CC_MAX = 8 };

struct cli_flags {
    // --link, --addr, --gateway
    const char *link_spec; // NULL: not given
    struct synfin_prefix addr[SYNFIN_ADDRS_MAX];
    uint32_t addrs;
    struct synfin_addr gateway[2]; // at most one of each IP version
    uint32_t gateways;

    // Faults; what was not given leaves the configuration alone.
    uint64_t seed;
    uint64_t delay_ns, jitter_ns, loss_ppm, duplicate_ppm, reorder_ppm, corrupt_ppm;
    uint64_t reorder_ns, reorder_jitter_ns, burst_begin_ppm, burst_end_ppm, burst_loss_ppm;
    uint64_t rate_bps, queue_packets, police_bps, police_bytes, mtu_bytes;
    bool tells_mtu;
    struct synfin_drop_rule drop_rule[SYNFIN_DROP_RULES_MAX];
    uint32_t drop_rules;
    uint64_t mark_packets, mark_ns;
    struct synfin_drop_rule mark_rule[SYNFIN_MARK_RULES_MAX];
    uint32_t mark_rules;

    // TCP.
    uint64_t rto_ns, rto_ns_min, rto_ns_max, syn_ack_rto_ns, msl_ns, fin_wait_2_ns, delayed_ack_ns;
    uint64_t syn_retries, syn_ack_retries, data_retries;
    uint64_t send_buffer_bytes_max, receive_buffer_bytes_max;
    enum synfin_congestion congestion; // the first of --cc
    enum synfin_congestion congestion_list[CLI_FLAGS_CC_MAX];
    uint32_t congestions; // in the list
    bool takes_cc_list;   // set by a command whose --cc may name several
    enum synfin_mtu_probing mtu_probing;
    enum synfin_syn_cookies syn_cookies;
    enum synfin_ecn ecn;

    // --pcapng, --svg, --json
    const char *pcapng_path, *svg_path; // NULL: not given
    bool has_json;
};

// Which groups a subcommand takes.
enum {
    CLI_FLAGS_LINK = 1,
    CLI_FLAGS_FAULT = 2,
    CLI_FLAGS_TCP = 4,
    CLI_FLAGS_OUTPUT = 8,
    CLI_FLAGS_ALL = 15,
    CLI_FLAGS_FAULT_CHANCE = 16, // the faults without --drop, for ends that have other names
};

// Adds the groups to the parser, with `flags` (borrowed for as long) as where values go.
void cli_flags_add(struct cli_parser *parser, struct cli_flags *flags, uint32_t groups);
// Takes the value of a --drop whose ends have these names; `why` is what a table's `take` wants.
bool cli_flags_take_drop(struct cli_flags *flags, const char *text, const char *name_a,
                         const char *name_b, const char **why);
// Lays what was given over a configuration.
void cli_flags_to_link(const struct cli_parser *parser, const struct cli_flags *flags,
                       struct synfin_link_config *config);
void cli_flags_to_stack(const struct cli_parser *parser, const struct cli_flags *flags,
                        struct synfin_stack_config *config);
// Whether any fault was asked for, so that a real device needs a fault link around it.
bool cli_flags_has_fault(const struct cli_parser *parser, const struct cli_flags *flags);
// Whether any time or limit of TCP was given.
bool cli_flags_has_tcp(const struct cli_parser *parser);

#endif
