// SPDX-License-Identifier: MIT
//
// A second decoder of TCP options, written apart from the first and from the text of the RFCs
// alone, as the judge of it. It is slow and plain: it first cuts the block into options, then
// looks through the list for each thing it wants to know.
#ifndef SYNFIN_TESTS_NAIVE_OPTIONS_H
#define SYNFIN_TESTS_NAIVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/wire_tcp.h"

struct naive_option {
    unsigned kind, length;
    const unsigned char *value;
};

struct naive_list {
    bool is_malformed;
    size_t count;
    struct naive_option option[40];
};

// RFC 9293 §3.1: kind 0 ends the list, kind 1 is one octet, every other has a length octet that
// counts both kind and itself.
static inline void naive_cut(const unsigned char *block, size_t size, struct naive_list *list)
{
    list->count = 0;
    list->is_malformed = false;
    size_t i = 0;
    for (;;) {
        if (i >= size || block[i] == 0) {
            return;
        }
        if (block[i] == 1) {
            i += 1;
            continue;
        }
        size_t remaining = size - i;
        if (remaining == 1 || block[i + 1] == 0 || block[i + 1] == 1 || block[i + 1] > remaining) {
            list->is_malformed = true;
            return;
        }
        struct naive_option *option = &list->option[list->count++];
        option->kind = block[i];
        option->length = block[i + 1];
        option->value = &block[i + 2];
        i += option->length;
    }
}

// The last option of this kind and length; NULL when there is none.
static inline const struct naive_option *naive_find(const struct naive_list *list, unsigned kind,
                                                    unsigned length)
{
    const struct naive_option *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (list->option[i].kind == kind && list->option[i].length == length) {
            found = &list->option[i];
        }
    }
    return found;
}

static inline uint32_t naive_number(const unsigned char *p, unsigned octets)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < octets; i++) {
        number = number * 256 + p[i];
    }
    return number;
}

// The last SACK option with one to four whole blocks.
static inline bool naive_agrees_on_sack(const struct naive_list *list, const struct wire_tcp *tcp)
{
    const struct naive_option *sack = NULL;
    for (size_t i = 0; i < list->count; i++) {
        unsigned length = list->option[i].length;
        bool is_whole = length == 10 || length == 18 || length == 26 || length == 34;
        if (list->option[i].kind == 5 && is_whole) {
            sack = &list->option[i];
        }
    }
    if (sack == NULL) {
        return tcp->sack_blocks == 0;
    }
    if (tcp->sack_blocks != (sack->length - 2) / 8) {
        return false;
    }
    for (unsigned i = 0; i < tcp->sack_blocks; i++) {
        if (tcp->sack[i].left.n != naive_number(sack->value + (size_t)8 * i, 4)
            || tcp->sack[i].right.n != naive_number(sack->value + (size_t)8 * i + 4, 4)) {
            return false;
        }
    }
    return true;
}

// RFC 7413 §4.1.1: a cookie is an even number of octets, 4 to 16, or left out to ask for one.
static inline bool naive_is_cookie_length(unsigned octets)
{
    return octets == 0 || (octets >= 4 && octets <= 16 && octets % 2 == 0);
}

// What stands in front of the cookie: kind and length, or those of RFC 6994's experiment F989; 0
// when the option is none of Fast Open.
static inline unsigned naive_fastopen_head(const struct naive_option *option)
{
    if (option->kind == 34) {
        return 2;
    }
    bool is_experiment = option->kind == 254 && option->length >= 4;
    return is_experiment && naive_number(option->value, 2) == 0xf989 ? 4 : 0;
}

// The last Fast Open option of either form.
static inline bool naive_agrees_on_fastopen(const struct naive_list *list,
                                            const struct wire_tcp *tcp)
{
    const struct naive_option *last = NULL;
    for (size_t i = 0; i < list->count; i++) {
        unsigned head = naive_fastopen_head(&list->option[i]);
        if (head != 0 && naive_is_cookie_length(list->option[i].length - head)) {
            last = &list->option[i];
        }
    }
    if (last == NULL || !tcp->has_fastopen) {
        return last == NULL && !tcp->has_fastopen && tcp->cookie_bytes == 0;
    }
    unsigned head = naive_fastopen_head(last);
    bool is_same = tcp->cookie_bytes + head == last->length
                   && tcp->is_fastopen_experimental == (last->kind == 254);
    for (unsigned i = 0; is_same && i + head < last->length; i++) {
        is_same = tcp->cookie[i] == last->value[i + head - 2];
    }
    return is_same;
}

// RFC 9768 §3.2.3: the last AccECN option of either order, as many whole counters as it has room
// for, at most three.
static inline bool naive_agrees_on_accecn(const struct naive_list *list, const struct wire_tcp *tcp)
{
    const struct naive_option *last = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (list->option[i].kind == 172 || list->option[i].kind == 174) {
            last = &list->option[i];
        }
    }
    if (last == NULL) {
        return tcp->accecn.kind == 0 && tcp->accecn.fields == 0;
    }
    unsigned fields = last->length >= 11 ? 3 : last->length >= 8 ? 2 : last->length >= 5 ? 1 : 0;
    bool is_same = tcp->accecn.kind == last->kind && tcp->accecn.fields == fields;
    for (unsigned i = 0; is_same && i < fields; i++) {
        is_same = tcp->accecn.field[i] == naive_number(last->value + (size_t)3 * i, 3);
    }
    return is_same;
}

// Whether `reason` and `tcp` are what the options in `block` mean.
static inline bool naive_agrees(const unsigned char *block, size_t size, enum synfin_reason reason,
                                const struct wire_tcp *tcp)
{
    struct naive_list list;
    naive_cut(block, size, &list);
    if (list.is_malformed) {
        return reason == SYNFIN_REASON_DROP_TCP_OPTION;
    }
    const struct naive_option *mss = naive_find(&list, 2, 4);
    const struct naive_option *wscale = naive_find(&list, 3, 3);
    const struct naive_option *times = naive_find(&list, 8, 10);
    return reason == SYNFIN_REASON_UNKNOWN && tcp->has_mss == (mss != NULL)
           && (mss == NULL || tcp->mss == naive_number(mss->value, 2))
           && tcp->has_wscale == (wscale != NULL)
           && (wscale == NULL || tcp->wscale_shift == wscale->value[0])
           && tcp->has_sack_permitted == (naive_find(&list, 4, 2) != NULL)
           && tcp->has_timestamps == (times != NULL)
           && (times == NULL || tcp->ts_val == naive_number(times->value, 4))
           && (times == NULL || tcp->ts_ecr == naive_number(times->value + 4, 4))
           && naive_agrees_on_sack(&list, tcp) && naive_agrees_on_fastopen(&list, tcp)
           && naive_agrees_on_accecn(&list, tcp);
}

#endif
