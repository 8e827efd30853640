// SPDX-License-Identifier: MIT
//
// What users ask for by socket options: all of them that something waits for silent peers; some,
// when stacks are configured in unusual ways, for other buffers; and with the fault "options" for
// anything, before they call or listen and at any time until they close. Each world has a set of
// options of its own that its users know, and a rate at which they change their minds.
#include <stddef.h>

#include "lib/test_random.h"
#include "sim/sim_app.h"

enum { PURPOSE_OPTIONS = 7000, BEGIN_ONE_OF = 4, CONGESTION = SYNFIN_OPTION_COUNT };

// Small numbers are as likely as large ones.
struct choice {
    uint32_t option; // enum synfin_option, or CONGESTION
    int64_t least, most;
    uint32_t octets_shift; // at least that part of what the world's users write, which must end
    uint32_t traits;
};

enum {
    HAS_NONE = 1,  // 0 is another value: no limit
    IS_BEFORE = 2, // before connecting or listening only
};

static const struct choice choices[] = {
    {SYNFIN_OPTION_SEND_BUFFER, 512, 1 << 20, 10, 0},
    {SYNFIN_OPTION_RECEIVE_BUFFER, 512, 1 << 20, 10, 0},
    {SYNFIN_OPTION_NOTSENT_LOWAT, 16, 1 << 16, 10, HAS_NONE},
    {SYNFIN_OPTION_WINDOW_CLAMP, 512, 1 << 20, 10, HAS_NONE},
    {SYNFIN_OPTION_RECEIVE_LOWAT, 1, 1 << 16, 0, 0},
    {SYNFIN_OPTION_FIN_WAIT_2, SIM_MS, 100 * SIM_S, 0, 0},
    {SYNFIN_OPTION_DEFER_ACCEPT, 100 * SIM_MS, 60 * SIM_S, 0, HAS_NONE | IS_BEFORE},
    {SYNFIN_OPTION_MAXSEG, 88, 9000, 16, 0},
    {SYNFIN_OPTION_PACING_RATE_MAX, 1 << 14, 1 << 30, 5, HAS_NONE},
    {SYNFIN_OPTION_KEEPALIVE, 0, 1, 0, 0},
    {SYNFIN_OPTION_KEEPALIVE_IDLE, 500 * SIM_MS, 100 * SIM_S, 0, 0},
    {SYNFIN_OPTION_KEEPALIVE_INTERVAL, 100 * SIM_MS, 20 * SIM_S, 0, 0},
    {SYNFIN_OPTION_KEEPALIVE_PROBES, 1, 9, 0, 0},
    {SYNFIN_OPTION_USER_TIMEOUT, 50 * SIM_MS, 200 * SIM_S, 0, HAS_NONE},
    {SYNFIN_OPTION_SYN_RETRIES, 0, 6, 0, 0},
    {SYNFIN_OPTION_NODELAY, 0, 1, 0, 0},
    {SYNFIN_OPTION_CORK, 0, 1, 0, 0},
    {SYNFIN_OPTION_PUSH, 0, 1, 0, 0},
    {SYNFIN_OPTION_QUICKACK, 0, 1, 0, 0},
    {SYNFIN_OPTION_LINGER, -1, 0, 0, 0},
    {SYNFIN_OPTION_REUSE_ADDR, 0, 1, 0, 0},
    {SYNFIN_OPTION_TRAFFIC_CLASS, 0, 255, 0, 0},
    {SYNFIN_OPTION_HOP_LIMIT, SIM_HOPS_MAX + 1, 255, 0, 0},
    {SYNFIN_OPTION_ECN, SYNFIN_ECN_NEVER, SYNFIN_ECN_ASK_ACCURATE, 0, IS_BEFORE},
    {SYNFIN_OPTION_URGENT_MARK, 1, 1, 0, 0},
    {SYNFIN_OPTION_RECORD_END, 1, 1, 0, 0},
    {CONGESTION, 0, SYNFIN_CONGESTION_COUNT - 1, 0, 0},
};

enum { CHOICES = sizeof choices / sizeof choices[0] };

static bool is_lasting(enum synfin_option option)
{
    return option != SYNFIN_OPTION_URGENT_MARK && option != SYNFIN_OPTION_RECORD_END
           && option != SYNFIN_OPTION_MAXSEG;
}

// What is in use of a value: ECN bits are not the user's, and listeners count milliseconds.
static int64_t in_use(enum synfin_option option, int64_t value)
{
    int64_t ms = (int64_t)SIM_MS;
    return option == SYNFIN_OPTION_TRAFFIC_CLASS  ? value & ~INT64_C(3)
           : option == SYNFIN_OPTION_DEFER_ACCEPT ? (value + ms - 1) / ms * ms
                                                  : value;
}

// What was set is what is read afterwards.
static void check(struct sim_host *host, synfin_socket socket, enum synfin_option option,
                  int64_t value)
{
    int64_t read = value;
    enum synfin_error error = synfin_socket_get_option(host->stack, socket, option, &read);
    int64_t expected = in_use(option, value);
    if (is_lasting(option) && (error != SYNFIN_ERROR_OK || read != expected)) {
        sim_fail(host->world, "host %u: option %u is %lld and was set to %lld", host->index,
                 (uint32_t)option, (long long)read, (long long)expected);
    }
}

