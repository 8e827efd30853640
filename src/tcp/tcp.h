// SPDX-License-Identifier: MIT
//
// What the stack may call of TCP: one `struct tcp` per stack holds every connection, and the
// calls below are the segments, ticks, pulls and user calls of RFC 9293 §3.10. Below TCP is only
// what the arguments say: TCP knows neither links nor routes.
#ifndef SYNFIN_TCP_H
#define SYNFIN_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "base/entropy.h"
#include "base/list.h"
#include "base/report.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "buf/gather.h"
#include "buf/stream.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_cookie.h"
#include "tcp/tcp_fastopen.h"
#include "tcp/tcp_mtu_cache.h"
#include "tcp/tcp_stray.h"
#include "tcp/tcp_stub.h"

enum { TCP_PORT_BUCKETS = 256 };

struct tcp {
    struct synfin_stack_config config;
    struct slab_source *memory;
    struct wheel *wheel;
    struct report *report;

    struct slab_pool conns;         // struct tcp_conn
    struct slab_pool runs;          // struct reassembly_run
    struct slab_pool losses, spans; // struct tcp_loss, struct tcp_span
    struct slab_pool cc_states;     // of algorithms of congestion control that need more
    struct slab_pool autotunes;     // struct tcp_autotune
    struct slab_pool mtus;          // struct tcp_mtu
    struct slab_pool records;       // ends of records, and what holds a connection's
    struct chunk_pool chunks;

    struct tcp_conn **buckets; // by pair; a power of two, grown as it fills
    uint32_t bucket_count, in_table;
    struct tcp_conn *found_last; // by the last segment; NULL: none
    // A pair lies in one of the three tables at most: in the one above, or in one of these.
    struct tcp_stub_table half_open, time_wait;
    struct tcp_stub_addrs stub_addrs;
    struct tcp_cookie_jar cookies;
    uint64_t cookies_until_ns;                      // the last one that was sent is good until then
    struct tcp_path answer[SYNFIN_IFACES_MAX];      // of answers to what arrives there
    struct tcp_conn *port_bucket[TCP_PORT_BUCKETS]; // listeners and bound sockets by port

    struct siphash_key table_key, isn_key, ts_key;
    struct entropy entropy;
    uint32_t next_number, next_generation;
    bool has_avx2; // for checksums, see base/cpu.h

    struct list_node ready[SYNFIN_IFACES_MAX];  // connections with something to send
    struct list_node parked[SYNFIN_IFACES_MAX]; // the same, waiting for their next hop
    struct list_node events;                    // connections with events for the user
    struct list_node starved;                   // whose user waits for memory; by `family`

    struct tcp_mtu_cache mtu_cache;

    struct tcp_strays strays; // segments without a connection block

    struct tcp_fastopen_jar fastopen_jar;     // of cookies that we give
    struct slab_pool fastopen_jars;           // the same, of listeners with keys of their own
    struct tcp_fastopen_peers fastopen_peers; // and of those that we were given

    uint32_t by_state[SYNFIN_TCP_STATE_COUNT]; // blocks; stubs are counted by their tables
    uint64_t segments_in, segments_out, segments_retransmitted, octets_in, octets_out;
};

// Everything a segment brings from below.
struct tcp_arrival {
    struct synfin_addr src, dst;
    struct gather segment; // header and payload
    const uint8_t *head;   // the linear part at the TCP header
    uint32_t head_bytes;
    struct tcp_path path; // by which an answer would leave
    bool is_checksum_verified;
    uint8_t ecn; // enum tcp_ecn_field
};

// Errors: NO_MEMORY.
enum synfin_error tcp_init(struct tcp *tcp, const struct synfin_stack_config *config,
                           struct slab_source *memory, struct wheel *wheel, struct report *report);
void tcp_deinit(struct tcp *tcp);

// Segment arrives, §3.10.7.
void tcp_input(struct tcp *tcp, const struct tcp_arrival *arrival, uint64_t now_ns);
// Timeouts, §3.10.8: the entry that the wheel gave belongs to a connection, or to a table of stubs.
void tcp_timer_fire(struct tcp *tcp, struct wheel_entry *entry, uint64_t now_ns);

// Output, pulled. The stack takes the first ready connection, finds its next hop, and asks for a
// segment until false, which takes the connection off the list.
struct tcp_conn *tcp_ready_first(struct tcp *tcp, uint32_t iface);
// False: nothing now, and the connection may be gone.
// Builds the TCP header in packet->room, so that SYNFIN_PACKET_ROOM - 60 octets are free before it.
bool tcp_output(struct tcp *tcp, struct tcp_conn *conn, struct synfin_packet *packet,
                uint64_t now_ns);
