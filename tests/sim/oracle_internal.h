// SPDX-License-Identifier: MIT
//
// What the judge knows, and what its files say to each other, grouped by the file that defines it.
//
// A place is how far a sequence number lies from the initial one of its direction, as 64 bits: the
// SYN is at place 0, the octet at offset o of the stream at place o + 1, the FIN behind the last.
#ifndef ORACLE_INTERNAL_H
#define ORACLE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/oracle.h"
#include "sim/oracle_decode.h"
#include "sim/oracle_map.h"
#include "sim/oracle_syns.h"
#include "sim/oracle_wishes.h"
#include "stack/stack_internal.h"
#include "tcp/tcp.h"

#define ORACLE_MS UINT64_C(1000000)
#define ORACLE_S  UINT64_C(1000000000)

// One end of one connection, from its first sign of life on, for good: old segments may come late.
struct oracle_end {
    struct oracle_end *peer;         // once both know both numbers
    struct oracle_account *account;  // of its pair
    struct oracle_end *cookie_next;  // of its account
    struct oracle_end *touched_next; // touched since the last oracle_after_event of its host
    uint64_t key;                    // of the stream it sends
    bool is_promise;                 // of a cookie that has opened before
    bool is_of_cookie;               // opened by one
    bool has_cookie;                 // its number is a cookie, promised or kept
    bool is_loose;                   // may answer as keys say: oracle_shape.c
    struct oracle_end *half_open;    // whose number a cookie has taken over; NULL: none
    struct oracle_end *namesake;     // that had its ISS before; NULL: none
    bool is_double;                  // a namesake of the same pair has its IRS too
    uint32_t host, boot, number;
    uint32_t index; // of its block in the stack's pool, and 1; 0: not known
    struct synfin_endpoint local, remote;
    uint32_t iss, irs;
    bool has_iss, has_irs;
    bool is_passive, is_touched, is_gone; // gone: no block and no stub is left, as far as told
    bool is_tainted;   // octets that no stack of this world sent may have been taken for good
    bool is_lied_to;   // segments that no stack of this world sent have arrived
    bool has_gaps;     // arrivals that the judge cannot read (fragments) may have been taken
    bool is_validated; // the peer has shown that it hears us, or we have called it

    // Its user.
    const struct oracle_wishes *wishes; // NULL: none of its own
    uint64_t written, delivered;        // octets
    uint64_t urgent;                    // place behind what was marked; 0: nothing
    bool has_opened;                    // told by connected or accept
    bool has_shut, has_shut_reading, has_read_end, is_closed, is_aborted, has_failed;
    uint8_t error; // enum synfin_error of its end

    // What it has sent.
    struct oracle_offer offered, heard; // by our SYN; by the peer's
    uint64_t nxt, fin;       // behind the highest place sent; place of its FIN, 0: none was sent
    uint64_t made, ack_made; // behind what was last made, and what that acknowledged
    uint64_t syn_right, nxt_lost, ack_lost; // behind what its SYNs carried; what found no hop
    uint64_t ack, edge;           // highest acknowledgment and right edge, in the peer's places
    uint64_t una_told, edge_told; // highest that has arrived here, in our places
    uint64_t peer_fin;            // place of the peer's FIN that has arrived; 0: none
    struct oracle_ranges arrived, again; // places of the peer's stream; more than once
    struct oracle_ranges sacked, resent; // our places: told as received; sent more than once
    bool is_timed; // since the last sample SACK told of something new that was sent once
    bool has_sent, has_reset, heard_reset, has_ts_first;

    bool is_old_told;     // the last segment heard was old by its timestamp
    uint64_t window_max;  // largest that the peer may have offered
    uint64_t window_sure; // largest that it has, in a segment that no correct TCP refuses

    struct oracle_duty {
        uint64_t since_ns;           // the oldest data that no acknowledgment has answered; 0: none
        uint32_t mss_seen;           // largest payload that has arrived
        uint64_t newest;             // place of what arrived last behind a gap; 0: nothing
        bool has_refused;            // octets that arrived in order were not taken
        uint64_t second_ns;          // when the second of `challenges` began
        uint32_t challenges, keeper; // keeper: whose; oracle_ack.c
    } duty;

