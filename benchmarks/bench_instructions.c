// SPDX-License-Identifier: MIT
//
// Instructions, which no noise touches: callgrind counts two amounts of the same work of
// bench_inproc and bench_syn_flood, and their difference is what one more segment or connection
// costs, both ends together, or one more SYN of a flood.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "peer_lwip.h"

#define INPROC "/bench_inproc"
#define FLOOD  "/bench_syn_flood"

// They lie beside this program.
static void find_program(const char *program, char *path, size_t capacity)
{
    ssize_t length = readlink("/proc/self/exe", path, capacity - 1);
    harness_require(length > 0, "this program's own path");
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) : 0;
    harness_require(folder > 0 && folder + strlen(program) < capacity, "this program's own path");
    memcpy(path + folder, program, strlen(program) + 1);
}

// Instructions of one run of `work`.
static double count_in(const char *program, const char *work)
{
    char path[1024], command[2048], line[512];
    unsigned long long collected = 0;
    find_program(program, path, sizeof path);
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null '%s' %s 2>&1", path, work);
    FILE *output = popen(command, "r");
    harness_require(output != NULL, "a shell");
    while (fgets(line, sizeof line, output) != NULL) {
        const char *at = strstr(line, "Collected :");
        if (at != NULL) {
            collected = strtoull(at + strlen("Collected :"), NULL, 10);
        }
    }
    int status = pclose(output);
    harness_require(status == 0 && collected > 0, "valgrind with callgrind must be installed");
    return (double)collected;
}

static double count(const char *work)
{
    return count_in(INPROC, work);
}

static void report_flood(void)
{
    double cookie = (count_in(FLOOD, "cookies-32768") - count_in(FLOOD, "cookies-16384")) / 16384;
    double cached = (count_in(FLOOD, "cache-32768") - count_in(FLOOD, "cache-16384")) / 16384;
    const struct harness_figure figures[] = {
        {"per SYN answered by a cookie", cookie, "instructions", NULL, 0},
        {"per SYN that takes the oldest one's place", cached, "instructions", NULL, 0},
    };
    harness_report(&figures[0]);
    harness_report(&figures[1]);
}

static bool run_instructions(void)
{
    double segment = (count("bulk-12000") - count("bulk-2000")) / 10000;
    double connection = (count("churn-1200") - count("churn-200")) / 1000;
    const char *lwip = peer_lwip_name();
    double lwip_segment = 0, lwip_connection = 0;
    if (lwip != NULL) {
        lwip_segment = (count("lwip-bulk-12000") - count("lwip-bulk-2000")) / 10000;
        lwip_connection = (count("lwip-churn-1224") - count("lwip-churn-224")) / 1000;
    }
    const struct harness_figure figures[] = {
        {"per data segment of 1448 octets, both ends", segment, "instructions", lwip,
         segment / lwip_segment},
        {"per connection: open, 1 octet each way, close", connection, "instructions", lwip,
         connection / lwip_connection},
    };
    harness_report(&figures[0]);
    harness_report(&figures[1]);
    report_flood();
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {
        {"instructions", run_instructions, HARNESS_LISTED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
