// SPDX-License-Identifier: MIT
//
// Memory that fails. Fixed stories of two stacks are played again and again: the n-th slab that
// one of them asks for is refused, alone or with all that follow, for every n that the story
// reaches. Nothing may crash or leak; who reads gets exactly a beginning of what was written, and
// the end of the stream only behind all of it; when only one slab was refused the story goes well
// in the end, and when all are, everything that was opened can still be closed.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum {
    CLIENT,
    SERVER,
    PORT = 80,
    ENDS_MAX = 12,
    BYTES = 12000,
    SLICE_MS = 50,
    CHUNK = 1500,
};

// One end of a connection, and what its user has done so far.
struct end {
    synfin_socket socket;
    uint32_t sent, received;
    bool is_shut, has_end, has_failed;
};

struct story {
    struct world world;
    synfin_socket listener;
    struct end end[WORLD_HOSTS][ENDS_MAX]; // [SERVER] in the order of accept
    uint32_t accepted, connections;
    uint32_t bytes; // that each end sends
    uint32_t last;  // opened so far
};

// The octets of each direction are the same in all connections, so that whom a server accepted
// does not matter.
static uint8_t octet_at(uint32_t host, uint32_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 3 + host * 101);
}

static void begin(struct story *story, uint32_t connections, uint32_t bytes, uint32_t loss_ppm,
                  size_t limit_bytes)
{
    struct world_config config;
    memset(story, 0, sizeof *story);
    story->connections = connections;
    story->bytes = bytes;
    world_config_default(&config);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        config.stack[i].slab_bytes = 1024;
        config.stack[i].chunk_bytes = 256;
        config.stack[i].send_buffer_bytes = 8192;
        config.stack[i].receive_buffer_bytes = 8192;
        config.stack[i].sockets_max = 64;
    }
    if (limit_bytes > 0) {
        config.stack[SERVER].memory_limit_bytes = limit_bytes;
    }
    config.link.loss_ppm = loss_ppm;
    world_init(&story->world, &config);
    story->world.output_max = 16;
}

static void listen_again(struct story *story)
{
    synfin_stack *stack = story->world.host[SERVER].stack;
    struct synfin_endpoint local = {.addr = story->world.host[SERVER].addr[0], .port = PORT};
    if (story->listener == 0 && synfin_socket_open(stack, &story->listener) == SYNFIN_ERROR_OK) {
        assert_int_equal(synfin_socket_bind(stack, story->listener, &local), SYNFIN_ERROR_OK);
        assert_int_equal(
            synfin_socket_listen(stack, story->listener, ENDS_MAX, story->world.now_ns),
            SYNFIN_ERROR_OK);
    }
}

// Every connection that could not be opened yet; a user tries again when there was no memory.
static void connect_again(struct story *story)
{
    synfin_stack *stack = story->world.host[CLIENT].stack;
    struct synfin_endpoint remote = {.addr = story->world.host[SERVER].addr[0], .port = PORT};
    for (; story->listener != 0 && story->last < story->connections; story->last++) {
        struct end *end = &story->end[CLIENT][story->last];
        if (synfin_socket_open(stack, &end->socket) != SYNFIN_ERROR_OK) {
            return;
        }
        assert_int_equal(synfin_socket_connect(stack, end->socket, &remote, story->world.now_ns),
                         SYNFIN_ERROR_OK);
    }
}

static void accept_all(struct story *story)
{
    synfin_stack *stack = story->world.host[SERVER].stack;
    synfin_socket socket;
    while (story->listener != 0 && story->accepted < ENDS_MAX
           && synfin_socket_accept(stack, story->listener, &socket, NULL) == SYNFIN_ERROR_OK) {
        story->end[SERVER][story->accepted++].socket = socket;
    }
}

