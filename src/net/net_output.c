// SPDX-License-Identifier: MIT
//
// Gives the device what the network layer itself has to send. The packets point into the pools
// of control.c until net_reclaim.
#include "net/net_internal.h"

uint32_t net_output(struct net *net, uint32_t iface, struct synfin_packet *packets, uint32_t max,
                    uint64_t now_ns)
{
    (void)now_ns;
    if (iface >= net->ifaces) {
        return 0;
    }
    uint32_t count = 0;
    while (count < max) {
        struct list_node *node = list_pop_front(&net->iface[iface].ready);
        if (node == NULL) {
            break;
        }
        struct control *control = CONTAINER_OF(node, struct control, node);
        struct synfin_packet *packet = &packets[count++];
        synfin_packet_wrap(packet, control->octets + control->start, control->bytes);
        packet->reason = control->reason;
        report_count(net->config.report, (enum synfin_reason)control->reason);
        list_push_back(&net->sent, &control->node);
    }
    return count;
}
