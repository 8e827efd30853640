// SPDX-License-Identifier: MIT
//
// Looks at connection blocks: after each event at those of ends that something happened to, and
// now and then at all. Fields of blocks are read, and nothing of the stack is called but to find
// them.
#include <stddef.h>

#include "sim/oracle_internal.h"
#include "sim/oracle_subjects.h"

enum { SWEEP_EVENTS = 1 << 14 };

static bool is_synchronised(const struct tcp_conn *conn)
{
    return conn->state >= SYNFIN_TCP_STATE_ESTABLISHED;
}

static void note_shadow(const struct oracle_look *look)
{
    const struct tcp_conn *conn = look->conn;
    struct oracle_shadow *shadow = &look->end->shadow;
    if (!shadow->is_known || shadow->state != conn->state) {
        shadow->state_ns = look->now_ns;
    }
    shadow->is_known = true;
    shadow->is_synchronised = look->is_synchronised;
    shadow->state = conn->state;
    shadow->fired = 0;
    shadow->retries = conn->retries;
    shadow->una = look->una;
    shadow->nxt = look->nxt;
    shadow->rcv = look->rcv;
    shadow->srtt_ns = conn->rtt.srtt_ns;
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        shadow->deadline_ns[i] = conn->deadline_ns[i];
    }
}

// What the block's numbers say, as places.
static void note_places(struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    const struct tcp_conn *conn = look->conn;
    if (end->has_iss) {
        look->una = oracle_place(conn->snd.una.n, end->iss, end->una_told);
        look->nxt = oracle_place(conn->snd.nxt.n, end->iss, end->nxt);
    }
    if (end->has_irs) {
        uint64_t near = end->shadow.is_synchronised ? end->shadow.rcv : end->ack;
        look->rcv = oracle_place(conn->rcv.nxt.n, end->irs, near);
        look->adv = oracle_place(conn->rcv.adv.n, end->irs, look->rcv);
    }
}

static void look_at(struct oracle_host *host, struct oracle_end *end, const struct tcp_conn *conn,
                    uint64_t now_ns)
{
    struct oracle_look look = {.host = host, .end = end, .conn = conn, .now_ns = now_ns};
    host->oracle->totals.checks++;
    if (conn->state >= SYNFIN_TCP_STATE_COUNT) { // such as octets of poison
        oracle_fail(host->oracle, ORACLE_M7, end, now_ns, "a block in state %u", conn->state);
        return;
    }
    look.is_synchronised = is_synchronised(conn);
    look.is_waiting = conn->is_ready || conn->is_parked;
    oracle_handshake_look(&look); // may take the numbers from the block
    note_places(&look);
    oracle_close_look(&look);
    if (look.is_synchronised && end->has_iss && end->has_irs) {
        oracle_stream_look(&look);
        oracle_window_look(&look);
        oracle_board_look(&look);
        oracle_ack_look(&look);
    }
    oracle_timer_look(&look);
    oracle_patience_look(&look);
    oracle_memory_look(&look);
    oracle_security_look(&look);
    note_shadow(&look);
}

static void look_at_end(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns)
{
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    if (conn != NULL) {
        look_at(host, end, conn, now_ns);
    } else if (end->shadow.is_known) {
        end->shadow.is_known = false;
        end->is_gone = true;
    }
}

static void sweep_host(struct oracle_host *host, uint64_t now_ns)
{
    oracle_ends_scan(host);
    for (uint32_t i = 0; i < host->indexes; i++) {
        if (host->by_index[i] != NULL) {
            look_at_end(host, host->by_index[i], now_ns);
        }
    }
    oracle_timer_look_host(host, now_ns);
    oracle_memory_look_host(host, now_ns);
    oracle_ip_look_host(host, now_ns);
}

// Whose timers have fired wants to send, mostly: these are touched although no segment was theirs.
static void touch_ready(struct oracle_host *host)
{
    const struct tcp *tcp = &host->config.stack->tcp;
    for (uint32_t i = 0; i < host->config.ifaces; i++) {
        const struct list_node *list = &tcp->ready[i];
        for (const struct list_node *node = list->next; node != list; node = node->next) {
            const char *at = (const char *)node - offsetof(struct tcp_conn, ready);
            const struct tcp_conn *conn = (const void *)at;
            struct oracle_end *end = oracle_ends_of_number(host, conn->number);
            if (end != NULL) {
                oracle_touch(host->oracle, end);
            }
        }
    }
}

void oracle_after_event(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    if (!self->is_up) {
        return;
    }
    now_ns = oracle_now(self, now_ns);
    oracle->totals.events++;
    self->events++;
    if (self->pending.is_advancing) {
        touch_ready(self);
    }
    while (self->touched != NULL) {
        struct oracle_end *end = self->touched;
        self->touched = end->touched_next;
        end->is_touched = false;
        end->touched_event = self->events;
        look_at_end(self, end, now_ns);
        oracle_security_judge_fate(self, end, now_ns);
    }
    oracle_handshake_look_listeners(self, now_ns);
    oracle_ack_look_host(self, now_ns);
    oracle_security_after_event(self, now_ns);
    if (self->events % SWEEP_EVENTS == 0) {
        sweep_host(self, now_ns);
    }
    self->pending = (struct oracle_pending){0};
}

void oracle_sweep(struct oracle *oracle, uint64_t now_ns)
{
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        if (oracle->host[i].is_up) {
            sweep_host(&oracle->host[i], oracle_now(&oracle->host[i], now_ns));
        }
    }
}

void oracle_advancing(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    (void)oracle_now(self, now_ns); // while the deadlines are those that a leap has left out
    self->pending.is_advancing = true;
    self->pending.next_ns = synfin_stack_next_deadline(self->config.stack);
}

void oracle_trace(void *ctx, const struct synfin_trace_event *event)
{
    struct oracle_host *host = ctx;
    oracle_shape_on_trace(host, event);
    oracle_doors_on_trace(host, event);
    oracle_close_on_trace(host, event);
    oracle_timer_on_trace(host, event);
    oracle_flight_on_trace(host, event);
    oracle_patience_on_trace(host, event);
}

void oracle_finish(struct oracle *oracle, uint64_t now_ns)
{
    oracle_sweep(oracle, now_ns);
    oracle_heal_on_finish(oracle, now_ns);
    oracle_shape_on_finish(oracle, now_ns);
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        if (oracle->host[i].is_up) {
            oracle_close_on_finish(&oracle->host[i], now_ns);
            oracle_memory_on_finish(&oracle->host[i], now_ns);
        }
    }
}
