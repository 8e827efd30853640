// SPDX-License-Identifier: MIT
//
// TCP's reasons: what was sent and why, what was received, and what caused a change.
#ifndef SYNFIN_REASON_TCP_H
#define SYNFIN_REASON_TCP_H

// X(code, text, clause)
#define SYNFIN_REASONS_SEND(X)                                                                     \
    X(SEND_SYN, "opens the connection: our first sequence number", "RFC 9293 §3.5")                \
    X(SEND_SYN_COOKIE_REQUEST, "opens, and asks for a Fast Open cookie for the next time",         \
      "RFC 7413 §4.2.1")                                                                           \
    X(SEND_SYN_DATA, "opens with a Fast Open cookie and the first data", "RFC 7413 §4.2.2")        \
    X(SEND_SYN_DATA_AGAIN, "the data of our SYN were not taken: they go again", "RFC 7413 §4.2.2") \
    X(SEND_SYN_ACK_OF_DATA, "Fast Open: acknowledges the SYN and its data", "RFC 7413 §4.2.2")     \
    X(SEND_SYN_ACK_FASTOPEN_COOKIE, "accepts, and gives the Fast Open cookie for the next time",   \
      "RFC 7413 §4.2.1")                                                                           \
    X(SEND_SYN_ACK, "accepts, and announces our own first sequence number", "RFC 9293 §3.5")       \
    X(SEND_SYN_AGAIN, "no answer to our SYN in time: sent again", "RFC 9293 §3.8.3 [MUST-22]")     \
    X(SEND_SYN_AFTER_CHALLENGE, "the peer held an old connection: reset, and our SYN again",       \
      "RFC 5961 §4.2")                                                                             \
    X(SEND_SYN_ACK_AGAIN, "the handshake is not complete: our SYN+ACK goes again",                 \
      "RFC 9293 §3.8.3")                                                                           \
    X(SEND_SYN_ACK_COOKIE, "accepts and keeps nothing: our first sequence number is a cookie",     \
      "RFC 4987 §3.6")                                                                             \
    X(SEND_HANDSHAKE_ACK, "acknowledges the peer's SYN: both directions are now synchronised",     \
      "RFC 9293 §3.5")                                                                             \
    X(SEND_HANDSHAKE_ACK_AGAIN, "the SYN+ACK again: our acknowledgment of it was lost",            \
      "RFC 5961 §4.2")                                                                             \
    X(SEND_DATA, "new data within the peer's window and the congestion window",                    \
      "RFC 9293 §3.10.2")                                                                          \
    X(SEND_DATA_CWR, "new data; CWR tells that the congestion window was cut", "RFC 3168 §6.1.2")  \
    X(SEND_FIN, "no more data will be sent from this end", "RFC 9293 §3.6")                        \
    X(SEND_ACK_EVERY_SECOND, "acknowledges at least every second full-sized segment",              \
      "RFC 9293 §3.8.6.3 [SHLD-19]")                                                               \
    X(SEND_ACK_DELAYED, "the delayed acknowledgment's time is over",                               \
      "RFC 9293 §3.8.6.3 [MUST-40]")                                                               \
    X(SEND_ACK_OUT_OF_ORDER, "at once, because data is missing before what arrived",               \
      "RFC 5681 §4.2")                                                                             \
    X(SEND_ACK_GAP_FILLED, "at once, because what arrived fills a gap", "RFC 5681 §4.2")           \
    X(SEND_ACK_MARKED, "at once: a router marked congestion; ECE until CWR", "RFC 3168 §6.1.3")    \
    X(SEND_ACK_MARKS, "at once: tells how many marks have come", "RFC 9768 §3.2.2.5.1")            \
    X(SEND_ACK_MARK_CHANGE, "at once, as marks begin or end: ECE says which", "RFC 8257 §3.2")     \
    X(SEND_ACK_DUPLICATE, "what arrived was received before: says again what is expected",         \
      "RFC 9293 §3.10.7.4")                                                                        \
    X(SEND_ACK_UNACCEPTABLE, "outside the window: says again what is expected",                    \
      "RFC 9293 §3.10.7.4")                                                                        \
    X(SEND_ACK_OF_FIN, "acknowledges the peer's FIN", "RFC 9293 §3.10.7.4")                        \
    X(SEND_ACK_UNSENT, "acknowledges what we never sent: says where we stand",                     \
      "RFC 9293 §3.10.7.4")                                                                        \
    X(SEND_ACK_OF_FIN_AGAIN, "the FIN again: our acknowledgment of it was lost",                   \
      "RFC 9293 §3.10.7.4")                                                                        \
    X(SEND_WINDOW_UPDATE, "the reader made room: the window opens by a useful amount",             \
      "RFC 9293 §3.8.6.2.2 [MUST-39]")                                                             \
    X(SEND_WINDOW_WHOLE, "the window is larger than the handshake could say: no scale in a SYN",   \
      "RFC 7323 §2.2")                                                                             \
    X(SEND_CHALLENGE_SYN, "challenge: a SYN inside a connection proves nothing", "RFC 5961 §4.2")  \
    X(SEND_CHALLENGE_RST, "challenge: a reset must name the exact next sequence number",           \
      "RFC 5961 §3.2")                                                                             \
    X(SEND_CHALLENGE_ACK, "challenge: acknowledgment outside what can be in flight",               \
      "RFC 5961 §5.2")                                                                             \
    X(SEND_KEEPALIVE, "asks whether the silent peer is still there", "RFC 9293 §3.8.4")            \
    X(SEND_WINDOW_PROBE, "asks whether the peer's closed window has opened",                       \
      "RFC 9293 §3.8.6.1 [MUST-36]")                                                               \
    X(SEND_RST_NO_CONNECTION, "no connection and no listener here", "RFC 9293 §3.10.7.1")          \
    X(SEND_RST_LISTEN_ACK, "acknowledges something to a listener that sent nothing",               \
      "RFC 9293 §3.10.7.2")                                                                        \
    X(SEND_RST_BAD_HANDSHAKE_ACK, "acknowledges something other than our SYN",                     \
      "RFC 9293 §3.10.7.3")                                                                        \
    X(SEND_RST_ABORT, "the user aborts", "RFC 9293 §3.10.5")                                       \
    X(SEND_RST_UNREAD, "closed with data unread: the peer must learn that it was lost",            \
      "RFC 9293 §3.6.1 [SHLD-3]")                                                                  \
    X(SEND_RST_NO_READER, "data arrived after this end was fully closed",                          \
      "RFC 9293 §3.6.1 [SHLD-3]")                                                                  \
    X(SEND_RST_ORPHAN, "closed by its user and over the limit of time or number",                  \
      "RFC 9293 §3.10.4")                                                                          \
    X(SEND_RST_LISTENER_GONE, "the listener was closed before anybody accepted",                   \
      "RFC 9293 §3.10.4")                                                                          \
    X(SEND_RST_TIMEOUT, "gives the connection up: tells the peer once", "RFC 9293 §3.8.3")         \
    X(SEND_FAST_RETRANSMIT, "three duplicate acknowledgments: this segment is taken for lost",     \
      "RFC 5681 §3.2")                                                                             \
    X(SEND_PARTIAL_ACK, "a partial acknowledgment: the next hole is lost as well",                 \
      "RFC 6582 §3.2")                                                                             \
    X(SEND_RACK, "lost: sent before what has arrived, and long enough ago", "RFC 8985 §6.2")       \
    X(SEND_TAIL_PROBE, "silence after the last segment: asks whether it was lost",                 \
      "RFC 8985 §7.3")                                                                             \
    X(SEND_LIMITED_TRANSMIT, "new data on a duplicate acknowledgment", "RFC 3042 §2")              \
    X(SEND_TIMEOUT, "not acknowledged before the retransmission timer", "RFC 6298 §5.4")           \
    X(SEND_AFTER_TIMEOUT, "sent before the timeout and not acknowledged since", "RFC 6582 §4")     \
    X(SEND_FRTO, "new data after a timeout: was anything lost?", "RFC 5682 §2.1")                  \
    X(SEND_WINDOW_OPENED, "the window has opened: what it had shut out goes again",                \
      "RFC 9293 §3.8.6.1")                                                                         \
    X(SEND_PMTU, "sent again in smaller pieces: the path carries less", "RFC 1191 §6.5")           \
    X(SEND_BLACK_HOLE, "full segments vanish: sent again in smaller pieces", "RFC 4821 §7.7")      \
    X(SEND_MTU_PROBE, "new data in a larger packet: does the path carry it?", "RFC 4821 §7.5")     \
    X(SEND_MTU_PROBE_AGAIN, "the larger packet was lost: its octets in packets as before",         \
      "RFC 4821 §7.6.2")

