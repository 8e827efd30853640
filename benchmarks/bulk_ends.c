// SPDX-License-Identifier: MIT
//
// The senders and the receiver. synfin's stack sits behind a TUN device of the left namespace,
// whose kernel forwards between it and the wire:
//
//     [ synfin 198.51.100.2 ]--stack0--[ left forwards ]--left0 ---- wire ---- right0--[ right ]
#include "bulk_ends.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <synfin/host.h>
#include <synfin/synfin.h>

#include "harness.h"

#define DEVICE "stack0"

enum {
    PORT = 9000,
    CHUNK_BYTES = 1 << 18,
    POLL_MS = 10,
    PATIENCE_MS = 20000,
    ROW_MAX = 8192,
};

// What the processes share.
struct bulk {
    const char *congestion;
    uint64_t time_ns;
    _Atomic bool is_listening, is_over;
    struct bulk_result result;
};

static uint8_t octets[CHUNK_BYTES];

// How many columns a row of /proc/net/netstat has before this name; -1: it is not there.
static int column_of(const char *row, const char *name)
{
    size_t length = strlen(name);
    int column = 0;
    for (const char *at = strchr(row, ' '); at != NULL; at = strchr(at + 1, ' '), column++) {
        if (strncmp(at + 1, name, length) == 0 && strchr(" \n", at[1 + length]) != NULL) {
            return column;
        }
    }
    return -1;
}

// D-SACKs that this namespace has sent: each tells of a segment that came although it was there.
static uint64_t count_dsacks(void)
{
    static const char head[] = "TcpExt:";
    static const char *const names[] = {"TCPDSACKOldSent", "TCPDSACKOfoSent"};
    char row[ROW_MAX], numbers[ROW_MAX];
    uint64_t count = 0;
    FILE *file = fopen("/proc/self/net/netstat", "r");
    harness_require(file != NULL, "the kernel's counters");
    while (fgets(row, sizeof row, file) != NULL && fgets(numbers, sizeof numbers, file) != NULL) {
        for (size_t i = 0; strncmp(row, head, sizeof head - 1) == 0 && i < 2; i++) {
            int column = column_of(row, names[i]);
            harness_require(column >= 0, "the kernel's counters of D-SACKs");
            count += harness_number(numbers + sizeof head - 1, (uint32_t)column);
        }
    }
    fclose(file);
    return count;
}

static bool await(int fd, short events, int ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    return poll(&poll_fd, 1, ms) > 0;
}

static int listen_here(void)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    static const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
                        && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0
                        && listen(fd, 1) == 0,
                    "the receiver");
    return fd;
}

static void run_receiver(void *arg)
{
    struct bulk *bulk = arg;
    const struct linger reset = {.l_onoff = 1};
    uint64_t dsacks = count_dsacks(), got = 0;
    int listener = listen_here();
    atomic_store(&bulk->is_listening, true);
    harness_require(await(listener, POLLIN, PATIENCE_MS), "the sender must connect");
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    harness_require(fd >= 0, "accept");
    uint64_t begun_ns = harness_now_ns(), now_ns = begun_ns;
    while (now_ns - begun_ns < bulk->time_ns) {
        ssize_t n = await(fd, POLLIN, POLL_MS) ? recv(fd, octets, sizeof octets, 0) : 0;
        got += n > 0 ? (uint64_t)n : 0;
        now_ns = harness_now_ns();
    }
    bulk->result.mbits = (double)got * 8e3 / (double)(now_ns - begun_ns);
    bulk->result.spurious = count_dsacks() - dsacks;
    atomic_store(&bulk->is_over, true);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    close(listener);
}

static void run_kernel(void *arg)
{
    struct bulk *bulk = arg;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    (void)inet_pton(AF_INET, WIRE_PATH_RIGHT, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0
                        && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, bulk->congestion,
                                      (socklen_t)strlen(bulk->congestion))
                               == 0
                        && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0,
                    "the kernel's sender");
    while (!atomic_load(&bulk->is_over)) {
        if (await(fd, POLLOUT, POLL_MS)) {
            (void)send(fd, octets, sizeof octets, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        // Before the receiver's reset: a closed connection has nothing to tell.
        struct tcp_info now = {0};
        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &now, &length) == 0
            && now.tcpi_total_retrans >= info.tcpi_total_retrans) {
            info = now;
        }
    }
    bulk->result.resent = info.tcpi_total_retrans;
    close(fd);
}

struct sender {
    struct bulk *bulk;
    synfin_stack *stack;
    synfin_socket socket;
};

