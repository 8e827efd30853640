/* SPDX-License-Identifier: MIT
 *
 * Two ends of one TCP connection and the network between them, for handshake.pml, close.pml and
 * attacker.pml, which say where the two begin, what their users do, and what must be true in the
 * end.
 *
 * An end treats a segment by the steps of RFC 9293 §3.10.7 as RFC 5961 narrows them and as
 * src/tcp/tcp_input.c orders them; it moves along edges of TCP_STATE_MAP only (tcp_states.pml).
 * Sequence numbers count modulo 64, an octet is a segment, a window is WINDOW octets.
 *
 * The network holds what is in flight in two bags, one per receiver. A step of the world takes any
 * segment out of a bag and delivers it, so any order of arrival is possible. Delivering it and
 * keeping a copy, losing it, and a timer that fires while something is still in flight cost one of
 * FAULTS: a run has boundedly many, and afterwards the network is kind. When the bags are empty the
 * timers fire for nothing, because that is what waiting is. So every run either ends, and `goal` of
 * the including file judges the state it ends in, or it goes round for ever, and the search for
 * non-progress cycles finds it. An end may restart (RESTARTS): it forgets everything and the
 * segments of its earlier incarnation stay in flight. 2MSL passes when the model says so, and takes
 * everything in flight with it: that is its meaning. An end that sent later than that is as if it
 * sent just after, which the model also does.
 *
 * Ghosts, which no end may look at: a segment carries the incarnation of its sender and each octet
 * its number. They make P3, P4 and P5 statements about truth and not about sequence numbers.
 *
 *   P1  an end that has something to send to an end that has forgotten it learns so
 *   P2  both closed, network kind: both reach CLOSED
 *   P3  both ESTABLISHED: each knows the other's initial sequence number; and in silence whoever is
 *       ESTABLISHED has been heard by its peer
 *   P4  nothing of an earlier incarnation is accepted: neither opens (the peer that was believed
 *       lived after our number was chosen) nor is delivered (each octet, in order, of this peer)
 *   P5  an end of file means that every octet came, and an orderly end that every octet went
 *   P6  everything comes to rest: no run goes round for ever
 *   P7  an attacker's segment that guesses wrong changes nothing (attacker.pml)
 *   P9  no RST answers a RST, and LISTEN does not change on one
 *
 * Left out: options and therefore window scale, timestamps and PAWS; urgent data; segments of more
 * than one octet and text on SYN or FIN; a receiver that keeps what comes out of order; delayed
 * acknowledgments; congestion control; the listener beside its child (here the block itself returns
 * to LISTEN); limits on challenge ACKs other than the one of src/tcp/tcp_challenge.c that
 * ends acknowledgment wars; giving up after many retries; ICMP. An initial sequence number
 * is the next of a row that never meets the last one (RFC 6528's clock); that random numbers differ
 * is taken on trust. Where a scenario wants numbers that do meet, it chooses them itself.
 *
 * Each protection can be taken away with -DWITHOUT_...; then a property must fail.
 */
#include "tcp_states.pml"

#ifndef WINDOW
#define WINDOW 2
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif
#ifndef ABORTS
#define ABORTS 0
#endif
#ifndef FLIGHT
#define FLIGHT 8 /* segments in flight towards one end; more is an error of the model */
#endif

#define SYN 1
#define ACK 2
#define FIN 4
#define RST 8

#define MASK 63
#define HALF 32
#define LT(x, y) ((((y) - (x) - 1) & MASK) < HALF - 1)
#define LE(x, y) ((((y) - (x)) & MASK) < HALF)
#define WITHIN(x, low, size) ((((x) - (low)) & MASK) < (size))
#define STRIDE 10 /* between the initial sequence numbers of two incarnations */

#define ATTACKER 15 /* an incarnation that is no end's */

