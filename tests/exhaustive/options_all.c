// SPDX-License-Identifier: MIT
//
// Every TCP option block of four octets, all 2^32, through the parser and through an independent
// decoder. Loops that make no progress are the most repeated bug of TCP stacks, and four octets
// hold every way to make one: the run ends or it does not. Usage: options_all [START END], the
// half-open range of blocks as numbers; without it all of them, by two processes.

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exhaustive/naive_options.h"

enum { PROCESSES = 2, BLOCK = 4, SEGMENT = WIRE_TCP_HEADER_MIN + BLOCK };

static const uint64_t ALL = UINT64_C(1) << 32;

// The segment lies in memory of exactly its size, so that a sanitizer sees a read past its end.
static bool try_range(uint64_t start, uint64_t end)
{
    uint8_t *segment = calloc(1, SEGMENT);
    if (segment == NULL) {
        return false;
    }
    bool is_good = true;
    segment[12] = SEGMENT / 4 << 4;
    for (uint64_t n = start; n < end && is_good; n++) {
        struct wire_tcp tcp;
        segment[20] = (uint8_t)(n >> 24);
        segment[21] = (uint8_t)(n >> 16);
        segment[22] = (uint8_t)(n >> 8);
        segment[23] = (uint8_t)n;
        enum synfin_reason reason = wire_tcp_parse(segment, SEGMENT, SEGMENT, &tcp);
        if (!naive_agrees(segment + WIRE_TCP_HEADER_MIN, BLOCK, reason, &tcp)) {
            fprintf(stderr, "block %08llx: the decoders disagree\n", (unsigned long long)n);
            is_good = false;
        }
    }
    free(segment);
    return is_good;
}

static bool has_succeeded(pid_t child)
{
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status)
           && WEXITSTATUS(status) == 0;
}

static bool try_in_processes(uint64_t start, uint64_t end)
{
    pid_t child[PROCESSES];
    uint64_t share = (end - start) / PROCESSES;
    for (unsigned i = 0; i < PROCESSES; i++) {
        uint64_t from = start + i * share;
        uint64_t to = i + 1 == PROCESSES ? end : from + share;
        child[i] = fork();
        if (child[i] == 0) {
            _exit(try_range(from, to) ? 0 : 1);
        }
    }
    bool is_good = true;
    for (unsigned i = 0; i < PROCESSES; i++) {
        is_good = has_succeeded(child[i]) && is_good;
    }
    return is_good;
}

int main(int argc, char **argv)
{
    uint64_t start = argc == 3 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t end = argc == 3 ? strtoull(argv[2], NULL, 0) : ALL;
    if ((argc != 1 && argc != 3) || start > end || end > ALL) {
        fprintf(stderr, "usage: %s [START END]\n", argv[0]);
        return 2;
    }
    if (!try_in_processes(start, end)) {
        return 1;
    }
    printf("%llu option blocks: both decoders agree on each\n", (unsigned long long)(end - start));
    return 0;
}
