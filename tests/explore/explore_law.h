// SPDX-License-Identifier: MIT
//
// Which changes of state, and which pairs of states at the two ends, may be seen: read from
// RFC 9293 §3.3.2, Figure 5, and §3.10, apart from the table that the library goes by.
#ifndef EXPLORE_LAW_H
#define EXPLORE_LAW_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/trace.h>

#define EXPLORE_STATES SYNFIN_TCP_STATE_COUNT

bool explore_law_allows_edge(enum synfin_tcp_state from, enum synfin_tcp_state to);
// An edge that is legal and that this library's calls cannot take.
bool explore_law_forgoes_edge(enum synfin_tcp_state from, enum synfin_tcp_state to);
// The ends are alike: the pair (a, b) is legal when (b, a) is.
bool explore_law_allows_pair(enum synfin_tcp_state a, enum synfin_tcp_state b);
// Takes an edge away, as a negative control.
void explore_law_forbid(enum synfin_tcp_state from, enum synfin_tcp_state to);
// Whether models/tcp_states.pml allows the same edges; says on stderr which differ.
bool explore_law_is_the_models(void);

#endif
