// SPDX-License-Identifier: MIT
//
// What users do; see sim_app.h. All of it is done from events and at times of their own.
#include "sim/sim_app.h"

#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"

enum {
    CALL_MAX = 1 << 16,
    PORT_ANSWER = 7,
    PORT_SINK = 9,
    PORT_SOURCE = 19,
    PORT_BOTH = 80,
    CROSS_FIRST = 20000, // ports of those who call each other
    CROSS_PORTS = 5000
};

static const uint16_t ports[SIM_PORTS] = {PORT_ANSWER, PORT_SINK, PORT_SOURCE, PORT_BOTH};

static uint64_t clock_of(const struct sim_host *host)
{
    return sim_host_clock(host);
}

static void *user_of(uint32_t number)
{
    return (void *)(uintptr_t)(number + 1);
}

static void note(struct sim_host *host, const struct sim_app *app, uint32_t what, uint64_t number)
{
    if (host->world->has_hash) {
        uint64_t said[] = {sim_host_clock(host), host->index, (uint64_t)(app - host->app), what,
                           number};
        sim_hash(host->world, said, sizeof said);
    }
}

static struct sim_app *take_app(struct sim_host *host)
{
    if (host->apps_free == 0 && host->apps == host->apps_max) {
        host->apps_max = host->apps_max == 0 ? 16 : 2 * host->apps_max;
        host->app = realloc(host->app, host->apps_max * sizeof *host->app);
        if (host->app == NULL) {
            abort();
        }
    }
    uint32_t at = host->apps;
    uint32_t next_free = 0;
    if (host->apps_free != 0) {
        at = host->apps_free - 1;
        next_free = host->app[at].next_free;
    } else {
        host->apps++;
    }
    host->apps_free = next_free;
    host->world->users++;
    host->app[at] = (struct sim_app){.host = host, .wake_ns = SYNFIN_NEVER};
    return &host->app[at];
}

static void give_app(struct sim_host *host, struct sim_app *app)
{
    host->opening -= app->is_client;
    host->world->users--;
    app->socket = 0;
    app->next_free = host->apps_free;
    app->wake_ns = SYNFIN_NEVER;
    host->apps_free = (uint32_t)(app - host->app) + 1;
}

static void set_wake(struct sim_host *host, struct sim_app *app, uint64_t at_ns)
{
    app->wake_ns = at_ns;
    host->wake_ns = at_ns < host->wake_ns ? at_ns : host->wake_ns;
}

static uint64_t length_of(struct sim_app *app, uint64_t most)
{
    uint64_t doublings = 0;
    while (doublings < 40 && (most >> doublings) > 1) {
        doublings++;
    }
    uint64_t limit = (UINT64_C(1) << test_random_below(&app->random, (uint32_t)doublings + 1));
    return limit > most ? most : test_random(&app->random) % (2 * limit) % (most + 1);
}

static void write_script(struct sim_app *app, uint16_t port)
{
    struct sim_world *world = app->host->world;
    uint64_t most = world->plan.octets_max;
    bool writes = app->is_client ? port != PORT_SOURCE : port == PORT_SOURCE || port == PORT_BOTH;
    bool is_bulk = world->plan.kind == SIM_KIND_BULK;
    app->to_write = !writes   ? 0
                    : is_bulk ? most / 2 + length_of(app, most / 2)
                              : length_of(app, most);
    app->is_answering = !app->is_client && port == PORT_ANSWER;
    if (app->is_client && port == PORT_ANSWER) { // some 200 turns at most
        app->turn_bytes =
            1 + test_random_below(&app->random, 20000) + (uint32_t)(app->to_write / 200);
    }
    app->write_max = test_random_below(&app->random, 4) == 0
                         ? 1 + test_random_below(&app->random, is_bulk ? 8192 : 600)
                         : CALL_MAX;
    app->read_max = test_random_below(&app->random, 4) == 0
                        ? 1 + test_random_below(&app->random, is_bulk ? 16384 : 600)
                        : CALL_MAX;
    app->ends_at = SYNFIN_NEVER;
    uint32_t roll = test_random_below(&app->random, 8);
    if (sim_has(world, SIM_FAULT_ABORT) && roll < 4) {
        app->end = roll < 2 ? SIM_END_ABORT : SIM_END_EARLY;
        app->ends_at = test_random(&app->random) % (app->to_write + 2);
    }
}

