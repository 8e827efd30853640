// SPDX-License-Identifier: MIT
//
// One device in a loop; see loop_port.h.
#include "host/loop_port.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/deadline.h"

// How long a full device without a descriptor is left alone.
#define RETRY_NS NS_PER_MS

struct loop_port_kept {
    struct synfin_packet packet;
    uint8_t octets[];
};

void loop_port_init(struct loop_port *port, uint32_t iface, struct synfin_device *device)
{
    *port = (struct loop_port){.iface = iface, .device = device};
}

void loop_port_deinit(struct loop_port *port)
{
    for (uint32_t i = 0; i < port->kept_count; i++) {
        free(port->kept[port->kept_first + i]);
    }
    port->kept_count = 0;
    port->device->ops->destroy(port->device);
}

uint64_t loop_port_deadline(const struct loop_port *port, const synfin_stack *stack)
{
    if (!port->is_full && synfin_stack_has_output(stack, port->iface)) {
        return 0;
    }
    uint64_t deadline_ns = port->device->ops->next_deadline(port->device);
    if (port->is_full && port->device->fd < 0) {
        deadline_ns = deadline_min(deadline_ns, port->retry_ns);
    }
    return deadline_ns;
}

bool loop_port_is_due(const struct loop_port *port, uint64_t now_ns)
{
    return port->is_readable
           || deadline_is_due(port->device->ops->next_deadline(port->device), now_ns);
}

uint32_t loop_port_receive(struct loop_port *port, struct synfin_packet *packets, uint64_t now_ns)
{
    return port->device->ops->receive(port->device, packets, LOOP_PORT_BURST, now_ns);
}

static bool send_one_kept(struct loop_port *port, uint64_t now_ns)
{
    struct loop_port_kept *kept = port->kept[port->kept_first];
    if (port->device->ops->send(port->device, &kept->packet, 1, now_ns) == 0) {
        return false;
    }
    free(kept);
    port->kept_first++;
    port->kept_count--;
    return true;
}

bool loop_port_has_room(struct loop_port *port, uint64_t now_ns)
{
    if (port->is_full && port->device->fd >= 0) {
        return false;
    }
    while (port->kept_count > 0) {
        if (!send_one_kept(port, now_ns)) {
            port->is_full = true;
            port->retry_ns = deadline_after(now_ns, RETRY_NS);
            return false;
        }
    }
    port->is_full = false;
    port->kept_first = 0;
    return true;
}

// Without memory the packet is lost, as on any wire.
static void keep(struct loop_port *port, const struct synfin_packet *packet)
{
    struct loop_port_kept *kept = malloc(sizeof(*kept) + packet->bytes);
    if (kept == NULL) {
        return;
    }
    kept->packet = *packet;
    synfin_packet_copy(packet, kept->octets, packet->bytes);
    kept->packet.head = kept->octets;
    kept->packet.head_bytes = packet->bytes;
    kept->packet.spans = 0;
    port->kept[port->kept_first + port->kept_count] = kept;
    port->kept_count++;
}

void loop_port_send(struct loop_port *port, const struct synfin_packet *packets, uint32_t n,
                    uint64_t now_ns)
{
    ASSERT(port->kept_count == 0 && n <= LOOP_PORT_BURST);
    uint32_t sent = port->device->ops->send(port->device, packets, n, now_ns);
    port->kept_first = 0;
    for (uint32_t i = sent; i < n; i++) {
        keep(port, &packets[i]);
    }
    if (sent < n) {
        port->is_full = true;
        port->retry_ns = deadline_after(now_ns, RETRY_NS);
    }
}
