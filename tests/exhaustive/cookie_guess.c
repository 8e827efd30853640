// SPDX-License-Identifier: MIT
//
// Blind guesses at SYN cookies (hist/83): acknowledgments with random numbers, ports and addresses,
// as somebody would send them who saw no SYN+ACK. Of 2^32 numbers 16 are right, so that 2^-28 of
// the guesses succeed. Usage: cookie_guess [START END], the half-open range of guesses by number;
// without it 10^8 of them, by two processes. 0 10000000000 is the run to publish: some minutes.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/test_random.h"
#include "tcp/tcp_cookie.h"

enum { PROCESSES = 2, STRETCH = 1 << 16, EXPECTED_SHIFT = 28, DEVIATIONS = 5 };

static const uint64_t DEFAULT_GUESSES = UINT64_C(100000000);
static const uint64_t LIFETIME_NS = UINT64_C(64000000000);

// Guesses of one stretch: a host and an epoch of its own, so that the numbers of one jar are not
// all that is tried. It counts only what was accepted, and fails unless the right number is, too.
static bool guess_stretch(uint64_t start, uint64_t end, uint64_t *accepted)
{
    uint64_t seed = start;
    uint64_t secret[4];
    struct tcp_pair pair;
    struct tcp_cookie_jar jar;
    struct tcp_offer offer = {.irs = seq_make(1)};
    test_random_fill(&seed, secret, sizeof(secret));
    test_random_fill(&seed, &pair, sizeof(pair));
    tcp_cookie_init(&jar, secret, test_random(&seed), LIFETIME_NS);
    struct seq right = tcp_cookie_make(&jar, &pair, &offer, 0);
    bool is_good = tcp_cookie_open(&jar, &pair, right, 0, &offer);
    for (uint64_t n = start; n < end; n++) {
        uint64_t draw = test_random(&seed);
        offer.irs = seq_make((uint32_t)draw);
        pair.remote_port = (uint16_t)n;
        *accepted += tcp_cookie_open(&jar, &pair, seq_make((uint32_t)(draw >> 32)), 0, &offer);
    }
    return is_good;
}

static bool guess_range(uint64_t start, uint64_t end, uint64_t *accepted)
{
    bool is_good = true;
    while (start < end) {
        uint64_t stop = end - start > STRETCH ? start + STRETCH : end;
        is_good = guess_stretch(start, stop, accepted) && is_good;
        start = stop;
    }
    return is_good;
}

// Each process says through a pipe how many of its guesses were right.
static bool guess_in_processes(uint64_t start, uint64_t end, uint64_t *accepted)
{
    int said[2];
    uint64_t share = (end - start) / PROCESSES;
    bool is_good = pipe(said) == 0;
    for (unsigned i = 0; i < PROCESSES && is_good; i++) {
        uint64_t from = start + i * share;
        pid_t child = fork();
        is_good = child >= 0;
        if (child == 0) {
            uint64_t sum = 0;
            is_good = guess_range(from, i + 1 == PROCESSES ? end : from + share, &sum);
            _exit(is_good && write(said[1], &sum, sizeof(sum)) == sizeof(sum) ? 0 : 1);
        }
    }
    close(said[1]);
    *accepted = 0;
    for (unsigned i = 0; i < PROCESSES && is_good; i++) {
        uint64_t sum = 0;
        is_good = read(said[0], &sum, sizeof(sum)) == sizeof(sum);
        *accepted += sum;
    }
    while (wait(NULL) > 0) {
    }
    return is_good;
}

static uint64_t root(uint64_t n)
{
    uint64_t r = 0;
    while ((r + 1) * (r + 1) <= n) {
        r++;
    }
    return r;
}

int main(int argc, char **argv)
{
    uint64_t start = argc == 3 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t end = argc == 3 ? strtoull(argv[2], NULL, 0) : DEFAULT_GUESSES;
    uint64_t accepted = 0;
    if ((argc != 1 && argc != 3) || start >= end) {
        fprintf(stderr, "usage: %s [START END]\n", argv[0]);
        return 2;
    }
    if (!guess_in_processes(start, end, &accepted)) {
        fprintf(stderr, "the right number was refused, or a process failed\n");
        return 1;
    }
    // Five standard deviations of a Poisson count around what is expected, rounded outwards. The
    // least begins to say something with 10^10 guesses.
    uint64_t expected = (end - start) >> EXPECTED_SHIFT;
    uint64_t around = DEVIATIONS * (root(expected) + 1);
    uint64_t most = expected + 1 + around;
    uint64_t least = expected > around ? expected - around : 0;
    printf("%" PRIu64 " guesses: %" PRIu64 " accepted, %.2f expected (2^-28), %" PRIu64
           " to %" PRIu64 " allowed\n",
           end - start, accepted, (double)(end - start) / (double)(UINT64_C(1) << EXPECTED_SHIFT),
           least, most);
    return accepted >= least && accepted <= most ? 0 : 1;
}
