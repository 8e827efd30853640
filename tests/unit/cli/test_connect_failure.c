// SPDX-License-Identifier: MIT
//
// The line that a failed `synfin connect` ends with, for each way to fail, and its JSON members.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/connect_failure.h"

#define SECONDS(tenths) ((uint64_t)(tenths)*100000000)

static struct connect_failure make(enum synfin_error error, enum synfin_reason reason)
{
    return (struct connect_failure){
        .remote = {.addr = synfin_addr_ipv4(192, 0, 2, 7), .port = 80},
        .error = error,
        .reason = reason,
    };
}

static struct synfin_icmp icmp(uint8_t type, uint8_t code)
{
    return (struct synfin_icmp){
        .version = 4, .type = type, .code = code, .from = synfin_addr_ipv4(192, 0, 2, 254)};
}

typedef void (*print_fn)(FILE *out, const struct connect_failure *failure);

static void expect_by(print_fn print, const struct connect_failure *failure, const char *wanted)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    print(out, failure);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect(const struct connect_failure *failure, const char *wanted)
{
    expect_by(connect_failure_print, failure, wanted);
}

static void refusal_says_what_was_reset(void **state)
{
    (void)state;
    struct connect_failure failure = make(SYNFIN_ERROR_REFUSED, SYNFIN_REASON_SYN_REFUSED);
    failure.icmp = icmp(3, 1); // heard before, and beside the point
    expect(&failure, "192.0.2.7 port 80: refused: reset in answer to our SYN "
                     "(RFC 9293 §3.10.7.3)\n");
    failure.reason = SYNFIN_REASON_RST_ARRIVED;
    expect(&failure, "192.0.2.7 port 80: refused: reset in answer to our SYN,ACK "
                     "(RFC 9293 §3.10.7.4)\n");
}

static void silence_is_counted_and_measured(void **state)
{
    (void)state;
    struct connect_failure failure = make(SYNFIN_ERROR_TIMED_OUT, SYNFIN_REASON_SYN_RETRIES_OVER);
    failure.tries = 8;
    failure.waited_ns = SECONDS(1830) + 49999999;
    expect(&failure, "192.0.2.7 port 80: timed out: 8 SYNs in 183.0 s, no answer "
                     "(RFC 9293 §3.8.3 [MUST-23])\n");
    failure = make(SYNFIN_ERROR_TIMED_OUT, SYNFIN_REASON_UNKNOWN);
    failure.is_own_limit = true;
    failure.tries = 1;
    failure.waited_ns = SECONDS(3) - 50000000;
    expect(&failure, "192.0.2.7 port 80: timed out: 1 SYN in 0.3 s (--timeout), no answer\n");
}

static void device_that_takes_nothing_is_named(void **state)
{
    (void)state;
    struct connect_failure failure = make(SYNFIN_ERROR_NOT_SENT, SYNFIN_REASON_SYN_NEVER_LEFT);
    failure.waited_ns = SECONDS(1830);
    expect(&failure, "192.0.2.7 port 80: not sent: the device has taken nothing in 183.0 s "
                     "(RFC 9293 §3.8.3 [MUST-23])\n");
}

static void icmp_is_quoted_with_its_sender(void **state)
{
    (void)state;
    struct connect_failure failure =
        make(SYNFIN_ERROR_HOST_UNREACHABLE, SYNFIN_REASON_SYN_RETRIES_OVER);
    failure.icmp = icmp(3, 1);
    failure.tries = 2;
    failure.waited_ns = SECONDS(30);
    expect(&failure, "192.0.2.7 port 80: host unreachable: ICMP type 3 code 1 from 192.0.2.254: "
                     "2 SYNs in 3.0 s, no answer (RFC 9293 §3.8.3 [MUST-23])\n");
    failure.error = SYNFIN_ERROR_NET_UNREACHABLE;
    failure.icmp = icmp(3, 0);
    expect(&failure, "192.0.2.7 port 80: network unreachable: ICMP type 3 code 0 from "
                     "192.0.2.254: 2 SYNs in 3.0 s, no answer (RFC 9293 §3.8.3 [MUST-23])\n");
    failure = make(SYNFIN_ERROR_PROHIBITED, SYNFIN_REASON_ICMP_UNREACHABLE);
    failure.icmp = icmp(3, 13);
    expect(&failure, "192.0.2.7 port 80: prohibited: ICMP type 3 code 13 from 192.0.2.254 "
                     "(RFC 5927 §4)\n");
    failure.error = SYNFIN_ERROR_PORT_UNREACHABLE;
    failure.icmp = (struct synfin_icmp){.version = 6, .type = 1, .code = 4};
    assert_int_equal(synfin_addr_parse("2001:db8::7", &failure.remote.addr), SYNFIN_ERROR_OK);
    failure.icmp.from = failure.remote.addr;
    expect(&failure, "2001:db8::7 port 80: port unreachable: ICMPv6 type 1 code 4 from "
                     "2001:db8::7 (RFC 5927 §4)\n");
}

