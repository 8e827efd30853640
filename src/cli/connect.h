// SPDX-License-Identifier: MIT
//
// What `synfin connect` is made of: one connection, the pump between it and standard input and
// output, and what is told of it on standard error.
#ifndef SYNFIN_CLI_CONNECT_H
#define SYNFIN_CLI_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/socket.h>

#include "cli/cli_host.h"
#include "cli/connect_failure.h"

enum { CONNECT_CHUNK_BYTES = 64 * 1024 };

struct connect_options {
    const char *bind;          // text of the local endpoint; NULL: any
    const char *fastopen_path; // where the server's cookie is kept; NULL: no Fast Open
    bool has_ladder, has_progress, is_verbose, waits_time_wait;
    uint64_t timeout_ns; // for the handshake; SYNFIN_NEVER: TCP's own
};

struct connect {
    struct cli_host host;
    struct cli_flags flags;
    struct connect_options options;
    struct synfin_endpoint remote, local;
    synfin_socket socket; // 0 once it was given up
    uint64_t started_ns, connected_ns, ended_ns;
    uint64_t give_up_ns; // when an ending by a signal becomes a reset; SYNFIN_NEVER before

    bool is_connected;
    bool has_sent_all;     // standard input has ended, and our direction with it
    bool has_received_all; // the peer's direction has ended
    bool is_closed;        // both directions have ended in order
    bool is_over;
    struct connect_failure failure; // what ended the connection, and why
    const char *local_failure;      // what failed on this side of it, such as "standard output"
    int local_errno;
    struct synfin_tcp_info info; // the last that could be had
    uint64_t segments_retransmitted;

    uint8_t *chunk; // CONNECT_CHUNK_BYTES from standard input
    size_t chunk_count, chunk_at;
    bool watches_input, watches_output, is_output_file;
    uint64_t octets_in, octets_out;
    uint64_t progress_ns; // when the next line of progress is due; SYNFIN_NEVER: none
    uint64_t progress_octets, progress_last_ns;
    bool has_progress_line;
};

// Moves what can be moved from the peer to standard output.
void connect_pump_in(struct connect *connect, uint64_t now_ns);
// Sends what is left of the last chunk, and asks for more of standard input when there is room.
void connect_pump_out(struct connect *connect, uint64_t now_ns);
// Standard input has octets, or its end.
void connect_pump_read(struct connect *connect, uint64_t now_ns);
// No more of standard input: sends the FIN behind what is queued.
void connect_pump_finish(struct connect *connect, uint64_t now_ns);

// The Fast Open cookie from its file, before connecting; and back into it.
void connect_cookie_load(struct connect *connect, uint64_t now_ns);
void connect_cookie_save(const struct connect *connect);

// A line of progress when one is due.
void connect_report_progress(struct connect *connect, uint64_t now_ns);
// What was transferred, and the failure with its clause if there was one; the exit status.
int connect_report_end(struct connect *connect);

#endif
