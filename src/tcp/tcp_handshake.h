// SPDX-License-Identifier: MIT
//
// A passive handshake as a value: what must be known of it between SYN and third segment. It comes
// from a SYN, from a stub of the SYN cache or from a cookie, and turns into a SYN+ACK or into a
// connection block, by the same functions whatever it came from.
#ifndef SYNFIN_TCP_HANDSHAKE_H
#define SYNFIN_TCP_HANDSHAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_segment.h"

struct tcp_handshake {
    struct tcp_pair pair;
    struct tcp_offer offer;
    struct seq iss;
    uint32_t iface;
    uint32_t number;               // of the connection
    uint8_t own_shift;             // the window scale that our SYN+ACK offers
    uint8_t retries;               // SYN+ACKs sent again
    bool is_cookie;                // nothing was kept of it
    bool is_answered;              // the SYN+ACK did not get lost: data were awaited
    uint8_t syn_field;             // enum tcp_ecn_field with which the SYN came
    bool is_ecn_barred;            // a SYN came that does not ask for ECN
    bool wants_fastopen;           // the first SYN+ACK carries a Fast Open cookie ...
    bool is_fastopen_experimental; // ... in the option in which it was asked for
    uint64_t sent_ns;              // when the SYN+ACK was sent; 0: not known
};

// All but ISS and number.
void tcp_handshake_of_syn(const struct tcp *tcp, const struct tcp_conn *listener,
                          const struct tcp_segment *seg, struct tcp_handshake *out);
void tcp_handshake_of_stub(const struct tcp *tcp, const struct tcp_stub *stub,
                           struct tcp_handshake *out);
// Whether an acknowledgment may bring a cookie back at all.
bool tcp_handshake_may_be_cookie(const struct tcp *tcp, uint64_t now_ns);
// From an acknowledgment that does. False when it is none of ours, or too old.
bool tcp_handshake_of_cookie(struct tcp *tcp, const struct tcp_conn *listener,
                             const struct tcp_segment *seg, struct tcp_handshake *out,
                             uint64_t now_ns);
// The SYN again: what it says of ECN. False when it asks for another kind.
bool tcp_handshake_note_syn(struct tcp_stub *stub, const struct tcp_conn *listener,
                            const struct tcp_segment *seg);
void tcp_handshake_to_stub(const struct tcp_handshake *handshake, struct tcp_stub *stub);

// A first sequence number of our own for the segment's pair, beyond the one of TIME-WAIT.
struct seq tcp_handshake_iss(const struct tcp *tcp, const struct tcp_segment *seg, uint64_t now_ns);
// The SYN+ACK, but for its reason.
void tcp_handshake_syn_ack(const struct tcp *tcp, const struct tcp_handshake *handshake,
                           const struct tcp_conn *listener, struct tcp_stray *out, uint64_t now_ns);
// A block in SYN-RECEIVED, in no table yet, as if it had sent the SYN+ACK itself; its listener's
// settings are its own. NULL at the limit of sockets and without memory.
struct tcp_conn *tcp_handshake_make_block(struct tcp *tcp, struct tcp_conn *listener,
                                          const struct tcp_handshake *handshake,
                                          const struct tcp_path *path, uint64_t now_ns);

#endif