static void send_more(struct sender *sender, uint64_t now_ns)
{
    size_t sent;
    while (synfin_socket_send(sender->stack, sender->socket, octets, sizeof octets, &sent, now_ns)
           == SYNFIN_ERROR_OK) {
    }
}

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    if (event->kind == SYNFIN_EVENT_CONNECTED || event->kind == SYNFIN_EVENT_WRITABLE) {
        send_more(ctx, now_ns);
    }
}

static synfin_stack *make_stack(struct synfin_device *device)
{
    synfin_stack *stack;
    uint32_t iface;
    struct synfin_env env;
    struct synfin_iface_config iface_config;
    const struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(198, 51, 100, 2), .bits = 24};
    const struct synfin_prefix all = {.addr = synfin_addr_ipv4(0, 0, 0, 0)};
    const struct synfin_addr gateway = synfin_addr_ipv4(198, 51, 100, 1);
    synfin_host_env(&env);
    synfin_iface_config_default(&iface_config);
    iface_config.mtu_bytes = device->mtu_bytes;
    harness_require(synfin_stack_create(&env, NULL, synfin_host_now(), &stack) == SYNFIN_ERROR_OK
                        && synfin_stack_add_iface(stack, &iface_config, &iface) == SYNFIN_ERROR_OK
                        && synfin_stack_add_addr(stack, iface, &prefix) == SYNFIN_ERROR_OK
                        && synfin_stack_add_route(stack, iface, &all, &gateway) == SYNFIN_ERROR_OK,
                    "synfin's stack");
    return stack;
}

static synfin_loop *make_sender(struct sender *sender)
{
    static const struct synfin_loop_ops ops = {.on_event = on_event};
    struct synfin_device *device;
    synfin_loop *loop;
    const struct synfin_endpoint remote = {.addr = synfin_addr_ipv4(192, 0, 2, 2), .port = PORT};
    harness_require(synfin_device_open("tun:" DEVICE, &device, NULL, 0) == SYNFIN_ERROR_OK
                        && system("ip addr add 198.51.100.1/24 dev " DEVICE
                                  " && ip link set " DEVICE " txqueuelen 20000 up")
                               == 0,
                    "synfin's device");
    sender->stack = make_stack(device);
    harness_require(
        synfin_loop_create(sender->stack, &ops, sender, &loop) == SYNFIN_ERROR_OK
            && synfin_loop_add_device(loop, 0, device) == SYNFIN_ERROR_OK
            && synfin_socket_open(sender->stack, &sender->socket) == SYNFIN_ERROR_OK
            && synfin_socket_set_congestion(sender->stack, sender->socket, sender->bulk->congestion)
                   == SYNFIN_ERROR_OK
            && synfin_socket_connect(sender->stack, sender->socket, &remote, synfin_host_now())
                   == SYNFIN_ERROR_OK,
        "synfin's sender");
    return loop;
}

static void run_synfin(void *arg)
{
    struct sender sender = {.bulk = arg};
    synfin_loop *loop = make_sender(&sender);
    struct synfin_stack_stats stats = {.size = sizeof stats};
    while (!atomic_load(&sender.bulk->is_over)) {
        harness_require(synfin_loop_turn(loop, (uint64_t)POLL_MS * 1000000) == SYNFIN_ERROR_OK,
                        "synfin's sender");
    }
    synfin_stack_stats(sender.stack, &stats);
    sender.bulk->result.resent = stats.segments_retransmitted;
    synfin_loop_destroy(loop);
    synfin_stack_destroy(sender.stack);
}

void bulk_run(struct wire_path *path, enum bulk_sender sender, const char *congestion,
              uint64_t time_ns, struct bulk_result *result)
{
    struct bulk *bulk =
        mmap(NULL, sizeof *bulk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    harness_require(bulk != MAP_FAILED, "memory");
    bulk->congestion = congestion;
    bulk->time_ns = time_ns;
    pid_t receiver = wire_path_begin(path, WIRE_PATH_B, run_receiver, bulk);
    while (!atomic_load(&bulk->is_listening)) {
        usleep(1000);
    }
    pid_t begun =
        wire_path_begin(path, WIRE_PATH_A, sender == BULK_KERNEL ? run_kernel : run_synfin, bulk);
    bool is_done = wire_path_await(receiver);
    is_done = wire_path_await(begun) && is_done;
    harness_require(is_done, "a transfer");
    *result = bulk->result;
    munmap(bulk, sizeof *bulk);
}
