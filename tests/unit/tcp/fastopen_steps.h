// SPDX-License-Identifier: MIT
//
// Steps of the tests about Fast Open: a server's cookie and how a client comes by it, and a
// listener that takes data with a SYN.
#ifndef FASTOPEN_STEPS_H
#define FASTOPEN_STEPS_H

#include "lib/segment.h"

// That of the server at the peer's port 80.
extern const struct segment_cookie fastopen_cookie;
#define COOKIE fastopen_cookie

// A socket bound to this port, whose SYN waits for data.
void fastopen_connect(uint16_t port, struct segment_place at);
// The peer resets the connection, which stands at this number, and its events are taken.
void fastopen_finish(uint32_t seq, struct segment_place at);
// A connection that brings the cookie and the server's MSS, and ends.
void fastopen_learn_cookie(uint16_t mss, struct segment_place at);
// So many connections of the listener may wait for their third segment.
void fastopen_limit(int64_t most, struct segment_place at);
// A listener of that kind, at the moment when the next connection begins with bench.iss.
void fastopen_listen(int64_t most, struct segment_place at);

#define CONNECT_FAST(port) fastopen_connect((port), HERE)
#define FINISH(seq)        fastopen_finish((seq), HERE)
#define LEARN_COOKIE(mss)  fastopen_learn_cookie((mss), HERE)
#define LISTEN_FAST(most)  fastopen_listen((most), HERE)

#endif
