// SPDX-License-Identifier: MIT
//
// The scenarios of trouble: what the network remembers, what a host forgets, and what somebody
// sends who means harm.
#include "cli/lab_steps.h"

#include <synfin/trace.h>

// What the network kept of an earlier connection between the same two ports.
#define OLD_SYN                                                                          \
    {                                                                                    \
        .by = "old duplicate", .as = SYNFIN_LINK_A, .flags = SYNFIN_TCP_SYN, .seq = 1000 \
    }

static const struct lab_scenario deaf_client = {
    .name = "why-three",
    .summary = "the second reason: a client that hears nothing",
    .story = "The SYN arrives, but the client never hears an answer, and soon gives up. With two\n"
             "segments the server would be connected to nobody, and would not know. With three\n"
             "it stays in SYN-RECEIVED, asks again a few times, and frees what it kept.",
    .drop = {"server:SYN+ACK:*"},
    .model_before = "two-way-deaf-client",
    .step = {[LAB_CLIENT] = {{LAB_CONNECT, 0}, {LAB_SLEEP, 500}, {LAB_CLOSE, 0}},
             [LAB_SERVER] = {ACCEPTS}},
    .expected = {[LAB_CLIENT] = LAB_OUTCOME_NOTHING, [LAB_SERVER] = LAB_OUTCOME_FREED},
};

static const struct lab_scenario restarted_client = {
    .name = "half-open-peer",
    .summary = "the other way round: the client restarts and calls again",
    .story = "The client restarts and connects anew from the same port. The server still has the\n"
             "old connection, where a SYN proves nothing: it says where it stands. The client\n"
             "knows of no such thing and answers with a RST, which is exact, for it names the\n"
             "number that the server asked for. The old connection ends, and the new one opens.",
    .step = {[LAB_CLIENT] = {{LAB_BIND, 0},
                             OPENS,
                             {LAB_SEND, 100},
                             {LAB_AT, 1000},
                             {LAB_RESTART, 0},
                             {LAB_AT, 2000},
                             {LAB_BIND, 0},
                             OPENS},
             [LAB_SERVER] = {ACCEPTS, {LAB_READ, 100}, {LAB_AWAIT_FAIL, 0}, {LAB_ACCEPT, 0}}},
    .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
};

