// SPDX-License-Identifier: MIT
//
// Accurate ECN feedback (RFC 9768): the receiver counts packets and octets by their marks and says
// what it has counted, instead of one bit per round trip:
//
//     ACE, the flags AE CWR ECE of every segment:  packets with CE, the lowest 3 bits of the count
//     the AccECN option, where there is room:      octets with ECT(0), CE and ECT(1), 24 bits each
//
// Three bits go around after eight marks, so that the sender has to judge how often they did when
// acknowledgments were lost (§3.2.2.5.2).
#include "tcp/tcp_accecn.h"

#include "tcp/tcp_internal.h"
#include "tcp/tcp_sack.h"

enum {
    CEP_INITIAL = 5,   // §3.2.1: r.cep and s.cep
    BYTES_INITIAL = 1, // r.e0b and r.e1b; r.ceb begins with 0
    ACE_SPAN = 8,
    FIELD_MASK = 0xffffff,
    SAFETY_FACTOR = 2,      // appendix A.2.2
    OPTION_SHORT = 8,       // two counters
    OPTION_LONG = 12,       // three, and a NOP
    MARKS_WITH_DATA = 2,    // §3.2.2.5.1: marks that make an acknowledgment due
    MARKS_WITHOUT_DATA = 3, // the same, while nothing else is due
    AVERAGE_SHARE = 8,
    AVERAGE_LONG = 4 * AVERAGE_SHARE, // packets per acknowledgment that are no sign of lost ones
};

// Counters, as bits.
enum { E0B = 1, CEB = 2, E1B = 4 };

static uint16_t flags_of(uint32_t ace)
{
    return (uint16_t)(((ace & 4) != 0 ? SYNFIN_TCP_AE : 0) | ((ace & 2) != 0 ? SYNFIN_TCP_CWR : 0)
                      | ((ace & 1) != 0 ? SYNFIN_TCP_ECE : 0));
}

uint32_t tcp_accecn_ace(uint16_t flags)
{
    return ((flags & SYNFIN_TCP_AE) != 0 ? 4u : 0) | ((flags & SYNFIN_TCP_CWR) != 0 ? 2u : 0)
           | ((flags & SYNFIN_TCP_ECE) != 0 ? 1u : 0);
}

// §3.1.1 Table 2, §3.2.2.1 Table 3.
uint16_t tcp_accecn_echo(enum tcp_ecn_field field)
{
    static const uint8_t ace[] = {
        [TCP_ECN_NOT_ECT] = 2, [TCP_ECN_ECT_1] = 3, [TCP_ECN_ECT_0] = 4, [TCP_ECN_CE] = 6};
    return flags_of(ace[field]);
}

// Receiver

static void count_bytes(struct tcp_ecn *ecn, enum tcp_ecn_field field, uint32_t bytes)
{
    static const uint8_t counters[] = {
        [TCP_ECN_NOT_ECT] = 0, [TCP_ECN_ECT_1] = E1B, [TCP_ECN_ECT_0] = E0B, [TCP_ECN_CE] = CEB};
    uint8_t counter = bytes > 0 ? counters[field] : 0;
    ecn->e0b += counter == E0B ? bytes : 0;
    ecn->ceb += counter == CEB ? bytes : 0;
    ecn->e1b += counter == E1B ? bytes : 0;
    ecn->fields_owed |= counter;
    ecn->fields_used |= counter;
}

// §3.2, §3.2.2.5.1: the first mark of a row of data, and every second one, makes an acknowledgment
// due; acknowledgments that are marked make one for three.
void tcp_accecn_on_received(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    enum tcp_ecn_field field = (enum tcp_ecn_field)seg->arrival->ecn;
    bool is_marked = field == TCP_ECN_CE;
    bool has_data = seg->text.bytes > 0;
    bool is_first = is_marked && has_data && !ecn->was_marked;
    ecn->was_marked = is_marked;
    count_bytes(ecn, field, seg->text.bytes);
    if (!is_marked) {
        return;
    }
    ecn->received_ce++;
    if (ecn->marks_untold < UINT8_MAX) {
        ecn->marks_untold++;
    }
    bool is_unacked = has_data || conn->rcv.unacked_bytes > 0;
    if (is_first || ecn->marks_untold >= (is_unacked ? MARKS_WITH_DATA : MARKS_WITHOUT_DATA)) {
        tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_MARKS);
    }
}

