// SPDX-License-Identifier: MIT
//
// A user that calls anything in any state, with right and wrong handles and values, and checks
// what it is given: every octet read is the one that belongs there, results make sense.
#include "stack_rig.h"

#include <string.h>

enum { SEND_MAX = 20000, RECV_MAX = 4096, PIECES_MAX = 8, PORT_FIRST = 80, PORTS = 3 };

enum call {
    CALL_OPEN,
    CALL_BIND,
    CALL_LISTEN,
    CALL_ACCEPT,
    CALL_CONNECT,
    CALL_SEND,
    CALL_SEND_AGAIN,
    CALL_RECV,
    CALL_PEEK,
    CALL_SHUTDOWN,
    CALL_CLOSE,
    CALL_ABORT,
    CALL_SET_OPTION,
    CALL_GET_OPTIONS,
    CALL_INFO,
    CALL_COUNT,
};

static struct rig_socket *free_slot(struct rig_host *host)
{
    for (uint32_t i = 0; i < RIG_SOCKETS; i++) {
        if (host->socket[i].handle == 0) {
            return &host->socket[i];
        }
    }
    return NULL;
}

static bool read_info(struct rig *rig, struct rig_host *host, synfin_socket handle,
                      struct synfin_tcp_info *info)
{
    *info = (struct synfin_tcp_info){.size = sizeof *info};
    return synfin_socket_info(host->stack, handle, info, rig->now_ns) == SYNFIN_ERROR_OK;
}

// What the judge must know beforehand: a SYN that finds no next hop is lost inside the stack.
static struct rig_conn *note_iss(struct rig_host *host, const struct synfin_tcp_info *info)
{
    struct rig_conn *conn = rig_conn_of(host, info->conn);
    // Of two SYN+ACKs, one of them a cookie, the peer may have taken either.
    RIG_REQUIRE(!conn->has_iss || conn->iss == info->iss || conn->written == 0);
    conn->has_iss = true;
    conn->iss = info->iss;
    return conn;
}

static void open_socket(struct rig_host *host)
{
    synfin_socket handle;
    struct rig_socket *slot = free_slot(host);
    if (slot == NULL) {
        return;
    }
    enum synfin_error error = synfin_socket_open(host->stack, &handle);
    RIG_REQUIRE((error == SYNFIN_ERROR_OK) == (handle != 0));
    *slot = (struct rig_socket){.handle = handle};
}

static struct synfin_endpoint take_endpoint(struct rig *rig, uint32_t host)
{
    uint32_t choice = rig_take(&rig->in, 1);
    struct synfin_endpoint at = {.port = (uint16_t)(PORT_FIRST + (choice >> 4) % PORTS)};
    switch (choice & 7) {
    case 0:
    case 1: at.addr = rig->host[host].addr[choice & 1]; break;
    case 2: break; // ::
    case 3: at.addr = synfin_addr_ipv4(0, 0, 0, 0); break;
    case 4: at.addr = synfin_addr_ipv4(192, 0, 2, 3); break;
    case 5: at.addr = synfin_addr_ipv4(224, 0, 0, 1); break;
    default: at.addr = rig->host[1 - host].addr[choice & 1]; break;
    }
    if ((choice & 8) != 0) {
        at.port = (uint16_t)rig_take(&rig->in, 2);
    }
    return at;
}

static void accept_one(struct rig *rig, struct rig_host *host, synfin_socket listener)
{
    synfin_socket handle;
    struct synfin_endpoint peer;
    struct synfin_tcp_info info;
    struct rig_socket *slot = free_slot(host);
    if (slot == NULL
        || synfin_socket_accept(host->stack, listener, &handle, &peer) != SYNFIN_ERROR_OK) {
        return;
    }
    *slot = (struct rig_socket){.handle = handle};
    RIG_REQUIRE(read_info(rig, host, handle, &info));
}

// What is sent is what the connection's sequence numbers say, so they must be known first.
static void send_some(struct rig *rig, struct rig_host *host, synfin_socket handle)
{
    static uint8_t octets[SEND_MAX];
    struct synfin_tcp_info info;
    uint32_t bytes = rig_below(&rig->in, SEND_MAX);
    size_t sent;
    enum synfin_error error;
    if (!read_info(rig, host, handle, &info)) {
        error = synfin_socket_send(host->stack, handle, octets, bytes, &sent, rig->now_ns);
        RIG_REQUIRE(error != SYNFIN_ERROR_OK && sent == 0);
        return;
    }
    struct rig_conn *conn = note_iss(host, &info);
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = rig_octet(info.iss + 1 + conn->written + i);
    }
    error = synfin_socket_send(host->stack, handle, octets, bytes, &sent, rig->now_ns);
    RIG_REQUIRE(sent <= bytes && (sent == 0 || error == SYNFIN_ERROR_OK));
    RIG_REQUIRE(error != SYNFIN_ERROR_OK || sent > 0 || bytes == 0);
    conn->written += (uint32_t)sent;
}

