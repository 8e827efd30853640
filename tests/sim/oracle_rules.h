// SPDX-License-Identifier: MIT
//
// The invariants that the judge of the simulation holds every stack to, by their names: what
// docs/simulation.md lists, with the file that checks each and the test that sees it violated.
#ifndef ORACLE_RULES_H
#define ORACLE_RULES_H

#include <stdint.h>

// X(name, text)
#define ORACLE_RULES_STREAM(X)                                                          \
    X(S1, "a delivered octet is the one that was written there")                        \
    X(S2, "delivery neither skips nor repeats: delivered + readable is what has come")  \
    X(S3, "the end of the stream comes after its last octet, and never after an abort") \
    X(S4, "an octet on the wire is the one that was written there")                     \
    X(S5, "nothing is sent that was not written, nor again what is acknowledged")       \
    X(S6, "what was acknowledged is delivered")                                         \
    X(S7, "the FIN has one place, and nothing lies behind it")                          \
    X(S8, "nothing new goes in a segment of what goes again")

#define ORACLE_RULES_SEQUENCE(X)                                                \
    X(Q1, "SND.UNA <= SND.NXT <= the highest right edge, within 2^30")          \
    X(Q2, "SND.UNA, RCV.NXT and what was delivered never move back")            \
    X(Q3, "the right edge that is offered never moves left")                    \
    X(Q4, "nothing is sent beyond the peer's right edge")                       \
    X(Q5, "what is in flight fits the congestion window")                       \
    X(Q6, "a segment fits the peer's MSS and the path")                         \
    X(Q7, "out-of-order data are sorted, disjoint, in the window and capped")   \
    X(Q8, "the scoreboard is sorted, disjoint, in flight, and adds up")         \
    X(Q9, "SACK blocks tell what was received, and duplicates as such")         \
    X(Q10, "other keys change numbers, timestamps and ports, and nothing else") \
    X(Q11, "a loss cuts the congestion window")

#define ORACLE_RULES_ACK(X)                                                   \
    X(A1, "SEG.ACK is RCV.NXT")                                               \
    X(A2, "an acknowledgment waits less than 500 ms and two segments")        \
    X(A3, "an acknowledgment is not answered, and a quiet network is silent") \
    X(A4, "challenges and answers are limited per connection")

#define ORACLE_RULES_HANDSHAKE(X)                                           \
    X(H1, "nothing is delivered before the handshake is complete")          \
    X(H2, "both ends agree on both initial sequence numbers")               \
    X(H3, "half-open connections keep to the backlog; listeners listen")    \
    X(H4, "options are used when both have offered them, and only rightly") \
    X(H5, "a connection is accepted once, and their queue keeps its limit")

#define ORACLE_RULES_TIMER(X)                                                 \
    X(T1, "the retransmission timer runs exactly while something is out")     \
    X(T2, "data that wait for the window are watched over by a timer")        \
    X(T3, "RTO lies in its limits and doubles; samples keep to Karn")         \
    X(T4, "the wheel and the deadlines of connections agree")                 \
    X(T5, "the reported deadline is not later than the first")                \
    X(T6, "with a silent peer and no user a connection ends in time")         \
    X(T7, "after the network has healed everything comes to its end in time") \
    X(T8, "no timer fires early")

#define ORACLE_RULES_MEMORY(X)                                          \
    X(M1, "memory is taken in slabs, within the limit, not per packet") \
    X(M2, "caps of connections and of the stack hold")                  \
    X(M3, "when all connections are gone everything is as it was")      \
    X(M4, "a call takes a bounded number of steps")                     \
    X(M5, "padding is zero")                                            \
    X(M6, "a lack of memory has the documented outcome")                \
    X(M7, "freed memory is not used")

#define ORACLE_RULES_CLOSE(X)                                              \
    X(C1, "states change along the edges of RFC 9293")                     \
    X(C2, "a close with unread data is a reset")                           \
    X(C3, "the FIN follows all data and is sent until it is acknowledged") \
    X(C4, "TIME-WAIT lasts twice the MSL")                                 \
    X(C5, "closing states without a user are bounded")                     \
    X(C6, "an abort is one reset and then silence; no reset answers one")  \
    X(C7, "a half-open connection is found out at the first traffic")      \
    X(C8, "a half-closed connection still receives")

#define ORACLE_RULES_SECURITY(X)                                              \
    X(X1, "what is acceptable is what RFC 5961 says")                         \
    X(X2, "connections do not interfere")                                     \
    X(X3, "octets of keys are in no packet")                                  \
    X(X4, "a peer that is not validated is sent three times as much at most") \
    X(X5, "what is invalid is not answered and changes nothing")              \
    X(X6, "ICMP errors act only on what is in flight")

#define ORACLE_RULES_IP(X)                                      \
    X(I1, "reassembly keeps its caps and drops overlaps whole") \
    X(I2, "chains of extension headers are limited")            \
    X(I3, "no ICMP error about what must not have one")         \
    X(I4, "neighbour discovery keeps its limits")               \
    X(I5, "everything sent is well formed")

#define ORACLE_RULES(X)       \
    ORACLE_RULES_STREAM(X)    \
    ORACLE_RULES_SEQUENCE(X)  \
    ORACLE_RULES_ACK(X)       \
    ORACLE_RULES_HANDSHAKE(X) \
    ORACLE_RULES_TIMER(X)     \
    ORACLE_RULES_MEMORY(X)    \
    ORACLE_RULES_CLOSE(X)     \
    ORACLE_RULES_SECURITY(X)  \
    ORACLE_RULES_IP(X)

enum oracle_rule {
#define ORACLE_RULE_ENUM(name, text) ORACLE_##name,
    ORACLE_RULES(ORACLE_RULE_ENUM)
#undef ORACLE_RULE_ENUM
        ORACLE_RULE_COUNT
};
#define ORACLE_RULES_ALL ((UINT64_C(1) << ORACLE_RULE_COUNT) - 1)

// Such as "S1".
const char *oracle_rule_name(enum oracle_rule rule);
const char *oracle_rule_text(enum oracle_rule rule);

#endif
