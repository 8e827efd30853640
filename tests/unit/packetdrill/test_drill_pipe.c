// SPDX-License-Identifier: MIT
//
// Octets between sockets, pipes and files: splice and sendfile of the adaptor.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"

enum { IP_BYTES = 20, FLAGS_AT = IP_BYTES + 12, CHECKSUM_AT = IP_BYTES + 16, URGENT_AT = 38 };
enum { URG = 0x20, PACKET_BYTES = 65536, PIPE_BYTES = 4096, BIG_BYTES = 100000 };

struct rig {
    struct drill_pair pair;
    struct drill_ends ends;
    int pipe[2];
};

static int set_up(void **state)
{
    static struct rig rig;
    drill_pair_init(&rig.pair, "profile=linux");
    rig.ends = drill_pair_connect(&rig.pair);
    assert_int_equal(rig.pair.server.pipe(rig.pair.server.userdata, rig.pipe), 0);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    drill_pair_deinit(&rig->pair);
    assert_int_equal(close(rig->pipe[0]), 0);
    assert_int_equal(close(rig->pipe[1]), 0);
    return 0;
}

static int splice_in(struct rig *rig, size_t bytes)
{
    struct packetdrill_interface *server = &rig->pair.server;
    return server->splice(server->userdata, rig->ends.server, NULL, rig->pipe[1], NULL, bytes,
                          SPLICE_F_NONBLOCK);
}

static int splice_out(struct rig *rig, size_t bytes)
{
    struct packetdrill_interface *server = &rig->pair.server;
    return server->splice(server->userdata, rig->pipe[0], NULL, rig->ends.server, NULL, bytes,
                          SPLICE_F_NONBLOCK);
}

static void send_text(struct rig *rig, const char *text)
{
    struct packetdrill_interface *client = &rig->pair.client;
    ssize_t bytes = (ssize_t)strlen(text);
    assert_int_equal(client->write(client->userdata, rig->ends.client, text, strlen(text)), bytes);
}

// Adds to 16 bits of a packet, and takes the same away from its TCP checksum (RFC 1624).
static void add_to(uint8_t *packet, size_t at, uint16_t what)
{
    uint16_t field;
    uint16_t sum;
    memcpy(&field, packet + at, sizeof field);
    memcpy(&sum, packet + CHECKSUM_AT, sizeof sum);
    uint32_t less = (uint32_t)ntohs(sum) + 0xffff - what;
    field = htons((uint16_t)(ntohs(field) + what));
    sum = htons((uint16_t)((less & 0xffff) + (less >> 16)));
    memcpy(packet + at, &field, sizeof field);
    memcpy(packet + CHECKSUM_AT, &sum, sizeof sum);
}

// The client's next packet, of which so many octets are urgent.
static void pass_urgent(struct rig *rig, uint16_t urgent)
{
    static uint8_t packet[PACKET_BYTES];
    struct packetdrill_interface *client = &rig->pair.client;
    struct packetdrill_interface *server = &rig->pair.server;
    size_t bytes = sizeof packet;
    long long sent_us;
    assert_int_equal(client->netdev_receive(client->userdata, packet, &bytes, &sent_us), 0);
    add_to(packet, FLAGS_AT, URG);
    add_to(packet, URGENT_AT, urgent);
    assert_int_equal(server->netdev_send(server->userdata, packet, bytes), 0);
}

static void assert_pipe_holds(struct rig *rig, const char *text)
{
    char got[PIPE_BYTES] = "";
    assert_int_equal(read(rig->pipe[0], got, sizeof got), strlen(text));
    assert_string_equal(got, text);
}

static void splice_moves_from_a_socket_to_a_pipe(void **state)
{
    struct rig *rig = *state;
    send_text(rig, "through");
    assert_true(drill_pair_pass(&rig->pair.client, &rig->pair.server) > 0);
    assert_int_equal(splice_in(rig, 4), 4);
    assert_int_equal(splice_in(rig, 100), 3);
    assert_pipe_holds(rig, "through");
    assert_int_equal(splice_in(rig, 100), -1);
    assert_int_equal(errno, EAGAIN);
}

static void splice_stops_before_the_last_urgent_octet(void **state)
{
    struct rig *rig = *state;
    send_text(rig, "urgent!and more");
    pass_urgent(rig, 7);
    assert_int_equal(splice_in(rig, 100), 6);
    assert_int_equal(splice_in(rig, 100), 0);
    assert_pipe_holds(rig, "urgent");
    char octet;
    struct packetdrill_interface *server = &rig->pair.server;
    assert_int_equal(server->read(server->userdata, rig->ends.server, &octet, 1), 1);
    assert_int_equal(octet, 'a'); // a read passes over what is out of line
    assert_int_equal(splice_in(rig, 100), 7);
    assert_pipe_holds(rig, "nd more");
}