    struct oracle_shadow { // of the block, at the last look
        bool is_known, is_synchronised;
        uint8_t state, retries, rto_state; // rto_state: when it was set
        uint64_t una, nxt, rcv;            // places
        uint64_t deadline_ns[SYNFIN_TCP_TIMER_COUNT];
        uint64_t srtt_ns, rto_ns, rto_srtt_ns; // rto_srtt_ns: SRTT when that timeout was set
        uint64_t receive_max, steps;
        uint64_t state_ns; // when the state was first seen
        uint32_t fired;    // timers that have fired since, as traced, by bits
    } shadow;

    uint32_t ts_first, ts_cookie; // the first timestamp that it has sent; that beside its cookie
    uint64_t recover;             // something may be lost until this is acknowledged
    bool is_loss_near;            // by what was heard last
    uint64_t flight_max;          // largest, as the sender itself has it
    uint32_t ts_told;             // largest TSval heard

    struct oracle_patience patience;
    struct oracle_expectation { // of the event that goes on
        uint8_t arrivals;       // for this end, at most 255
        uint8_t fate;           // oracle_security.c
        bool has_icmp, must_stay, is_blind;
        uint8_t soft_error;
        uint16_t pmtu_bytes;
        uint64_t must_reach; // RCV.NXT afterwards, at least; 0: nothing is expected
    } expect;
    bool must_reset;         // it was closed with octets unread
    bool has_ended_by_reset; // nothing may follow
    uint64_t touched_event;  // of its host, the last one
    uint64_t closed_ns;      // when its user let go
    uint64_t closed_leapt;   // what the clock had left out by then
    uint64_t time_wait_ns;   // when TIME-WAIT began, as traced
};

// What a pair without a validated end has been sent.
struct oracle_account {
    uint64_t received, sent;
    bool is_validated;
    struct oracle_end *cookies; // ends that a cookie has promised, without number: the latest first
    uint32_t credit;            // acknowledgments that something has called for
    uint32_t early;             // arrivals when there was no block: what a half-open one may answer
    struct oracle_syns syns;    // that have arrived
    struct oracle_end *end;     // the latest of this pair at this host
    int64_t reset_credit;       // arrivals that may be answered by a reset, less resets
};

struct oracle_listener {
    synfin_socket socket;
    uint16_t port;
    uint32_t backlog, index;
    const struct oracle_wishes *wishes; // NULL: none
};

enum { ORACLE_LISTENERS_MAX = 64 };

struct oracle_host {
    struct oracle_host_config config;
    struct synfin_stack_config stack_config;
    struct oracle_wishes wishes; // of users who have asked for nothing
    struct oracle *oracle;
    uint32_t id, boot;
    bool is_up, had_fragments;
    bool is_loose;                // one of its ends is
    uint64_t now_ns;              // the latest that was named: a stack's time never runs backwards
    uint64_t behind_ns;           // how far the clock is behind that, after a leap back
    uint64_t leapt_ns;            // time that its clock has left out, in all
    struct oracle_end **by_index; // of the stack's pool
    uint32_t indexes;
    struct oracle_end *touched, *last; // last: found
    struct oracle_end *made;           // whose segment the trace told of last; NULL: nobody's
    struct oracle_listener listener[ORACLE_LISTENERS_MAX];
    uint32_t listeners;
    struct oracle_pending {                       // since the last oracle_after_event
        uint32_t sent, received, invalid, chains; // chains: of those, extension headers
        bool is_advancing, has_late_cookie;       // oracle_shape.c
        uint64_t next_ns;                         // reported before advancing
    } pending;
    struct oracle_start { // M1: what has been taken and what has passed since
        uint32_t takes;
        uint64_t packets;
    } start;
    uint64_t events, icmp_since_ns, answers_since_ns; // answers: without a block, that wait
    uint32_t icmp_errors;
    uint64_t print;             // before the arrivals of this event; oracle_security.c
    struct oracle_end *witness; // NULL: none
    uint64_t witness_print;
    uint32_t witness_at;
};