/* The two ends. */
byte st[2], iss[2], irs[2], una[2], nxt[2], rnx[2]; /* SND.UNA, SND.NXT, RCV.NXT */
bit opener[2];   /* opened by connect: SYN-RECEIVED remembers */
#ifdef COOKIES
bit baked[2];    /* a cookie was sent */
#endif
bit answered[2]; /* a segment without text was answered since the network was last empty */
byte opens[2];   /* how often the user will still open or listen */
byte wrote[2], del[2]; /* octets that the user handed over, and that were handed to the user */

/* Ghosts of the ends: own incarnation, the peer's that the SYN came from, the oldest of the peer's
 * that can know the number we chose. */
byte inc[2], pinc[2], born[2];
bit heard[2]; /* the peer has taken the SYN of this incarnation */

/* The network. */
byte faults = FAULTS;
byte restarts = RESTARTS;
byte aborts = ABORTS;
chan net[2] = [FLIGHT] of { byte, byte, byte, byte, byte };

/* A search breadth first finds the shortest counterexample, but does not allow hidden variables.
 * They are then part of the state, and nothing must stay in them. */
#ifdef BREADTH_FIRST
#define TEMPORARY byte
#define IN_C(name) now.name
#else
#define TEMPORARY hidden byte
#define IN_C(name) name
#endif

/* The segment at hand, and the one to answer it: flags, sequence number, acknowledgment, number of
 * the octet it carries (0: none), incarnation. Nothing here outlives a step. */
TEMPORARY e, p, f, q, a, l, g;
TEMPORARY rf, rq, ra, rl;
TEMPORARY k, was_st, was_rnx, was_una, was_del, was_nxt, length;
TEMPORARY over, ok, legal_edge;
TEMPORARY P1_holds, P2_holds, P3_holds, P4_holds, P5_holds, P6_holds, P7_holds, P9_holds;

c_decl {
    static unsigned long Checked[1024][10], Edge[16][16];
    static void tell_counts(void)
    {
        int i, j;
        for (i = 0; i < 1024; i++)
            for (j = 0; j < 10; j++)
                if (Checked[i][j]) printf("checked P%d line %d: %lu\n", j, i, Checked[i][j]);
        for (i = 0; i < 16; i++)
            for (j = 0; j < 16; j++)
                if (Edge[i][j]) printf("edge %d %d %lu\n", i, j, Edge[i][j]);
    }
}

