// SPDX-License-Identifier: MIT
//
// Steps of the tests about the path's MTU: a connection between interfaces of 1500 octets, at a
// distance of 100 ms, and sizes of packets as payloads of either IP version.
#ifndef MTU_STEPS_H
#define MTU_STEPS_H

#include "data_steps.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_mtu.h"

// What a packet of this size carries, without options.
uint32_t mtu_payload(uint32_t mtu_bytes);
// A passive open with NewReno and a window of 20 segments; the peer's MSS is that of packets of
// `mtu_bytes`. The handshake's round trip was 100 ms.
void mtu_open(enum synfin_mtu_probing probing, uint32_t mtu_bytes, bool has_sack,
              struct segment_place at);
// A router says that the path carries so much, about the segment with this number.
void mtu_too_big(uint32_t mtu_bytes, uint32_t seq, struct segment_place at);
// Opens, searching from 1280 octets on: the first segment of these octets, 1500 - 1280 longer than
// the `segments` behind it, is a probe of 1500; all of them are in flight, and 100 ms have passed.
void mtu_probe(uint32_t segments, bool has_sack, struct segment_place at);

#define MTU_OPEN(probing)   mtu_open(SYNFIN_MTU_PROBING_##probing, 1500, false, HERE)
#define MTU_OPEN_SACK()     mtu_open(SYNFIN_MTU_PROBING_BLACK_HOLE, 1500, true, HERE)
#define TOO_BIG(mtu, about) mtu_too_big((mtu), (about), HERE)
#define PROBE_SACK(more)    mtu_probe((more), true, HERE)
#define PROBE_PLAIN(more)   mtu_probe((more), false, HERE)
#define FULL                mtu_payload(1500)
#define BASE                mtu_payload(1280)
#define PMTU(bytes)         CHECK_EQ(segment_conn()->pmtu_bytes, (bytes))
#define EXPECT_BYTES(at, bytes, why) \
    EXPECT(.flags = ACK, .seq = (at), .ack = 1, .data = (bytes), why)

#endif