#define SYNFIN_REASONS_RECEIVE(X)                                                               \
    X(RECEIVED_SYN, "a peer wants to connect", "RFC 9293 §3.10.7.2")                            \
    X(RECEIVED_SYN_DATA, "Fast Open: data before the third segment", "RFC 7413 §4.2.2")         \
    X(RECEIVED_SYN_ACK_OF_DATA, "the peer accepts and acknowledges our SYN and data with it",   \
      "RFC 7413 §4.2.2")                                                                        \
    X(RECEIVED_SYN_ACK, "the peer accepts and acknowledges our SYN", "RFC 9293 §3.10.7.3")      \
    X(RECEIVED_SYN_CROSSED, "both ends opened at the same time", "RFC 9293 §3.5")               \
    X(RECEIVED_SYN_AGAIN, "the SYN again: our SYN+ACK has not arrived", "RFC 9293 §3.10.7.4")   \
    X(RECEIVED_HANDSHAKE_ACK, "the peer acknowledges our SYN", "RFC 9293 §3.10.7.4")            \
    X(RECEIVED_ACK, "acknowledges new data", "RFC 9293 §3.10.7.4")                              \
    X(RECEIVED_DUPLICATE_ACK, "acknowledges again what was acknowledged before", "RFC 5681 §2") \
    X(RECEIVED_SACK, "acknowledges data beyond a gap", "RFC 2018 §5")                           \
    X(RECEIVED_WINDOW, "the peer's window changed", "RFC 9293 §3.10.7.4")                       \
    X(RECEIVED_DATA, "the next data in order", "RFC 9293 §3.10.7.4")                            \
    X(RECEIVED_OUT_OF_ORDER, "data after a gap: kept until the gap is filled",                  \
      "RFC 9293 §3.10.7.4 [SHLD-31]")                                                           \
    X(RECEIVED_GAP_FILLED, "data that fills a gap", "RFC 9293 §3.10.7.4")                       \
    X(RECEIVED_FIN, "the peer has no more to send", "RFC 9293 §3.10.7.4")                       \
    X(RECEIVED_RST, "the peer reset the connection", "RFC 9293 §3.5.3")                         \
    X(RECEIVED_NOTHING_NEW, "nothing in it changes anything", "RFC 9293 §3.10.7.4")