/* A property, where what it is about has come true: counted, so that none passes unasked. */
#define CHECK(number, condition) \
    c_code { Checked[__LINE__][number]++; }; \
    P##number##_holds = (condition); \
    assert(P##number##_holds)

#define OPEN(x) (IS_OPENING(st[x]) || IS_SYNCHRONISED(st[x])) /* there is a block */
#define OFFSET(x, seq) (((seq) - iss[x] - 1) & MASK)
#define FIN_IS_SENT(x) (IS_CLOSED_HERE(st[x]) && OFFSET(x, nxt[x]) == wrote[x] + 1)
#define FIN_IS_ACKED(x) (FIN_IS_SENT(x) && una[x] == nxt[x])
#define IS_QUIET (len(net[0]) + len(net[1]) == 0)

/* Along a legal edge, or the model is wrong. */
inline go(to)
{
    k = to;
    legal_edge = MAY_GO(st[e], k);
    assert(legal_edge);
    c_code { Edge[now.st[IN_C(e)]][IN_C(k)]++; };
    printf("@C %d %d %d\n", e, st[e], k);
    st[e] = k
}

inline say(flags, seq, ack, octet)
{
    rf = flags; rq = (seq) & MASK; ra = (ack) & MASK; rl = octet
}

inline say_ack() { say(ACK, nxt[e], rnx[e], 0) }

/* RFC 9293 §3.10.7.1. */
inline say_rst()
{
    if
    :: f & ACK -> say(RST, a, 0, 0)
    :: else -> say(RST | ACK, 0, q + length, 0)
    fi
}

/* Sends what was said. Called at most once a step. */
inline utter()
{
    if
    :: rf != 0 ->
        assert(len(net[p]) < FLIGHT); /* or FLIGHT is too small */
        printf("@S %d %d %d %d %d %d\n", e, rf, rq, ra, rl, inc[e]);
        net[p]!!rf, rq, ra, rl, inc[e];
        rf = 0
    :: else
    fi
}

/* Nothing is left of the block. */
inline forget()
{
    iss[e] = 0; irs[e] = 0; una[e] = 0; nxt[e] = 0; rnx[e] = 0;
    opener[e] = 0; answered[e] = 0; pinc[e] = 0; born[e] = 0
#ifdef COOKIES
    ; baked[e] = 0
#endif
}

/* The user hands over all it will ever send; when it goes out is another matter. */
inline write()
{
    wrote[e] = WANT(e);
    printf("@W %d %d\n", e, wrote[e])
}

/* A block for one more incarnation, with its initial sequence number. */
inline begin(number)
{
    inc[e]++;
    assert(inc[e] < 6); /* or the numbers of two incarnations meet */
    born[e] = (OPEN(p) -> inc[p] : inc[p] + 1);
    iss[e] = (number) & MASK; una[e] = iss[e]; nxt[e] = (iss[e] + 1) & MASK;
    irs[e] = 0; rnx[e] = 0; pinc[e] = 0; answered[e] = 0; heard[e] = 0;
    write(); del[e] = 0
}

/* Whether 2MSL is over for e, as far as its peer is concerned. */
#ifndef TIME_WAIT_MAY_END
#define TIME_WAIT_MAY_END(x) (true)
#endif

#ifndef P7_APPLIES
#define P7_APPLIES(state) (false)
#endif

#ifndef NEXT_ISS
#define NEXT_ISS (inc[e] * STRIDE)
#endif

/* Both know, both agree, and nobody is a ghost of the past. */
inline establish()
{
    go(ESTABLISHED);
    CHECK(4, pinc[e] >= born[e])
}

inline end_block() { go(CLOSED); forget() }

/* The order of things came to its end here: all that was written was taken, unless the peer has
 * begun anew since. */
inline check_orderly_end()
{
    if
    :: pinc[e] == inc[p] -> CHECK(5, del[p] == wrote[e] && del[e] == wrote[p])
    :: else
    fi
}

inline enter_time_wait()
{
    check_orderly_end();
    go(TIME_WAIT);
#ifdef WITHOUT_TIME_WAIT
    end_block()
#endif
}

inline take_syn()
{
    irs[e] = q; rnx[e] = (q + 1) & MASK; pinc[e] = g;
    heard[p] = (g == inc[p] -> 1 : heard[p])
}

inline closed_input()
{
    if
#ifndef WITHOUT_RST_SILENCE
    :: f & RST -> skip
#endif
#ifdef WITHOUT_RST
    :: true -> skip
#endif
    :: else -> say_rst()
    fi
}

#ifdef WITHOUT_ISS_CHECK
#define ACKS_OUR_SYN (true)
#else
#define ACKS_OUR_SYN (a == nxt[e])
#endif
#ifdef WITHOUT_RST_ACK_CHECK
#define IS_RST_FOR_SYN (true)
#else
#define IS_RST_FOR_SYN ((f & ACK) && a == nxt[e])
#endif

/* RFC 9293 §3.10.7.3. */
inline syn_sent_input()
{
    if
    :: f & RST ->
        if
        :: IS_RST_FOR_SYN -> end_block()
        :: else
        fi
    :: !(f & RST) && (f & ACK) && !ACKS_OUR_SYN -> say_rst()
    :: (f & (RST | SYN | ACK)) == (SYN | ACK) && ACKS_OUR_SYN ->
        take_syn();
        una[e] = nxt[e];
        establish();
        say_ack()
    :: f == SYN ->
        take_syn();
        go(SYN_RECEIVED);
        say(SYN | ACK, iss[e], rnx[e], 0)
    :: else
    fi
}

/* An acknowledgment that answers a refused segment. One without text is answered once, until the
 * network has been empty: ANSWER_INTERVAL_NS is longer than a round trip. */
inline answer()
{
    if
#ifndef WITHOUT_ANSWER_LIMIT
    :: length == 0 && answered[e]
#endif
    :: else ->
        say_ack();
        answered[e] = (length == 0 -> 1 : answered[e])
    fi;
    over = 1
}

/* First step. Sets ok when the segment lies in the window. */
inline check_sequence()
{
    ok = WITHIN(q, rnx[e], WINDOW) || (length > 0 && WITHIN(q + length - 1, rnx[e], WINDOW));
    if
    :: st[e] == SYN_RECEIVED && (f & SYN) && q == irs[e] && (opener[e] || !(f & ACK)) ->
        if
        :: f & ACK -> /* the other half of a simultaneous open */
            f = f & ~SYN; q = (q + 1) & MASK; length = length - 1
        :: else -> /* our SYN+ACK was lost */
            say(SYN | ACK, iss[e], rnx[e], 0);
            over = 1
        fi
    :: else ->
        if
        :: ok || (f & SYN) && !(f & RST)
        :: !ok && f == ACK && l == 0 && WITHIN(q, rnx[e], WINDOW + 2) /* an ACK at the edge */
        :: !ok && (f & RST) -> over = 1
        :: else ->
            answer()
        fi
    fi
}

inline return_to_listen()
{
    go(LISTEN); forget();
    over = 1
}

/* Second step: RFC 5961 §3.2, and in TIME-WAIT RFC 1337. */
inline check_rst()
{
    if
    :: !over && (f & RST) ->
        over = 1;
        if
#ifndef WITHOUT_RFC_1337
        :: st[e] == TIME_WAIT
#endif
#ifndef RST_IN_WINDOW
        :: st[e] != TIME_WAIT && q != rnx[e] -> say_ack()
#endif
        :: else ->
            if
            :: st[e] == SYN_RECEIVED && !opener[e] -> return_to_listen()
            :: else -> end_block()
            fi
        fi
    :: else
    fi
}

/* Fourth step: RFC 5961 §4.2, in SYN-RECEIVED too: src/tcp/tcp_syncache_input.c. */
inline check_syn()
{
    if
    :: !over && (f & SYN) ->
        over = 1;
        if
#ifdef SYN_RETURNS_TO_LISTEN /* RFC 9293 §3.10.7.4 */
        :: st[e] == SYN_RECEIVED && !opener[e] && ok -> return_to_listen()
#endif
#ifdef SYN_RESETS /* as RFC 793 had it */
        :: st[e] != SYN_RECEIVED && ok -> say_rst(); end_block()
#endif
#ifdef WITHOUT_CHALLENGE
        :: else
#else
        :: else -> say_ack()
#endif
        fi
    :: else
    fi
}

/* Fifth step: RFC 5961 §5.2. */
inline check_ack()
{
    if
    :: over
    :: !over && !(f & ACK) -> over = 1
    :: !over && (f & ACK) && st[e] == SYN_RECEIVED ->
        if
        :: LT(una[e], a) && LE(a, nxt[e]) -> una[e] = a; establish()
        :: else -> say_rst(); over = 1
        fi
    :: else ->
        if
#ifdef WITHOUT_ACK_RANGE /* as RFC 793 had it: anything not beyond SND.NXT */
        :: LT(nxt[e], a) -> say_ack(); over = 1
#else
        :: !(LE(una[e] - WINDOW, a) && LE(a, nxt[e])) -> answer()
#endif
        :: else ->
            una[e] = (LT(una[e], a) -> a : una[e])
        fi
    fi;
    if
    :: !over && FIN_IS_ACKED(e) ->
        if
        :: st[e] == FIN_WAIT_1 -> go(FIN_WAIT_2)
        :: st[e] == CLOSING -> enter_time_wait()
        :: st[e] == LAST_ACK -> check_orderly_end(); end_block(); over = 1
        :: else
        fi
    :: else
    fi;
    over = (st[e] == CLOSED -> 1 : over)
}

#ifdef CLOSE_WITHOUT_WAITING
/* Three segments, whatever is still to be sent: the answer to a FIN is a FIN, and both are gone. */
inline take_fin()
{
    if
    :: st[e] == ESTABLISHED ->
        go(CLOSE_WAIT); go(LAST_ACK);
        say(FIN | ACK, nxt[e], rnx[e], 0);
        end_block()
    :: st[e] == FIN_WAIT_1 -> go(CLOSING); say_ack(); end_block()
    :: st[e] == FIN_WAIT_2 -> go(TIME_WAIT); say_ack(); end_block()
    :: else -> say_ack()
    fi
}
#else
inline take_fin()
{
    say_ack();
    if
    :: st[e] == ESTABLISHED -> go(CLOSE_WAIT)
    :: st[e] == FIN_WAIT_1 -> go(CLOSING)
    :: st[e] == FIN_WAIT_2 -> enter_time_wait()
    :: else
    fi
}
#endif

/* Seventh and eighth step: text and FIN. What is not next is asked for again. */
inline take_text()
{
    if
    :: !over && (l != 0 || (f & FIN)) && !IS_TAKES_TEXT(st[e]) -> answer()
    :: !over && (l != 0) && IS_TAKES_TEXT(st[e]) ->
        if
        :: q == rnx[e] ->
            CHECK(4, g == pinc[e] && l == del[e] + 1);
            del[e]++; rnx[e] = (rnx[e] + 1) & MASK
        :: else
        fi;
        say_ack()
    :: !over && (f & FIN) && IS_TAKES_TEXT(st[e]) ->
        if
#ifndef FIN_OUT_OF_ORDER
        :: q != rnx[e] -> say_ack()
#endif
        :: else ->
            CHECK(4, g == pinc[e]);
            rnx[e] = (q + 1) & MASK;
            printf("@E %d %d\n", e, del[e]);
            if
            :: g == inc[p] -> CHECK(5, del[e] == wrote[p])
            :: else
            fi;
            take_fin()
        fi
    :: else
    fi
}

#ifdef COOKIES
/* RFC 4987 §3.6: the number of a SYN+ACK follows from the peer's own, and nothing is kept. Here it
 * is good for as long as the run lasts. */
#define COOKIE(number) (((number) + 27) & MASK)

inline open_by_cookie()
{
    inc[e] = inc[e] - 1; was_nxt = heard[e]; k = born[e]; /* the life that baked it goes on */
    begin(COOKIE(q - 1));
    heard[e] = was_nxt; born[e] = (baked[e] -> k : born[e]);
    una[e] = nxt[e];
    irs[e] = (q - 1) & MASK; rnx[e] = q; pinc[e] = g;
    heard[p] = (g == inc[p] -> 1 : heard[p]);
    opener[e] = 0;
    go(SYN_RECEIVED)
}
#endif

inline listen_input()
{
    if
#ifdef WITHOUT_LISTEN_CALM
    :: f & RST -> end_block()
#else
    :: f & RST -> skip
#endif
#ifdef COOKIES
    :: (f & (RST | SYN | ACK)) == ACK && a == ((COOKIE(q - 1) + 1) & MASK) ->
        open_by_cookie();
        establish();
        take_text()
    :: (f & (RST | ACK)) == ACK && ((f & SYN) || a != ((COOKIE(q - 1) + 1) & MASK)) ->
#ifdef SILENT_LISTENER
        skip
#else
        say_rst()
#endif
    :: f == SYN ->
        inc[e] = (baked[e] -> inc[e] : inc[e] + 1); baked[e] = 1; /* only ghosts remember */
        born[e] = (OPEN(p) -> inc[p] : inc[p] + 1);
        heard[p] = (g == inc[p] -> 1 : heard[p]);
        say(SYN | ACK, COOKIE(q), q + 1, 0)
#else
    :: !(f & RST) && (f & ACK) -> say_rst()
    :: f == SYN ->
        begin(NEXT_ISS);
        take_syn();
        opener[e] = 0;
        say(SYN | ACK, iss[e], rnx[e], 0);
        go(SYN_RECEIVED);
#ifdef TWO_WAY
        establish()
#endif
#endif
    :: else
    fi
}

/* RFC 9293 §3.6.1, RFC 6191: a newer SYN ends TIME-WAIT, and the number of the new incarnation lies
 * beyond all of the old one's. */
inline reuse_time_wait()
{
    if
    :: st[e] == TIME_WAIT && f == SYN && opens[e] > 0 && LT(rnx[e], q) ->
        opens[e]--;
        was_nxt = nxt[e];
        end_block();
        go(LISTEN);
        begin(was_nxt + WINDOW + 1);
        take_syn();
        say(SYN | ACK, iss[e], rnx[e], 0);
        go(SYN_RECEIVED);
        over = 1
    :: else
    fi
}

/* A segment arrives at e. */
inline receive()
{
    rf = 0; over = 0;
    length = (l != 0) + (f & SYN) + (f & FIN) / FIN;
    was_st = st[e]; was_rnx = rnx[e]; was_una = una[e]; was_del = del[e];
    if
    :: st[e] == CLOSED -> closed_input()
    :: st[e] == LISTEN -> listen_input()
    :: st[e] == SYN_SENT -> syn_sent_input()
    :: else ->
        reuse_time_wait();
        if
        :: !over ->
            check_sequence();
            check_rst();
            check_syn();
            check_ack();
            take_text()
        :: else
        fi
    fi;
    if
    :: f & RST ->
        CHECK(9, !(rf & RST) && (was_st != LISTEN || st[e] == LISTEN))
    :: else
    fi;
    if
    :: g == ATTACKER && P7_APPLIES(was_st) ->
        CHECK(7, st[e] == was_st && rnx[e] == was_rnx && una[e] == was_una && del[e] == was_del)
    :: else
    fi
}

/* Nothing outlives a step. */
inline clear_temporaries()
{
#ifdef BREADTH_FIRST
    e = 0; p = 0; f = 0; q = 0; a = 0; l = 0; g = 0; rf = 0; rq = 0; ra = 0; rl = 0; k = 0;
    was_st = 0; was_rnx = 0; was_una = 0; was_del = 0; was_nxt = 0; length = 0; over = 0; ok = 0;
    legal_edge = 0;
    P1_holds = 0; P2_holds = 0; P3_holds = 0; P4_holds = 0; P5_holds = 0; P6_holds = 0;
    P7_holds = 0; P9_holds = 0;
    skip
#else
    skip
#endif
}

/* The end of every step: what was said goes out, and what must always hold is looked at. */
inline settle()
{
    utter();
    if
    :: IS_QUIET ->
        answered[0] = 0; answered[1] = 0;
        if
        :: st[0] == ESTABLISHED || st[1] == ESTABLISHED ->
            CHECK(3, (st[0] != ESTABLISHED || heard[0]) && (st[1] != ESTABLISHED || heard[1]))
        :: else
        fi
    :: else
    fi;
    if
    :: st[0] == ESTABLISHED && st[1] == ESTABLISHED ->
        CHECK(3, irs[0] == iss[1] && irs[1] == iss[0])
    :: else
    fi;
    clear_temporaries()
}

/* What the users and the timers do. `i` is the end. */
#define CAN_OPEN(i) (st[i] == CLOSED && opens[i] > 0)
#define CAN_SEND(i) (IS_SYNCHRONISED(st[i]) && una[i] != iss[i] && !FIN_IS_SENT(i) && \
    (OFFSET(i, nxt[i]) < wrote[i] -> ((nxt[i] - una[i]) & MASK) < WINDOW : IS_CLOSED_HERE(st[i])))
