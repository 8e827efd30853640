// SPDX-License-Identifier: MIT
//
// The sizes that paths carry, one place for each destination.
#include "tcp/tcp_mtu_cache.h"

#include "base/addr_kind.h"

void tcp_mtu_cache_init(struct tcp_mtu_cache *cache, struct slab_source *memory,
                        const struct siphash_key *key)
{
    *cache = (struct tcp_mtu_cache){.memory = memory, .key = *key};
}

void tcp_mtu_cache_deinit(struct tcp_mtu_cache *cache)
{
    if (cache->entry != NULL) {
        slab_source_give(cache->memory, cache->entry,
                         TCP_MTU_CACHE_ENTRIES * sizeof(*cache->entry));
    }
    cache->entry = NULL;
}

static struct tcp_mtu_entry *place_of(const struct tcp_mtu_cache *cache,
                                      const struct synfin_addr *remote)
{
    uint64_t hash = siphash_13(&cache->key, remote->octet, sizeof(remote->octet));
    return &cache->entry[hash % TCP_MTU_CACHE_ENTRIES];
}

static struct tcp_mtu_entry *find(const struct tcp_mtu_cache *cache,
                                  const struct synfin_addr *remote)
{
    if (cache->entry == NULL) {
        return NULL;
    }
    struct tcp_mtu_entry *entry = place_of(cache, remote);
    return entry->mtu_bytes != 0 && addr_kind_is_equal(&entry->remote, remote) ? entry : NULL;
}

const struct tcp_mtu_entry *tcp_mtu_cache_find(const struct tcp_mtu_cache *cache,
                                               const struct synfin_addr *remote)
{
    return find(cache, remote);
}

void tcp_mtu_cache_note(struct tcp_mtu_cache *cache, const struct synfin_addr *remote,
                        uint32_t mtu_bytes, uint64_t raise_ns)
{
    if (cache->entry == NULL) {
        cache->entry =
            slab_source_take(cache->memory, TCP_MTU_CACHE_ENTRIES * sizeof(*cache->entry));
    }
    if (cache->entry != NULL) {
        *place_of(cache, remote) = (struct tcp_mtu_entry){
            .remote = *remote, .raise_ns = raise_ns, .mtu_bytes = (uint16_t)mtu_bytes};
    }
}

void tcp_mtu_cache_forget(struct tcp_mtu_cache *cache, const struct synfin_addr *remote)
{
    struct tcp_mtu_entry *entry = find(cache, remote);
    if (entry != NULL) {
        entry->mtu_bytes = 0;
    }
}
