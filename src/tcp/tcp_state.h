// SPDX-License-Identifier: MIT
//
// The state machine of RFC 9293 §3.3.2 as one table: for each state where a connection may go
// next and what holds in it. tcp_state_set is the only writer of tcp_conn.state.
#ifndef SYNFIN_TCP_STATE_H
#define SYNFIN_TCP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/trace.h>

struct tcp;
struct tcp_conn;
struct tcp_change;

// What holds in a state.
enum {
    TCP_FACT_OPENING = 1u << 0,      // our SYN is out, the handshake is not complete
    TCP_FACT_SYNCHRONISED = 1u << 1, // both ends know both sequence numbers (§3.5)
    TCP_FACT_MAY_QUEUE = 1u << 2,    // the user may hand over data
    TCP_FACT_TAKES_TEXT = 1u << 3,   // the peer may still send data
    TCP_FACT_CLOSED_HERE = 1u << 4,  // the user has closed: our FIN is queued, sent or acknowledged
    TCP_FACT_CLOSED_THERE = 1u << 5, // the peer's FIN has arrived
};

#define TCP_TO(state) (1u << SYNFIN_TCP_STATE_##state)

// X(state, where it may go, what holds in it)
#define TCP_STATE_MAP(X)                                                                        \
    X(CLOSED, TCP_TO(LISTEN) | TCP_TO(SYN_SENT), 0)                                             \
    X(LISTEN, TCP_TO(SYN_RECEIVED) | TCP_TO(SYN_SENT) | TCP_TO(CLOSED), 0)                      \
    X(SYN_SENT, TCP_TO(SYN_RECEIVED) | TCP_TO(ESTABLISHED) | TCP_TO(CLOSED),                    \
      TCP_FACT_OPENING | TCP_FACT_MAY_QUEUE)                                                    \
    X(SYN_RECEIVED, TCP_TO(ESTABLISHED) | TCP_TO(FIN_WAIT_1) | TCP_TO(LISTEN) | TCP_TO(CLOSED), \
      TCP_FACT_OPENING | TCP_FACT_MAY_QUEUE)                                                    \
    X(ESTABLISHED, TCP_TO(FIN_WAIT_1) | TCP_TO(CLOSE_WAIT) | TCP_TO(CLOSED),                    \
      TCP_FACT_SYNCHRONISED | TCP_FACT_MAY_QUEUE | TCP_FACT_TAKES_TEXT)                         \
    X(CLOSE_WAIT, TCP_TO(LAST_ACK) | TCP_TO(CLOSED),                                            \
      TCP_FACT_SYNCHRONISED | TCP_FACT_MAY_QUEUE | TCP_FACT_CLOSED_THERE)                       \
    X(FIN_WAIT_1, TCP_TO(FIN_WAIT_2) | TCP_TO(CLOSING) | TCP_TO(CLOSED),                        \
      TCP_FACT_SYNCHRONISED | TCP_FACT_TAKES_TEXT | TCP_FACT_CLOSED_HERE)                       \
    X(CLOSING, TCP_TO(TIME_WAIT) | TCP_TO(CLOSED),                                              \
      TCP_FACT_SYNCHRONISED | TCP_FACT_CLOSED_HERE | TCP_FACT_CLOSED_THERE)                     \
    X(LAST_ACK, TCP_TO(CLOSED),                                                                 \
      TCP_FACT_SYNCHRONISED | TCP_FACT_CLOSED_HERE | TCP_FACT_CLOSED_THERE)                     \
    X(FIN_WAIT_2, TCP_TO(TIME_WAIT) | TCP_TO(CLOSED),                                           \
      TCP_FACT_SYNCHRONISED | TCP_FACT_TAKES_TEXT | TCP_FACT_CLOSED_HERE)                       \
    X(TIME_WAIT, TCP_TO(CLOSED),                                                                \
      TCP_FACT_SYNCHRONISED | TCP_FACT_CLOSED_HERE | TCP_FACT_CLOSED_THERE)

bool tcp_state_may_go(enum synfin_tcp_state from, enum synfin_tcp_state to);
// All of `facts` hold in the connection's state.
bool tcp_state_is(const struct tcp_conn *conn, uint32_t facts);
// Moves the connection along a legal edge, counts it and traces the cause.
void tcp_state_set(struct tcp *tcp, struct tcp_conn *conn, enum synfin_tcp_state to,
                   enum synfin_reason cause, uint64_t now_ns);
// The connection's block takes over from a stub, or gives over to one, which is no change of the
// connection's state: nothing is traced.
void tcp_state_adopt(struct tcp *tcp, struct tcp_conn *conn, enum synfin_tcp_state state);
// A change of a connection that a stub holds, or comes to hold.
void tcp_state_note(struct tcp *tcp, const struct tcp_change *change, uint64_t now_ns);

#endif
