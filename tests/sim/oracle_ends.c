// SPDX-License-Identifier: MIT
//
// Who is who: ends of connections by number, by pair and by block, and which two belong together.
// An end's peer is the one whose initial sequence number it has taken for the other's, so that
// neither incarnations of a pair nor translated addresses are mixed up.
#include <stdlib.h>
#include <string.h>

#include "sim/oracle_internal.h"

static uint64_t key_of_number(const struct oracle_host *host, uint32_t number)
{
    return oracle_mix((uint64_t)host->id << 32 | host->boot, number);
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static uint64_t key_of_pair(const struct oracle_host *host, const struct synfin_endpoint *local,
                            const struct synfin_endpoint *remote)
{
    uint64_t key = oracle_mix((uint64_t)host->id << 32 | host->boot,
                              (uint64_t)local->port << 16 | remote->port);
    key = oracle_mix(key, load64(local->addr.octet));
    key = oracle_mix(key, load64(local->addr.octet + 8));
    key = oracle_mix(key, load64(remote->addr.octet));
    return oracle_mix(key, load64(remote->addr.octet + 8));
}

static uint64_t key_of_iss(uint32_t iss)
{
    return oracle_mix(UINT64_C(0x155) << 32, iss);
}

struct oracle_account *oracle_ends_account(struct oracle_host *host,
                                           const struct synfin_endpoint *local,
                                           const struct synfin_endpoint *remote)
{
    struct oracle *oracle = host->oracle;
    uint64_t key = key_of_pair(host, local, remote);
    struct oracle_account *account = oracle_map_find(&oracle->by_pair, key);
    if (account != NULL) {
        return account;
    }
    if (oracle->accounts == oracle->accounts_room) {
        oracle->accounts_room = oracle->accounts_room == 0 ? 64 : 2 * oracle->accounts_room;
        oracle->account = oracle_allocate(oracle->account,
                                          oracle->accounts_room * sizeof(struct oracle_account *));
    }
    account = oracle_allocate(NULL, sizeof *account);
    memset(account, 0, sizeof *account);
    oracle->account[oracle->accounts++] = account;
    oracle_map_set(&oracle->by_pair, key, account);
    return account;
}

struct oracle_end *oracle_ends_of_number(struct oracle_host *host, uint32_t number)
{
    struct oracle_end *last = host->last;
    if (last == NULL || last->number != number) {
        last = oracle_map_find(&host->oracle->by_number, key_of_number(host, number));
        host->last = last;
    }
    return last;
}

struct oracle_end *oracle_ends_add(struct oracle_host *host, uint32_t number)
{
    struct oracle *oracle = host->oracle;
    struct oracle_end *end = oracle_allocate(NULL, sizeof *end);
    memset(end, 0, sizeof *end);
    end->host = host->id;
    end->boot = host->boot;
    end->number = number;
    end->key = oracle_mix(oracle_mix(oracle->seed, host->id), oracle->ends);
    end->offered.wscale = end->heard.wscale = -1;
    if (oracle->ends == oracle->ends_room) {
        oracle->ends_room = oracle->ends_room == 0 ? 64 : 2 * oracle->ends_room;
        oracle->end = oracle_allocate(oracle->end, oracle->ends_room * sizeof(struct oracle_end *));
    }
    oracle->end[oracle->ends++] = end;
    if (number != 0) {
        oracle_map_set(&oracle->by_number, key_of_number(host, number), end);
    }
    return end;
}

static void set_number(struct oracle_host *host, struct oracle_end *end, uint32_t number)
{
    end->number = number;
    host->last = NULL;
    oracle_map_set(&host->oracle->by_number, key_of_number(host, number), end);
}

struct oracle_end *oracle_ends_of_cookie(struct oracle_host *host, struct oracle_account *account,
                                         uint32_t iss, uint32_t irs)
{
    struct oracle_end *end = account->cookies;
    while (end != NULL && (end->iss != iss || end->irs != irs || end->boot != host->boot)) {
        end = end->cookie_next;
    }
    return end;
}

void oracle_ends_set_pair(struct oracle_host *host, struct oracle_end *end,
                          const struct synfin_endpoint *local, const struct synfin_endpoint *remote)
{
    end->local = *local;
    end->remote = *remote;
    end->account = oracle_ends_account(host, local, remote);
    const struct oracle_end *latest = end->account->end;
    bool is_late = end->is_passive && latest != NULL && latest->number > end->number;
    if (!is_late) { // its SYN+ACK may leave behind that of the pair's next connection
        end->account->end = end;
    }
}

uint32_t oracle_ends_shown(const struct oracle *oracle, const struct oracle_end *end)
{
    return end->iss + oracle->host[end->host].config.seq_shift;
}

void oracle_ends_set_iss(struct oracle *oracle, struct oracle_end *end, uint32_t iss)
{
    bool is_first = !end->has_iss;
    end->iss = iss;
    end->has_iss = true;
    uint64_t key = key_of_iss(oracle_ends_shown(oracle, end));
    if (is_first) {
        end->namesake = oracle_map_find(&oracle->by_iss, key);
    }
    oracle_map_set(&oracle->by_iss, key, end);
}

struct oracle_end *oracle_ends_of_shown(const struct oracle *oracle, uint32_t iss)
{
    return oracle_map_find(&oracle->by_iss, key_of_iss(iss));
}

// A clock that stands still gives connections the same number: the one that knows this number too.
static struct oracle_end *choose_peer(const struct oracle *oracle, const struct oracle_end *end)
{
    struct oracle_end *last = oracle_ends_of_shown(oracle, end->irs);
    uint32_t shown = oracle_ends_shown(oracle, end);
    for (struct oracle_end *peer = last; peer != NULL; peer = peer->namesake) {
        if (peer->has_irs && peer->irs == shown) {
            return peer;
        }
    }
    return last;
}

static void note_double(struct oracle_end *end)
{
    for (struct oracle_end *before = end->namesake; before != NULL; before = before->namesake) {
        if (before->account == end->account && before->has_irs && before->irs == end->irs) {
            before->is_double = end->is_double = true;
        }
    }
}

void oracle_ends_set_irs(struct oracle *oracle, struct oracle_end *end, uint32_t irs)
{
    end->irs = irs;
    end->has_irs = true;
    struct oracle_end *peer = choose_peer(oracle, end);
    note_double(end);
    bool is_peer = peer != NULL && peer != end && oracle_ends_shown(oracle, peer) == irs;
    end->peer = is_peer ? peer : NULL;
    if (is_peer && peer->has_irs && peer->irs == oracle_ends_shown(oracle, end)) {
        end->peer->peer = end;
        oracle->totals.connections++;
    }
}

bool oracle_longest(const struct oracle *oracle, uint32_t host, struct oracle_longest *out)
{
    const struct oracle_end *longest = NULL;
    for (uint32_t i = 0; i < oracle->ends; i++) {
        const struct oracle_end *end = oracle->end[i];
        if (end->host == host && end->has_iss && end->account != NULL && !end->has_cookie
            && (longest == NULL || end->nxt > longest->nxt)) {
            longest = end;
        }
    }
    if (longest != NULL) {
        *out = (struct oracle_longest){.local = longest->local,
                                       .remote = longest->remote,
                                       .iss = longest->iss,
                                       .ts_first = longest->ts_first,
                                       .octets = longest->nxt};
    }
    return longest != NULL;
}

const struct tcp_conn *oracle_ends_block(const struct oracle_host *host,
                                         const struct oracle_end *end)
{
    if (end->index == 0 || end->boot != host->boot || !host->is_up) {
        return NULL;
    }
    const struct tcp_conn *conn = slab_pool_at(&host->config.stack->tcp.conns, end->index - 1);
    return conn != NULL && conn->number == end->number ? conn : NULL;
}

static void note_index(struct oracle_host *host, struct oracle_end *end, uint32_t index)
{
    if (index >= host->indexes) {
        uint32_t indexes = 2 * index + 64;
        host->by_index = oracle_allocate(host->by_index, indexes * sizeof(struct oracle_end *));
        memset(host->by_index + host->indexes, 0,
               (indexes - host->indexes) * sizeof(struct oracle_end *));
        host->indexes = indexes;
    }
    host->by_index[index] = end;
    end->index = index + 1;
}

// A half-open connection whose peer has come back with a cookie that an earlier SYN was answered
// by: it goes on under its number, and with the cookie's.
static bool is_of_cookie(struct oracle_host *host, const struct oracle_end *end,
                         const struct tcp_conn *conn)
{
    if (end->index != 0 || !conn->is_passive || !end->has_iss || conn->iss.n == end->iss) {
        return false;
    }
    const struct oracle_end *promised =
        oracle_ends_of_cookie(host, end->account, conn->iss.n, conn->irs.n);
    return promised != NULL && promised->number == 0;
}

void oracle_ends_hear_syn(struct oracle_end *end, const struct oracle_syn *syn)
{
    oracle_syns_read(&end->account->syns, end->irs, &end->heard);
    end->is_tainted = end->is_lied_to = syn == NULL || !syn->is_genuine;
    oracle_ranges_add(&end->arrived, 0, 1 + (syn != NULL ? (uint64_t)syn->bytes : 0));
    uint64_t edge = 1 + (syn != NULL ? (uint64_t)syn->window : UINT16_MAX);
    end->edge_told = edge > end->edge_told ? edge : end->edge_told;
}

// Nothing is kept of a cookie: a copy of the third segment that comes late opens once more.
static void promise_again(struct oracle_host *host, struct oracle_account *account,
                          const struct oracle_end *opened)
{
    struct oracle_end *end = oracle_ends_add(host, 0);
    end->is_passive = true;
    end->local = opened->local;
    end->remote = opened->remote;
    end->heard = opened->heard;
    end->offered = opened->offered;
    end->is_tainted = end->is_lied_to = opened->is_lied_to;
    end->has_iss = end->has_irs = true;
    end->iss = opened->iss;
    end->irs = opened->irs;
    end->peer = opened->peer;
    end->nxt = end->ack = 1;
    end->edge = opened->edge;
    end->ts_cookie = opened->ts_cookie;
    oracle_ranges_add(&end->arrived, 0, 1);
    end->is_promise = end->has_cookie = true;
    end->account = account;
    end->cookie_next = account->cookies;
    account->cookies = end;
}

// Two connections with the same numbers: their peer cannot tell one's octets from the other's.
static void forget_peer(struct oracle_end *end)
{
    if (end->is_promise) {
        end->is_tainted = end->is_lied_to = true;
        if (end->peer != NULL) {
            end->peer->is_tainted = end->peer->is_lied_to = true;
        }
    }
}

void oracle_ends_keep_promise(struct oracle_host *host, struct oracle_end *end, uint32_t number)
{
    end->is_of_cookie = true;
    end->half_open = oracle_ends_of_number(host, number);
    set_number(host, end, number);
    end->account->end = end;
    end->heard.is_known = end->heard.is_known && !end->is_lied_to;
    promise_again(host, end->account, end);
    forget_peer(end);
}

// A clock that stands still gives two connections of a pair the same numbers, one of which was half
// open and made room, or has ended: what was told of one was told of the other.
static bool is_same_again(const struct oracle_end *before, const struct oracle_host *host,
                          const struct tcp_conn *conn)
{
    return before != NULL && before->boot == host->boot && before->has_iss && before->has_irs
           && before->iss == conn->iss.n && before->irs == conn->irs.n;
}

static void take_over(struct oracle_end *end, struct oracle_end *before,
                      const struct tcp_conn *conn)
{
    const struct oracle_ranges *arrived = &before->arrived;
    for (uint32_t i = 0; i < arrived->count; i++) {
        oracle_ranges_add(&end->arrived, arrived->at[i].left, arrived->at[i].right);
    }
    end->una_told = end->nxt = before->una_told > 0 && conn->state >= SYNFIN_TCP_STATE_ESTABLISHED;
    end->edge_told = before->edge_told > end->edge_told ? before->edge_told : end->edge_told;
    end->peer_fin = before->peer_fin;
    end->ts_told = before->ts_told;
    end->window_max = before->window_max;
    end->is_tainted = end->is_lied_to = true;
    if (before->peer != NULL) {
        before->peer->is_tainted = before->peer->is_lied_to = true;
    }
}

// A block whose number is new: called by its user, opened by a cookie, or by Fast Open.
static struct oracle_end *end_of_new(struct oracle_host *host, const struct tcp_conn *conn)
{
    const struct synfin_endpoint local = {.addr = conn->pair.local, .port = conn->pair.local_port};
    const struct synfin_endpoint remote = {.addr = conn->pair.remote,
                                           .port = conn->pair.remote_port};
    struct oracle_account *account = oracle_ends_account(host, &local, &remote);
    struct oracle_end *end =
        conn->is_passive ? oracle_ends_of_cookie(host, account, conn->iss.n, conn->irs.n) : NULL;
    if (end != NULL && end->number == 0) {
        oracle_ends_keep_promise(host, end, conn->number);
        return end;
    }
    struct oracle_end *before = account->end;
    bool is_again = conn->is_passive && is_same_again(before, host, conn);
    if (is_again && before->index == 0 && !before->heard_reset) {
        set_number(host, before, conn->number);
        oracle_ends_hear_syn(before, oracle_syns_find(&account->syns, before->irs));
        return before;
    }
    end = oracle_ends_add(host, conn->number);
    end->is_passive = conn->is_passive;
    oracle_ends_set_pair(host, end, &local, &remote);
    if (conn->is_passive) {
        oracle_ends_set_iss(host->oracle, end, conn->iss.n);
        oracle_ends_set_irs(host->oracle, end, conn->irs.n);
        oracle_ends_hear_syn(end, oracle_syns_find(&account->syns, end->irs));
    }
    if (is_again) {
        take_over(end, before, conn);
    }
    return end;
}

struct oracle_end *oracle_ends_of_block(struct oracle_host *host, uint32_t index)
{
    const struct tcp_conn *conn = slab_pool_at(&host->config.stack->tcp.conns, index);
    if (conn == NULL || conn->state == SYNFIN_TCP_STATE_LISTEN) {
        return NULL;
    }
    struct oracle_end *end = index < host->indexes ? host->by_index[index] : NULL;
    if (end != NULL && end->number == conn->number) {
        return end;
    }
    end = oracle_ends_of_number(host, conn->number);
    if (end == NULL && !conn->is_in_table) { // a socket that was never connected
        return NULL;
    }
    end = end != NULL && !is_of_cookie(host, end, conn) ? end : end_of_new(host, conn);
    note_index(host, end, index);
    return end;
}

struct oracle_end *oracle_ends_of_socket(struct oracle_host *host, synfin_socket socket)
{
    uint32_t number = (uint32_t)socket;
    return number == 0 ? NULL : oracle_ends_of_block(host, number - 1);
}

void oracle_ends_scan(struct oracle_host *host)
{
    const struct slab_pool *pool = &host->config.stack->tcp.conns;
    for (uint32_t i = 0; i < pool->slabs_high * pool->objects_per_slab; i++) {
        (void)oracle_ends_of_block(host, i);
    }
}

void oracle_ends_deinit(struct oracle *oracle)
{
    for (uint32_t i = 0; i < oracle->ends; i++) {
        oracle_ranges_deinit(&oracle->end[i]->arrived);
        oracle_ranges_deinit(&oracle->end[i]->again);
        oracle_ranges_deinit(&oracle->end[i]->sacked);
        oracle_ranges_deinit(&oracle->end[i]->resent);
        free(oracle->end[i]);
    }
    for (uint32_t i = 0; i < oracle->accounts; i++) {
        free(oracle->account[i]);
    }
    free(oracle->end);
    free(oracle->account);
    oracle_map_deinit(&oracle->by_number);
    oracle_map_deinit(&oracle->by_pair);
    oracle_map_deinit(&oracle->by_iss);
    oracle_map_deinit(&oracle->by_socket);
    oracle_wishes_deinit(oracle->wishes);
}
