// SPDX-License-Identifier: MIT
//
// Settings of net.ipv4 by name: each has its effect on a stack's configuration, or changes nothing
// where Linux's value means nothing here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "packetdrill/drill_settings.h"

#define SEC(n) ((n)*UINT64_C(1000000000))

struct row {
    const char *flags, *field;
    size_t offset, bytes;
    uint64_t value;
};

#define ROW(flags, field, value)                                     \
    {                                                                \
        flags, #field, offsetof(struct synfin_stack_config, field),  \
            sizeof(((struct synfin_stack_config *)0)->field), value, \
    }

static const struct row ROWS[] = {
    ROW("tcp_rmem=4096 5000 60000", receive_buffer_bytes, 5000),
    ROW("tcp_rmem=4096 5000 60000", receive_buffer_bytes_max, 60000),
    ROW("tcp_wmem=4096:7000:80000", send_buffer_bytes, 7000),
    ROW("tcp_wmem=4096:7000:80000", send_buffer_bytes_max, 80000),
    ROW("tcp_timestamps=0", use_timestamps, 0),
    ROW("tcp_timestamps=2", use_timestamps, 1),
    ROW("tcp_window_scaling=0", use_window_scale, 0),
    ROW("tcp_sack=0", use_sack, 0),
    ROW("net.ipv4.tcp_sack=0", use_sack, 0),
    ROW("tcp_syn_retries=3", syn_retries, 3),
    ROW("tcp_synack_retries=2", syn_ack_retries, 2),
    ROW("tcp_retries2=9", data_retries, 9),
    ROW("tcp_orphan_retries=4", orphan_retries, 4),
    ROW("tcp_orphan_retries=0", orphan_retries, 8), // the default
    ROW("tcp_fin_timeout=17", fin_wait_2_ns, SEC(17)),
    ROW("tcp_keepalive_time=100", keepalive_idle_ns, SEC(100)),
    ROW("tcp_keepalive_intvl=5", keepalive_interval_ns, SEC(5)),
    ROW("tcp_keepalive_probes=3", keepalive_probes, 3),
    ROW("tcp_syncookies=0", syn_cookies, SYNFIN_SYN_COOKIES_NEVER),
    ROW("tcp_syncookies=2", syn_cookies, SYNFIN_SYN_COOKIES_ALWAYS),
    ROW("tcp_ecn=0", ecn, SYNFIN_ECN_NEVER),
    ROW("tcp_ecn=1", ecn, SYNFIN_ECN_ASK),
    ROW("tcp_ecn=2", ecn, SYNFIN_ECN_ACCEPT),
    ROW("tcp_ecn=3", ecn, SYNFIN_ECN_ASK_ACCURATE),
    ROW("tcp_ecn=2", accurate_ecn, 0),
    ROW("tcp_ecn=5", accurate_ecn, 1),
    ROW("tcp_mtu_probing=2", mtu_probing, SYNFIN_MTU_PROBING_ALWAYS),
    ROW("tcp_base_mss=512", mtu_base_bytes, 552),
    ROW("local=2001:db8::1/64,tcp_base_mss=1300", mtu_base_bytes, 1360),
    ROW("tcp_base_mss=48", mtu_base_bytes, 296), // no lower
    ROW("tcp_early_retrans=0", use_tail_probes, 0),
    ROW("tcp_early_retrans=2", use_tail_probes, 0),
    ROW("tcp_early_retrans=3", use_tail_probes, 1),
    ROW("tcp_early_retrans=4", use_tail_probes, 1),
    ROW("tcp_recovery=1", adapt_reordering, 1),
    ROW("tcp_recovery=3", adapt_reordering, 0),
    ROW("tcp_frto=0", use_frto, 0),
    ROW("tcp_frto=2", use_frto, 1),
    ROW("tcp_reordering=7", reordering_segments, 7),
    ROW("tcp_reordering=300", reordering_segments, 3), // more than there is
    ROW("tcp_fastopen=0x1", fastopen_sends_any, 0),
    ROW("tcp_fastopen=0x5", fastopen_sends_any, 1),
    ROW("tcp_fastopen=0x402", fastopen_takes_any, 0),
    ROW("tcp_fastopen=0x602", fastopen_takes_any, 1),
    ROW("tcp_fastopen_blackhole_timeout_sec=30", fastopen_off_ns, SEC(30)),
    ROW("profile=linux", fastopen_off_ns, 0),
    ROW("tcp_min_tso_segs=10", burst_segments_min, 10),
    ROW("tcp_congestion_control=reno", congestion, SYNFIN_CONGESTION_NEWRENO),
    ROW("tcp_congestion_control=nobody", congestion, SYNFIN_CONGESTION_CUBIC),
    ROW("qdisc=fq", use_pacing, 1),
    ROW("qdisc=pfifo", use_pacing, 0),
    ROW("profile=rfc", linux_ways, 0),
    ROW("profile=linux,tcp_slow_start_after_idle=0", linux_ways,
        (UINT32_C(1) << SYNFIN_LINUX_WAY_COUNT) - 1),
    ROW("profile=linux,tcp_slow_start_after_idle=1", linux_ways,
        ((UINT32_C(1) << SYNFIN_LINUX_WAY_COUNT) - 1)
            & ~(UINT32_C(1) << SYNFIN_LINUX_WAY_KEEP_WINDOW)),
};

