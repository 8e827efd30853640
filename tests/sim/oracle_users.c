// SPDX-License-Identifier: MIT
//
// What users do and are told.
#include <inttypes.h>

#include "sim/oracle_internal.h"
#include "sim/oracle_subjects.h"

// RFC 9293 §3.8.5 [MUST-31]: all that was written so far is urgent.
static void note_mark(struct oracle_end *end, enum synfin_option option)
{
    if (option == SYNFIN_OPTION_URGENT_MARK) {
        end->urgent = end->written + 1;
    }
}

void oracle_option(struct oracle *oracle, uint32_t host, synfin_socket socket,
                   enum synfin_option option, int64_t value, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    const struct oracle_wishes *before = end != NULL ? oracle_wishes_of(self, end) : &self->wishes;
    struct oracle_wishes *wishes = oracle_wishes_of_socket(self, socket, before);
    oracle_wishes_note(wishes, option, value, now_ns);
    if (end != NULL) {
        end->wishes = wishes;
        note_mark(end, option);
        oracle_touch(oracle, end);
    }
}

static uint16_t port_of(const struct oracle_host *host, synfin_socket socket)
{
    const struct tcp_conn *conn =
        slab_pool_at(&host->config.stack->tcp.conns, (uint32_t)socket - 1);
    return conn == NULL ? 0 : conn->pair.local_port;
}

void oracle_listening(struct oracle *oracle, uint32_t host, synfin_socket socket, uint32_t backlog)
{
    struct oracle_host *self = &oracle->host[host];
    struct oracle_listener *listener = NULL;
    for (uint32_t i = 0; i < self->listeners; i++) {
        if (self->listener[i].socket == socket) {
            listener = &self->listener[i];
        }
    }
    if (listener == NULL && self->listeners < ORACLE_LISTENERS_MAX) {
        listener = &self->listener[self->listeners++];
    }
    if (listener != NULL) {
        *listener = (struct oracle_listener){.socket = socket,
                                             .port = port_of(self, socket),
                                             .backlog = backlog == 0 ? 128 : backlog,
                                             .wishes = oracle_wishes_find(self, socket)};
    }
}

void oracle_connecting(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    if (end == NULL) {
        oracle_fail_host(self, ORACLE_C1, now_ns, "connect has succeeded and there is nothing");
        return;
    }
    end->is_validated = true;
    end->patience.since_ns = now_ns + (now_ns == 0);
    end->wishes = oracle_wishes_find(self, socket);
    oracle_touch(oracle, end);
}

void oracle_accepted(struct oracle *oracle, uint32_t host, synfin_socket listener,
                     synfin_socket socket, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    (void)listener;
    if (end == NULL) { // it has ended meanwhile
        return;
    }
    if (end->has_opened) {
        oracle_fail(oracle, ORACLE_H5, end, now_ns, "handed over twice");
    }
    const struct oracle_wishes *inherited = oracle_wishes_of(self, end);
    if (inherited != &self->wishes) {
        end->wishes = oracle_wishes_of_socket(self, socket, inherited);
    }
    oracle_handshake_on_opened(self, end, now_ns);
    oracle_touch(oracle, end);
}

void oracle_next_octets(struct oracle *oracle, uint32_t host, synfin_socket socket, uint8_t *out,
                        uint32_t bytes)
{
    const struct oracle_end *end = oracle_ends_of_socket(&oracle->host[host], socket);
    uint64_t key = end == NULL ? 0 : end->key;
    oracle_stream_octets(key, end == NULL ? 0 : end->written, out, bytes);
}

// What waits in a send buffer, and of that what was never sent, keeps to what its user has set. TCP
// has sent what found no next hop, too.
static void judge_queue(struct oracle_host *host, const struct oracle_end *end, uint64_t now_ns)
{
    const struct oracle_wishes *wishes = oracle_wishes_of(host, end);
    uint64_t acked = end->una_told > 0 ? end->una_told - 1 : 0;
    uint64_t nxt = end->nxt > end->nxt_lost ? end->nxt : end->nxt_lost;
    uint64_t sent = nxt > 0 ? nxt - 1 : 0;
    uint64_t queued = end->written > acked ? end->written - acked : 0;
    uint64_t unsent = end->written > sent ? end->written - sent : 0;
    if ((wishes->send_buffer_bytes != 0 && queued > wishes->send_buffer_bytes)
        || (wishes->notsent_lowat_bytes != 0 && unsent > wishes->notsent_lowat_bytes)) {
        oracle_fail(host->oracle, ORACLE_M2, end, now_ns,
                    "%" PRIu64 " octets queued, %u at most, and %" PRIu64 " not sent, %u at most",
                    queued, wishes->send_buffer_bytes, unsent, wishes->notsent_lowat_bytes);
    }
}

