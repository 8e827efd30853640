// SPDX-License-Identifier: MIT
//
// TCP Fast Open (RFC 7413): data in the SYN for a peer that has shown before that it is where it
// says it is. Two halves without a connection, each a value of its own:
//
//     tcp_fastopen.c        the server's cookies: a keyed hash of the client's address, so that
//                           nothing is kept of any client
//     tcp_fastopen_peers.c  what the client keeps of servers: the cookie each gave, and where Fast
//                           Open has failed and is off for a while
//
// and tcp_fastopen_conn.c, which ties both to connections.
#ifndef SYNFIN_TCP_FASTOPEN_H
#define SYNFIN_TCP_FASTOPEN_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>

#include "base/siphash.h"
#include "base/slab.h"
#include "tcp/tcp_conn.h"
#include "wire/wire_tcp.h"

enum {
    TCP_FASTOPEN_COOKIE = 8,       // octets of ours
    TCP_FASTOPEN_PEERS_MAX = 4096, // looked through one by one, once per connection
};

// Keys of the server's cookies. A cookie is good for between one and two epochs, or as long as the
// user leaves its key.
struct tcp_fastopen_jar {
    uint64_t secret[4];        // machines that share it know each other's cookies
    uint64_t clock_offset_ns;  // added to `now_ns`: the time that those machines share
    uint64_t epoch;            // of key[0]
    struct siphash_key key[2]; // of this epoch and of the one before
    bool has_keys;
    bool is_keyed; // `key` is the user's: the present one and the one before
};

// RFC 7413 §4.1.2.
enum tcp_fastopen_cookie {
    TCP_FASTOPEN_COOKIE_BAD,
    TCP_FASTOPEN_COOKIE_OLD, // of the epoch before: good, and replaced by a new one
    TCP_FASTOPEN_COOKIE_GOOD,
};

void tcp_fastopen_init(struct tcp_fastopen_jar *jar, const uint64_t secret[4],
                       uint64_t clock_offset_ns);
// From now on these keys, at most two, the present one first; none: those of the secret again.
void tcp_fastopen_set_keys(struct tcp_fastopen_jar *jar, const struct siphash_key *keys,
                           uint32_t count);
// Writes the present cookie of the pair's client, which is remote, as an option into `h`.
void tcp_fastopen_give(struct tcp_fastopen_jar *jar, const struct tcp_pair *pair, uint64_t now_ns,
                       struct wire_tcp *h);
// Judges the cookie in the option of `h`, which came from the pair's remote end.
enum tcp_fastopen_cookie tcp_fastopen_judge(struct tcp_fastopen_jar *jar,
                                            const struct tcp_pair *pair, const struct wire_tcp *h,
                                            uint64_t now_ns);

// A server as a client's address has known it. RFC 7413 §4.1.3: a cookie belongs to both addresses.
struct tcp_fastopen_peer {
    struct synfin_addr local, remote;
    uint64_t used_ns;      // last
    uint64_t off_until_ns; // RFC 7413 §4.1.3.1: something failed, and is not tried before
    uint16_t off_port;     // where; 0: on more than one port, so on all
    uint16_t mss;          // of the SYN+ACK that brought the cookie
    uint8_t failures;      // in a row
    uint8_t cookie_bytes;  // 0: none
    bool is_experimental;  // the option that brought it
    bool has_experiment;   // it did not answer the other option, and is asked in this one next
    bool was_experiment;   // it answered neither
    uint8_t cookie[WIRE_FASTOPEN_COOKIE_MAX];
};

struct tcp_fastopen_peers {
    struct slab_source *memory;
    struct tcp_fastopen_peer *peer; // peers_max of them, NULL before the first
    uint32_t count, peers_max;
    uint64_t off_ns; // how long a first failure turns Fast Open off; 0: it does not
};

// Which server, from which address.
struct tcp_fastopen_way {
    const struct synfin_addr *local, *remote;
    uint16_t port;
};

// Takes no memory before the first peer is noted; 0 `peers_max` notes none, ever.
void tcp_fastopen_peers_init(struct tcp_fastopen_peers *peers, struct slab_source *memory,
                             uint32_t peers_max, uint64_t off_ns);
void tcp_fastopen_peers_deinit(struct tcp_fastopen_peers *peers);
// What is known of the server; NULL when nothing is.
struct tcp_fastopen_peer *tcp_fastopen_peers_find(const struct tcp_fastopen_peers *peers,
                                                  const struct tcp_fastopen_way *way);
// Fast Open is off for this port now.
bool tcp_fastopen_peers_is_off(const struct tcp_fastopen_peer *peer, uint16_t port,
                               uint64_t now_ns);
// A SYN+ACK brought the cookie in `h`. The peer used longest ago makes room.
void tcp_fastopen_peers_note_cookie(struct tcp_fastopen_peers *peers,
                                    const struct tcp_fastopen_way *way, const struct wire_tcp *h,
                                    uint64_t now_ns);
// As if it had never been asked.
void tcp_fastopen_peers_forget(struct tcp_fastopen_peers *peers,
                               const struct tcp_fastopen_way *way);
// A SYN+ACK told this MSS: the data of later SYNs keep to it.
void tcp_fastopen_peers_note_mss(struct tcp_fastopen_peers *peers,
                                 const struct tcp_fastopen_way *way, uint16_t mss, uint64_t now_ns);
// A SYN+ACK brought no cookie for a request in this option: the other may do once.
void tcp_fastopen_peers_note_unknown(struct tcp_fastopen_peers *peers,
                                     const struct tcp_fastopen_way *way, bool is_experimental,
                                     uint64_t now_ns);
// A SYN with a cookie or data got no answer, or its data were not taken: off for off_ns, twice as
// long each time in a row, up to a day.
void tcp_fastopen_peers_note_failure(struct tcp_fastopen_peers *peers,
                                     const struct tcp_fastopen_way *way, uint64_t now_ns);
// Data in a SYN were acknowledged.
void tcp_fastopen_peers_note_success(struct tcp_fastopen_peers *peers,
                                     const struct tcp_fastopen_way *way);

#endif
