// SPDX-License-Identifier: MIT
//
// The scenarios of a sender that survives loss: what is missing and how that is found out, what
// only looks missing, and windows that close.
#include "cli/lab_steps.h"

#include <synfin/trace.h>

// A full segment carries 1448 octets: the MSS of 1460 less 12 of timestamps.
enum { SEGMENT = 1448 };

// So that segments arrive one after the other: a full one takes 1.2 ms.
#define RATE_BPS UINT64_C(10000000)

static const struct lab_scenario scenarios[] = {
    {
        .name = "fast-retransmit",
        .summary = "one segment of six is lost, and known to be lost one round trip later",
        .story =
            "The link loses the second of six segments. The server receives those behind it\n"
            "and says so: each acknowledgment names the first octet that is missing and what\n"
            "is there beyond it. What was sent before something that has arrived is late, and\n"
            "when three segments have overtaken it, it is lost. It goes again at once, alone.",
        .drop = {"client:DATA:2"},
        .rate_bps = RATE_BPS,
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 6 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 6 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "tail-loss",
        .summary = "the last two segments are lost, and nothing arrives that could tell",
        .story =
            "The link loses the last two of five segments. Behind them nothing follows, so the\n"
            "server has nothing to report. The client does not wait for its timer of a second:\n"
            "after two round trips it sends the last segment again as a question. The answer\n"
            "shows the gap before it, and the segment that is missing goes at once.",
        .drop = {"client:DATA:4-5"},
        .rate_bps = RATE_BPS,
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 5 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 5 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "reordering",
        .summary = "a segment is overtaken, and nothing is sent twice",
        .story =
            "The network holds the second of three segments back for 5 ms, and the third\n"
            "overtakes it. The server reports a gap, as it does for a loss. The client waits a\n"
            "quarter of a round trip before it believes one; within that time the late segment\n"
            "is acknowledged. Nothing is sent again, and the congestion window is not cut.",
        .late = {{"client:DATA:2", 5}},
        .rate_bps = RATE_BPS,
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 3 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 3 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "spurious-timeout",
        .summary = "the path stands still for longer than the timeout, and loses nothing",
        .story = "The path stands still for half a second, and keeps what it was given. The\n"
                 "client hears nothing, its timer expires, and it takes everything for lost. Then\n"
                 "the acknowledgment of the first transmission comes: the time that it echoes is\n"
                 "older than the repetition. Nothing was lost, so the client takes back what the\n"
                 "timeout did, and sends nothing else twice. The copies arrive for nothing.",
        .late = {{"client:DATA:1-4", 500}, {"client:DATA:5", 445}, {"client:DATA:6", 310}},
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 4 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 4 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "lost-retransmission",
        .summary = "a segment is lost, and its repetition is lost as well",
        .story =
            "The link loses the second segment, and loses it again when it is repeated. New\n"
            "data that was sent behind the repetition arrives, and so the repetition is lost\n"
            "too, by the same reasoning as the first time: it goes once more, without waiting\n"
            "for the timer.",
        .drop = {"client:DATA:2", "client:DATA:8"},
        .rate_bps = RATE_BPS,
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS,
                                 {LAB_AT, 100},
                                 {LAB_SEND, 7 * SEGMENT},
                                 {LAB_AT, 146},
                                 {LAB_SEND, SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 8 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "zero-window",
        .summary = "the reader stops, the window closes, and the sender keeps asking",
        .story = "The server's application has room for 4,344 octets and reads nothing for four\n"
                 "seconds. The client fills the room, and the window is closed. The segment that\n"
                 "opens it again could be lost, and then both would wait for ever; so the client\n"
                 "asks again and again, twice as slowly each time, until the reader has made room.",
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 5 * SEGMENT}},
                 [LAB_SERVER] = {{LAB_LISTEN, 0},
                                 {LAB_ROOM, 3 * SEGMENT},
                                 {LAB_ACCEPT, 0},
                                 {LAB_AT, 4000},
                                 {LAB_READ, 5 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "shrinking-window",
        .summary = "a window that was promised is taken back while data is under way",
        .story =
            "Somebody on the way, who is short of memory, drops what the client has sent and\n"
            "closes the window that the server had promised. No TCP should do that, and every\n"
            "TCP must bear it: the client sends nothing new, though it soon has something, it\n"
            "does not give up, and it asks until the window is open again. Then everything\n"
            "that was under way goes again.",
        .drop = {"client:DATA:1-3"},
        .forged = {{.by = "middlebox",
                    .as = SYNFIN_LINK_B,
                    .flags = SYNFIN_TCP_ACK,
                    .is_relative = true,
                    .has_time = true,
                    .has_window = true}},
        .step = {[LAB_CLIENT] = {OPENS,
                                 {LAB_AT, 100},
                                 {LAB_SEND, 3 * SEGMENT},
                                 {LAB_AT, 200},
                                 {LAB_SEND, SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 4 * SEGMENT}},
                 [LAB_STRANGER] = {{LAB_AT, 110}, {LAB_FORGE, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "black-hole-mtu",
        .summary = "full segments vanish without a word, small ones pass",
        .story =
            "Somewhere on the way packets of more than 1,450 octets are dropped, and nobody is\n"
            "told. The handshake passes, and so does the first question; the answer of full\n"
            "segments vanishes, and vanishes again at every try. After the second the server\n"
            "tries smaller segments, and when they arrive it knows. From there it feels its way\n"
            "upward: a larger packet of new data now and then, whose loss is no congestion.",
        .path_mtu_bytes = 1450,
        .rate_bps = RATE_BPS,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 100}, {LAB_READ, 40 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 100}, {LAB_SEND, 40 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "path-mtu",
        .summary = "a router on the way says what it carries, now and when that changes",
        .story =
            "The way carries packets of 1,400 octets, and the router that drops what is larger\n"
            "says so. The first full segments go again at once in smaller pieces; nothing else\n"
            "is lost, and nothing slows down. Later the way changes to one that carries 1,300.\n"
            "This time the router's word waits: packets of 1,400 octets had arrived, and anybody\n"
            "could have sent that word. Two round trips of silence bear it out.",
        .path_mtu_bytes = 1400,
        .tells_path_mtu = true,
        .rate_bps = RATE_BPS,
        .step = {[LAB_CLIENT] = {OPENS,
                                 {LAB_AT, 100},
                                 {LAB_SEND, 3 * SEGMENT},
                                 {LAB_AT, 500},
                                 {LAB_PATH_MTU, 1300},
                                 {LAB_SEND, 3 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 6 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
};

const struct lab_scenario *lab_loss_at(size_t i)
{
    return i < sizeof scenarios / sizeof scenarios[0] ? &scenarios[i] : NULL;
}