void oracle_wrote(struct oracle *oracle, uint32_t host, synfin_socket socket, size_t bytes,
                  uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    if (end == NULL) {
        oracle_fail_host(self, ORACLE_C1, now_ns, "%zu octets were taken by no connection", bytes);
        return;
    }
    if (end->has_shut || end->is_closed) {
        oracle_fail(oracle, ORACLE_S7, end, now_ns, "%zu octets were taken behind the end", bytes);
    }
    end->written += bytes;
    judge_queue(self, end, now_ns);
    oracle_touch(oracle, end);
}

void oracle_read(struct oracle *oracle, uint32_t host, synfin_socket socket, const uint8_t *octets,
                 size_t bytes, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    if (end == NULL) {
        oracle_fail_host(self, ORACLE_S1, now_ns, "%zu octets of no connection", bytes);
        return;
    }
    bool may_be_early = oracle_handshake_may_be_early(self, end);
    if (bytes > 0 && end->una_told == 0 && !may_be_early && !end->is_lied_to) {
        oracle_fail(oracle, ORACLE_H1, end, now_ns, "%zu octets before the handshake", bytes);
    }
    oracle_stream_on_read(self, end, octets, bytes, now_ns);
    oracle_touch(oracle, end);
}

void oracle_failed(struct oracle *oracle, uint32_t host, synfin_socket socket,
                   enum synfin_error error, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    if (error == SYNFIN_ERROR_NO_MEMORY && !self->config.may_lack_memory) {
        oracle_fail_host(self, ORACLE_M6, now_ns, "no memory, and there is some");
    }
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    if (end != NULL) {
        end->has_failed = true;
        end->error = (uint8_t)error;
    }
}

void oracle_shut(struct oracle *oracle, uint32_t host, synfin_socket socket,
                 enum synfin_shutdown how, uint64_t now_ns)
{
    struct oracle_end *end = oracle_ends_of_socket(&oracle->host[host], socket);
    (void)now_ns;
    if (end != NULL) {
        end->has_shut = end->has_shut || how != SYNFIN_SHUTDOWN_READ;
        end->has_shut_reading = end->has_shut_reading || how != SYNFIN_SHUTDOWN_WRITE;
        oracle_touch(oracle, end);
    }
}

static void forget_listener(struct oracle_host *host, synfin_socket socket)
{
    for (uint32_t i = 0; i < host->listeners; i++) {
        if (host->listener[i].socket == socket) {
            host->listener[i] = host->listener[--host->listeners];
            return;
        }
    }
}

void oracle_closing(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    forget_listener(self, socket);
    if (end != NULL) {
        oracle_close_on_close(self, end, now_ns);
        if (oracle_wishes_of(self, end)->aborts) {
            oracle_close_on_abort(self, end);
        }
        end->is_closed = end->has_shut_reading = true;
        oracle_touch(oracle, end);
    }
}

void oracle_aborting(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, socket);
    (void)now_ns;
    forget_listener(self, socket);
    if (end != NULL) {
        oracle_close_on_abort(self, end);
        end->is_closed = end->has_shut_reading = true;
        oracle_touch(oracle, end);
    }
}

void oracle_event(struct oracle *oracle, uint32_t host, const struct synfin_event *event,
                  uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    struct oracle_end *end = oracle_ends_of_socket(self, event->socket);
    if (end == NULL) {
        return;
    }
    if (event->kind == SYNFIN_EVENT_CONNECTED) {
        oracle_handshake_on_opened(self, end, now_ns);
    }
    if (event->kind == SYNFIN_EVENT_CLOSED && event->error != SYNFIN_ERROR_OK) {
        end->has_failed = true;
        end->error = (uint8_t)event->error;
    }
    oracle_touch(oracle, end);
}
