// SPDX-License-Identifier: MIT
//
// The judge as a value: worlds, hosts, what is wrong, and the totals; see oracle.h.
#include "sim/oracle.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle_internal.h"
#include "sim/oracle_subjects.h"

struct oracle *oracle_create(uint64_t seed, uint32_t hosts_max)
{
    struct oracle *oracle = oracle_allocate(NULL, sizeof *oracle);
    memset(oracle, 0, sizeof *oracle);
    oracle->seed = seed;
    oracle->hosts_max = hosts_max;
    oracle->host = oracle_allocate(NULL, hosts_max * sizeof *oracle->host);
    memset(oracle->host, 0, hosts_max * sizeof *oracle->host);
    for (uint32_t i = 0; i < hosts_max; i++) {
        oracle->host[i].oracle = oracle;
        oracle->host[i].id = i;
    }
    return oracle;
}

void oracle_destroy(struct oracle *oracle)
{
    if (oracle == NULL) {
        return;
    }
    oracle_ends_deinit(oracle);
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        free(oracle->host[i].by_index);
    }
    free(oracle->host);
    free(oracle);
}

void oracle_leave_out(struct oracle *oracle, uint64_t rules)
{
    oracle->left_out = rules;
}

static void forget_boot(struct oracle_host *host)
{
    while (host->touched != NULL) {
        host->touched->is_touched = false;
        host->touched = host->touched->touched_next;
    }
    free(host->by_index);
    host->by_index = NULL;
    host->indexes = 0;
    host->last = host->made = NULL;
    host->listeners = 0;
}

void oracle_host_add(struct oracle *oracle, uint32_t host, const struct oracle_host_config *config,
                     uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    forget_boot(self);
    self->config = *config;
    self->stack_config = *config->config;
    oracle_wishes_init(&self->wishes, config->config);
    self->boot++;
    self->is_loose = false;
    self->answers_since_ns = 0;
    self->now_ns = now_ns;
    self->is_up = true;
    self->pending = (struct oracle_pending){0};
    oracle_memory_on_start(self, now_ns);
}

void oracle_host_ending(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    oracle_after_event(oracle, host, now_ns);
    oracle_shape_on_ending(self, now_ns);
    self->is_up = false;
    forget_boot(self);
}

void oracle_host_gone(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    oracle_memory_on_gone(&oracle->host[host], now_ns);
}

void *oracle_trace_ctx(struct oracle *oracle, uint32_t host)
{
    return &oracle->host[host];
}

static void record(struct oracle *oracle, const struct oracle_violation *violation)
{
    if ((oracle->left_out >> violation->rule & 1) != 0) {
        return;
    }
    if (oracle->violations < ORACLE_VIOLATIONS_MAX) {
        oracle->violation[oracle->violations++] = *violation;
    }
}

void oracle_fail(struct oracle *oracle, enum oracle_rule rule, const struct oracle_end *end,
                 uint64_t now_ns, const char *format, ...)
{
    struct oracle_violation violation = {.rule = rule,
                                         .now_ns = now_ns,
                                         .event = oracle->totals.events,
                                         .host = end->host,
                                         .conn = end->number,
                                         .local = end->local,
                                         .remote = end->remote};
    va_list list;
    va_start(list, format);
    (void)vsnprintf(violation.text, sizeof violation.text, format, list);
    va_end(list);
    record(oracle, &violation);
}

void oracle_fail_host(struct oracle_host *host, enum oracle_rule rule, uint64_t now_ns,
                      const char *format, ...)
{
    struct oracle_violation violation = {
        .rule = rule, .now_ns = now_ns, .event = host->oracle->totals.events, .host = host->id};
    va_list list;
    va_start(list, format);
    (void)vsnprintf(violation.text, sizeof violation.text, format, list);
    va_end(list);
    record(host->oracle, &violation);
}

void oracle_touch(struct oracle *oracle, struct oracle_end *end)
{
    struct oracle_host *host = &oracle->host[end->host];
    if (!end->is_touched && end->boot == host->boot) {
        end->is_touched = true;
        end->touched_next = host->touched;
        host->touched = end;
    }
}

// A clock that leaps ahead leaves out the time in which timers would have fired, one after the
// other.
static void note_leap(struct oracle_host *host, uint64_t now_ns)
{
    uint64_t next_ns = synfin_stack_next_deadline(host->config.stack);
    uint64_t from_ns = next_ns > host->now_ns ? next_ns : host->now_ns;
    host->leapt_ns += now_ns > from_ns ? now_ns - from_ns : 0;
}

uint64_t oracle_now(struct oracle_host *host, uint64_t now_ns)
{
    if (host->is_up && now_ns > host->now_ns && now_ns - host->now_ns > ORACLE_S) {
        note_leap(host, now_ns);
    }
    host->behind_ns = now_ns < host->now_ns ? host->now_ns - now_ns : 0;
    host->now_ns = now_ns > host->now_ns ? now_ns : host->now_ns;
    return host->now_ns;
}

uint64_t oracle_place(uint32_t number, uint32_t isn, uint64_t near)
{
    uint32_t ahead = number - isn - (uint32_t)near;
    return ahead < UINT32_C(0x80000000) ? near + ahead : near - (uint32_t)-ahead;
}

uint32_t oracle_violations(const struct oracle *oracle, const struct oracle_violation **out)
{
    *out = oracle->violation;
    return oracle->violations;
}

void oracle_get_totals(const struct oracle *oracle, struct oracle_totals *out)
{
    *out = oracle->totals;
}

const char *oracle_violation_print(const struct oracle_violation *violation, char *text,
                                   size_t capacity)
{
    (void)snprintf(text, capacity, "%s at %.6f s, host %u, connection %u: %s (%s)",
                   oracle_rule_name(violation->rule), (double)violation->now_ns / 1e9,
                   violation->host, violation->conn, violation->text,
                   oracle_rule_text(violation->rule));
    return text;
}
