// SPDX-License-Identifier: MIT
//
// A TCP/IP stack as a value: no clock, no thread, no I/O of its own. Five verbs drive it, packets
// come in and go out in bursts, and time is an argument. Any number of stacks may live in one
// process; each belongs to one thread at a time.
//
//     synfin_stack_input(stack, iface, packets, n, now);     what the device received
//     synfin_stack_advance(stack, now);                      every timer that is due
//     while (synfin_stack_next_event(stack, &event)) ...     what the sockets have to say
//     n = synfin_stack_output(stack, iface, packets, max, now);  what to send, until it gives 0
//     wait until synfin_stack_next_deadline(stack) or the next packet
#ifndef SYNFIN_STACK_H
#define SYNFIN_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/addr.h>
#include <synfin/config.h>
#include <synfin/error.h>
#include <synfin/packet.h>
#include <synfin/reason.h>
#include <synfin/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct synfin_stack synfin_stack;
// Names one socket of a stack until it is closed; a closed handle is never valid again. 0 never
// names a socket.
typedef uint64_t synfin_socket;

// "No deadline": later than every time.
#define SYNFIN_NEVER UINT64_MAX

enum { SYNFIN_IFACES_MAX = 8, SYNFIN_ADDRS_MAX = 8, SYNFIN_ROUTES_MAX = 32 };

// Everything a stack needs from outside. Copied by synfin_stack_create.
struct synfin_env {
    size_t size; // sizeof(struct synfin_env)
    void *ctx;   // first argument of the functions below
    // Gives `bytes` octets aligned to 64, or NULL; called rarely and with few different sizes. What
    // was not needed for a minute or two is given back, and at once when this has no more.
    void *(*slab_take)(void *ctx, size_t bytes);
    void (*slab_give)(void *ctx, void *slab, size_t bytes);
    // Fills `out` with `bytes` unpredictable octets; called at creation for keys.
    void (*entropy)(void *ctx, void *out, size_t bytes);
    synfin_trace_fn trace; // NULL: no tracing, at no cost
    void *trace_ctx;
};

// Makes a stack. `env` and `config` are copied; NULL config means the defaults.
// Errors: INVALID (a field out of range), NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_create(const struct synfin_env *env, const struct synfin_stack_config *config,
                    uint64_t now_ns, synfin_stack **out);
// Gives every slab back; sends nothing, tells no peer.
SYNFIN_API void synfin_stack_destroy(synfin_stack *stack /* takes */);

// An interface: what the stack needs to know of a device.
struct synfin_iface_config {
    size_t size;
    uint8_t is_ethernet;  // layer 2: ARP, NDP, Ethernet headers; else bare IP datagrams
    uint8_t mac[6];       // our station address, when is_ethernet
    uint32_t mtu_bytes;   // largest IP datagram, 576-65535 (1280 and more to carry IPv6)
    uint32_t gso_bytes;   // largest super-packet the device takes; 0: none
    uint8_t can_checksum; // the device fills in partial checksums
    uint8_t accept_router_advertisements; // RFC 4861: addresses, routes and MTU from routers
};

// Fills every field: bare IP datagrams of 1500 octets, no offloads.
SYNFIN_API void synfin_iface_config_default(struct synfin_iface_config *config);
// Adds an interface and gives its number, from 0. Errors: INVALID, LIMIT.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_add_iface(synfin_stack *stack, const struct synfin_iface_config *config,
                       uint32_t *iface);
// Gives an interface an address and the route to its network. Errors: INVALID, LIMIT, IN_USE.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_add_addr(synfin_stack *stack, uint32_t iface, const struct synfin_prefix *prefix);
// Adds a route by way of `gateway`, or, when that is unspecified, directly on the interface.
// The longest prefix wins. Errors: INVALID, LIMIT.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_add_route(synfin_stack *stack, uint32_t iface, const struct synfin_prefix *prefix,
                       const struct synfin_addr *gateway);

// Takes `n` packets that arrived on `iface` (borrowed for the call).
SYNFIN_API void synfin_stack_input(synfin_stack *stack, uint32_t iface,
                                   const struct synfin_packet *packets, uint32_t n,
                                   uint64_t now_ns);
// Fills up to `max` packets with what is to be sent on `iface` now; returns how many. Valid until
// the next call on the stack. Call again until it returns 0.
SYNFIN_API uint32_t synfin_stack_output(synfin_stack *stack, uint32_t iface,
                                        struct synfin_packet *packets, uint32_t max,
                                        uint64_t now_ns);
// Runs every timer whose deadline is not after `now_ns`. Time never runs backwards inside: an
// earlier `now_ns` than before counts as the latest one.
SYNFIN_API void synfin_stack_advance(synfin_stack *stack, uint64_t now_ns);
// When to call advance next; SYNFIN_NEVER when no timer is set and there is no memory to give back.
// Never later than the first deadline, at most 66 us before it.
SYNFIN_API uint64_t synfin_stack_next_deadline(const synfin_stack *stack);
// True when synfin_stack_output has something to give for `iface`.
SYNFIN_API bool synfin_stack_has_output(const synfin_stack *stack, uint32_t iface);