static void prepare(struct sim_app *app)
{
    struct sim_host *host = app->host;
    (void)!synfin_socket_set_user(host->stack, app->socket, user_of((uint32_t)(app - host->app)));
    sim_options_of_user(app);
}

static void finish(struct sim_host *host, struct sim_app *app, bool is_abort)
{
    note(host, app, 1 + is_abort, app->received);
    if (is_abort) {
        oracle_aborting(host->world->oracle, host->index, app->socket, clock_of(host));
        synfin_socket_abort(host->stack, app->socket, clock_of(host));
    } else {
        oracle_closing(host->world->oracle, host->index, app->socket, clock_of(host));
        synfin_socket_close(host->stack, app->socket, clock_of(host));
    }
    sim_host_called(host);
    give_app(host, app);
}

// A call has failed for good: the handle is given up.
static void fail(struct sim_host *host, struct sim_app *app, enum synfin_error error)
{
    note(host, app, 3, error);
    oracle_failed(host->world->oracle, host->index, app->socket, error, clock_of(host));
    finish(host, app, false);
}

static uint64_t may_write(const struct sim_app *app)
{
    uint64_t most = app->to_write;
    if (app->is_answering) {
        most = app->received;
    } else if (app->turn_bytes != 0 && most > app->received + app->turn_bytes) {
        most = app->received + app->turn_bytes;
    }
    return most > app->written ? most - app->written : 0;
}

static enum synfin_error write_some(struct sim_host *host, struct sim_app *app, uint64_t most)
{
    static uint8_t octets[CALL_MAX];
    size_t sent = 0;
    uint32_t bytes = most > app->write_max ? app->write_max : (uint32_t)most;
    int64_t queued = 0;
    // What does not fit is not made first: a send buffer takes what is free in it.
    if (bytes > 16384
        && synfin_socket_get_option(host->stack, app->socket, SYNFIN_OPTION_SEND_QUEUE, &queued)
               == SYNFIN_ERROR_OK
        && queued > 16384) {
        bytes = 16384;
    }
    oracle_next_octets(host->world->oracle, host->index, app->socket, octets, bytes);
    enum synfin_error error =
        synfin_socket_send(host->stack, app->socket, octets, bytes, &sent, clock_of(host));
    if (error == SYNFIN_ERROR_OK) {
        app->written += sent;
        oracle_wrote(host->world->oracle, host->index, app->socket, sent, clock_of(host));
    }
    sim_host_called(host);
    return error;
}

static bool write_all(struct sim_host *host, struct sim_app *app)
{
    uint64_t most;
    while ((most = may_write(app)) != 0) {
        enum synfin_error error = write_some(host, app, most);
        if (error == SYNFIN_ERROR_AGAIN || error == SYNFIN_ERROR_NO_MEMORY) {
            break;
        }
        if (error != SYNFIN_ERROR_OK) {
            fail(host, app, error);
            return false;
        }
    }
    bool is_over = app->is_answering ? app->has_end && app->written == app->received
                                     : app->written >= app->to_write;
    if (is_over && !app->has_shut && app->is_open && app->end != SIM_END_EARLY) {
        enum synfin_error error =
            synfin_socket_shutdown(host->stack, app->socket, SYNFIN_SHUTDOWN_WRITE, clock_of(host));
        app->has_shut = true;
        if (error == SYNFIN_ERROR_OK) {
            oracle_shut(host->world->oracle, host->index, app->socket, SYNFIN_SHUTDOWN_WRITE,
                        clock_of(host));
        }
        sim_host_called(host);
    }
    return true;
}

static bool read_all(struct sim_host *host, struct sim_app *app)
{
    static uint8_t octets[CALL_MAX];
    while (!app->has_end) {
        size_t received = 0;
        enum synfin_error error = synfin_socket_recv(host->stack, app->socket, octets,
                                                     app->read_max, &received, clock_of(host));
        if (error == SYNFIN_ERROR_OK) {
            oracle_read(host->world->oracle, host->index, app->socket, octets, received,
                        clock_of(host));
            app->received += received;
            host->world->delivered += received;
            app->has_end = received == 0;
        }
        sim_host_called(host);
        if (error == SYNFIN_ERROR_AGAIN) {
            break;
        }
        if (error != SYNFIN_ERROR_OK) {
            fail(host, app, error);
            return false;
        }
    }
    return true;
}