// Which counters the next option carries: all that have ever counted, if there is room, else at
// least those that count since the last one (§3.2.3.3).
static uint8_t choose_fields(const struct tcp_conn *conn)
{
    const struct tcp_ecn *ecn = &conn->ecn;
    bool is_due = ecn->fields_owed != 0 || ecn->tests_option;
    if (ecn->mode != TCP_ECN_ACCURATE || ecn->is_option_lost || !is_due) {
        return 0;
    }
    uint8_t fields = (ecn->fields_used & E1B) == 0   ? E0B | CEB
                     : (ecn->fields_used & E0B) == 0 ? E1B | CEB
                                                     : E0B | CEB | E1B;
    bool is_tight = conn->uses_timestamps && tcp_sack_has_two(conn);
    if (fields == (E0B | CEB | E1B) && is_tight) {
        fields = (ecn->fields_owed & E1B) == 0   ? E0B | CEB
                 : (ecn->fields_owed & E0B) == 0 ? E1B | CEB
                                                 : 0;
    }
    return fields;
}

uint32_t tcp_accecn_option_bytes(const struct tcp_conn *conn)
{
    uint8_t fields = choose_fields(conn);
    return fields == 0 ? 0 : fields == (E0B | CEB | E1B) ? OPTION_LONG : OPTION_SHORT;
}

// §3.2.3.1
static void add_option(struct tcp_conn *conn, struct wire_tcp *h)
{
    struct tcp_ecn *ecn = &conn->ecn;
    uint8_t fields = choose_fields(conn);
    if (fields == 0) {
        return;
    }
    uint32_t e0b = (ecn->e0b + BYTES_INITIAL) & FIELD_MASK;
    uint32_t e1b = (ecn->e1b + BYTES_INITIAL) & FIELD_MASK;
    bool is_order_0 = (fields & E0B) != 0;
    h->accecn = (struct wire_accecn){
        .kind = is_order_0 ? WIRE_ACCECN_0 : WIRE_ACCECN_1,
        .fields = fields == (E0B | CEB | E1B) ? 3 : 2,
        .field = {is_order_0 ? e0b : e1b, ecn->ceb & FIELD_MASK, is_order_0 ? e1b : e0b},
    };
    ecn->fields_owed = 0;
}

void tcp_accecn_initial_option(struct wire_accecn *out)
{
    *out = (struct wire_accecn){
        .kind = WIRE_ACCECN_0, .fields = 3, .field = {BYTES_INITIAL, 0, BYTES_INITIAL}};
}

// §3.2.2.1: the acknowledgment of a SYN+ACK says with which mark that has come.
static bool is_handshake_ack(const struct tcp_plan *plan, const struct wire_tcp *h)
{
    bool is_kind = plan->reason == SYNFIN_REASON_SEND_HANDSHAKE_ACK
                   || plan->reason == SYNFIN_REASON_SEND_HANDSHAKE_ACK_AGAIN;
    return plan->kind == TCP_PLAN_ACK && is_kind && h->sack_blocks == 0;
}

void tcp_accecn_on_sending(struct tcp_conn *conn, const struct tcp_plan *plan, struct wire_tcp *h)
{
    struct tcp_ecn *ecn = &conn->ecn;
    bool is_first_data = plan->bytes > 0 && seq_eq(plan->seq, seq_add(conn->iss, 1));
    // §3.2.3.2.2: the first data that carried one were lost, perhaps for it.
    ecn->is_option_lost = ecn->is_option_lost || (is_first_data && plan->is_again);
    add_option(conn, h);
    ecn->tests_option = ecn->tests_option && plan->bytes == 0;
    ecn->marks_untold = 0;
    h->flags |= is_handshake_ack(plan, h) ? tcp_accecn_echo((enum tcp_ecn_field)ecn->syn_field)
                                          : flags_of(CEP_INITIAL + ecn->received_ce);
}

