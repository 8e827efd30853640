// SPDX-License-Identifier: MIT
//
// See segment_info.h.
#include "lib/segment_info.h"

#include "lib/segment.h"

struct synfin_tcp_info segment_info_of(synfin_socket socket)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    RESULT(synfin_socket_info(bench.stack, socket, &info, bench.now_ns), OK);
    return info;
}
