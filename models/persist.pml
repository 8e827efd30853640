/* SPDX-License-Identifier: MIT
 *
 * A window that is shut and opens again: why a persist timer.
 *
 * Both ends are ESTABLISHED and have octets for each other. A receive buffer holds ROOM octets; the
 * user takes one when it likes, and a window that was shut is then announced once. That segment may
 * be lost, as any other, or overtaken by an older one. The sender asks again, with one octet beyond
 * the window (RFC 9293 §3.8.6.1); both may ask each other at the same time. In the end every octet
 * has come to both users (P8), in order (P4), nothing is sent beyond what was granted but the probe
 * (P8 too), and the two never go round for ever.
 *
 * The segment's arrival is that of src/tcp/tcp_input.c and src/tcp/tcp_ack.c, with what they add to
 * RFC 9293: an acknowledgment alone is heard at the right edge and one beyond it, a probe's own
 * acknowledgment is heard though its text is refused, and a segment that acknowledges more is newer
 * for the window. Without the first, two ends that probed each other wait for ever.
 *
 * The network and the timers are those of tcp.pml. A probe while the window is really shut is free
 * only PATIENCE times, for else the sender could probe for ever while the user does not read.
 * Sequence numbers do not wrap here and there is no SYN and no FIN. Left out: silly windows and
 * Nagle's delay, window scale, a buffer that shrinks, the timer's backoff.
 */
#include "tcp_states.pml"

#ifndef OCTETS_A
#define OCTETS_A 2 /* that the users hand over */
#endif
#ifndef OCTETS_B
#define OCTETS_B 2
#endif
#ifndef ROOM
#define ROOM 1 /* octets that a receive buffer holds */
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef PATIENCE
#define PATIENCE 1
#endif
#define FLIGHT 8

byte una[2], nxt[2], rnx[2];       /* SND.UNA, SND.NXT, RCV.NXT; they begin at 0 and do not wrap */
byte wnd[2], wl1[2], wl2[2];       /* SND.WND, SND.WL1, SND.WL2 */
byte unread[2];                    /* octets in the receive buffer */
byte edge[2];                      /* ghost: the furthest right edge that the peer ever granted */
bit answered[2];                   /* as in tcp.pml */
byte faults = FAULTS;
byte patience = PATIENCE;          /* probes of a window that is really shut, in silence */
chan net[2] = [FLIGHT] of { byte, byte, byte, byte };

#ifdef BREADTH_FIRST
#define TEMPORARY byte
#else
#define TEMPORARY hidden byte
#endif
/* The segment at hand: sequence number, acknowledgment, number of its octet or 0, window. */
TEMPORARY e, p, q, a, l, w;
TEMPORARY k, room, is_newer, must_say, over, tq, ta, tl, tw;
TEMPORARY P4_holds, P8_holds;

