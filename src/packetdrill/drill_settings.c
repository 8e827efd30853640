// SPDX-License-Identifier: MIT
//
// Reads settings: from --so_flags once, from /proc/sys/net/ipv4 whenever a script may have changed
// them.
#include "packetdrill/drill_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/drill_offload.h"
#include "packetdrill/drill_state.h"

enum { VALUE_TEXT = 256, MTU_LEAST = 576, MTU_MOST = 65535 };

static const char *const NAMES[DRILL_SETTING_COUNT] = {
#define DRILL_SETTING_NAME(code, name) [DRILL_SETTING_##code] = name,
    DRILL_SETTINGS(DRILL_SETTING_NAME)
#undef DRILL_SETTING_NAME
};

// Numbers decimal or, behind 0x, hexadecimal; what does not begin with one is a word.
static bool parse_value(const char *text, struct drill_value *out)
{
    memset(out, 0, sizeof *out);
    size_t bytes = strcspn(text, " \t\n");
    if (bytes == 0) {
        return false;
    }
    if (bytes < sizeof out->word) {
        memcpy(out->word, text, bytes);
    }
    for (int at = 0; at < DRILL_NUMBERS; at++) {
        char *end;
        out->number[at] = strtoll(text, &end, 0);
        if (end == text) {
            break;
        }
        text = end + strspn(end, " \t:");
    }
    out->is_set = true;
    return true;
}

static bool set_profile(struct drill_settings *settings, const char *value)
{
    if (strcmp(value, "linux") == 0) {
        settings->profile = DRILL_PROFILE_LINUX;
    } else if (strcmp(value, "rfc") == 0) {
        settings->profile = DRILL_PROFILE_RFC;
    } else {
        return false;
    }
    return true;
}

static bool set_local(struct drill_settings *settings, const char *value)
{
    if (settings->locals == sizeof settings->local / sizeof settings->local[0]) {
        return false;
    }
    struct synfin_prefix *prefix = &settings->local[settings->locals];
    if (synfin_prefix_parse(value, prefix) != SYNFIN_ERROR_OK) {
        return false;
    }
    settings->locals++;
    return true;
}

static bool set_bytes(uint32_t *to, const char *value, uint32_t least, uint32_t most)
{
    char *end;
    unsigned long bytes = strtoul(value, &end, 10);
    *to = (uint32_t)bytes;
    return end != value && *end == '\0' && bytes >= least && bytes <= most;
}

static bool set_named(struct drill_settings *settings, const char *name, const char *value)
{
    if (strncmp(name, "net.ipv4.", strlen("net.ipv4.")) == 0) {
        name += strlen("net.ipv4.");
    }
    for (int setting = 0; setting < DRILL_SETTING_COUNT; setting++) {
        if (strcmp(name, NAMES[setting]) == 0) {
            bool is_value = parse_value(value, &settings->value[setting]);
            settings->value[setting].is_fixed = settings->reads_proc;
            return is_value;
        }
    }
    return false;
}

static bool set_flag(struct drill_settings *settings, char *flag)
{
    char *value = strchr(flag, '=');
    if (value == NULL) {
        settings->reads_proc = settings->reads_proc || strcmp(flag, "proc") == 0;
        return strcmp(flag, "proc") == 0;
    }
    *value++ = '\0';
    if (strcmp(flag, "profile") == 0) {
        return set_profile(settings, value);
    } else if (strcmp(flag, "local") == 0) {
        return set_local(settings, value);
    } else if (strcmp(flag, "mtu") == 0) {
        return set_bytes(&settings->mtu_bytes, value, MTU_LEAST, MTU_MOST);
    } else if (strcmp(flag, "mss") == 0) {
        return set_bytes(&settings->mss_bytes, value, 1, MTU_MOST);
    } else if (strcmp(flag, "qdisc") == 0) {
        settings->is_paced = strcmp(value, "fq") == 0;
        return true;
    } else if (strcmp(flag, "gso") == 0) {
        settings->has_no_gso = strcmp(value, "off") == 0;
        return settings->has_no_gso || strcmp(value, "on") == 0;
    }
    return set_named(settings, flag, value);
}

bool drill_settings_parse(const char *flags, struct drill_settings *out)
{
    memset(out, 0, sizeof *out);
    out->mtu_bytes = 1500;
    while (flags != NULL && *flags != '\0') {
        char flag[VALUE_TEXT];
        size_t bytes = strcspn(flags, ",");
        bool fits = bytes < sizeof flag;
        if (fits) {
            memcpy(flag, flags, bytes);
            flag[bytes] = '\0';
        }
        if (!fits || !set_flag(out, flag)) {
            fprintf(stderr, "synfin: --so_flags: not understood: %.*s\n", (int)bytes, flags);
            return false;
        }
        flags += bytes + (flags[bytes] == ',');
    }
    return true;
}

// Such as "pfifo limit 0"; empty where no script has said anything.
static void read_queue(const struct drill_settings *settings, char line[VALUE_TEXT])
{
    if (!settings->reads_proc || !drill_state_read("qdisc", line, VALUE_TEXT)) {
        line[0] = '\0';
    }
}

static void refresh_pace(struct drill_settings *settings)
{
    char line[VALUE_TEXT];
    read_queue(settings, line);
    if (line[0] != '\0') {
        settings->is_paced = strcspn(line, " \n") == strlen("fq") && memcmp(line, "fq", 2) == 0;
    }
}

bool drill_settings_is_shut(const struct drill_settings *settings)
{
    char line[VALUE_TEXT];
    read_queue(settings, line);
    return strstr(line, " limit 0\n") != NULL;
}

// A setting that this system lacks stays as it is.
void drill_settings_refresh(struct drill_settings *settings)
{
    if (!settings->reads_proc) {
        return;
    }
    settings->has_no_gso = drill_offload_is_off("tun0");
    refresh_pace(settings);
    for (int setting = 0; setting < DRILL_SETTING_COUNT; setting++) {
        char path[VALUE_TEXT];
        char text[VALUE_TEXT];
        (void)snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", NAMES[setting]);
        FILE *file = fopen(path, "re");
        if (file == NULL) {
            continue;
        }
        struct drill_value value;
        bool is_fixed = settings->value[setting].is_fixed;
        if (!is_fixed && fgets(text, sizeof text, file) != NULL && parse_value(text, &value)) {
            settings->value[setting] = value;
        }
        (void)fclose(file);
    }
}

int64_t drill_settings_number(const struct drill_settings *settings, enum drill_setting setting,
                              int64_t otherwise)
{
    const struct drill_value *value = &settings->value[setting];
    return value->is_set ? value->number[0] : otherwise;
}

static bool is_same_value(const struct drill_value *a, const struct drill_value *b)
{
    bool is_same = a->is_set == b->is_set && strcmp(a->word, b->word) == 0;
    for (int at = 0; at < DRILL_NUMBERS; at++) {
        is_same = is_same && a->number[at] == b->number[at];
    }
    return is_same;
}

// The rest comes from --so_flags, once.
bool drill_settings_equal(const struct drill_settings *a, const struct drill_settings *b)
{
    bool is_same = a->has_no_gso == b->has_no_gso && a->is_paced == b->is_paced;
    for (int setting = 0; setting < DRILL_SETTING_COUNT; setting++) {
        is_same = is_same && is_same_value(&a->value[setting], &b->value[setting]);
    }
    return is_same;
}
