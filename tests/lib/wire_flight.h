// SPDX-License-Identifier: MIT
//
// What one sender has in flight, counted from the segments at its door alone (tap.h), and whether
// it may have that much. Of the sender only its congestion window is asked, and whether it says to
// be in recovery; every sum is made here, and no code is shared.
//
// Octets sent and not acknowledged in any way are in flight, but for those that may be taken for
// lost by RFC 8985 (something sent later has arrived), by RFC 6298 (nothing has been acknowledged
// for the least timeout) or by RFC 2018 §8 (what is missing was told to be there before). After
// each transmission the flight must be at most the congestion window. The exceptions:
//   * a segment while nothing is in flight: the first retransmission after a timeout;
//   * a window probe of one octet, a keep-alive, one tail-loss probe for each flight;
//   * two new segments for the first acknowledgment behind a timeout (RFC 5682 §2.1 step 2b): what
//     the timer took for lost may be on its way, and is no flight there;
//   * without SACK, a segment for each duplicate acknowledgment (RFC 3042, RFC 5681 §3.2), and
//     the first one in flight again (RFC 6582);
//   * in recovery, what has arrived since it began, and a segment for each acknowledgment
//     (RFC 6937).
#ifndef WIRE_FLIGHT_H
#define WIRE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>

#include "lib/tap.h"

enum { FLIGHT_PIECES_MAX = 1 << 15 };

// [left, right) from the sender's ISS, as transmission `order` has put it into the network.
struct flight_piece {
    uint64_t left, right, order;
    bool is_sacked, is_excused; // excused: may be taken for lost
};

struct wire_flight {
    synfin_stack *stack;
    synfin_socket socket;
    bool has_socket;
    uint64_t rto_min_ns; // of the sender's configuration

    bool has_iss, has_sack, has_fin;
    uint32_t iss, mss;
    uint64_t una, nxt, order, newest_delivered;
    uint64_t una_moved_ns;
    uint32_t window; // as last heard, unscaled
    // Without SACK: octets for duplicates; 0: in no recovery; SND.UNA when that began.
    uint64_t inflation, recover, recover_una;
    int64_t credit; // octets that recovery may still send
    bool has_tail_probe;
    uint32_t frto_segments; // since SND.UNA has moved
    struct flight_piece piece[FLIGHT_PIECES_MAX];
    uint32_t first, count;

    uint64_t peak, sends, beyond_cwnd; // largest flight; judged; those that an exception let go
    char complaint[160];               // empty while all is well
};

// Of the connection that `tap` hears; the socket may be told later, and until then nothing is
// judged.
void wire_flight_init(struct wire_flight *flight, struct tap *tap,
                      const struct synfin_stack_config *config);
void wire_flight_of(struct wire_flight *flight, synfin_stack *stack, synfin_socket socket);
// Octets in flight now.
uint64_t wire_flight_bytes(const struct wire_flight *flight);

#endif