static void splice_leaves_what_a_full_pipe_does_not_take(void **state)
{
    struct rig *rig = *state;
    char text[2 * PIPE_BYTES + 1];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(fcntl(rig->pipe[1], F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
    send_text(rig, text);
    assert_true(drill_pair_pass(&rig->pair.client, &rig->pair.server) > 0);
    for (size_t left = sizeof text - 1; left > 0;) {
        char got[PIPE_BYTES];
        int spliced = splice_in(rig, left);
        if (spliced < 0) { // not all has arrived
            assert_true(drill_pair_pass(&rig->pair.client, &rig->pair.server) > 0);
            continue;
        }
        assert_in_range(spliced, 1, PIPE_BYTES);
        assert_int_equal(spliced == PIPE_BYTES ? splice_in(rig, 1) : -1, -1);
        assert_int_equal(read(rig->pipe[0], got, sizeof got), spliced);
        left -= (size_t)spliced;
    }
}

static void splice_moves_from_a_pipe_to_a_socket(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *client = &rig->pair.client;
    char got[16] = "";
    assert_int_equal(splice_out(rig, 100), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(write(rig->pipe[1], "from a pipe", 11), 11);
    assert_int_equal(splice_out(rig, 4), 4);
    assert_int_equal(splice_out(rig, 100), 7);
    assert_true(drill_pair_pass(&rig->pair.server, client) > 0);
    assert_true(drill_pair_pass(&rig->pair.server, client) > 0);
    assert_int_equal(client->read(client->userdata, rig->ends.client, got, sizeof got), 11);
    assert_string_equal(got, "from a pipe");
}

static void splice_leaves_what_a_full_socket_does_not_take(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *server = &rig->pair.server;
    char text[PIPE_BYTES] = "";
    int least = 1;
    int total = 0;
    int spliced;
    assert_int_equal(server->setsockopt(server->userdata, rig->ends.server, SOL_SOCKET, SO_SNDBUF,
                                        &least, sizeof least),
                     0);
    assert_int_equal(server->fcntl(server->userdata, rig->ends.server, F_SETFL, O_NONBLOCK), 0);
    for (int at = 0; at < 8; at++) {
        assert_int_equal(write(rig->pipe[1], text, sizeof text), sizeof text);
    }
    while ((spliced = splice_out(rig, PIPE_BYTES)) > 0) {
        total += spliced;
    }
    assert_int_equal(errno, EAGAIN);
    assert_in_range(total, 1, 7 * PIPE_BYTES);
    char left[8 * PIPE_BYTES];
    assert_int_equal(read(rig->pipe[0], left, sizeof left), 8 * PIPE_BYTES - total);
}

static void splice_needs_one_socket(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *server = &rig->pair.server;
    assert_int_equal(server->splice(server->userdata, rig->pipe[0], NULL, rig->pipe[1], NULL, 1, 0),
                     -1);
    assert_int_equal(errno, EINVAL);
}

// As packetdrill calls it: the C library's, which knows the handles of the adaptor made last.
static ssize_t send_file(int fd_out, int fd_in, off_t *at, size_t bytes)
{
    union {
        void *symbol;
        ssize_t (*call)(int fd_out, int fd_in, off_t *at, size_t bytes);
    } entry = {.symbol = drill_pair_symbol("sendfile")};
    return entry.call(fd_out, fd_in, at, bytes);
}

static FILE *make_file(size_t bytes)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    for (size_t at = 0; at < bytes; at++) {
        assert_true(fputc((uint8_t)(at * 7), file) >= 0);
    }
    assert_int_equal(fflush(file), 0);
    rewind(file);
    return file;
}

// All that arrives at the client is what the file has from there on.
static void assert_arrives(struct rig *rig, size_t from, size_t bytes)
{
    static uint8_t got[PACKET_BYTES];
    struct packetdrill_interface *client = &rig->pair.client;
    for (size_t at = 0; at < bytes;) {
        ssize_t some = client->read(client->userdata, rig->ends.client, got, sizeof got);
        if (some < 0) {
            assert_true(drill_pair_pass(&rig->pair.server, client) > 0);
            (void)drill_pair_pass(client, &rig->pair.server);
            continue;
        }
        for (ssize_t i = 0; i < some; i++, at++) {
            assert_int_equal(got[i], (uint8_t)((from + at) * 7));
        }
    }
}

static void sendfile_sends_from_the_offset_and_moves_it(void **state)
{
    struct rig *rig = *state;
    FILE *file = make_file(100);
    off_t at = 10;
    assert_int_equal(send_file(rig->ends.server, fileno(file), &at, 20), 20);
    assert_int_equal(at, 30);
    assert_arrives(rig, 10, 20);
    assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), 0);
    at = 90;
    assert_int_equal(send_file(rig->ends.server, fileno(file), &at, 20), 10); // it ends
    assert_int_equal(send_file(rig->ends.server, fileno(file), &at, 20), 0);
    assert_arrives(rig, 90, 10);
    assert_int_equal(fclose(file), 0);
}

static void sendfile_without_offset_moves_the_file(void **state)
{
    struct rig *rig = *state;
    FILE *file = make_file(BIG_BYTES);
    assert_int_equal(send_file(rig->ends.server, fileno(file), NULL, BIG_BYTES), BIG_BYTES);
    assert_int_equal(lseek(fileno(file), 0, SEEK_CUR), BIG_BYTES);
    assert_arrives(rig, 0, BIG_BYTES);
    assert_int_equal(fclose(file), 0);
}

static void sendfile_passes_other_descriptors_on(void **state)
{
    struct rig *rig = *state;
    FILE *file = make_file(5);
    char got[8];
    off_t at = 0;
    assert_int_equal(send_file(rig->pipe[1], fileno(file), &at, 5), 5);
    assert_int_equal(read(rig->pipe[0], got, sizeof got), 5);
    assert_int_equal(fclose(file), 0);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(splice_moves_from_a_socket_to_a_pipe),
        WITH_RIG(splice_stops_before_the_last_urgent_octet),
        WITH_RIG(splice_leaves_what_a_full_pipe_does_not_take),
        WITH_RIG(splice_moves_from_a_pipe_to_a_socket),
        WITH_RIG(splice_leaves_what_a_full_socket_does_not_take),
        WITH_RIG(splice_needs_one_socket),
        WITH_RIG(sendfile_sends_from_the_offset_and_moves_it),
        WITH_RIG(sendfile_without_offset_moves_the_file),
        WITH_RIG(sendfile_passes_other_descriptors_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
