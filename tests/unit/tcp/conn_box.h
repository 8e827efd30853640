// SPDX-License-Identifier: MIT
//
// One connection in a box: a `struct tcp` with its memory, wheel and counters, and a connection
// block that was put into ESTABLISHED by hand, for tests of one file of src/tcp at a time. Nothing
// is sent or received: the test calls the file's functions and looks at the block.
#ifndef CONN_BOX_H
#define CONN_BOX_H

#include "lib/test_cmocka.h"

#include "lib/test_env.h"
#include "tcp/tcp_internal.h"

#define BOX_MS UINT64_C(1000000)
#define BOX_S  UINT64_C(1000000000)

enum { BOX_MSS = 1000, BOX_ISS = 7000, BOX_IRS = 90000 };

struct conn_box {
    struct synfin_env env;
    struct test_env memory;
    struct slab_source source;
    struct wheel wheel;
    struct report report;
    struct tcp tcp;
    struct tcp_conn *conn;
    uint64_t now_ns;
};

// A configuration of round numbers: RTO between 1 s and 60 s.
void conn_box_init(struct conn_box *box);
void conn_box_deinit(struct conn_box *box);
// Advances the clock and fires what is due.
void conn_box_advance(struct conn_box *box, uint64_t wait_ns);
// As if `bytes` octets had been queued and sent.
void conn_box_send(struct conn_box *box, uint32_t bytes);
// As if the peer had acknowledged `bytes` more of them: SND.UNA moves, nothing else happens.
void conn_box_ack(struct conn_box *box, uint32_t bytes);

#endif
