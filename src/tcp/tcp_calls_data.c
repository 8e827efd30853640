// SPDX-License-Identifier: MIT
//
// User calls that move data: RFC 9293 §3.10.2, SEND, and §3.10.3, RECEIVE.
#include "base/check.h"
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_memory.h"

// Why data cannot be queued; OK when it can.
static enum synfin_error check_send(const struct tcp_conn *conn)
{
    if (conn->is_done && conn->error != SYNFIN_ERROR_OK) {
        return (enum synfin_error)conn->error;
    }
    if (conn->snd_closed) {
        return SYNFIN_ERROR_SHUT_DOWN;
    }
    return tcp_state_is(conn, TCP_FACT_MAY_QUEUE) ? SYNFIN_ERROR_OK : SYNFIN_ERROR_NOT_CONNECTED;
}

// What more may be queued.
static uint32_t room_to_queue(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t buffer = tcp_memory_send_limit(tcp, conn);
    uint32_t lowat = conn->set.notsent_lowat_bytes;
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS)) {
        return tcp_linux_room_to_queue(conn, buffer);
    }
    uint32_t room = buffer > conn->send.bytes ? buffer - conn->send.bytes : 0;
    if (lowat == 0) {
        return room;
    }
    uint32_t unsent = tcp_output_unsent(conn);
    uint32_t rest = lowat > unsent ? lowat - unsent : 0;
    return rest < room ? rest : room;
}

// The user is woken for half of what it may have unsent, not for each segment that leaves.
void tcp_calls_data_on_room(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!conn->is_send_blocked || conn->is_done) {
        return;
    }
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS)
        && !tcp_linux_may_wake(conn, tcp_memory_send_limit(tcp, conn))) {
        return;
    }
    uint32_t lowat = conn->set.notsent_lowat_bytes;
    bool has_much_unsent = lowat > 0 && tcp_output_unsent(conn) > (lowat - 1) / 2;
    if (!has_much_unsent && room_to_queue(tcp, conn) > 0) {
        conn->is_send_blocked = false;
        tcp_event_tell(tcp, conn, SYNFIN_EVENT_WRITABLE);
    }
}

// Whoever has something queued is told of room when that is acknowledged.
static void await_memory(struct tcp *tcp, struct tcp_conn *conn)
{
    conn->is_send_blocked = true;
    if (conn->send.bytes == 0) {
        tcp_memory_await(tcp, conn);
    }
}

// RFC 9293 §3.9.1.2 [MAY-16]: the user says whether it has more to say.
static void note_queued(struct tcp_conn *conn, uint32_t taken, bool is_whole)
{
    bool has_chunks = tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS);
    conn->pending.is_held = conn->set.has_no_push;
    conn->is_send_blocked = conn->is_send_blocked || (!is_whole && !has_chunks);
    if (!conn->set.has_no_push && (is_whole || !has_chunks)) {
        conn->snd.pushed = tcp_output_end(conn);
    }
    if (has_chunks) {
        tcp_linux_on_queued(conn, taken);
    }
}

