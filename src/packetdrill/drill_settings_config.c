// SPDX-License-Identifier: MIT
//
// What the settings of net.ipv4 mean for a stack's configuration.
#include "packetdrill/drill_fastopen.h"

// Octets of IP and TCP headers without options.
enum { IPV4_HEADERS = 20 + 20, IPV6_HEADERS = 40 + 20, MTU_BASE_MIN = 296 };

// Bits of tcp_recovery.
enum { RECOVERY_STATIC = 0x2 };

#define NS_PER_S UINT64_C(1000000000)

static void apply_count(const struct drill_settings *settings, enum drill_setting setting,
                        uint32_t *to)
{
    const struct drill_value *value = &settings->value[setting];
    if (value->is_set && value->number[0] >= 0 && value->number[0] <= UINT8_MAX - 1) {
        *to = (uint32_t)value->number[0];
    }
}

static void apply_switch(const struct drill_settings *settings, enum drill_setting setting,
                         uint8_t *to)
{
    if (settings->value[setting].is_set) {
        *to = settings->value[setting].number[0] != 0;
    }
}

static void apply_seconds(const struct drill_settings *settings, enum drill_setting setting,
                          uint64_t *to)
{
    if (settings->value[setting].is_set && settings->value[setting].number[0] > 0) {
        *to = (uint64_t)settings->value[setting].number[0] * NS_PER_S;
    }
}

// Least, beginning and most of a buffer.
static void apply_memory(const struct drill_value *value, uint32_t *first, uint32_t *most)
{
    if (value->is_set && value->number[1] > 0 && value->number[2] > 0) {
        *first = (uint32_t)value->number[1];
        *most = (uint32_t)value->number[2];
    }
}

// Linux: 0 never, 1 ask, 2 accept; 3 to 5 the same of accurate feedback.
static void apply_ecn(int64_t number, struct synfin_stack_config *config)
{
    static const uint8_t MODES[] = {SYNFIN_ECN_NEVER,        SYNFIN_ECN_ASK, SYNFIN_ECN_ACCEPT,
                                    SYNFIN_ECN_ASK_ACCURATE, SYNFIN_ECN_ASK, SYNFIN_ECN_ACCEPT};
    if (number >= 0 && (uint64_t)number < sizeof MODES) {
        config->ecn = MODES[number];
        config->accurate_ecn = number >= 3;
    }
}

static bool is_ip6(const struct drill_settings *settings)
{
    return settings->locals > 0 && !synfin_addr_is_ipv4(&settings->local[0].addr);
}

static void apply_path_mtu(const struct drill_settings *settings,
                           struct synfin_stack_config *config)
{
    int64_t probing = drill_settings_number(settings, DRILL_SETTING_MTU_PROBING, -1);
    if (probing >= 0 && probing <= SYNFIN_MTU_PROBING_ALWAYS) {
        config->mtu_probing = (uint32_t)probing;
    }
    int64_t base = drill_settings_number(settings, DRILL_SETTING_BASE_MSS, 0);
    if (base > 0 && base <= UINT16_MAX - IPV6_HEADERS) {
        uint32_t base_bytes = (uint32_t)base + (is_ip6(settings) ? IPV6_HEADERS : IPV4_HEADERS);
        config->mtu_base_bytes = base_bytes > MTU_BASE_MIN ? base_bytes : MTU_BASE_MIN;
    }
}

// Tail-loss probes come with two of the values of tcp_early_retrans; the others were for what RFC
// 8985 has replaced.
static void apply_losses(const struct drill_settings *settings, struct synfin_stack_config *config)
{
    int64_t probes = drill_settings_number(settings, DRILL_SETTING_EARLY_RETRANS, 3);
    int64_t recovery = drill_settings_number(settings, DRILL_SETTING_RECOVERY, 1);
    int64_t degree = drill_settings_number(settings, DRILL_SETTING_REORDERING, 0);
    config->use_tail_probes = probes == 3 || probes == 4;
    config->adapt_reordering = (recovery & RECOVERY_STATIC) == 0;
    if (degree > 0 && degree <= INT8_MAX) {
        config->reordering_segments = (uint32_t)degree;
    }
    apply_switch(settings, DRILL_SETTING_FRTO, &config->use_frto);
}

