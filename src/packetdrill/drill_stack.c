// SPDX-License-Identifier: MIT
//
// The stack under test: made from the settings when the first socket is opened, because scripts
// change settings before that; driven by whoever moves the clock; its packets kept in order until
// packetdrill asks for them.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/host.h>

#include "packetdrill/drill.h"
#include "packetdrill/drill_cut.h"
#include "packetdrill/drill_fastopen.h"

enum { NS_PER_US = 1000, BURST = 16 };

uint64_t drill_stack_now(const struct drill *drill)
{
    return drill->now_us * NS_PER_US;
}

static enum synfin_error add_default_routes(struct drill *drill)
{
    static const char *const ALL[] = {"0.0.0.0/0", "::/0"};
    for (size_t at = 0; at < sizeof ALL / sizeof ALL[0]; at++) {
        struct synfin_prefix all;
        struct synfin_addr direct = {0};
        enum synfin_error error = synfin_prefix_parse(ALL[at], &all);
        if (error == SYNFIN_ERROR_OK) {
            error = synfin_stack_add_route(drill->stack, drill->iface, &all, &direct);
        }
        if (error != SYNFIN_ERROR_OK) {
            return error;
        }
    }
    return SYNFIN_ERROR_OK;
}

// Every destination is behind the one interface, which knows no link layer.
static enum synfin_error add_interface(struct drill *drill)
{
    struct synfin_iface_config iface;
    synfin_iface_config_default(&iface);
    iface.mtu_bytes = drill->settings.mtu_bytes;
    iface.gso_bytes = SYNFIN_PACKET_MAX;
    enum synfin_error error = synfin_stack_add_iface(drill->stack, &iface, &drill->iface);
    for (uint32_t at = 0; at < drill->settings.locals && error == SYNFIN_ERROR_OK; at++) {
        error = synfin_stack_add_addr(drill->stack, drill->iface, &drill->settings.local[at]);
    }
    return error == SYNFIN_ERROR_OK ? add_default_routes(drill) : error;
}

static bool create(struct drill *drill)
{
    struct synfin_env env;
    struct synfin_stack_config config;
    synfin_host_env(&env);
    synfin_stack_config_default(&config);
    drill_settings_config_fill(&drill->settings, &config);
    enum synfin_error error =
        synfin_stack_create(&env, &config, drill_stack_now(drill), &drill->stack);
    if (error == SYNFIN_ERROR_OK) {
        error = add_interface(drill);
    }
    if (error != SYNFIN_ERROR_OK) {
        fprintf(stderr, "synfin: no stack can be made: %s\n", synfin_error_text(error));
        drill_stack_destroy(drill);
    } else {
        drill_fastopen_restore(drill);
    }
    return error == SYNFIN_ERROR_OK;
}

bool drill_stack_prepare(struct drill *drill)
{
    struct drill_settings settings = drill->settings;
    drill_settings_refresh(&settings);
    bool has_changed = !drill_settings_equal(&settings, &drill->settings);
    if (drill->stack != NULL && has_changed && drill->sockets == 0) {
        drill_fastopen_save(drill);
        drill_stack_destroy(drill);
    }
    if (drill->stack != NULL) {
        return true;
    }
    drill->settings = settings;
    if (!create(drill)) {
        errno = ENOMEM;
        return false;
    }
    return true;
}

void drill_stack_destroy(struct drill *drill)
{
    if (drill->stack != NULL) {
        synfin_stack_destroy(drill->stack);
        drill->stack = NULL;
    }
}

static void note_end(struct drill_handle *handle, const struct synfin_event *event)
{
    handle->is_ended = true;
    if (event->error != SYNFIN_ERROR_OK) {
        handle->error = drill_errno_of(event->error);
    }
    handle->arrivals++;
    handle->departures++;
}

static void note(struct drill_handle *handle, const struct synfin_event *event)
{
    switch (event->kind) {
    case SYNFIN_EVENT_CONNECTED:
        handle->is_connected = true;
        handle->departures++;
        break;
    case SYNFIN_EVENT_ACCEPTABLE:
        handle->is_acceptable = true;
        handle->arrivals++;
        break;
    case SYNFIN_EVENT_READABLE: handle->arrivals++; break;
    case SYNFIN_EVENT_URGENT:
        handle->is_urgent_taken = false;
        handle->arrivals++;
        break;
    case SYNFIN_EVENT_WRITABLE: handle->departures++; break;
    case SYNFIN_EVENT_CLOSED: note_end(handle, event); break;
    case SYNFIN_EVENT_UNANSWERED:
    case SYNFIN_EVENT_COUNT:
    default: break;
    }
}

static struct drill_packet *make_packet(const struct drill *drill, uint32_t bytes)
{
    struct drill_packet *packet = malloc(sizeof *packet + bytes);
    if (packet != NULL) {
        *packet = (struct drill_packet){.sent_us = drill->now_us, .bytes = bytes};
    }
    return packet;
}

static void queue_packet(struct drill *drill, struct drill_packet *packet)
{
    *drill->last = packet;
    drill->last = &packet->next;
}

static void queue_pieces(struct drill *drill, const struct drill_packet *whole, uint32_t text_bytes)
{
    uint32_t head_bytes = drill_cut_header_bytes(whole->octet);
    for (uint32_t at = 0; head_bytes + at < whole->bytes; at += text_bytes) {
        struct drill_packet *piece = make_packet(drill, head_bytes + text_bytes);
        if (piece == NULL) {
            return;
        }
        piece->bytes = drill_cut(whole->octet, whole->bytes, at, text_bytes, piece->octet);
        queue_packet(drill, piece);
    }
}

// What there is no memory for is lost, as on any link.
static void keep_packet(struct drill *drill, const struct synfin_packet *from)
{
    struct drill_packet *packet = make_packet(drill, from->bytes);
    if (packet == NULL) {
        return;
    }
    (void)synfin_packet_copy(from, packet->octet, from->bytes);
    if (drill->settings.has_no_gso && from->gso_bytes != 0) {
        queue_pieces(drill, packet, from->gso_bytes);
        free(packet);
    } else {
        queue_packet(drill, packet);
    }
}

static bool pump_once(struct drill *drill)
{
    struct synfin_event event;
    struct synfin_packet packets[BURST];
    uint64_t now_ns = drill_stack_now(drill);
    bool has_moved = false;
    synfin_stack_advance(drill->stack, now_ns);
    while (synfin_stack_next_event(drill->stack, &event)) {
        has_moved = true;
        if (event.user != NULL) {
            note(event.user, &event);
        }
    }
    uint32_t most = drill->is_shut ? 0 : BURST; // a device that takes nothing does not ask
    uint32_t count = synfin_stack_output(drill->stack, drill->iface, packets, most, now_ns);
    for (uint32_t at = 0; at < count; at++) {
        keep_packet(drill, &packets[at]);
    }
    return has_moved || count > 0;
}

void drill_stack_pump(struct drill *drill)
{
    drill->is_shut = drill_settings_is_shut(&drill->settings);
    while (drill->stack != NULL && pump_once(drill)) {
    }
    drill_report_look(drill);
}

struct drill_packet *drill_stack_take(struct drill *drill)
{
    struct drill_packet *packet = drill->first;
    if (packet != NULL) {
        drill->first = packet->next;
        if (drill->first == NULL) {
            drill->last = &drill->first;
        }
    }
    return packet;
}