enum synfin_error tcp_send(struct tcp *tcp, struct tcp_conn *conn, const void *data, size_t bytes,
                           size_t *sent, uint64_t now_ns)
{
    *sent = 0;
    enum synfin_error error = check_send(conn);
    if (error == SYNFIN_ERROR_OK && bytes == 0) {
        tcp_fastopen_conn_let_go(tcp, conn);
        tcp_timer_on_queued(tcp, conn, now_ns);
    }
    if (error != SYNFIN_ERROR_OK || bytes == 0) {
        return error;
    }
    uint32_t room = room_to_queue(tcp, conn);
    if (bytes >= room) {
        tcp_autotune_on_full(tcp, conn, now_ns);
        room = room_to_queue(tcp, conn);
    }
    if (room == 0) {
        conn->is_send_blocked = true;
        conn->snd.pushed = tcp_output_end(conn);
        tcp_output_want(tcp, conn); // which notes what limits the sender
        return SYNFIN_ERROR_AGAIN;
    }
    tcp_rate_check_dry(conn);
    struct gather from;
    gather_of_octets(&from, data, bytes < room ? (uint32_t)bytes : room);
    uint32_t taken = stream_append(&conn->send, &tcp->chunks, &from, from.bytes);
    if (taken == 0) {
        await_memory(tcp, conn);
        return SYNFIN_ERROR_NO_MEMORY;
    }
    note_queued(conn, taken, taken == bytes);
    *sent = taken;
    tcp_chrono_set(conn, TCP_CHRONO_BUSY, now_ns);
    tcp_timer_on_queued(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
    return SYNFIN_ERROR_OK;
}

// Why there is nothing to read and never will be; AGAIN when there may be. Only called when
// nothing is held.
static enum synfin_error nothing_to_read(const struct tcp_conn *conn, bool *is_end)
{
    *is_end = conn->fin_received || conn->rcv_shut;
    if (conn->is_done && conn->error != SYNFIN_ERROR_OK) {
        return (enum synfin_error)conn->error;
    }
    if (*is_end) {
        return SYNFIN_ERROR_OK;
    }
    bool is_connected =
        tcp_state_is(conn, TCP_FACT_OPENING) || tcp_state_is(conn, TCP_FACT_SYNCHRONISED);
    return is_connected ? SYNFIN_ERROR_AGAIN : SYNFIN_ERROR_NOT_CONNECTED;
}

struct seq tcp_calls_data_position(const struct tcp_conn *conn)
{
    return seq_sub(conn->rcv.nxt, conn->receive.bytes + (conn->fin_received ? 1 : 0));
}

// Half of the buffer always fits, whatever the peer's segments leave unused of the window.
void tcp_calls_data_on_text(struct tcp *tcp, struct tcp_conn *conn)
{
    uint32_t held = conn->receive.bytes;
    uint32_t lowat = conn->set.receive_lowat_bytes;
    bool is_enough = held >= lowat || held >= tcp_window_buffer(tcp, conn) / 2;
    if (is_enough && held > 0) {
        tcp_event_tell(tcp, conn, SYNFIN_EVENT_READABLE);
    }
}

// How much may be read in one go: reading stops once at the urgent mark, so that the user can
// see where it is (RFC 9293 §3.8.5 [MUST-33]).
static uint32_t readable_bytes(const struct tcp_conn *conn)
{
    struct seq position = tcp_calls_data_position(conn);
    if (conn->has_urgent && seq_lt(position, conn->rcv.up)) {
        uint32_t ahead = seq_distance(position, conn->rcv.up);
        return ahead < conn->receive.bytes ? ahead : conn->receive.bytes;
    }
    return conn->receive.bytes;
}

static void after_read(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->has_urgent && seq_lt(conn->rcv.up, tcp_calls_data_position(conn))) {
        conn->has_urgent = false;
    }
    tcp_autotune_on_read(tcp, conn, now_ns);
    tcp_window_after_read(tcp, conn);
}

enum synfin_error tcp_recv(struct tcp *tcp, struct tcp_conn *conn, void *data, size_t capacity,
                           size_t *received, uint64_t now_ns)
{
    *received = 0;
    if (conn->receive.bytes == 0) {
        bool is_end;
        return nothing_to_read(conn, &is_end);
    }
    uint32_t bytes = readable_bytes(conn);
    if (capacity < bytes) {
        bytes = (uint32_t)capacity;
    }
    *received = stream_read(&conn->receive, &tcp->chunks, data, bytes);
    after_read(tcp, conn, now_ns);
    return SYNFIN_ERROR_OK;
}

enum synfin_error tcp_peek(struct tcp *tcp, struct tcp_conn *conn, struct synfin_span *pieces,
                           uint32_t *count)
{
    (void)tcp;
    uint32_t max = *count;
    *count = 0;
    if (conn->receive.bytes == 0) {
        bool is_end;
        return nothing_to_read(conn, &is_end);
    }
    (void)stream_peek(&conn->receive, 0, readable_bytes(conn), pieces, count, max);
    return SYNFIN_ERROR_OK;
}

enum synfin_error tcp_consume(struct tcp *tcp, struct tcp_conn *conn, size_t bytes, uint64_t now_ns)
{
    if (bytes > conn->receive.bytes) {
        return SYNFIN_ERROR_INVALID;
    }
    stream_drop(&conn->receive, &tcp->chunks, (uint32_t)bytes);
    after_read(tcp, conn, now_ns);
    return SYNFIN_ERROR_OK;
}