static void send_more(struct story *story, uint32_t host, struct end *end)
{
    synfin_stack *stack = story->world.host[host].stack;
    uint8_t octets[CHUNK];
    size_t sent = 1;
    while (end->sent < story->bytes && sent > 0) {
        uint32_t left = story->bytes - end->sent;
        uint32_t bytes = left < CHUNK ? left : CHUNK;
        for (uint32_t i = 0; i < bytes; i++) {
            octets[i] = octet_at(host, end->sent + i);
        }
        (void)!synfin_socket_send(stack, end->socket, octets, bytes, &sent, story->world.now_ns);
        end->sent += (uint32_t)sent;
    }
    if (end->sent == story->bytes && !end->is_shut) {
        end->is_shut =
            synfin_socket_shutdown(stack, end->socket, SYNFIN_SHUTDOWN_WRITE, story->world.now_ns)
            == SYNFIN_ERROR_OK;
    }
}

static void receive_more(struct story *story, uint32_t host, struct end *end)
{
    synfin_stack *stack = story->world.host[host].stack;
    uint8_t octets[CHUNK];
    size_t received;
    enum synfin_error error;
    do {
        error =
            synfin_socket_recv(stack, end->socket, octets, CHUNK, &received, story->world.now_ns);
        for (uint32_t i = 0; i < received; i++) {
            assert_int_equal(octets[i], octet_at(1 - host, end->received + i));
        }
        end->received += (uint32_t)received;
    } while (received > 0);
    end->has_end = error == SYNFIN_ERROR_OK;
    end->has_failed = error != SYNFIN_ERROR_OK && error != SYNFIN_ERROR_AGAIN;
    if (end->has_end) { // nobody ends a stream but behind its last octet
        assert_int_equal(end->received, story->bytes);
    }
}

static void serve_users(struct story *story)
{
    listen_again(story);
    connect_again(story);
    accept_all(story);
    for (uint32_t host = 0; host < WORLD_HOSTS; host++) {
        for (uint32_t i = 0; i < ENDS_MAX; i++) {
            struct end *end = &story->end[host][i];
            if (end->socket != 0 && !end->has_failed && !(end->is_shut && end->has_end)) {
                send_more(story, host, end);
                receive_more(story, host, end);
            }
        }
    }
}

static bool has_ended_well(const struct story *story)
{
    uint32_t done = 0;
    for (uint32_t host = 0; host < WORLD_HOSTS; host++) {
        for (uint32_t i = 0; i < ENDS_MAX; i++) {
            const struct end *end = &story->end[host][i];
            done += end->socket != 0 && end->is_shut && end->has_end && !end->has_failed;
        }
    }
    return done == 2 * story->connections;
}

static void play(struct story *story, uint32_t limit_s)
{
    uint32_t slices = limit_s * 1000 / SLICE_MS;
    for (uint32_t i = 0; i < slices && !has_ended_well(story); i++) {
        serve_users(story);
        world_run(&story->world, SLICE_MS * WORLD_MS);
    }
}

// Everything is closed or aborted, and must be gone when every limit is over.
static void end_story(struct story *story, bool is_abort)
{
    for (uint32_t host = 0; host < WORLD_HOSTS; host++) {
        synfin_stack *stack = story->world.host[host].stack;
        for (uint32_t i = 0; i < ENDS_MAX; i++) {
            if (is_abort) {
                synfin_socket_abort(stack, story->end[host][i].socket, story->world.now_ns);
            } else {
                synfin_socket_close(stack, story->end[host][i].socket, story->world.now_ns);
            }
        }
    }
    synfin_socket_close(story->world.host[SERVER].stack, story->listener, story->world.now_ns);
    world_run(&story->world, 900 * WORLD_S);
    for (uint32_t host = 0; host < WORLD_HOSTS; host++) {
        struct synfin_stack_stats stats = {.size = sizeof stats};
        synfin_stack_stats(story->world.host[host].stack, &stats);
        assert_int_equal(stats.sockets, 0);
    }
    world_deinit(&story->world);
}

struct telling {
    uint32_t connections, bytes, loss_ppm;
    uint32_t patience_s; // for a story with one refusal
    bool is_abort;
};

