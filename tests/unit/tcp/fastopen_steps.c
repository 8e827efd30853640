// SPDX-License-Identifier: MIT
//
// Steps of the tests about Fast Open; see fastopen_steps.h.
#include "fastopen_steps.h"

const struct segment_cookie fastopen_cookie = {true, 6, {1, 2, 3, 4, 5, 6}, false};

void fastopen_connect(uint16_t port, struct segment_place at)
{
    segment_open_client(port, at);
    segment_without_iss();
    segment_set_option(SYNFIN_OPTION_FASTOPEN_CONNECT, 1, at);
    segment_result(segment_user_connect(), SYNFIN_ERROR_OK, at);
}

void fastopen_finish(uint32_t seq, struct segment_place at)
{
    while (synfin_stack_next_event(bench.stack, &bench.event)) {
    }
    segment_send(&(struct segment){.flags = RST, .seq = 1, .ack = seq}, at);
    segment_close(at);
}

void fastopen_learn_cookie(uint16_t mss, struct segment_place at)
{
    fastopen_connect(39999, at);
    segment_result(segment_user_send(1), SYNFIN_ERROR_OK, at);
    segment_expect(&(struct segment){.flags = SYN, .fastopen = FASTOPEN_REQUEST}, 0, at);
    struct segment answer = {.flags = SYN | ACK, .ack = 1, .mss = mss, .fastopen = COOKIE};
    segment_send(&answer, at);
    struct segment third = {.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1};
    segment_expect(&third, 0, at);
    fastopen_finish(2, at);
}

void fastopen_limit(int64_t most, struct segment_place at)
{
    segment_result(synfin_socket_set_option(bench.stack, bench.listener, SYNFIN_OPTION_FASTOPEN,
                                            most, bench.now_ns),
                   SYNFIN_ERROR_OK, at);
}

void fastopen_listen(int64_t most, struct segment_place at)
{
    segment_listen(8, at);
    fastopen_limit(most, at);
    segment_wait_for_iss();
    segment_without_iss();
}
