// SPDX-License-Identifier: MIT
//
// Addresses, prefixes and endpoints as text: RFC 4291 §2.2 in, RFC 5952 out. Reading is strict:
// decimal numbers without leading zeros, because some readers take those for octal ones.
#include <synfin/addr.h>

#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

enum { GROUPS = 8 }; // of 16 bits in an IPv6 address

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Reads a decimal number of up to `max` and moves behind it.
static bool parse_decimal(const char **text, uint32_t max, uint32_t *out)
{
    const char *p = *text;
    if (!is_digit(*p) || (*p == '0' && is_digit(p[1]))) {
        return false;
    }
    uint32_t number = 0;
    for (; is_digit(*p); p++) {
        number = 10 * number + (uint32_t)(*p - '0');
        if (number > max) {
            return false;
        }
    }
    *text = p;
    *out = number;
    return true;
}

static bool parse_ipv4(const char **text, uint8_t octet[4])
{
    const char *p = *text;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t number;
        if (i > 0 && *p++ != '.') {
            return false;
        }
        if (!parse_decimal(&p, 255, &number)) {
            return false;
        }
        octet[i] = (uint8_t)number;
    }
    *text = p;
    return true;
}

// The digit's value; 16 for anything else.
static uint32_t hex_digit(char c)
{
    if (is_digit(c)) {
        return (uint32_t)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (uint32_t)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10 : 16;
}

// Reads one to four hexadecimal digits and moves behind them.
static bool parse_group(const char **text, uint8_t octet[2])
{
    const char *p = *text;
    uint32_t number = 0;
    for (; hex_digit(*p) < 16; p++) {
        number = number << 4 | hex_digit(*p);
        if (p - *text == 4) {
            return false;
        }
    }
    if (p == *text) {
        return false;
    }
    bytes_store16(octet, number);
    *text = p;
    return true;
}

// The IPv6 address so far: `count` octets were read, and "::" stands behind the first `gap`.
struct reading {
    uint8_t octet[16];
    uint32_t count, gap;
    bool has_gap;
};

// Reads what stands between two colons: a group, or a dotted quad at the end.
static bool parse_part(const char **text, struct reading *reading)
{
    const char *quad = *text;
    if (reading->count <= 12 && parse_ipv4(&quad, reading->octet + reading->count)) {
        reading->count += 4;
        *text = quad;
        return *quad != ':';
    }
    if (reading->count > 14 || !parse_group(text, reading->octet + reading->count)) {
        return false;
    }
    reading->count += 2;
    return true;
}

// Takes the "::" at `*text`, if there is one; false when it is the second.
static bool parse_gap(const char **text, struct reading *reading)
{
    if ((*text)[0] != ':' || (*text)[1] != ':') {
        return true;
    }
    if (reading->has_gap) {
        return false;
    }
    reading->has_gap = true;
    reading->gap = reading->count;
    *text += 2;
    return true;
}

static bool is_end(char c)
{
    return c == '\0' || c == '/';
}

static bool parse_groups(const char **text, struct reading *reading)
{
    (void)parse_gap(text, reading); // the first one is no second one
    bool is_after_gap = reading->has_gap;
    while (!(is_after_gap && is_end(**text))) {
        if (!parse_part(text, reading)) {
            return false;
        }
        if (is_end(**text)) {
            return true;
        }
        bool had_gap = reading->has_gap;
        if (!parse_gap(text, reading)) {
            return false;
        }
        is_after_gap = reading->has_gap && !had_gap;
        if (!is_after_gap && *(*text)++ != ':') {
            return false;
        }
    }
    return true;
}

static bool parse_ipv6(const char **text, struct synfin_addr *out)
{
    struct reading reading = {.count = 0};
    if (!parse_groups(text, &reading)) {
        return false;
    }
    // "::" stands for at least one group (RFC 4291 §2.2).
    if (reading.has_gap ? reading.count > 14 : reading.count != 16) {
        return false;
    }
    uint32_t head = reading.has_gap ? reading.gap : reading.count;
    uint32_t tail = reading.count - head;
    memset(out->octet, 0, sizeof out->octet);
    memcpy(out->octet, reading.octet, head);
    memcpy(out->octet + sizeof out->octet - tail, reading.octet + head, tail);
    return true;
}

// Reads an address and moves behind it.
static bool parse_addr(const char **text, struct synfin_addr *out)
{
    uint8_t quad[4];
    const char *p = *text;
    if (parse_ipv4(&p, quad)) {
        *text = p;
        *out = synfin_addr_ipv4(quad[0], quad[1], quad[2], quad[3]);
        return true;
    }
    return parse_ipv6(text, out);
}

enum synfin_error synfin_addr_parse(const char *text, struct synfin_addr *out)
{
    struct synfin_addr addr;
    if (!parse_addr(&text, &addr) || *text != '\0') {
        return SYNFIN_ERROR_INVALID;
    }
    *out = addr;
    return SYNFIN_ERROR_OK;
}

enum synfin_error synfin_prefix_parse(const char *text, struct synfin_prefix *out)
{
    struct synfin_addr addr;
    if (!parse_addr(&text, &addr)) {
        return SYNFIN_ERROR_INVALID;
    }
    uint32_t bits_max = synfin_addr_is_ipv4(&addr) ? 32 : 128;
    uint32_t bits = bits_max;
    if (*text == '/') {
        text++;
        if (!parse_decimal(&text, bits_max, &bits)) {
            return SYNFIN_ERROR_INVALID;
        }
    }
    if (*text != '\0') {
        return SYNFIN_ERROR_INVALID;
    }
    *out = (struct synfin_prefix){addr, (uint8_t)bits};
    return SYNFIN_ERROR_OK;
}

static uint32_t group_of(const struct synfin_addr *addr, uint32_t group)
{
    return bytes_load16(addr->octet + 2 * (size_t)group);
}

// The longest run of zero groups, the first of equal ones (RFC 5952 §4.2.3); returns its length.
static uint32_t longest_zeros(const struct synfin_addr *addr, uint32_t *first)
{
    uint32_t longest = 0;
    uint32_t length = 0;
    for (uint32_t i = 0; i < GROUPS; i++) {
        length = group_of(addr, i) == 0 ? length + 1 : 0;
        if (length > longest) {
            longest = length;
            *first = i + 1 - length;
        }
    }
    return longest;
}

static void put_ipv4(struct text *text, const struct synfin_addr *addr)
{
    for (uint32_t i = 12; i < 16; i++) {
        if (i > 12) {
            text_put(text, ".");
        }
        text_put_unsigned(text, addr->octet[i]);
    }
}

static void put_ipv6(struct text *text, const struct synfin_addr *addr)
{
    uint32_t first = 0;
    uint32_t zeros = longest_zeros(addr, &first);
    if (zeros < 2) { // RFC 5952 §4.2.2: one group of zeros is written as 0
        zeros = 0;
        first = GROUPS;
    }
    for (uint32_t i = 0; i < GROUPS;) {
        if (i == first) {
            text_put(text, "::");
            i += zeros;
            continue;
        }
        if (i > 0 && i != first + zeros) {
            text_put(text, ":");
        }
        text_put_hex(text, group_of(addr, i), 1);
        i++;
    }
}

static void put_addr(struct text *text, const struct synfin_addr *addr)
{
    if (synfin_addr_is_ipv4(addr)) {
        put_ipv4(text, addr);
    } else {
        put_ipv6(text, addr);
    }
}

char *synfin_addr_format(const struct synfin_addr *addr, char *text)
{
    struct text out;
    text_init(&out, text, SYNFIN_ADDR_TEXT_MAX);
    put_addr(&out, addr);
    return text;
}

char *synfin_endpoint_format(const struct synfin_endpoint *endpoint, char *text)
{
    struct text out;
    text_init(&out, text, SYNFIN_ENDPOINT_TEXT_MAX);
    bool is_ipv4 = synfin_addr_is_ipv4(&endpoint->addr);
    text_put(&out, is_ipv4 ? "" : "[");
    put_addr(&out, &endpoint->addr);
    text_put(&out, is_ipv4 ? ":" : "]:");
    text_put_unsigned(&out, endpoint->port);
    return text;
}
