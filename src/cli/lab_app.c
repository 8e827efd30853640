// SPDX-License-Identifier: MIT
//
// The applications of the lab. A step is tried whenever something has happened, and says whether
// it is done, has to wait, or has failed; a failure ends the script.
#include "cli/lab_app.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/lab_attack.h"

enum { PIECE_BYTES = 4096 };

#define NS_PER_MS UINT64_C(1000000)

struct player {
    struct lab_world *world;
    enum synfin_link_side side;
    struct lab_app *app;
    synfin_stack *stack;
};

static enum synfin_link_side other_side(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A;
}

__attribute__((format(printf, 2, 3))) static void note(struct player *player, const char *format,
                                                       ...)
{
    char text[160];
    va_list arguments;
    int used = snprintf(text, sizeof text, "%s ", lab_world_name(player->app->actor));
    va_start(arguments, format);
    (void)vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    va_end(arguments);
    synfin_ladder_note(player->world->config.ladder, player->world->now_ns, text);
}

// The octet at `offset` of what `side` sends: any order or loss shows.
static uint8_t octet_at(enum synfin_link_side side, uint64_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 8) * 17 + (side == SYNFIN_LINK_A ? 1 : 2));
}

static enum lab_verdict fail(struct player *player, enum synfin_error error)
{
    struct lab_app *app = player->app;
    if (app->error == SYNFIN_ERROR_OK) {
        app->error = error;
        app->error_ns = player->world->now_ns;
    }
    return LAB_VERDICT_FAILED;
}

static enum lab_verdict verdict_of(struct player *player, enum synfin_error error)
{
    if (error == SYNFIN_ERROR_OK) {
        return LAB_VERDICT_DONE;
    }
    return error == SYNFIN_ERROR_AGAIN ? LAB_VERDICT_WAIT : fail(player, error);
}

static uint16_t port_of(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? LAB_CLIENT_PORT : LAB_PORT;
}

// Learns which connection the socket has: its states are those of the client's port.
static void set_port(struct player *player)
{
    struct lab_app *app = player->app;
    struct synfin_endpoint end[2] = {0};
    if (synfin_socket_endpoints(player->stack, app->socket, &end[0], &end[1]) == SYNFIN_ERROR_OK) {
        app->port = end[player->side].port;
    }
}

// A connection begins: what it carries is counted from here on.
static void begin_stream(struct player *player)
{
    player->app->was_open = false;
    player->app->sent_before = player->app->sent_bytes;
    player->app->received_before = player->app->received_bytes;
    set_port(player);
}

static void set_open(struct player *player)
{
    if (!player->app->was_open) {
        player->app->was_open = true;
        player->app->open_ns = player->world->now_ns;
    }
}

static enum lab_verdict do_listen(struct player *player, uint32_t backlog)
{
    struct synfin_endpoint any = player->world->endpoint[player->side];
    any.port = LAB_PORT;
    if (backlog > 0) {
        note(player, "listens on port %d, backlog %" PRIu32, LAB_PORT, backlog);
    } else {
        note(player, "listens on port %d", LAB_PORT);
    }
    enum synfin_error error = synfin_socket_open(player->stack, &player->app->listener);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_bind(player->stack, player->app->listener, &any);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_listen(player->stack, player->app->listener, backlog,
                                     player->world->now_ns);
    }
    player->app->was_listening = error == SYNFIN_ERROR_OK;
    return verdict_of(player, error);
}

static enum lab_verdict do_room(struct player *player, uint32_t bytes)
{
    note(player, "has room for %" PRIu32 " octets", bytes);
    return verdict_of(player, synfin_socket_set_option(player->stack, player->app->listener,
                                                       SYNFIN_OPTION_RECEIVE_BUFFER, bytes,
                                                       player->world->now_ns));
}

static enum lab_verdict do_accept(struct player *player)
{
    enum lab_verdict verdict =
        verdict_of(player, synfin_socket_accept(player->stack, player->app->listener,
                                                &player->app->socket, NULL));
    if (verdict == LAB_VERDICT_DONE) {
        note(player, "accepts the connection");
        begin_stream(player);
        set_open(player);
    }
    return verdict;
}

static enum lab_verdict do_bind(struct player *player)
{
    struct synfin_endpoint local = player->world->endpoint[player->side];
    local.port = port_of(player->side);
    enum synfin_error error = synfin_socket_open(player->stack, &player->app->socket);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_bind(player->stack, player->app->socket, &local);
    }
    return verdict_of(player, error);
}

static enum lab_verdict do_connect(struct player *player)
{
    char text[SYNFIN_ENDPOINT_TEXT_MAX];
    struct synfin_endpoint remote = player->world->endpoint[other_side(player->side)];
    remote.port = port_of(other_side(player->side));
    note(player, "connects to %s", synfin_endpoint_format(&remote, text));
    enum synfin_error error = SYNFIN_ERROR_OK;
    if (player->app->socket == 0) {
        error = synfin_socket_open(player->stack, &player->app->socket);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_connect(player->stack, player->app->socket, &remote,
                                      player->world->now_ns);
    }
    begin_stream(player);
    return verdict_of(player, error);
}

