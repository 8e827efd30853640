// SPDX-License-Identifier: MIT
//
// The language of the TCP tests: one real stack, and a peer that is the test itself. A test sends
// segments by hand, says exactly which segment must come next, and what state results.
//
//     SEND(.flags = SYN, .mss = 1460)            what arrives at the stack
//     EXPECT(.flags = SYN | ACK, .ack = 1)       exactly the next segment that it sends
//     EXPECT_AFTER(SEC(1), ...), EXPECT_NOTHING(), IN_STATE(SYN_RECEIVED), REASON(RECEIVED_SYN)
//     LISTEN(1), CONNECT(), WRITE(100), CLOSE()  what its user does
//
// Numbers are relative to the initial sequence number of the end they belong to: the same test
// runs at ISS and IRS 0, 1, 2^31-1, 2^31, 2^32-1 and a random one, over IPv4 and over IPv6. What
// the stack sends is read by segment_wire.c, which shares no code with it. After every step the
// invariants of every connection are checked; at the end nothing may be left that no EXPECT
// asked for, and every slab must be back. A test that fails draws its ladder.
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_rows.h"
#include "tcp/tcp.h"

enum {
    FIN = SYNFIN_TCP_FIN,
    SYN = SYNFIN_TCP_SYN,
    RST = SYNFIN_TCP_RST,
    PSH = SYNFIN_TCP_PSH,
    ACK = SYNFIN_TCP_ACK,
    URG = SYNFIN_TCP_URG,
    ECE = SYNFIN_TCP_ECE,
    CWR = SYNFIN_TCP_CWR,
    AE = SYNFIN_TCP_AE,
    // Values of fields whose 0 means "not said".
    SHUT = -1, // window 0
    SEGMENT_ANY_COOKIE = 255,
};
enum { NOT_ECT, ECT1, ECT0, CE }; // the IP header's ECN field
#define SHIFT(n) ((int16_t)((n) + 1))
#define TS(val, ecr)       \
    {                      \
        true, (val), (ecr) \
    }
#define FASTOPEN_REQUEST \
    {                    \
        .is_set = true   \
    }
#define FASTOPEN_ANY                                \
    {                                               \
        .is_set = true, .bytes = SEGMENT_ANY_COOKIE \
    }
#define WHY(reason_) .reason = SYNFIN_REASON_##reason_
#define MS(n)        ((uint64_t)(n)*UINT64_C(1000000))
#define SEC(n)       ((uint64_t)(n)*UINT64_C(1000000000))

// A segment as a test writes it. In EXPECT a field that is not said must be absent or is not
// compared: flags, seq, ack, data, sack, ecn and the timestamps' presence are always compared.
struct segment {
    uint16_t flags;
    uint32_t seq;    // from the sender's initial sequence number
    uint32_t ack;    // from the receiver's
    uint32_t data;   // octets of payload, which are a function of their place
    int32_t window;  // as in the header; 0: 65535 (SEND), not compared (EXPECT)
    uint16_t urgent; // pointer
    uint16_t mss;    // option
    int16_t wscale;  // option, by SHIFT()
    bool sack_ok;    // SACK-permitted
    struct {
        bool is_set;
        uint32_t val, ecr;
    } ts;                           // option, by TS(); EXPECT compares ecr only
    struct segment_cookie fastopen; // option; EXPECT: absent, or this one, or FASTOPEN_ANY
    struct segment_accecn accecn;   // option; EXPECT: absent, or this one
    struct {
        uint32_t left, right;
    } sack[SEGMENT_SACK_MAX];
    uint8_t options[SEGMENT_OPTIONS_MAX]; // SEND: more options, as octets
    uint8_t option_bytes;
    uint16_t stack_port, peer_port;   // 0: the test's
    bool is_absolute;                 // seq and ack as in the header
    bool has_bad_checksum;            // SEND
    const struct synfin_addr *from;   // another source address
    const struct synfin_addr *to;     // another destination address
    uint16_t reason;                  // EXPECT, by WHY()
    uint8_t hop_limit, traffic_class; // EXPECT: compared when not 0
    uint8_t ecn;                      // the IP header's field: NOT_ECT, ECT0, ECT1 or CE
};

struct segment_place {
    const char *file;
    int line;
};
#define HERE ((struct segment_place){__FILE__, __LINE__})

