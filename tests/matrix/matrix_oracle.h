// SPDX-License-Identifier: MIT
//
// What RFC 9293 §3.10.7 says happens when one segment arrives, with RFC 5961, RFC 7323, RFC 7413
// and RFC 6191 where they change it: written from their text alone. It shares no code with the
// library, not even a header, and has its own arithmetic; where synfin deviates, as src/ and
// docs/adr/ say, that is a rule of its own with the clause it deviates from.
//
// Every decision asks a rule by name, so that the rules that never decide anything are known, and
// so that each can be taken away: a comparison that does not notice that compares too little.
#ifndef MATRIX_ORACLE_H
#define MATRIX_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    ORACLE_FIN = 1,
    ORACLE_SYN = 2,
    ORACLE_RST = 4,
    ORACLE_PSH = 8,
    ORACLE_ACK = 16,
    ORACLE_URG = 32,
};

#define ORACLE_STATES(X)            \
    X(CLOSED, "CLOSED")             \
    X(LISTEN, "LISTEN")             \
    X(SYN_SENT, "SYN-SENT")         \
    X(SYN_RECEIVED, "SYN-RECEIVED") \
    X(ESTABLISHED, "ESTABLISHED")   \
    X(FIN_WAIT_1, "FIN-WAIT-1")     \
    X(FIN_WAIT_2, "FIN-WAIT-2")     \
    X(CLOSE_WAIT, "CLOSE-WAIT")     \
    X(CLOSING, "CLOSING")           \
    X(LAST_ACK, "LAST-ACK")         \
    X(TIME_WAIT, "TIME-WAIT")

enum oracle_state {
#define ORACLE_STATE_ENUM(name, text) ORACLE_STATE_##name,
    ORACLE_STATES(ORACLE_STATE_ENUM)
#undef ORACLE_STATE_ENUM
        ORACLE_STATE_COUNT
};

enum { ORACLE_KEPT_MAX = 4 };

