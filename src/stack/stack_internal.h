// SPDX-License-Identifier: MIT
//
// The stack: one network layer, one TCP, one wheel and one budget of memory, tied together. It
// judges nothing itself; it carries packets up, segments down and time across.
//
//     input   packet -> net_input -> tcp_input, or an ICMP error -> tcp_icmp_error
//     output  net's own packets, then strays and ready connections, sharing the array:
//             next hop known? -> tcp_output -> net_emit
//     advance wheel -> net_advance, tcp_timer_fire
//
// The structure lies in a slab of its own, so that it counts against the memory limit.
#ifndef SYNFIN_STACK_STACK_INTERNAL_H
#define SYNFIN_STACK_STACK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "base/report.h"
#include "base/siphash.h"
#include "base/slab.h"
#include "base/wheel.h"
#include "net/net.h"
#include "tcp/tcp.h"

// What a connection has had of its turn to send on an interface.
struct stack_turn {
    uint32_t conn; // its number; 0: the next turn is a new one
    uint32_t segments;
};

struct synfin_stack {
    struct synfin_stack_config config;
    struct slab_source memory; // holds the environment
    struct net *net;
    struct tcp tcp;
    struct wheel wheel; // of every connection, and of net
    struct report report;
    struct stack_turn turn[SYNFIN_IFACES_MAX];
    uint64_t now_ns;             // the latest time any caller has named
    uint64_t trim_ns;            // when memory is given back that nobody has needed since the last
    struct siphash_key flow_key; // secret; behind flow labels, RFC 6437 §3
    uint64_t packets_in, packets_out;
};

// The present: `now_ns`, or the latest time named before when that is later.
static inline uint64_t stack_now(struct synfin_stack *stack, uint64_t now_ns)
{
    stack->now_ns = now_ns > stack->now_ns ? now_ns : stack->now_ns;
    return stack->now_ns;
}

// stack_config.c: fills `to` from `from` (NULL: all defaults); false when a field is out of range.
bool stack_config_read(struct synfin_stack_config *to, const struct synfin_stack_config *from);
bool stack_config_read_iface(struct synfin_iface_config *to,
                             const struct synfin_iface_config *from);

// stack_path.c: the way to `remote` and our address there, which is `bound` unless that is NULL.
// Errors: INVALID (nobody can be connected to there), NO_ROUTE, BAD_LOCAL_ADDR.
enum synfin_error stack_path_find(struct synfin_stack *stack, const struct synfin_addr *remote,
                                  const struct synfin_addr *bound, struct tcp_path *path,
                                  struct synfin_addr *source);
// The path of answers to what arrives on `iface`: the route is looked up when one is sent.
void stack_path_of_iface(const struct synfin_stack *stack, uint32_t iface, struct tcp_path *path);
// Looks up where the next packet of the connection goes. With READY, `mac` is filled in and
// conn->path says the interface, which may be another than before.
enum net_resolution stack_path_resolve(struct synfin_stack *stack, struct tcp_conn *conn,
                                       uint64_t now_ns, uint8_t mac[6]);
// The peer has just answered: its next hop need not be asked whether it is still there.
void stack_path_confirm(struct synfin_stack *stack, const struct tcp_conn *conn, uint64_t now_ns);
// Lets connections go on whose next hop was found, or was given up.
void stack_path_poll_changes(struct synfin_stack *stack);
// True once after the connection's next hop was given up while it waited.
bool stack_path_take_failure(struct tcp_conn *conn);

// socket.c
synfin_socket socket_handle(const struct synfin_stack *stack, const struct tcp_conn *conn);
struct tcp_conn *socket_conn(const struct synfin_stack *stack, synfin_socket socket);

#endif