#define CAN_CLOSE(i) (st[i] == ESTABLISHED || st[i] == CLOSE_WAIT || \
    (st[i] == SYN_RECEIVED && opener[i] && wrote[i] == 0))
/* A SYN that meets a TIME-WAIT is not repeated before 2MSL: its patience is longer. */
#define CAN_RESEND(i) (OPEN(i) && una[i] != nxt[i] && \
    !(IS_OPENING(st[i]) && st[1 - i] == TIME_WAIT) && RESENDS_FIN(i))
#ifdef WITHOUT_FIN_AGAIN
#define RESENDS_FIN(i) (!FIN_IS_SENT(i) || ((una[i] + 1) & MASK) != nxt[i])
#else
#define RESENDS_FIN(i) (true)
#endif
#define CAN_ABORT(i) (IS_SYNCHRONISED(st[i]) && !(IS_CLOSED_HERE(st[i]) && IS_CLOSED_THERE(st[i])))
#define CAN_PASS(i) (st[i] == TIME_WAIT && TIME_WAIT_MAY_END(i))
/* The peer is gone for good: the timer of a FIN-WAIT-2 that nobody holds any more. */
#ifdef WITHOUT_ORPHAN_TIMER
#define CAN_TIRE(i) (false)
#else
#define CAN_TIRE(i) (st[i] == FIN_WAIT_2 && IS_QUIET && !OPEN(1 - i))
#endif

