// SPDX-License-Identifier: MIT
//
// Fast Open as system calls know it: connect that puts the SYN off until the first write
// (TCP_FASTOPEN_CONNECT), sendto that connects (MSG_FASTOPEN), and the settings tcp_fastopen and
// tcp_fastopen_key. What a SYN carries is what such a call has written, unless it may wait for the
// answer.
#include "packetdrill/drill_fastopen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/drill_state.h"

// Bits of tcp_fastopen.
enum {
    CLIENT = 0x1,
    SERVER = 0x2,
    CLIENT_WITHOUT_COOKIE = 0x4,
    SERVER_WITHOUT_COOKIE = 0x200,
    SERVER_ALL_LISTENERS = 0x400,
};

#define NS_PER_S UINT64_C(1000000000)

enum { KEY_WORDS = 4 };

// The bits in force now: scripts change them while sockets are open.
static uint32_t bits_now(const struct drill *drill)
{
    struct drill_settings settings = drill->settings;
    drill_settings_refresh(&settings);
    return (uint32_t)drill_settings_number(&settings, DRILL_SETTING_FASTOPEN, CLIENT);
}

bool drill_fastopen_is_on(const struct drill *drill)
{
    return (bits_now(drill) & CLIENT) != 0;
}

void drill_fastopen_config(const struct drill_settings *settings,
                           struct synfin_stack_config *config)
{
    uint32_t bits = (uint32_t)drill_settings_number(settings, DRILL_SETTING_FASTOPEN, CLIENT);
    config->fastopen_sends_any = (bits & CLIENT_WITHOUT_COOKIE) != 0;
    config->fastopen_takes_any = (bits & SERVER_WITHOUT_COOKIE) != 0;
    const struct drill_value *off = &settings->value[DRILL_SETTING_FASTOPEN_OFF];
    if (off->is_set && off->number[0] >= 0 && off->number[0] <= UINT32_MAX) {
        config->fastopen_off_ns = (uint64_t)off->number[0] * NS_PER_S;
    } else if (settings->profile == DRILL_PROFILE_LINUX) {
        config->fastopen_off_ns = 0;
    }
}

// Four words in hexadecimal with hyphens between them, little-endian in the key's octets.
static bool read_key(const char *text, uint8_t key[SYNFIN_FASTOPEN_KEY])
{
    for (uint32_t i = 0; i < KEY_WORDS; i++) {
        char *end;
        unsigned long word = strtoul(text, &end, 16);
        bool is_last = i + 1 == KEY_WORDS;
        if (end == text || word > UINT32_MAX || (!is_last && *end != '-')) {
            return false;
        }
        for (uint32_t k = 0; k < 4; k++) {
            key[4 * i + k] = (uint8_t)(word >> 8 * k);
        }
        text = end + 1;
    }
    return true;
}

static void set_keys(struct drill *drill)
{
    const char *text = drill->settings.value[DRILL_SETTING_FASTOPEN_KEY].word;
    uint8_t keys[SYNFIN_FASTOPEN_KEYS_MAX][SYNFIN_FASTOPEN_KEY];
    uint32_t count = 0;
    while (text != NULL && count < SYNFIN_FASTOPEN_KEYS_MAX && read_key(text, keys[count])) {
        count++;
        text = strchr(text, ',');
        text = text != NULL ? text + 1 : NULL;
    }
    if (count > 0) {
        (void)!synfin_stack_fastopen_keys(drill->stack, keys[0], count);
    }
}

void drill_fastopen_save(struct drill *drill)
{
    for (uint32_t i = 0; i < drill->settings.locals; i++) {
        struct synfin_fastopen_cookie cookie = {.size = sizeof cookie};
        if (synfin_stack_fastopen_get(drill->stack, &drill->settings.local[i].addr,
                                      &drill->fastopen_peer, &cookie)
            == SYNFIN_ERROR_OK) {
            drill->fastopen_cookie = cookie;
        }
    }
}

void drill_fastopen_restore(struct drill *drill)
{
    set_keys(drill);
    if (drill->fastopen_cookie.size != 0) {
        (void)!synfin_stack_fastopen_set(drill->stack, &drill->fastopen_cookie,
                                         drill_stack_now(drill));
    }
}

void drill_fastopen_listen(struct drill *drill, const struct drill_handle *handle, uint32_t backlog)
{
    const uint32_t all = SERVER | SERVER_ALL_LISTENERS;
    uint64_t now_ns = drill_stack_now(drill);
    uint32_t bits = bits_now(drill);
    if ((bits & SERVER) == 0) {
        backlog = 0;
    } else if ((bits & all) != all && (bits & SERVER_WITHOUT_COOKIE) == 0) {
        return; // as the option says
    }
    (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_FASTOPEN,
                                    backlog < UINT16_MAX ? backlog : UINT16_MAX, now_ns);
}

// "ip tcp_metrics flush": what is known of servers is forgotten.
static void forget_if_told(struct drill *drill)
{
    if (!drill_state_take("flush-tcp-metrics")) {
        return;
    }
    drill->fastopen_cookie.size = 0;
    for (uint32_t i = 0; i < drill->settings.locals; i++) {
        const struct synfin_fastopen_cookie none = {
            .size = sizeof none,
            .local = drill->settings.local[i].addr,
            .remote = drill->fastopen_peer,
        };
        (void)!synfin_stack_fastopen_set(drill->stack, &none, drill_stack_now(drill));
    }
}

uint32_t drill_fastopen_room(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error =
        synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill));
    return error == SYNFIN_ERROR_OK ? info.syn_room_bytes : 0;
}

void drill_fastopen_let_go(struct drill *drill, struct drill_handle *handle)
{
    size_t sent;
    handle->is_deferred = false;
    (void)!synfin_socket_send(drill->stack, handle->socket, NULL, 0, &sent, drill_stack_now(drill));
    drill_stack_pump(drill);
}

int drill_fastopen_connect(struct drill *drill, struct drill_handle *handle,
                           const struct sockaddr *addr, socklen_t bytes)
{
    bool is_unspecified =
        addr != NULL && bytes >= sizeof addr->sa_family && addr->sa_family == AF_UNSPEC;
    if (!drill_fastopen_is_on(drill) || is_unspecified) {
        return drill_errno_fail(EOPNOTSUPP);
    }
    if (handle->is_deferred || handle->is_connected) {
        return 0;
    }
    if (handle->is_connecting) {
        return drill_errno_fail(handle->is_ended ? EPIPE : EALREADY);
    }
    struct synfin_endpoint remote;
    if (!drill_addr_read(handle, addr, bytes, &remote)) {
        return -1;
    }
    uint64_t now_ns = drill_stack_now(drill);
    drill->fastopen_peer = remote.addr;
    forget_if_told(drill);
    (void)!synfin_socket_set_option(drill->stack, handle->socket, SYNFIN_OPTION_FASTOPEN_CONNECT, 1,
                                    now_ns);
    enum synfin_error error = synfin_socket_connect(drill->stack, handle->socket, &remote, now_ns);
    if (error != SYNFIN_ERROR_OK) {
        return drill_errno_set(error);
    }
    handle->is_connecting = handle->is_deferred = true;
    return 0;
}
