/* SPDX-License-Identifier: MIT
 *
 * Opening a connection: why three segments.
 *
 * A opens, B listens (-DSIMULTANEOUS: both open, and their SYNs cross). Each has an octet or so for
 * the other, which goes once the connection is there. The network is that of tcp.pml. With -DOLD=n
 * up to n segments of an incarnation before this one are still in flight when it begins: any of
 * SYN, SYN+ACK, ACK, an octet, FIN, RST, several alike too, with the numbers of that incarnation.
 * With -DRESTARTS=n an end may lose its memory at any moment, while the other does not know; it
 * then opens or listens again (-DOPENS=n: so often in all). With -DCLOSING_TOO both users close
 * whenever they like.
 *
 * In the end, when nothing is in flight and no timer runs,
 *   without restarts both are ESTABLISHED and every octet came, whatever was lost and whatever old
 *   segment came (P6) - except that an old SYN may make a simultaneous open fail at both ends, as
 *   RFC 9293 has it;
 *   with restarts nobody waits who has something to send (P1);
 *   and when both close, no block is left (P2).
 *
 * With -DCOOKIES the listener keeps nothing of a SYN: its number follows from the peer's, and the
 * third segment, or the first octet, brings it back (RFC 4987 §3.6). Then not every opening ends
 * well: what overtakes these two is reset, and the runs named cookie-... show what it costs. With
 * -DSILENT_LISTENER nothing is reset while a cookie is out, and only a client that waits for the
 * server to speak first can be left behind.
 *
 * Left out, beside what tcp.pml leaves out: that the handshake is given up after so many tries, and
 * LISTEN that turns into SYN-SENT or is closed. Old segments have numbers far from the new ones:
 * what happens when they are near is in close.pml.
 */
#ifndef OLD
#define OLD 0
#endif
#ifdef SIMULTANEOUS
#define ACTIVE(x) (true)
#else
#define ACTIVE(x) ((x) == 0)
#endif
#ifndef OCTETS_A
#define OCTETS_A 1
#endif
#ifndef OCTETS_B
#define OCTETS_B 1
#endif
#define WANT(x) ((x) == 0 -> OCTETS_A : OCTETS_B)
#ifndef OPENS
#define OPENS 1
#endif

#ifdef CLOSING_TOO
#define CLOSES(x) (true)
#else
#define CLOSES(x) (false)
#endif
#include "tcp.pml"

#define OLD_A 60 /* initial sequence numbers of the incarnation before */
#define OLD_B 55

/* One old segment on its way. */
inline old(to, flags, seq, ack, octet)
{
    printf("@O %d %d %d %d %d 0\n", 1 - to, flags, (seq) & MASK, (ack) & MASK, octet);
    net[to]!!flags, (seq) & MASK, (ack) & MASK, octet, 0
}

inline add_old_to_server()
{
    if
    :: old(1, SYN, OLD_A, 0, 0)
    :: old(1, ACK, OLD_A + 1, OLD_B + 1, 0)
    :: old(1, ACK, OLD_A + 1, OLD_B + 1, 1)
    :: old(1, FIN | ACK, OLD_A + 2, OLD_B + 2, 0)
    :: old(1, RST, OLD_A + 2, 0, 0)
    fi
}

inline add_old_to_client()
{
    if
#ifdef SIMULTANEOUS
    :: old(0, SYN, OLD_B, 0, 0)
#endif
    :: old(0, SYN | ACK, OLD_B, OLD_A + 1, 0)
    :: old(0, ACK, OLD_B + 1, OLD_A + 1, 1)
    :: old(0, FIN | ACK, OLD_B + 2, OLD_A + 2, 0)
    :: old(0, RST | ACK, 0, OLD_A + 1, 0)
    fi
}

inline setup()
{
    opens[0] = OPENS; opens[1] = OPENS;
    at = 0;
    do
    :: at < OLD -> at++; add_old_to_server()
    :: at < OLD -> at++; add_old_to_client()
    :: break
    od;
    at = 0;
    STEP(1, user_open());
    STEP(0, user_open())
}

#define IS_WAITING(x) (OPEN(x) && (una[x] != nxt[x] || OFFSET(x, nxt[x]) < wrote[x]))

inline goal()
{
#if defined(CLOSING_TOO)
    CHECK(2, !OPEN(0) && !OPEN(1))
#elif RESTARTS > 0
    CHECK(1, !IS_WAITING(0) && !IS_WAITING(1))
#elif defined(SIMULTANEOUS) && OLD > 0
    /* An old SYN that meets ours is answered, and the answer refuses it and us. */
    CHECK(6, (st[0] == ESTABLISHED && st[1] == ESTABLISHED && del[0] == WANT(1)
              && del[1] == WANT(0)) || (!OPEN(0) && !OPEN(1)))
#else
    CHECK(6, st[0] == ESTABLISHED && st[1] == ESTABLISHED && del[0] == WANT(1)
          && del[1] == WANT(0))
#endif
}

active proctype world()
{
    byte d, at, fate;
    live()
}
