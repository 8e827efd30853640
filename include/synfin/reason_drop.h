// SPDX-License-Identifier: MIT
//
// TCP's reasons to refuse a segment, or a part of one.
#ifndef SYNFIN_REASON_DROP_H
#define SYNFIN_REASON_DROP_H

// X(code, text, clause)
#define SYNFIN_REASONS_DROP_TCP(X)                                                                \
    X(DROP_TCP_SHORT, "shorter than its TCP header", "RFC 9293 §3.1")                             \
    X(DROP_TCP_OFFSET, "data offset below 5 or beyond the segment", "RFC 9293 §3.1")              \
    X(DROP_TCP_OPTION, "an option's length is impossible", "RFC 9293 §3.1 [MUST-7]")              \
    X(DROP_TCP_CHECKSUM, "checksum is wrong", "RFC 9293 §3.1 [MUST-3]")                           \
    X(DROP_TCP_PORT_ZERO, "port 0", "RFC 9293 §3.1")                                              \
    X(DROP_TCP_ADDRESS, "address no connection can have", "RFC 9293 §3.9.2.3 [MUST-57, MUST-63]") \
    X(DROP_TCP_LAND, "source and destination are the same", "RFC 9293 §3.10.7.2")                 \
    X(DROP_TCP_FLAGS, "a combination of flags no TCP sends", "RFC 9293 §3.10.7.2")                \
    X(DROP_NO_CONNECTION, "no connection and no listener: answered with a reset",                 \
      "RFC 9293 §3.10.7.1")                                                                       \
    X(DROP_RST_NO_CONNECTION, "a reset for no connection", "RFC 9293 §3.10.7.1")                  \
    X(DROP_RST_LISTEN, "a reset to a listener", "RFC 9293 §3.10.7.2")                             \
    X(DROP_RST_SYN_SENT, "a reset that does not acknowledge our SYN", "RFC 9293 §3.10.7.3")       \
    X(DROP_RST_OUT_OF_WINDOW, "a reset outside the window", "RFC 5961 §3.2")                      \
    X(DROP_RST_INEXACT, "a reset within the window but not the next octet", "RFC 5961 §3.2")      \
    X(DROP_RST_TIME_WAIT, "a reset cannot end TIME-WAIT", "RFC 1337 §3")                          \
    X(DROP_UNACCEPTABLE, "its sequence numbers are outside the window", "RFC 9293 §3.10.7.4")     \
    X(DROP_NO_ACK, "no ACK where every segment carries one", "RFC 9293 §3.10.7.4")                \
    X(DROP_SYN_SENT_NOTHING, "neither SYN nor RST while a SYN is out", "RFC 9293 §3.10.7.3")      \
    X(DROP_LISTEN_NOTHING, "nothing a listener can use", "RFC 9293 §3.10.7.2")                    \
    X(DROP_BAD_ACK, "acknowledgment outside what can be in flight", "RFC 5961 §5.2")              \
    X(DROP_SYN_IN_CONNECTION, "a SYN inside a connection", "RFC 5961 §4.2")                       \
    X(DROP_PAWS, "its timestamp is from the past", "RFC 7323 §5.3")                               \
    X(DROP_NO_TIMESTAMP, "timestamps were agreed on and this has none", "RFC 7323 §3.2")          \
    X(DROP_BACKLOG, "the listener's backlog is full", "RFC 4987 §2.1")                            \
    X(DROP_ACCEPT_QUEUE, "the accept queue is full: the peer will try again", "RFC 4987 §2.1")    \
    X(DROP_DEFERRED, "the listener waits for a client's first data, and this has none", "")       \
    X(DROP_COOKIE, "acknowledges no cookie of ours, or one too old", "RFC 4987 §3.6")             \
    X(DROP_ECN_KINDS, "asks for both kinds of ECN in one handshake: reset", "RFC 9768 §3.1.5")    \
    X(DROP_AMPLIFICATION,                                                                         \
      "withheld: an unvalidated peer gets at most three times the octets it sent", "")            \
    X(DROP_NO_MEMORY, "the memory limit is reached", "RFC 9293 §3.8.6")                           \
    X(DROP_OVER_SHARE, "memory is short, and this connection holds its share", "")                \
    X(DROP_NO_ROOM_TO_KEEP, "memory is short: nothing is kept behind a gap", "RFC 2018 §8")       \
    X(DROP_SOCKETS, "the configured number of sockets is in use", "RFC 4987 §2.1")                \
    X(DROP_CHALLENGE_LIMIT, "enough challenges for this connection in this time", "RFC 5961 §7")  \
    X(DROP_RST_LIMIT, "enough resets to nowhere in this time", "RFC 5961 §7")                     \
    X(DROP_DUPLICATE_ACK_LIMIT, "enough answers to unacceptable segments in this time",           \
      "RFC 5961 §7")                                                                              \
    X(DROP_NO_READER, "data after this end was fully closed", "RFC 9293 §3.6.1")

#endif
