// SPDX-License-Identifier: MIT
//
// One number for all that a network did: each packet with its time and fate, each trace event field
// by field, so that neither padding nor byte order of the machine is in it. FNV-1a of 64 bits
// (Fowler, Noll, Vo): equal traces are what is to be found out, and nobody forges here.
#ifndef TRACE_DIGEST_H
#define TRACE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/link.h>
#include <synfin/trace.h>

struct trace_digest {
    uint64_t hash;
    uint64_t packets, events;
};

void trace_digest_init(struct trace_digest *digest);
void trace_digest_number(struct trace_digest *digest, uint64_t number);
void trace_digest_octets(struct trace_digest *digest, const uint8_t *octets, size_t bytes);
// A synfin_passage_fn and a synfin_trace_fn; their context is the digest.
void trace_digest_passage(void *ctx, const struct synfin_passage *passage);
void trace_digest_event(void *ctx, const struct synfin_trace_event *event);

#endif
