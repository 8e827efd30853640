// SPDX-License-Identifier: MIT
//
// A device that only counts; see fake_device.h.
#include "fake_device.h"

#include <string.h>

static struct fake_device *fake_of(struct synfin_device *device)
{
    return (struct fake_device *)device;
}

static uint32_t receive(struct synfin_device *device, struct synfin_packet *packets, uint32_t max,
                        uint64_t now_ns)
{
    static uint8_t nothing[20];
    (void)now_ns;
    struct fake_device *fake = fake_of(device);
    uint32_t n = fake->waiting < max ? fake->waiting : max;
    for (uint32_t i = 0; i < n; i++) {
        synfin_packet_wrap(&packets[i], nothing, sizeof(nothing));
    }
    fake->waiting -= n;
    return n;
}

static uint32_t send(struct synfin_device *device, const struct synfin_packet *packets, uint32_t n,
                     uint64_t now_ns)
{
    (void)now_ns;
    struct fake_device *fake = fake_of(device);
    uint32_t taken = 0;
    while (taken < n && fake->room > 0 && fake->sent < FAKE_DEVICE_SENT_MAX) {
        const struct synfin_packet *packet = &packets[taken];
        const struct synfin_span *last =
            packet->spans > 0 ? &packet->span[packet->spans - 1] : NULL;
        fake->first_octet[fake->sent] = packet->head[0];
        fake->last_octet[fake->sent] =
            last != NULL ? last->data[last->bytes - 1] : packet->head[packet->head_bytes - 1];
        fake->sent++;
        fake->room--;
        taken++;
    }
    return taken;
}

static uint64_t next_deadline(const struct synfin_device *device)
{
    return ((const struct fake_device *)device)->deadline_ns;
}

static void destroy(struct synfin_device *device)
{
    fake_of(device)->destroyed++;
}

void fake_device_init(struct fake_device *fake)
{
    static const struct synfin_device_ops ops = {
        .receive = receive,
        .send = send,
        .next_deadline = next_deadline,
        .destroy = destroy,
    };
    memset(fake, 0, sizeof(*fake));
    fake->device = (struct synfin_device){.ops = &ops, .fd = -1, .mtu_bytes = 1500};
    fake->deadline_ns = SYNFIN_NEVER;
}
