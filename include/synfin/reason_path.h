// SPDX-License-Identifier: MIT
//
// What TCP learns of the MTU of a path, and by what.
#ifndef SYNFIN_REASON_PATH_H
#define SYNFIN_REASON_PATH_H

// X(code, text, clause)
#define SYNFIN_REASONS_PATH_MTU(X)                                                                \
    X(ICMP_TOO_BIG_WAITS, "packets of this size have arrived: believed when all is silent",       \
      "RFC 5927 §7.2")                                                                            \
    X(MTU_SUSPECTED, "only full segments are sent again and again: smaller ones are tried",       \
      "RFC 4821 §7.7")                                                                            \
    X(MTU_BLACK_HOLE, "a black hole: smaller packets arrive, larger ones vanish silently",        \
      "RFC 2923 §2.1")                                                                            \
    X(MTU_BASE, "a size that nearly every path carries: the search goes upward from here",        \
      "RFC 4821 §7.2")                                                                            \
    X(MTU_INTERFACE, "the new first hop carries less", "RFC 9293 §3.7.2")                         \
    X(MTU_PROBE_PASSED, "the larger packet has arrived: segments grow", "RFC 4821 §7.6.1")        \
    X(MTU_PROBE_LOST, "the larger packet alone was lost: too large, and no congestion",           \
      "RFC 4821 §7.6.2")                                                                          \
    X(MTU_PROBE_IN_PARTS, "the larger packet was acknowledged in part: it was cut up",            \
      "RFC 4821 §7.6.2")                                                                          \
    X(MTU_PROBE_UNCLEAR, "the larger packet was lost with others: asked again later",             \
      "RFC 4821 §7.6.4")                                                                          \
    X(MTU_PROBES_LOST, "three larger packets were lost, if with others: too large",               \
      "RFC 8899 §5.1.2")                                                                          \
    X(MTU_PROBE_TOLD, "a router says what the larger packet should have been", "RFC 4821 §7.6.2") \
    X(MTU_SEARCH_OVER, "what is left to find is not worth a lost packet", "RFC 4821 §7.3")

#endif
