// SPDX-License-Identifier: MIT
//
// Who is who, all in one namespace but for the kernel's listener:
//
//     sender, client  --[ fd0: TUN ]--  synfin's listener
//     sender, client  --[ fd0: veth ]-- [ fd1 ]  Linux' listener in a namespace of its own
//
// The processes share a page of counters.
#include "tun_flood.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <synfin/host.h>
#include <synfin/synfin.h>

#include "forge.h"
#include "harness.h"
#include "peer_kernel.h"

#define OURS   "192.0.2.1"
#define THEIRS "192.0.2.2"
#define DEVICE "fd0"

enum {
    PORT = 9000,
    BACKLOG = 4096,
    BATCH = 64,
    IN_FLIGHT = 128, // of a TUN device's queue of 500, so that the client's segments find room
    PACE_NS = 50000,
    STALLED_NS = 100000000,
    READY_TRIES = 500,
    WARM_NS = 100000000,
    ETHERNET_BYTES = 14,
    PATIENCE_S = 20,
};

struct counters {
    _Atomic uint64_t sent;  // SYNs handed to the device
    _Atomic uint64_t taken; // SYNs that synfin's listener has got from it
    _Atomic uint64_t bytes; // taken by its stack
};

static struct counters *counters;

static void pause_ns(long ns)
{
    const struct timespec time = {.tv_nsec = ns};
    nanosleep(&time, NULL);
}

// A process that ends with this one, or when this one says so.
static pid_t begin(void (*run)(void *arg), void *arg)
{
    fflush(stdout);
    pid_t pid = fork();
    harness_require(pid >= 0, "a process");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(arg);
        _exit(0);
    }
    return pid;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static bool command(const char *text)
{
    return system(text) == 0;
}

// The TUN device, with each SYN of the flood counted as it is taken from it.
struct counting {
    struct synfin_device device;
    struct synfin_device *inner;
};

static uint32_t receive_counted(struct synfin_device *device, struct synfin_packet *packets,
                                uint32_t max, uint64_t now_ns)
{
    struct synfin_device *inner = ((struct counting *)device)->inner;
    uint32_t n = inner->ops->receive(inner, packets, max, now_ns), syns = 0;
    for (uint32_t i = 0; i < n; i++) {
        syns += forge_is_of_flood(packets[i].head);
    }
    atomic_fetch_add(&counters->taken, syns);
    return n;
}

static uint32_t send_through(struct synfin_device *device, const struct synfin_packet *packets,
                             uint32_t n, uint64_t now_ns)
{
    struct synfin_device *inner = ((struct counting *)device)->inner;
    return inner->ops->send(inner, packets, n, now_ns);
}

static uint64_t find_deadline(const struct synfin_device *device)
{
    const struct synfin_device *inner = ((const struct counting *)device)->inner;
    return inner->ops->next_deadline(inner);
}

static void destroy_both(struct synfin_device *device)
{
    struct synfin_device *inner = ((struct counting *)device)->inner;
    inner->ops->destroy(inner);
}

struct echo {
    synfin_stack *stack;
    synfin_socket listener;
};

// Sends back what is there; closes at the end of it.
static void echo_octets(struct echo *echo, synfin_socket socket, uint64_t now_ns)
{
    uint8_t octets[16];
    size_t got, taken;
    enum synfin_error error =
        synfin_socket_recv(echo->stack, socket, octets, sizeof octets, &got, now_ns);
    if (error == SYNFIN_ERROR_OK && got > 0) {
        error = synfin_socket_send(echo->stack, socket, octets, got, &taken, now_ns);
    } else if (error == SYNFIN_ERROR_OK) {
        error = SYNFIN_ERROR_SHUT_DOWN;
    }
    if (error != SYNFIN_ERROR_OK && error != SYNFIN_ERROR_AGAIN) {
        synfin_socket_close(echo->stack, socket, now_ns);
    }
}

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    struct echo *echo = ctx;
    synfin_socket socket;
    if (event->kind == SYNFIN_EVENT_READABLE) {
        echo_octets(echo, event->socket, now_ns);
    } else if (event->kind == SYNFIN_EVENT_CLOSED) {
        synfin_socket_close(echo->stack, event->socket, now_ns);
    } else if (event->kind == SYNFIN_EVENT_ACCEPTABLE) {
        while (synfin_socket_accept(echo->stack, echo->listener, &socket, NULL)
               == SYNFIN_ERROR_OK) {
            echo_octets(echo, socket, now_ns);
        }
    }
}

