// SPDX-License-Identifier: MIT
//
// What users do and are told.
#include "sim/oracle_internal.h"
#include "sim/oracle_subjects.h"

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
        *listener =
            (struct oracle_listener){.socket = socket, .backlog = backlog == 0 ? 128 : backlog};
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
    if (bytes > 0 && end->una_told == 0 && !end->heard.has_fastopen && !end->is_lied_to) {
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
        end->is_closed = end->is_aborted = end->has_shut_reading = true;
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