c_decl {
    static unsigned long Checked[1024][10];
    static void tell_counts(void)
    {
        int i, j;
        for (i = 0; i < 1024; i++)
            for (j = 0; j < 10; j++)
                if (Checked[i][j]) printf("checked P%d line %d: %lu\n", j, i, Checked[i][j]);
    }
}
#define CHECK(number, condition) \
    c_code { Checked[__LINE__][number]++; }; \
    P##number##_holds = (condition); \
    assert(P##number##_holds)

#define IS_QUIET (len(net[0]) + len(net[1]) == 0)
#define WITHIN(x, low, size) ((x) >= (low) && (x) < (low) + (size))
#define BEST(x, y) ((x) > (y) -> (x) : (y))

inline say(number, octet)
{
    assert(len(net[p]) < FLIGHT);
    room = ROOM - unread[e];
    edge[p] = BEST(edge[p], rnx[e] + room);
    printf("@S %d 2 %d %d %d %d\n", e, number, rnx[e], octet, room);
    net[p]!!number, rnx[e], octet, room
}

/* As in src/tcp/tcp_challenge.c: a segment without text is answered once, until the network has been
 * empty. */
inline answer()
{
    if
    :: l == 0 && answered[e]
    :: else ->
        must_say = 1;
        answered[e] = (l == 0 -> 1 : answered[e])
    fi
}

/* RFC 9293 §3.10.7.4, first step, and what synfin adds to it: the text of a probe at a shut window
 * is stripped and its acknowledgment heard; an acknowledgment alone may lie at the right edge. */
inline check_sequence()
{
    room = ROOM - unread[e];
    if
    :: room == 0 && l == 0 && q == rnx[e]
    :: room > 0 && WITHIN(q, rnx[e], room)
#ifndef WITHOUT_EDGE
    :: l == 0 && q != rnx[e] && !WITHIN(q, rnx[e], room) && WITHIN(q, rnx[e], room + 2)
#endif
    :: room == 0 && l != 0 && q == rnx[e] -> answer(); l = 0
    :: else -> answer(); over = 1
    fi
}

/* Fifth step: SND.UNA and the window. */
inline check_ack()
{
    is_newer = wl1[e] < q || wl2[e] < a || (wl1[e] == q && wl2[e] == a);
#ifdef WITHOUT_WINDOW_ORDER
    is_newer = 1;
#endif
    if
    :: over
    :: !over && a > nxt[e] -> answer(); over = 1
    :: else ->
        if
        :: a >= una[e] -> una[e] = a
        :: else
        fi;
        if
#ifdef WITHOUT_WINDOW_ORDER
        :: true -> wnd[e] = w
#else
        :: a >= una[e] && is_newer -> wnd[e] = w; wl1[e] = BEST(wl1[e], q); wl2[e] = a
        :: else
#endif
        fi
    fi
}

inline take_text()
{
    if
    :: !over && l != 0 ->
        must_say = 1;
        if
        :: q == rnx[e] ->
            CHECK(4, l == rnx[e] + 1 && unread[e] < ROOM);
            rnx[e]++; unread[e]++
        :: else
        fi
    :: else
    fi
}

inline receive()
{
    over = 0; must_say = 0;
    check_sequence();
    check_ack();
    take_text();
    if
    :: must_say -> say(nxt[e], 0)
    :: else
    fi
}

inline settle()
{
    if
    :: IS_QUIET -> answered[0] = 0; answered[1] = 0
    :: else
    fi;
#ifdef BREADTH_FIRST
    e = 0; p = 0; q = 0; a = 0; l = 0; w = 0; k = 0; room = 0; is_newer = 0; must_say = 0;
    over = 0; tq = 0; ta = 0; tl = 0; tw = 0; P4_holds = 0; P8_holds = 0;
#endif
    skip
}

inline pick(at)
{
    k = 0;
    do
    :: k < at -> net[e]?q, a, l, w; net[e]!q, a, l, w; k++
    :: else -> break
    od;
    net[e]?q, a, l, w;
    k = len(net[e]) - at;
    do
    :: k > 0 -> net[e]?tq, ta, tl, tw; net[e]!tq, ta, tl, tw; k--
    :: else -> break
    od
}

#define DELIVER 0
#define COPY 1
#define LOSE 2

inline network_step(at, fate)
{
    pick(at);
    if
    :: fate == LOSE -> printf("@X %d 2 %d %d %d %d\n", e, q, a, l, w)
    :: else ->
        printf("@D %d 2 %d %d %d %d\n", e, q, a, l, w);
        if
        :: fate == COPY ->
            printf("@K %d 2 %d %d %d %d\n", e, q, a, l, w);
            net[e]!!q, a, l, w
        :: else
        fi;
        receive()
    fi;
    settle()
}

/* What is sent lies within what the peer has granted. */
inline send_next()
{
    printf("@U %d send\n", e);
    nxt[e]++;
    say(nxt[e] - 1, nxt[e]);
    CHECK(8, nxt[e] <= edge[e])
}

/* RFC 9293 §3.8.6.1: one octet beyond the window. */
inline probe()
{
    printf("@U %d persist-timer\n", e);
    nxt[e]++;
    say(nxt[e] - 1, nxt[e])
}

inline resend()
{
    printf("@U %d retransmission-timer\n", e);
    say(una[e], una[e] + 1)
}

/* The user takes an octet, and a window that was shut opens. */
inline user_read()
{
    printf("@U %d read\n", e);
    unread[e]--;
    if
    :: unread[e] == ROOM - 1 -> say(nxt[e], 0)
    :: else
    fi
}

#define STEP(i, what) d_step { e = i; p = 1 - i; what; settle() }
#define WANT(x) ((x) == 0 -> OCTETS_A : OCTETS_B)
#define CAN_SEND(i) (nxt[i] < WANT(i) && nxt[i] - una[i] < wnd[i])
#ifdef WITHOUT_PERSIST
#define CAN_PROBE(i) (false)
#else
#define CAN_PROBE(i) (nxt[i] < WANT(i) && nxt[i] == una[i] && wnd[i] == 0)
#endif
#define CAN_RESEND(i) (una[i] < nxt[i])
#define IS_SHUT(i) (unread[i] == ROOM)
/* For nothing in silence while the peer can take something; of PATIENCE when it really cannot yet;
 * early as a fault. */
#define TIMER_MAY(i) (IS_QUIET && (!IS_SHUT(1 - i) || patience > 0) || !IS_QUIET && faults > 0)
#define TIMER_IS_DUE(i) (TIMER_MAY(i) && (CAN_PROBE(i) || CAN_RESEND(i)))

active proctype world()
{
    byte d, at, fate;
    d_step {
        c_code { atexit(tell_counts); };
        wnd[0] = ROOM; wnd[1] = ROOM; edge[0] = ROOM; edge[1] = ROOM;
        printf("@I %d %d\n", ESTABLISHED, ESTABLISHED);
        printf("@W 0 %d\n", OCTETS_A);
        printf("@W 1 %d\n", OCTETS_B)
    };
    do
    :: atomic { !IS_QUIET ->
        if
        :: len(net[0]) > 0 -> d = 0
        :: len(net[1]) > 0 -> d = 1
        fi;
        do
        :: at + 1 < len(net[d]) -> at++
        :: break
        od;
        if
        :: fate = DELIVER
        :: faults > 0 -> faults--; fate = COPY
        :: faults > 0 -> faults--; fate = LOSE
        fi;
        d_step { e = d; p = 1 - d; network_step(at, fate); d = 0; at = 0; fate = 0 } }
    :: atomic { (CAN_SEND(0) || CAN_SEND(1)) ->
        if
        :: CAN_SEND(0) -> d = 0
        :: CAN_SEND(1) -> d = 1
        fi;
        STEP(d, send_next()); d = 0 }
    :: atomic { (unread[0] > 0 || unread[1] > 0) ->
        if
        :: unread[0] > 0 -> d = 0
        :: unread[1] > 0 -> d = 1
        fi;
        STEP(d, user_read()); d = 0 }
    :: atomic { (TIMER_IS_DUE(0) || TIMER_IS_DUE(1)) ->
        if
        :: TIMER_IS_DUE(0) -> d = 0
        :: TIMER_IS_DUE(1) -> d = 1
        fi;
        if
        :: !IS_QUIET -> faults--
        :: IS_QUIET && IS_SHUT(1 - d) -> patience--
        :: else
        fi;
        if
        :: CAN_PROBE(d) -> STEP(d, probe())
        :: else -> STEP(d, resend())
        fi;
        d = 0 }
    :: else -> d_step { CHECK(8, rnx[0] == OCTETS_B && rnx[1] == OCTETS_A) }; break
    od
}
