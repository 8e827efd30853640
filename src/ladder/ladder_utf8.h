// SPDX-License-Identifier: MIT
//
// UTF-8 in and out, lenient, for the canvas and for documents.
#ifndef SYNFIN_LADDER_UTF8_H
#define SYNFIN_LADDER_UTF8_H

#include <stddef.h>
#include <stdint.h>

// Takes one character from the text, which has at least one octet; gives the octets it took. A
// no-break space comes out as a space, a control character or a wrong octet as a question mark.
size_t ladder_utf8_decode(const char *text, size_t bytes, uint32_t *character);
// Writes one character in at most four octets, without a NUL; gives the place behind.
char *ladder_utf8_encode(uint32_t character, char *out);

#endif
