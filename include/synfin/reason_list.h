// SPDX-License-Identifier: MIT
//
// The list behind reason.h: each reason's code, its text for a person and the RFC clause it
// follows. One list per floor, so that a newcomer finds who gives which reason.
#ifndef SYNFIN_REASON_LIST_H
#define SYNFIN_REASON_LIST_H

#include <synfin/reason_drop.h>
#include <synfin/reason_path.h>
#include <synfin/reason_tcp.h>

// X(code, text, clause). Below TCP: link, ARP, IP, ICMP, neighbour discovery, reassembly, output.
#define SYNFIN_REASONS_DROP_NET(X)                                                                 \
    X(DROP_LINK_SHORT, "shorter than its link header", "RFC 894 §1")                               \
    X(DROP_LINK_NOT_FOR_US, "frame for another station", "RFC 894 §1")                             \
    X(DROP_LINK_TYPE, "a protocol this stack does not speak", "RFC 894 §1")                        \
    X(DROP_NOT_LINEAR, "headers are not in one piece", "RFC 791 §3.1")                             \
    X(DROP_ARP_INVALID, "not an Ethernet and IPv4 ARP packet", "RFC 826 §1")                       \
    X(DROP_ARP_UNSOLICITED, "an ARP answer nobody asked for", "RFC 5227 §2")                       \
    X(DROP_IP_SHORT, "shorter than its IP header or total length", "RFC 791 §3.1")                 \
    X(DROP_IP_VERSION, "IP version does not fit", "RFC 791 §3.1")                                  \
    X(DROP_IP_HEADER, "header length below 20 or beyond the packet", "RFC 791 §3.1")               \
    X(DROP_IP_CHECKSUM, "IP header checksum is wrong", "RFC 1122 §3.2.1.2")                        \
    X(DROP_IP_SOURCE_ROUTE, "source routing is not honoured", "RFC 6274 §3.13.2.3")                \
    X(DROP_IP_OPTION, "an IP option's length is impossible", "RFC 791 §3.1")                       \
    X(DROP_IP_MARTIAN_SOURCE, "a source address nobody can have", "RFC 1122 §3.2.1.3")             \
    X(DROP_IP_MARTIAN_DESTINATION, "a destination that is no host", "RFC 1122 §3.2.1.3")           \
    X(DROP_IP_NOT_OURS, "for another host, and this stack does not forward", "RFC 1122 §3.2.1.3")  \
    X(DROP_IP_PROTOCOL, "a transport this stack does not speak", "RFC 1122 §3.2.2.1")              \
    X(DROP_IP6_EXTENSION, "a chain of extension headers beyond the limits", "RFC 8504 §5.3")       \
    X(DROP_IP6_EXTENSION_ORDER, "hop-by-hop options not first", "RFC 8200 §4.1")                   \
    X(DROP_IP6_OPTION, "an option this node must discard the packet for", "RFC 8200 §4.2")         \
    X(DROP_IP6_ROUTING, "a routing header with segments left", "RFC 8200 §4.4")                    \
    X(DROP_FRAGMENT_LENGTH, "a fragment of impossible length or offset", "RFC 8200 §4.5")          \
    X(DROP_FRAGMENT_OVERLAP, "overlapping fragments: the whole datagram goes", "RFC 5722 §4")      \
    X(DROP_FRAGMENT_TINY, "the first fragment does not hold the headers", "RFC 7112 §5")           \
    X(DROP_FRAGMENT_LIMIT, "more fragments or datagrams than the limits", "RFC 815 §8")            \
    X(DROP_FRAGMENT_TIMEOUT, "fragments are missing after the reassembly time", "RFC 8200 §4.5")   \
    X(DROP_FRAGMENT_NESTED, "a fragment inside a reassembled datagram", "RFC 8200 §4.5")           \
    X(DROP_ICMP_SHORT, "shorter than its ICMP header", "RFC 792 §1")                               \
    X(DROP_ICMP_CHECKSUM, "ICMP checksum is wrong", "RFC 792 §1")                                  \
    X(DROP_ICMP_TYPE, "an ICMP type without a use here", "RFC 1122 §3.2.2")                        \
    X(DROP_ICMP_QUOTE, "its quoted packet is none of ours", "RFC 5927 §4")                         \
    X(DROP_ICMP_SEQUENCE, "its quoted sequence number is not in flight", "RFC 5927 §4.1")          \
    X(DROP_ICMP_SOFT, "a hard error cannot end an open connection", "RFC 5927 §5.2")               \
    X(DROP_ICMP_MTU, "an MTU no path can have", "RFC 5927 §7.2")                                   \
    X(DROP_ICMP_MTU_KNOWN, "our packets are no larger than that already", "RFC 5927 §7.2")         \
    X(DROP_ICMP_PROGRESS, "the packet that it calls too big has arrived", "RFC 5927 §7.2")         \
    X(DROP_ICMP_QUENCH, "source quench is obsolete", "RFC 6633 §4")                                \
    X(DROP_ICMP_LIMIT, "enough ICMP messages in this time", "RFC 1812 §4.3.2.8")                   \
    X(DROP_ND_HOP_LIMIT, "neighbour discovery from beyond this link", "RFC 4861 §7.1")             \
    X(DROP_ND_INVALID, "a neighbour discovery message that fails validation", "RFC 4861 §7.1")     \
    X(DROP_ND_UNSOLICITED, "a neighbour advertisement for nobody we asked for", "RFC 4861 §7.2.5") \
    X(DROP_NEIGHBOUR_FULL, "too much waits for this neighbour", "RFC 4861 §7.2.2")                 \
    X(DROP_NEIGHBOUR_FAILED, "the next hop does not answer", "RFC 4861 §7.2.2")                    \
    X(DROP_OUTPUT_FULL, "the queue of answers is full", "RFC 1812 §4.3.2.8")

