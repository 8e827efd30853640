// SPDX-License-Identifier: MIT
//
// What `synfin serve` is made of: a server that accepts connections on synfin's TCP, and a service
// that speaks on them (HTTP, echo, discard, chargen). The server owns the connections' handles,
// their time limits and their end; a service only moves octets.
#ifndef SYNFIN_CLI_SERVE_H
#define SYNFIN_CLI_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

// X(code, seconds): how long a connection may wait for its peer. Each kind is a queue in order of
// deadlines, because all in it wait equally long.
#define SERVE_WAITS(X)                                                          \
    X(NONE, 0)   /* as long as the peer likes */                                \
    X(IDLE, 30)  /* for a whole request, or for room to send the next octets */ \
    X(LINGER, 5) /* for the peer's end, after ours */

enum serve_wait {
#define SERVE_WAIT_ENUM(code, seconds) SERVE_WAIT_##code,
    SERVE_WAITS(SERVE_WAIT_ENUM)
#undef SERVE_WAIT_ENUM
        SERVE_WAIT_COUNT
};

struct serve;

struct serve_conn {
    struct serve *serve;
    struct serve_conn *next, *prev; // in the queue of its wait
    enum serve_wait wait;
    synfin_socket socket;
    uint64_t number;      // of the accepted connection, from 1
    uint64_t deadline_ns; // of its wait; SYNFIN_NEVER without one
    uint64_t accepted_ns;
    uint64_t octets_in, octets_out;
    struct synfin_endpoint peer;
    bool is_closing; // our direction has ended, and the service has nothing to do with it
};

enum serve_verdict {
    SERVE_VERDICT_WAIT,  // nothing more to do until an event
    SERVE_VERDICT_CLOSE, // finished: close in order; the service is not asked again
    SERVE_VERDICT_ABORT, // failed: reset
};

struct serve_service {
    const char *name;
    size_t conn_bytes; // of its struct, which begins with a serve_conn
    // Does all that can be done now; called after accepting and after every event.
    enum serve_verdict (*advance)(struct serve_conn *conn, uint64_t now_ns);
    // The wait's time is over.
    enum serve_verdict (*expire)(struct serve_conn *conn, uint64_t now_ns);
    // The server ends: finish what is under way and nothing else.
    enum serve_verdict (*drain)(struct serve_conn *conn, uint64_t now_ns);
    // Frees what the service holds for it.
    void (*release)(struct serve_conn *conn);
};

enum { SERVE_SCRATCH_BYTES = 64 * 1024 };

struct serve {
    synfin_stack *stack;
    const struct serve_service *service;
    synfin_socket listener; // 0 once it is closed
    bool is_draining;
    bool has_json, is_verbose;
    int root_fd;                          // of the served directory; -1
    uint64_t accepted, ended, accept_max; // accept_max 0: no limit
    uint64_t octets_in, octets_out;       // of connections that ended
    struct {
        struct serve_conn *first, *last;
    } queue[SERVE_WAIT_COUNT];
    uint8_t *scratch; // SERVE_SCRATCH_BYTES, free for use within a call
};

// Starts or restarts the time of `wait` for the connection.
void serve_wait(struct serve_conn *conn, enum serve_wait wait, uint64_t now_ns);
// Takes every connection that is ready to be accepted.
void serve_accept(struct serve *serve, uint64_t now_ns);
// An event of an accepted connection.
void serve_event(struct serve *serve, const struct synfin_event *event, uint64_t now_ns);
// Ends connections whose time is over.
void serve_expire(struct serve *serve, uint64_t now_ns);
// When serve_expire has something to do next; SYNFIN_NEVER.
uint64_t serve_deadline(const struct serve *serve);
// Stops listening and lets every connection end in order.
void serve_drain(struct serve *serve, uint64_t now_ns);
// Resets every connection that is left.
void serve_abort(struct serve *serve, uint64_t now_ns);
uint64_t serve_open_count(const struct serve *serve);

// Sends as much of `octets` as there is room for; false when the connection failed. *taken may be
// less than `count`: then a WRITABLE event follows.
bool serve_send(struct serve_conn *conn, const void *octets, size_t count, size_t *taken,
                uint64_t now_ns);

// What serve_receive found.
enum serve_input { SERVE_INPUT_OCTETS, SERVE_INPUT_NOTHING, SERVE_INPUT_END, SERVE_INPUT_FAILED };
// Receives up to `capacity` octets; *count says how many with OCTETS.
enum serve_input serve_receive(struct serve_conn *conn, void *octets, size_t capacity,
                               size_t *count, uint64_t now_ns);

extern const struct serve_service serve_http, serve_echo, serve_discard, serve_chargen;

#endif
