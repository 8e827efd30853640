// SPDX-License-Identifier: MIT
//
// The lab's scenarios as data: a story, what the link does, and for each end a script of what
// its application does. A step is done when it can be; until then the script waits there.
#ifndef SYNFIN_CLI_LAB_H
#define SYNFIN_CLI_LAB_H

#include <stddef.h>
#include <stdint.h>

enum { LAB_STEPS_MAX = 10, LAB_DROPS_MAX = 2, LAB_PORT = 80, LAB_CLIENT_PORT = 5000 };

enum lab_verb {
    LAB_FINISH,     // the script's end
    LAB_LISTEN,     // on LAB_PORT
    LAB_ACCEPT,     // waits for a connection
    LAB_BIND,       // to LAB_CLIENT_PORT (the client) or LAB_PORT (the server)
    LAB_CONNECT,    // to the server's LAB_PORT, or to the client's LAB_CLIENT_PORT
    LAB_AWAIT_OPEN, // waits until connect has succeeded
    LAB_SEND,       // so many octets
    LAB_READ,       // waits for so many octets
    LAB_READ_END,   // reads until the peer's last octet
    LAB_SHUTDOWN,   // ends the own direction
    LAB_CLOSE,
    LAB_ABORT,
    LAB_SLEEP,      // so many milliseconds
    LAB_AT,         // until so many milliseconds after the beginning
    LAB_AWAIT_PEER, // until the other end's connection is in this state
    LAB_HEAL,       // takes all faults off the link
};

struct lab_step {
    enum lab_verb verb;
    uint32_t argument;
};

// How a scenario ends for one end. X(code, name in JSON, text for a person)
#define LAB_OUTCOMES(X)                                               \
    X(NOTHING, "nothing", "no connection")                            \
    X(LISTENING, "listening", "still listening, no connection")       \
    X(CONNECTED, "connected", "connected")                            \
    X(CLOSED, "closed", "closed in order")                            \
    X(FREED, "half-open-freed", "the half-open connection was freed") \
    X(FAILED, "failed", "failed") /* with an error, which names it */

enum lab_outcome {
#define LAB_OUTCOME_ENUM(code, name, text) LAB_OUTCOME_##code,
    LAB_OUTCOMES(LAB_OUTCOME_ENUM)
#undef LAB_OUTCOME_ENUM
};

struct lab_scenario {
    const char *name;
    const char *summary;                    // one line for --list
    const char *story;                      // two or three lines
    const char *drop[LAB_DROPS_MAX];        // what the link loses unless --drop is given
    struct lab_step step[2][LAB_STEPS_MAX]; // client's, server's
    enum lab_outcome expected[2];
};

// The scenarios in the order in which they are best read.
const struct lab_scenario *lab_scenarios_all(size_t *count);
// NULL when there is none of this name.
const struct lab_scenario *lab_scenarios_find(const char *name);

#endif
