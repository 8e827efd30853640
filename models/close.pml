/* SPDX-License-Identifier: MIT
 *
 * Closing a connection: why four segments, and why TIME-WAIT.
 *
 * Both ends begin ESTABLISHED, with octets to send. Each user closes when it likes; what it handed
 * over before still goes, and the FIN after it. So both may close at once, or one long after the
 * other, and any segment may be lost or come late or twice. With -DABORTS=n a user may also reset.
 * In the end both are CLOSED (P2), whoever was told of the end of file had been given every octet,
 * and an orderly end means that both had (P5).
 *
 * With -DOPENS=1 there is a second life: after the first A opens the same pair again and B listens.
 * The new initial sequence numbers lie 0 to 4 after the old ones, so that an octet or a FIN of the
 * first life that is still in flight fits the second. That is the case that TIME-WAIT is for: 2MSL
 * takes everything in flight with it, and without it the model finds the octet that comes back from
 * the dead (P4). It also finds what RFC 1337 warns of, a RST that ends TIME-WAIT too early.
 *
 * In the second life 2MSL is taken to be long enough for the peer to have its FIN acknowledged. A
 * peer that is still in LAST-ACK when TIME-WAIT ends sends its FIN again, and if that is then
 * overtaken by a whole new handshake with numbers that meet the old ones, nothing in TCP saves the
 * new connection. It is the clock of RFC 6528 that keeps numbers apart, and chance without it.
 */
#ifndef OCTETS_A
#define OCTETS_A 1
#endif
#ifndef OCTETS_B
#define OCTETS_B 2
#endif
#ifndef OPENS
#define OPENS 0
#endif
#define WANT(x) ((x) == 0 -> OCTETS_A : OCTETS_B)
#define ACTIVE(x) ((x) == 0)
#define CLOSES(x) (true)
#define ISS_A 10
#define ISS_B 30
#if OPENS > 0
#define NEXT_ISS ((e == 0 -> ISS_A : ISS_B) + shift)
#define TIME_WAIT_MAY_END(x) (!IS_CLOSED_HERE(st[1 - (x)]) || st[1 - (x)] == TIME_WAIT \
    || st[1 - (x)] == FIN_WAIT_2)
byte shift;
#endif
#include "tcp.pml"

/* e is ESTABLISHED with its peer. */
inline establish_at_once(number, of_peer)
{
    inc[e] = 1; pinc[e] = 1; born[e] = 1; heard[e] = 1;
    iss[e] = number; una[e] = number + 1; nxt[e] = number + 1;
    irs[e] = of_peer; rnx[e] = of_peer + 1;
    write();
    opener[e] = ACTIVE(e);
    opens[e] = OPENS;
    st[e] = ESTABLISHED
}

inline setup()
{
#if OPENS > 0
    do
    :: shift < 4 -> shift++
    :: break
    od;
#endif
    at = 0;
    STEP(0, establish_at_once(ISS_A, ISS_B));
    STEP(1, establish_at_once(ISS_B, ISS_A))
}

inline goal()
{
    CHECK(2, !OPEN(0) && !OPEN(1))
}

active proctype world()
{
    byte d, at, fate;
    live()
}
