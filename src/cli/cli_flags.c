// SPDX-License-Identifier: MIT
//
// The shared flags: their tables, and how they are laid over the library's configurations.
#include "cli/cli_flags.h"

#include <string.h>

#include "cli/cli_values.h"

enum { PPM = 1000000 };

#define AT(member) offsetof(struct cli_flags, member)

static bool take_addr(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    *why = "an address with its prefix length, such as 192.0.2.1/24 or 2001:db8::1/64";
    if (flags->addrs == SYNFIN_ADDRS_MAX) {
        *why = "possible: there are too many --addr";
        return false;
    }
    return synfin_prefix_parse(text, &flags->addr[flags->addrs++]) == SYNFIN_ERROR_OK;
}

static bool take_gateway(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    struct synfin_addr *gateway = &flags->gateway[flags->gateways];
    *why = "an address such as 192.0.2.254";
    if (flags->gateways == 2) {
        *why = "possible: there are more than two --gateway";
        return false;
    }
    if (synfin_addr_parse(text, gateway) != SYNFIN_ERROR_OK) {
        return false;
    }
    flags->gateways++;
    return true;
}

bool cli_flags_take_drop(struct cli_flags *flags, const char *text, const char *name_a,
                         const char *name_b, const char **why)
{
    if (flags->drop_rules == SYNFIN_DROP_RULES_MAX) {
        *why = "possible: there are too many --drop";
        return false;
    }
    struct synfin_drop_rule *rule = &flags->drop_rule[flags->drop_rules++];
    return synfin_drop_rule_parse(text, name_a, name_b, rule) == SYNFIN_ERROR_OK;
}

static bool take_drop(void *object, const char *text, const char **why)
{
    *why = "WHO:WHAT[:K], such as client:SYN:1, server:SYN+ACK:* or client:DATA:3";
    return cli_flags_take_drop(object, text, "client", "server", why);
}

// P:Q or P:Q:L, after Gilbert and Elliott.
static bool take_burst(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    uint64_t *part[] = {&flags->burst_begin_ppm, &flags->burst_end_ppm, &flags->burst_loss_ppm};
    uint32_t parts = 0;
    *why = "P:Q or P:Q:L, probabilities such as 0.5%:30%";
    flags->burst_loss_ppm = PPM;
    while (parts < 3) {
        char one[32] = "";
        size_t length = strcspn(text, ":");
        memcpy(one, text, length < sizeof one ? length : 0);
        if (!cli_values_probability(one, part[parts++])) {
            return false;
        }
        if (text[length] == '\0') {
            return parts >= 2;
        }
        text += length + 1;
    }
    return false;
}

// RATE,BURST
static bool take_police(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    const char *comma = strchr(text, ',');
    char rate[32] = "";
    *why = "RATE,BURST, such as 20mbit,64kB";
    if (comma == NULL || comma == text || (size_t)(comma - text) >= sizeof rate) {
        return false;
    }
    memcpy(rate, text, (size_t)(comma - text));
    return cli_values_rate(rate, &flags->police_bps)
           && cli_values_bytes(comma + 1, &flags->police_bytes) && flags->police_bytes > 0
           && flags->police_bytes <= SYNFIN_POLICE_BYTES_MAX;
}

// A length of the queue, a time in it, or chosen segments.
static bool take_mark(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    *why = "a number of packets, a time such as 5ms, or WHO:WHAT[:K] as for --drop";
    if (cli_values_number(text, &flags->mark_packets)) {
        return flags->mark_packets <= UINT32_MAX;
    }
    if (cli_values_time(text, &flags->mark_ns)) {
        return true;
    }
    if (flags->mark_rules == SYNFIN_MARK_RULES_MAX) {
        *why = "possible: there are too many --mark";
        return false;
    }
    struct synfin_drop_rule *rule = &flags->mark_rule[flags->mark_rules++];
    return synfin_drop_rule_parse(text, "client", "server", rule) == SYNFIN_ERROR_OK
           || synfin_drop_rule_parse(text, "a", "b", rule) == SYNFIN_ERROR_OK;
}

