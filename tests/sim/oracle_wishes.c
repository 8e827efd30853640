// SPDX-License-Identifier: MIT
//
// What users have asked for; see oracle_wishes.h.
#include "sim/oracle_wishes.h"

#include <stdlib.h>

#include "sim/oracle_internal.h"

void oracle_wishes_init(struct oracle_wishes *wishes, const struct synfin_stack_config *config)
{
    *wishes = (struct oracle_wishes){.keepalive_idle_ns = config->keepalive_idle_ns,
                                     .keepalive_interval_ns = config->keepalive_interval_ns,
                                     .keepalive_probes = config->keepalive_probes,
                                     .fin_wait_2_ns = config->fin_wait_2_ns,
                                     .hop_limit = config->hop_limit};
}

void oracle_wishes_deinit(struct oracle_wishes *first)
{
    while (first != NULL) {
        struct oracle_wishes *next = first->next;
        free(first);
        first = next;
    }
}

static uint64_t key_of(const struct oracle_host *host, synfin_socket socket)
{
    return oracle_mix((uint64_t)host->id << 32 | host->boot, socket);
}

const struct oracle_wishes *oracle_wishes_find(const struct oracle_host *host, synfin_socket socket)
{
    return oracle_map_find(&host->oracle->by_socket, key_of(host, socket));
}

struct oracle_wishes *oracle_wishes_of_socket(struct oracle_host *host, synfin_socket socket,
                                              const struct oracle_wishes *before)
{
    struct oracle *oracle = host->oracle;
    struct oracle_wishes *wishes = oracle_map_find(&oracle->by_socket, key_of(host, socket));
    if (wishes == NULL) {
        wishes = oracle_allocate(NULL, sizeof *wishes);
        *wishes = *before;
        wishes->next = oracle->wishes;
        oracle->wishes = wishes;
        oracle_map_set(&oracle->by_socket, key_of(host, socket), wishes);
    }
    return wishes;
}

const struct oracle_wishes *oracle_wishes_of(const struct oracle_host *host,
                                             const struct oracle_end *end)
{
    if (end->wishes != NULL) {
        return end->wishes;
    }
    for (uint32_t i = 0; i < host->listeners && end->is_passive; i++) {
        const struct oracle_listener *listener = &host->listener[i];
        if (listener->port == end->local.port && listener->wishes != NULL) {
            return listener->wishes;
        }
    }
    return &host->wishes;
}

static void note_size(struct oracle_wishes *wishes, enum synfin_option option, uint32_t bytes)
{
    if (option == SYNFIN_OPTION_SEND_BUFFER) {
        wishes->send_buffer_bytes = bytes;
    } else if (option == SYNFIN_OPTION_RECEIVE_BUFFER) {
        wishes->receive_buffer_bytes = bytes;
    } else if (option == SYNFIN_OPTION_NOTSENT_LOWAT) {
        wishes->notsent_lowat_bytes = bytes;
    } else if (option == SYNFIN_OPTION_WINDOW_CLAMP) {
        wishes->window_clamp_bytes = bytes;
    } else if (option == SYNFIN_OPTION_MAXSEG) {
        wishes->mss_bytes = bytes;
    } else if (option == SYNFIN_OPTION_HOP_LIMIT) {
        wishes->hop_limit = (uint8_t)bytes;
    } else if (option == SYNFIN_OPTION_TRAFFIC_CLASS) {
        wishes->traffic_class = (uint8_t)bytes;
    }
}

static void note_keepalive(struct oracle_wishes *wishes, enum synfin_option option, uint64_t value,
                           uint64_t now_ns)
{
    if (option == SYNFIN_OPTION_KEEPALIVE) {
        wishes->has_keepalive = value != 0;
    } else if (option == SYNFIN_OPTION_KEEPALIVE_IDLE) {
        wishes->keepalive_idle_ns = value;
    } else if (option == SYNFIN_OPTION_KEEPALIVE_INTERVAL) {
        wishes->keepalive_interval_ns = value;
    } else if (option == SYNFIN_OPTION_KEEPALIVE_PROBES) {
        wishes->keepalive_probes = value;
    } else {
        return;
    }
    wishes->keepalive_set_ns = now_ns;
}

void oracle_wishes_note(struct oracle_wishes *wishes, enum synfin_option option, int64_t value,
                        uint64_t now_ns)
{
    note_size(wishes, option, (uint32_t)value);
    note_keepalive(wishes, option, (uint64_t)value, now_ns);
    if (option == SYNFIN_OPTION_CORK) {
        wishes->has_cork = value != 0;
    } else if (option == SYNFIN_OPTION_LINGER) {
        wishes->aborts = value == 0;
    } else if (option == SYNFIN_OPTION_PACING_RATE_MAX) {
        wishes->pacing_rate_max = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_FIN_WAIT_2) {
        wishes->fin_wait_2_ns = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_DEFER_ACCEPT) {
        wishes->defer_accept_ns = (uint64_t)value;
    } else if (option == SYNFIN_OPTION_USER_TIMEOUT) {
        wishes->user_timeout_ns = (uint64_t)value;
        wishes->timeout_set_ns = now_ns;
    }
}
