// SPDX-License-Identifier: MIT
//
// The packet that an ICMP error quotes: which connection of ours the error speaks of, and where
// in it. Quotes are cut off anywhere and may be forged whole; only what is there is told, and the
// sequence number lets TCP check that the quoted segment is in flight (RFC 5927 §4.1).
#ifndef SYNFIN_WIRE_QUOTE_H
#define SYNFIN_WIRE_QUOTE_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/reason.h>

#include "base/seq.h"

struct wire_quote {
    struct synfin_endpoint src, dst; // of the quoted packet: `src` is the end it came from, us
    struct seq seq;                  // TCP: the quoted segment's
    uint32_t packet_bytes;           // the quoted packet's whole length, as its header says
    uint8_t protocol;
    bool has_ports; // TCP or UDP and long enough: src.port and dst.port are set
    bool has_seq;   // TCP and long enough
};

// Read the quote of `bytes` octets at `p`. UNKNOWN when its IP header is whole and sound, else
// DROP_ICMP_QUOTE; also for a fragment other than the first.
enum synfin_reason wire_quote_parse4(const uint8_t *p, uint32_t bytes, struct wire_quote *out);
enum synfin_reason wire_quote_parse6(const uint8_t *p, uint32_t bytes, struct wire_quote *out);

#endif