static const struct lab_scenario scenarios[] = {
    {
        .name = "old-duplicate-syn",
        .summary = "a SYN of an earlier connection arrives late, twice, and opens nothing",
        .story =
            "The network kept a SYN of an earlier connection between the same two ports. It\n"
            "reaches a listener, who cannot know that it is old and answers. The client's host\n"
            "knows of no such SYN, and its RST ends the attempt. Later a copy arrives within a\n"
            "new connection, where a SYN proves nothing: one acknowledgment, nothing else.",
        .forged = {OLD_SYN},
        .step =
            {[LAB_CLIENT] = {{LAB_AT, 200}, {LAB_BIND, 0}, OPENS, {LAB_AT, 400}, {LAB_SEND, 100}},
             [LAB_SERVER] = {ACCEPTS, {LAB_READ, 100}},
             [LAB_STRANGER] = {{LAB_FORGE, 0}, {LAB_AT, 300}, {LAB_FORGE, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "why-three",
        .summary = "why two segments are not enough: an old SYN, and a client that hears nothing",
        .story =
            "Suppose that two segments opened a connection: the server would be ESTABLISHED on\n"
            "a SYN alone. A model of that handshake finds where it leads: an old SYN is under\n"
            "way while the client opens, it arrives first, and the server writes to a\n"
            "connection that nobody asked for. With three segments the server waits to hear\n"
            "its own number back, which only the client of today can say.",
        .model_before = "two-way-handshake",
        .forged = {OLD_SYN},
        .step = {[LAB_CLIENT] = {{LAB_AT, 5}, {LAB_BIND, 0}, OPENS, {LAB_SEND, 100}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 100}},
                 [LAB_STRANGER] = {{LAB_FORGE, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
        .sequel = &deaf_client,
    },
    {
        .name = "why-four",
        .summary = "data after the first FIN, and what a close that did not wait would have lost",
        .story =
            "The client has no more to send and says so with a FIN. The server has: 100 octets\n"
            "are still to come, and they come, because a FIN ends one direction only. Behind\n"
            "it stands what a model finds when the server answers the FIN with its own at once\n"
            "and both are done: the client is told that it has everything, and octets that\n"
            "the server's application had written are gone.",
        .model_after = "close-without-waiting",
        .step = {[LAB_CLIENT] = {OPENS,
                                 {LAB_AT, 100},
                                 {LAB_SEND, 100},
                                 {LAB_SHUTDOWN, 0},
                                 {LAB_READ_END, 0},
                                 {LAB_CLOSE, 0}},
                 [LAB_SERVER] = {ACCEPTS,
                                 {LAB_READ_END, 0},
                                 {LAB_SLEEP, 50},
                                 {LAB_SEND, 100},
                                 {LAB_CLOSE, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CLOSED, [LAB_SERVER] = LAB_OUTCOME_CLOSED},
    },
    {
        .name = "half-open-peer",
        .summary = "one end restarts and has forgotten the connection: how the other learns",
        .story =
            "The server restarts in the middle of a connection, and the client does not know.\n"
            "When the client next sends, the new server finds no connection for the segment\n"
            "and answers with a RST, and the client's application learns the truth.",
        .step = {[LAB_CLIENT] =
                     {OPENS, {LAB_SEND, 100}, {LAB_AT, 2000}, {LAB_SEND, 100}, {LAB_READ, 1}},
                 [LAB_SERVER] =
                     {ACCEPTS, {LAB_READ, 100}, {LAB_AT, 1000}, {LAB_RESTART, 0}, {LAB_LISTEN, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_FAILED, [LAB_SERVER] = LAB_OUTCOME_LISTENING},
        .sequel = &restarted_client,
    },
    {
        .name = "time-wait-reuse",
        .summary = "what TIME-WAIT keeps out, and whom it lets in",
        .story =
            "The server closed first and waits in TIME-WAIT, while the network still holds\n"
            "segments of the connection. A RST does not end the wait, and an old SYN does not\n"
            "begin a connection. The client's new SYN from the same port does: its timestamp\n"
            "is later than everything before, so nothing old can be mistaken for its data.",
        .forged = {{.by = "old duplicate",
                    .as = SYNFIN_LINK_A,
                    .flags = SYNFIN_TCP_RST,
                    .is_relative = true},
                   {.by = "old duplicate",
                    .as = SYNFIN_LINK_A,
                    .flags = SYNFIN_TCP_SYN,
                    .is_relative = true,
                    .seq = UINT32_MAX - 1}},
        .step = {[LAB_CLIENT] = {{LAB_BIND, 0},
                                 OPENS,
                                 {LAB_READ_END, 0},
                                 {LAB_CLOSE, 0},
                                 {LAB_AT, 5000},
                                 {LAB_BIND, 0},
                                 OPENS,
                                 {LAB_SEND, 100}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_CLOSE, 0}, {LAB_ACCEPT, 0}, {LAB_READ, 100}},
                 [LAB_STRANGER] = {{LAB_AT, 1000}, {LAB_FORGE, 0}, {LAB_AT, 2000}, {LAB_FORGE, 1}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "full-backlog",
        .summary = "more clients than a listener may keep, and what becomes of them",
        .story =
            "The server listens with a backlog of 2 and accepts nobody for two seconds. Two\n"
            "clients are connected and wait. The SYN of a third is dropped in silence, for a\n"
            "RST would say that nobody listens; so its TCP tries again, and in the meantime the\n"
            "server has accepted somebody, and there is room.",
        .step = {[LAB_CLIENT] = {OPENS, {LAB_SEND, 100}, {LAB_READ_END, 0}, {LAB_CLOSE, 0}},
                 [LAB_CLIENT_2] =
                     {{LAB_AT, 100}, OPENS, {LAB_SEND, 100}, {LAB_READ_END, 0}, {LAB_CLOSE, 0}},
                 [LAB_CLIENT_3] =
                     {{LAB_AT, 200}, OPENS, {LAB_SEND, 100}, {LAB_READ_END, 0}, {LAB_CLOSE, 0}},
                 [LAB_SERVER] = {{LAB_LISTEN, 2},
                                 {LAB_AT, 2000},
                                 {LAB_ACCEPT, 0},
                                 {LAB_READ, 100},
                                 {LAB_CLOSE, 0},
                                 {LAB_ACCEPT, 0},
                                 {LAB_READ, 100},
                                 {LAB_CLOSE, 0},
                                 {LAB_ACCEPT, 0},
                                 {LAB_READ, 100},
                                 {LAB_CLOSE, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CLOSED,
                     [LAB_SERVER] = LAB_OUTCOME_CLOSED,
                     [LAB_CLIENT_2] = LAB_OUTCOME_CLOSED,
                     [LAB_CLIENT_3] = LAB_OUTCOME_CLOSED},
    },
    {
        .name = "syn-flood",
        .summary = "SYNs from everywhere, and two clients who are served all the same",
        .story =
            "An attacker sends 30,000 SYNs from addresses that are not its own and answers\n"
            "nothing. A half-open connection costs the server 60 octets, and only so many are\n"
            "kept: beyond that the server keeps nothing and puts what it must remember into\n"
            "its own first sequence number, a cookie. Who returns it has received it.",
        .step = {[LAB_CLIENT] =
                     {{LAB_AT, 1000}, OPENS, {LAB_SEND, 100}, {LAB_READ_END, 0}, {LAB_CLOSE, 0}},
                 [LAB_CLIENT_2] =
                     {{LAB_AT, 2000}, OPENS, {LAB_SEND, 100}, {LAB_READ_END, 0}, {LAB_CLOSE, 0}},
                 [LAB_STRANGER] = {{LAB_AT, 100}, {LAB_FLOOD, 30000}},
                 [LAB_SERVER] = {ACCEPTS,
                                 {LAB_READ, 100},
                                 {LAB_SEND, 100},
                                 {LAB_CLOSE, 0},
                                 {LAB_ACCEPT, 0},
                                 {LAB_READ, 100},
                                 {LAB_SEND, 100},
                                 {LAB_CLOSE, 0}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CLOSED,
                     [LAB_SERVER] = LAB_OUTCOME_CLOSED,
                     [LAB_CLIENT_2] = LAB_OUTCOME_CLOSED},
    },
    {
        .name = "blind-reset",
        .summary = "somebody who cannot see the connection tries to break it",
        .story =
            "An attacker knows both addresses and both ports, but sees no segment and has to\n"
            "guess the numbers. A RST outside the window is dropped. One within the window is\n"
            "answered with a challenge, and so is a SYN: the true client would repeat it with\n"
            "the number that the challenge names. Data needs a right acknowledgment as well.\n"
            "Nothing changes; only a RST with the one next number of 2^32 would be believed.",
        .forged = {{.by = "attacker",
                    .as = SYNFIN_LINK_A,
                    .flags = SYNFIN_TCP_RST,
                    .is_relative = true,
                    .seq = 2000000},
                   {.by = "attacker",
                    .as = SYNFIN_LINK_A,
                    .flags = SYNFIN_TCP_RST,
                    .is_relative = true,
                    .seq = 1000},
                   {.by = "attacker",
                    .as = SYNFIN_LINK_A,
                    .flags = SYNFIN_TCP_SYN,
                    .is_relative = true,
                    .seq = 1000},
                   {.by = "attacker",
                    .as = SYNFIN_LINK_A,
                    .flags = SYNFIN_TCP_ACK | SYNFIN_TCP_PSH,
                    .is_relative = true,
                    .has_time = true,
                    .ack = 70000,
                    .bytes = 50}},
        .step = {[LAB_CLIENT] = {OPENS, {LAB_SEND, 100}, {LAB_AT, 600}, {LAB_SEND, 100}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 200}},
                 [LAB_STRANGER] = {{LAB_AT, 200},
                                   {LAB_FORGE, 0},
                                   {LAB_AT, 300},
                                   {LAB_FORGE, 1},
                                   {LAB_AT, 400},
                                   {LAB_FORGE, 2},
                                   {LAB_AT, 500},
                                   {LAB_FORGE, 3}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
};

const struct lab_scenario *lab_trouble_at(size_t i)
{
    return i < sizeof scenarios / sizeof scenarios[0] ? &scenarios[i] : NULL;
}
