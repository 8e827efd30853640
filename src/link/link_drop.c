// SPDX-License-Identifier: MIT
//
// Segments that are lost, or held back, because somebody chose them: the rules WHO:WHAT[:K], their
// text form and what they match. Packets that hold no whole TCP header match no rule.
#include <string.h>

#include <synfin/link.h>

#include "link/link_internal.h"

enum payload { PAYLOAD_ANY, PAYLOAD_NEEDED, PAYLOAD_NONE };

// The flags that a rule compares exactly; all others only when it names them.
static const uint16_t exact_flags =
    SYNFIN_TCP_SYN | SYNFIN_TCP_ACK | SYNFIN_TCP_FIN | SYNFIN_TCP_RST;

struct word {
    const char *name;
    uint16_t flag;
};

static const struct word words[] = {
    {"SYN", SYNFIN_TCP_SYN}, {"ACK", SYNFIN_TCP_ACK}, {"FIN", SYNFIN_TCP_FIN},
    {"RST", SYNFIN_TCP_RST}, {"PSH", SYNFIN_TCP_PSH}, {"URG", SYNFIN_TCP_URG},
    {"ECE", SYNFIN_TCP_ECE}, {"CWR", SYNFIN_TCP_CWR},
};

static bool does_match(const struct synfin_drop_rule *rule, const struct synfin_segment *segment)
{
    if ((segment->flags & rule->flags_set) != rule->flags_set
        || (segment->flags & rule->flags_clear) != 0) {
        return false;
    }
    switch (rule->needs_payload) {
    case PAYLOAD_NEEDED: return segment->bytes != 0;
    case PAYLOAD_NONE: return segment->bytes == 0;
    default: return true;
    }
}

static bool is_numbered(const struct synfin_drop_rule *rule, uint32_t count)
{
    if (rule->nth == SYNFIN_DROP_EVERY) {
        return true;
    }
    return count == rule->nth || (count > rule->nth && count <= rule->nth_last);
}

// Counts the segment where it matches; true when it is one of those that the rule means.
static bool does_choose(const struct synfin_drop_rule *rule, enum synfin_link_side from,
                        const struct synfin_segment *segment, uint32_t *seen)
{
    if (rule->side != from || !does_match(rule, segment)) {
        return false;
    }
    *seen += *seen != UINT32_MAX;
    return is_numbered(rule, *seen);
}

bool link_drop_is_chosen(synfin_link *link, enum synfin_link_side from,
                         const struct synfin_packet *packet)
{
    struct synfin_segment segment;
    if (!synfin_packet_segment(packet, link->config.is_ethernet != 0, &segment)) {
        return false;
    }
    bool is_chosen = false;
    for (uint32_t i = 0; i < link->config.drop_rules; i++) {
        is_chosen |= does_choose(&link->config.drop_rule[i], from, &segment, &link->seen[i]);
    }
    return is_chosen;
}

bool link_drop_is_marked(synfin_link *link, enum synfin_link_side from,
                         const struct synfin_packet *packet)
{
    struct synfin_segment segment;
    bool is_chosen = false;
    if (link->config.mark_rules == 0
        || !synfin_packet_segment(packet, link->config.is_ethernet != 0, &segment)) {
        return false;
    }
    for (uint32_t i = 0; i < link->config.mark_rules; i++) {
        is_chosen |= does_choose(&link->config.mark_rule[i], from, &segment, &link->seen_mark[i]);
    }
    return is_chosen;
}

uint64_t link_drop_lateness(synfin_link *link, enum synfin_link_side from,
                            const struct synfin_packet *packet)
{
    struct synfin_segment segment;
    uint64_t late_ns = 0;
    if (!synfin_packet_segment(packet, link->config.is_ethernet != 0, &segment)) {
        return 0;
    }
    for (uint32_t i = 0; i < link->config.late_rules; i++) {
        const struct synfin_late_rule *rule = &link->config.late_rule[i];
        if (does_choose(&rule->which, from, &segment, &link->seen_late[i])
            && rule->late_ns > late_ns) {
            late_ns = rule->late_ns;
        }
    }
    return late_ns;
}