static void apply_congestion(const struct drill_settings *settings,
                             struct synfin_stack_config *config)
{
    enum synfin_congestion algorithm;
    const struct drill_value *value = &settings->value[DRILL_SETTING_CONGESTION_CONTROL];
    if (value->is_set && synfin_congestion_find(value->word, &algorithm)) {
        config->congestion = algorithm;
    }
}

static void apply_cookies(int64_t number, struct synfin_stack_config *config)
{
    if (number >= 0 && number <= SYNFIN_SYN_COOKIES_ALWAYS) {
        config->syn_cookies = (uint8_t)number;
    }
}

void drill_settings_config_fill(const struct drill_settings *settings,
                                struct synfin_stack_config *config)
{
    const struct drill_value *value = settings->value;
    apply_memory(&value[DRILL_SETTING_RMEM], &config->receive_buffer_bytes,
                 &config->receive_buffer_bytes_max);
    apply_memory(&value[DRILL_SETTING_WMEM], &config->send_buffer_bytes,
                 &config->send_buffer_bytes_max);
    apply_switch(settings, DRILL_SETTING_TIMESTAMPS, &config->use_timestamps);
    apply_switch(settings, DRILL_SETTING_WINDOW_SCALING, &config->use_window_scale);
    apply_switch(settings, DRILL_SETTING_SACK, &config->use_sack);
    apply_count(settings, DRILL_SETTING_SYN_RETRIES, &config->syn_retries);
    apply_count(settings, DRILL_SETTING_SYNACK_RETRIES, &config->syn_ack_retries);
    apply_count(settings, DRILL_SETTING_RETRIES2, &config->data_retries);
    if (drill_settings_number(settings, DRILL_SETTING_ORPHAN_RETRIES, 0) > 0) { // 0: the default
        apply_count(settings, DRILL_SETTING_ORPHAN_RETRIES, &config->orphan_retries);
    }
    apply_seconds(settings, DRILL_SETTING_FIN_TIMEOUT, &config->fin_wait_2_ns);
    apply_seconds(settings, DRILL_SETTING_KEEPALIVE_TIME, &config->keepalive_idle_ns);
    apply_seconds(settings, DRILL_SETTING_KEEPALIVE_INTVL, &config->keepalive_interval_ns);
    apply_count(settings, DRILL_SETTING_KEEPALIVE_PROBES, &config->keepalive_probes);
    if (drill_settings_number(settings, DRILL_SETTING_MIN_TSO_SEGS, 0) > 0) {
        apply_count(settings, DRILL_SETTING_MIN_TSO_SEGS, &config->burst_segments_min);
    }
    apply_cookies(drill_settings_number(settings, DRILL_SETTING_SYNCOOKIES, -1), config);
    apply_ecn(drill_settings_number(settings, DRILL_SETTING_ECN, -1), config);
    apply_path_mtu(settings, config);
    apply_losses(settings, config);
    apply_congestion(settings, config);
    drill_fastopen_config(settings, config);
    if (settings->profile == DRILL_PROFILE_LINUX) {
        config->linux_ways = (UINT32_C(1) << SYNFIN_LINUX_WAY_COUNT) - 1;
    }
    if (drill_settings_number(settings, DRILL_SETTING_SLOW_START_AFTER_IDLE, 1) != 0) {
        config->linux_ways &= ~(UINT32_C(1) << SYNFIN_LINUX_WAY_KEEP_WINDOW);
    }
    // A script says itself when a segment leaves; only its queueing discipline paces it.
    config->use_pacing = settings->is_paced;
}
