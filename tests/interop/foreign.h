// SPDX-License-Identifier: MIT
//
// synfin and somebody else's stack at the two ends of a link with faults, in virtual time:
//
//     user <-> synfin -- side A [ link ] side B -- foreign stack <-> user
//
// Both users send octets of which every place says what it has to be, and check what they receive
// by that. With FOREIGN_CAPTURE in the environment each run leaves a capture in that folder.
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <synfin/link.h>
#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_env.h"

#define FOREIGN_MS UINT64_C(1000000)
#define FOREIGN_S  UINT64_C(1000000000)

enum { FOREIGN_PORT = 80, FOREIGN_PACKET_MAX = 2048 };

// What one user has to send and has received.
struct foreign_user {
    uint64_t to_send, sent, received;
    uint8_t number;     // of the stream
    bool keeps_open;    // sends no FIN when all is sent
    bool reads_nothing; // for now
    bool is_open, has_shut, has_end;
    enum synfin_error error; // OK: none; RESET, REFUSED or TIMED_OUT
};

// Fills with what comes next; how many octets there were, at most `most`. What could not be sent
// after all, foreign_unsend takes back.
uint32_t foreign_fill(struct foreign_user *user, uint8_t *octets, uint32_t most);
void foreign_unsend(struct foreign_user *user, uint32_t bytes);
// Fails the test when an octet is not what its place says.
void foreign_take(struct foreign_user *user, const uint8_t *octets, uint32_t bytes);
bool foreign_wants_to_shut(const struct foreign_user *user);
// All is sent and the other's end has come.
bool foreign_is_done(const struct foreign_user *user);

// A foreign stack and its user. `work` does what is due now and says whether anything moved.
struct foreign_ops {
    void (*input)(void *ctx, const uint8_t *octets, uint32_t bytes);
    bool (*work)(void *ctx, uint64_t now_ns);
    uint64_t (*next_deadline)(const void *ctx, uint64_t now_ns);
};

struct foreign_config {
    const char *name;              // of the run's capture
    const char *addr[2], *gateway; // NULL: none
    bool is_ethernet;
    uint32_t loss_ppm;
    uint64_t seed;
    const struct foreign_ops *ops;
    void *ctx;
};

struct foreign {
    struct foreign_config config;
    synfin_link *link;
    synfin_stack *stack;
    struct synfin_device *device[2];
    struct test_env memory, link_memory;
    FILE *file;
    synfin_capture *capture;
    uint32_t iface;
    uint64_t now_ns, over_ns; // the latter: when foreign_run_out's `is_over` was
    synfin_socket listener, socket;
    struct foreign_user user; // of synfin
};

void foreign_begin(struct foreign *foreign, const struct foreign_config *config);
void foreign_listen(struct foreign *foreign, uint32_t version);
void foreign_connect(struct foreign *foreign, const char *addr, uint16_t port);
// The foreign stack sends a packet.
void foreign_send(struct foreign *foreign, const uint8_t *octets, uint32_t bytes);
// Runs until `is_over`, at most so long; whether it is.
bool foreign_run(struct foreign *foreign, bool (*is_over)(const struct foreign *foreign),
                 uint64_t limit_ns);
// The same, and ten seconds more for the last segments of a connection that ends.
bool foreign_run_out(struct foreign *foreign, bool (*is_over)(const struct foreign *foreign),
                     uint64_t limit_ns);
// Gives everything back as it stands.
void foreign_end(struct foreign *foreign);

#endif