// If `text` begins with `word`, the text behind it, else NULL.
static const char *skip_word(const char *text, const char *word)
{
    while (*word != '\0') {
        if (*text++ != *word++) {
            return NULL;
        }
    }
    return text;
}

static const char *parse_who(const char *text, const char *name, enum synfin_link_side side,
                             struct synfin_drop_rule *out)
{
    const char *rest = skip_word(text, name);
    if (rest == NULL || *rest != ':') {
        return NULL;
    }
    out->side = side;
    return rest + 1;
}

// One name of WHAT: a flag, or DATA.
static const char *parse_word(const char *text, struct synfin_drop_rule *out)
{
    const char *rest = skip_word(text, "DATA");
    if (rest != NULL) {
        out->needs_payload = PAYLOAD_NEEDED;
        return rest;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        rest = skip_word(text, words[i].name);
        if (rest != NULL) {
            out->flags_set |= words[i].flag;
            return rest;
        }
    }
    return NULL;
}

// DATA alone says nothing of flags. Else SYN, ACK, FIN and RST are exact, but for one thing:
// every FIN and most RSTs carry an ACK, so ACK is looked at there only when it is named.
static void complete_what(struct synfin_drop_rule *out)
{
    uint16_t exact = out->flags_set & exact_flags;
    if (exact == 0) {
        return;
    }
    out->flags_clear = exact_flags & (uint16_t)~exact;
    if ((exact & (SYNFIN_TCP_FIN | SYNFIN_TCP_RST)) != 0) {
        out->flags_clear &= (uint16_t)~SYNFIN_TCP_ACK;
    }
    if (out->flags_set == SYNFIN_TCP_ACK && out->needs_payload == PAYLOAD_ANY) {
        out->needs_payload = PAYLOAD_NONE;
    }
}

static const char *parse_what(const char *text, struct synfin_drop_rule *out)
{
    const char *rest = skip_word(text, "ANY");
    if (rest != NULL) {
        return rest;
    }
    rest = parse_word(text, out);
    while (rest != NULL && *rest == '+') {
        rest = parse_word(rest + 1, out);
    }
    complete_what(out);
    return rest;
}

// A number from 1, of at most 9 digits.
static const char *parse_number(const char *text, uint32_t *out)
{
    uint32_t number = 0;
    uint32_t digits = 0;
    while (*text >= '0' && *text <= '9' && digits < 9) {
        number = number * 10 + (uint32_t)(*text++ - '0');
        digits++;
    }
    *out = number;
    return number != 0 ? text : NULL;
}

// K: a number, first-last, first-* or *.
static const char *parse_which(const char *text, struct synfin_drop_rule *out)
{
    if (*text == '*') {
        out->nth = SYNFIN_DROP_EVERY;
        return text + 1;
    }
    const char *rest = parse_number(text, &out->nth);
    if (rest == NULL || *rest != '-') {
        return rest;
    }
    if (rest[1] == '*') {
        out->nth_last = UINT32_MAX;
        return rest + 2;
    }
    rest = parse_number(rest + 1, &out->nth_last);
    return out->nth_last >= out->nth ? rest : NULL;
}

enum synfin_error synfin_drop_rule_parse(const char *text, const char *name_a, const char *name_b,
                                         struct synfin_drop_rule *out)
{
    struct synfin_drop_rule rule;
    if (text == NULL || name_a == NULL || name_b == NULL) {
        return SYNFIN_ERROR_INVALID;
    }
    memset(&rule, 0, sizeof rule);
    rule.nth = 1;
    const char *rest = parse_who(text, name_a, SYNFIN_LINK_A, &rule);
    if (rest == NULL) {
        rest = parse_who(text, name_b, SYNFIN_LINK_B, &rule);
    }
    if (rest != NULL) {
        rest = parse_what(rest, &rule);
    }
    if (rest != NULL && *rest == ':') {
        rest = parse_which(rest + 1, &rule);
    }
    if (rest == NULL || *rest != '\0') {
        return SYNFIN_ERROR_INVALID;
    }
    *out = rule;
    return SYNFIN_ERROR_OK;
}
