// SPDX-License-Identifier: MIT
//
// Short texts: every octet goes through one function that counts it and writes it when there is
// room, so that a text is terminated at all times.
#include "base/text.h"

static void put_octet(struct text *text, char octet)
{
    if (text->needed + 1 < text->capacity) {
        text->start[text->needed] = octet;
        text->start[text->needed + 1] = '\0';
    }
    text->needed++;
}

void text_init(struct text *text, char *start, size_t capacity)
{
    text->start = start;
    text->capacity = capacity;
    text->needed = 0;
    if (capacity > 0) {
        start[0] = '\0';
    }
}

void text_put(struct text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        put_octet(text, *string);
    }
}

void text_put_octets(struct text *text, const char *octets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_octet(text, octets[i]);
    }
}

// Writes at least `digits` digits of `number`; `base` is 10 or 16.
static void put_number(struct text *text, uint64_t number, uint32_t base, uint32_t digits)
{
    char reversed[20]; // 2^64 - 1 has 20 decimal digits
    uint32_t count = 0;
    do {
        reversed[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    for (uint32_t i = count; i < digits; i++) {
        put_octet(text, '0');
    }
    while (count > 0) {
        put_octet(text, reversed[--count]);
    }
}

void text_put_unsigned(struct text *text, uint64_t number)
{
    put_number(text, number, 10, 1);
}

void text_put_signed(struct text *text, int64_t number)
{
    if (number < 0) {
        put_octet(text, '-');
        // Negated as unsigned: the smallest number has no positive counterpart.
        put_number(text, 0 - (uint64_t)number, 10, 1);
    } else {
        put_number(text, (uint64_t)number, 10, 1);
    }
}

void text_put_hex(struct text *text, uint64_t number, uint32_t digits)
{
    put_number(text, number, 16, digits);
}
