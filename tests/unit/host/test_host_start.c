// SPDX-License-Identifier: MIT
//
// The short way to a stack: what it refuses leaves nothing behind (the sanitizers count). That it
// serves is shown by tests/docs/hello.sh, on a device.
#include <synfin/host.h>
#include <synfin/socket.h>

#include "lib/test_cmocka.h"

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    (void)ctx;
    (void)event;
    (void)now_ns;
}

static void start_with_a_wrong_address_or_device_is_refused(void **state)
{
    const struct synfin_loop_ops ops = {.on_event = on_event};
    synfin_stack *stack = NULL;
    synfin_loop *loop = NULL;
    (void)state;
    assert_int_equal(synfin_host_start("tun:x0", "192.0.2/24", &ops, NULL, &stack, &loop),
                     SYNFIN_ERROR_INVALID);
    assert_int_equal(synfin_host_start("tunnel:x0", "192.0.2.2/24", &ops, NULL, &stack, &loop),
                     SYNFIN_ERROR_INVALID);
    assert_null(stack);
    assert_null(loop);
}

static void listen_twice_on_a_port_is_refused(void **state)
{
    struct synfin_env env;
    synfin_stack *stack;
    synfin_socket first, second, other;
    (void)state;
    synfin_host_env(&env);
    assert_int_equal(synfin_stack_create(&env, NULL, synfin_host_now(), &stack), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_host_listen(stack, 80, &first), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_host_listen(stack, 80, &second), SYNFIN_ERROR_IN_USE);
    assert_int_equal(synfin_host_listen(stack, 81, &other), SYNFIN_ERROR_OK);
    synfin_socket_close(stack, first, synfin_host_now());
    assert_int_equal(synfin_host_listen(stack, 80, &second), SYNFIN_ERROR_OK);
    synfin_stack_destroy(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_with_a_wrong_address_or_device_is_refused),
        cmocka_unit_test(listen_twice_on_a_port_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
