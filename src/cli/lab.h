// SPDX-License-Identifier: MIT
//
// The lab's scenarios as data: a story, what the link does, and for each who takes part a script of
// what it does. A step is done when it can be; until then the script waits there.
#ifndef SYNFIN_CLI_LAB_H
#define SYNFIN_CLI_LAB_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/config.h>
#include <synfin/link.h>

enum { LAB_STEPS_MAX = 16, LAB_DROPS_MAX = 2, LAB_LATE_MAX = 3, LAB_FORGED_MAX = 6 };
enum { LAB_PORT = 80, LAB_CLIENT_PORT = 5000 };

// Who has a script. The stranger has no stack: it puts segments of its own making onto the link.
// Further clients are applications on the client's host.
enum lab_actor { LAB_CLIENT, LAB_SERVER, LAB_STRANGER, LAB_CLIENT_2, LAB_CLIENT_3, LAB_ACTORS };

enum lab_verb {
    LAB_FINISH,     // the script's end
    LAB_LISTEN,     // on LAB_PORT, with this backlog; 0: the default
    LAB_FASTOPEN,   // a listener lets so many in at once; a client's next SYN waits for data
    LAB_ROOM,       // a listener's connections have room for so many octets that nobody has read
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
    LAB_AWAIT_FAIL, // until the connection has failed; then it is forgotten
    LAB_RESTART,    // the host: its stack is made anew, and nobody is told
    LAB_FORGE,      // the stranger sends this one of the scenario's forged segments
    LAB_FLOOD,      // the stranger sends so many SYNs from random addresses
    LAB_HEAL,       // takes all faults off the link
    LAB_PATH_MTU,   // the link carries packets of so many octets from now on
};

struct lab_step {
    enum lab_verb verb;
    uint32_t argument;
};

// A segment that neither end sends, though it carries the address of one.
struct lab_forgery {
    const char *by; // who sends it, for the drawing
    enum synfin_link_side as;
    uint16_t flags;    // SYNFIN_TCP_*
    uint32_t seq, ack; // as on the wire, or
    bool is_relative;  // added to what `as` itself would send next
    uint32_t bytes;    // of payload
    bool has_time;     // carries the last timestamp of `as`
    bool has_window;   // announces `window` and not the largest
    uint16_t window;   // as on the wire
};

// Segments that the link holds back, as a drop rule names them.
struct lab_late {
    const char *which;
    uint32_t ms; // beyond their time
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
    struct lab_late late[LAB_LATE_MAX];     // what the link holds back
    const char *mark;                       // what the link marks, as a drop rule names it, or NULL
    uint64_t rate_bps;                      // of the link; 0: no limit
    uint32_t delay_ms, queue_packets;       // of the link; 0: as ever
    const char *model_before, *model_after; // counterexamples drawn with it (lab_model.h), or NULL
    struct lab_forgery forged[LAB_FORGED_MAX];
    struct lab_step step[LAB_ACTORS][LAB_STEPS_MAX];
    enum lab_outcome expected[LAB_ACTORS];
    enum synfin_ecn ecn;     // of both ends; NEVER: as the library has it
    uint32_t draws_ms;       // segments are drawn until then, and later only told of; 0: all are
    uint32_t path_mtu_bytes; // what the link carries; 0: what its ends do
    bool tells_path_mtu;     // and says so by ICMP
    bool tells_congestion;   // draws what becomes of the congestion window
    bool tells_buffers;      // and of the buffers
    const struct lab_scenario *sequel; // played behind it in a new world; NULL: none
};

// The scenarios in the order in which they are best read; NULL behind the last.
const struct lab_scenario *lab_scenarios_at(size_t i);
// NULL when there is none of this name.
const struct lab_scenario *lab_scenarios_find(const char *name);

#endif
