// SPDX-License-Identifier: MIT
//
// The scenarios: each part of a connection's life, the way it should go and each way it can fail.
#include "cli/lab.h"

#include <string.h>

#include <synfin/trace.h>

#include "cli/lab_steps.h"

static const struct lab_scenario scenarios[] = {
    {
        .name = "handshake",
        .summary = "three segments open a connection",
        .story = "Each end chooses an unpredictable first sequence number, tells it with a SYN,\n"
                 "and has it acknowledged. That takes three segments, because the second carries\n"
                 "both the server's SYN and the acknowledgment of the client's.",
        .step = {{OPENS}, {ACCEPTS}},
        .expected = {LAB_OUTCOME_CONNECTED, LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "close",
        .summary = "four segments close it, one direction after the other",
        .story =
            "A FIN says only \"I have no more to send\". The server acknowledges the client's\n"
            "FIN at once, thinks for 50 ms, and closes its own direction with a second FIN.\n"
            "The client, which closed first, then waits in TIME-WAIT for stray segments to die.",
        .step = {{OPENS, {LAB_AT, 100}, {LAB_CLOSE, 0}},
                 {ACCEPTS, {LAB_READ_END, 0}, {LAB_SLEEP, 50}, {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
    {
        .name = "close-three",
        .summary = "three segments close it when the server has nothing left to say",
        .story =
            "The server's application closes in the moment in which it learns that the client\n"
            "has no more to send. Its FIN and the acknowledgment of the client's FIN then\n"
            "travel in one segment.",
        .step = {{OPENS, {LAB_AT, 100}, {LAB_CLOSE, 0}},
                 {ACCEPTS, {LAB_READ_END, 0}, {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
    {
        .name = "half-close",
        .summary = "data still arrives after the first FIN",
        .story =
            "The client asks a question of 100 octets and ends its direction only. The server\n"
            "answers with 4,000 octets, some of them 150 ms later, and closes then. All of\n"
            "them must arrive: this is why closing takes two FINs and not one.",
        .step = {{OPENS,
                  {LAB_AT, 100},
                  {LAB_SEND, 100},
                  {LAB_SHUTDOWN, 0},
                  {LAB_READ_END, 0},
                  {LAB_CLOSE, 0}},
                 {ACCEPTS,
                  {LAB_READ_END, 0},
                  {LAB_SEND, 3000},
                  {LAB_SLEEP, 150},
                  {LAB_SEND, 1000},
                  {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
    {
        .name = "fast-open",
        .summary = "the second time, data travel with the SYN and are answered at once",
        .story = "The first connection asks for a cookie, and the server's SYN+ACK brings one: it\n"
                 "says that the client is where it says it is. The second connection shows it.\n"
                 "Its question goes with the SYN, and the answer is under way one round trip\n"
                 "sooner. The price: a SYN that the network duplicates may be served twice.",
        .step = {{{LAB_FASTOPEN, 0},
                  {LAB_CONNECT, 0},
                  {LAB_SEND, 100},
                  {LAB_READ, 200},
                  {LAB_CLOSE, 0},
                  {LAB_AT, 1000},
                  {LAB_FASTOPEN, 0},
                  {LAB_CONNECT, 0},
                  {LAB_SEND, 100},
                  {LAB_READ, 200},
                  {LAB_CLOSE, 0}},
                 {{LAB_LISTEN, 0},
                  {LAB_FASTOPEN, 8},
                  {LAB_ACCEPT, 0},
                  {LAB_READ, 100},
                  {LAB_SEND, 200},
                  {LAB_READ_END, 0},
                  {LAB_CLOSE, 0},
                  {LAB_ACCEPT, 0},
                  {LAB_READ, 100},
                  {LAB_SEND, 200},
                  {LAB_READ_END, 0},
                  {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
    {
        .name = "simultaneous-open",
        .summary = "both ends connect at the same time, and get one connection",
        .story =
            "Nobody listens. Both ends connect to each other's known port in the same moment,\n"
            "and their SYNs cross on the way. Each then acknowledges the other's SYN, and the\n"
            "two attempts become one connection.",
        .step = {{{LAB_BIND, 0}, OPENS}, {{LAB_BIND, 0}, OPENS}},
        .expected = {LAB_OUTCOME_CONNECTED, LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "simultaneous-close",
        .summary = "both ends close at the same time, and both wait in TIME-WAIT",
        .story =
            "Both applications close 200 ms after the beginning. The two FINs cross on the\n"
            "way, so that each end receives a FIN where it expected the acknowledgment of its\n"
            "own: both pass through CLOSING, and both end in TIME-WAIT.",
        .step = {{OPENS, {LAB_AT, 200}, {LAB_CLOSE, 0}}, {ACCEPTS, {LAB_AT, 200}, {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
    {
        .name = "refused",
        .summary = "nobody listens, and the server says so with a reset",
        .story = "The server's host is there, but no application listens on the port. Its TCP\n"
                 "answers the SYN with a RST, and the client knows after one round trip.",
        .step = {{OPENS}, {{LAB_FINISH, 0}}},
        .expected = {LAB_OUTCOME_FAILED, LAB_OUTCOME_NOTHING},
    },
    {
        .name = "lost-syn",
        .summary = "the handshake's first segment is lost and sent again",
        .story = "The link loses the client's SYN. The server knows nothing of it, so only the\n"
                 "client can notice: no answer comes, its retransmission timer is due after a\n"
                 "second, and the second SYN gets through.",
        .drop = {"client:SYN:1"},
        .step = {{OPENS}, {ACCEPTS}},
        .expected = {LAB_OUTCOME_CONNECTED, LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "lost-synack",
        .summary = "the second segment is lost: both ends send again, one connection comes of it",
        .story = "The link loses the server's SYN,ACK. The server keeps the half-open connection\n"
                 "and sends it again; the client, which heard nothing, sends its SYN again too.\n"
                 "The repeated SYN must not make a second connection.",
        .drop = {"server:SYN+ACK:1"},
        .step = {{OPENS}, {ACCEPTS}},
        .expected = {LAB_OUTCOME_CONNECTED, LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "lost-ack",
        .summary = "the third segment is lost, and the first data completes the handshake",
        .story = "The link loses the handshake's last acknowledgment. The client is ESTABLISHED\n"
                 "already, the server is not. 300 ms later the client sends its first data, which\n"
                 "acknowledges the server's SYN as well.",
        .drop = {"client:ACK:1"},
        .step = {{OPENS, {LAB_SLEEP, 300}, {LAB_SEND, 100}}, {ACCEPTS, {LAB_READ, 100}}},
        .expected = {LAB_OUTCOME_CONNECTED, LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "silent-server",
        .summary = "no answer to any SYN: the waits, the maximum, the error",
        .story = "Whatever is sent to the server vanishes: the link loses every SYN. The client\n"
                 "sends its SYN again and again, waits twice as long each time up to a limit, and\n"
                 "after the last try tells its application that the peer did not answer.",
        .drop = {"client:SYN:*"},
        .step = {{OPENS}, {ACCEPTS}},
        .expected = {LAB_OUTCOME_FAILED, LAB_OUTCOME_LISTENING},
    },
    {
        .name = "silent-client",
        .summary = "the third segment never comes: the server frees the half-open connection",
        .story =
            "The link loses every acknowledgment of the client, so the client believes that it\n"
            "is connected while the server hears nothing, sends its SYN,ACK up to the maximum\n"
            "and frees the half-open connection. Then the link heals: the client's first data\n"
            "finds no connection, and the reset tells the client.",
        .drop = {"client:ACK:*"},
        .step = {{OPENS,
                  {LAB_AWAIT_PEER, SYNFIN_TCP_STATE_CLOSED},
                  {LAB_SLEEP, 1000},
                  {LAB_HEAL, 0},
                  {LAB_SEND, 100},
                  {LAB_READ, 1}},
                 {ACCEPTS}},
        .expected = {LAB_OUTCOME_FAILED, LAB_OUTCOME_FREED},
    },
    {
        .name = "lost-fin",
        .summary = "the first FIN is lost and sent again",
        .story = "The link loses the client's FIN. The server still believes that more may come;\n"
                 "the client hears nothing for two round trips and sends the FIN again, long\n"
                 "before its retransmission timer is due, and with the same sequence number, for\n"
                 "it is counted like an octet of data.",
        .drop = {"client:FIN:1"},
        .step = {{OPENS, {LAB_AT, 100}, {LAB_CLOSE, 0}},
                 {ACCEPTS, {LAB_READ_END, 0}, {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
    {
        .name = "reset",
        .summary = "one end aborts: the other learns at once, and nothing waits",
        .story = "The server's application reads the client's 100 octets and aborts instead of\n"
                 "closing. One RST ends the connection in both directions: no FIN, no TIME-WAIT,\n"
                 "and an error for the client.",
        .step = {{OPENS, {LAB_SEND, 100}, {LAB_READ_END, 0}, {LAB_CLOSE, 0}},
                 {ACCEPTS, {LAB_READ, 100}, {LAB_ABORT, 0}}},
        .expected = {LAB_OUTCOME_FAILED, LAB_OUTCOME_FAILED},
    },
    {
        .name = "time-wait",
        .summary = "the last acknowledgment is lost: this is what TIME-WAIT is for",
        .story =
            "The link loses the client's acknowledgment of the server's FIN, the last segment\n"
            "of all. The server sends its FIN again, and the client, still there in TIME-WAIT,\n"
            "acknowledges again and begins its wait anew.",
        .drop = {"client:ACK:2"},
        .step = {{OPENS, {LAB_AT, 100}, {LAB_CLOSE, 0}},
                 {ACCEPTS, {LAB_READ_END, 0}, {LAB_CLOSE, 0}}},
        .expected = {LAB_OUTCOME_CLOSED, LAB_OUTCOME_CLOSED},
    },
};

static const struct lab_scenario *own_at(size_t i)
{
    return i < sizeof scenarios / sizeof scenarios[0] ? &scenarios[i] : NULL;
}

const struct lab_scenario *lab_scenarios_at(size_t i)
{
    static const struct lab_scenario *(*const files[])(size_t) = {
        own_at, lab_trouble_at, lab_loss_at, lab_ecn_at, lab_window_at};
    for (size_t file = 0; file < sizeof files / sizeof files[0]; file++) {
        size_t n = 0;
        for (; files[file](n) != NULL; n++) {
            if (n == i) {
                return files[file](n);
            }
        }
        i -= n;
    }
    return NULL;
}

const struct lab_scenario *lab_scenarios_find(const char *name)
{
    const struct lab_scenario *scenario = NULL;
    for (size_t i = 0; (scenario = lab_scenarios_at(i)) != NULL; i++) {
        if (strcmp(scenario->name, name) == 0) {
            return scenario;
        }
    }
    return NULL;
}