static void silent_next_hop_is_named_by_its_protocol(void **state)
{
    (void)state;
    struct connect_failure failure =
        make(SYNFIN_ERROR_NO_NEIGHBOUR, SYNFIN_REASON_SYN_RETRIES_OVER);
    failure.waited_ns = SECONDS(70);
    expect(&failure, "192.0.2.7 port 80: the next hop does not answer: nothing by ARP in 7.0 s "
                     "(RFC 9293 §3.8.3 [MUST-23])\n");
    assert_int_equal(synfin_addr_parse("2001:db8::7", &failure.remote.addr), SYNFIN_ERROR_OK);
    expect(&failure, "2001:db8::7 port 80: the next hop does not answer: nothing by neighbour "
                     "discovery in 7.0 s (RFC 9293 §3.8.3 [MUST-23])\n");
}

static void failure_at_once_says_the_error(void **state)
{
    (void)state;
    struct connect_failure failure = make(SYNFIN_ERROR_NO_ROUTE, SYNFIN_REASON_UNKNOWN);
    expect(&failure, "192.0.2.7 port 80: no route to the destination\n");
    failure.error = SYNFIN_ERROR_NO_PORTS;
    expect(&failure, "192.0.2.7 port 80: every ephemeral port towards this peer is in use\n");
}

static void bad_end_says_the_reason_and_the_silence(void **state)
{
    (void)state;
    struct connect_failure failure = make(SYNFIN_ERROR_RESET, SYNFIN_REASON_RST_ARRIVED);
    failure.was_open = true;
    expect(&failure, "192.0.2.7 port 80: the peer reset the connection: a valid reset arrived "
                     "(RFC 9293 §3.10.7.4)\n");
    failure.error = SYNFIN_ERROR_TIMED_OUT;
    failure.reason = SYNFIN_REASON_RETRIES_OVER;
    failure.tries = 16;
    failure.waited_ns = SECONDS(9246);
    expect(&failure,
           "192.0.2.7 port 80: the peer did not answer in time: retransmitted until the limit R2 "
           "without an answer: sent 16 times, the peer last heard 924.6 s before "
           "(RFC 9293 §3.8.3 [MUST-20])\n");
}

static void json_has_the_same_as_members(void **state)
{
    (void)state;
    struct connect_failure failure =
        make(SYNFIN_ERROR_HOST_UNREACHABLE, SYNFIN_REASON_SYN_RETRIES_OVER);
    failure.tries = 2;
    failure.waited_ns = 3000000001;
    expect_by(connect_failure_print_json, &failure,
              ",\"error\":\"HOST_UNREACHABLE\",\"tries\":2,\"waited_ns\":3000000001");
    failure.icmp = icmp(3, 1);
    expect_by(connect_failure_print_json, &failure,
              ",\"error\":\"HOST_UNREACHABLE\",\"tries\":2,\"waited_ns\":3000000001,\"icmp\":{"
              "\"version\":4,\"type\":3,\"code\":1,\"from\":\"192.0.2.254\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal_says_what_was_reset),
        cmocka_unit_test(silence_is_counted_and_measured),
        cmocka_unit_test(device_that_takes_nothing_is_named),
        cmocka_unit_test(icmp_is_quoted_with_its_sender),
        cmocka_unit_test(silent_next_hop_is_named_by_its_protocol),
        cmocka_unit_test(failure_at_once_says_the_error),
        cmocka_unit_test(bad_end_says_the_reason_and_the_silence),
        cmocka_unit_test(json_has_the_same_as_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
