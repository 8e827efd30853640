// SPDX-License-Identifier: MIT
//
// What the commands of scripts leave for the adaptor, and it for them, in the directory that they
// share.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"

enum { PATH_BYTES = 64, US_PER_S = 1000000 };

struct rig {
    char folder[PATH_BYTES];
    struct drill_pair pair;
    struct drill_ends ends;
};

static int set_up(void **state)
{
    static struct rig rig;
    (void)snprintf(rig.folder, sizeof rig.folder, "/tmp/synfin-test-XXXXXX");
    assert_non_null(mkdtemp(rig.folder));
    assert_int_equal(setenv("SYNFIN_DRILL_STATE", rig.folder, 1), 0);
    drill_pair_init(&rig.pair, "profile=linux,proc,tcp_rmem=4096 65536 65536");
    rig.ends = drill_pair_connect(&rig.pair);
    *state = &rig;
    return 0;
}

static void path_of(const struct rig *rig, const char *name, char path[2 * PATH_BYTES])
{
    (void)snprintf(path, 2 * PATH_BYTES, "%s/%s", rig->folder, name);
}

static int tear_down(void **state)
{
    static const char *const NAMES[] = {"qdisc", "counters"};
    struct rig *rig = *state;
    char path[2 * PATH_BYTES];
    drill_pair_deinit(&rig->pair);
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        path_of(rig, NAMES[i], path);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(rig->folder), 0);
    assert_int_equal(unsetenv("SYNFIN_DRILL_STATE"), 0);
    return 0;
}

static void leave(const struct rig *rig, const char *name, const char *line)
{
    char path[2 * PATH_BYTES];
    path_of(rig, name, path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", line) > 0);
    assert_int_equal(fclose(file), 0);
}

// As a queue without room: what is to be sent waits, the timer for it does not begin, and it leaves
// once there is room.
static void device_that_takes_nothing_keeps_packets_waiting(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *client = &rig->pair.client;
    leave(rig, "qdisc", "pfifo limit 0");
    assert_int_equal(client->write(client->userdata, rig->ends.client, "late", 4), 4);
    assert_int_equal(client->usleep(client->userdata, 5 * US_PER_S), 0);
    leave(rig, "qdisc", "pfifo limit 1000");
    uint64_t now_us = drill_pair_now(client);
    assert_true(drill_pair_pass(client, &rig->pair.server) > 0);
    assert_in_range(drill_pair_now(client) - now_us, 0, 3);
    assert_true(drill_pair_pass(&rig->pair.server, client) > 0);
    assert_int_equal(drill_pair_pass(client, &rig->pair.server), 0); // and once
}

// Of errors that quote segments which were never sent.
static void counters_are_told_as_packets_arrive(void **state)
{
    struct rig *rig = *state;
    char path[2 * PATH_BYTES];
    char line[PATH_BYTES] = "";
    path_of(rig, "counters", path);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_int_equal(fclose(file), 0);
    assert_string_equal(line, "TcpExtOutOfWindowIcmps 0\n");
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(device_that_takes_nothing_keeps_packets_waiting),
        WITH_RIG(counters_are_told_as_packets_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