inline user_open()
{
    opens[e]--;
    if
    :: ACTIVE(e) ->
        printf("@U %d open\n", e);
        begin(NEXT_ISS);
        opener[e] = 1;
        go(SYN_SENT);
        say(SYN, iss[e], 0, 0)
    :: else ->
        printf("@U %d listen\n", e);
        go(LISTEN)
    fi
}

inline send_next()
{
    printf("@U %d send\n", e);
    if
    :: OFFSET(e, nxt[e]) < wrote[e] -> say(ACK, nxt[e], rnx[e], OFFSET(e, nxt[e]) + 1)
    :: else -> say(FIN | ACK, nxt[e], rnx[e], 0)
    fi;
    nxt[e] = (nxt[e] + 1) & MASK
}

inline user_close()
{
    printf("@U %d close\n", e);
    if
    :: st[e] == CLOSE_WAIT -> go(LAST_ACK)
    :: else -> go(FIN_WAIT_1)
    fi
}

/* RFC 9293 §3.10.5. */
inline user_abort()
{
    aborts--;
    printf("@U %d abort\n", e);
    say(RST | ACK, nxt[e], rnx[e], 0);
    end_block()
}

inline resend()
{
    printf("@U %d retransmission-timer\n", e);
    if
    :: una[e] == iss[e] && st[e] == SYN_SENT -> say(SYN, iss[e], 0, 0)
    :: una[e] == iss[e] && st[e] != SYN_SENT -> say(SYN | ACK, iss[e], rnx[e], 0)
    :: una[e] != iss[e] && OFFSET(e, una[e]) < wrote[e] ->
        say(ACK, una[e], rnx[e], OFFSET(e, una[e]) + 1)
    :: else -> say(FIN | ACK, una[e], rnx[e], 0)
    fi
}