// What the tests may look at; segment.c keeps the rest.
struct segment_bench {
    synfin_stack *stack;
    struct tcp *tcp;
    uint64_t now_ns;
    uint32_t version;                 // 4 or 6
    uint32_t iss, irs;                // what this run tries
    bool has_cookies;                 // every SYN is answered by a cookie, which chooses our ISS
    struct synfin_addr ours, theirs;  // the stack's address, the peer's
    const struct synfin_addr *router; // who sends ICMP errors; NULL: the peer
    uint16_t stack_port, peer_port;
    synfin_socket socket, listener; // of CONNECT or ACCEPT; of LISTEN
    struct synfin_event event;      // the last one that EVENT took
    uint32_t stack_nxt, peer_nxt;   // relative, as REACH left them
    struct segment_wire last;       // the last segment that EXPECT took
    uint64_t octets_in, octets_out; // of all packets so far, with their IP headers
};
extern struct segment_bench bench;

// Life of a test, and of a program of tests; test_rows.h says what its argument is.
int segment_setup(void **state);
int segment_teardown(void **state);
int segment_run(const struct CMUnitTest *tests, size_t count);
// Everything once more with SYN cookies: a handshake must end alike by both ways.
int segment_run_twice(const struct CMUnitTest *tests, size_t count);
extern bool segment_tries_cookies;
// First in a test of what only an entry can do: stay in SYN-RECEIVED and answer there, agree on
// options without timestamps, or take over a pair from TIME-WAIT by sequence numbers alone.
#define ONLY_WITH_ENTRIES()      \
    do {                         \
        if (bench.has_cookies) { \
            return;              \
        }                        \
    } while (0)
#define SEGMENT_TEST(function) \
    cmocka_unit_test_setup_teardown(function, segment_setup, segment_teardown)
#define SEGMENT_MAIN(tests)                                                            \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        return test_rows_main(argc, argv, (tests), sizeof(tests) / sizeof((tests)[0]), \
                              segment_run);                                            \
    }
#define SEGMENT_MAIN_TWICE(tests)                                                      \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        return test_rows_main(argc, argv, (tests), sizeof(tests) / sizeof((tests)[0]), \
                              segment_run_twice);                                      \
    }

// The stack's configuration and its interface's, to be changed before anything else is done.
struct synfin_stack_config *segment_config(void);
struct synfin_iface_config *segment_iface_config(void);

// Gives the stack one more address, of the version that the test runs with.
void segment_add_addr(const char *text, struct synfin_addr *out);

void segment_send(const struct segment *segment, struct segment_place at);
void segment_expect(const struct segment *segment, uint64_t within_ns, struct segment_place at);
void segment_expect_after(const struct segment *segment, uint64_t wait_ns, struct segment_place at);
void segment_expect_nothing(struct segment_place at);
// Takes all that the stack has sent without looking at it.
void segment_forget_sent(void);
void segment_advance(uint64_t ns, struct segment_place at);
void segment_in_state(enum synfin_tcp_state state, struct segment_place at);
void segment_reason(enum synfin_reason reason, uint64_t times, struct segment_place at);
_Noreturn void segment_fail(const char *what, struct segment_place at);
void segment_check(bool holds, const char *what, struct segment_place at);
void segment_equal(uint64_t got, uint64_t wanted, const char *what, struct segment_place at);
// Checks every invariant.
void segment_check_all(struct segment_place at);
// Checks every invariant and notes the counters, for the next REASON.
void segment_step(struct segment_place at);
// The connection of the test's ports; NULL when there is none.
struct tcp_conn *segment_conn(void);
// Their stub in one of the stack's two tables; NULL when there is none.
struct tcp_stub *segment_stub(const struct tcp_stub_table *table);
// A new connection of the same ports begins: the peer's numbers are `irs_ahead` beyond the old.
void segment_new_incarnation(uint32_t irs_ahead);
// Before an active open: time goes on until the initial sequence number will be bench.iss.
void segment_wait_for_iss(void);
// Time is the test's own business: no waiting for bench.iss.
void segment_without_iss(void);
// Connections in this state, whether blocks or stubs hold them.
uint32_t segment_count(enum synfin_tcp_state state);
// The initial sequence number that the stack used for the test's ports.
uint32_t segment_iss(void);
// An ICMP error about the segment that we sent with this relative number.
void segment_icmp(const uint8_t type_code[2], uint32_t rest, uint32_t seq, struct segment_place at);
// Everything is free but the listener and handles.
void segment_expect_free(struct segment_place at);

