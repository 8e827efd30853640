/* SPDX-License-Identifier: MIT
 *
 * Somebody off the path against a connection: RFC 5961.
 *
 * The attacker knows addresses and ports and sees nothing. -DGUESSES=n times, at any moment, it
 * sends a RST, SYN, SYN+ACK, ACK, FIN or octet to either end, with a sequence number from 3 before
 * to 3 after what is expected or half the space away, and an acknowledgment from 5 before to 1
 * after what was sent or half the space away. It may guess anything that is wrong: a RST that is
 * not exactly at RCV.NXT, any SYN, and for the others a number out of the window or an
 * acknowledgment out of RFC 5961 §5's range; in SYN-SENT and SYN-RECEIVED an acknowledgment of what
 * the victim never sends in this life. (One of what it will send is answered by a RST with that number, and is so a
 * right guess of the peer's RCV.NXT.) Then the victim's state, SND.UNA, RCV.NXT and the octets
 * given to its user are as before (P7), and in the end the connection is there and every octet came
 * (P6): what it answers to the attacker's peer does no harm either.
 *
 * -DHANDSHAKE begins before the connection, else it is ESTABLISHED. P7 is claimed for SYN-SENT,
 * SYN-RECEIVED and the synchronised states. For SYN-RECEIVED it would not be true of RFC 9293
 * §3.10.7.4, which sends it back to LISTEN for a SYN in the window (-DSYN_RETURNS_TO_LISTEN): here
 * such a SYN is challenged.
 *
 * -DDESYNCHRONISED begins where an attacker who guessed right, or sees the path, has brought the
 * two: each believes to have heard what the other never sent, and finds every acknowledgment of the
 * other unacceptable. They must fall silent (P6).
 *
 * Left out: how many guesses it takes; what an attacker learns from answers and counters (RFC 5961
 * §7, src/tcp/tcp_challenge.c); ICMP.
 */
#ifndef GUESSES
#define GUESSES 1
#endif
#ifndef OCTETS
#define OCTETS 1
#endif
#define WANT(x) (OCTETS)
#define ACTIVE(x) ((x) == 0)
#define CLOSES(x) (false)
#define EXTRA_GUARD (guesses > 0)
#define P7_APPLIES(state) ((state) != CLOSED && (state) != LISTEN)
byte guesses = GUESSES;
#include "tcp.pml"

#define ISS_A 10
#define ISS_B 40

/* e is ESTABLISHED with its peer; desynchronised, it believes to have heard what nobody sent. */
inline establish_at_once(number, of_peer, beyond)
{
    inc[e] = 1; pinc[e] = 1; born[e] = 1; heard[e] = 1;
    iss[e] = number; una[e] = number + 1; nxt[e] = number + 1;
    irs[e] = of_peer; rnx[e] = of_peer + 1 + beyond;
    write();
    opener[e] = ACTIVE(e);
    st[e] = ESTABLISHED
}

inline setup()
{
#if defined(HANDSHAKE)
    opens[0] = 1; opens[1] = 1;
    STEP(1, user_open());
    STEP(0, user_open())
#elif defined(DESYNCHRONISED)
    STEP(0, establish_at_once(ISS_A, ISS_B, 12));
    STEP(1, establish_at_once(ISS_B, ISS_A, 12); say_ack())
#else
    STEP(0, establish_at_once(ISS_A, ISS_B, 0));
    STEP(1, establish_at_once(ISS_B, ISS_A, 0))
#endif
}

#define SEQ_FITS (WITHIN(q, rnx[e], WINDOW + 2))
#define ACK_FITS (LE(una[e] - WINDOW, a) && LE(a, nxt[e]))

/* Whether the forged segment misses what RFC 5961 asks of it. */
inline judge_guess()
{
    if
    :: st[e] == SYN_SENT ->
        ok = f == RST || ((f & ACK) && !(LT(iss[e], a) && LE(a, nxt[e] + OCTETS)))
    :: (f & RST) && st[e] != SYN_SENT -> ok = (q != rnx[e])
    :: (f & SYN) && st[e] != SYN_SENT -> ok = true
    :: !(f & (RST | SYN)) && st[e] == SYN_RECEIVED ->
        ok = !WITHIN(q, rnx[e], WINDOW + 2) || !(LT(iss[e], a) && LE(a, nxt[e] + OCTETS))
    :: else -> ok = !SEQ_FITS || !ACK_FITS
    fi
}

inline forge()
{
    g = ATTACKER;
    judge_guess();
    if
    :: ok && P7_APPLIES(st[e]) ->
        printf("@A %d %d %d %d %d %d\n", e, f, q, a, l, g);
        printf("@D %d %d %d %d %d %d\n", e, f, q, a, l, g);
        receive()
    :: else
    fi;
    settle()
}

/* The guess is near the truth, where a mistake of the victim would show: 0 is 3 before it. */
inline extra_step()
{
    guesses--;
    do
    :: d < 1 -> d++
    :: break
    od;
    do
    :: at < 7 -> at++
    :: break
    od;
    do
    :: fate < 7 -> fate++
    :: break
    od;
    do
    :: kind < 6 -> kind++
    :: break
    od;
    d_step { e = d; p = 1 - d;
        if
        :: kind == 0 -> f = RST
        :: kind == 1 -> f = RST | ACK
        :: kind == 2 -> f = SYN
        :: kind == 3 -> f = SYN | ACK
        :: kind == 4 -> f = ACK
        :: kind == 5 -> f = FIN | ACK
        :: kind == 6 -> f = ACK
        fi;
        q = (at == 7 -> rnx[e] + HALF : rnx[e] + at - 3) & MASK;
        a = (fate == 7 -> nxt[e] + HALF : nxt[e] + fate - 5) & MASK;
        l = (kind == 6 -> del[e] + 1 : 0);
        rf = 0;
        forge();
        d = 0; at = 0; fate = 0; kind = 0 }
}

inline goal()
{
#ifdef DESYNCHRONISED
    CHECK(6, true)
#else
    CHECK(6, st[0] == ESTABLISHED && st[1] == ESTABLISHED && del[0] == OCTETS && del[1] == OCTETS)
#endif
}

active proctype world()
{
    byte d, at, fate, kind;
    live()
}
