// SPDX-License-Identifier: MIT
//
// What is known of paths, by destination, for connections that will be opened (RFC 1191 §6.1,
// RFC 4821 §5.2). Only connections write here, and only what a router said of one of their own
// segments in flight or what their packets showed: an ICMP message alone changes nothing that
// others see. The table has a fixed size and its key is secret, so that nobody chooses whose entry
// gives way. An entry is never wrong in a way that lasts: when it is old, the next connection
// begins with its size and looks for a larger one at once.
#ifndef SYNFIN_TCP_MTU_CACHE_H
#define SYNFIN_TCP_MTU_CACHE_H

#include <stdint.h>

#include <synfin/addr.h>

#include "base/siphash.h"
#include "base/slab.h"

enum { TCP_MTU_CACHE_ENTRIES = 128 };

struct tcp_mtu_entry {
    struct synfin_addr remote;
    uint64_t raise_ns;  // a larger size is tried from then on
    uint16_t mtu_bytes; // 0: empty
};

struct tcp_mtu_cache {
    struct slab_source *memory;
    struct siphash_key key;
    struct tcp_mtu_entry *entry; // TCP_MTU_CACHE_ENTRIES of them, NULL before the first
};

void tcp_mtu_cache_init(struct tcp_mtu_cache *cache, struct slab_source *memory,
                        const struct siphash_key *key);
void tcp_mtu_cache_deinit(struct tcp_mtu_cache *cache);
// NULL: nothing is known.
const struct tcp_mtu_entry *tcp_mtu_cache_find(const struct tcp_mtu_cache *cache,
                                               const struct synfin_addr *remote);
// Takes the place of what had it; without memory nothing is kept.
void tcp_mtu_cache_note(struct tcp_mtu_cache *cache, const struct synfin_addr *remote,
                        uint32_t mtu_bytes, uint64_t raise_ns);
void tcp_mtu_cache_forget(struct tcp_mtu_cache *cache, const struct synfin_addr *remote);

#endif