static bool stalls(struct sim_host *host, struct sim_app *app)
{
    if (!sim_befalls(host->world, &app->random, SIM_FAULT_STALL)) {
        return false;
    }
    uint64_t doublings = test_random_below(&app->random, 16);
    set_wake(host, app, host->world->now_ns + ((SIM_MS << doublings) + 1));
    return true;
}

static void call(struct sim_host *host, struct sim_app *app)
{
    synfin_socket socket = app->socket;
    app->has_called = true;
    enum synfin_error error = synfin_socket_connect(host->stack, socket, &app->to, clock_of(host));
    note(host, app, 4, error);
    if (error != SYNFIN_ERROR_OK) {
        oracle_failed(host->world->oracle, host->index, socket, error, clock_of(host));
        finish(host, app, false);
        return;
    }
    oracle_connecting(host->world->oracle, host->index, socket, clock_of(host));
    sim_host_called(host);
    if (app->is_fast) {
        (void)write_all(host, app);
    }
}

// Everything it can do now.
static void act(struct sim_host *host, struct sim_app *app)
{
    bool may_wait = app->wake_ns != SYNFIN_NEVER && host->world->now_ns < app->wake_ns;
    if (may_wait || stalls(host, app)) {
        return;
    }
    app->wake_ns = SYNFIN_NEVER;
    sim_options_change(app);
    if (app->is_client && !app->has_called) {
        call(host, app);
        return;
    }
    if (!app->is_open) {
        if (app->is_fast) { // the SYN waits for the first octets
            (void)write_all(host, app);
        }
        return;
    }
    if (!read_all(host, app) || !write_all(host, app)) {
        return;
    }
    note(host, app, 0, app->received);
    if (app->end != SIM_END_ORDER
        && (app->has_end || app->written + app->received >= app->ends_at)) {
        if (app->end == SIM_END_ABORT || app->has_end || app->written >= app->to_write) {
            finish(host, app, app->end == SIM_END_ABORT);
            return;
        }
    }
    if (app->has_end && app->has_shut) {
        finish(host, app, false);
    }
}

static void serve(struct sim_host *host, uint32_t which)
{
    synfin_socket socket;
    for (;;) {
        enum synfin_error error =
            synfin_socket_accept(host->stack, host->listener[which], &socket, NULL);
        if (error != SYNFIN_ERROR_OK) {
            return;
        }
        struct sim_app *app = take_app(host);
        app->socket = socket;
        app->random = test_random(&host->app_random);
        app->is_open = true;
        oracle_accepted(host->world->oracle, host->index, host->listener[which], socket,
                        clock_of(host));
        write_script(app, ports[which]);
        prepare(app);
        sim_host_called(host);
        act(host, app);
    }
}

static struct sim_host *choose_peer(struct sim_host *host, struct synfin_endpoint *to,
                                    uint64_t *random)
{
    const struct sim_plan *plan = &host->world->plan;
    uint32_t index = test_random_below(random, plan->hosts - 1);
    struct sim_host *peer = &host->world->host[index < host->index ? index : index + 1];
    uint32_t which = plan->has_ip4 && plan->has_ip6 ? test_random_below(random, 2) : plan->has_ip6;
    to->addr = peer->addr[which];
    to->port = ports[test_random_below(random, SIM_PORTS)];
    return peer;
}

// A user who calls `to`, but not yet; NULL: there is no socket.
static struct sim_app *make_client(struct sim_host *host, const struct synfin_endpoint *to,
                                   uint64_t random)
{
    synfin_socket socket;
    if (synfin_socket_open(host->stack, &socket) != SYNFIN_ERROR_OK) {
        return NULL;
    }
    struct sim_app *app = take_app(host);
    app->socket = socket;
    app->random = random;
    app->is_client = true;
    app->to = *to;
    host->opening++;
    write_script(app, to->port);
    prepare(app);
    return app;
}

