// SPDX-License-Identifier: MIT
//
// What users bring to Fast Open: cookies out of a stack and into another, for programs that live
// no longer than one connection (RFC 7413 §4.1.3 lets a client keep cookies as long as it likes),
// and a server's keys.
#include <string.h>

#include "stack/stack_internal.h"
#include "tcp/tcp_fastopen.h"
#include "tcp/tcp_fastopen_conn.h"

_Static_assert(SYNFIN_FASTOPEN_COOKIE_MAX == (uint32_t)WIRE_FASTOPEN_COOKIE_MAX, "one length");

enum synfin_error synfin_stack_fastopen_get(const synfin_stack *stack,
                                            const struct synfin_addr *local,
                                            const struct synfin_addr *remote,
                                            struct synfin_fastopen_cookie *out)
{
    const struct tcp_fastopen_way way = {.local = local, .remote = remote};
    const struct tcp_fastopen_peer *peer =
        tcp_fastopen_peers_find(&stack->tcp.fastopen_peers, &way);
    if (out->size != sizeof *out) {
        return SYNFIN_ERROR_INVALID;
    }
    if (peer == NULL || peer->cookie_bytes == 0) {
        return SYNFIN_ERROR_AGAIN;
    }
    out->local = *local;
    out->remote = *remote;
    out->mss_bytes = peer->mss;
    out->bytes = peer->cookie_bytes;
    memcpy(out->octet, peer->cookie, sizeof out->octet);
    return SYNFIN_ERROR_OK;
}

enum synfin_error synfin_stack_fastopen_set(synfin_stack *stack,
                                            const struct synfin_fastopen_cookie *cookie,
                                            uint64_t now_ns)
{
    const struct tcp_fastopen_way way = {.local = &cookie->local, .remote = &cookie->remote};
    if (cookie->size == sizeof *cookie && cookie->bytes == 0) {
        tcp_fastopen_peers_forget(&stack->tcp.fastopen_peers, &way);
        return SYNFIN_ERROR_OK;
    }
    bool is_length = cookie->bytes >= WIRE_FASTOPEN_COOKIE_MIN
                     && cookie->bytes <= WIRE_FASTOPEN_COOKIE_MAX && cookie->bytes % 2 == 0;
    if (cookie->size != sizeof *cookie || !is_length) {
        return SYNFIN_ERROR_INVALID;
    }
    struct wire_tcp h = {.has_mss = cookie->mss_bytes != 0,
                         .mss = cookie->mss_bytes,
                         .has_fastopen = true,
                         .cookie_bytes = cookie->bytes};
    memcpy(h.cookie, cookie->octet, sizeof h.cookie);
    tcp_fastopen_peers_note_cookie(&stack->tcp.fastopen_peers, &way, &h, stack_now(stack, now_ns));
    return tcp_fastopen_peers_find(&stack->tcp.fastopen_peers, &way) != NULL
               ? SYNFIN_ERROR_OK
               : SYNFIN_ERROR_NO_MEMORY;
}

static uint64_t load64(const uint8_t *octets)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < 8; i++) {
        value |= (uint64_t)octets[i] << 8 * i;
    }
    return value;
}

static bool read_keys(const uint8_t *keys, uint32_t count,
                      struct siphash_key key[SYNFIN_FASTOPEN_KEYS_MAX])
{
    if (count > SYNFIN_FASTOPEN_KEYS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *octets = keys + (size_t)SYNFIN_FASTOPEN_KEY * i;
        key[i] = (struct siphash_key){load64(octets), load64(octets + 8)};
    }
    return true;
}

enum synfin_error synfin_stack_fastopen_keys(synfin_stack *stack, const uint8_t *keys,
                                             uint32_t count)
{
    struct siphash_key key[SYNFIN_FASTOPEN_KEYS_MAX];
    if (!read_keys(keys, count, key)) {
        return SYNFIN_ERROR_INVALID;
    }
    tcp_fastopen_set_keys(&stack->tcp.fastopen_jar, key, count);
    return SYNFIN_ERROR_OK;
}

enum synfin_error synfin_socket_fastopen_keys(synfin_stack *stack, synfin_socket socket,
                                              const uint8_t *keys, uint32_t count)
{
    struct tcp_conn *conn = socket_conn(stack, socket);
    struct siphash_key key[SYNFIN_FASTOPEN_KEYS_MAX];
    if (conn == NULL) {
        return SYNFIN_ERROR_BAD_HANDLE;
    }
    if (!read_keys(keys, count, key)) {
        return SYNFIN_ERROR_INVALID;
    }
    return tcp_fastopen_conn_set_keys(&stack->tcp, conn, key, count) ? SYNFIN_ERROR_OK
                                                                     : SYNFIN_ERROR_NO_MEMORY;
}
