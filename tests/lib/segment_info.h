// SPDX-License-Identifier: MIT
//
// What a socket of a segment test says of itself.
#ifndef SEGMENT_INFO_H
#define SEGMENT_INFO_H

#include <synfin/info.h>
#include <synfin/socket.h>

// It must have something to say.
struct synfin_tcp_info segment_info_of(synfin_socket socket);

#define INFO() segment_info_of(bench.socket)

#endif