static bool take_mtu(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    *why = "a number of octets from 68 to 65535";
    return cli_values_number(text, &flags->mtu_bytes) && flags->mtu_bytes >= 68
           && flags->mtu_bytes <= SYNFIN_PACKET_MAX;
}

static bool take_mtu_probing(void *object, const char *text, const char **why)
{
    static const char *const names[] = {[SYNFIN_MTU_PROBING_NEVER] = "never",
                                        [SYNFIN_MTU_PROBING_BLACK_HOLE] = "black-hole",
                                        [SYNFIN_MTU_PROBING_ALWAYS] = "always"};
    struct cli_flags *flags = object;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            flags->mtu_probing = (enum synfin_mtu_probing)i;
            return true;
        }
    }
    *why = "never, black-hole or always";
    return false;
}

static bool take_congestion(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    *why = flags->takes_cc_list ? "names such as cubic, newreno or bbr, with a comma between two"
                                : "cubic, newreno (reno is the same), bbr or dctcp";
    flags->congestions = 0;
    while (flags->congestions < (flags->takes_cc_list ? CLI_FLAGS_CC_MAX : 1)) {
        char name[32] = "";
        size_t length = strcspn(text, ",");
        memcpy(name, text, length < sizeof name ? length : 0);
        if (!synfin_congestion_find(name, &flags->congestion_list[flags->congestions++])) {
            return false;
        }
        flags->congestion = flags->congestion_list[0];
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
    return false;
}

// What a stack takes as a size of a buffer.
static bool take_buffer_max(uint64_t *bytes, const char *text, const char **why)
{
    *why = "a number of octets from 512 to 1GiB";
    return cli_values_bytes(text, bytes) && *bytes >= 512 && *bytes <= 1 << 30;
}

static bool take_send_buffer_max(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    return take_buffer_max(&flags->send_buffer_bytes_max, text, why);
}

static bool take_receive_buffer_max(void *object, const char *text, const char **why)
{
    struct cli_flags *flags = object;
    return take_buffer_max(&flags->receive_buffer_bytes_max, text, why);
}

static bool take_syn_cookies(void *object, const char *text, const char **why)
{
    static const char *const names[] = {[SYNFIN_SYN_COOKIES_NEVER] = "never",
                                        [SYNFIN_SYN_COOKIES_WHEN_FULL] = "full",
                                        [SYNFIN_SYN_COOKIES_ALWAYS] = "always"};
    struct cli_flags *flags = object;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            flags->syn_cookies = (enum synfin_syn_cookies)i;
            return true;
        }
    }
    *why = "never, full or always";
    return false;
}

static bool take_ecn(void *object, const char *text, const char **why)
{
    static const char *const names[] = {[SYNFIN_ECN_NEVER] = "off",
                                        [SYNFIN_ECN_ACCEPT] = "accept",
                                        [SYNFIN_ECN_ASK] = "ask",
                                        [SYNFIN_ECN_ASK_ACCURATE] = "accurate"};
    struct cli_flags *flags = object;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            flags->ecn = (enum synfin_ecn)i;
            return true;
        }
    }
    *why = "off, accept, ask or accurate";
    return false;
}

static const struct cli_flag link_flags[] = {
    {"--link", CLI_FLAG_TEXT, AT(link_spec), "SPEC", "tun:NAME, tap:NAME or packet:IFACE", NULL},
    {"--addr", CLI_FLAG_SPECIAL, AT(addrs), "CIDR", "own address; may be repeated", take_addr},
    {"--gateway", CLI_FLAG_SPECIAL, AT(gateways), "ADDR", "router; one of each IP version",
     take_gateway},
};

