// SPDX-License-Identifier: MIT
//
// SYN cookies (RFC 4987 §3.6). Whatever enters a hash does so as octets of a fixed order, never as
// a struct of this machine: machines that share a secret need not share an architecture.
#include "tcp/tcp_cookie.h"

#include "base/check.h"
#include "base/siphash.h"

// Between one size's cookie and the next one's: as far as eight can lie apart. Neighbours would be
// told by acknowledgments of what a connection sends behind its cookie, and each would open one.
#define MSS_STRIDE (UINT32_C(1) << 29)

enum {
    MSS_PLACES = 8,
    EPOCHS = 2,            // that are accepted: this one and the one before
    ADDR = 16,             // octets of an address
    HASHED = 2 * ADDR + 9, // both addresses, both ports, IRS, options
    STAMP_BITS = 6,        // of a timestamp that are not the clock's
    STAMP_SPAN = 1 << STAMP_BITS,
    STAMP_WSCALE = 0x0f, // RFC 7323 §2.3 ends at 14
    STAMP_NO_WSCALE = 0x0f,
    STAMP_SACK = 0x10,
    STAMP_ECN = 0x20,
    NO_STAMP = STAMP_SPAN, // of a SYN without timestamps
    WSCALE_SHIFT_MAX = 14,
};

_Static_assert(sizeof(struct synfin_addr) == ADDR, "addresses are hashed as their octets");
_Static_assert(sizeof(struct tcp_pair) == HASHED - 5, "all of a pair is hashed");
_Static_assert((uint64_t)MSS_STRIDE *MSS_PLACES == UINT64_C(1) << 32, "all around, evenly");
_Static_assert(STAMP_SPAN == (STAMP_WSCALE | STAMP_SACK | STAMP_ECN) + 1, "every bit has a use");

// An MSS is rounded down to one of these. The floor is that of tcp_open.c. Each of the others is
// what many hosts announce, and they lie close where most of them do: a size in between costs at
// most a sixteenth of a segment from 1220 on.
static const uint16_t mss_table[MSS_PLACES] = {
    64,   // what a smaller one counts as
    536,  // no option, IPv4: RFC 9293 §3.7.1 [MUST-15]
    1220, // no option, IPv6, and its least MTU of 1280: RFC 8200 §5
    1300, // tunnels within tunnels
    1360, // MTU 1400: mobile networks and most VPNs
    1440, // Ethernet, IPv6; over PPPoE 1452, IPv4, is near
    1460, // Ethernet, IPv4
    8836, // the least of what is called jumbo, MTU 8896 under IPv6; 8940 and 8960 are near
};

// Labels for one secret: nothing else that may be hashed under it is 16 octets that begin so.
static const uint8_t key_label[2][8] = {
    {'c', 'o', 'o', 'k', 'i', 'e', '-', '0'},
    {'c', 'o', 'o', 'k', 'i', 'e', '-', '1'},
};
static const uint8_t stamp_label[2][8] = {
    {'s', 't', 'a', 'm', 'p', '-', '-', '0'},
    {'s', 't', 'a', 'm', 'p', '-', '-', '1'},
};