// Why a state changed, a timer ran or an outcome was reported.
#define SYNFIN_REASONS_CAUSE(X)                                                                    \
    X(USER_LISTEN, "the user listens", "RFC 9293 §3.10.1")                                         \
    X(USER_CONNECT, "the user opens", "RFC 9293 §3.10.1")                                          \
    X(USER_CLOSE, "the user closes", "RFC 9293 §3.10.4")                                           \
    X(USER_SHUTDOWN, "the user ends its direction only", "RFC 9293 §3.6")                          \
    X(USER_ABORT, "the user aborts", "RFC 9293 §3.10.5")                                           \
    X(SYN_ARRIVED, "a SYN arrived at a listener", "RFC 9293 §3.10.7.2")                            \
    X(COOKIE_RETURNED, "a cookie came back: what it says stands for the SYN", "RFC 4987 §3.6")     \
    X(FASTOPEN_ARRIVED, "a SYN that Fast Open lets in arrived at a listener", "RFC 7413 §4.2.2")   \
    X(FASTOPEN_COOKIE_BAD, "no Fast Open cookie of ours: an ordinary handshake",                   \
      "RFC 7413 §4.2.2")                                                                           \
    X(FASTOPEN_LIMIT, "enough are open before their third segment: an ordinary handshake",         \
      "RFC 7413 §5.1")                                                                             \
    X(FASTOPEN_OFF, "Fast Open failed towards this peer: off for a while", "RFC 7413 §4.1.3.1")    \
    X(SYN_ACK_ARRIVED, "our SYN is acknowledged and the peer's has arrived", "RFC 9293 §3.10.7.3") \
    X(SYN_CROSSED, "the peer's SYN crossed ours: simultaneous open", "RFC 9293 §3.5 [MUST-10]")    \
    X(SYN_IS_ACKED, "our SYN is acknowledged", "RFC 9293 §3.10.7.4")                               \
    X(FIN_ARRIVED, "the peer's FIN arrived, all data before it was received",                      \
      "RFC 9293 §3.10.7.4")                                                                        \
    X(FIN_IS_ACKED, "our FIN is acknowledged", "RFC 9293 §3.10.7.4")                               \
    X(SYN_REFUSED, "the peer answers our SYN with a reset", "RFC 9293 §3.10.7.3")                  \
    X(RST_ARRIVED, "a valid reset arrived", "RFC 9293 §3.10.7.4")                                  \
    X(SYN_NEW_INCARNATION, "a new connection may reuse the pair of TIME-WAIT",                     \
      "RFC 9293 §3.6.1 [MAY-2]")                                                                   \
    X(TIME_WAIT_OVER, "twice the maximum segment lifetime has passed",                             \
      "RFC 9293 §3.6.1 [MUST-13]")                                                                 \
    X(TIME_WAIT_RESTARTED, "the peer's FIN came again: its acknowledgment was lost",               \
      "RFC 9293 §3.10.7.4")                                                                        \
    X(TIME_WAIT_EVICTED, "too many in TIME-WAIT: the oldest ends early", "RFC 9293 §3.6.1")        \
    X(TIME_WAIT_NO_MEMORY, "no memory for TIME-WAIT: closed without it", "RFC 9293 §3.6.1")        \
    X(TIME_WAIT_TAKEN, "a connection of our own takes the pair: timestamps keep the two apart",    \
      "RFC 6191 §2")                                                                               \
    X(FIN_WAIT_2_OVER, "the peer did not close within the limit", "RFC 9293 §3.10.4")              \
    X(ORPHAN_OVER, "closed by its user, and the peer does not answer", "RFC 9293 §3.10.4")         \
    X(SYN_RETRIES_OVER, "no answer to any SYN", "RFC 9293 §3.8.3 [MUST-23]")                       \
    X(SYN_NEVER_LEFT, "no device took our SYN for as long as an answer would be waited for",       \
      "RFC 9293 §3.8.3 [MUST-23]")                                                                 \
    X(SYN_ACK_RETRIES_OVER, "the handshake's third segment never came: half-open freed",           \
      "RFC 9293 §3.8.3")                                                                           \
    X(HALF_OPEN_EVICTED, "the oldest half-open connection makes room for a new one",               \
      "RFC 4987 §3.4")                                                                             \
    X(RETRIES_OVER, "retransmitted until the limit R2 without an answer",                          \
      "RFC 9293 §3.8.3 [MUST-20]")                                                                 \
    X(DATA_NEVER_LEFT, "no device took data or FIN for as long as an answer would be waited for",  \
      "RFC 9293 §3.8.3 [MUST-20]")                                                                 \
    X(USER_TIMEOUT_OVER, "data was not acknowledged within the user timeout", "RFC 9293 §3.10.8")  \
    X(KEEPALIVE_OVER, "no answer to any keep-alive", "RFC 9293 §3.8.4 [MUST-29]")                  \
    X(TIMER_RETRANSMIT, "the oldest segment was not acknowledged in time", "RFC 6298 §5.4")        \
    X(TIMER_PERSIST, "the peer's window is still closed", "RFC 9293 §3.8.6.1 [MUST-36]")           \
    X(TIMER_DELAYED_ACK, "an acknowledgment has waited long enough",                               \
      "RFC 9293 §3.8.6.3 [MUST-40]")                                                               \
    X(TIMER_KEEPALIVE, "the connection was idle", "RFC 9293 §3.8.4")                               \
    X(TIMER_USER_TIMEOUT, "something waits for longer than the user wants", "RFC 9293 §3.10.8")    \
    X(TIMER_REORDER, "what was late has had the time that reordering takes", "RFC 8985 §6.3")      \
    X(TIMER_TAIL_PROBE, "nothing has come back for two round trips", "RFC 8985 §7.2")              \
    X(TIMER_PACE, "it is the turn of what the pace held", "RFC 9002 §7.7")                         \
    X(TIMER_CORK, "what the cork holds has waited for 200 ms", "")                                 \
    X(TIMER_LINGER, "the time in this closing state is over", "RFC 9293 §3.10.8")                  \
    X(R1_REACHED, "three retransmissions: the next hop is looked for anew",                        \
      "RFC 9293 §3.8.3 [SHLD-9]")                                                                  \
    X(ARM_RETRANSMIT, "something is in flight", "RFC 6298 §5.1")                                   \
    X(ARM_UNSENT, "what is to be sent waits for a device to take it",                              \
      "RFC 9293 §3.8.3 [MUST-20, MUST-23]")                                                        \
    X(ARM_BACKOFF, "doubled after a retransmission", "RFC 6298 §5.5")                              \
    X(ARM_PERSIST, "data waits for a window", "RFC 9293 §3.8.6.1")                                 \
    X(ARM_DELAYED_ACK, "one acknowledgment may serve two segments", "RFC 9293 §3.8.6.3")           \
    X(ARM_KEEPALIVE, "to notice a peer that vanished", "RFC 9293 §3.8.4")                          \
    X(ARM_REORDER, "something sent before what has arrived is late", "RFC 8985 §6.2")              \
    X(ARM_TAIL_PROBE, "the end of the flight could be lost unnoticed", "RFC 8985 §7.2")            \
    X(ARM_CORK, "the cork holds a segment that is not full", "")                                   \
    X(ARM_PACE, "the pace holds what the window lets go", "RFC 9002 §7.7")                         \
    X(ARM_LINGER, "a closing state must end", "RFC 9293 §3.10.8")                                  \
    X(ARM_USER_TIMEOUT, "the user limits how long data may stay unacknowledged",                   \
      "RFC 9293 §3.10.8")                                                                          \
    X(CC_OPEN, "the initial window", "RFC 6928 §2")                                                \
    X(CC_FAST_RETRANSMIT, "cut once for this flight: something of it was lost", "RFC 5681 §3.2")   \
    X(CC_MARK, "cut once for this flight: a mark, and nothing was lost", "RFC 3168 §6.1.2")        \
    X(CC_LOST_AGAIN, "cut once more: what was sent again was lost as well", "RFC 5681 §4.3")       \
    X(CC_UNDO, "given back: it was no loss, the first transmission has arrived", "RFC 4015 §3")    \
    X(CC_UNDO_FRTO, "given back: what was sent once arrives after a timeout", "RFC 5682 §4")       \
    X(CC_UNDO_DSACK, "given back: all that was sent again arrived twice", "RFC 3708 §3")           \
    X(CC_RECOVERED, "recovery is over", "RFC 6582 §3.2")                                           \
    X(CC_TIMEOUT, "one segment: loss shown by the timer", "RFC 5681 §3.1")                         \
    X(CC_IDLE, "restarted after an idle time", "RFC 5681 §4.1")                                    \
    X(CC_NO_MEMORY, "no memory for the algorithm that was chosen: the default one", "")            \
    X(RECEIVE_BUFFER_GREW, "twice what the reader takes in a round trip, or more",                 \
      "RFC 9293 §3.8.6")                                                                           \
    X(SEND_BUFFER_GREW, "twice what may be in flight, or more", "RFC 9293 §3.9.1.2")               \
    X(BUFFER_HELD, "memory is short: the buffer does not grow", "")                                \
    X(WINDOW_HELD, "memory is short: less is offered than the buffer", "RFC 9293 §3.8.6")          \
    X(WINDOW_RELEASED, "there is memory again for all of the buffer", "")                          \
    X(ECN_MANGLED, "the way changes the ECN field: no more ECN-capable", "RFC 9768 §3.2.2.3")      \
    X(ECN_ZEROED, "the counter of marks was zeroed: it is not believed", "RFC 9768 §3.2.2.4")      \
    X(ECN_INCONSISTENT, "marked octets without a marked packet", "RFC 9768 §3.2.3.2.5")            \
    X(CC_NOT_VALIDATED, "halved: it was not in use for five minutes", "RFC 7661 §4.4.3")           \
    X(ICMP_UNREACHABLE, "a router or the peer reports it unreachable", "RFC 5927 §4")              \
    X(ICMP_HEARD, "a router reports trouble: noted, in case nothing else comes",                   \
      "RFC 9293 §3.9.2.2 [MUST-56]")                                                               \
    X(ICMP_TOO_BIG, "the path carries less: validated by its sequence number", "RFC 5927 §7")      \
    X(NEIGHBOUR_FAILED, "the next hop does not answer", "RFC 4861 §7.2.2")                         \
    X(NO_ROUTE, "no route leads there", "RFC 1122 §3.3.1")                                         \
    X(NO_SOURCE, "no address of this stack can be used there", "RFC 9293 §3.9.1.1 [MUST-44]")      \
    X(NO_PORTS, "every ephemeral port towards this peer is in use", "RFC 6056 §3.3.1")             \
    X(PAIR_IN_USE, "the pair of endpoints is connected or in TIME-WAIT", "RFC 9293 §3.10.1")       \
    X(SOCKETS_OVER, "the configured number of sockets is in use", "RFC 9293 §3.10.1")              \
    X(MEMORY_OVER, "no memory for another socket", "RFC 9293 §3.10.1")                             \
    X(OPENED, "the connection is open", "RFC 9293 §3.5")                                           \
    X(CLOSED_IN_ORDER, "both directions were closed and acknowledged", "RFC 9293 §3.6")

#endif