// The last one names ends as lab, serve and connect have them.
static const struct cli_flag fault_flags[] = {
    {"--seed", CLI_FLAG_NUMBER, AT(seed), "N", "of everything random; same seed, same bytes", NULL},
    {"--delay", CLI_FLAG_TIME, AT(delay_ns), "T", "each packet's way takes this long", NULL},
    {"--jitter", CLI_FLAG_TIME, AT(jitter_ns), "T", "and up to this much longer", NULL},
    {"--loss", CLI_FLAG_PROBABILITY, AT(loss_ppm), "P", "of losing a packet", NULL},
    {"--dup", CLI_FLAG_PROBABILITY, AT(duplicate_ppm), "P", "of a packet coming twice", NULL},
    {"--reorder", CLI_FLAG_PROBABILITY, AT(reorder_ppm), "P", "of a packet being held back", NULL},
    {"--reorder-by", CLI_FLAG_TIME, AT(reorder_ns), "T", "for how long; else for one delay", NULL},
    {"--reorder-jitter", CLI_FLAG_TIME, AT(reorder_jitter_ns), "T",
     "and up to this much longer; alone, up to this", NULL},
    {"--burst", CLI_FLAG_SPECIAL, AT(burst_begin_ppm), "P:Q[:L]",
     "P: of a burst of losses beginning, Q: ending; L: of loss in it", take_burst},
    {"--corrupt", CLI_FLAG_PROBABILITY, AT(corrupt_ppm), "P", "of one bit being flipped", NULL},
    {"--rate", CLI_FLAG_RATE, AT(rate_bps), "R", "what the link carries", NULL},
    {"--queue", CLI_FLAG_COUNT, AT(queue_packets), "N", "packets that may wait for it", NULL},
    {"--police", CLI_FLAG_SPECIAL, AT(police_bps), "RATE,BURST",
     "lose what exceeds a bucket of BURST octets that fills at RATE", take_police},
    {"--mark", CLI_FLAG_SPECIAL, AT(mark_rules), "N|T|WHICH",
     "mark, as a router with ECN does, behind N packets or a wait of T, or these", take_mark},
    {"--mtu", CLI_FLAG_SPECIAL, AT(mtu_bytes), "N", "lose what is longer, without a word",
     take_mtu},
    {"--tell-mtu", CLI_FLAG_SWITCH, AT(tells_mtu), NULL, "and tell its sender, as routers do",
     NULL},
    {"--drop", CLI_FLAG_SPECIAL, AT(drop_rules), "WHO:WHAT[:K]",
     "lose the K-th (or *: every) such segment: client:SYN:1", take_drop},
};

static const struct cli_flag tcp_flags[] = {
    {"--rto", CLI_FLAG_TIME, AT(rto_ns), "T", "first wait for an answer to a SYN", NULL},
    {"--rto-min", CLI_FLAG_TIME, AT(rto_ns_min), "T", "shortest retransmission timeout", NULL},
    {"--rto-max", CLI_FLAG_TIME, AT(rto_ns_max), "T", "longest retransmission timeout", NULL},
    {"--syn-ack-rto", CLI_FLAG_TIME, AT(syn_ack_rto_ns), "T",
     "first wait for the handshake's third segment", NULL},
    {"--syn-retries", CLI_FLAG_COUNT, AT(syn_retries), "N", "SYNs sent again before giving up",
     NULL},
    {"--syn-ack-retries", CLI_FLAG_COUNT, AT(syn_ack_retries), "N",
     "SYN,ACKs sent again before a half-open connection is freed", NULL},
    {"--data-retries", CLI_FLAG_COUNT, AT(data_retries), "N",
     "retransmissions of one segment before giving up", NULL},
    {"--msl", CLI_FLAG_TIME, AT(msl_ns), "T", "maximum segment lifetime; TIME-WAIT is twice this",
     NULL},
    {"--fin-wait-2", CLI_FLAG_TIME, AT(fin_wait_2_ns), "T", "longest wait for a peer's FIN", NULL},
    {"--delayed-ack", CLI_FLAG_TIME, AT(delayed_ack_ns), "T", "an acknowledgment's longest delay",
     NULL},
    {"--send-buffer-max", CLI_FLAG_SPECIAL, AT(send_buffer_bytes_max), "N",
     "octets that a connection's send buffer grows to", take_send_buffer_max},
    {"--receive-buffer-max", CLI_FLAG_SPECIAL, AT(receive_buffer_bytes_max), "N",
     "the same of the receive buffer, and so of the window", take_receive_buffer_max},
    {"--syn-cookies", CLI_FLAG_SPECIAL, AT(syn_cookies), "WHEN",
     "a listener keeps nothing of a SYN: never, full (no room) or always", take_syn_cookies},
    {"--mtu-probing", CLI_FLAG_SPECIAL, AT(mtu_probing), "WHEN",
     "packets find out what the path carries: never, black-hole (they vanish) or always",
     take_mtu_probing},
    {"--cc", CLI_FLAG_SPECIAL, AT(congestion), "NAME",
     "congestion control: cubic, newreno, bbr or dctcp", take_congestion},
    {"--ecn", CLI_FLAG_SPECIAL, AT(ecn), "WHEN",
     "marks instead of losses: off, accept (who asks), ask or accurate", take_ecn},
};

