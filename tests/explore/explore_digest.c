// SPDX-License-Identifier: MIT
//
// What makes two worlds the same: everything that decides what may happen next, with sequence
// numbers counted from their connection's first, timers by their order, and packets as a set.
// Round-trip times, clocks, counters and addresses in memory are left out.
#include <string.h>

#include "explore_world.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_internal.h"

static uint64_t mix(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return digest ^ digest >> 29;
}

static uint64_t mix_timers(uint64_t digest, const struct tcp_conn *conn)
{
    uint32_t armed = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        armed |= (uint32_t)(conn->deadline_ns[i] != SYNFIN_NEVER) << i;
        first = conn->deadline_ns[i] < conn->deadline_ns[first] ? i : first;
    }
    return mix(mix(digest, armed), first);
}

static uint64_t mix_sequence(uint64_t digest, const struct tcp_conn *conn)
{
    uint32_t iss = conn->iss.n;
    uint32_t irs = conn->irs.n;
    bool has_peer = conn->state != SYNFIN_TCP_STATE_SYN_SENT;
    digest = mix(digest, (uint64_t)(conn->snd.una.n - iss) << 32 | (conn->snd.nxt.n - iss));
    digest = mix(digest, conn->snd.resend.n - iss);
    digest = mix(digest, (uint64_t)conn->snd.wnd << 32 | (conn->snd.edge.n - iss));
    if (has_peer) {
        digest = mix(digest, (uint64_t)(conn->rcv.nxt.n - irs) << 32 | (conn->rcv.adv.n - irs));
        digest = mix(digest, (uint64_t)(conn->snd.wl1.n - irs) << 32 | (conn->snd.wl2.n - iss));
        digest = mix(digest, conn->rcv.acked.n - irs);
    }
    return digest;
}

static uint64_t mix_conn(uint64_t digest, const struct tcp_conn *conn)
{
    const uint8_t facts[] = {conn->state,        conn->is_passive,    conn->is_orphan,
                             conn->is_syn_acked, conn->snd_closed,    conn->fin_sent,
                             conn->rcv_shut,     conn->has_fin,       conn->fin_received,
                             conn->retries,      conn->probes,        conn->unanswered,
                             conn->challenges,   conn->has_answered,  conn->rtt.backoff,
                             conn->error,        conn->has_syn_lost,  conn->recovery.is_active,
                             conn->is_done,      conn->pending.probe, conn->uses_timestamps,
                             conn->undo.frto,    conn->rtt.is_timing};
    for (uint32_t i = 0; i < sizeof facts; i++) {
        digest = mix(digest, facts[i]);
    }
    digest = mix(digest, (uint64_t)conn->send.bytes << 32 | conn->receive.bytes);
    digest = mix(digest, conn->recovery.dup_acks);
    return mix_timers(mix_sequence(digest, conn), conn);
}

static uint64_t mix_stub(uint64_t digest, const struct tcp_stub *stub, uint32_t iss)
{
    if (stub == NULL) {
        return mix(digest, 1);
    }
    digest = mix(digest, stub->ours.n - iss);
    return mix(digest, stub->queue);
}

static uint64_t mix_end(uint64_t digest, const struct explore_world *world, uint32_t index)
{
    const struct explore_end *end = &world->end[index];
    struct tcp *tcp = &end->stack->tcp;
    const uint8_t facts[] = {end->socket != 0,  end->listener != 0, end->opens,
                             end->listens,      end->writes,        end->has_shut,
                             end->has_eof,      end->has_ended,     (uint8_t)end->written,
                             (uint8_t)end->read};
    for (uint32_t i = 0; i < sizeof facts; i++) {
        digest = mix(digest, facts[i]);
    }
    digest = mix(digest, explore_world_state(world, index));
    digest = mix(digest, (uint64_t)tcp->conns.objects << 32 | tcp->in_table);
    for (uint32_t i = 0; i < tcp->conns.slabs_high * tcp->conns.objects_per_slab; i++) {
        const struct tcp_conn *conn = slab_pool_at(&tcp->conns, i);
        if (conn != NULL && conn->is_in_table) {
            digest = mix_conn(digest, conn);
        }
    }
    digest = mix_stub(digest, tcp_stub_oldest(&tcp->time_wait, 0), end->iss);
    for (uint32_t queue = 0; queue < 3; queue++) {
        digest = mix_stub(digest, tcp_stub_oldest(&tcp->half_open, queue), end->iss);
    }
    return digest;
}

static uint64_t digest_of_packet(const struct explore_world *world,
                                 const struct explore_packet *packet)
{
    struct segment_wire segment;
    if (segment_wire_parse(packet->octets, packet->bytes, &segment) != NULL) {
        return 0;
    }
    uint64_t digest = mix(packet->from, segment.flags);
    digest = mix(digest, segment.seq - world->end[packet->from].iss);
    if ((segment.flags & SYNFIN_TCP_ACK) != 0) {
        digest = mix(digest, segment.ack - world->end[1 - packet->from].iss);
    }
    return mix(mix(digest, segment.payload_bytes), segment.window);
}

uint64_t explore_world_digest(const struct explore_world *world)
{
    uint64_t packets = 0;
    for (uint32_t i = 0; i < world->in_flight; i++) {
        packets += digest_of_packet(world, &world->flight[i]);
    }
    uint64_t digest = mix(packets, world->in_flight);
    digest =
        mix(digest, (uint64_t)world->drops << 16 | (uint64_t)world->copies << 8 | world->timers);
    digest = mix_end(mix_end(digest, world, 0), world, 1);
    return digest != 0 ? digest : 1;
}