// X(code, name, what it means and what to call)
#define SYNFIN_EVENTS(X)                                                                          \
    X(CONNECTED, "connected", "connect has succeeded")                                            \
    X(ACCEPTABLE, "acceptable", "a listener has a connection for accept")                         \
    X(READABLE, "readable", "recv gives data or the end of the peer's data")                      \
    X(WRITABLE, "writable", "send has room again after it had none")                              \
    X(URGENT, "urgent", "the peer marked data as urgent, or moved the mark")                      \
    X(UNANSWERED, "unanswered", "three retransmissions without an answer: it may come to an end") \
    X(CLOSED, "closed", "the connection ended; error says how: the handle waits for close")

enum synfin_event_kind {
#define SYNFIN_EVENT_ENUM(code, name, text) SYNFIN_EVENT_##code,
    SYNFIN_EVENTS(SYNFIN_EVENT_ENUM)
#undef SYNFIN_EVENT_ENUM
        SYNFIN_EVENT_COUNT
};

// Such as "connected"; "?" for a number that is no event.
SYNFIN_API const char *synfin_event_name(enum synfin_event_kind kind);

// An ICMP error that quoted one of our segments. Anybody can send one: it explains, no more.
struct synfin_icmp {
    uint8_t version;         // 4: RFC 792; 6: RFC 4443; 0: none was heard
    uint8_t type, code;      // as that version numbers them
    struct synfin_addr from; // who sent it: a router, or the peer
};

struct synfin_event {
    enum synfin_event_kind kind;
    synfin_socket socket;
    void *user;                // what synfin_socket_set_user set
    enum synfin_error error;   // CLOSED: OK after an orderly close, else why it ended
    enum synfin_reason reason; // CLOSED: the cause, with its clause
    uint32_t tries;            // CLOSED: how often what had no answer was sent: SYNs, or data
    uint64_t waited_ns;        // CLOSED: since the peer was last heard; since connect if never
    struct synfin_icmp icmp;   // CLOSED: the last one about what had no answer
};

// Gives the next event; false when there is none. Events are edges: each is given once per
// change, and a socket has at most one of each kind pending.
SYNFIN_API bool synfin_stack_next_event(synfin_stack *stack, struct synfin_event *event);

enum { SYNFIN_FASTOPEN_COOKIE_MAX = 16 };

// A Fast Open cookie that a server gave this stack (RFC 7413 §4.1.3), to be kept for another run.
struct synfin_fastopen_cookie {
    size_t size; // sizeof(struct synfin_fastopen_cookie), set by the caller
    struct synfin_addr local, remote;
    uint16_t mss_bytes; // that the server told with it; 0: none
    uint8_t bytes;      // 4-16 and even; 0 in synfin_stack_fastopen_set: the server is forgotten
    uint8_t octet[SYNFIN_FASTOPEN_COOKIE_MAX];
};

// Errors: AGAIN (none is known between these addresses), INVALID (size).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_fastopen_get(const synfin_stack *stack, const struct synfin_addr *local,
                          const struct synfin_addr *remote, struct synfin_fastopen_cookie *out);
// Errors: INVALID (size or length), NO_MEMORY (also with fastopen_peers_max 0).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_fastopen_set(synfin_stack *stack, const struct synfin_fastopen_cookie *cookie,
                          uint64_t now_ns);

enum { SYNFIN_FASTOPEN_KEY = 16, SYNFIN_FASTOPEN_KEYS_MAX = 2 }; // octets; keys

// The keys, each of 16 octets, under which a server's Fast Open cookies are made from now on: the
// present one, and behind it the one before, whose cookies are still good and replaced. 0 keys: the
// stack's own, which change by themselves. Machines with one key know each other's cookies; those
// of Linux with these octets as its key are the same. Errors: INVALID (more than two).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_stack_fastopen_keys(synfin_stack *stack, const uint8_t *keys, uint32_t count);

struct synfin_stack_stats {
    size_t size;                // sizeof(struct synfin_stack_stats), set by the caller
    uint64_t memory_bytes;      // taken from slab_take now
    uint64_t memory_used_bytes; // of that, in use by objects
    uint32_t sockets;           // all, of every state
    uint32_t by_state[SYNFIN_TCP_STATE_COUNT];
    uint64_t packets_in, packets_out;
    uint64_t segments_in, segments_out, segments_retransmitted;
    uint64_t octets_in, octets_out; // TCP payload accepted and sent for the first time
};

// Fills as much of *out as the `size` that the caller has set says.
SYNFIN_API void synfin_stack_stats(const synfin_stack *stack, struct synfin_stack_stats *out);
// How often this reason occurred since creation.
SYNFIN_API uint64_t synfin_stack_count(const synfin_stack *stack, enum synfin_reason reason);

#ifdef __cplusplus
}
#endif
#endif
