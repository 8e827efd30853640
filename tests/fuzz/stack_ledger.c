// SPDX-License-Identifier: MIT
//
// What connections without a block are held to: each pair lies in one table only, no limit is
// passed, and who has not shown that it hears us is sent at most three times what it sent.
#include <string.h>

#include "stack_rig.h"
#include "tcp/tcp_internal.h"

enum { AMPLIFICATION = 3 };

// The pair of a whole packet that arrives; false when it is none of TCP.
static bool read_pair(const uint8_t *octets, uint32_t bytes, struct tcp_pair *pair)
{
    bool v4 = octets[0] >> 4 == 4;
    uint32_t header = v4 ? (octets[0] & 15u) * 4 : 40;
    memset(pair, 0, sizeof *pair);
    if (bytes < header + 20 || octets[v4 ? 9 : 6] != 6) {
        return false;
    }
    if (v4) {
        pair->remote = synfin_addr_ipv4(octets[12], octets[13], octets[14], octets[15]);
        pair->local = synfin_addr_ipv4(octets[16], octets[17], octets[18], octets[19]);
    } else {
        memcpy(pair->remote.octet, octets + 8, 16);
        memcpy(pair->local.octet, octets + 24, 16);
    }
    pair->remote_port = (uint16_t)(octets[header] << 8 | octets[header + 1]);
    pair->local_port = (uint16_t)(octets[header + 2] << 8 | octets[header + 3]);
    return true;
}

static bool is_fragment(const uint8_t *octets, uint32_t bytes)
{
    bool v4 = octets[0] >> 4 == 4;
    return v4 ? bytes >= 20 && ((octets[6] & 0x3f) != 0 || octets[7] != 0)
              : bytes >= 40 && octets[6] == 44;
}

// NULL when its place is another pair's.
static struct rig_account *account_of(struct rig_host *host, const struct tcp_pair *pair)
{
    static const struct tcp_pair none;
    uint32_t place = pair->remote_port * 7u + pair->local_port + pair->remote.octet[15] * 31u;
    struct rig_account *account = &host->account[place % RIG_ACCOUNTS];
    if (memcmp(&account->pair, &none, sizeof none) == 0) {
        account->pair = *pair;
    }
    return memcmp(&account->pair, pair, sizeof *pair) == 0 ? account : NULL;
}

// A block means that the peer acknowledged our number, or that we began.
static void note_block(struct rig_host *host, struct rig_account *account)
{
    account->is_validated =
        account->is_validated || tcp_table_find(host->tcp, &account->pair) != NULL;
}

void rig_ledger_received(struct rig_host *host, const uint8_t *octets, uint32_t bytes)
{
    struct tcp_pair pair;
    host->had_fragments = host->had_fragments || is_fragment(octets, bytes);
    if (!read_pair(octets, bytes, &pair)) {
        return;
    }
    struct rig_account *account = account_of(host, &pair);
    if (account != NULL) {
        account->received += bytes;
        note_block(host, account);
    }
}

void rig_ledger_sent(struct rig_host *host, const struct segment_wire *seg, uint32_t bytes)
{
    struct tcp_pair pair;
    memset(&pair, 0, sizeof pair);
    pair.local = seg->src;
    pair.remote = seg->dst;
    pair.local_port = seg->src_port;
    pair.remote_port = seg->dst_port;
    struct rig_account *account = account_of(host, &pair);
    if ((seg->flags & 0x12) == 0x12) {
        host->syn_ack = *seg;
    }
    if (account == NULL) {
        return;
    }
    note_block(host, account);
    account->sent += bytes;
    bool is_judged = !account->is_validated && !host->had_fragments; // what they hold is not seen
    RIG_REQUIRE(!is_judged || account->sent <= AMPLIFICATION * account->received);
}

static void check_table(const struct tcp *tcp, const struct tcp_stub_table *table,
                        const struct tcp_stub_table *other, uint32_t stubs_max)
{
    uint32_t waiting = 0;
    RIG_REQUIRE(table->pool.objects <= stubs_max);
    for (uint32_t queue = 0; queue < TCP_STUB_QUEUES; queue++) {
        const struct tcp_stub *stub = tcp_stub_oldest(table, queue);
        for (; stub != NULL; stub = tcp_stub_younger(table, stub), waiting++) {
            struct tcp_pair pair;
            tcp_stub_pair(table, stub, &pair);
            uint64_t hash = tcp_stub_hash(&tcp->table_key, &pair);
            RIG_REQUIRE(tcp_table_find(tcp, &pair) == NULL);
            RIG_REQUIRE(tcp_stub_find(other, &pair, hash) == NULL);
            RIG_REQUIRE(tcp_stub_find(table, &pair, hash) == stub);
        }
    }
    RIG_REQUIRE(waiting == table->pool.objects);
}

static uint32_t check_listeners(const struct tcp *tcp)
{
    uint32_t half_opens = 0;
    const struct slab_pool *pool = &tcp->conns;
    for (uint32_t i = 0; i < pool->slabs_high * pool->objects_per_slab; i++) {
        const struct tcp_conn *conn = slab_pool_at(pool, i);
        if (conn != NULL && conn->state == SYNFIN_TCP_STATE_LISTEN) {
            half_opens += conn->listen.half_opens;
        }
    }
    return half_opens;
}

void rig_ledger_check(const struct rig_host *host)
{
    const struct tcp *tcp = host->tcp;
    check_table(tcp, &tcp->half_open, &tcp->time_wait, tcp->config.half_open_max);
    check_table(tcp, &tcp->time_wait, &tcp->half_open, tcp->config.time_wait_max);
    RIG_REQUIRE(check_listeners(tcp) == tcp->half_open.pool.objects);
    RIG_REQUIRE(tcp_stray_check(tcp));
}

// One of the stubs of both tables, the choice-th; NULL when there are none.
const struct tcp_stub *rig_stub(const struct rig_host *host, uint32_t choice, struct tcp_pair *pair)
{
    const struct tcp_stub_table *tables[] = {&host->tcp->half_open, &host->tcp->time_wait};
    const struct tcp_stub_table *table = tables[choice & 1];
    table = table->pool.objects == 0 ? tables[1 - (choice & 1)] : table;
    if (table->pool.objects == 0) {
        return NULL;
    }
    uint32_t left = (choice >> 1) % table->pool.objects;
    for (uint32_t queue = 0; queue < TCP_STUB_QUEUES; queue++) {
        const struct tcp_stub *stub = tcp_stub_oldest(table, queue);
        for (; stub != NULL; stub = tcp_stub_younger(table, stub)) {
            if (left-- == 0) {
                tcp_stub_pair(table, stub, pair);
                return stub;
            }
        }
    }
    return NULL;
}