static void check_octets(struct rig_socket *socket, const struct synfin_tcp_info *info,
                         const uint8_t *octets, uint32_t bytes, uint32_t skip)
{
    for (uint32_t i = 0; i < bytes; i++) {
        RIG_REQUIRE(octets[i] == rig_octet(info->irs + 1 + socket->received + skip + i));
    }
}

// Received, waiting and the number of the next octet agree with each other.
static void check_counts(struct rig *rig, struct rig_host *host, const struct rig_socket *socket,
                         const struct synfin_tcp_info *before)
{
    int64_t queued = 0;
    if (socket->is_shut || before->state < SYNFIN_TCP_STATE_ESTABLISHED) {
        return;
    }
    RIG_REQUIRE(
        synfin_socket_get_option(host->stack, socket->handle, SYNFIN_OPTION_READ_QUEUE, &queued)
        == SYNFIN_ERROR_OK);
    uint32_t fin = before->rcv_nxt - (before->irs + 1 + socket->received + (uint32_t)queued);
    RIG_REQUIRE(fin <= 1);
    (void)rig;
}

static void receive_some(struct rig *rig, struct rig_host *host, struct rig_socket *socket)
{
    uint8_t octets[RECV_MAX];
    struct synfin_tcp_info info;
    size_t received;
    bool has_info = read_info(rig, host, socket->handle, &info);
    uint32_t capacity = rig_below(&rig->in, RECV_MAX);
    enum synfin_error error =
        synfin_socket_recv(host->stack, socket->handle, octets, capacity, &received, rig->now_ns);
    RIG_REQUIRE(received <= capacity && (received == 0 || error == SYNFIN_ERROR_OK));
    if (received > 0) {
        RIG_REQUIRE(has_info);
        check_octets(socket, &info, octets, (uint32_t)received, 0);
        socket->received += (uint32_t)received;
    }
    if (has_info) {
        check_counts(rig, host, socket, &info);
    }
}

static void peek_some(struct rig *rig, struct rig_host *host, struct rig_socket *socket)
{
    struct synfin_span pieces[PIECES_MAX];
    struct synfin_tcp_info info;
    uint32_t count = rig_below(&rig->in, PIECES_MAX + 1);
    uint32_t most = count;
    uint32_t shown = 0;
    bool has_info = read_info(rig, host, socket->handle, &info);
    enum synfin_error error = synfin_socket_peek(host->stack, socket->handle, pieces, &count);
    RIG_REQUIRE(count <= most && (count == 0 || (error == SYNFIN_ERROR_OK && has_info)));
    for (uint32_t i = 0; i < count; i++) {
        check_octets(socket, &info, pieces[i].data, pieces[i].bytes, shown);
        shown += pieces[i].bytes;
    }
    uint32_t bytes = rig_below(&rig->in, RECV_MAX);
    if (synfin_socket_consume(host->stack, socket->handle, bytes, rig->now_ns) == SYNFIN_ERROR_OK) {
        socket->received += bytes;
    }
}

static void note_closing(struct rig *rig, struct rig_host *host, const struct rig_socket *socket)
{
    struct synfin_tcp_info info;
    if (read_info(rig, host, socket->handle, &info)) {
        note_iss(host, &info)->is_closing = true;
    }
}

static void shut_down(struct rig *rig, struct rig_host *host, struct rig_socket *socket)
{
    enum synfin_shutdown how = (enum synfin_shutdown)rig_below(&rig->in, 3);
    if (how != SYNFIN_SHUTDOWN_READ) {
        note_closing(rig, host, socket);
    }
    enum synfin_error error = synfin_socket_shutdown(host->stack, socket->handle, how, rig->now_ns);
    if (error == SYNFIN_ERROR_OK && how != SYNFIN_SHUTDOWN_WRITE) {
        socket->is_shut = true;
    }
}