// X(name, clause, what it says)
#define ORACLE_RULES(X)                                                                            \
    X(CLOSED_RESETS, "RFC 9293 §3.10.7.1", "what arrives for nobody is answered by a reset")       \
    X(CLOSED_IGNORES_RST, "RFC 9293 §3.10.7.1", "but for a reset")                                 \
    X(RESET_OF_ACK, "RFC 9293 §3.10.7.1", "a reset takes its number from the acknowledgment")      \
    X(RESET_OF_TEXT, "RFC 9293 §3.10.7.1", "without one it acknowledges all of the segment")       \
    X(LISTEN_IGNORES_RST, "RFC 9293 §3.10.7.2", "a listener ignores resets")                       \
    X(LISTEN_RESETS_ACK, "RFC 9293 §3.10.7.2", "it resets acknowledgments")                        \
    X(LISTEN_TAKES_SYN, "RFC 9293 §3.10.7.2", "it answers a SYN by SYN+ACK")                       \
    X(SYN_SENT_CHECKS_ACK, "RFC 9293 §3.10.7.3", "only our SYN may be acknowledged")               \
    X(SYN_SENT_NO_RST_TO_RST, "RFC 9293 §3.10.7.3", "no reset answers a reset")                    \
    X(SYN_SENT_RST_NEEDS_ACK, "RFC 9293 §3.10.7.3", "a reset counts with an acknowledgment")       \
    X(SYN_SENT_OPENS, "RFC 9293 §3.10.7.3", "SYN and acknowledgment open the connection")          \
    X(SYN_SENT_CROSSES, "RFC 9293 §3.10.7.3", "a SYN alone is answered by SYN+ACK")                \
    X(SYN_TEXT_AGAIN, "RFC 7413 §4.2.2", "text of our SYN that was not taken goes with our ACK")   \
    X(TIME_WAIT_NEWER, "RFC 6191 §2", "a newer SYN takes the pair over from TIME-WAIT")            \
    X(PAWS_OLD, "RFC 7323 §5.3 R1", "an older timestamp is not acceptable")                        \
    X(PAWS_SPARES_RST, "RFC 7323 §5.3 R1", "but for a reset")                                      \
    X(TS_MISSING, "RFC 7323 §3.2", "without the timestamp agreed on it is dropped silently")       \
    X(TS_RECENT, "RFC 7323 §4.3", "TS.Recent follows what covers Last.ACK.sent")                   \
    X(SEQUENCE, "RFC 9293 §3.10.7.4", "what lies outside the window is not acceptable")            \
    X(SEQUENCE_ANSWERS, "RFC 9293 §3.10.7.4", "and is answered by an acknowledgment")              \
    X(SEQUENCE_SPARES_RST, "RFC 9293 §3.10.7.4", "but for a reset")                                \
    X(SHUT_WINDOW_HEARS, "RFC 9293 §3.10.7.4", "a shut window hears ACK, URG and RST")             \
    X(RST_EXACT, "RFC 5961 §3.2", "only the exact number resets, others are challenged")           \
    X(SYN_CHALLENGED, "RFC 5961 §4.2", "a SYN is challenged")                                      \
    X(ACK_MUST_BE, "RFC 9293 §3.10.7.4", "what carries no acknowledgment is dropped")              \
    X(ACK_TOO_NEW, "RFC 9293 §3.10.7.4", "what was never sent cannot be acknowledged")             \
    X(ACK_TOO_OLD, "RFC 5961 §5.2", "nor what lies more than a window back")                       \
    X(ACK_OPENS, "RFC 9293 §3.10.7.4", "the acknowledgment of our SYN opens")                      \
    X(ACK_OPENS_NOT, "RFC 9293 §3.10.7.4", "another one is reset")                                 \
    X(ACK_MOVES, "RFC 9293 §3.10.7.4", "a new acknowledgment moves SND.UNA")                       \
    X(WINDOW_NEWER, "RFC 9293 §3.10.7.4", "SND.WL1 and SND.WL2 tell new windows from old")         \
    X(FIN_ACKED, "RFC 9293 §3.10.7.4", "the acknowledgment of our FIN moves the state")            \
    X(TEXT_TAKEN, "RFC 9293 §3.10.7.4", "text in the window is delivered in order")                \
    X(TEXT_AFTER_FIN, "RFC 9293 §3.10.7.4", "text after the peer's FIN is ignored")                \
    X(TEXT_WITHOUT_READER, "RFC 9293 §3.6.1 [SHLD-3]", "text after CLOSE is reset")                \
    X(TEXT_ACKNOWLEDGED, "RFC 9293 §3.10.7.4", "text is acknowledged, in order or not")            \
    X(TEXT_KEPT, "RFC 9293 §3.10.7.4 [SHLD-31]", "text beyond a gap waits until it is filled")     \
    X(URGENT_MOVES, "RFC 9293 §3.10.7.4", "RCV.UP moves ahead, before the peer's FIN alone")       \
    X(SACK_TELLS, "RFC 2018 §4", "what waits beyond a gap is told, the newest first")              \
    X(SACK_TELLS_AGAIN, "RFC 2883 §4", "what has come twice is told before that, once")            \
    X(FIN_IN_ORDER, "RFC 9293 §3.10.7.4", "a FIN counts when everything before it is here")        \
    X(FIN_MOVES, "RFC 9293 §3.10.7.4", "and moves the state")                                      \
    X(NEXT_ISS, "RFC 9293 §3.6.1 [MAY-2]", "the next incarnation's numbers follow the last one's") \
    X(ANSWERS_LIMITED, "RFC 5961 §7", "of equal segments not each one is answered")                \
    /* Where synfin deviates, or the RFCs leave a choice: the files named say why. */              \
    X(ONLY_SYN, "DEVIATES RFC 9293 §3.10.7.2: docs/history.md 84", "SYN and FIN: dropped")         \
    X(LAND, "RFC 9293 §3.9.2.3: docs/history.md 86", "nobody calls from the endpoint called")      \
    X(KEPT_BEHIND_FIN, "RFC 9293 §3.10.7.4: src/tcp/tcp_text.c", "behind a FIN nothing waits")     \
    X(CACHE_KEEPS_NO_TEXT, "DEVIATES RFC 9293 §3.10.7.2: docs/adr/0008", "of a SYN only the SYN")  \
    X(SYN_AFTER_CHALLENGE, "RFC 9293 §3.8.1: src/tcp/tcp_syn_sent_input.c", "and our SYN again")   \
    X(SYN_AGAIN, "DEVIATES RFC 9293 §3.10.7.4: src/tcp/tcp_input.c", "the same SYN: SYN+ACK")      \
    X(SYN_ACK_CROSSED, "RFC 9293 §3.5 Figure 8: src/tcp/tcp_input.c", "the ACK of its SYN+ACK")    \
    X(HALF_OPEN_SYN, "DEVIATES RFC 9293 §3.10.7.4: docs/adr/0008", "another SYN is challenged")    \
    X(TS_MISSING_SPARES_SYN, "RFC 5961 §4.2: src/tcp/tcp_paws.c", "a SYN is challenged")           \
    X(TS_RECENT_LATE, "DEVIATES RFC 7323 §5.3 R3: src/tcp/tcp_paws.c", "after RST, SYN and ACK")   \
    X(EDGE_ACK, "DEVIATES RFC 9293 §3.10.7.4: src/tcp/tcp_input.c", "an ACK may lie at the edge")  \
    X(FIN_NEEDS_NO_ROOM, "DEVIATES RFC 9293 §3.10.7.4: src/tcp/tcp_input.c", "a FIN may follow")   \
    X(WINDOW_ACK_NEWER, "DEVIATES RFC 9293 §3.10.7.4: src/tcp/tcp_ack.c", "more ACK is newer")     \
    X(SHUT_PEER, "DEVIATES RFC 9293 §3.10.7.4: src/tcp/tcp_output.c", "a shut peer hears SND.UNA") \
    X(TIME_WAIT_RST, "DEVIATES RFC 9293 §3.10.7.4: RFC 1337 §3", "TIME-WAIT outlives resets")      \
    X(TIME_WAIT_FIN, "RFC 9293 §3.10.7.4: src/tcp/tcp_time_wait.c", "the FIN again: acknowledged") \
    X(TIME_WAIT_REST, "DEVIATES RFC 9293 §3.10.7.4: src/tcp/tcp_time_wait.c", "no window is left")