#define SYNFIN_REASONS_NET(X)                                                                \
    X(NET_ARP_REQUEST, "asks who has the next hop's address", "RFC 826 §3")                  \
    X(NET_ARP_REPLY, "tells a neighbour our link address", "RFC 826 §3")                     \
    X(NET_ND_SOLICIT, "asks for the next hop's link address", "RFC 4861 §7.2.2")             \
    X(NET_ND_ADVERTISE, "tells a neighbour our link address", "RFC 4861 §7.2.4")             \
    X(NET_ND_ROUTER_SOLICIT, "asks for a router", "RFC 4861 §6.3.7")                         \
    X(NET_ECHO_REPLY, "answers an echo request", "RFC 1122 §3.2.2.6")                        \
    X(NET_ICMP_PROTOCOL, "tells that the transport is not spoken here", "RFC 1122 §3.2.2.1") \
    X(NET_ICMP_PORT, "tells that nobody listens there", "RFC 1122 §4.1.3.1")                 \
    X(NET_ICMP_PARAMETER, "tells where the header is wrong", "RFC 4443 §3.4")                \
    X(NET_ICMP_TOO_BIG, "tells what the way on carries", "RFC 1191 §4")                      \
    X(NET_ICMP_TIME, "tells that reassembly took too long", "RFC 1122 §3.3.2")               \
    X(NET_CONSUMED, "handled below TCP", "RFC 1122 §3.1")

// What a link between two stacks did to a packet.
#define SYNFIN_REASONS_LINK(X)                                          \
    X(LINK_LOST_RANDOM, "lost on the link: random loss", "")            \
    X(LINK_LOST_CHOSEN, "lost on the link: chosen by --drop", "")       \
    X(LINK_LOST_QUEUE, "lost on the link: its queue was full", "")      \
    X(LINK_LOST_MTU, "lost on the link: larger than its MTU", "")       \
    X(LINK_LOST_POLICED, "lost on the link: faster than it may be", "") \
    X(LINK_CORRUPTED, "a bit was flipped on the link", "")              \
    X(LINK_DUPLICATED, "the link made a copy", "")                      \
    X(LINK_REORDERED, "held back on the link", "")                      \
    X(LINK_MARKED, "marked by a router: CE", "RFC 3168 §5")

#define SYNFIN_REASONS(X)                \
    X(UNKNOWN, "no reason is known", "") \
    SYNFIN_REASONS_SEND(X)               \
    SYNFIN_REASONS_RECEIVE(X)            \
    SYNFIN_REASONS_CAUSE(X)              \
    SYNFIN_REASONS_DROP_TCP(X)           \
    SYNFIN_REASONS_DROP_NET(X)           \
    SYNFIN_REASONS_NET(X)                \
    SYNFIN_REASONS_LINK(X)               \
    SYNFIN_REASONS_PATH_MTU(X)

#endif
