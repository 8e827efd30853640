// SPDX-License-Identifier: MIT
//
// The three small services of RFC 862 (echo), RFC 863 (discard) and RFC 864 (chargen). Each goes on
// until the client has sent its last octet, and then closes in order.
#include "cli/serve.h"

struct plain_conn {
    struct serve_conn conn; // first
    uint64_t generated;     // chargen: octets of the endless pattern that were sent
};

// Closing with octets unread would be a reset, so what has come is dealt with first.
static enum serve_verdict close_now(struct serve_conn *conn, uint64_t now_ns)
{
    enum serve_verdict verdict = conn->serve->service->advance(conn, now_ns);
    return verdict == SERVE_VERDICT_WAIT ? SERVE_VERDICT_CLOSE : verdict;
}

static void release_nothing(struct serve_conn *conn)
{
    (void)conn;
}

// Takes and forgets everything that is there. WAIT: more may come.
static enum serve_verdict swallow(struct serve_conn *conn, uint64_t now_ns)
{
    for (;;) {
        size_t count = 0;
        switch (serve_receive(conn, conn->serve->scratch, SERVE_SCRATCH_BYTES, &count, now_ns)) {
        case SERVE_INPUT_OCTETS: break;
        case SERVE_INPUT_NOTHING: return SERVE_VERDICT_WAIT;
        case SERVE_INPUT_END: return SERVE_VERDICT_CLOSE;
        case SERVE_INPUT_FAILED: return SERVE_VERDICT_ABORT;
        }
    }
}

// Octets are taken from the receive buffer only once they are in the send buffer, so that a client
// that does not read its echo is slowed down by its own window.
static enum serve_verdict echo(struct serve_conn *conn, uint64_t now_ns)
{
    for (;;) {
        struct synfin_span piece;
        uint32_t pieces = 1;
        size_t taken = 0;
        enum synfin_error error =
            synfin_socket_peek(conn->serve->stack, conn->socket, &piece, &pieces);
        if (error == SYNFIN_ERROR_AGAIN) {
            return SERVE_VERDICT_WAIT;
        }
        if (error != SYNFIN_ERROR_OK) {
            return SERVE_VERDICT_ABORT;
        }
        if (pieces == 0) {
            return SERVE_VERDICT_CLOSE;
        }
        if (!serve_send(conn, piece.data, piece.bytes, &taken, now_ns)) {
            return SERVE_VERDICT_ABORT;
        }
        if (taken > 0
            && synfin_socket_consume(conn->serve->stack, conn->socket, taken, now_ns)
                   != SYNFIN_ERROR_OK) {
            return SERVE_VERDICT_ABORT;
        }
        conn->octets_in += taken;
        if (taken < piece.bytes) {
            return SERVE_VERDICT_WAIT;
        }
    }
}

enum { LINE_CHARS = 72, PRINTABLE = 95, LINE_OCTETS = LINE_CHARS + 2 };

// RFC 864: lines of 72 of the 95 printable characters, each beginning one later.
static uint8_t pattern_octet(uint64_t at)
{
    uint64_t column = at % LINE_OCTETS;
    if (column >= LINE_CHARS) {
        return column == LINE_CHARS ? '\r' : '\n';
    }
    return (uint8_t)(' ' + (at / LINE_OCTETS + column) % PRINTABLE);
}

static enum serve_verdict generate(struct serve_conn *conn, uint64_t now_ns)
{
    struct plain_conn *plain = (struct plain_conn *)conn;
    enum serve_verdict verdict = swallow(conn, now_ns);
    if (verdict != SERVE_VERDICT_WAIT) {
        return verdict;
    }
    for (;;) {
        enum { AT_ONCE = 64 * LINE_OCTETS };
        size_t taken = 0;
        for (size_t i = 0; i < AT_ONCE; i++) {
            conn->serve->scratch[i] = pattern_octet(plain->generated + i);
        }
        if (!serve_send(conn, conn->serve->scratch, AT_ONCE, &taken, now_ns)) {
            return SERVE_VERDICT_ABORT;
        }
        plain->generated += taken;
        if (taken < AT_ONCE) {
            return SERVE_VERDICT_WAIT;
        }
    }
}

const struct serve_service serve_echo = {
    .name = "echo",
    .conn_bytes = sizeof(struct plain_conn),
    .advance = echo,
    .expire = close_now,
    .drain = close_now,
    .release = release_nothing,
};

const struct serve_service serve_discard = {
    .name = "discard",
    .conn_bytes = sizeof(struct plain_conn),
    .advance = swallow,
    .expire = close_now,
    .drain = close_now,
    .release = release_nothing,
};

const struct serve_service serve_chargen = {
    .name = "chargen",
    .conn_bytes = sizeof(struct plain_conn),
    .advance = generate,
    .expire = close_now,
    .drain = close_now,
    .release = release_nothing,
};
