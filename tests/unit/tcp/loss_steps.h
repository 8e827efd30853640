// SPDX-License-Identifier: MIT
//
// Steps of the tests about losses: a peer that acknowledges selectively, at a distance of 100 ms.
#ifndef LOSS_STEPS_H
#define LOSS_STEPS_H

#include "data_steps.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_loss.h"

enum { LOSS_SEGMENT = 1000, LOSS_TS = 7 };

// A passive open with SACK, NewReno and this initial window; with timestamps when `has_ts`.
// Segments carry LOSS_SEGMENT octets. The handshake's round trip was 100 ms.
void loss_open(uint32_t window_segments, bool has_ts, struct segment_place at);
// The same, and the first `segments` of them are in flight, `more` octets behind them are queued;
// the first acknowledgments could be here.
void loss_fly(uint32_t segments, uint32_t more, struct segment_place at);
// Ten segments are in flight, the peer reports the second to the fourth, and the first goes again.
void loss_of_first(struct segment_place at);
// The connection's part for what is in flight; there must be one.
struct tcp_loss *loss_part(struct segment_place at);

#define LOSS_OPEN(window)    loss_open((window), false, HERE)
#define LOSS_OPEN_TS(window) loss_open((window), true, HERE)
#define FLY(segments, more)  loss_fly((segments), (more), HERE)
#define LOSE_FIRST()         loss_of_first(HERE)
#define LOSS()               loss_part(HERE)
#define SEND_SACK(n, ...)    SEND(.flags = ACK, .seq = 1, .ack = (n), .sack = {__VA_ARGS__})
#define EXPECT_DATA(at)      EXPECT(.flags = ACK, .seq = (at), .ack = 1, .data = LOSS_SEGMENT)
#define EXPECT_SEGMENT(at, why) \
    EXPECT(.flags = ACK, .seq = (at), .ack = 1, .data = LOSS_SEGMENT, why)

#endif