static enum lab_verdict do_fastopen(struct player *player, uint32_t most)
{
    struct lab_app *app = player->app;
    uint64_t now_ns = player->world->now_ns;
    if (app->listener != 0) {
        note(player, "allows Fast Open");
        return verdict_of(player, synfin_socket_set_option(player->stack, app->listener,
                                                           SYNFIN_OPTION_FASTOPEN, most, now_ns));
    }
    enum synfin_error error = synfin_socket_open(player->stack, &app->socket);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_set_option(player->stack, app->socket, SYNFIN_OPTION_FASTOPEN_CONNECT,
                                         1, now_ns);
    }
    return verdict_of(player, error);
}

static enum lab_verdict do_send(struct player *player, uint32_t bytes)
{
    struct lab_app *app = player->app;
    if (app->progress == 0) {
        note(player, "sends %" PRIu32 " octets", bytes);
    }
    while (app->progress < bytes) {
        uint8_t piece[PIECE_BYTES];
        uint64_t rest = bytes - app->progress;
        size_t count = rest < sizeof piece ? (size_t)rest : sizeof piece;
        size_t sent = 0;
        for (size_t i = 0; i < count; i++) {
            piece[i] = octet_at(player->side, app->sent_bytes - app->sent_before + i);
        }
        enum synfin_error error = synfin_socket_send(player->stack, app->socket, piece, count,
                                                     &sent, player->world->now_ns);
        if (error != SYNFIN_ERROR_OK) {
            return verdict_of(player, error);
        }
        app->progress += sent;
        app->sent_bytes += sent;
    }
    return LAB_VERDICT_DONE;
}

static void check_octets(struct player *player, const uint8_t *data, size_t count)
{
    struct lab_app *app = player->app;
    uint64_t offset = app->received_bytes - app->received_before;
    for (size_t i = 0; i < count; i++) {
        uint8_t expected = octet_at(other_side(player->side), offset + i);
        app->has_wrong_octet |= data[i] != expected;
    }
    app->progress += count;
    app->received_bytes += count;
}

static void note_end(struct player *player)
{
    if (player->app->progress > 0) {
        note(player, "reads %" PRIu64 " octets and the end of the data", player->app->progress);
    } else {
        note(player, "reads the end of the data");
    }
}

// Reads up to `bytes` octets in all, or until the peer's last one.
static enum lab_verdict do_read(struct player *player, uint64_t bytes)
{
    struct lab_app *app = player->app;
    while (app->progress < bytes) {
        uint8_t piece[PIECE_BYTES];
        uint64_t rest = bytes - app->progress;
        size_t received = 0;
        enum synfin_error error = synfin_socket_recv(
            player->stack, app->socket, piece, rest < sizeof piece ? (size_t)rest : sizeof piece,
            &received, player->world->now_ns);
        if (error != SYNFIN_ERROR_OK) {
            return verdict_of(player, error);
        }
        if (received == 0) {
            note_end(player);
            return LAB_VERDICT_DONE;
        }
        check_octets(player, piece, received);
    }
    note(player, "reads %" PRIu64 " octets", app->progress);
    return LAB_VERDICT_DONE;
}

static enum lab_verdict do_shutdown(struct player *player)
{
    note(player, "ends its direction");
    return verdict_of(player, synfin_socket_shutdown(player->stack, player->app->socket,
                                                     SYNFIN_SHUTDOWN_WRITE, player->world->now_ns));
}

static enum lab_verdict do_close(struct player *player)
{
    note(player, "closes");
    synfin_socket_close(player->stack, player->app->socket, player->world->now_ns);
    player->app->socket = 0;
    return LAB_VERDICT_DONE;
}

static enum lab_verdict do_abort(struct player *player)
{
    note(player, "aborts");
    synfin_socket_abort(player->stack, player->app->socket, player->world->now_ns);
    player->app->socket = 0;
    return fail(player, SYNFIN_ERROR_ABORTED);
}

enum lab_verdict lab_app_wait(struct lab_world *world, struct lab_app *app, uint64_t t_ns)
{
    app->wake_ns = t_ns > world->now_ns ? t_ns : SYNFIN_NEVER;
    return t_ns > world->now_ns ? LAB_VERDICT_WAIT : LAB_VERDICT_DONE;
}

static enum lab_verdict do_heal(struct player *player)
{
    synfin_ladder_note(player->world->config.ladder, player->world->now_ns, "the link heals");
    synfin_link_heal(player->world->link);
    return LAB_VERDICT_DONE;
}

static enum lab_verdict do_path_mtu(struct player *player, uint32_t mtu_bytes)
{
    const struct lab_world *world = player->world;
    char text[80];
    (void)snprintf(text, sizeof text, "the path now carries packets of %" PRIu32 " octets",
                   mtu_bytes);
    synfin_ladder_note(world->config.ladder, world->now_ns, text);
    synfin_link_set_path_mtu(world->link, mtu_bytes, world->config.link->tells_path_mtu != 0);
    return LAB_VERDICT_DONE;
}

