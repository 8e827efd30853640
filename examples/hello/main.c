// SPDX-License-Identifier: MIT
//
// The smallest server: one page over HTTP on synfin's own TCP, at 192.0.2.2 port 80, on the TUN
// device named as the argument.
#include <stdio.h>
#include <stdlib.h>

#include <synfin/host.h>
#include <synfin/synfin.h>

static synfin_stack *stack;

static void must(enum synfin_error error)
{
    if (error != SYNFIN_ERROR_OK) {
        fprintf(stderr, "hello: %s\n", synfin_error_text(error));
        exit(1);
    }
}

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello, from SYN to FIN\n";
    char request[4096];
    synfin_socket taken;
    size_t bytes;
    (void)ctx;
    if (event->kind == SYNFIN_EVENT_ACCEPTABLE) {
        while (synfin_socket_accept(stack, event->socket, &taken, NULL) == SYNFIN_ERROR_OK) {
        }
    } else if (event->kind == SYNFIN_EVENT_READABLE) {
        (void)!synfin_socket_recv(stack, event->socket, request, sizeof request, &bytes, now_ns);
        (void)!synfin_socket_send(stack, event->socket, page, sizeof page - 1, &bytes, now_ns);
        synfin_socket_close(stack, event->socket, now_ns);
    } else if (event->kind == SYNFIN_EVENT_CLOSED) {
        synfin_socket_close(stack, event->socket, now_ns);
    }
}

int main(int argc, char **argv)
{
    const struct synfin_loop_ops ops = {.on_event = on_event};
    const struct synfin_endpoint any = {.port = 80}; // ::, which stands for IPv4 as well
    struct synfin_iface_config config;
    struct synfin_device *device;
    struct synfin_prefix addr;
    struct synfin_env env;
    synfin_socket listener;
    synfin_loop *loop;
    uint32_t iface;
    synfin_host_env(&env);
    synfin_iface_config_default(&config);
    must(synfin_device_open(argc > 1 ? argv[1] : "tun:syn0", &device, NULL, 0));
    must(synfin_stack_create(&env, NULL, synfin_host_now(), &stack));
    must(synfin_stack_add_iface(stack, &config, &iface));
    must(synfin_prefix_parse("192.0.2.2/24", &addr));
    must(synfin_stack_add_addr(stack, iface, &addr));
    must(synfin_socket_open(stack, &listener));
    must(synfin_socket_bind(stack, listener, &any));
    must(synfin_socket_listen(stack, listener, 0, synfin_host_now()));
    must(synfin_loop_create(stack, &ops, NULL, &loop));
    must(synfin_loop_add_device(loop, iface, device));
    must(synfin_loop_run(loop));
    return 0;
}