static void put64(uint8_t *out, uint64_t value)
{
    for (uint32_t i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

// A key says nothing of the secret, nor of any other key.
static struct siphash_key derive_key(const struct tcp_cookie_jar *jar, const uint8_t label[2][8],
                                     uint64_t number)
{
    uint64_t half[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct siphash_key secret = {jar->secret[2 * i], jar->secret[2 * i + 1]};
        uint8_t input[16];
        for (uint32_t k = 0; k < 8; k++) {
            input[k] = label[i][k];
        }
        put64(input + 8, number);
        half[i] = siphash_24(&secret, input, sizeof(input));
    }
    return (struct siphash_key){half[0], half[1]};
}

static struct siphash_key epoch_key(const struct tcp_cookie_jar *jar, uint64_t epoch)
{
    return derive_key(jar, key_label, epoch);
}

struct siphash_key tcp_cookie_stamp_key(const struct tcp_cookie_jar *jar)
{
    return derive_key(jar, stamp_label, 0);
}

// Makes sure that the keys are those of `now_ns`. Time that jumps, even backwards, costs keys that
// are made anew. The shared time goes around at 2^64 ns, which cuts the last epoch short.
static void turn_to(struct tcp_cookie_jar *jar, uint64_t now_ns)
{
    uint64_t epoch = (now_ns + jar->clock_offset_ns) / jar->epoch_ns;
    uint64_t before = epoch > 0 ? epoch - 1 : UINT64_MAX / jar->epoch_ns;
    if (jar->has_keys && epoch == jar->epoch) {
        return;
    }
    bool is_next = jar->has_keys && before == jar->epoch;
    jar->key[1] = is_next ? jar->key[0] : epoch_key(jar, before);
    jar->key[0] = epoch_key(jar, epoch);
    jar->epoch = epoch;
    jar->has_keys = true;
}

static uint32_t stamp_bits(const struct tcp_offer *offer)
{
    uint32_t bits = STAMP_NO_WSCALE;
    if (offer->has_wscale) {
        ASSERT(offer->wscale_shift <= WSCALE_SHIFT_MAX);
        bits = offer->wscale_shift;
    }
    bits |= offer->has_sack ? STAMP_SACK : 0;
    bits |= offer->ecn == TCP_ECN_CLASSIC ? STAMP_ECN : 0;
    return bits;
}

// What a cookie is made of, in the order of the wire; the hash of it under the key of each epoch is
// the first of that epoch's eight cookies. The options are in it, or any later timestamp of the
// same connection would say others.
static void collect(const struct tcp_pair *pair, const struct tcp_offer *offer, uint8_t out[HASHED])
{
    for (uint32_t i = 0; i < ADDR; i++) {
        out[i] = pair->local.octet[i];
        out[ADDR + i] = pair->remote.octet[i];
    }
    uint64_t rest =
        (uint64_t)pair->local_port << 48 | (uint64_t)pair->remote_port << 32 | offer->irs.n;
    put64(out + 2 * ADDR, rest);
    out[HASHED - 1] = (uint8_t)(offer->has_timestamps ? stamp_bits(offer) : NO_STAMP);
}

static uint32_t mss_place(uint32_t mss)
{
    uint32_t place = MSS_PLACES - 1;
    while (place > 0 && mss_table[place] > mss) {
        place--;
    }
    return place;
}

void tcp_cookie_init(struct tcp_cookie_jar *jar, const uint64_t secret[4], uint64_t clock_offset_ns,
                     uint64_t lifetime_ns)
{
    *jar = (struct tcp_cookie_jar){
        .secret = {secret[0], secret[1], secret[2], secret[3]},
        .clock_offset_ns = clock_offset_ns,
        .epoch_ns = lifetime_ns >= EPOCHS ? lifetime_ns / EPOCHS : 1,
    };
}

struct seq tcp_cookie_make(struct tcp_cookie_jar *jar, const struct tcp_pair *pair,
                           const struct tcp_offer *offer, uint64_t now_ns)
{
    uint8_t input[HASHED];
    turn_to(jar, now_ns);
    collect(pair, offer, input);
    uint32_t first = (uint32_t)siphash_24(&jar->key[0], input, sizeof(input));
    return seq_make(first + mss_place(offer->mss) * MSS_STRIDE);
}

bool tcp_cookie_open(struct tcp_cookie_jar *jar, const struct tcp_pair *pair, struct seq iss,
                     uint64_t now_ns, struct tcp_offer *offer)
{
    uint8_t input[HASHED];
    turn_to(jar, now_ns);
    collect(pair, offer, input);
    for (uint32_t i = 0; i < EPOCHS; i++) {
        uint32_t first = (uint32_t)siphash_24(&jar->key[i], input, sizeof(input));
        uint32_t behind = iss.n - first;
        if (behind % MSS_STRIDE == 0) {
            offer->mss = mss_table[behind / MSS_STRIDE];
            return true;
        }
    }
    return false;
}

uint32_t tcp_cookie_stamp(uint32_t ts_now, const struct tcp_offer *offer)
{
    uint32_t bits = stamp_bits(offer);
    // The last number of these low bits that is not after the clock: what is sent later must not
    // have an earlier timestamp, or the peer's PAWS drops it (RFC 7323 §5.3).
    return ts_now - ((ts_now - bits) & (STAMP_SPAN - 1));
}

void tcp_cookie_read_stamp(uint32_t ts_ecr, struct tcp_offer *offer)
{
    uint32_t wscale = ts_ecr & STAMP_WSCALE;
    offer->has_wscale = wscale != STAMP_NO_WSCALE;
    offer->wscale_shift = offer->has_wscale ? (uint8_t)wscale : 0;
    offer->has_sack = (ts_ecr & STAMP_SACK) != 0;
    offer->ecn = (ts_ecr & STAMP_ECN) != 0 ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
}