static enum lab_verdict await_peer(const struct player *player, enum synfin_tcp_state state)
{
    const struct lab_state *peer =
        lab_world_state(player->world, other_side(player->side), player->app->port);
    return peer->state == state ? LAB_VERDICT_DONE : LAB_VERDICT_WAIT;
}

static void forget_connection(struct lab_app *app)
{
    app->socket = 0;
    app->was_open = false;
    app->error = SYNFIN_ERROR_OK;
}

static enum lab_verdict await_fail(struct player *player)
{
    struct lab_app *app = player->app;
    if (app->error == SYNFIN_ERROR_OK) {
        return LAB_VERDICT_WAIT;
    }
    note(player, "is told: %s", synfin_error_text(app->error));
    synfin_socket_close(player->stack, app->socket, player->world->now_ns);
    forget_connection(app);
    return LAB_VERDICT_DONE;
}

static enum lab_verdict do_restart(struct player *player)
{
    note(player, "restarts, and has forgotten everything");
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        if (player->world->app[i].side == player->side) {
            forget_connection(&player->world->app[i]);
            player->world->app[i].listener = 0;
        }
    }
    enum synfin_error error = lab_world_restart(player->world, player->side);
    player->stack = player->world->stack[player->side];
    return verdict_of(player, error);
}

static enum lab_verdict do_step(struct player *player, const struct lab_step *step)
{
    struct lab_app *app = player->app;
    uint64_t ms = step->argument * NS_PER_MS;
    switch (step->verb) {
    case LAB_LISTEN: return do_listen(player, step->argument);
    case LAB_FASTOPEN: return do_fastopen(player, step->argument);
    case LAB_ROOM: return do_room(player, step->argument);
    case LAB_ACCEPT: return do_accept(player);
    case LAB_BIND: return do_bind(player);
    case LAB_CONNECT: return do_connect(player);
    case LAB_AWAIT_OPEN: return app->was_open ? LAB_VERDICT_DONE : LAB_VERDICT_WAIT;
    case LAB_SEND: return do_send(player, step->argument);
    case LAB_READ: return do_read(player, step->argument);
    case LAB_READ_END: return do_read(player, UINT64_MAX);
    case LAB_SHUTDOWN: return do_shutdown(player);
    case LAB_CLOSE: return do_close(player);
    case LAB_ABORT: return do_abort(player);
    case LAB_SLEEP: return lab_app_wait(player->world, app, app->began_ns + ms);
    case LAB_AT: return lab_app_wait(player->world, app, ms);
    case LAB_AWAIT_PEER: return await_peer(player, (enum synfin_tcp_state)step->argument);
    case LAB_AWAIT_FAIL: return await_fail(player);
    case LAB_RESTART: return do_restart(player);
    case LAB_FORGE: return lab_attack_forge(player->world, step->argument);
    case LAB_FLOOD: return lab_attack_flood(player->world, app, step->argument);
    case LAB_HEAL: return do_heal(player);
    case LAB_PATH_MTU: return do_path_mtu(player, step->argument);
    case LAB_FINISH: break;
    }
    return LAB_VERDICT_WAIT;
}

static const struct lab_step finished = {LAB_FINISH, 0};

static void give_up(struct player *player)
{
    if (player->app->socket != 0) {
        synfin_socket_close(player->stack, player->app->socket, player->world->now_ns);
        player->app->socket = 0;
    }
    player->app->step = &finished;
    player->app->wake_ns = SYNFIN_NEVER;
}

bool lab_app_run(struct lab_world *world, enum lab_actor actor)
{
    struct lab_app *app = &world->app[actor];
    struct player player = {world, app->side, app, world->stack[app->side]};
    bool has_done = false;
    if (app->error != SYNFIN_ERROR_OK && app->step->verb != LAB_AWAIT_FAIL) {
        give_up(&player);
    }
    while (app->step->verb != LAB_FINISH) {
        if (!app->has_begun) {
            app->has_begun = true;
            app->began_ns = world->now_ns;
            app->progress = 0;
        }
        enum lab_verdict verdict = do_step(&player, app->step);
        if (verdict == LAB_VERDICT_WAIT) {
            break;
        }
        has_done = true;
        app->has_begun = false;
        app->step++;
        if (verdict == LAB_VERDICT_FAILED) {
            give_up(&player);
        }
    }
    return has_done;
}

void lab_app_event(struct lab_world *world, enum synfin_link_side side,
                   const struct synfin_event *event)
{
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        struct player player = {world, side, &world->app[i], world->stack[side]};
        if (player.app->side != side || event->socket != player.app->socket) {
            continue;
        }
        if (event->kind == SYNFIN_EVENT_CONNECTED) {
            set_open(&player);
        }
        if (event->kind == SYNFIN_EVENT_CLOSED && event->error != SYNFIN_ERROR_OK) {
            player.app->end = player.app->error == SYNFIN_ERROR_OK ? *event : player.app->end;
            (void)fail(&player, event->error);
        }
    }
}