static void publish(void *ctx, uint64_t now_ns)
{
    const struct echo *echo = ctx;
    struct synfin_stack_stats stats = {.size = sizeof stats};
    (void)now_ns;
    synfin_stack_stats(echo->stack, &stats);
    atomic_store(&counters->bytes, stats.memory_bytes);
}

static bool open_stack(struct echo *echo, struct counting *counting)
{
    static const struct synfin_device_ops ops = {
        .receive = receive_counted,
        .send = send_through,
        .next_deadline = find_deadline,
        .destroy = destroy_both,
    };
    struct synfin_env env;
    struct synfin_iface_config config;
    uint32_t iface;
    const struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(192, 0, 2, 2), .bits = 24};
    const struct synfin_prefix all = {.addr = synfin_addr_ipv4(0, 0, 0, 0), .bits = 0};
    const struct synfin_endpoint local = {.addr = all.addr, .port = PORT};
    uint64_t now_ns = synfin_host_now();
    synfin_host_env(&env);
    synfin_iface_config_default(&config);
    if (synfin_device_open("tun:" DEVICE, &counting->inner, NULL, 0) != SYNFIN_ERROR_OK) {
        return false;
    }
    counting->device = *counting->inner;
    counting->device.ops = &ops;
    return synfin_stack_create(&env, NULL, now_ns, &echo->stack) == SYNFIN_ERROR_OK
           && synfin_stack_add_iface(echo->stack, &config, &iface) == SYNFIN_ERROR_OK
           && synfin_stack_add_addr(echo->stack, iface, &prefix) == SYNFIN_ERROR_OK
           && synfin_stack_add_route(echo->stack, iface, &all, &all.addr) == SYNFIN_ERROR_OK
           && synfin_socket_open(echo->stack, &echo->listener) == SYNFIN_ERROR_OK
           && synfin_socket_bind(echo->stack, echo->listener, &local) == SYNFIN_ERROR_OK
           && synfin_socket_listen(echo->stack, echo->listener, BACKLOG, now_ns) == SYNFIN_ERROR_OK;
}

static void run_synfin(void *arg)
{
    static struct echo echo;
    static struct counting counting;
    static const struct synfin_loop_ops ops = {.on_event = on_event, .on_turn = publish};
    synfin_loop *loop;
    (void)arg;
    if (!open_stack(&echo, &counting)
        || synfin_loop_create(echo.stack, &ops, &echo, &loop) != SYNFIN_ERROR_OK
        || synfin_loop_add_device(loop, 0, &counting.device) != SYNFIN_ERROR_OK
        || synfin_loop_run(loop) != SYNFIN_ERROR_OK) {
        harness_fail("synfin's listener over TUN");
    }
}

// Accepts, echoes and closes, one after the other: the client opens one after the other.
static void serve_kernel(void)
{
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    harness_require(listener >= 0 && bind(listener, (const struct sockaddr *)&at, sizeof at) == 0
                        && listen(listener, BACKLOG) == 0,
                    "Linux' listener");
    for (;;) {
        uint8_t octet;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        while (fd >= 0 && recv(fd, &octet, 1, 0) == 1 && send(fd, &octet, 1, MSG_NOSIGNAL) == 1) {
        }
        if (fd >= 0) {
            close(fd);
        }
    }
}

static void run_kernel(void *arg)
{
    const int *pipes = arg;
    char octet = 1;
    bool is_there = unshare(CLONE_NEWNET) == 0 && write(pipes[1], &octet, 1) == 1
                    && read(pipes[2], &octet, 1) == 1
                    && command("ip link set lo up && ip link set fd1 up"
                               " && ip addr add " THEIRS "/24 dev fd1"
                               " && ip route add default via " OURS);
    harness_require(is_there, "Linux' namespace");
    serve_kernel();
}

