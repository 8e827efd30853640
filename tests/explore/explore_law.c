// SPDX-License-Identifier: MIT
//
// The table of edges, the table of pairs, and the comparison with the models.
#include "explore_law.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TO(state) (1u << SYNFIN_TCP_STATE_##state)

// Figure 5's arrows, and "delete the TCB" of §3.10.4, 5, 7 and 8, which the figure leaves out: a
// reset, an abort or a timeout ends every state. RST in SYN-RECEIVED goes to LISTEN after a passive
// OPEN and to CLOSED after an active one (§3.10.7.4).
static uint32_t legal[EXPLORE_STATES] = {
    [SYNFIN_TCP_STATE_CLOSED] = TO(LISTEN) | TO(SYN_SENT),
    [SYNFIN_TCP_STATE_LISTEN] = TO(SYN_RECEIVED) | TO(SYN_SENT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
    [SYNFIN_TCP_STATE_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(LISTEN) | TO(CLOSED),
    [SYNFIN_TCP_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(CLOSED),
    [SYNFIN_TCP_STATE_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
    [SYNFIN_TCP_STATE_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_LAST_ACK] = TO(CLOSED),
    [SYNFIN_TCP_STATE_TIME_WAIT] = TO(CLOSED),
};

// An OPEN or SEND on a listener (§3.10.1, §3.10.2) is an error here: sockets have it so.
static const uint32_t forgone[EXPLORE_STATES] = {[SYNFIN_TCP_STATE_LISTEN] = TO(SYN_SENT)};

static const struct {
    const char *name; // as in models/tcp_states.pml
} states[] = {
#define STATE_NAME(code, text) {#code},
    SYNFIN_TCP_STATES(STATE_NAME)
#undef STATE_NAME
};

bool explore_law_allows_edge(enum synfin_tcp_state from, enum synfin_tcp_state to)
{
    return (legal[from] >> to & 1) != 0;
}

bool explore_law_forgoes_edge(enum synfin_tcp_state from, enum synfin_tcp_state to)
{
    return (forgone[from] >> to & 1) != 0;
}

void explore_law_forbid(enum synfin_tcp_state from, enum synfin_tcp_state to)
{
    legal[from] &= ~(1u << to);
}

// What an end may be in while the other has forgotten the connection, or has
// begun another: after a reset, an abort, a timeout, or by an old SYN.
#define ANY_CLOSING (TO(FIN_WAIT_1) | TO(CLOSING) | TO(LAST_ACK) | TO(FIN_WAIT_2) | TO(TIME_WAIT))
#define ANY_OPEN    (TO(ESTABLISHED) | TO(CLOSE_WAIT) | ANY_CLOSING)
#define ANY_OPENING (TO(CLOSED) | TO(LISTEN) | TO(SYN_SENT) | TO(SYN_RECEIVED))

// One end in this state, and the other in any of these. Of two ends of one connection, from
// ESTABLISHED on: who has had the other's FIN knows that it was sent, and who has had its own
// acknowledged knows that the other has it. So nobody is in CLOSE-WAIT whose peer has sent no FIN,
// and nobody waits in FIN-WAIT-2 for a FIN that was acknowledged. Who closed in SYN-RECEIVED, where
// an old SYN may have led, is in FIN-WAIT-1 before any of that, beside what the other has left.
static const uint32_t pairs[EXPLORE_STATES] = {
    [SYNFIN_TCP_STATE_CLOSED] = ANY_OPENING | ANY_OPEN,
    [SYNFIN_TCP_STATE_LISTEN] = ANY_OPENING | ANY_OPEN,
    [SYNFIN_TCP_STATE_SYN_SENT] = ANY_OPENING | ANY_OPEN,
    [SYNFIN_TCP_STATE_SYN_RECEIVED] = ANY_OPENING | ANY_OPEN,
    [SYNFIN_TCP_STATE_ESTABLISHED] = TO(ESTABLISHED) | TO(FIN_WAIT_1),
    [SYNFIN_TCP_STATE_FIN_WAIT_1] = TO(CLOSE_WAIT) | ANY_CLOSING,
    [SYNFIN_TCP_STATE_FIN_WAIT_2] = TO(CLOSE_WAIT) | TO(LAST_ACK) | TO(CLOSING),
    [SYNFIN_TCP_STATE_CLOSING] = TO(CLOSING) | TO(TIME_WAIT),
    [SYNFIN_TCP_STATE_LAST_ACK] = TO(TIME_WAIT),
    [SYNFIN_TCP_STATE_TIME_WAIT] = TO(TIME_WAIT),
};

bool explore_law_allows_pair(enum synfin_tcp_state a, enum synfin_tcp_state b)
{
    return (pairs[a] >> b & 1) != 0 || (pairs[b] >> a & 1) != 0;
}

static bool compare_row(const char *line)
{
    for (uint32_t from = 0; from < EXPLORE_STATES; from++) {
        char start[64];
        const char *arrow = strstr(line, "-> ");
        (void)snprintf(start, sizeof start, "((from) == %s ", states[from].name);
        if (strstr(line, start) == NULL || arrow == NULL) {
            continue;
        }
        if (strtoul(arrow + 3, NULL, 10) != legal[from]) {
            (void)fprintf(stderr, "models/tcp_states.pml has other edges from %s\n",
                          states[from].name);
            return false;
        }
        return true;
    }
    return false;
}

bool explore_law_is_the_models(void)
{
    FILE *file = fopen(SYNFIN_SOURCE_DIR "/models/tcp_states.pml", "r");
    char line[256];
    uint32_t rows = 0;
    if (file == NULL) {
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        rows += strstr(line, "((from) == ") != NULL && compare_row(line);
    }
    (void)fclose(file);
    return rows == EXPLORE_STATES;
}
