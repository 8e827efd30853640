// SPDX-License-Identifier: MIT
//
// The users of the stacks. Each connection has one at either end, with a script of its own drawn
// when it begins: how much it writes and in what pieces, when it stalls, how it ends. The port says
// what a server does: 7 answers as much as it has read, 9 only reads, 19 only writes, 80 both.
#ifndef SIM_APP_H
#define SIM_APP_H

#include "sim/sim.h"

enum sim_end {
    SIM_END_ORDER, // reads to the end, then closes
    SIM_END_EARLY, // closes once it has written all, read or not
    SIM_END_ABORT,
};

struct sim_app {
    struct sim_host *host;
    synfin_socket socket; // 0: this one is free
    uint32_t next_free;
    uint32_t id;
    uint64_t random, option_random, wake_ns;
    uint64_t to_write, written, received;
    uint64_t ends_at; // octets written and read after which it aborts or closes early
    uint32_t write_max, read_max;
    uint32_t turn_bytes; // how far it may be ahead of the peer; 0: any
    enum sim_end end;
    struct synfin_endpoint to; // whom it calls
    bool has_called, is_client, is_open, has_shut, has_end, is_answering, is_fast;
};

void sim_apps_init(struct sim_host *host);
// Forgets all of them, with their stack.
void sim_apps_deinit(struct sim_host *host);
// Opens connections, and wakes those whose stall is over.
void sim_apps_run(struct sim_host *host);
void sim_apps_event(struct sim_host *host, const struct synfin_event *event);
// From now on they read and write what they can, and close at the end.
void sim_apps_heal(struct sim_host *host);
// Those that are left give up.
void sim_apps_abort(struct sim_host *host);
// How many are left; and the first of them, for a complaint.
uint32_t sim_apps_left(const struct sim_host *host);
// The one with this number of a connection at its stack, 0: the first one; NULL: none.
struct sim_app *sim_apps_find(struct sim_host *host, uint32_t conn);
void sim_apps_close_listeners(struct sim_host *host);

// sim_option.c: what they ask for.
// The judge is told of it, too.
void sim_option_set(struct sim_host *host, synfin_socket socket, enum synfin_option option,
                    int64_t value);
// Before anything is sent: of all users, and of those who set options at random.
void sim_options_of_user(struct sim_app *app);
void sim_options_begin(struct sim_host *host, synfin_socket socket, uint64_t *random);
// At any time afterwards.
void sim_options_change(struct sim_app *app);
void sim_options_heal(struct sim_app *app);

// sim_misuse.c: a call that is wrong, or right at the wrong time.
void sim_misuse(struct sim_host *host);

#endif