inline restart_end()
{
    restarts--;
    printf("@U %d restart\n", e);
    printf("@C %d %d %d\n", e, st[e], CLOSED);
    st[e] = CLOSED; /* no edge of the machine: its memory is gone */
    wrote[e] = 0; del[e] = 0;
    inc[e]++; /* whoever believed the old one is now half-open */
    forget()
}

/* 2MSL: nothing that is in flight survives it. */
inline pass_time_wait()
{
    printf("@U %d 2msl-timer\n", e);
    do
    :: len(net[0]) > 0 -> net[0]?f, q, a, l, g; printf("@X 0 %d %d %d %d %d\n", f, q, a, l, g)
    :: len(net[0]) == 0 && len(net[1]) > 0 ->
        net[1]?f, q, a, l, g; printf("@X 1 %d %d %d %d %d\n", f, q, a, l, g)
    :: else -> break
    od;
    end_block()
}

/* Takes segment number `at` of those towards e out of the bag, which stays sorted. */
inline pick(at)
{
    k = 0;
    do
    :: k < at -> net[e]?f, q, a, l, g; net[e]!f, q, a, l, g; k++
    :: else -> break
    od;
    net[e]?f, q, a, l, g;
    k = len(net[e]) - at;
    do
    :: k > 0 ->
        net[e]?rf, rq, ra, rl, length; net[e]!rf, rq, ra, rl, length; k--
    :: else -> break
    od
}

