// SPDX-License-Identifier: MIT
//
// The kernel's side of the comparisons. Everything runs in a private network namespace where one
// can be made: no packet filter of the machine sees these packets, and TIME-WAIT goes with it.
#include "peer_kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

enum {
    WRITE_BYTES = 64 << 10,
    // TIME-WAIT keeps a port for a minute: so many addresses, with the ports of one each.
    ADDRESSES = 64,
    FILES_ELSEWHERE = 64,
    PORTS_PER_ADDRESS = 10000,
};

static uint8_t source[WRITE_BYTES], sink[WRITE_BYTES];

// A request about the loopback of the namespace this process is in.
static bool ask_loopback(unsigned long request, struct ifreq *ifr)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0, "a socket");
    memcpy(ifr->ifr_name, "lo", sizeof "lo");
    bool is_done = ioctl(fd, request, ifr) == 0;
    close(fd);
    return is_done;
}

// All ports but the reserved ones; what the machine has is left as it is when this is refused.
static void widen_ports(void)
{
    static const char range[] = "1024 65535\n";
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, range, sizeof range - 1);
        close(fd);
    }
}

bool peer_kernel_enter(void)
{
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return false;
    }
    struct ifreq ifr = {.ifr_flags = IFF_UP};
    harness_require(ask_loopback(SIOCSIFFLAGS, &ifr), "the loopback must come up");
    widen_ports();
    return true;
}

bool peer_kernel_unload(void)
{
    static const uint32_t features[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
    struct ifreq mtu = {.ifr_mtu = 1500};
    if (!ask_loopback(SIOCSIFMTU, &mtu)) {
        return false;
    }
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        struct ethtool_value off = {.cmd = features[i], .data = 0};
        struct ifreq ifr = {.ifr_data = (void *)&off};
        if (!ask_loopback(SIOCETHTOOL, &ifr)) {
            return false;
        }
    }
    return true;
}

static int open_listener(struct sockaddr_in *at)
{
    socklen_t length = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0, "a socket");
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    harness_require(bind(fd, (struct sockaddr *)at, sizeof *at) == 0, "bind");
    harness_require(listen(fd, 4096) == 0, "listen");
    harness_require(getsockname(fd, (struct sockaddr *)at, &length) == 0, "the listener's port");
    return fd;
}

// Congestion control as synfin's, whatever the machine's default: one that paces would be held up
// by its timers here.
static int connect_to(struct sockaddr_in *at, uint32_t address, int mss)
{
    static const char reno[] = "reno";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    harness_require(fd >= 0, "a socket");
    harness_require(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, reno, sizeof reno - 1) == 0,
                    "congestion control");
    if (mss > 0) {
        harness_require(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &mss, sizeof mss) == 0, "the MSS");
    }
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK + address);
    harness_require(connect(fd, (struct sockaddr *)at, sizeof *at) == 0, "connect");
    return fd;
}

static int accept_from(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    harness_require(fd >= 0, "accept");
    return fd;
}

void peer_kernel_flow_open(struct peer_kernel_flow *flow, int mss)
{
    struct sockaddr_in at;
    int listener = open_listener(&at);
    flow->from = connect_to(&at, 0, mss);
    flow->to = accept_from(listener);
    close(listener);
}

void peer_kernel_flow_close(const struct peer_kernel_flow *flow)
{
    close(flow->from);
    close(flow->to);
}

// At most one block is on its way, which then is still in the cache when it is read.
void peer_kernel_flow_transfer(const struct peer_kernel_flow *flow, uint64_t bytes)
{
    uint64_t sent = 0, received = 0;
    while (received < bytes) {
        uint64_t left = bytes - sent;
        size_t block = left < WRITE_BYTES ? (size_t)left : WRITE_BYTES;
        ssize_t n = block > 0 ? send(flow->from, source, block, MSG_DONTWAIT) : 0;
        harness_require(n >= 0 || errno == EAGAIN, "send");
        sent += n > 0 ? (uint64_t)n : 0;
        while (received < sent && (n = recv(flow->to, sink, sizeof sink, MSG_DONTWAIT)) > 0) {
            received += (uint64_t)n;
        }
        harness_require(n >= 0 || errno == EAGAIN, "receive");
    }
}

