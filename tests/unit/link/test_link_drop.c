// SPDX-License-Identifier: MIT
//
// Drop rules: their text, and which segments they choose.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "link_fixture.h"

enum {
    F = SYNFIN_TCP_FIN,
    S = SYNFIN_TCP_SYN,
    R = SYNFIN_TCP_RST,
    P = SYNFIN_TCP_PSH,
    A = SYNFIN_TCP_ACK,
    E = SYNFIN_TCP_ECE,
};

// The kinds of segments that a connection has.
static const struct kind {
    uint16_t flags;
    uint32_t payload_bytes;
} kinds[] = {
    {S, 0}, {S | A, 0}, {A, 0},     {A, 5}, {A | P, 5}, {F | A, 0}, {F | A | P, 5},
    {F, 0}, {R, 0},     {R | A, 0}, {S, 5}, {S | E, 0}, {A | E, 0},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static struct synfin_drop_rule parse(const char *text)
{
    struct synfin_drop_rule rule;
    assert_int_equal(synfin_drop_rule_parse(text, "client", "server", &rule), SYNFIN_ERROR_OK);
    return rule;
}

static struct fixture_link *open_with_rule(const char *text)
{
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.drop_rules = 1;
    config.drop_rule[0] = parse(text);
    return fixture_link_open(&config);
}

static bool is_last_lost(const struct fixture_link *fixture)
{
    const struct synfin_passage *told = &fixture->diary.passage[fixture->diary.count - 1];
    assert_int_equal(told->fate_reason, told->fate == SYNFIN_FATE_LOST
                                            ? SYNFIN_REASON_LINK_LOST_CHOSEN
                                            : SYNFIN_REASON_UNKNOWN);
    return told->fate == SYNFIN_FATE_LOST;
}

static void rule_chooses_the_kinds_of_its_text(void **state)
{
    (void)state;
    // One column per kind, in the order of the table above.
    static const struct {
        const char *what;
        const char *chosen;
    } rows[] = {
        //            S SA A Ad APd FA FAPd F R RA Sd SE AE
        {"SYN", "x.........xx."},     {"SYN+ACK", ".x..........."},  {"ACK+SYN", ".x..........."},
        {"ACK", "..x.........x"},     {"ACK+DATA", "...xx........"}, {"DATA", "...xx.x...x.."},
        {"FIN", ".....xxx....."},     {"FIN+ACK", ".....xx......"},  {"FIN+DATA", "......x......"},
        {"RST", "........xx..."},     {"RST+ACK", ".........x..."},  {"SYN+DATA", "..........x.."},
        {"ACK+PSH", "....x........"}, {"SYN+ECE", "...........x."},  {"ANY", "xxxxxxxxxxxxx"},
        {"PSH", "....x.x......"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        char text[40] = "server:";
        strcat(strcat(text, rows[row].what), ":*");
        struct fixture_link *fixture = open_with_rule(text);
        for (size_t i = 0; i < KINDS; i++) {
            struct fixture_packet sent;
            fixture_segment(&sent, kinds[i].flags, kinds[i].payload_bytes);
            (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, i);
            assert_false(is_last_lost(fixture));
            (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, i);
            assert_int_equal(is_last_lost(fixture), rows[row].chosen[i] == 'x');
        }
        fixture_link_close(fixture);
    }
}

static void rule_chooses_the_numbers_of_its_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *chosen;
    } rows[] = {
        {"client:SYN", "x....."},     {"client:SYN:1", "x....."},   {"client:SYN:3", "..x..."},
        {"client:SYN:*", "xxxxxx"},   {"client:SYN:2-4", ".xxx.."}, {"client:SYN:5-5", "....x."},
        {"client:SYN:3-*", "..xxxx"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct fixture_link *fixture = open_with_rule(rows[row].text);
        for (size_t i = 0; i < 6; i++) {
            struct fixture_packet sent;
            fixture_segment(&sent, A, 0); // matches no rule, and is not counted
            (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, i);
            assert_false(is_last_lost(fixture));
            fixture_segment(&sent, S, 0);
            (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, i);
            assert_int_equal(is_last_lost(fixture), rows[row].chosen[i] == 'x');
        }
        fixture_link_close(fixture);
    }
}

static void every_rule_counts_what_another_one_chose(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.drop_rules = 2;
    config.drop_rule[0] = parse("client:DATA:1");
    config.drop_rule[1] = parse("client:ANY:2");
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_segment(&sent, A, 9);
    for (int i = 0; i < 3; i++) {
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        assert_int_equal(is_last_lost(fixture), i < 2);
    }
    fixture_link_close(fixture);
}

static void late_rule_holds_back_what_it_chooses_and_nothing_else(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = 100;
    config.late_rules = 2;
    config.late_rule[0] = (struct synfin_late_rule){parse("client:DATA:2"), 30};
    config.late_rule[1] = (struct synfin_late_rule){parse("client:DATA:2-3"), 7};
    struct fixture_link *fixture = fixture_link_open(&config);
    static const uint64_t arrives_ns[] = {100, 130, 107, 100};
    struct fixture_packet sent;
    fixture_segment(&sent, A, 9);
    for (uint32_t i = 0; i < 4; i++) {
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        const struct synfin_passage *told = &fixture->diary.passage[i];
        assert_int_equal(told->arrives_ns, arrives_ns[i]);
        assert_int_equal(told->fate, SYNFIN_FATE_DELIVERED);
        assert_int_equal(told->fate_reason, arrives_ns[i] > 100 ? SYNFIN_REASON_LINK_REORDERED
                                                                : SYNFIN_REASON_UNKNOWN);
    }
    fixture_link_close(fixture);
}

static void packet_that_is_no_tcp_segment_matches_no_rule(void **state)
{
    (void)state;
    struct fixture_link *fixture = open_with_rule("client:ANY:*");
    struct fixture_packet sent;
    fixture_segment(&sent, S, 0);
    sent.octets[9] = 17; // UDP
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_false(is_last_lost(fixture));
    fixture_octets(&sent, 0, 3);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_false(is_last_lost(fixture));
    fixture_link_close(fixture);
}

static void texts_that_are_no_rule_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "client",
        "client:",
        "clien:SYN",
        "clients:SYN",
        "peer:SYN",
        "client:SYN+",
        "client:+SYN",
        "client:SYNACK",
        "client:syn",
        "client:NEWS",
        "client:ANY+SYN",
        "client:SYN:",
        "client:SYN:0",
        "client:SYN:x",
        "client:SYN:1x",
        "client:SYN:-1",
        "client:SYN:1-",
        "client:SYN:4-2",
        "client:SYN:**",
        "client:SYN:1234567890",
        "client:SYN:1:2",
        "client:SYN ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct synfin_drop_rule rule;
        memset(&rule, 0x55, sizeof rule);
        struct synfin_drop_rule before = rule;
        assert_int_equal(synfin_drop_rule_parse(texts[i], "client", "server", &rule),
                         SYNFIN_ERROR_INVALID);
        assert_memory_equal(&rule, &before, sizeof rule);
    }
}

static void names_are_those_of_the_caller(void **state)
{
    (void)state;
    struct synfin_drop_rule rule;
    assert_int_equal(synfin_drop_rule_parse("b:SYN", "ab", "b", &rule), SYNFIN_ERROR_OK);
    assert_int_equal(rule.side, SYNFIN_LINK_B);
    assert_int_equal(synfin_drop_rule_parse("ab:SYN", "a", "ab", &rule), SYNFIN_ERROR_OK);
    assert_int_equal(rule.side, SYNFIN_LINK_B);
    assert_int_equal(rule.nth, 1);
    assert_int_equal(rule.flags_set, S);
    assert_int_equal(rule.flags_clear, F | R | A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_chooses_the_kinds_of_its_text),
        cmocka_unit_test(rule_chooses_the_numbers_of_its_text),
        cmocka_unit_test(every_rule_counts_what_another_one_chose),
        cmocka_unit_test(late_rule_holds_back_what_it_chooses_and_nothing_else),
        cmocka_unit_test(packet_that_is_no_tcp_segment_matches_no_rule),
        cmocka_unit_test(texts_that_are_no_rule_are_refused),
        cmocka_unit_test(names_are_those_of_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