struct oracle {
    uint64_t seed;
    uint32_t hosts_max;
    struct oracle_host *host;
    struct oracle_end **end;
    uint32_t ends, ends_room;
    struct oracle_map by_number, by_pair, by_iss, by_socket;
    struct oracle_wishes *wishes;
    struct oracle_account **account;
    uint32_t accounts, accounts_room;
    struct oracle_violation violation[ORACLE_VIOLATIONS_MAX];
    uint32_t violations;
    uint64_t left_out; // rules, by bits
    struct oracle_trail *trail;
    struct oracle_totals totals;
    bool is_healed;
    uint64_t heal_ns, heal_bound_ns;
    uint8_t octets[SYNFIN_PACKET_MAX + 64];
};

// A segment at an end's door.
struct oracle_sight {
    struct oracle_host *host;
    struct oracle_end *end;
    const struct oracle_packet *packet;
    uint64_t seq, ack; // places, when the end has the numbers
    uint64_t now_ns;
    uint16_t reason;    // of what was sent
    uint16_t gso_bytes; // of super-packets
    enum oracle_origin origin;
    bool is_early; // sent for a half-open connection, and may have waited for the device
};

// oracle.c
void oracle_fail(struct oracle *oracle, enum oracle_rule rule, const struct oracle_end *end,
                 uint64_t now_ns, const char *format, ...) __attribute__((format(printf, 5, 6)));
// The same of a host.
void oracle_fail_host(struct oracle_host *host, enum oracle_rule rule, uint64_t now_ns,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
void oracle_touch(struct oracle *oracle, struct oracle_end *end);
// The place of a number near another place.
uint64_t oracle_place(uint32_t number, uint32_t isn, uint64_t near);

// The present of a host whose clock shows this.
uint64_t oracle_now(struct oracle_host *host, uint64_t now_ns);

// oracle_ends.c: who is who.
struct oracle_end *oracle_ends_of_socket(struct oracle_host *host, synfin_socket socket);
struct oracle_end *oracle_ends_of_number(struct oracle_host *host, uint32_t number);
struct oracle_end *oracle_ends_add(struct oracle_host *host, uint32_t number);
void oracle_ends_set_pair(struct oracle_host *host, struct oracle_end *end,
                          const struct synfin_endpoint *local,
                          const struct synfin_endpoint *remote);
void oracle_ends_set_iss(struct oracle *oracle, struct oracle_end *end, uint32_t iss);
// A passive end has taken this SYN; NULL: one that is forgotten.
void oracle_ends_hear_syn(struct oracle_end *end, const struct oracle_syn *syn);
// The last end whose initial number peers see as this; NULL: none.
struct oracle_end *oracle_ends_of_shown(const struct oracle *oracle, uint32_t iss);
// Its initial number as its peers see it.
uint32_t oracle_ends_shown(const struct oracle *oracle, const struct oracle_end *end);
void oracle_ends_set_irs(struct oracle *oracle, struct oracle_end *end, uint32_t irs);
// The block of an end while it has one; NULL else.
const struct tcp_conn *oracle_ends_block(const struct oracle_host *host,
                                         const struct oracle_end *end);
// The end of a block; made when nothing was known of it. NULL for listeners and unused sockets.
struct oracle_end *oracle_ends_of_block(struct oracle_host *host, uint32_t index);
struct oracle_account *oracle_ends_account(struct oracle_host *host,
                                           const struct synfin_endpoint *local,
                                           const struct synfin_endpoint *remote);
// The end that a cookie with these numbers has promised, the latest; NULL: none.
struct oracle_end *oracle_ends_of_cookie(struct oracle_host *host, struct oracle_account *account,
                                         uint32_t iss, uint32_t irs);
// The same one has become the connection of this number.
void oracle_ends_keep_promise(struct oracle_host *host, struct oracle_end *end, uint32_t number);
// Finds the ends of all blocks.
void oracle_ends_scan(struct oracle_host *host);
void oracle_ends_deinit(struct oracle *oracle);

#endif
