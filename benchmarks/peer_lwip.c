// SPDX-License-Identifier: MIT
//
// lwIP between two of its own interfaces, A and B. Each endpoint is bound to its interface, so that
// the route to the other's address, which is local too, leads out and not back inside.
#include "peer_lwip.h"

#include <string.h>

#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>

#include "harness.h"

enum {
    PORT = 80,
    WRITE_BYTES = 32 << 10,
    QUEUE_PACKETS = 4096,
    PURGE_CONNECTIONS = 32,
};

// What has been sent to an interface and not yet arrived.
struct queue {
    struct pbuf *packets[QUEUE_PACKETS];
    uint32_t head, tail;
};

static struct netif iface_a, iface_b;
static struct queue to_a, to_b;
static struct tcp_pcb *listener;
static struct tcp_pcb *accepted[PEER_LWIP_PARALLEL], *flow;
static uint32_t accepted_count;
static uint64_t received;
static uint8_t source[WRITE_BYTES], sink[WRITE_BYTES];

const char *peer_lwip_name(void)
{
    return "lwIP " LWIP_VERSION_STRING;
}

// A copy, because lwIP moves the bounds of a packet as it reads it and keeps the original for a
// retransmission; its own loopback copies as well.
static err_t send_packet(struct netif *from, struct pbuf *packet, const ip4_addr_t *next)
{
    struct queue *queue = from == &iface_a ? &to_b : &to_a;
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, packet);
    (void)next;
    harness_require(copy != NULL && queue->head - queue->tail < QUEUE_PACKETS, "lwIP: a packet");
    queue->packets[queue->head++ % QUEUE_PACKETS] = copy;
    return ERR_OK;
}

static bool deliver(struct queue *queue, struct netif *to)
{
    bool has_any = queue->tail != queue->head;
    while (queue->tail != queue->head) {
        (void)ip4_input(queue->packets[queue->tail++ % QUEUE_PACKETS], to);
    }
    return has_any;
}

static void settle(void)
{
    bool is_busy = true;
    while (is_busy) {
        is_busy = deliver(&to_b, &iface_b);
        is_busy = deliver(&to_a, &iface_a) || is_busy;
    }
}

static err_t init_iface(struct netif *netif)
{
    netif->mtu = 1500;
    netif->output = send_packet;
    netif->name[0] = 'p';
    netif->name[1] = 'p';
    return ERR_OK;
}

static void add_iface(struct netif *netif, uint8_t host)
{
    ip4_addr_t addr, mask, gateway;
    IP4_ADDR(&addr, 192, 0, 2, host);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 0, 0, 0, 0);
    harness_require(netif_add(netif, &addr, &mask, &gateway, NULL, init_iface, ip4_input) != NULL,
                    "lwIP: an interface");
    netif_set_up(netif);
    netif_set_link_up(netif);
}

static err_t on_data(void *arg, struct tcp_pcb *pcb, struct pbuf *data, err_t err)
{
    (void)arg;
    (void)err;
    if (data != NULL) {
        received += data->tot_len;
        (void)pbuf_copy_partial(data, sink, data->tot_len, 0);
        tcp_recved(pcb, data->tot_len);
        (void)pbuf_free(data);
    }
    return ERR_OK;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    harness_require(err == ERR_OK && accepted_count < PEER_LWIP_PARALLEL, "lwIP: accept");
    accepted[accepted_count++] = pcb;
    tcp_recv(pcb, on_data);
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)pcb;
    return err;
}

static struct tcp_pcb *begin_connect(void)
{
    struct tcp_pcb *pcb = tcp_new();
    harness_require(pcb != NULL, "lwIP: a connection");
    tcp_bind_netif(pcb, &iface_a);
    tcp_recv(pcb, on_data);
    harness_require(tcp_connect(pcb, &iface_b.ip_addr, PORT, on_connected) == ERR_OK,
                    "lwIP: connect");
    return pcb;
}

void peer_lwip_init(void)
{
    lwip_init();
    add_iface(&iface_a, 1);
    add_iface(&iface_b, 2);
    struct tcp_pcb *pcb = tcp_new();
    harness_require(pcb != NULL, "lwIP: a listener");
    tcp_bind_netif(pcb, &iface_b);
    harness_require(tcp_bind(pcb, &iface_b.ip_addr, PORT) == ERR_OK, "lwIP: bind");
    listener = tcp_listen_with_backlog(pcb, UINT8_MAX);
    harness_require(listener != NULL, "lwIP: listen");
    tcp_accept(listener, on_accept);
}

void peer_lwip_flow_open(void)
{
    accepted_count = 0;
    flow = begin_connect();
    settle();
    harness_require(accepted_count == 1, "lwIP: one connection");
}

static uint64_t fill(uint64_t left)
{
    uint64_t sent = 0;
    while (sent < left && tcp_sndbuf(flow) > 0) {
        uint64_t bytes = left - sent < WRITE_BYTES ? left - sent : WRITE_BYTES;
        bytes = bytes < tcp_sndbuf(flow) ? bytes : tcp_sndbuf(flow);
        if (tcp_write(flow, source, (u16_t)bytes, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            break;
        }
        sent += bytes;
    }
    harness_require(tcp_output(flow) == ERR_OK, "lwIP: output");
    return sent;
}

void peer_lwip_flow_transfer(uint64_t bytes)
{
    uint64_t sent = 0;
    received = 0;
    while (received < bytes) {
        sent += fill(bytes - sent);
        (void)deliver(&to_b, &iface_b);
        (void)deliver(&to_a, &iface_a);
        sys_check_timeouts();
    }
}

static void send_octet(struct tcp_pcb *pcb)
{
    static const uint8_t octet = 1;
    harness_require(tcp_write(pcb, &octet, 1, TCP_WRITE_FLAG_COPY) == ERR_OK
                        && tcp_output(pcb) == ERR_OK,
                    "lwIP: an octet");
}

static void close_all(struct tcp_pcb **pcbs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        tcp_recv(pcbs[i], NULL);
        harness_require(tcp_close(pcbs[i]) == ERR_OK, "lwIP: close");
    }
    settle();
}

static void live_and_die(uint32_t count)
{
    struct tcp_pcb *client[PEER_LWIP_PARALLEL];
    accepted_count = 0;
    received = 0;
    for (uint32_t i = 0; i < count; i++) {
        client[i] = begin_connect();
    }
    settle();
    harness_require(accepted_count == count, "lwIP: all are accepted");
    for (uint32_t i = 0; i < count; i++) {
        send_octet(client[i]);
    }
    settle();
    for (uint32_t i = 0; i < count; i++) {
        send_octet(accepted[i]);
    }
    settle();
    harness_require(received == 2 * (uint64_t)count, "lwIP: an octet each way");
    close_all(client, count);
    close_all(accepted, count);
}

// Twice the MSL passes at once.
static void purge_time_wait(void)
{
    tcp_ticks += 2 * TCP_MSL / TCP_SLOW_INTERVAL + 1;
    tcp_slowtmr();
    harness_require(tcp_tw_pcbs == NULL && tcp_active_pcbs == NULL, "lwIP: all are gone");
}

void peer_lwip_churn_kept(uint32_t connections)
{
    for (uint32_t done = 0; done < connections; done++) {
        live_and_die(1);
    }
}

void peer_lwip_churn(uint32_t connections, uint32_t parallel)
{
    harness_require(parallel <= PEER_LWIP_PARALLEL, "so many side by side");
    for (uint32_t done = 0; done < connections; done += parallel) {
        live_and_die(parallel);
        if ((done + parallel) % PURGE_CONNECTIONS == 0) {
            purge_time_wait();
        }
    }
}