bool tcp_accecn_has_cwr(const struct tcp_ecn *ecn)
{
    return (flags_of(CEP_INITIAL + ecn->received_ce) & SYNFIN_TCP_CWR) != 0;
}

// Sender

// Appendix A.1: something newer than all that was heard before.
static bool is_news(const struct tcp_conn *conn, const struct tcp_segment *seg,
                    const struct tcp_ecn_news *news)
{
    bool is_later = conn->uses_timestamps && seg->h.has_timestamps
                    && (int32_t)(seg->h.ts_val - conn->ts_recent) > 0;
    bool has_new_text = seg->text.bytes > 0 && seq_ge(seg->h.seq, conn->rcv.nxt);
    return news->delivered_bytes > 0 || is_later || has_new_text;
}

// What is decoded of one acknowledgment.
struct count {
    uint32_t packets; // d.cep
    uint32_t bytes;   // d.ceb, when there is an option
    bool has_bytes;
};

// §3.2.3.1, §3.2.3.2.4: counters that begin with 0 were zeroed on the way.
static void read_option(struct tcp_ecn *ecn, const struct wire_accecn *option, struct count *count)
{
    if (option->kind == 0) {
        return;
    }
    count->has_bytes = option->fields >= 2 && !ecn->is_option_zeroed;
    if (count->has_bytes) {
        count->bytes = (option->field[1] - ecn->delivered_ceb) & FIELD_MASK;
        ecn->delivered_ceb += count->bytes;
    }
}

// Packets that an acknowledgment is about, on average: when they are many, a run of eight is no
// sign that acknowledgments were lost.
static void average(struct tcp_ecn *ecn, uint32_t packets)
{
    uint32_t sample = packets < UINT8_MAX / AVERAGE_SHARE ? packets : UINT8_MAX / AVERAGE_SHARE;
    uint32_t old = ecn->packets_average;
    ecn->packets_average =
        (uint8_t)(old == 0 ? sample * AVERAGE_SHARE : old - old / AVERAGE_SHARE + sample);
}

// §3.2.2.5.2, appendix A.2: how often ACE has gone around, by the safest case that is likely. An
// option with the octets shows when the safer count would mean segments that are too small.
uint32_t tcp_accecn_safer(uint32_t least, uint32_t packets, uint32_t mss, const uint32_t *ce_bytes)
{
    if (packets <= least) {
        return least;
    }
    uint32_t safer = packets - (packets - least) % ACE_SPAN;
    if (safer > least && ce_bytes != NULL && *ce_bytes <= mss * least
        && *ce_bytes / safer < mss / SAFETY_FACTOR) {
        return least;
    }
    return safer;
}

static void count_marks(struct tcp_conn *conn, const struct tcp_segment *seg, uint32_t packets,
                        struct count *count)
{
    struct tcp_ecn *ecn = &conn->ecn;
    uint32_t ace = tcp_accecn_ace(seg->h.flags);
    uint32_t least = (ace - CEP_INITIAL - ecn->delivered_ce) % ACE_SPAN;
    read_option(ecn, &seg->h.accecn, count);
    bool may_be_lost = ecn->packets_average < AVERAGE_LONG || count->has_bytes;
    count->packets = may_be_lost ? tcp_accecn_safer(least, packets, conn->snd.mss,
                                                    count->has_bytes ? &count->bytes : NULL)
                                 : least;
    ecn->delivered_ce += count->packets;
}

