// SPDX-License-Identifier: MIT
//
// Two adaptors back to back, each with its own stack and clock; a test says which packets pass.
#ifndef SYNFIN_DRILL_PAIR_H
#define SYNFIN_DRILL_PAIR_H

#include <netinet/in.h>
#include <stdint.h>

#include "packetdrill/packetdrill_interface.h"

struct drill_pair {
    struct packetdrill_interface client, server;
};

// Sockets of a connection between the two.
struct drill_ends {
    int listener, client, server;
};

// A function that the adaptor exports.
void *drill_pair_symbol(const char *name);
// Two adaptors with these flags besides their addresses.
void drill_pair_init(struct drill_pair *pair, const char *flags);
void drill_pair_deinit(struct drill_pair *pair);
// Takes the next packet of the one, however long that takes, and gives it to the other. Returns its
// octets; 0 when there will be none.
size_t drill_pair_pass(struct packetdrill_interface *from, struct packetdrill_interface *to);
uint64_t drill_pair_now(struct packetdrill_interface *one); // us
// Where the server listens, and a socket that does.
struct sockaddr_in drill_pair_address(void);
int drill_pair_listen(struct drill_pair *pair);
struct drill_ends drill_pair_connect(struct drill_pair *pair);

#endif