enum oracle_rule {
#define ORACLE_RULE_ENUM(name, clause, text) ORACLE_RULE_##name,
    ORACLE_RULES(ORACLE_RULE_ENUM)
#undef ORACLE_RULE_ENUM
        ORACLE_RULE_COUNT
};

// Numbers from left to right - 1.
struct oracle_block {
    uint32_t left, right;
};

// The transmission control block, as the RFC spells it.
struct oracle_tcb {
    enum oracle_state state;
    bool is_passive;    // SYN-RECEIVED came from LISTEN
    bool has_listener;  // somebody listens at the port
    bool has_fin_out;   // the number before SND.NXT is our FIN
    bool has_no_user;   // CLOSE was called
    bool has_block;     // in SYN-RECEIVED from LISTEN, where a stub has neither text nor a user
    bool has_syn_again; // our SYN has gone more than once, or not at all
    uint32_t iss, snd_una, snd_nxt, snd_wnd, snd_wl1, snd_wl2, snd_wnd_max;
    uint32_t irs, rcv_nxt, rcv_wnd;
    uint8_t snd_wscale;
    bool has_timestamps;
    uint32_t ts_recent, last_ack_sent;
    bool has_urgent;
    uint32_t rcv_up;   // when has_urgent
    uint32_t user_nxt; // what the user reads next
    bool has_sack;
    struct oracle_block kept[ORACLE_KEPT_MAX]; // beyond a gap, the newest first
    uint32_t kept_count;
};

struct oracle_segment {
    uint8_t flags;
    uint32_t seq, ack;
    uint32_t text; // octets
    uint16_t wnd, up;
    bool is_from_us; // from the very endpoint that it goes to
    bool has_ts;
    uint32_t ts_val;
};

enum oracle_reply {
    ORACLE_NONE,
    ORACLE_SAYS_ACK,
    ORACLE_SAYS_RST,
    ORACLE_SAYS_RST_ACK,
    ORACLE_SAYS_SYN_ACK,
    ORACLE_REPLY_COUNT
};

struct oracle_verdict {
    enum oracle_reply reply;
    uint32_t seq, ack;         // of the reply
    uint32_t text;             // octets of ours that the reply carries
    bool has_syn_again;        // and our SYN comes behind it, without text
    bool has_new_iss;          // its number is the stack's choice
    bool must_follow;          // but lies behind all that the last incarnation has sent
    uint32_t delivered;        // octets, in order
    bool has_blocks;           // the reply, if it is an ACK, tells what is kept, and
    struct oracle_block again; // what has come twice; empty: nothing
    uint32_t answers_max;  // to the same segment, however often it comes at one time; 0: no limit
    struct oracle_tcb tcb; // afterwards
};

struct oracle {
    enum oracle_rule without; // taken away; ORACLE_RULE_COUNT: none
    uint64_t asked[ORACLE_RULE_COUNT];
};

void oracle_judge(struct oracle *oracle, const struct oracle_tcb *tcb,
                  const struct oracle_segment *segment, struct oracle_verdict *out);

const char *oracle_state_name(enum oracle_state state);
const char *oracle_rule_name(enum oracle_rule rule);
const char *oracle_rule_clause(enum oracle_rule rule);
const char *oracle_rule_text(enum oracle_rule rule);

#endif