// §3.2.2.4, §3.2.3.2.5: marks that contradict themselves.
static void check_feedback(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                           const struct count *count, uint32_t packets)
{
    struct tcp_ecn *ecn = &conn->ecn;
    bool is_zero = !ecn->has_ace && tcp_accecn_ace(seg->h.flags) == 0;
    bool is_inconsistent = count->bytes > 0 && count->packets == 0 && packets < ACE_SPAN;
    if (is_zero) {
        ecn->is_barred = ecn->is_deaf = true;
        report_count(tcp->report, SYNFIN_REASON_ECN_ZEROED);
    }
    if (is_inconsistent && !ecn->is_barred) {
        ecn->is_barred = true;
        report_count(tcp->report, SYNFIN_REASON_ECN_INCONSISTENT);
    }
    ecn->has_ace = true;
}

bool tcp_accecn_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                       const struct tcp_ecn_news *news)
{
    struct tcp_ecn *ecn = &conn->ecn;
    struct count count = {0};
    uint32_t mss = conn->snd.mss;
    if (tcp_segment_has(seg, SYNFIN_TCP_SYN) || !is_news(conn, seg, news)) {
        return false;
    }
    uint32_t packets = (news->delivered_bytes + mss - 1) / mss;
    if (packets > 0) {
        average(ecn, packets);
    }
    count_marks(conn, seg, packets, &count);
    check_feedback(tcp, conn, seg, &count, packets);
    if (ecn->is_deaf) {
        return false;
    }
    // Appendix A.3, where the octets are not told.
    uint32_t marked = count.has_bytes ? count.bytes : count.packets * mss;
    ecn->marked_bytes = tcp_cc_smaller(marked, news->delivered_bytes);
    return count.packets > 0;
}

// Handshake

// §3.2.2.3: our SYN or SYN+ACK was sent as Not-ECT, and must have arrived as that.
static bool take_echo(struct tcp *tcp, struct tcp_conn *conn, uint32_t ace)
{
    bool is_changed = ace == 3 || ace == 4 || ace == 6;
    if (is_changed) {
        conn->ecn.is_barred = true;
        report_count(tcp->report, SYNFIN_REASON_ECN_MANGLED);
    }
    return ace == 6;
}

// §3.2.3.2.3, §3.2.3.2.4
static void take_first_option(struct tcp_conn *conn, const struct wire_accecn *option)
{
    struct tcp_ecn *ecn = &conn->ecn;
    struct count none = {0};
    ecn->is_option_zeroed = (option->fields >= 1 && option->field[0] == 0)
                            || (option->fields >= 3 && option->field[2] == 0);
    read_option(ecn, option, &none);
}

bool tcp_accecn_on_syn_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->tests_option = true;
    tcp_accecn_take_syn_ack_field(conn, seg->arrival->ecn);
    take_first_option(conn, &seg->h.accecn);
    return take_echo(tcp, conn, tcp_accecn_ace(seg->h.flags));
}

// §3.2.2.2: a marked SYN+ACK counts once, however often it comes.
void tcp_accecn_take_syn_ack_field(struct tcp_conn *conn, uint8_t field)
{
    struct tcp_ecn *ecn = &conn->ecn;
    ecn->syn_field = field;
    if (field == TCP_ECN_CE && !ecn->was_syn_ack_marked) {
        ecn->was_syn_ack_marked = true;
        ecn->received_ce++;
    }
}

// §3.2.2.1, Table 4.
bool tcp_accecn_on_handshake_ack(struct tcp *tcp, struct tcp_conn *conn,
                                 const struct tcp_segment *seg)
{
    struct tcp_ecn *ecn = &conn->ecn;
    uint32_t ace = tcp_accecn_ace(seg->h.flags);
    take_first_option(conn, &seg->h.accecn);
    if (seg->text.bytes > 0 || seg->h.sack_blocks > 0) {
        return false; // a counter, which the next segment repeats
    }
    if (ace == 0) { // Note 1
        ecn->is_barred = ecn->is_deaf = true;
        report_count(tcp->report, SYNFIN_REASON_ECN_ZEROED);
    }
    bool is_marked = take_echo(tcp, conn, ace);
    ecn->delivered_ce += is_marked;
    return is_marked;
}