// One octet from each of `from` to the one that belongs to it.
static void exchange(const int *from, const int *to, uint32_t count)
{
    uint8_t octet = 1;
    for (uint32_t i = 0; i < count; i++) {
        harness_require(send(from[i], &octet, 1, 0) == 1, "send");
    }
    for (uint32_t i = 0; i < count; i++) {
        harness_require(recv(to[i], &octet, 1, 0) == 1, "receive");
    }
}

static void live_and_die(int listener, struct sockaddr_in *at, uint32_t address, uint32_t count)
{
    int client[PEER_KERNEL_PARALLEL], server[PEER_KERNEL_PARALLEL];
    for (uint32_t i = 0; i < count; i++) {
        client[i] = connect_to(at, address, 0);
    }
    for (uint32_t i = 0; i < count; i++) {
        server[i] = accept_from(listener);
    }
    exchange(client, server, count);
    exchange(server, client, count);
    for (uint32_t i = 0; i < count; i++) {
        close(client[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        close(server[i]);
    }
}

void peer_kernel_churn(uint32_t connections, uint32_t parallel)
{
    struct sockaddr_in at;
    int listener = open_listener(&at);
    harness_require(parallel <= PEER_KERNEL_PARALLEL, "so many side by side");
    for (uint32_t done = 0, i = 0; done < connections; done += parallel, i++) {
        live_and_die(listener, &at, i % ADDRESSES, parallel);
    }
    close(listener);
}

// What all slabs of the kernel hold: a row of /proc/meminfo, in KB.
static double slab_bytes(void)
{
    static const char row[] = "Slab:";
    char line[128];
    double bytes = -1;
    FILE *file = fopen("/proc/meminfo", "r");
    harness_require(file != NULL, "meminfo");
    while (bytes < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, row, sizeof row - 1) == 0) {
            bytes = (double)strtoull(line + sizeof row - 1, NULL, 10) * 1024;
        }
    }
    fclose(file);
    harness_require(bytes >= 0, "a row of meminfo");
    return bytes;
}

// How many connections, of two descriptors each, may be open.
static uint32_t allowed(uint32_t wanted)
{
    struct rlimit files;
    harness_require(getrlimit(RLIMIT_NOFILE, &files) == 0, "the limit of open files");
    files.rlim_cur = files.rlim_max;
    harness_require(setrlimit(RLIMIT_NOFILE, &files) == 0, "the limit of open files");
    harness_require(files.rlim_cur > FILES_ELSEWHERE + 2, "the limit of open files");
    rlim_t connections = (files.rlim_cur - FILES_ELSEWHERE) / 2;
    return connections < wanted ? (uint32_t)connections : wanted;
}

struct peer_kernel_weight peer_kernel_weigh(uint32_t connections)
{
    struct sockaddr_in at;
    struct peer_kernel_weight weight = {.connections = allowed(connections)};
    int listener = open_listener(&at);
    uint32_t endpoints = 2 * weight.connections;
    int *fds = calloc(endpoints, sizeof *fds);
    harness_require(fds != NULL, "memory");
    double before = slab_bytes();
    for (uint32_t i = 0; i < endpoints; i += 2) {
        fds[i] = connect_to(&at, i / PORTS_PER_ADDRESS, 0);
        fds[i + 1] = accept_from(listener);
    }
    weight.endpoint_bytes = (slab_bytes() - before) / endpoints;
    for (uint32_t i = 0; i < endpoints; i++) {
        close(fds[i]);
    }
    free(fds);
    close(listener);
    return weight;
}

uint32_t peer_kernel_object_bytes(const char *slab)
{
    char line[256];
    size_t length = strlen(slab);
    uint64_t bytes = 0;
    FILE *file = fopen("/proc/slabinfo", "r");
    // Only root may read it.
    while (file != NULL && bytes == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, slab, length) == 0 && line[length] == ' ') {
            bytes = harness_number(line + length, 2);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return (uint32_t)bytes;
}
