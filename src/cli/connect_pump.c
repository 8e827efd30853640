// SPDX-License-Identifier: MIT
//
// Between the connection and standard input and output. Neither may block the stack, and neither
// is made non-blocking, because a terminal's other users would feel it: input is read once each
// time it is ready, output is asked before each write. What the reader of standard output does
// not take stays in the receive buffer, and so closes the window.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/connect.h"

static void watch(struct connect *connect, int fd, bool *is_watched, bool is_wanted)
{
    bool is_input = fd == STDIN_FILENO;
    if (*is_watched == is_wanted) {
        return;
    }
    if (synfin_loop_watch(connect->host.loop, fd, is_wanted && is_input, is_wanted && !is_input)
        == SYNFIN_ERROR_OK) {
        *is_watched = is_wanted;
        return;
    }
    connect->local_failure = is_input ? "standard input" : "standard output";
    connect->local_errno = EBADF;
    connect->is_over = true;
}

static void fail_output(struct connect *connect, uint64_t now_ns)
{
    connect->local_failure = "standard output";
    connect->local_errno = errno;
    connect->ended_ns = now_ns;
    connect->is_over = true;
    // Octets were received that nobody will read: the peer must learn of it.
    synfin_socket_abort(connect->host.stack, connect->socket, now_ns);
    connect->socket = 0;
}

// A pipe that is ready takes this much without blocking; a file takes anything.
static size_t output_room(const struct connect *connect, size_t wanted)
{
    struct pollfd question = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (connect->is_output_file) {
        return wanted;
    }
    if (poll(&question, 1, 0) <= 0) {
        return 0;
    }
    return wanted < PIPE_BUF ? wanted : PIPE_BUF;
}

// The peer's last octet is written: who reads standard output learns of it now, though standard
// input may go on. Closing alone tells nothing where both are one socket; a file's end nobody
// waits for.
static void end_output(struct connect *connect)
{
    connect->has_received_all = true;
    watch(connect, STDOUT_FILENO, &connect->watches_output, false);
    if (connect->is_output_file || shutdown(STDOUT_FILENO, SHUT_WR) == 0) {
        return;
    }
    int nobody = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nobody >= 0) {
        (void)dup2(nobody, STDOUT_FILENO);
        close(nobody);
    }
}

// Writes the next piece; false when there is none, or no room for it now.
static bool write_piece(struct connect *connect, uint64_t now_ns)
{
    struct synfin_span piece;
    uint32_t pieces = 1;
    enum synfin_error error =
        synfin_socket_peek(connect->host.stack, connect->socket, &piece, &pieces);
    if (error == SYNFIN_ERROR_OK && pieces == 0) {
        end_output(connect);
        return false;
    }
    if (error != SYNFIN_ERROR_OK) {
        watch(connect, STDOUT_FILENO, &connect->watches_output, false);
        return false;
    }
    size_t room = output_room(connect, piece.bytes);
    if (room == 0) {
        watch(connect, STDOUT_FILENO, &connect->watches_output, true);
        return false;
    }
    ssize_t written = write(STDOUT_FILENO, piece.data, room);
    if (written < 0 && errno != EINTR && errno != EAGAIN) {
        fail_output(connect, now_ns);
        return false;
    }
    if (written > 0) {
        connect->octets_in += (uint64_t)written;
        return synfin_socket_consume(connect->host.stack, connect->socket, (size_t)written, now_ns)
               == SYNFIN_ERROR_OK;
    }
    return true;
}

void connect_pump_in(struct connect *connect, uint64_t now_ns)
{
    while (connect->socket != 0 && !connect->has_received_all && write_piece(connect, now_ns)) {
    }
}

void connect_pump_finish(struct connect *connect, uint64_t now_ns)
{
    watch(connect, STDIN_FILENO, &connect->watches_input, false);
    if (!connect->has_sent_all && connect->socket != 0) {
        connect->has_sent_all = true;
        // An error here has ended the connection, and its event says more.
        (void)!synfin_socket_shutdown(connect->host.stack, connect->socket, SYNFIN_SHUTDOWN_WRITE,
                                      now_ns);
    }
}

void connect_pump_out(struct connect *connect, uint64_t now_ns)
{
    bool may_send = connect->is_connected || connect->options.fastopen_path != NULL;
    if (!may_send || connect->has_sent_all || connect->socket == 0) {
        return;
    }
    while (connect->chunk_at < connect->chunk_count) {
        size_t sent = 0;
        if (synfin_socket_send(connect->host.stack, connect->socket,
                               connect->chunk + connect->chunk_at,
                               connect->chunk_count - connect->chunk_at, &sent, now_ns)
            != SYNFIN_ERROR_OK) {
            watch(connect, STDIN_FILENO, &connect->watches_input, false);
            return;
        }
        connect->chunk_at += sent;
        connect->octets_out += sent;
    }
    watch(connect, STDIN_FILENO, &connect->watches_input, true);
}

void connect_pump_read(struct connect *connect, uint64_t now_ns)
{
    if (connect->chunk_at < connect->chunk_count || connect->has_sent_all) {
        return;
    }
    ssize_t got = read(STDIN_FILENO, connect->chunk, CONNECT_CHUNK_BYTES);
    if (got > 0) {
        connect->chunk_at = 0;
        connect->chunk_count = (size_t)got;
        connect_pump_out(connect, now_ns);
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        connect_pump_finish(connect, now_ns);
    }
}
