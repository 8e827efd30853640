// SPDX-License-Identifier: MIT
//
// Addresses, prefixes and endpoints. Both IP versions share one 16-octet form, in which an IPv4
// address is written as RFC 4291 §2.5.5.2 maps it (::ffff:a.b.c.d), so that tables, connection
// blocks and traces need no second path. The form lives only in memory: a mapped address found
// on the wire inside an IPv6 packet is refused.
#ifndef SYNFIN_ADDR_H
#define SYNFIN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/error.h>

#ifdef __cplusplus
extern "C" {
#endif

// Small enough to be copied; has no padding, so it may be hashed and compared as octets.
struct synfin_addr {
    uint8_t octet[16]; // network order; IPv4 in the last four behind ::ffff:0:0/96
};

// A network: an address of it and how many leading bits are the network's. For IPv4 the length
// counts the 32 bits of the IPv4 address.
struct synfin_prefix {
    struct synfin_addr addr;
    uint8_t bits; // 0-32 for IPv4, 0-128 for IPv6
};

// One end of a connection.
struct synfin_endpoint {
    struct synfin_addr addr;
    uint16_t port; // host order; 0 means "any" where an endpoint is asked for
};

enum { SYNFIN_ADDR_TEXT_MAX = 48, SYNFIN_ENDPOINT_TEXT_MAX = 56 };

// The IPv4 address a.b.c.d.
SYNFIN_API struct synfin_addr synfin_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
// True for an address in the mapped form, 0.0.0.0 included.
SYNFIN_API bool synfin_addr_is_ipv4(const struct synfin_addr *addr);
// True for :: and for 0.0.0.0.
SYNFIN_API bool synfin_addr_is_unspecified(const struct synfin_addr *addr);
// Octet for octet: 0.0.0.0 and :: are two addresses.
SYNFIN_API bool synfin_addr_equal(const struct synfin_addr *a, const struct synfin_addr *b);
// True when `addr` is of the prefix's IP version and within it.
SYNFIN_API bool synfin_prefix_contains(const struct synfin_prefix *prefix,
                                       const struct synfin_addr *addr);

// Reads dotted-quad IPv4 or RFC 4291 §2.2 IPv6 text, NUL-terminated. Errors: INVALID.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_addr_parse(const char *text,
                                                               struct synfin_addr *out);
// Reads "ADDR/BITS"; without "/BITS" the prefix is the whole address. Errors: INVALID.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_prefix_parse(const char *text,
                                                                 struct synfin_prefix *out);
// Writes the address as RFC 5952 wants it, NUL-terminated, into at least
// SYNFIN_ADDR_TEXT_MAX octets, and returns `text`.
SYNFIN_API char *synfin_addr_format(const struct synfin_addr *addr, char *text);
// The same with the port: "192.0.2.1:80", "[2001:db8::1]:80"; SYNFIN_ENDPOINT_TEXT_MAX octets.
SYNFIN_API char *synfin_endpoint_format(const struct synfin_endpoint *endpoint, char *text);

#ifdef __cplusplus
}
#endif
#endif
