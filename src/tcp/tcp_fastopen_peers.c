// SPDX-License-Identifier: MIT
//
// What a client remembers of servers, RFC 7413 §4.1.3: at most peers_max of them in one array that
// is looked through whole. That happens a few times per connection that asks for Fast Open, and the
// array is small.
#include "base/addr_kind.h"
#include "base/deadline.h"
#include "tcp/tcp_fastopen.h"

// RFC 7413 §4.1.3.1: off "at least temporarily"; how long is ours to choose.
#define OFF_LONGEST_NS (24 * 3600 * NS_PER_S)

enum { DOUBLINGS_MAX = 11 }; // 60 s * 2^11 is more than a day

void tcp_fastopen_peers_init(struct tcp_fastopen_peers *peers, struct slab_source *memory,
                             uint32_t peers_max, uint64_t off_ns)
{
    *peers =
        (struct tcp_fastopen_peers){.memory = memory, .peers_max = peers_max, .off_ns = off_ns};
}

void tcp_fastopen_peers_deinit(struct tcp_fastopen_peers *peers)
{
    if (peers->peer != NULL) {
        slab_source_give(peers->memory, peers->peer, peers->peers_max * sizeof(*peers->peer));
    }
    peers->peer = NULL;
    peers->count = 0;
}

struct tcp_fastopen_peer *tcp_fastopen_peers_find(const struct tcp_fastopen_peers *peers,
                                                  const struct tcp_fastopen_way *way)
{
    for (uint32_t i = 0; i < peers->count; i++) {
        struct tcp_fastopen_peer *peer = &peers->peer[i];
        if (addr_kind_is_equal(&peer->remote, way->remote)
            && addr_kind_is_equal(&peer->local, way->local)) {
            return peer;
        }
    }
    return NULL;
}

bool tcp_fastopen_peers_is_off(const struct tcp_fastopen_peer *peer, uint16_t port, uint64_t now_ns)
{
    return now_ns < peer->off_until_ns && (peer->off_port == port || peer->off_port == 0);
}

static struct tcp_fastopen_peer *oldest(const struct tcp_fastopen_peers *peers)
{
    struct tcp_fastopen_peer *found = &peers->peer[0];
    for (uint32_t i = 1; i < peers->count; i++) {
        if (peers->peer[i].used_ns < found->used_ns) {
            found = &peers->peer[i];
        }
    }
    return found;
}

// The entry of this way, made if need be; NULL without memory.
static struct tcp_fastopen_peer *find_or_make(struct tcp_fastopen_peers *peers,
                                              const struct tcp_fastopen_way *way, uint64_t now_ns)
{
    struct tcp_fastopen_peer *peer = tcp_fastopen_peers_find(peers, way);
    if (peer == NULL) {
        if (peers->peer == NULL && peers->peers_max > 0) {
            peers->peer = slab_source_take(peers->memory, peers->peers_max * sizeof(*peers->peer));
        }
        if (peers->peer == NULL) {
            return NULL;
        }
        peer = peers->count < peers->peers_max ? &peers->peer[peers->count++] : oldest(peers);
        *peer = (struct tcp_fastopen_peer){.local = *way->local, .remote = *way->remote};
    }
    peer->used_ns = now_ns;
    return peer;
}

void tcp_fastopen_peers_note_cookie(struct tcp_fastopen_peers *peers,
                                    const struct tcp_fastopen_way *way, const struct wire_tcp *h,
                                    uint64_t now_ns)
{
    struct tcp_fastopen_peer *peer = find_or_make(peers, way, now_ns);
    if (peer == NULL) {
        return;
    }
    peer->mss = h->has_mss ? h->mss : 0;
    peer->cookie_bytes = h->cookie_bytes;
    peer->is_experimental = h->is_fastopen_experimental;
    for (uint32_t i = 0; i < WIRE_FASTOPEN_COOKIE_MAX; i++) {
        peer->cookie[i] = i < h->cookie_bytes ? h->cookie[i] : 0; // the rest is not set
    }
}

void tcp_fastopen_peers_forget(struct tcp_fastopen_peers *peers, const struct tcp_fastopen_way *way)
{
    struct tcp_fastopen_peer *peer = tcp_fastopen_peers_find(peers, way);
    if (peer != NULL) {
        *peer = peers->peer[--peers->count];
    }
}

void tcp_fastopen_peers_note_mss(struct tcp_fastopen_peers *peers,
                                 const struct tcp_fastopen_way *way, uint16_t mss, uint64_t now_ns)
{
    struct tcp_fastopen_peer *peer = find_or_make(peers, way, now_ns);
    if (peer != NULL) {
        peer->mss = mss;
    }
}

void tcp_fastopen_peers_note_unknown(struct tcp_fastopen_peers *peers,
                                     const struct tcp_fastopen_way *way, bool is_experimental,
                                     uint64_t now_ns)
{
    struct tcp_fastopen_peer *peer = find_or_make(peers, way, now_ns);
    if (peer != NULL) {
        peer->was_experiment |= is_experimental;
        peer->has_experiment = !peer->was_experiment;
    }
}

// Another port that fails while one is off says that it is not the service but the way: all off.
void tcp_fastopen_peers_note_failure(struct tcp_fastopen_peers *peers,
                                     const struct tcp_fastopen_way *way, uint64_t now_ns)
{
    struct tcp_fastopen_peer *peer = find_or_make(peers, way, now_ns);
    if (peer == NULL) {
        return;
    }
    bool is_other = now_ns < peer->off_until_ns && peer->off_port != way->port;
    uint64_t off_ns = deadline_min(peers->off_ns, OFF_LONGEST_NS) << peer->failures;
    peer->off_port = is_other ? 0 : way->port;
    peer->off_until_ns = deadline_after(now_ns, deadline_min(off_ns, OFF_LONGEST_NS));
    if (peer->failures < DOUBLINGS_MAX) {
        peer->failures++;
    }
}

void tcp_fastopen_peers_note_success(struct tcp_fastopen_peers *peers,
                                     const struct tcp_fastopen_way *way)
{
    struct tcp_fastopen_peer *peer = tcp_fastopen_peers_find(peers, way);
    if (peer != NULL) {
        peer->failures = 0;
        peer->off_until_ns = 0;
    }
}
