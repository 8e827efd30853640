// SPDX-License-Identifier: MIT
//
// What each subject wants to hear, in a file of its own: oracle_doors.c tells of segments,
// oracle_users.c of calls, oracle_look.c gives blocks to look at. `on_sent` comes before the end's
// notes of what it has sent change, `on_heard` before those of what it was told.
#ifndef ORACLE_SUBJECTS_H
#define ORACLE_SUBJECTS_H

#include "sim/oracle_internal.h"

// A block to look at, with its end and what was noted at the last look.
struct oracle_look {
    struct oracle_host *host;
    struct oracle_end *end;
    const struct tcp_conn *conn;
    uint64_t now_ns;
    bool is_synchronised; // by its state
    bool is_waiting;      // has something to send as soon as the device asks
    uint64_t una, nxt;    // places
    uint64_t rcv, adv;    // places, when synchronised
};

// oracle_doors.c: what is made and passes no door.
void oracle_doors_on_trace(struct oracle_host *host, const struct synfin_trace_event *event);

// oracle_stream.c: S1 to S8.
void oracle_stream_octets(uint64_t key, uint64_t offset, uint8_t *out, size_t bytes);
// How many of the octets at `offset` are right from the first one on.
size_t oracle_stream_match(uint64_t key, uint64_t offset, const uint8_t *octets, size_t bytes);
void oracle_stream_on_sent(const struct oracle_sight *sight);
// [left, right) of the peer's places.
void oracle_stream_on_heard(const struct oracle_sight *sight, uint64_t left, uint64_t right);
void oracle_stream_on_read(struct oracle_host *host, struct oracle_end *end, const uint8_t *octets,
                           size_t bytes, uint64_t now_ns);
void oracle_stream_look(const struct oracle_look *look);

// oracle_window.c: Q1 to Q4, Q6, Q7.
uint64_t oracle_window_of_sent(const struct oracle_sight *sight);
uint64_t oracle_window_of_heard(const struct oracle_sight *sight);
void oracle_window_on_sent(const struct oracle_sight *sight);
void oracle_window_look(const struct oracle_look *look);

// oracle_flight.c: Q5, Q11; oracle_board.c: Q8.
void oracle_flight_on_sent(const struct oracle_sight *sight);
void oracle_flight_on_heard(const struct oracle_sight *sight);
void oracle_flight_on_trace(struct oracle_host *host, const struct synfin_trace_event *event);
void oracle_board_look(const struct oracle_look *look);

// oracle_shape.c: Q10.
// With an end or without.
void oracle_shape_on_sent(const struct oracle_sight *sight, uint32_t number);
void oracle_shape_on_heard(const struct oracle_sight *sight);
// What may open a connection by the cookie of this end.
void oracle_shape_on_cookie(const struct oracle_sight *sight);
void oracle_shape_on_trace(struct oracle_host *host, const struct synfin_trace_event *event);
// A stack is about to be destroyed.
void oracle_shape_on_ending(struct oracle_host *host, uint64_t now_ns);
void oracle_shape_on_finish(struct oracle *oracle, uint64_t now_ns);

// oracle_ack.c: A1 to A4, Q9.
void oracle_ack_on_sent(const struct oracle_sight *sight);
void oracle_ack_on_heard(const struct oracle_sight *sight);
void oracle_ack_on_text(const struct oracle_sight *sight, uint64_t left, uint64_t right);
void oracle_ack_look(const struct oracle_look *look);
void oracle_ack_look_host(struct oracle_host *host, uint64_t now_ns);

// oracle_handshake.c: H1 to H5.
void oracle_handshake_on_syn_sent(const struct oracle_sight *sight);
void oracle_handshake_on_sent(const struct oracle_sight *sight);
bool oracle_handshake_may_be_early(const struct oracle_host *host, const struct oracle_end *end);
void oracle_handshake_on_opened(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns);
void oracle_handshake_look(const struct oracle_look *look);
void oracle_handshake_look_listeners(struct oracle_host *host, uint64_t now_ns);

// oracle_timer.c: T1 to T8.
void oracle_timer_look(const struct oracle_look *look);
void oracle_timer_look_host(struct oracle_host *host, uint64_t now_ns);
void oracle_timer_on_trace(struct oracle_host *host, const struct synfin_trace_event *event);
// oracle_patience.c: what T6, T8 and A3 ask of user timeouts and keep-alive.
void oracle_patience_look(const struct oracle_look *look);
// `is_good`: a correct TCP takes it.
void oracle_patience_on_heard(const struct oracle_sight *sight, bool is_good);
void oracle_patience_on_probe(const struct oracle_sight *sight);
void oracle_patience_on_trace(struct oracle_host *host, const struct synfin_trace_event *event);
// oracle_heal.c: T7.
void oracle_heal_on_finish(struct oracle *oracle, uint64_t now_ns);

// oracle_memory.c: M1 to M7.
void oracle_memory_on_start(struct oracle_host *host, uint64_t now_ns);
void oracle_memory_on_gone(struct oracle_host *host, uint64_t now_ns);
void oracle_memory_look(const struct oracle_look *look);
void oracle_memory_look_host(struct oracle_host *host, uint64_t now_ns);
void oracle_memory_on_finish(struct oracle_host *host, uint64_t now_ns);

// oracle_close.c: C1 to C8.
void oracle_close_on_sent(const struct oracle_sight *sight);
void oracle_close_on_heard(const struct oracle_sight *sight);
void oracle_close_on_close(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns);
void oracle_close_on_abort(const struct oracle_host *host, struct oracle_end *end);
void oracle_close_on_trace(struct oracle_host *host, const struct synfin_trace_event *event);
void oracle_close_look(const struct oracle_look *look);
void oracle_close_on_finish(struct oracle_host *host, uint64_t now_ns);

// oracle_security.c: X1 to X6.
// Before an arrival is counted.
void oracle_security_on_arrival(struct oracle_host *host);
void oracle_security_on_sent(const struct oracle_sight *sight, const struct synfin_endpoint *local,
                             const struct synfin_endpoint *remote);
void oracle_security_on_received(const struct oracle_sight *sight, struct oracle_account *account);
void oracle_security_on_heard(const struct oracle_sight *sight);
void oracle_security_on_icmp(struct oracle_host *host, const struct oracle_packet *packet,
                             uint64_t now_ns);
void oracle_security_after_event(struct oracle_host *host, uint64_t now_ns);
// What a reset, a SYN or an ICMP error has led to.
void oracle_security_judge_fate(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns);
void oracle_security_look(const struct oracle_look *look);

// oracle_ip.c: I1 to I4.
void oracle_ip_on_sent(struct oracle_host *host, const struct synfin_iface_config *iface,
                       const struct oracle_packet *packet, uint32_t gso_bytes, uint64_t now_ns);
void oracle_ip_on_received(struct oracle_host *host, const struct oracle_packet *packet,
                           uint64_t now_ns);
void oracle_ip_look_host(struct oracle_host *host, uint64_t now_ns);

#endif
