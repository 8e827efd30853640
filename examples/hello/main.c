// SPDX-License-Identifier: MIT
//
// The smallest server: one page over HTTP on synfin's own TCP, at 192.0.2.2 port 80.
#include <stdio.h>

#include <synfin/host.h>
#include <synfin/synfin.h>

static synfin_stack *stack;

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    static const char page[] = "HTTP/1.0 200 OK\r\n\r\nhello, from SYN to FIN\n";
    synfin_socket socket = event->socket;
    char request[4096];
    size_t bytes;
    (void)ctx;
    if (event->kind == SYNFIN_EVENT_ACCEPTABLE) {
        while (synfin_socket_accept(stack, event->socket, &socket, NULL) == SYNFIN_ERROR_OK) {
        }
    } else if (event->kind == SYNFIN_EVENT_READABLE) {
        (void)!synfin_socket_recv(stack, socket, request, sizeof request, &bytes, now_ns);
        (void)!synfin_socket_send(stack, socket, page, sizeof page - 1, &bytes, now_ns);
        synfin_socket_close(stack, socket, now_ns);
    } else if (event->kind == SYNFIN_EVENT_CLOSED) {
        synfin_socket_close(stack, socket, now_ns);
    }
}

int main(int argc, char **argv)
{
    const struct synfin_loop_ops ops = {.on_event = on_event};
    const char *link = argc > 1 ? argv[1] : "tun:syn0";
    synfin_socket listener;
    synfin_loop *loop;
    if (synfin_host_start(link, "192.0.2.2/24", &ops, NULL, &stack, &loop) != SYNFIN_ERROR_OK
        || synfin_host_listen(stack, 80, &listener) != SYNFIN_ERROR_OK
        || synfin_loop_run(loop) != SYNFIN_ERROR_OK) {
        fprintf(stderr, "hello: cannot serve on %s\n", link);
        return 1;
    }
    return 0;
}