// One of two who call each other, from the port that is called: RFC 9293 §3.5, figure 7.
static void make_crossing(struct sim_host *host, const struct synfin_endpoint *from,
                          const struct synfin_endpoint *to, uint64_t random)
{
    struct sim_app *app = make_client(host, to, random);
    if (app == NULL) {
        return;
    }
    if (synfin_socket_bind(host->stack, app->socket, from) != SYNFIN_ERROR_OK) {
        finish(host, app, false);
        return;
    }
    app->to_write = length_of(app, host->world->plan.octets_max);
    set_wake(host, app, host->world->now_ns + test_random(&app->random) % (2 * host->delay_ns));
    host->next_ns = app->wake_ns < host->next_ns ? app->wake_ns : host->next_ns;
}

static void cross(struct sim_host *host, uint64_t random)
{
    struct synfin_endpoint to;
    struct sim_host *peer = choose_peer(host, &to, &random);
    struct synfin_endpoint from = {.addr = host->addr[synfin_addr_is_ipv4(&to.addr) ? 0 : 1]};
    to.port = (uint16_t)(CROSS_FIRST + test_random_below(&random, CROSS_PORTS));
    from.port = (uint16_t)(CROSS_FIRST + test_random_below(&random, CROSS_PORTS));
    make_crossing(host, &from, &to, test_random(&random));
    make_crossing(peer, &to, &from, test_random(&random));
    host->world->faults++;
}

static void connect_one(struct sim_host *host)
{
    struct synfin_endpoint to;
    uint64_t random = test_random(&host->app_random);
    if (sim_plan_has(&host->world->plan, SIM_FAULT_CROSS) && (random & 3) == 0) {
        cross(host, random);
        return;
    }
    (void)choose_peer(host, &to, &random);
    struct sim_app *app = make_client(host, &to, random);
    if (app == NULL) {
        return;
    }
    app->is_fast = sim_plan_has(&host->world->plan, SIM_FAULT_FAST_OPEN) && app->to_write > 0
                   && test_random_below(&app->random, 2) == 0;
    sim_option_set(host, app->socket, SYNFIN_OPTION_FASTOPEN_CONNECT, app->is_fast);
    call(host, app);
}

static void open_connections(struct sim_host *host)
{
    struct sim_world *world = host->world;
    if (host->to_open == 0) {
        host->open_ns = SYNFIN_NEVER;
        return;
    }
    uint32_t n = 1 + test_random_below(&host->app_random, world->plan.at_once);
    for (; n > 0 && host->to_open > 0 && host->opening < world->plan.at_once; n--) {
        host->to_open--;
        world->to_open--;
        connect_one(host);
    }
    uint64_t each_ns = world->plan.safety_ns / (host->to_open + 1);
    each_ns = each_ns > SIM_S ? SIM_S : each_ns;
    host->open_ns = world->now_ns + 1 + test_random(&host->app_random) % (each_ns + 1);
}

void sim_apps_run(struct sim_host *host)
{
    uint64_t now_ns = host->world->now_ns;
    if (now_ns >= host->open_ns) {
        open_connections(host);
    }
    for (uint32_t i = 0; i < host->apps; i++) {
        if (host->app[i].socket != 0 && host->app[i].wake_ns <= now_ns) {
            act(host, &host->app[i]);
        }
    }
    host->wake_ns = host->open_ns;
    for (uint32_t i = 0; i < host->apps; i++) {
        if (host->app[i].wake_ns < host->wake_ns) {
            host->wake_ns = host->app[i].wake_ns;
        }
    }
}

// The connection is over; what it has still to read is read first.
static void closed(struct sim_host *host, struct sim_app *app)
{
    app->is_open = true;
    app->wake_ns = SYNFIN_NEVER;
    synfin_socket socket = app->socket;
    if (read_all(host, app) && app->socket == socket) {
        finish(host, app, false);
    }
}

void sim_apps_event(struct sim_host *host, const struct synfin_event *event)
{
    uint32_t number = (uint32_t)(uintptr_t)event->user;
    for (uint32_t i = 0; i < SIM_PORTS && event->kind == SYNFIN_EVENT_ACCEPTABLE; i++) {
        if (event->socket == host->listener[i]) {
            serve(host, i);
            return;
        }
    }
    struct sim_app *app = number == 0 || number > host->apps ? NULL : &host->app[number - 1];
    if (app == NULL || app->socket != event->socket) {
        return;
    }
    switch (event->kind) {
    case SYNFIN_EVENT_CONNECTED: app->is_open = true; break;
    case SYNFIN_EVENT_CLOSED: closed(host, app); return;
    case SYNFIN_EVENT_ACCEPTABLE:
    case SYNFIN_EVENT_READABLE:
    case SYNFIN_EVENT_WRITABLE:
    case SYNFIN_EVENT_URGENT:
    case SYNFIN_EVENT_UNANSWERED:
    case SYNFIN_EVENT_COUNT:
    default: break;
    }
    act(host, app);
}

