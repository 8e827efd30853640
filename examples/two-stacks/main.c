// SPDX-License-Identifier: MIT
//
// Two whole stacks in one program, and a file from one to the other: no device, no privilege, no
// clock but the one below. This is how the library lives inside other programs: packets go in by
// synfin_stack_input, come out by synfin_stack_output, and time is what the program says it is.
//
//     two-stacks FILE COPY [v6]      sends FILE by TCP, writes what arrives to COPY
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/host.h>
#include <synfin/synfin.h>

enum { BURST = 32, MTU_OCTETS = 1500, LINK_PACKETS = 64 };

static const uint64_t STEP_NS = 1000000; // what the link takes: 1 ms

struct host {
    synfin_stack *stack;
    synfin_socket socket; // the connection, once there is one
    uint32_t iface;
    bool is_open, is_over;
};

// Packets on their way to a host, as a link copies them.
struct link {
    uint8_t octets[LINK_PACKETS][MTU_OCTETS];
    uint32_t bytes[LINK_PACKETS];
    uint32_t count;
};

static uint64_t now_ns = 1;

static void must(enum synfin_error error, const char *what)
{
    if (error != SYNFIN_ERROR_OK) {
        fprintf(stderr, "two-stacks: %s: %s\n", what, synfin_error_text(error));
        exit(1);
    }
}

static void host_init(struct host *host, const char *addr)
{
    struct synfin_iface_config iface;
    struct synfin_prefix prefix;
    struct synfin_env env;
    synfin_host_env(&env);
    synfin_iface_config_default(&iface);
    iface.mtu_bytes = MTU_OCTETS;
    must(synfin_stack_create(&env, NULL, now_ns, &host->stack), "stack");
    must(synfin_stack_add_iface(host->stack, &iface, &host->iface), "interface");
    must(synfin_prefix_parse(addr, &prefix), addr);
    must(synfin_stack_add_addr(host->stack, host->iface, &prefix), addr);
    must(synfin_socket_open(host->stack, &host->socket), "socket");
}

// The link takes what the host has to send now, as far as it has room.
static void host_send(struct host *host, struct link *link)
{
    struct synfin_packet packet[BURST];
    uint32_t room = LINK_PACKETS - link->count;
    uint32_t n =
        synfin_stack_output(host->stack, host->iface, packet, room < BURST ? room : BURST, now_ns);
    for (uint32_t i = 0; i < n; i++) {
        link->bytes[link->count] =
            synfin_packet_copy(&packet[i], link->octets[link->count], MTU_OCTETS);
        link->count++;
    }
}

static void host_receive(struct host *host, struct link *link)
{
    struct synfin_packet packet;
    for (uint32_t i = 0; i < link->count; i++) {
        synfin_packet_wrap(&packet, link->octets[i], link->bytes[i]);
        synfin_stack_input(host->stack, host->iface, &packet, 1, now_ns);
    }
    link->count = 0;
    synfin_stack_advance(host->stack, now_ns);
}

static void host_events(struct host *host)
{
    struct synfin_event event;
    while (synfin_stack_next_event(host->stack, &event)) {
        if (event.kind == SYNFIN_EVENT_ACCEPTABLE) {
            must(synfin_socket_accept(host->stack, event.socket, &host->socket, NULL), "accept");
            host->is_open = true;
        } else if (event.kind == SYNFIN_EVENT_CONNECTED) {
            host->is_open = true;
        } else if (event.kind == SYNFIN_EVENT_CLOSED) {
            must(event.error, synfin_reason_text(event.reason));
            host->is_over = true;
        }
    }
}

// Queues more of the file, and ends the direction behind its last octet.
static void send_file(struct host *host, FILE *file)
{
    static uint8_t octets[65536];
    static size_t used, done;
    size_t sent;
    while (host->is_open) {
        if (done == used) {
            done = 0;
            used = fread(octets, 1, sizeof octets, file);
        }
        if (used == 0) {
            must(synfin_socket_shutdown(host->stack, host->socket, SYNFIN_SHUTDOWN_WRITE, now_ns),
                 "shutdown");
            host->is_open = false;
            return;
        }
        enum synfin_error error = synfin_socket_send(host->stack, host->socket, octets + done,
                                                     used - done, &sent, now_ns);
        if (error == SYNFIN_ERROR_AGAIN) {
            return;
        }
        must(error, "send");
        done += sent;
    }
}

// Writes what has arrived; closes the own direction at the end of the peer's.
static void take_file(struct host *host, FILE *file)
{
    uint8_t octets[4096];
    size_t got;
    while (host->is_open) {
        enum synfin_error error =
            synfin_socket_recv(host->stack, host->socket, octets, sizeof octets, &got, now_ns);
        if (error == SYNFIN_ERROR_AGAIN) {
            return;
        }
        must(error, "recv");
        if (got == 0) {
            must(synfin_socket_shutdown(host->stack, host->socket, SYNFIN_SHUTDOWN_WRITE, now_ns),
                 "shutdown");
            host->is_open = false;
            return;
        }
        if (fwrite(octets, 1, got, file) != got) {
            fprintf(stderr, "two-stacks: cannot write\n");
            exit(1);
        }
    }
}

static void open_both(struct host *server, struct host *client, bool is_ipv6)
{
    const struct synfin_endpoint any = {.port = 80};
    struct synfin_endpoint peer = {.port = 80};
    host_init(server, is_ipv6 ? "2001:db8::2/64" : "192.0.2.2/24");
    host_init(client, is_ipv6 ? "2001:db8::1/64" : "192.0.2.1/24");
    must(synfin_addr_parse(is_ipv6 ? "2001:db8::2" : "192.0.2.2", &peer.addr), "address");
    must(synfin_socket_bind(server->stack, server->socket, &any), "bind");
    must(synfin_socket_listen(server->stack, server->socket, 1, now_ns), "listen");
    must(synfin_socket_connect(client->stack, client->socket, &peer, now_ns), "connect");
}

int main(int argc, char **argv)
{
    static struct link to_server, to_client;
    struct host server = {0}, client = {0};
    FILE *from = argc > 2 ? fopen(argv[1], "rb") : NULL;
    FILE *to = argc > 2 ? fopen(argv[2], "wb") : NULL;
    if (from == NULL || to == NULL) {
        fprintf(stderr, "usage: two-stacks FILE COPY [v6]\n");
        return 2;
    }
    open_both(&server, &client, argc > 3 && strcmp(argv[3], "v6") == 0);
    while (!server.is_over || !client.is_over) {
        host_receive(&server, &to_server);
        host_receive(&client, &to_client);
        host_events(&server);
        host_events(&client);
        send_file(&server, from);
        take_file(&client, to);
        host_send(&server, &to_client);
        host_send(&client, &to_server);
        now_ns += STEP_NS;
    }
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(server.stack, &stats);
    printf("%llu octets in %llu segments, %llu ms of the link's time\n",
           (unsigned long long)stats.octets_out, (unsigned long long)stats.segments_out,
           (unsigned long long)(now_ns / STEP_NS));
    synfin_stack_destroy(server.stack);
    synfin_stack_destroy(client.stack);
    fclose(from);
    return fclose(to) == 0 ? 0 : 1;
}