// The sender's template: with an Ethernet header before it where the device has one.
struct sender {
    struct forge_flood flood;
    uint32_t link_bytes;
    uint8_t frame[BATCH][ETHERNET_BYTES + FORGE_SYN_BYTES];
    struct iovec iov[BATCH];
    struct mmsghdr messages[BATCH];
};

static void prepare_frames(struct sender *sender, bool is_ethernet)
{
    static const uint8_t header[ETHERNET_BYTES] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
    forge_flood_init(&sender->flood, UINT32_C(0xC0000202), PORT);
    sender->link_bytes = is_ethernet ? ETHERNET_BYTES : 0;
    for (uint32_t i = 0; i < BATCH; i++) {
        memcpy(sender->frame[i], header, sender->link_bytes);
        sender->iov[i].iov_base = sender->frame[i];
        sender->iov[i].iov_len = sender->link_bytes + FORGE_SYN_BYTES;
        sender->messages[i].msg_hdr.msg_iov = &sender->iov[i];
        sender->messages[i].msg_hdr.msg_iovlen = 1;
    }
}

static int open_packet_socket(void)
{
    static const int on = 1;
    const struct sockaddr_ll at = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_IP),
        .sll_ifindex = (int)if_nametoindex(DEVICE),
    };
    // Protocol 0: it only sends.
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0 && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) == 0
                        && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0,
                    "a packet socket");
    return fd;
}

static void send_batch(struct sender *sender, int fd)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        forge_flood_next(&sender->flood, sender->frame[i] + sender->link_bytes);
    }
    int n = sendmmsg(fd, sender->messages, BATCH, 0);
    if (n > 0) {
        atomic_fetch_add(&counters->sent, (uint64_t)n);
    } else {
        harness_require(errno == ENOBUFS || errno == EAGAIN || errno == EINTR, "sendmmsg");
    }
}

// Whether the flood is behind its rate.
static bool is_time(const struct tun_flood_setup *setup, uint64_t sent, uint64_t passed_ns)
{
    return setup->syns_per_second == 0
           || (double)sent < 1e-9 * (double)passed_ns * setup->syns_per_second;
}

// What the device lost is not waited for: after a while without progress all counts as taken.
static void run_sender(void *arg)
{
    static struct sender sender;
    const struct tun_flood_setup *setup = arg;
    bool is_ethernet = setup->listener == TUN_FLOOD_LINUX;
    uint64_t start_ns = harness_now_ns();
    int fd = open_packet_socket();
    uint64_t lost = 0, seen = 0, seen_ns = harness_now_ns();
    prepare_frames(&sender, is_ethernet);
    for (;;) {
        uint64_t taken = atomic_load(&counters->taken), sent = atomic_load(&counters->sent);
        uint64_t now_ns = harness_now_ns();
        if (taken != seen) {
            seen = taken;
            seen_ns = now_ns;
        } else if (now_ns - seen_ns > STALLED_NS) {
            lost = sent - taken;
            seen_ns = now_ns;
        }
        if (!is_time(setup, sent, now_ns - start_ns)) {
            pause_ns(PACE_NS);
        } else if (is_ethernet || sent < lost + taken || sent - lost - taken + BATCH <= IN_FLIGHT) {
            send_batch(&sender, fd);
        } else {
            sched_yield();
        }
    }
}

// Open, an octet there and back, reset: no TIME-WAIT, which would run out of ports.
static bool connect_once(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    const struct linger reset = {.l_onoff = 1};
    uint8_t octet = 1;
    (void)inet_pton(AF_INET, THEIRS, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0, "a socket");
    bool is_done = setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0
                   && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0
                   && setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0
                   && connect(fd, (const struct sockaddr *)&at, sizeof at) == 0
                   && send(fd, &octet, 1, MSG_NOSIGNAL) == 1 && recv(fd, &octet, 1, 0) == 1
                   && octet == 1;
    close(fd);
    return is_done;
}

