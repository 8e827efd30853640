/* SPDX-License-Identifier: MIT
 *
 * The states of TCP, their legal edges and what holds in each. tools/model-states writes this file
 * from TCP_STATE_MAP (src/tcp/tcp_state.h); edit that, not this.
 */

#define CLOSED 0
#define LISTEN 1
#define SYN_SENT 2
#define SYN_RECEIVED 3
#define ESTABLISHED 4
#define CLOSE_WAIT 5
#define FIN_WAIT_1 6
#define CLOSING 7
#define LAST_ACK 8
#define FIN_WAIT_2 9
#define TIME_WAIT 10

/* Bit `to` is set when a connection may go there. */
#define TCP_EDGES(from) \
    ((from) == CLOSED -> 6 : \
    ((from) == LISTEN -> 13 : \
    ((from) == SYN_SENT -> 25 : \
    ((from) == SYN_RECEIVED -> 83 : \
    ((from) == ESTABLISHED -> 97 : \
    ((from) == CLOSE_WAIT -> 257 : \
    ((from) == FIN_WAIT_1 -> 641 : \
    ((from) == CLOSING -> 1025 : \
    ((from) == LAST_ACK -> 1 : \
    ((from) == FIN_WAIT_2 -> 1025 : \
    ((from) == TIME_WAIT -> 1 : \
    0)))))))))))
#define MAY_GO(from, to) ((TCP_EDGES(from) >> (to)) & 1)

/* What holds in a state. */
#define IS_OPENING(state) ((12 >> (state)) & 1)
#define IS_MAY_QUEUE(state) ((60 >> (state)) & 1)
#define IS_SYNCHRONISED(state) ((2032 >> (state)) & 1)
#define IS_TAKES_TEXT(state) ((592 >> (state)) & 1)
#define IS_CLOSED_THERE(state) ((1440 >> (state)) & 1)
#define IS_CLOSED_HERE(state) ((1984 >> (state)) & 1)
