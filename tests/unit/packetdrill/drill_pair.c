// SPDX-License-Identifier: MIT
//
// See drill_pair.h.
#include "drill_pair.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>

#include "lib/test_cmocka.h"

enum { PORT = 8080, PACKET_BYTES = 65536, US_PER_S = 1000000, FLAGS_BYTES = 256 };

void *drill_pair_symbol(const char *name)
{
    void *library = dlopen(SYNFIN_PACKETDRILL, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    assert_non_null(library);
    void *symbol = dlsym(library, name);
    assert_non_null(symbol);
    return symbol;
}

static void init_one(struct packetdrill_interface *one, const char *address, const char *flags)
{
    union {
        void *symbol;
        void (*init)(const char *flags, struct packetdrill_interface *interface);
    } entry = {.symbol = drill_pair_symbol("packetdrill_interface_init")};
    char all[FLAGS_BYTES];
    (void)snprintf(all, sizeof all, "local=%s,%s", address, flags);
    entry.init(all, one);
}

void drill_pair_init(struct drill_pair *pair, const char *flags)
{
    init_one(&pair->client, "192.0.2.1/24", flags);
    init_one(&pair->server, "192.0.2.2/24", flags);
}

void drill_pair_deinit(struct drill_pair *pair)
{
    pair->client.free(pair->client.userdata);
    pair->server.free(pair->server.userdata);
}

size_t drill_pair_pass(struct packetdrill_interface *from, struct packetdrill_interface *to)
{
    static uint8_t packet[PACKET_BYTES];
    size_t bytes = sizeof packet;
    long long sent_us;
    assert_int_equal(from->netdev_receive(from->userdata, packet, &bytes, &sent_us), 0);
    if (bytes > 0) {
        assert_int_equal(to->netdev_send(to->userdata, packet, bytes), 0);
    }
    return bytes;
}

uint64_t drill_pair_now(struct packetdrill_interface *one)
{
    struct timeval time;
    assert_int_equal(one->gettimeofday(one->userdata, &time, NULL), 0);
    return (uint64_t)time.tv_sec * US_PER_S + (uint64_t)time.tv_usec;
}

struct sockaddr_in drill_pair_address(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    address.sin_addr.s_addr = inet_addr("192.0.2.2");
    return address;
}

int drill_pair_listen(struct drill_pair *pair)
{
    struct packetdrill_interface *server = &pair->server;
    struct sockaddr_in address = drill_pair_address();
    int fd = server->socket(server->userdata, AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        server->bind(server->userdata, fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(server->listen(server->userdata, fd, 1), 0);
    return fd;
}

struct drill_ends drill_pair_connect(struct drill_pair *pair)
{
    struct packetdrill_interface *client = &pair->client;
    struct packetdrill_interface *server = &pair->server;
    struct drill_ends ends = {.listener = drill_pair_listen(pair)};
    struct sockaddr_in address = drill_pair_address();
    ends.client = client->socket(client->userdata, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(client->fcntl(client->userdata, ends.client, F_SETFL, O_NONBLOCK), 0);
    int result =
        client->connect(client->userdata, ends.client, (struct sockaddr *)&address, sizeof address);
    assert_int_equal(result, -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_true(drill_pair_pass(client, server) > 0); // SYN
    assert_true(drill_pair_pass(server, client) > 0); // SYN+ACK
    assert_true(drill_pair_pass(client, server) > 0); // ACK
    ends.server = server->accept(server->userdata, ends.listener, NULL, NULL);
    assert_true(ends.server >= 0);
    return ends;
}