static void listen_on(struct sim_host *host, uint32_t which)
{
    struct synfin_endpoint any = {.port = ports[which]};
    synfin_socket *socket = &host->listener[which];
    bool is_small = sim_plan_has(&host->world->plan, SIM_FAULT_BACKLOG);
    uint64_t random = sim_stream(host->world->plan.seed, 8000 + SIM_PORTS * host->index + which);
    host->backlog[which] = 1 + test_random_below(&host->app_random, is_small ? 4 : 4096);
    *socket = 0;
    if (synfin_socket_open(host->stack, socket) != SYNFIN_ERROR_OK
        || synfin_socket_bind(host->stack, *socket, &any) != SYNFIN_ERROR_OK) {
        return;
    }
    sim_option_set(host, *socket, SYNFIN_OPTION_FASTOPEN,
                   test_random_below(&host->app_random, 3) * 8);
    sim_options_begin(host, *socket, &random);
    if (synfin_socket_listen(host->stack, *socket, host->backlog[which], clock_of(host))
        == SYNFIN_ERROR_OK) {
        oracle_listening(host->world->oracle, host->index, *socket, host->backlog[which]);
    }
    sim_host_called(host);
}

void sim_apps_init(struct sim_host *host)
{
    for (uint32_t i = 0; i < SIM_PORTS; i++) {
        listen_on(host, i);
    }
    host->open_ns = host->wake_ns = host->to_open != 0 ? host->world->now_ns : SYNFIN_NEVER;
}

void sim_apps_deinit(struct sim_host *host)
{
    host->world->users -= sim_apps_left(host);
    free(host->app);
    host->app = NULL;
    host->apps = host->apps_max = host->apps_free = host->opening = 0;
    host->wake_ns = host->open_ns = SYNFIN_NEVER;
    memset(host->listener, 0, sizeof host->listener);
}

void sim_apps_heal(struct sim_host *host)
{
    for (uint32_t i = 0; i < host->apps; i++) {
        struct sim_app *app = &host->app[i];
        if (app->socket != 0) {
            app->read_max = app->write_max = CALL_MAX;
            app->end = SIM_END_ORDER;
            app->turn_bytes = 0;
            sim_options_heal(app);
            set_wake(host, app, host->world->now_ns);
        }
    }
    if (host->to_open != 0) { // one more each, for what has healed must serve again
        host->open_ns = host->wake_ns = host->world->now_ns;
    }
}

void sim_apps_close_listeners(struct sim_host *host)
{
    for (uint32_t i = 0; i < SIM_PORTS; i++) {
        if (host->listener[i] != 0) {
            oracle_closing(host->world->oracle, host->index, host->listener[i], clock_of(host));
            synfin_socket_close(host->stack, host->listener[i], clock_of(host));
            host->listener[i] = 0;
            sim_host_called(host);
        }
    }
}

void sim_apps_abort(struct sim_host *host)
{
    for (uint32_t i = 0; i < host->apps; i++) {
        if (host->app[i].socket != 0) {
            finish(host, &host->app[i], true);
        }
    }
}

uint32_t sim_apps_left(const struct sim_host *host)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < host->apps; i++) {
        left += host->app[i].socket != 0;
    }
    return left;
}

struct sim_app *sim_apps_find(struct sim_host *host, uint32_t conn)
{
    for (uint32_t i = 0; i < host->apps; i++) {
        struct synfin_tcp_info info = {.size = sizeof info};
        if (host->app[i].socket == 0) {
            continue;
        }
        if (conn == 0) {
            return &host->app[i];
        }
        if (synfin_socket_info(host->stack, host->app[i].socket, &info, clock_of(host))
                == SYNFIN_ERROR_OK
            && info.conn == conn) {
            return &host->app[i];
        }
    }
    return NULL;
}