// What is left of a value that was taken: the two bits of ECN are not the user's, and how long a
// client's first data are awaited is counted in whole milliseconds.
static int64_t kept_of(enum synfin_option option, int64_t wanted)
{
    const int64_t ms = 1000000;
    if (option == SYNFIN_OPTION_TRAFFIC_CLASS) {
        return wanted & ~INT64_C(3);
    }
    return option == SYNFIN_OPTION_DEFER_ACCEPT ? (wanted + ms - 1) / ms * ms : wanted;
}

// Marks what is queued, which may be nothing, or is only what a segment has at most.
static bool is_setting(enum synfin_option option)
{
    return option != SYNFIN_OPTION_MAXSEG && option != SYNFIN_OPTION_URGENT_MARK
           && option != SYNFIN_OPTION_RECORD_END;
}

static void set_option(struct rig *rig, struct rig_host *host, synfin_socket handle)
{
    static const int64_t value[] = {0,       1,         -1,        2,          88,
                                    256,     1000,      65535,     1 << 20,    1000000,
                                    1 << 30, INT64_MIN, INT64_MAX, 1000000000, 20000000};
    enum synfin_option option = (enum synfin_option)rig_below(&rig->in, SYNFIN_OPTION_COUNT + 1);
    int64_t wanted = value[rig_below(&rig->in, sizeof value / sizeof value[0])];
    int64_t got;
    enum synfin_error error =
        synfin_socket_set_option(host->stack, handle, option, wanted, rig->now_ns);
    if (error != SYNFIN_ERROR_OK || !is_setting(option)) {
        return;
    }
    RIG_REQUIRE(synfin_socket_get_option(host->stack, handle, option, &got) == SYNFIN_ERROR_OK);
    RIG_REQUIRE(got == kept_of(option, wanted));
}

static void get_options(struct rig *rig, struct rig_host *host, synfin_socket handle)
{
    int64_t value;
    struct synfin_endpoint local;
    struct synfin_endpoint remote;
    for (uint32_t i = 0; i <= SYNFIN_OPTION_COUNT; i++) {
        enum synfin_error error =
            synfin_socket_get_option(host->stack, handle, (enum synfin_option)i, &value);
        RIG_REQUIRE(error == SYNFIN_ERROR_BAD_HANDLE
                    || (error == SYNFIN_ERROR_OK) == (i < SYNFIN_OPTION_COUNT));
    }
    (void)!synfin_socket_endpoints(host->stack, handle, &local, &remote);
    (void)!synfin_socket_set_user(host->stack, handle, rig);
}

static void call_info(struct rig *rig, struct rig_host *host, synfin_socket handle)
{
    struct synfin_tcp_info info = {.size = rig_below(&rig->in, 2 * sizeof info)};
    struct synfin_stack_stats stats = {.size = sizeof stats};
    (void)!synfin_socket_info(host->stack, handle, &info, rig->now_ns);
    synfin_stack_stats(host->stack, &stats);
    RIG_REQUIRE(stats.memory_used_bytes <= stats.memory_bytes);
    RIG_REQUIRE(stats.memory_bytes <= rig->memory_limit_bytes);
}

// The socket that a call is about: one of the table's, or a handle that never was.
static struct rig_socket *choose_socket(struct rig *rig, struct rig_host *host,
                                        struct rig_socket *wrong)
{
    uint32_t choice = rig_take(&rig->in, 1);
    if (choice < 240) {
        return &host->socket[choice % RIG_SOCKETS];
    }
    *wrong = (struct rig_socket){.handle = (uint64_t)rig_take(&rig->in, 1) << 32 | (choice & 15)};
    for (uint32_t i = 0; i < RIG_SOCKETS; i++) {
        if (host->socket[i].handle == wrong->handle) {
            return &host->socket[i];
        }
    }
    return wrong;
}

static void end_socket(struct rig *rig, struct rig_host *host, struct rig_socket *socket,
                       bool is_abort)
{
    int64_t value;
    note_closing(rig, host, socket);
    if (is_abort) {
        synfin_socket_abort(host->stack, socket->handle, rig->now_ns);
    } else {
        synfin_socket_close(host->stack, socket->handle, rig->now_ns);
    }
    RIG_REQUIRE(synfin_socket_get_option(host->stack, socket->handle, SYNFIN_OPTION_ERROR, &value)
                == SYNFIN_ERROR_BAD_HANDLE);
    socket->handle = 0;
}

