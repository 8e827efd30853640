// SPDX-License-Identifier: MIT
//
// Every field of a configuration has a range, and values outside of it are refused.
#include <string.h>

#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/test_env.h"

// Creates and destroys a stack; what creation said.
static enum synfin_error try_create(const struct synfin_stack_config *config)
{
    struct synfin_env env;
    synfin_stack *stack = NULL;
    test_env_init(&env);
    enum synfin_error error = synfin_stack_create(&env, config, 0, &stack);
    assert_int_equal(stack == NULL, error != SYNFIN_ERROR_OK);
    synfin_stack_destroy(stack);
    assert_int_equal(test_env_of(&env)->slabs, 0);
    return error;
}

static void config_default_makes_a_stack(void **state)
{
    (void)state;
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    assert_int_equal(config.size, sizeof config);
    assert_int_equal(try_create(&config), SYNFIN_ERROR_OK);
    assert_int_equal(try_create(NULL), SYNFIN_ERROR_OK);
}

// The waits that RFC 9293 §3.8.3 asks for come out of the defaults.
static void config_default_waits_as_long_as_required(void **state)
{
    (void)state;
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    uint64_t total_ns = 0;
    uint64_t wait_ns = config.rto_initial_ns;
    for (uint32_t i = 0; i <= config.syn_retries; i++) {
        total_ns += wait_ns;
        wait_ns = 2 * wait_ns < config.rto_max_ns ? 2 * wait_ns : config.rto_max_ns;
    }
    assert_true(total_ns >= UINT64_C(180000000000));          // RFC 9293 §3.8.3 [MUST-23]
    assert_true(config.delayed_ack_ns < UINT64_C(500000000)); // RFC 9293 §3.8.6.3 [MUST-40]
    assert_true(config.keepalive_idle_ns >= UINT64_C(7200000000000)); // RFC 9293 §3.8.4 [MUST-28]
}

#define FIELD(name, wrong)                                                   \
    {                                                                        \
        offsetof(struct synfin_stack_config, name),                          \
            sizeof(((struct synfin_stack_config *)NULL)->name), wrong, #name \
    }

struct wrong_value {
    size_t offset, bytes;
    uint64_t value;
    const char *name;
};

static const struct wrong_value wrong_values[] = {
    FIELD(size, 0),
    FIELD(size, sizeof(struct synfin_stack_config) + 1),
    FIELD(memory_limit_bytes, 0),
    FIELD(slab_bytes, 1023),
    FIELD(slab_bytes, (1 << 26) + 1),
    FIELD(chunk_bytes, 255),
    FIELD(chunk_bytes, 65537),
    FIELD(sockets_max, 0),
    FIELD(sockets_max, UINT32_MAX),
    FIELD(send_buffer_bytes, 511),
    FIELD(send_buffer_bytes, (1 << 30) + 1),
    FIELD(receive_buffer_bytes, 511),
    FIELD(receive_buffer_bytes, (1 << 30) + 1),
    FIELD(out_of_order_ranges_max, 65536),
    FIELD(port_first, 0),
    FIELD(port_last, 1023),
    FIELD(use_timestamps, 2),
    FIELD(use_window_scale, 2),
    FIELD(use_sack, 2),
    FIELD(hop_limit, 0),
    FIELD(rto_initial_ns, 0),
    FIELD(rto_initial_ns, UINT64_C(60000000001)),
    FIELD(rto_min_ns, 0),
    FIELD(rto_min_ns, UINT64_C(60000000001)),
    FIELD(rto_max_ns, 0),
    FIELD(rto_max_ns, UINT64_MAX),
    FIELD(syn_ack_initial_ns, 0),
    FIELD(syn_ack_initial_ns, UINT64_C(60000000001)),
    FIELD(syn_retries, 255),
    FIELD(syn_ack_retries, 127),
    FIELD(data_retries, 0),
    FIELD(data_retries, 255),
    FIELD(orphan_retries, 255),
    FIELD(delayed_ack_ns, UINT64_C(500000000)),
    FIELD(msl_ns, 0),
    FIELD(msl_ns, UINT64_MAX),
    FIELD(fin_wait_2_ns, 0),
    FIELD(fin_wait_2_ns, UINT64_MAX),
    FIELD(keepalive_idle_ns, 0),
    FIELD(keepalive_idle_ns, UINT64_MAX),
    FIELD(keepalive_interval_ns, 0),
    FIELD(keepalive_interval_ns, UINT64_MAX),
    FIELD(keepalive_probes, 0),
    FIELD(keepalive_probes, 255),
    FIELD(initial_window_segments, 0),
    FIELD(initial_window_segments, 255),
    FIELD(challenge_acks_per_second, 0),
    FIELD(challenge_acks_per_second, 255),
    FIELD(syn_ack_max_ns, UINT64_C(999999999)), // below syn_ack_initial_ns
    FIELD(syn_ack_max_ns, UINT64_C(3600000000001)),
    FIELD(syn_ack_backoff_percent, 99),
    FIELD(syn_ack_backoff_percent, 1001),
    FIELD(half_open_max, 0),
    FIELD(half_open_max, 1 << 24),
    FIELD(time_wait_max, 0),
    FIELD(time_wait_max, 1 << 24),
    FIELD(answers_max, 7),
    FIELD(answers_max, 65537),
    FIELD(syn_cookies, 3),
    FIELD(mtu_probing, 3),
    FIELD(mtu_floor_bytes, 295),
    FIELD(mtu_floor_bytes, 1281),
    FIELD(mtu_probe_interval_ns, 0),
    FIELD(mtu_base_bytes, 295),
    FIELD(mtu_base_bytes, 65536),
    FIELD(use_tail_probes, 2),
    FIELD(use_frto, 2),
    FIELD(adapt_reordering, 2),
    FIELD(reordering_segments, 0),
    FIELD(reordering_segments, 128),
    FIELD(has_cookie_secret, 2),
    FIELD(cookie_lifetime_ns, UINT64_C(999999999)),
    FIELD(cookie_lifetime_ns, UINT64_C(3600000000001)),
    FIELD(fastopen_peers_max, 4097),
    FIELD(congestion, SYNFIN_CONGESTION_COUNT),
    FIELD(ecn, SYNFIN_ECN_ASK_ACCURATE + 1),
    FIELD(accurate_ecn, 2),
    FIELD(use_pacing, 2),
    FIELD(send_buffer_bytes_max, (1 << 30) + 1),
    FIELD(receive_buffer_bytes_max, (1 << 30) + 1),
    FIELD(orphan_ns, 0),
    FIELD(orphan_ns, UINT64_MAX),
    FIELD(fastopen_takes_any, 2),
    FIELD(fastopen_sends_any, 2),
    FIELD(burst_segments_min, 0),
    FIELD(linux_ways, UINT32_C(1) << SYNFIN_LINUX_WAY_COUNT),
};

