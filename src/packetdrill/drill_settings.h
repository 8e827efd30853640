// SPDX-License-Identifier: MIT
//
// What a stack under test runs with: the settings of net.ipv4 under the names that scripts use,
// the profile, and the addresses that packetdrill does not tell. They come from --so_flags, a
// list "name=value,name=value,proc,..."; a value goes up to the next comma, and a list of numbers
// in it is separated by blanks or colons. With `proc`, /proc/sys/net/ipv4 is read at each socket,
// and goes before flags that stand before `proc`, not before those behind it.
#ifndef SYNFIN_DRILL_SETTINGS_H
#define SYNFIN_DRILL_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/config.h>

// X(code, name below net.ipv4)
#define DRILL_SETTINGS(X)                                 \
    X(RMEM, "tcp_rmem")                                   \
    X(WMEM, "tcp_wmem")                                   \
    X(TIMESTAMPS, "tcp_timestamps")                       \
    X(WINDOW_SCALING, "tcp_window_scaling")               \
    X(SACK, "tcp_sack")                                   \
    X(SYN_RETRIES, "tcp_syn_retries")                     \
    X(SYNACK_RETRIES, "tcp_synack_retries")               \
    X(RETRIES2, "tcp_retries2")                           \
    X(ORPHAN_RETRIES, "tcp_orphan_retries")               \
    X(FIN_TIMEOUT, "tcp_fin_timeout")                     \
    X(KEEPALIVE_TIME, "tcp_keepalive_time")               \
    X(KEEPALIVE_INTVL, "tcp_keepalive_intvl")             \
    X(KEEPALIVE_PROBES, "tcp_keepalive_probes")           \
    X(SYNCOOKIES, "tcp_syncookies")                       \
    X(ECN, "tcp_ecn")                                     \
    X(MTU_PROBING, "tcp_mtu_probing")                     \
    X(BASE_MSS, "tcp_base_mss")                           \
    X(NOTSENT_LOWAT, "tcp_notsent_lowat")                 \
    X(SLOW_START_AFTER_IDLE, "tcp_slow_start_after_idle") \
    X(EARLY_RETRANS, "tcp_early_retrans")                 \
    X(RECOVERY, "tcp_recovery")                           \
    X(FRTO, "tcp_frto")                                   \
    X(REORDERING, "tcp_reordering")                       \
    X(FASTOPEN, "tcp_fastopen")                           \
    X(FASTOPEN_KEY, "tcp_fastopen_key")                   \
    X(FASTOPEN_OFF, "tcp_fastopen_blackhole_timeout_sec") \
    X(MIN_TSO_SEGS, "tcp_min_tso_segs")                   \
    X(CONGESTION_CONTROL, "tcp_congestion_control")

enum drill_setting {
#define DRILL_SETTING_ENUM(code, name) DRILL_SETTING_##code,
    DRILL_SETTINGS(DRILL_SETTING_ENUM)
#undef DRILL_SETTING_ENUM
        DRILL_SETTING_COUNT
};

enum { DRILL_NUMBERS = 3, DRILL_WORD = 80 };

// A setting's value: up to three numbers, or one word.
struct drill_value {
    bool is_set;
    bool is_fixed; // whatever the system says
    int64_t number[DRILL_NUMBERS];
    char word[DRILL_WORD];
};

enum drill_profile { DRILL_PROFILE_RFC, DRILL_PROFILE_LINUX };

struct drill_settings {
    bool reads_proc;
    bool has_no_gso; // bursts are cut into segments before the device
    bool is_paced;   // its queueing discipline is fq
    enum drill_profile profile;
    uint32_t mtu_bytes;
    uint32_t mss_bytes; // of the segments that a larger packet from the peer stands for; 0: none
    struct synfin_prefix local[2]; // the stack's addresses
    uint32_t locals;
    struct drill_value value[DRILL_SETTING_COUNT];
};

// The settings that `flags` (may be NULL) names. False with a line on stderr when it names what
// there is not.
bool drill_settings_parse(const char *flags, struct drill_settings *out);
// Reads again what the system says, if that is wanted.
void drill_settings_refresh(struct drill_settings *settings);
// Whether a script has given the device a queueing discipline that takes nothing.
bool drill_settings_is_shut(const struct drill_settings *settings);
// Whether a stack made of the one is as good as one made of the other.
bool drill_settings_equal(const struct drill_settings *a, const struct drill_settings *b);
// What the settings mean for a stack.
void drill_settings_config_fill(const struct drill_settings *settings,
                                struct synfin_stack_config *config);
// The one number of a setting, or `otherwise`.
int64_t drill_settings_number(const struct drill_settings *settings, enum drill_setting setting,
                              int64_t otherwise);

#endif
