// SPDX-License-Identifier: MIT
//
// Ends of records, SYNFIN_OPTION_RECORD_END: no segment goes beyond one, neither when its octets
// are sent first nor when they are sent again. TCP knows no records and the peer's user sees none;
// but whoever reads segment by segment, or stamps packets with times, finds a record's last octet
// where a segment ends. A connection has ends only from the first mark on until that is
// acknowledged, and pays nothing before and after.
#ifndef SYNFIN_TCP_RECORD_H
#define SYNFIN_TCP_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_conn.h"

struct tcp_records;

// Octets of the pool's objects.
uint32_t tcp_record_bytes(void);
// All that is queued ends a record. Errors: INVALID (nothing may be queued), NO_MEMORY.
enum synfin_error tcp_record_end(struct tcp *tcp, struct tcp_conn *conn);
// Everything up to SND.UNA, or everything, is gone.
void tcp_record_drop_acked(struct tcp *tcp, struct tcp_conn *conn);
void tcp_record_drop_all(struct tcp *tcp, struct tcp_conn *conn);
bool tcp_record_check(const struct tcp_conn *conn);

// What follows is asked of connections with records only, by the functions below.
uint32_t tcp_record_trim_to_end(const struct tcp_conn *conn, struct seq seq, uint32_t bytes);
bool tcp_record_has_end(const struct tcp_conn *conn, struct seq seq);
struct seq tcp_record_find_begin(const struct tcp_conn *conn, struct seq left, struct seq right);

// How many of these octets belong to one record.
static inline uint32_t tcp_record_trim(const struct tcp_conn *conn, struct seq seq, uint32_t bytes)
{
    return conn->records == NULL ? bytes : tcp_record_trim_to_end(conn, seq, bytes);
}

// Whether these octets are the last of a record: whoever waits for more would wait in vain.
static inline bool tcp_record_ends(const struct tcp_conn *conn, struct seq seq, uint32_t bytes)
{
    return conn->records != NULL && bytes > 0 && tcp_record_has_end(conn, seq_add(seq, bytes));
}

// Where the last record in [left, right) begins, or `left` when all belong to one.
static inline struct seq tcp_record_begin(const struct tcp_conn *conn, struct seq left,
                                          struct seq right)
{
    return conn->records == NULL ? left : tcp_record_find_begin(conn, left, right);
}

#endif