static struct synfin_stack_config config_of(const char *flags)
{
    struct drill_settings settings;
    struct synfin_stack_config config;
    assert_true(drill_settings_parse(flags, &settings));
    synfin_stack_config_default(&config);
    drill_settings_config_fill(&settings, &config);
    return config;
}

static void setting_has_its_effect(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct synfin_stack_config config = config_of(ROWS[i].flags);
        uint64_t value = 0;
        // The machine's order of octets is little-endian wherever these tests run.
        memcpy(&value, (const uint8_t *)&config + ROWS[i].offset, ROWS[i].bytes);
        if (value != ROWS[i].value) {
            fail_msg("%s makes %s %llu", ROWS[i].flags, ROWS[i].field, (unsigned long long)value);
        }
    }
}

// A setting that is parsed and means nothing would say what it does not do.
static void every_setting_has_a_row(void **state)
{
    (void)state;
    static const char *const NAMES[] = {
#define NAME(code, name) name,
        DRILL_SETTINGS(NAME)
#undef NAME
    };
    static const char *const OF_SOCKETS[] = {"tcp_notsent_lowat", "tcp_fastopen_key"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        bool has_row = false;
        for (size_t k = 0; k < sizeof ROWS / sizeof ROWS[0]; k++) {
            has_row = has_row || strstr(ROWS[k].flags, NAMES[i]) != NULL;
        }
        for (size_t k = 0; k < sizeof OF_SOCKETS / sizeof OF_SOCKETS[0]; k++) {
            has_row = has_row || strcmp(OF_SOCKETS[k], NAMES[i]) == 0;
        }
        if (!has_row) {
            fail_msg("nothing says what %s does", NAMES[i]);
        }
    }
}

static void settings_differ_when_a_stack_would(void **state)
{
    (void)state;
    struct drill_settings one;
    struct drill_settings other;
    assert_true(drill_settings_parse("tcp_sack=1,tcp_rmem=1 2 3", &one));
    assert_true(drill_settings_parse("tcp_sack=1,tcp_rmem=1 2 3", &other));
    assert_true(drill_settings_equal(&one, &other));
    assert_true(drill_settings_parse("tcp_sack=1,tcp_rmem=1 2 4", &other));
    assert_false(drill_settings_equal(&one, &other));
    assert_true(drill_settings_parse("tcp_rmem=1 2 3", &other));
    assert_false(drill_settings_equal(&one, &other));
}

// What the system says of a setting that every system has; -1 where there is no such file.
static int64_t retries_of_system(void)
{
    char text[16];
    FILE *file = fopen("/proc/sys/net/ipv4/tcp_syn_retries", "re");
    if (file == NULL) {
        return -1;
    }
    assert_non_null(fgets(text, sizeof text, file));
    assert_int_equal(fclose(file), 0);
    return strtoll(text, NULL, 10);
}

static void system_goes_before_flags_in_front_of_proc_only(void **state)
{
    (void)state;
    struct drill_settings settings;
    int64_t system = retries_of_system();
    assert_true(drill_settings_parse("tcp_syn_retries=77,proc", &settings));
    drill_settings_refresh(&settings);
    assert_int_equal(drill_settings_number(&settings, DRILL_SETTING_SYN_RETRIES, 0),
                     system >= 0 ? system : 77);
    assert_true(drill_settings_parse("proc,tcp_syn_retries=77", &settings));
    drill_settings_refresh(&settings);
    assert_int_equal(drill_settings_number(&settings, DRILL_SETTING_SYN_RETRIES, 0), 77);
    assert_true(drill_settings_parse("tcp_syn_retries=77", &settings));
    drill_settings_refresh(&settings);
    assert_int_equal(drill_settings_number(&settings, DRILL_SETTING_SYN_RETRIES, 0), 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_has_its_effect),
        cmocka_unit_test(every_setting_has_a_row),
        cmocka_unit_test(settings_differ_when_a_stack_would),
        cmocka_unit_test(system_goes_before_flags_in_front_of_proc_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
