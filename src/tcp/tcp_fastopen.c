// SPDX-License-Identifier: MIT
//
// The server's Fast Open cookies, RFC 7413 §4.1.2: SipHash-2-4 of the client's and the server's
// address under a key of the present epoch. The key is derived from the secret that SYN cookies use
// too, under labels of its own, so that machines with one secret know each other's cookies and
// neither kind of cookie says anything of the other. Keys that the user sets stand in their place:
// then the cookies are those of Linux machines with these keys.
#include "tcp/tcp_fastopen.h"

#include "base/addr_kind.h"
#include "base/deadline.h"

// RFC 7413 §4.1.2 wants keys to expire and leaves the time to us: a stolen cookie is of use for a
// day at most, and a client that comes once a day still has a good one.
#define EPOCH_NS (12 * 3600 * NS_PER_S)

enum { ADDR = 16, ADDR_IPV4 = 4 };

_Static_assert(sizeof(struct synfin_addr) == ADDR, "addresses are hashed as their octets");
_Static_assert(TCP_FASTOPEN_COOKIE >= (uint32_t)WIRE_FASTOPEN_COOKIE_MIN
                   && TCP_FASTOPEN_COOKIE <= (uint32_t)WIRE_FASTOPEN_COOKIE_MAX,
               "a length that the option allows");

// No other use of the secret hashes 16 octets that begin so.
static const uint8_t key_label[2][8] = {
    {'f', 'a', 's', 't', 'o', 'p', '-', '0'},
    {'f', 'a', 's', 't', 'o', 'p', '-', '1'},
};

static void put64(uint8_t *out, uint64_t value)
{
    for (uint32_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static struct siphash_key epoch_key(const struct tcp_fastopen_jar *jar, uint64_t epoch)
{
    uint64_t half[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct siphash_key secret = {jar->secret[2 * i], jar->secret[2 * i + 1]};
        uint8_t input[16];
        for (uint32_t k = 0; k < 8; k++) {
            input[k] = key_label[i][k];
        }
        put64(input + 8, epoch);
        half[i] = siphash_24(&secret, input, sizeof(input));
    }
    return (struct siphash_key){half[0], half[1]};
}

// The shared time goes around at 2^64 ns, in which the last epoch is cut short.
static void turn_to(struct tcp_fastopen_jar *jar, uint64_t now_ns)
{
    uint64_t epoch = (now_ns + jar->clock_offset_ns) / EPOCH_NS;
    if (jar->is_keyed || (jar->has_keys && epoch == jar->epoch)) {
        return;
    }
    jar->key[0] = epoch_key(jar, epoch);
    jar->key[1] = epoch_key(jar, epoch > 0 ? epoch - 1 : UINT64_MAX / EPOCH_NS);
    jar->epoch = epoch;
    jar->has_keys = true;
}

// An IPv4 address is its own four octets here.
static uint64_t cookie_under(const struct siphash_key *key, const struct tcp_pair *pair)
{
    uint32_t bytes = addr_kind_is_ipv4(&pair->remote) ? ADDR_IPV4 : ADDR;
    uint8_t input[2 * ADDR];
    for (uint32_t i = 0; i < bytes; i++) {
        input[i] = pair->remote.octet[ADDR - bytes + i];
        input[bytes + i] = pair->local.octet[ADDR - bytes + i];
    }
    return siphash_24(key, input, 2 * (size_t)bytes);
}

void tcp_fastopen_init(struct tcp_fastopen_jar *jar, const uint64_t secret[4],
                       uint64_t clock_offset_ns)
{
    *jar = (struct tcp_fastopen_jar){
        .secret = {secret[0], secret[1], secret[2], secret[3]},
        .clock_offset_ns = clock_offset_ns,
    };
}

void tcp_fastopen_set_keys(struct tcp_fastopen_jar *jar, const struct siphash_key *keys,
                           uint32_t count)
{
    jar->has_keys = false;
    jar->is_keyed = count > 0;
    if (count > 0) {
        jar->key[0] = keys[0];
        jar->key[1] = keys[count - 1];
    }
}

void tcp_fastopen_give(struct tcp_fastopen_jar *jar, const struct tcp_pair *pair, uint64_t now_ns,
                       struct wire_tcp *h)
{
    turn_to(jar, now_ns);
    h->has_fastopen = true;
    h->cookie_bytes = TCP_FASTOPEN_COOKIE;
    put64(h->cookie, cookie_under(&jar->key[0], pair));
}

// All octets are looked at whatever they are, so that the time it takes tells nobody how many of a
// guess were right.
static bool is_cookie(const struct wire_tcp *h, uint64_t wanted)
{
    uint8_t octets[TCP_FASTOPEN_COOKIE];
    uint8_t differences = 0;
    put64(octets, wanted);
    for (uint32_t i = 0; i < TCP_FASTOPEN_COOKIE; i++) {
        differences |= octets[i] ^ h->cookie[i];
    }
    return differences == 0;
}

enum tcp_fastopen_cookie tcp_fastopen_judge(struct tcp_fastopen_jar *jar,
                                            const struct tcp_pair *pair, const struct wire_tcp *h,
                                            uint64_t now_ns)
{
    if (!h->has_fastopen || h->cookie_bytes != TCP_FASTOPEN_COOKIE) {
        return TCP_FASTOPEN_COOKIE_BAD;
    }
    turn_to(jar, now_ns);
    if (is_cookie(h, cookie_under(&jar->key[0], pair))) {
        return TCP_FASTOPEN_COOKIE_GOOD;
    }
    return is_cookie(h, cookie_under(&jar->key[1], pair)) ? TCP_FASTOPEN_COOKIE_OLD
                                                          : TCP_FASTOPEN_COOKIE_BAD;
}
