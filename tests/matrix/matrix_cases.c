// SPDX-License-Identifier: MIT
//
// A case's number is read as digits, one per class: flags with the acknowledgment (which is only
// tried where there is one), sequence number, text, window, timestamp.
#include "matrix_cases.h"

#include <stdio.h>

#include "matrix_world.h"

enum {
    FLAGS = 32, // without ACK
    SEQS = 14,
    ACKS = 12,
    TEXTS = 5,
    WINDOWS = 2,
    WINDOWS_FAST = 3, // of one whose SYN has text
    STAMPS = 5,       // of a connection with timestamps
    STAMPS_PLAIN = 2, // of one without
    UPS = 6,
    OTHERS = 16, // one segment in so many is from us
};

static uint32_t digit(uint32_t *number, uint32_t base)
{
    uint32_t value = *number % base;
    *number /= base;
    return value;
}

static uint32_t stamps_of(const struct oracle_tcb *tcb)
{
    return tcb->has_timestamps ? STAMPS : STAMPS_PLAIN;
}

static uint32_t windows_of(const struct oracle_tcb *tcb)
{
    bool is_opening =
        tcb->state == ORACLE_STATE_SYN_SENT || tcb->state == ORACLE_STATE_SYN_RECEIVED;
    return is_opening && tcb->snd_nxt != tcb->iss + 1 ? WINDOWS_FAST : WINDOWS;
}

uint32_t matrix_case_count(const struct oracle_tcb *tcb)
{
    return FLAGS * (1 + ACKS) * SEQS * TEXTS * windows_of(tcb) * stamps_of(tcb);
}

static uint32_t seq_of(const struct oracle_tcb *tcb, uint32_t class)
{
    uint32_t edge = tcb->rcv_nxt + tcb->rcv_wnd;
    const uint32_t seq[SEQS] = {
        tcb->rcv_nxt,
        tcb->rcv_nxt - 1,
        tcb->irs,
        tcb->rcv_nxt - 20,
        tcb->rcv_nxt - MATRIX_WINDOW,
        tcb->rcv_nxt - UINT32_C(0x7fffffff),
        tcb->rcv_nxt + 1,
        tcb->rcv_nxt + 5,
        edge - 1,
        edge,
        edge + 1,
        edge + 2,
        tcb->rcv_nxt + UINT32_C(0x40000000),
        tcb->rcv_nxt + UINT32_C(0x7fffffff),
    };
    return seq[class];
}

static uint32_t ack_of(const struct oracle_tcb *tcb, uint32_t class)
{
    const uint32_t ack[ACKS] = {
        tcb->snd_nxt,
        tcb->snd_una,
        tcb->snd_una - 1,
        tcb->iss,
        tcb->iss + 1,
        tcb->snd_una + 4,
        tcb->snd_nxt - 1,
        tcb->snd_nxt + 1,
        tcb->snd_una - tcb->snd_wnd_max,
        tcb->snd_una - tcb->snd_wnd_max - 1,
        tcb->snd_una - UINT32_C(0x40000000),
        tcb->snd_nxt + UINT32_C(0x40000000),
    };
    return ack[class];
}

// Timestamps: none; as it should be; the same again; older; far older.
static void stamp(const struct oracle_tcb *tcb, uint32_t class, struct oracle_segment *out)
{
    const uint32_t val[STAMPS] = {0, tcb->ts_recent + 3, tcb->ts_recent, tcb->ts_recent - 1,
                                  tcb->ts_recent - UINT32_C(0x7fffffff)};
    out->has_ts = class > 0;
    out->ts_val = val[class];
}

// What is too rarely of any weight to be a digit follows from the whole number: where the urgent
// octets end, and whether the segment says that it comes from whom it goes to.
static void scatter(uint32_t number, struct oracle_segment *out)
{
    const uint32_t up[UPS] = {
        0, 1, out->text > 0 ? out->text - 1 : 2, out->text, out->text + 1, UINT16_MAX};
    uint32_t mixed = number * UINT32_C(2654435761);
    out->up = (out->flags & ORACLE_URG) != 0 ? (uint16_t)up[(mixed >> 16) % UPS] : 0;
    out->is_from_us = (mixed >> 8) % OTHERS == 0;
}

void matrix_case(const struct oracle_tcb *tcb, uint32_t number, struct oracle_segment *out)
{
    static const uint32_t text[TEXTS] = {0, 1, 10, MATRIX_WINDOW, MATRIX_WINDOW + 20};
    static const uint16_t window[WINDOWS_FAST] = {0, 2000, MATRIX_IN_FLIGHT / 2};
    uint32_t whole = number;
    uint32_t flags = digit(&number, FLAGS);
    uint32_t ack = digit(&number, 1 + ACKS);
    *out = (struct oracle_segment){0};
    // Bit 4 of the 32 is URG; ACK lies between.
    out->flags = (uint8_t)((flags & 15) | (flags & 16) << 1);
    if (ack > 0) {
        out->flags |= ORACLE_ACK;
        out->ack = ack_of(tcb, ack - 1);
    }
    out->seq = seq_of(tcb, digit(&number, SEQS));
    out->text = text[digit(&number, TEXTS)];
    out->wnd = window[digit(&number, windows_of(tcb))];
    stamp(tcb, digit(&number, stamps_of(tcb)), out);
    scatter(whole, out);
}

void matrix_case_print(const struct oracle_tcb *tcb, const struct oracle_segment *segment,
                       char *out, size_t bytes)
{
    static const char *const name[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    char flags[32] = "";
    size_t used = 0;
    for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
        if ((segment->flags >> i & 1) != 0) {
            used += (size_t)snprintf(flags + used, sizeof flags - used, "%s%s", used > 0 ? "," : "",
                                     name[i]);
        }
    }
    used = (size_t)snprintf(out, bytes, "%s seq RCV.NXT%+d len %u win %u", flags,
                            (int)(segment->seq - tcb->rcv_nxt), (unsigned)segment->text,
                            (unsigned)segment->wnd);
    if ((segment->flags & ORACLE_ACK) != 0 && used < bytes) {
        used += (size_t)snprintf(out + used, bytes - used, " ack SND.UNA%+d (SND.NXT%+d)",
                                 (int)(segment->ack - tcb->snd_una),
                                 (int)(segment->ack - tcb->snd_nxt));
    }
    if ((segment->flags & ORACLE_URG) != 0 && used < bytes) {
        used += (size_t)snprintf(out + used, bytes - used, " up %u", (unsigned)segment->up);
    }
    if (segment->is_from_us && used < bytes) {
        used += (size_t)snprintf(out + used, bytes - used, " from itself");
    }
    if (segment->has_ts && used < bytes) {
        (void)snprintf(out + used, bytes - used, " TSval TS.Recent%+d",
                       (int)(segment->ts_val - tcb->ts_recent));
    }
}
