// SPDX-License-Identifier: MIT
//
// The table of states against a list of edges written out from RFC 9293 §3.3.2, Figure 5, its
// notes, and §3.10. FIN-WAIT-1 to TIME-WAIT (note 2) and SYN-RECEIVED to CLOSE-WAIT are passed in
// two steps of one segment, as §3.10.7.4 describes them, and so are no edges of their own.
#include "tcp/tcp_state.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "tcp/tcp.h"

struct edge {
    const char *from, *to, *why;
};

static const struct edge edges[] = {
    {"CLOSED", "LISTEN", "passive OPEN"},
    {"CLOSED", "SYN-SENT", "active OPEN, snd SYN"},
    {"LISTEN", "SYN-RECEIVED", "rcv SYN, snd SYN,ACK"},
    {"LISTEN", "SYN-SENT", "SEND or active OPEN, snd SYN"},
    {"LISTEN", "CLOSED", "CLOSE, ABORT"},
    {"SYN-SENT", "SYN-RECEIVED", "rcv SYN, snd SYN,ACK"},
    {"SYN-SENT", "ESTABLISHED", "rcv SYN,ACK, snd ACK"},
    {"SYN-SENT", "CLOSED", "CLOSE, ABORT, rcv RST, timeout"},
    {"SYN-RECEIVED", "ESTABLISHED", "rcv ACK of SYN"},
    {"SYN-RECEIVED", "FIN-WAIT-1", "CLOSE, snd FIN"},
    {"SYN-RECEIVED", "LISTEN", "rcv RST, note 1"},
    {"SYN-RECEIVED", "CLOSED", "rcv RST after an active OPEN, ABORT, timeout"},
    {"ESTABLISHED", "FIN-WAIT-1", "CLOSE, snd FIN"},
    {"ESTABLISHED", "CLOSE-WAIT", "rcv FIN, snd ACK"},
    {"ESTABLISHED", "CLOSED", "rcv RST, ABORT, timeout"},
    {"FIN-WAIT-1", "FIN-WAIT-2", "rcv ACK of FIN"},
    {"FIN-WAIT-1", "CLOSING", "rcv FIN, snd ACK"},
    {"FIN-WAIT-1", "CLOSED", "rcv RST, ABORT, timeout"},
    {"FIN-WAIT-2", "TIME-WAIT", "rcv FIN, snd ACK"},
    {"FIN-WAIT-2", "CLOSED", "rcv RST, ABORT, the orphan's limit"},
    {"CLOSE-WAIT", "LAST-ACK", "CLOSE, snd FIN"},
    {"CLOSE-WAIT", "CLOSED", "rcv RST, ABORT, timeout"},
    {"CLOSING", "TIME-WAIT", "rcv ACK of FIN"},
    {"CLOSING", "CLOSED", "rcv RST, ABORT, timeout"},
    {"LAST-ACK", "CLOSED", "rcv ACK of FIN, rcv RST, ABORT, timeout"},
    {"TIME-WAIT", "CLOSED", "timeout of 2 MSL, ABORT, a new incarnation"},
};

static bool is_edge(const char *from, const char *to)
{
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        if (strcmp(edges[i].from, from) == 0 && strcmp(edges[i].to, to) == 0) {
            return true;
        }
    }
    return false;
}

static void every_pair_of_states_is_as_the_standard_draws_it(void **state)
{
    size_t allowed = 0;
    (void)state;
    for (uint32_t from = 0; from < SYNFIN_TCP_STATE_COUNT; from++) {
        for (uint32_t to = 0; to < SYNFIN_TCP_STATE_COUNT; to++) {
            bool may = tcp_state_may_go((enum synfin_tcp_state)from, (enum synfin_tcp_state)to);
            const char *from_name = synfin_tcp_state_name((enum synfin_tcp_state)from);
            const char *to_name = synfin_tcp_state_name((enum synfin_tcp_state)to);
            if (may != is_edge(from_name, to_name)) {
                fail_msg("%s -> %s", from_name, to_name);
            }
            allowed += may;
        }
    }
    assert_int_equal(allowed, sizeof edges / sizeof edges[0]);
}

static void every_state_has_its_name_and_a_way_to_it(void **state)
{
    (void)state;
    for (uint32_t to = 0; to < SYNFIN_TCP_STATE_COUNT; to++) {
        uint32_t ways = 0;
        for (uint32_t from = 0; from < SYNFIN_TCP_STATE_COUNT; from++) {
            ways += tcp_state_may_go((enum synfin_tcp_state)from, (enum synfin_tcp_state)to);
        }
        assert_true(ways > 0);
        assert_string_not_equal(synfin_tcp_state_name((enum synfin_tcp_state)to), "?");
    }
    assert_string_equal(synfin_tcp_state_name(SYNFIN_TCP_STATE_COUNT), "?");
}

struct fact_row {
    enum synfin_tcp_state state;
    uint32_t facts;
};

enum {
    OPENING = TCP_FACT_OPENING,
    SYNCED = TCP_FACT_SYNCHRONISED,
    QUEUE = TCP_FACT_MAY_QUEUE,
    TEXT = TCP_FACT_TAKES_TEXT,
    HERE = TCP_FACT_CLOSED_HERE,
    THERE = TCP_FACT_CLOSED_THERE,
};

// RFC 9293 §3.5.2, the groups of states; §3.10.2 and §3.10.3, who may send and receive.
static void facts_of_every_state_are_as_the_calls_say(void **state)
{
    static const struct fact_row rows[SYNFIN_TCP_STATE_COUNT] = {
        {SYNFIN_TCP_STATE_CLOSED, 0},
        {SYNFIN_TCP_STATE_LISTEN, 0},
        {SYNFIN_TCP_STATE_SYN_SENT, OPENING | QUEUE},
        {SYNFIN_TCP_STATE_SYN_RECEIVED, OPENING | QUEUE},
        {SYNFIN_TCP_STATE_ESTABLISHED, SYNCED | QUEUE | TEXT},
        {SYNFIN_TCP_STATE_FIN_WAIT_1, SYNCED | TEXT | HERE},
        {SYNFIN_TCP_STATE_FIN_WAIT_2, SYNCED | TEXT | HERE},
        {SYNFIN_TCP_STATE_CLOSE_WAIT, SYNCED | QUEUE | THERE},
        {SYNFIN_TCP_STATE_CLOSING, SYNCED | HERE | THERE},
        {SYNFIN_TCP_STATE_LAST_ACK, SYNCED | HERE | THERE},
        {SYNFIN_TCP_STATE_TIME_WAIT, SYNCED | HERE | THERE},
    };
    (void)state;
    for (size_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        static struct tcp_conn conn;
        conn.state = (uint8_t)rows[i].state;
        for (uint32_t fact = 1; fact <= THERE; fact <<= 1) {
            assert_int_equal(tcp_state_is(&conn, fact), (rows[i].facts & fact) != 0);
        }
        assert_true(tcp_state_is(&conn, rows[i].facts));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_states_is_as_the_standard_draws_it),
        cmocka_unit_test(every_state_has_its_name_and_a_way_to_it),
        cmocka_unit_test(facts_of_every_state_are_as_the_calls_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