#define DELIVER 0
#define COPY 1
#define LOSE 2

inline network_step(at, fate)
{
    pick(at);
    rf = 0;
    if
    :: fate == LOSE -> printf("@X %d %d %d %d %d %d\n", e, f, q, a, l, g)
    :: else ->
        printf("@D %d %d %d %d %d %d\n", e, f, q, a, l, g);
        if
        :: fate == COPY ->
            printf("@K %d %d %d %d %d %d\n", e, f, q, a, l, g);
            net[e]!!f, q, a, l, g
        :: else
        fi;
        receive()
    fi;
    settle()
}

#define STEP(i, what) d_step { e = i; p = 1 - i; rf = 0; what; settle() }
/* A timer that fires while something is in flight is early, and that is a fault. */
#define TIMER_MAY(i) (IS_QUIET || faults > 0)

inline live()
{
    d_step { c_code { atexit(tell_counts); }; e = 0; p = 1 };
    setup();
    d_step { printf("@I %d %d\n", st[0], st[1]); e = 0; p = 0 };
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
    :: atomic { (CAN_OPEN(0) || CAN_OPEN(1)) ->
        if
        :: CAN_OPEN(0) -> d = 0
        :: CAN_OPEN(1) -> d = 1
        fi;
        STEP(d, user_open()); d = 0 }
    :: atomic { (CAN_SEND(0) || CAN_SEND(1)) ->
        if
        :: CAN_SEND(0) -> d = 0
        :: CAN_SEND(1) -> d = 1
        fi;
        STEP(d, send_next()); d = 0 }
    :: atomic { (CLOSES(0) && CAN_CLOSE(0) || CLOSES(1) && CAN_CLOSE(1)) ->
        if
        :: CLOSES(0) && CAN_CLOSE(0) -> d = 0
        :: CLOSES(1) && CAN_CLOSE(1) -> d = 1
        fi;
        STEP(d, user_close()); d = 0 }
    :: atomic { (TIMER_MAY(0) && (CAN_RESEND(0) || CAN_RESEND(1))) ->
        if
        :: CAN_RESEND(0) -> d = 0
        :: CAN_RESEND(1) -> d = 1
        fi;
        faults = (IS_QUIET -> faults : faults - 1);
        STEP(d, resend()); d = 0 }
    :: atomic { (restarts > 0 && (st[0] != CLOSED || st[1] != CLOSED)) ->
        if
        :: st[0] != CLOSED -> d = 0
        :: st[1] != CLOSED -> d = 1
        fi;
        STEP(d, restart_end()); d = 0 }
    :: atomic { (aborts > 0 && (CAN_ABORT(0) || CAN_ABORT(1))) ->
        if
        :: CAN_ABORT(0) -> d = 0
        :: CAN_ABORT(1) -> d = 1
        fi;
        STEP(d, user_abort()); d = 0 }
    :: atomic { (CAN_PASS(0) || CAN_PASS(1)) ->
        if
        :: CAN_PASS(0) -> d = 0
        :: CAN_PASS(1) -> d = 1
        fi;
        STEP(d, pass_time_wait()); d = 0 }
    :: CAN_TIRE(0) -> STEP(0, printf("@U 0 orphan-timer\n"); end_block())
    :: CAN_TIRE(1) -> STEP(1, printf("@U 1 orphan-timer\n"); end_block())
#ifdef EXTRA_GUARD
    :: atomic { EXTRA_GUARD -> extra_step() }
#endif
    :: else -> d_step { goal() }; break
    od
}
