// SPDX-License-Identifier: MIT
//
// UTF-8 in and out, lenient: text that is not UTF-8 is taken octet by octet, and what is no
// printable character becomes a question mark, so that a name or note can neither move a cursor
// nor break a document.
#include "ladder/ladder_utf8.h"

#include <stdbool.h>

enum { NO_BREAK_SPACE = 0xa0 };

// Octets that the character beginning with `first` takes.
static size_t length_of(uint8_t first)
{
    if (first >= 0xf0) {
        return 4;
    }
    if (first >= 0xe0) {
        return 3;
    }
    return first >= 0xc0 ? 2 : 1;
}

size_t ladder_utf8_decode(const char *text, size_t bytes, uint32_t *character)
{
    static const uint8_t mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint8_t first = (uint8_t)text[0];
    size_t length = length_of(first);
    bool is_whole = length <= bytes && (length > 1 || first < 0x80);
    uint32_t value = first & mask[length];
    for (size_t i = 1; is_whole && i < length; i++) {
        uint8_t next = (uint8_t)text[i];
        is_whole = (next & 0xc0) == 0x80;
        value = value << 6 | (next & 0x3f);
    }
    bool is_control = value < 0x20 || (value >= 0x7f && value < NO_BREAK_SPACE);
    value = value == NO_BREAK_SPACE ? ' ' : value;
    *character = is_whole && !is_control ? value : '?';
    return is_whole ? length : 1;
}

char *ladder_utf8_encode(uint32_t character, char *out)
{
    if (character < 0x80) {
        *out++ = (char)character;
        return out;
    }
    if (character < 0x800) {
        *out++ = (char)(0xc0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *out++ = (char)(0xe0 | character >> 12);
        } else {
            *out++ = (char)(0xf0 | (character >> 18 & 0x07));
            *out++ = (char)(0x80 | (character >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (character >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (character & 0x3f));
    return out;
}
