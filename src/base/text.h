// SPDX-License-Identifier: MIT
//
// Building short texts without the C library's formatted output. A text that does not fit is
// cut, and `needed` still counts what the whole would take.
#ifndef SYNFIN_BASE_TEXT_H
#define SYNFIN_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
    char *start;
    size_t capacity; // with the NUL; 0: nothing is written
    size_t needed;   // octets of the whole text, without the NUL
};

void text_init(struct text *text, char *start, size_t capacity);
void text_put(struct text *text, const char *string);
void text_put_octets(struct text *text, const char *octets, size_t count);
void text_put_unsigned(struct text *text, uint64_t number);
void text_put_signed(struct text *text, int64_t number);
// Lower case, without leading zeros, at least `digits` digits.
void text_put_hex(struct text *text, uint64_t number, uint32_t digits);

#endif
