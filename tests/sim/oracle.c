// SPDX-License-Identifier: MIT
//
// The judge's entry points; see oracle.h.
#include "sim/oracle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct oracle {
    uint64_t seed;
    struct oracle_violation violation[ORACLE_VIOLATIONS_MAX];
    uint32_t violations;
    struct oracle_totals totals;
};

struct oracle *oracle_create(uint64_t seed, uint32_t hosts_max)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    (void)hosts_max;
    if (oracle == NULL) {
        abort();
    }
    oracle->seed = seed;
    return oracle;
}

void oracle_destroy(struct oracle *oracle)
{
    free(oracle);
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

void oracle_host_add(struct oracle *oracle, uint32_t host, const struct oracle_host_config *config,
                     uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)config;
    (void)now_ns;
}

void oracle_host_ending(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)now_ns;
}

void oracle_host_gone(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)now_ns;
}

void oracle_trace(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    (void)event;
}

void *oracle_trace_ctx(struct oracle *oracle, uint32_t host)
{
    (void)oracle;
    (void)host;
    return NULL;
}

void oracle_sent(struct oracle *oracle, uint32_t host, uint32_t iface,
                 const struct synfin_packet *packet, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)iface;
    (void)packet;
    (void)now_ns;
}

void oracle_received(struct oracle *oracle, uint32_t host, uint32_t iface,
                     const struct oracle_arrival *arrival, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)iface;
    (void)arrival;
    (void)now_ns;
}

void oracle_advancing(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)now_ns;
}

void oracle_after_event(struct oracle *oracle, uint32_t host, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)now_ns;
}

void oracle_sweep(struct oracle *oracle, uint64_t now_ns)
{
    (void)oracle;
    (void)now_ns;
}

void oracle_listening(struct oracle *oracle, uint32_t host, synfin_socket socket, uint32_t backlog)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)backlog;
}

void oracle_connecting(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)now_ns;
}

void oracle_accepted(struct oracle *oracle, uint32_t host, synfin_socket listener,
                     synfin_socket socket, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)listener;
    (void)socket;
    (void)now_ns;
}

void oracle_next_octets(struct oracle *oracle, uint32_t host, synfin_socket socket, uint8_t *out,
                        uint32_t bytes)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)out;
    (void)bytes;
}

void oracle_wrote(struct oracle *oracle, uint32_t host, synfin_socket socket, size_t bytes,
                  uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)bytes;
    (void)now_ns;
}

void oracle_read(struct oracle *oracle, uint32_t host, synfin_socket socket, const uint8_t *octets,
                 size_t bytes, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)octets;
    (void)bytes;
    (void)now_ns;
}

void oracle_failed(struct oracle *oracle, uint32_t host, synfin_socket socket,
                   enum synfin_error error, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)error;
    (void)now_ns;
}

void oracle_shut(struct oracle *oracle, uint32_t host, synfin_socket socket,
                 enum synfin_shutdown how, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)how;
    (void)now_ns;
}

void oracle_closing(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)now_ns;
}

void oracle_aborting(struct oracle *oracle, uint32_t host, synfin_socket socket, uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)socket;
    (void)now_ns;
}

void oracle_event(struct oracle *oracle, uint32_t host, const struct synfin_event *event,
                  uint64_t now_ns)
{
    (void)oracle;
    (void)host;
    (void)event;
    (void)now_ns;
}

uint64_t oracle_heal(struct oracle *oracle, const struct oracle_path *path, uint64_t now_ns)
{
    (void)oracle;
    (void)path;
    (void)now_ns;
    return now_ns;
}

void oracle_finish(struct oracle *oracle, uint64_t now_ns)
{
    (void)oracle;
    (void)now_ns;
}