static void await_listener(void)
{
    bool is_ready = connect_once();
    for (int i = 0; i < READY_TRIES && !is_ready; i++) {
        pause_ns(10000000);
        is_ready = connect_once();
    }
    harness_require(is_ready, "the listener must answer before the flood");
}

// Packets that came back through the device: the second row of numbers in /proc/net/dev is that of
// the one whose name it begins with.
static uint64_t packets_back(void)
{
    char line[512];
    uint64_t packets = 0;
    FILE *file = fopen("/proc/self/net/dev", "r");
    harness_require(file != NULL, "the devices' counters");
    while (fgets(line, sizeof line, file) != NULL) {
        const char *at = strstr(line, DEVICE ":");
        if (at != NULL) {
            packets = harness_number(at + strlen(DEVICE ":"), 1);
        }
    }
    fclose(file);
    return packets;
}

static void measure(uint32_t ms, struct tun_flood_result *result)
{
    uint64_t start_ns = harness_now_ns(), sent = atomic_load(&counters->sent);
    uint64_t back = packets_back(), worst_ns = 0, now_ns = start_ns;
    *result = (struct tun_flood_result){.bytes_first = atomic_load(&counters->bytes)};
    while (now_ns - start_ns < (uint64_t)ms * 1000000) {
        uint64_t before_ns = now_ns;
        bool is_done = connect_once();
        now_ns = harness_now_ns();
        result->connects += is_done;
        result->failed += !is_done;
        worst_ns = now_ns - before_ns > worst_ns ? now_ns - before_ns : worst_ns;
    }
    double seconds = 1e-9 * (double)(now_ns - start_ns);
    sent = atomic_load(&counters->sent) - sent;
    back = packets_back() - back;
    result->syns_per_second = (double)(sent < back ? sent : back) / seconds;
    result->connects_per_second = (double)result->connects / seconds;
    result->worst_ms = 1e-6 * (double)worst_ns;
    result->bytes_last = atomic_load(&counters->bytes);
}

static pid_t begin_synfin(void)
{
    if (!command("ip tuntap add " DEVICE " mode tun 2> /dev/null"
                 " && ip addr add " OURS "/24 dev " DEVICE " && ip link set " DEVICE " up")) {
        return -1;
    }
    return begin(run_synfin, NULL);
}

static pid_t begin_kernel(void)
{
    int up[2], down[2];
    char octet = 1, text[256];
    harness_require(pipe(up) == 0 && pipe(down) == 0, "pipes");
    int pipes[] = {up[0], up[1], down[0]};
    pid_t pid = begin(run_kernel, pipes);
    snprintf(text, sizeof text,
             "ip link add " DEVICE " address 02:00:00:00:00:01 type veth"
             " peer name fd1 address 02:00:00:00:00:02 netns %d"
             " && ip addr add " OURS "/24 dev " DEVICE " && ip link set " DEVICE " up",
             (int)pid);
    bool is_there = read(up[0], &octet, 1) == 1 && command(text) && write(down[1], &octet, 1) == 1;
    if (!is_there) {
        end(pid);
        pid = -1;
    }
    for (int i = 0; i < 2; i++) {
        close(up[i]);
        close(down[i]);
    }
    return pid;
}

bool tun_flood_run(const struct tun_flood_setup *setup, struct tun_flood_result *result)
{
    struct tun_flood_setup copy = *setup;
    if (!peer_kernel_enter()) {
        return false;
    }
    counters =
        mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    harness_require(counters != MAP_FAILED, "shared memory");
    pid_t server = setup->listener == TUN_FLOOD_LINUX ? begin_kernel() : begin_synfin();
    if (server < 0) {
        return false;
    }
    await_listener();
    pid_t sender = begin(run_sender, &copy);
    pause_ns(WARM_NS);
    measure(setup->ms, result);
    end(sender);
    end(server);
    munmap(counters, sizeof *counters);
    return true;
}
