// SPDX-License-Identifier: MIT
//
// The namespaces live as long as two processes that do nothing; the wire is a process for each
// transfer, whose devices go with it.
#include "wire_path.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { TEXT_MAX = 512, LINES_MAX = 8192, QUEUE_PACKETS = 20000 };

static const char *const devices[] = {"left0", "right0"};
static const char *const addresses[] = {WIRE_PATH_LEFT, WIRE_PATH_RIGHT};

// Runs a command of the shell, which must succeed.
__attribute__((format(printf, 1, 2))) static void command(const char *format, ...)
{
    char text[TEXT_MAX];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    harness_require(length > 0 && (size_t)length < sizeof text, "a command's length");
    harness_require(system(text) == 0, text);
}

static void become_punctual(void)
{
    const struct sched_param lowest = {.sched_priority = 1};
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    (void)sched_setscheduler(0, SCHED_RR, &lowest);
}

static void enter(pid_t holder)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/ns/net", (int)holder);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    harness_require(fd >= 0 && setns(fd, CLONE_NEWNET) == 0, "a namespace must let one in");
    close(fd);
}

pid_t wire_path_begin(const struct wire_path *path, enum wire_path_side side,
                      void (*run)(void *arg), void *arg)
{
    fflush(stdout);
    pid_t pid = fork();
    harness_require(pid >= 0, "a process");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        enter(path->holder[side]);
        become_punctual();
        run(arg);
        _exit(0);
    }
    return pid;
}

bool wire_path_await(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Both ends alike: room for a window of any of these paths, no memory of earlier connections, and
// no IPv6, whose own packets would take part in the losses.
static void set_up_kernel(void)
{
    command("sysctl -qw net.ipv6.conf.default.disable_ipv6=1 2> /dev/null; ip link set lo up");
    command("sysctl -qw net.ipv4.tcp_rmem='4096 131072 33554432'"
            " net.ipv4.tcp_wmem='4096 131072 33554432' net.ipv4.tcp_no_metrics_save=1"
            " net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0");
}

static pid_t make_namespace(void)
{
    int ready[2];
    char octet = 0;
    harness_require(pipe(ready) == 0, "a pipe");
    fflush(stdout);
    pid_t pid = fork();
    harness_require(pid >= 0, "a process");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        harness_require(unshare(CLONE_NEWNET) == 0, "a namespace");
        set_up_kernel();
        harness_require(write(ready[1], &octet, 1) == 1, "a pipe");
        for (;;) {
            pause();
        }
    }
    close(ready[1]);
    harness_require(read(ready[0], &octet, 1) == 1, "a namespace");
    close(ready[0]);
    return pid;
}

bool wire_path_create(struct wire_path *path)
{
    *path = (struct wire_path){.lines = -1};
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return false;
    }
    if (system("ip tuntap add mode tun name probe0 2> /dev/null && ip link del probe0") != 0) {
        return false;
    }
    for (int side = 0; side < 2; side++) {
        path->holder[side] = make_namespace();
    }
    return true;
}

void wire_path_destroy(struct wire_path *path)
{
    for (int side = 0; side < 2; side++) {
        kill(path->holder[side], SIGKILL);
        (void)waitpid(path->holder[side], NULL, 0);
    }
}

// The command lies beside this program.
static void run_wire(const struct wire_path_faults *faults, int lines)
{
    static const char name[] = "/synfin";
    char program[TEXT_MAX + sizeof name], delay[32], rate[32], loss[32], queue[32], seed[32];
    ssize_t length = readlink("/proc/self/exe", program, TEXT_MAX);
    harness_require(length > 0, "the name of this program");
    program[length] = '\0';
    memcpy(strrchr(program, '/'), name, sizeof name);
    snprintf(delay, sizeof delay, "%" PRIu64 "ns", faults->rtt_ns / 2);
    snprintf(rate, sizeof rate, "%" PRIu64, faults->rate_bps);
    snprintf(loss, sizeof loss, "%u.%04u%%", faults->loss_ppm / 10000, faults->loss_ppm % 10000);
    snprintf(queue, sizeof queue, "%u", faults->queue_packets);
    snprintf(seed, sizeof seed, "%" PRIu64, faults->seed);
    const char *arguments[24] = {program,  "wire",   "tun:left0", "tun:right0", "--json",
                                 "--seed", seed,     "--delay",   delay,        "--only-from",
                                 "a",      "--loss", loss};
    uint32_t count = 13;
    if (faults->rate_bps > 0) {
        const char *const more[] = {"--rate", rate, "--queue", queue};
        memcpy(&arguments[count], more, sizeof more);
        count += 4;
    }
    if (faults->pcapng != NULL) {
        arguments[count++] = "--pcapng";
        arguments[count++] = faults->pcapng;
    }
    (void)dup2(lines, STDOUT_FILENO);
    execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static void give_device(const struct wire_path *path, int side)
{
    int holder = (int)path->holder[side];
    const char *device = devices[side];
    command("ip link set %s txqueuelen %d netns %d", device, QUEUE_PACKETS, holder);
    command("nsenter -t %d -n ip addr add %s/24 dev %s", holder, addresses[side], device);
    command("nsenter -t %d -n ip link set %s up", holder, device);
}

void wire_path_join(struct wire_path *path, const struct wire_path_faults *faults)
{
    int lines[2];
    char octet;
    harness_require(pipe2(lines, O_CLOEXEC) == 0, "a pipe");
    fflush(stdout);
    path->wire = fork();
    harness_require(path->wire >= 0, "a process");
    if (path->wire == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_wire(faults, lines[1]);
    }
    close(lines[1]);
    path->lines = lines[0];
    // Its first line says that it stands.
    do {
        harness_require(read(path->lines, &octet, 1) == 1, "synfin wire must start");
    } while (octet != '\n');
    give_device(path, WIRE_PATH_A);
    give_device(path, WIRE_PATH_B);
    command("nsenter -t %d -n ip route add default via " WIRE_PATH_LEFT,
            (int)path->holder[WIRE_PATH_B]);
}

static uint64_t member(const char *object, const char *name)
{
    const char *at = strstr(object, name);
    harness_require(at != NULL, "a figure of synfin wire");
    return strtoull(at + strlen(name), NULL, 10);
}

static void read_figures(const char *object, struct wire_path_figures *figures)
{
    *figures = (struct wire_path_figures){
        .packets = member(object, "\"packets\":"),
        .delivered = member(object, "\"delivered\":"),
        .delivered_octets = member(object, "\"delivered_octets\":"),
        .lost_random = member(object, "\"lost_random\":"),
        .lost_queue = member(object, "\"lost_queue\":"),
        .rate_bps = member(object, "\"rate_bps\":"),
        .late_median_ns = member(object, "\"median\":"),
        .late_p99_ns = member(object, "\"p99\":"),
    };
}

void wire_path_part(struct wire_path *path, struct wire_path_figures figures[2])
{
    char text[LINES_MAX];
    size_t length = 0;
    ssize_t got;
    kill(path->wire, SIGINT);
    while ((got = read(path->lines, text + length, sizeof text - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    close(path->lines);
    harness_require(wire_path_await(path->wire), "synfin wire must end in order");
    char *second = strchr(text, '\n');
    harness_require(second != NULL, "both directions of synfin wire");
    read_figures(text, &figures[WIRE_PATH_A]);
    read_figures(second, &figures[WIRE_PATH_B]);
}