#define SEND(...)              segment_send(&(struct segment){__VA_ARGS__}, HERE)
#define EXPECT(...)            segment_expect(&(struct segment){__VA_ARGS__}, 0, HERE)
#define EXPECT_WITHIN(ns, ...) segment_expect(&(struct segment){__VA_ARGS__}, (ns), HERE)
#define EXPECT_AFTER(ns, ...)  segment_expect_after(&(struct segment){__VA_ARGS__}, (ns), HERE)
#define EXPECT_NOTHING()       segment_expect_nothing(HERE)
#define EXPECT_FREE()          segment_expect_free(HERE)
#define ADVANCE(ns)            segment_advance((ns), HERE)
#define IN_STATE(state)        segment_in_state(SYNFIN_TCP_STATE_##state, HERE)
#define REASON(reason_)        segment_reason(SYNFIN_REASON_##reason_, 1, HERE)
#define NO_REASON(reason_)     segment_reason(SYNFIN_REASON_##reason_, 0, HERE)
#define CHECK(condition)       segment_check((condition), #condition, HERE)
#define CHECK_EQ(got, wanted)  segment_equal((uint64_t)(got), (uint64_t)(wanted), #got, HERE)

// User calls, in segment_calls.c. Those without a result must succeed.
void segment_listen(uint32_t backlog, struct segment_place at);
// A socket bound to this port and not connected yet; the peer's port is 80.
void segment_open_client(uint16_t port, struct segment_place at);
void segment_connect(struct segment_place at);
void segment_accept(struct segment_place at);
void segment_close(struct segment_place at);
void segment_abort(struct segment_place at);
enum synfin_error segment_user_connect(void);
enum synfin_error segment_user_send(uint32_t bytes);
enum synfin_error segment_user_recv(uint32_t capacity, size_t *received);
enum synfin_error segment_user_shutdown(enum synfin_shutdown how);
void segment_set_option(enum synfin_option option, int64_t value, struct segment_place at);
void segment_user_got(uint32_t bytes, struct segment_place at);
void segment_result(enum synfin_error got, enum synfin_error wanted, struct segment_place at);
void segment_event(enum synfin_event_kind kind, struct segment_place at);
void segment_event_closed(enum synfin_error error, struct segment_place at);
void segment_no_event(struct segment_place at);
// The octet at this relative sequence number, of the stack's stream or of the peer's.
uint8_t segment_octet(bool is_ours, uint32_t seq);

#define LISTEN(backlog)     segment_listen((backlog), HERE)
#define CONNECT()           segment_connect(HERE)
#define ACCEPT()            segment_accept(HERE)
#define CLOSE()             segment_close(HERE)
#define ABORT()             segment_abort(HERE)
#define SHUTDOWN(how)       RESULT(segment_user_shutdown(SYNFIN_SHUTDOWN_##how), OK)
#define WRITE(bytes)        RESULT(segment_user_send(bytes), OK)
#define READ(bytes)         segment_user_got((bytes), HERE)
#define SET(option, value)  segment_set_option(SYNFIN_OPTION_##option, (value), HERE)
#define RESULT(call, error) segment_result((call), SYNFIN_ERROR_##error, HERE)
#define EVENT(kind)         segment_event(SYNFIN_EVENT_##kind, HERE)
#define EVENT_CLOSED(error) segment_event_closed(SYNFIN_ERROR_##error, HERE)
#define NO_EVENT()          segment_no_event(HERE)

// Whole handshakes without options but the MSS, and whole ways to a state: what lies on the way is
// checked like everywhere, all events are taken, and bench.stack_nxt and peer_nxt say where both
// ends stand. CLOSED is reached by way of a connection that was closed in order.
void segment_open_passive(struct segment_place at);
void segment_open_active(struct segment_place at);
void segment_reach(enum synfin_tcp_state state, struct segment_place at);
#define OPEN_PASSIVE() segment_open_passive(HERE)
#define OPEN_ACTIVE()  segment_open_active(HERE)
#define REACH(state)   segment_reach(SYNFIN_TCP_STATE_##state, HERE)

#endif