static const struct cli_flag output_flags[] = {
    {"--pcapng", CLI_FLAG_TEXT, AT(pcapng_path), "FILE",
     "capture, with each packet's reason as its comment", NULL},
    {"--svg", CLI_FLAG_TEXT, AT(svg_path), "FILE", "the ladder as a picture", NULL},
    {"--json", CLI_FLAG_SWITCH, AT(has_json), NULL, "one JSON object per line", NULL},
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

void cli_flags_add(struct cli_parser *parser, struct cli_flags *flags, uint32_t groups)
{
    if ((groups & CLI_FLAGS_LINK) != 0) {
        cli_parse_add(parser, "link", link_flags, COUNT(link_flags), flags);
    }
    if ((groups & CLI_FLAGS_FAULT) != 0) {
        cli_parse_add(parser, "faults of the link", fault_flags, COUNT(fault_flags), flags);
    }
    if ((groups & CLI_FLAGS_FAULT_CHANCE) != 0) {
        cli_parse_add(parser, "faults of the link", fault_flags, COUNT(fault_flags) - 1, flags);
    }
    if ((groups & CLI_FLAGS_TCP) != 0) {
        cli_parse_add(parser, "times and limits of TCP", tcp_flags, COUNT(tcp_flags), flags);
    }
    if ((groups & CLI_FLAGS_OUTPUT) != 0) {
        cli_parse_add(parser, "output", output_flags, COUNT(output_flags), flags);
    }
}

#define GIVEN(member)         cli_parse_has(parser, flags, AT(member))
#define LAY(member, target)   ((target) = GIVEN(member) ? flags->member : (target))
#define LAY32(member, target) ((target) = GIVEN(member) ? (uint32_t)flags->member : (target))

void cli_flags_to_link(const struct cli_parser *parser, const struct cli_flags *flags,
                       struct synfin_link_config *config)
{
    LAY(seed, config->seed);
    LAY(delay_ns, config->delay_ns);
    LAY(jitter_ns, config->jitter_ns);
    LAY32(loss_ppm, config->loss_ppm);
    LAY32(duplicate_ppm, config->duplicate_ppm);
    LAY32(reorder_ppm, config->reorder_ppm);
    LAY(reorder_ns, config->reorder_ns);
    LAY(reorder_jitter_ns, config->reorder_jitter_ns);
    LAY32(corrupt_ppm, config->corrupt_ppm);
    if (GIVEN(burst_begin_ppm)) {
        config->burst_begin_ppm = (uint32_t)flags->burst_begin_ppm;
        config->burst_end_ppm = (uint32_t)flags->burst_end_ppm;
        config->burst_loss_ppm = (uint32_t)flags->burst_loss_ppm;
    }
    LAY(rate_bps, config->rate_bps);
    LAY32(queue_packets, config->queue_packets);
    LAY(police_bps, config->police_bps);
    config->police_bytes = GIVEN(police_bps) ? (uint32_t)flags->police_bytes : config->police_bytes;
    config->mark_packets = (uint32_t)flags->mark_packets;
    config->mark_ns = flags->mark_ns;
    for (uint32_t i = 0; i < flags->mark_rules && config->mark_rules < SYNFIN_MARK_RULES_MAX; i++) {
        config->mark_rule[config->mark_rules++] = flags->mark_rule[i];
    }
    LAY32(mtu_bytes, config->path_mtu_bytes);
    config->tells_path_mtu = GIVEN(mtu_bytes) ? flags->tells_mtu : config->tells_path_mtu;
    for (uint32_t i = 0; i < flags->drop_rules && config->drop_rules < SYNFIN_DROP_RULES_MAX; i++) {
        config->drop_rule[config->drop_rules++] = flags->drop_rule[i];
    }
}

// A buffer begins no larger than it may become.
static void lay_buffer(uint64_t bytes_max, uint32_t *begin, uint32_t *most)
{
    *most = (uint32_t)bytes_max;
    *begin = *begin < *most ? *begin : *most;
}

static void lay_buffers(const struct cli_parser *parser, const struct cli_flags *flags,
                        struct synfin_stack_config *config)
{
    if (GIVEN(send_buffer_bytes_max)) {
        lay_buffer(flags->send_buffer_bytes_max, &config->send_buffer_bytes,
                   &config->send_buffer_bytes_max);
    }
    if (GIVEN(receive_buffer_bytes_max)) {
        lay_buffer(flags->receive_buffer_bytes_max, &config->receive_buffer_bytes,
                   &config->receive_buffer_bytes_max);
    }
}

void cli_flags_to_stack(const struct cli_parser *parser, const struct cli_flags *flags,
                        struct synfin_stack_config *config)
{
    LAY(rto_ns, config->rto_initial_ns);
    LAY(rto_ns_min, config->rto_min_ns);
    LAY(rto_ns_max, config->rto_max_ns);
    LAY(syn_ack_rto_ns, config->syn_ack_initial_ns);
    LAY(msl_ns, config->msl_ns);
    LAY(fin_wait_2_ns, config->fin_wait_2_ns);
    LAY(delayed_ack_ns, config->delayed_ack_ns);
    LAY32(congestion, config->congestion);
    LAY32(mtu_probing, config->mtu_probing);
    config->syn_cookies = GIVEN(syn_cookies) ? (uint8_t)flags->syn_cookies : config->syn_cookies;
    config->ecn = GIVEN(ecn) ? (uint8_t)flags->ecn : config->ecn;
    LAY32(syn_retries, config->syn_retries);
    LAY32(syn_ack_retries, config->syn_ack_retries);
    LAY32(data_retries, config->data_retries);
    lay_buffers(parser, flags, config);
}

bool cli_flags_has_fault(const struct cli_parser *parser, const struct cli_flags *flags)
{
    return GIVEN(delay_ns) || GIVEN(jitter_ns) || GIVEN(loss_ppm) || GIVEN(duplicate_ppm)
           || GIVEN(reorder_ppm) || GIVEN(corrupt_ppm) || GIVEN(mark_rules) || GIVEN(rate_bps)
           || GIVEN(police_bps) || GIVEN(burst_begin_ppm) || GIVEN(mtu_bytes)
           || flags->drop_rules > 0;
}

bool cli_flags_has_tcp(const struct cli_parser *parser)
{
    for (uint32_t i = 0; i < parser->sets; i++) {
        if (parser->set[i].flag == tcp_flags && parser->set[i].given != 0) {
            return true;
        }
    }
    return false;
}