static void begin_call(struct rig *rig, uint32_t index, struct rig_socket *socket, enum call call)
{
    struct rig_host *host = &rig->host[index];
    struct synfin_endpoint at;
    switch ((uint32_t)call) {
    case CALL_OPEN: open_socket(host); break;
    case CALL_BIND:
        at = take_endpoint(rig, index);
        (void)!synfin_socket_bind(host->stack, socket->handle, &at);
        break;
    case CALL_LISTEN:
        (void)!synfin_socket_listen(host->stack, socket->handle, rig_below(&rig->in, 5),
                                    rig->now_ns);
        break;
    case CALL_ACCEPT: accept_one(rig, host, socket->handle); break;
    default:
        at = take_endpoint(rig, 1 - index);
        (void)!synfin_socket_connect(host->stack, socket->handle, &at, rig->now_ns);
        break;
    }
}

void rig_call(struct rig *rig, uint32_t index)
{
    struct rig_host *host = &rig->host[index];
    struct rig_socket wrong;
    enum call call = (enum call)rig_below(&rig->in, CALL_COUNT);
    struct rig_socket *socket = choose_socket(rig, host, &wrong);
    switch ((uint32_t)call) {
    case CALL_SEND:
    case CALL_SEND_AGAIN: send_some(rig, host, socket->handle); break;
    case CALL_RECV: receive_some(rig, host, socket); break;
    case CALL_PEEK: peek_some(rig, host, socket); break;
    case CALL_SHUTDOWN: shut_down(rig, host, socket); break;
    case CALL_CLOSE: end_socket(rig, host, socket, false); break;
    case CALL_ABORT: end_socket(rig, host, socket, true); break;
    case CALL_SET_OPTION: set_option(rig, host, socket->handle); break;
    case CALL_GET_OPTIONS: get_options(rig, host, socket->handle); break;
    case CALL_INFO: call_info(rig, host, socket->handle); break;
    default: begin_call(rig, index, socket, call); break;
    }
}

static struct rig_socket *make_listener(struct rig *rig)
{
    struct rig_host *host = &rig->host[1];
    struct rig_socket *slot = free_slot(host);
    struct synfin_endpoint any = {.port = PORT_FIRST};
    open_socket(host);
    if (slot != NULL && synfin_socket_bind(host->stack, slot->handle, &any) == SYNFIN_ERROR_OK) {
        (void)!synfin_socket_set_option(host->stack, slot->handle, SYNFIN_OPTION_FASTOPEN, 2,
                                        rig->now_ns);
        (void)!synfin_socket_listen(host->stack, slot->handle, 3, rig->now_ns);
    }
    return slot;
}

void rig_connect(struct rig *rig)
{
    struct rig_host *host = &rig->host[0];
    uint32_t choice = rig_take(&rig->in, 1);
    struct synfin_endpoint to = {.addr = rig->host[1].addr[choice & 1], .port = PORT_FIRST};
    struct rig_socket *slot = free_slot(host);
    (void)make_listener(rig);
    if (slot == NULL) {
        return;
    }
    open_socket(host);
    bool is_fast = (choice & 2) != 0; // the SYN waits for data
    (void)!synfin_socket_set_option(host->stack, slot->handle, SYNFIN_OPTION_FASTOPEN_CONNECT,
                                    is_fast, rig->now_ns);
    (void)!synfin_socket_connect(host->stack, slot->handle, &to, rig->now_ns);
    if (is_fast) {
        send_some(rig, host, slot->handle);
    }
    rig_settle(rig, 6);
    for (uint32_t i = 0; i < RIG_SOCKETS && (choice & 2) != 0; i++) {
        accept_one(rig, &rig->host[1], rig->host[1].socket[i].handle);
    }
}

static void close_open_ones(struct rig *rig, uint32_t index)
{
    struct rig_host *host = &rig->host[index];
    for (uint32_t i = 0; i < RIG_SOCKETS; i++) {
        struct synfin_tcp_info info;
        struct rig_socket *socket = &host->socket[i];
        if (socket->handle != 0 && read_info(rig, host, socket->handle, &info)
            && info.state >= SYNFIN_TCP_STATE_ESTABLISHED) {
            end_socket(rig, host, socket, false);
        }
    }
    rig_settle(rig, 6);
}

void rig_part(struct rig *rig)
{
    uint32_t first = rig_take(&rig->in, 1) & 1;
    rig_connect(rig);
    for (uint32_t i = 0; i < RIG_SOCKETS; i++) {
        accept_one(rig, &rig->host[1], rig->host[1].socket[i].handle);
    }
    close_open_ones(rig, first);
    close_open_ones(rig, 1 - first);
}