// Puts the connection behind the others of its interface.
void tcp_ready_rotate(struct tcp *tcp, struct tcp_conn *conn);
// The next hop is being looked for: off the list until tcp_unpark_all, which is for strays too.
void tcp_park(struct tcp *tcp, struct tcp_conn *conn);
void tcp_unpark_all(struct tcp *tcp, uint32_t iface);
// A connection or a stray is ready.
bool tcp_has_output(const struct tcp *tcp, uint32_t iface);

// An ICMP error quoted a segment we sent (RFC 5927: validated here by its sequence number).
enum tcp_icmp {
    TCP_ICMP_NET_UNREACHABLE,
    TCP_ICMP_HOST_UNREACHABLE,
    TCP_ICMP_PORT_UNREACHABLE,
    TCP_ICMP_PROHIBITED,
    TCP_ICMP_TOO_BIG,
    TCP_ICMP_OTHER,        // time exceeded, parameter problem: soft at all times
    TCP_ICMP_NO_NEIGHBOUR, // said by nobody: our own next hop does not answer; soft
};
struct tcp_icmp_error {
    enum tcp_icmp kind;
    struct seq seq;          // the quoted sequence number
    uint32_t mtu_bytes;      // TOO_BIG
    struct synfin_icmp icmp; // for the user
};
void tcp_icmp_error(struct tcp *tcp, const struct tcp_pair *pair, const struct tcp_icmp_error *said,
                    uint64_t now_ns);
// The connection's way has another first hop: conn->path says how much it carries.
void tcp_path_changed(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

// User calls, §3.10.1-6. Handles are checked by the stack.
enum synfin_error tcp_open(struct tcp *tcp, struct tcp_conn **out);
enum synfin_error tcp_bind(struct tcp *tcp, struct tcp_conn *conn,
                           const struct synfin_endpoint *local);
enum synfin_error tcp_listen(struct tcp *tcp, struct tcp_conn *conn, uint32_t backlog,
                             uint64_t now_ns);
enum synfin_error tcp_accept(struct tcp *tcp, struct tcp_conn *listener, struct tcp_conn **out);
// `source` is the address to use when the socket is not bound to one, of the version of `remote`,
// which is an address and port that can be somebody's.
enum synfin_error tcp_connect(struct tcp *tcp, struct tcp_conn *conn,
                              const struct synfin_endpoint *remote,
                              const struct synfin_addr *source, const struct tcp_path *path,
                              uint64_t now_ns);
enum synfin_error tcp_send(struct tcp *tcp, struct tcp_conn *conn, const void *data, size_t bytes,
                           size_t *sent, uint64_t now_ns);
enum synfin_error tcp_recv(struct tcp *tcp, struct tcp_conn *conn, void *data, size_t capacity,
                           size_t *received, uint64_t now_ns);
enum synfin_error tcp_peek(struct tcp *tcp, struct tcp_conn *conn, struct synfin_span *pieces,
                           uint32_t *count);
enum synfin_error tcp_consume(struct tcp *tcp, struct tcp_conn *conn, size_t bytes,
                              uint64_t now_ns);
enum synfin_error tcp_shutdown(struct tcp *tcp, struct tcp_conn *conn, enum synfin_shutdown how,
                               uint64_t now_ns);
void tcp_close(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_abort(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
enum synfin_error tcp_set_option(struct tcp *tcp, struct tcp_conn *conn, enum synfin_option option,
                                 int64_t value, uint64_t now_ns);
enum synfin_error tcp_get_option(struct tcp *tcp, const struct tcp_conn *conn,
                                 enum synfin_option option, int64_t *value);
// An open connection goes on with the window it has. Errors: NO_MEMORY (nothing is changed).
enum synfin_error tcp_set_congestion(struct tcp *tcp, struct tcp_conn *conn,
                                     enum synfin_congestion algorithm);
void tcp_info(const struct tcp *tcp, const struct tcp_conn *conn, struct synfin_tcp_info *info,
              uint64_t now_ns);
// Takes one pending event off the first connection that has any; false when none has.
bool tcp_next_event(struct tcp *tcp, struct synfin_event *event, struct tcp_conn **conn);
// An open or connect (toward `remote`) comes to nothing with this error: counts and traces why.
// `conn` and `remote` may be NULL.
void tcp_tell_refusal(struct tcp *tcp, const struct tcp_conn *conn,
                      const struct synfin_endpoint *remote, enum synfin_error error,
                      uint64_t now_ns);

// Walks one connection and asserts every invariant of its state (tcp_check.c).
void tcp_conn_check(const struct tcp *tcp, const struct tcp_conn *conn);

#endif