void sim_option_set(struct sim_host *host, synfin_socket socket, enum synfin_option option,
                    int64_t value)
{
    uint64_t now_ns = sim_host_clock(host);
    if (synfin_socket_set_option(host->stack, socket, option, value, now_ns) == SYNFIN_ERROR_OK) {
        oracle_option(host->world->oracle, host->index, socket, option, value, now_ns);
        check(host, socket, option, value);
    }
    sim_host_called(host);
}

static int64_t value_of(const struct sim_world *world, const struct choice *choice,
                        uint64_t *random)
{
    uint64_t octets = world->plan.octets_max >> choice->octets_shift;
    uint64_t least = (uint64_t)choice->least;
    if ((choice->traits & HAS_NONE) != 0 && test_random_below(random, 4) == 0) {
        return 0;
    }
    if (choice->least <= 0) {
        return choice->least
               + (int64_t)test_random_below(random, (uint32_t)(choice->most - choice->least + 1));
    }
    least = choice->octets_shift != 0 && octets > least ? octets : least;
    return (int64_t)sim_between_evenly(random, least, (uint64_t)choice->most);
}

static void set_congestion(struct sim_host *host, synfin_socket socket, int64_t algorithm)
{
    const char *name = synfin_congestion_name((enum synfin_congestion)algorithm);
    const char *read = NULL;
    if (synfin_socket_set_congestion(host->stack, socket, name) == SYNFIN_ERROR_OK
        && (synfin_socket_congestion(host->stack, socket, &read) != SYNFIN_ERROR_OK
            || read != name)) {
        sim_fail(host->world, "host %u: congestion control is not %s", host->index, name);
    }
    sim_host_called(host);
}

static void set(struct sim_host *host, synfin_socket socket, const struct choice *choice,
                uint64_t *random)
{
    int64_t value = value_of(host->world, choice, random);
    if (choice->option == CONGESTION) {
        set_congestion(host, socket, value);
    } else {
        sim_option_set(host, socket, (enum synfin_option)choice->option, value);
    }
    host->world->faults++;
}

// Which of `choices` the users of this world know, by bits.
static uint64_t known_of(const struct sim_world *world)
{
    uint64_t random = sim_stream(world->plan.seed, PURPOSE_OPTIONS);
    uint64_t known = test_random(&random);
    return test_random_below(&random, 2) == 0 ? known & test_random(&random) : known;
}

void sim_options_begin(struct sim_host *host, synfin_socket socket, uint64_t *random)
{
    uint64_t known = known_of(host->world);
    for (uint32_t i = 0; i < CHOICES && sim_has(host->world, SIM_FAULT_OPTIONS); i++) {
        if ((known >> i & 1) != 0 && test_random_below(random, BEGIN_ONE_OF) == 0) {
            set(host, socket, &choices[i], random);
        }
    }
}

void sim_options_change(struct sim_app *app)
{
    struct sim_host *host = app->host;
    if (!sim_befalls(host->world, &app->option_random, SIM_FAULT_OPTIONS)) {
        return;
    }
    uint32_t i = test_random_below(&app->option_random, CHOICES);
    if ((known_of(host->world) >> i & 1) != 0 && (choices[i].traits & IS_BEFORE) == 0) {
        set(host, app->socket, &choices[i], &app->option_random);
    }
}

// RFC 9293 §3.8.4: who does not probe a peer that has gone waits for it for ever, and so does who
// wants to hear of more octets than the peer sends before it hears an answer.
void sim_options_heal(struct sim_app *app)
{
    sim_option_set(app->host, app->socket, SYNFIN_OPTION_KEEPALIVE, 1);
    sim_option_set(app->host, app->socket, SYNFIN_OPTION_RECEIVE_LOWAT, 1);
}

static void set_unusual(struct sim_app *app, uint64_t choice)
{
    struct sim_host *host = app->host;
    if ((choice & 6) == 2) {
        sim_option_set(host, app->socket, SYNFIN_OPTION_QUICKACK, 1);
    }
    if ((choice & 24) == 8) {
        sim_option_set(host, app->socket, SYNFIN_OPTION_SEND_BUFFER, 2048 << (choice >> 32) % 8);
    }
    if ((choice & 96) == 32) {
        sim_option_set(host, app->socket, SYNFIN_OPTION_RECEIVE_BUFFER, 2048 << (choice >> 36) % 8);
    }
    if ((choice & 0x180) == 0x80) {
        sim_option_set(host, app->socket, SYNFIN_OPTION_NOTSENT_LOWAT,
                       2048 + (int64_t)(choice >> 48));
    }
}

void sim_options_of_user(struct sim_app *app)
{
    struct sim_host *host = app->host;
    uint64_t choice = test_random(&app->random);
    app->option_random = choice;
    sim_option_set(host, app->socket, SYNFIN_OPTION_KEEPALIVE, 1);
    sim_option_set(host, app->socket, SYNFIN_OPTION_NODELAY, (choice & 1) != 0);
    if (sim_plan_has(&host->world->plan, SIM_FAULT_CONFIG)) {
        set_unusual(app, choice);
    }
    if (host->world->is_healed) {
        sim_options_heal(app);
    }
    sim_options_begin(host, app->socket, &app->option_random);
}