// Takes from the n-th on, `times` of them, fail at `host`; false when the story never got there.
static bool tell(const struct telling *telling, uint32_t host, uint32_t n, uint32_t times)
{
    static struct story story;
    begin(&story, telling->connections, telling->bytes, telling->loss_ppm, 0);
    struct test_env *memory = &story.world.host[host].memory;
    uint32_t before = memory->takes;
    memory->fail_after = before + n;
    memory->fail_times = times;
    bool is_once = times == 1;
    play(&story, is_once ? telling->patience_s : 20);
    bool was_reached = is_once ? memory->fail_times == 0 : memory->takes >= before + n;
    if (is_once || !was_reached) {
        assert_true(has_ended_well(&story));
    }
    end_story(&story, telling->is_abort);
    return was_reached;
}

static void tell_all(const struct telling *telling)
{
    for (uint32_t host = 0; host < WORLD_HOSTS; host++) {
        uint32_t once = 0;
        uint32_t all = 0;
        while (tell(telling, host, once, 1)) {
            once++;
        }
        while (tell(telling, host, all, UINT32_MAX)) {
            all++;
        }
        assert_true(once > telling->connections && all > telling->connections);
        print_message("%u points of memory failure\n", once + all);
    }
}

static void transfer_survives_any_refusal(void **state)
{
    (void)state;
    tell_all(&(struct telling){.connections = 1, .bytes = BYTES, .patience_s = 60});
}

static void transfer_with_loss_survives_any_refusal(void **state)
{
    (void)state;
    tell_all(
        &(struct telling){.connections = 1, .bytes = BYTES, .loss_ppm = 50000, .patience_s = 120});
}

static void flood_of_a_listener_survives_any_refusal(void **state)
{
    (void)state;
    tell_all(&(struct telling){.connections = 10, .bytes = 600, .patience_s = 120});
}

static void aborted_connections_survive_any_refusal(void **state)
{
    (void)state;
    tell_all(
        &(struct telling){.connections = 3, .bytes = 3000, .patience_s = 60, .is_abort = true});
}

// What a server's stack takes before it has a socket.
static size_t bytes_of_empty_stack(void)
{
    static struct story story;
    begin(&story, 0, 0, 0, 0);
    size_t bytes = story.world.host[SERVER].memory.bytes;
    world_deinit(&story.world);
    return bytes;
}

// A little room beside the connection's own is enough to get everything across, however slowly.
// Found by this test: segments behind a gap kept the last memory, and what would have filled the
// gap was refused until the sender gave up.
static void transfer_at_any_limit_ends_well(void **state)
{
    (void)state;
    static struct story story;
    size_t least_bytes = bytes_of_empty_stack() + 8 * 1024;
    for (uint32_t more = 0; more < 24; more++) {
        for (uint32_t loss_ppm = 0; loss_ppm <= 100000; loss_ppm += 50000) {
            begin(&story, 1, BYTES, loss_ppm, least_bytes + more * 1024);
            play(&story, 1200);
            assert_true(has_ended_well(&story));
            end_story(&story, false);
        }
    }
}

static void creation_without_memory_fails_cleanly(void **state)
{
    (void)state;
    struct synfin_env env;
    struct test_env memory;
    synfin_stack *stack = NULL;
    uint32_t failures = 0;
    for (uint32_t n = 0; stack == NULL; n++) {
        test_env_bind(&env, &memory, 1);
        memory.fail_after = n;
        enum synfin_error error = synfin_stack_create(&env, NULL, WORLD_S, &stack);
        assert_int_equal(error, stack != NULL ? SYNFIN_ERROR_OK : SYNFIN_ERROR_NO_MEMORY);
        failures += stack == NULL;
        assert_true(stack != NULL || (memory.slabs == 0 && memory.bytes == 0));
    }
    assert_true(failures > 0);
    synfin_stack_destroy(stack);
    assert_int_equal(memory.slabs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creation_without_memory_fails_cleanly),
        cmocka_unit_test(transfer_survives_any_refusal),
        cmocka_unit_test(transfer_with_loss_survives_any_refusal),
        cmocka_unit_test(transfer_at_any_limit_ends_well),
        cmocka_unit_test(flood_of_a_listener_survives_any_refusal),
        cmocka_unit_test(aborted_connections_survive_any_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