static void config_field_out_of_range_is_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_values / sizeof wrong_values[0]; i++) {
        const struct wrong_value *wrong = &wrong_values[i];
        struct synfin_stack_config config;
        synfin_stack_config_default(&config);
        // The machine's order of octets is little-endian wherever these tests run.
        memcpy((uint8_t *)&config + wrong->offset, &wrong->value, wrong->bytes);
        enum synfin_error error = try_create(&config);
        if (error != SYNFIN_ERROR_INVALID) {
            fail_msg("%s = %llu gave %s", wrong->name, (unsigned long long)wrong->value,
                     synfin_error_name(error));
        }
    }
}

static void config_of_an_older_header_gets_defaults_for_the_rest(void **state)
{
    (void)state;
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    config.size = offsetof(struct synfin_stack_config, rto_initial_ns);
    memset((uint8_t *)&config + config.size, 0, sizeof config - config.size);
    assert_int_equal(try_create(&config), SYNFIN_ERROR_OK);
}

static void env_without_a_function_is_invalid(void **state)
{
    (void)state;
    for (int missing = 0; missing < 4; missing++) {
        struct synfin_env env;
        synfin_stack *stack;
        test_env_init(&env);
        switch (missing) {
        case 0: env.slab_take = NULL; break;
        case 1: env.slab_give = NULL; break;
        case 2: env.entropy = NULL; break;
        default: env.size = sizeof env + 1; break;
        }
        assert_int_equal(synfin_stack_create(&env, NULL, 0, &stack), SYNFIN_ERROR_INVALID);
        assert_null(stack);
    }
}

static void iface_config_out_of_range_is_invalid(void **state)
{
    (void)state;
    struct synfin_env env;
    synfin_stack *stack;
    uint32_t iface = 77;
    test_env_init(&env);
    assert_int_equal(synfin_stack_create(&env, NULL, 0, &stack), SYNFIN_ERROR_OK);
    for (int wrong = 0; wrong < 7; wrong++) {
        struct synfin_iface_config config;
        synfin_iface_config_default(&config);
        switch (wrong) {
        case 0: config.size = 0; break;
        case 1: config.mtu_bytes = 575; break;
        case 2: config.mtu_bytes = 65536; break;
        case 3: config.gso_bytes = 65536; break;
        case 4: config.is_ethernet = 1; break; // without a station address
        case 5: config.can_checksum = 2; break;
        default:
            config.is_ethernet = 1;
            memcpy(config.mac, "\x01\x00\x5e\x00\x00\x01", 6); // a group
            break;
        }
        assert_int_equal(synfin_stack_add_iface(stack, &config, &iface), SYNFIN_ERROR_INVALID);
        assert_int_equal(iface, 77);
    }
    synfin_stack_destroy(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_default_makes_a_stack),
        cmocka_unit_test(config_default_waits_as_long_as_required),
        cmocka_unit_test(config_field_out_of_range_is_invalid),
        cmocka_unit_test(config_of_an_older_header_gets_defaults_for_the_rest),
        cmocka_unit_test(env_without_a_function_is_invalid),
        cmocka_unit_test(iface_config_out_of_range_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
