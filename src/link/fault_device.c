// SPDX-License-Identifier: MIT
//
// A link between a stack and another device, so that faults can be had on real devices too.
//
//     stack -> send -> [side A  link  side B] -> inner.send
//     stack <- receive <- [side A  link  side B] <- inner.receive
//
// Nothing runs by itself: every send and receive of the stack moves what is due in both
// directions, and next_deadline covers both, so a packet that is delayed on its way out leaves
// when the loop calls receive for it.
#include <string.h>

#include <synfin/link.h>

#include "base/check.h"
#include "base/deadline.h"

enum { BURST = 32 };

// How long to wait before packets that a full inner device refused are offered again.
static const uint64_t retry_ns = NS_PER_MS;

struct fault_device {
    struct synfin_device device;
    struct synfin_device *inner;
    synfin_link *link;
    struct synfin_env env;
    uint32_t out_first, out_count; // of out[]: came through the link, not yet taken by inner
    uint64_t out_retry_ns;         // when to offer them again; SYNFIN_NEVER: there are none
    struct synfin_packet out[BURST];
    struct synfin_packet in[BURST];
};

static struct fault_device *fault_of(struct synfin_device *device)
{
    return CONTAINER_OF(device, struct fault_device, device);
}

// Moves what has come through the link to `inner`, until that is full or nothing is due.
static void push_out(struct fault_device *fault, uint64_t now_ns)
{
    struct synfin_device *far_end = synfin_link_device(fault->link, SYNFIN_LINK_B);
    for (;;) {
        if (fault->out_first == fault->out_count) {
            fault->out_first = 0;
            fault->out_count = far_end->ops->receive(far_end, fault->out, BURST, now_ns);
        }
        uint32_t wanted = fault->out_count - fault->out_first;
        if (wanted == 0) {
            fault->out_retry_ns = SYNFIN_NEVER;
            return;
        }
        uint32_t taken =
            fault->inner->ops->send(fault->inner, &fault->out[fault->out_first], wanted, now_ns);
        fault->out_first += taken;
        if (taken < wanted) {
            fault->out_retry_ns = deadline_after(now_ns, retry_ns);
            return;
        }
    }
}

static uint32_t fault_send(struct synfin_device *device, const struct synfin_packet *packets,
                           uint32_t n, uint64_t now_ns)
{
    struct fault_device *fault = fault_of(device);
    struct synfin_device *near_end = synfin_link_device(fault->link, SYNFIN_LINK_A);
    uint32_t taken = near_end->ops->send(near_end, packets, n, now_ns);
    push_out(fault, now_ns);
    return taken;
}

static uint32_t fault_receive(struct synfin_device *device, struct synfin_packet *packets,
                              uint32_t max, uint64_t now_ns)
{
    struct fault_device *fault = fault_of(device);
    struct synfin_device *near_end = synfin_link_device(fault->link, SYNFIN_LINK_A);
    struct synfin_device *far_end = synfin_link_device(fault->link, SYNFIN_LINK_B);
    push_out(fault, now_ns);
    uint32_t wanted = max < BURST ? max : BURST;
    uint32_t got = fault->inner->ops->receive(fault->inner, fault->in, wanted, now_ns);
    (void)far_end->ops->send(far_end, fault->in, got, now_ns);
    return near_end->ops->receive(near_end, packets, max, now_ns);
}

static uint64_t fault_deadline(const struct synfin_device *device)
{
    const struct fault_device *fault =
        (const struct fault_device *)(const void *)((const uint8_t *)device
                                                    - offsetof(struct fault_device, device));
    uint64_t inner_ns = fault->inner->ops->next_deadline(fault->inner);
    const struct synfin_device *near_end = synfin_link_device(fault->link, SYNFIN_LINK_A);
    if (fault->out_retry_ns != SYNFIN_NEVER) {
        // While inner is full nothing else leaves, whatever is due.
        uint64_t in_ns = near_end->ops->next_deadline(near_end);
        return deadline_min(deadline_min(inner_ns, in_ns), fault->out_retry_ns);
    }
    return deadline_min(inner_ns, synfin_link_next_deadline(fault->link));
}

static void fault_destroy(struct synfin_device *device)
{
    struct fault_device *fault = fault_of(device);
    fault->inner->ops->destroy(fault->inner);
    synfin_link_destroy(fault->link);
    struct synfin_env env = fault->env;
    env.slab_give(env.ctx, fault, sizeof *fault);
}

static const struct synfin_device_ops fault_ops = {
    .receive = fault_receive,
    .send = fault_send,
    .next_deadline = fault_deadline,
    .destroy = fault_destroy,
};

// The link has the inner device's shape, whatever the caller's settings say of it.
static bool shape_config(struct synfin_link_config *shaped, const struct synfin_link_config *config,
                         const struct synfin_device *inner)
{
    synfin_link_config_default(shaped);
    if (config != NULL) {
        if (config->size < sizeof config->size || config->size > sizeof *shaped) {
            return false;
        }
        memcpy(shaped, config, config->size);
        shaped->size = sizeof *shaped;
    }
    shaped->is_ethernet = inner->is_ethernet;
    shaped->mtu_bytes = inner->mtu_bytes;
    return true;
}

static void take_shape(struct fault_device *fault, struct synfin_device *inner)
{
    fault->device = *inner;
    fault->device.ops = &fault_ops;
    fault->device.can_checksum = 0;
    fault->device.gso_bytes = 0;
    fault->inner = inner;
    fault->out_retry_ns = SYNFIN_NEVER;
}

enum synfin_error synfin_fault_device_create(const struct synfin_env *env,
                                             const struct synfin_link_config *config,
                                             struct synfin_device *inner,
                                             struct synfin_device **out, synfin_link **link)
{
    struct synfin_link_config shaped;
    if (env == NULL || env->slab_take == NULL || env->slab_give == NULL
        || !shape_config(&shaped, config, inner)) {
        return SYNFIN_ERROR_INVALID;
    }
    struct fault_device *fault = env->slab_take(env->ctx, sizeof *fault);
    if (fault == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    memset(fault, 0, sizeof *fault);
    fault->env = *env;
    take_shape(fault, inner);
    enum synfin_error error = synfin_link_create(env, &shaped, &fault->link);
    if (error != SYNFIN_ERROR_OK) {
        env->slab_give(env->ctx, fault, sizeof *fault);
        return error;
    }
    *out = &fault->device;
    if (link != NULL) {
        *link = fault->link;
    }
    return SYNFIN_ERROR_OK;
}
