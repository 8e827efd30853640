// SPDX-License-Identifier: MIT
//
// Two network namespaces joined by `synfin wire`, which emulates a path between them in real time:
//
//     [ left: 192.0.2.1 ] left0 ---- synfin wire ---- right0 [ right: 192.0.2.2 ]
//
// Left forwards, so that a stack of its own may sit there on one more device. Segments are as long
// as the MTU on every device: a TUN device without offloads gets nothing longer.
#ifndef BENCHMARKS_WIRE_PATH_H
#define BENCHMARKS_WIRE_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WIRE_PATH_LEFT  "192.0.2.1"
#define WIRE_PATH_RIGHT "192.0.2.2"

enum wire_path_side { WIRE_PATH_A, WIRE_PATH_B }; // left, right

struct wire_path {
    pid_t holder[2]; // processes that keep the namespaces
    pid_t wire;
    int lines; // what the wire says
};

// The faults; zero: none. Loss befalls what comes from the left.
struct wire_path_faults {
    uint64_t seed, rtt_ns, rate_bps;
    uint32_t loss_ppm, queue_packets;
    const char *pcapng; // a file to capture to; NULL: none
};

// What the wire says of what came from one side.
struct wire_path_figures {
    uint64_t packets, delivered, delivered_octets, lost_random, lost_queue, rate_bps;
    uint64_t late_median_ns, late_p99_ns;
};

// Makes the namespaces, once per process; false where that is not allowed.
bool wire_path_create(struct wire_path *path);
void wire_path_destroy(struct wire_path *path);
// Joins them.
void wire_path_join(struct wire_path *path, const struct wire_path_faults *faults);
// Takes the wire away and tells what passed.
void wire_path_part(struct wire_path *path, struct wire_path_figures figures[2]);
// A process in one of the namespaces that runs before ordinary programs, as the kernel's own
// protocols do; it ends with this one.
pid_t wire_path_begin(const struct wire_path *path, enum wire_path_side side,
                      void (*run)(void *arg), void *arg);
// Waits for its end; false when it failed.
bool wire_path_await(pid_t pid);

#endif
