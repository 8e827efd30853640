// SPDX-License-Identifier: MIT
//
// AF_PACKET as the end of a wire: every frame that comes in on an interface, whoever it is for,
// and every frame that is sent goes out as it is. In front of each frame the kernel tells what it
// has left undone (struct virtio_net_hdr): checksums are completed here, and frames that hold many
// segments are split. VLAN tags, which the kernel takes out, are put back.
//
//     frame buffer: [4 octets of room for a tag | frame as received ...]
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "host/device_os.h"
#include "host/device_split.h"

enum { TAG_BYTES = 4, MACS_BYTES = 12, UDP_CHECKSUM_AT = 6 };

// What comes with one received frame, for recvmmsg.
struct frame_facts {
    struct virtio_net_hdr offload;
    struct sockaddr_ll from;
    struct iovec iov[2];
    alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct device_wire {
    struct synfin_device device;
    struct device_os_frames frames;
    uint32_t next, got; // of the received messages: those from `next` on were not handed out
    bool is_splitting;  // the one before them is handed out piece by piece
    struct device_split split;
    struct mmsghdr messages[DEVICE_OS_BURST];
    struct frame_facts facts[DEVICE_OS_BURST];
    struct mmsghdr out_messages[DEVICE_OS_BURST];
    struct iovec out_iov[DEVICE_OS_BURST][1 + DEVICE_OS_IOV];
};

static struct device_wire *wire_of(struct synfin_device *device)
{
    return (struct device_wire *)device;
}

static void prepare_messages(struct device_wire *wire)
{
    for (uint32_t i = 0; i < DEVICE_OS_BURST; i++) {
        struct frame_facts *facts = &wire->facts[i];
        facts->iov[0] = (struct iovec){&facts->offload, sizeof(facts->offload)};
        facts->iov[1] = (struct iovec){device_os_frame(&wire->frames, i) + TAG_BYTES,
                                       wire->frames.frame_bytes - TAG_BYTES};
        wire->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &facts->from,
            .msg_namelen = sizeof(facts->from),
            .msg_iov = facts->iov,
            .msg_iovlen = 2,
            .msg_control = facts->control,
            .msg_controllen = sizeof(facts->control),
        };
    }
}

// Fetches the next messages; false when there are none. One that the kernel could not describe
// (EINVAL) is lost, and must not look like the end.
static bool fetch(struct device_wire *wire)
{
    enum { TRIES = DEVICE_OS_BURST };
    wire->next = wire->got = 0;
    for (int i = 0; i < TRIES; i++) {
        prepare_messages(wire);
        int got = recvmmsg(wire->device.fd, wire->messages, DEVICE_OS_BURST, MSG_DONTWAIT, NULL);
        if (got > 0) {
            wire->got = (uint32_t)got;
            return true;
        }
        if (errno != EINTR && errno != EINVAL) {
            return false;
        }
    }
    return false;
}

static bool read_auxdata(struct msghdr *message, struct tpacket_auxdata *auxdata)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
            memcpy(auxdata, CMSG_DATA(c), sizeof(*auxdata));
            return true;
        }
    }
    return false;
}

// Moves both station addresses forward into the room, and writes the tag behind them.
static uint8_t *restore_tag(uint8_t *frame, const struct tpacket_auxdata *auxdata)
{
    bool has_type = (auxdata->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
    memmove(frame - TAG_BYTES, frame, MACS_BYTES);
    frame -= TAG_BYTES;
    bytes_store16(frame + MACS_BYTES, has_type ? auxdata->tp_vlan_tpid : ETH_P_8021Q);
    bytes_store16(frame + MACS_BYTES + 2, auxdata->tp_vlan_tci);
    return frame;
}

// The field at `offset` behind `start` holds the sum of the pseudo-header, to which that of what
// lies from `start` on is added. UDP writes a sum of 0 in its other form, RFC 768.
static void complete_checksum(uint8_t *frame, uint32_t bytes, uint32_t start, uint32_t offset)
{
    if (start + offset + 2 <= bytes) {
        uint16_t sum = checksum_of(frame + start, bytes - start);
        bytes_store16(frame + start + offset, sum == 0 && offset == UDP_CHECKSUM_AT ? 0xFFFF : sum);
    }
}

// Hands on one frame, or begins to split it; false when it is not handed on now.
static bool take_frame(struct device_wire *wire, uint32_t index, struct synfin_packet *out)
{
    struct msghdr *message = &wire->messages[index].msg_hdr;
    const struct frame_facts *facts = &wire->facts[index];
    const struct virtio_net_hdr *offload = &facts->offload;
    struct tpacket_auxdata auxdata = {0};
    if (facts->from.sll_pkttype == PACKET_OUTGOING || (message->msg_flags & MSG_TRUNC) != 0
        || wire->messages[index].msg_len <= sizeof(*offload)) {
        return false;
    }
    uint8_t *frame = facts->iov[1].iov_base;
    uint32_t bytes = wire->messages[index].msg_len - (uint32_t)sizeof(*offload);
    uint32_t tag_bytes = 0;
    if (read_auxdata(message, &auxdata) && (auxdata.tp_status & TP_STATUS_VLAN_VALID) != 0
        && bytes > MACS_BYTES) {
        frame = restore_tag(frame, &auxdata);
        tag_bytes = TAG_BYTES;
    }
    bytes += tag_bytes;
    uint32_t start = offload->csum_start + tag_bytes;
    if (offload->gso_type != VIRTIO_NET_HDR_GSO_NONE) {
        wire->is_splitting =
            device_split_begin(&wire->split, frame, bytes, start, offload->gso_size);
        return false;
    }
    if ((offload->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0) {
        complete_checksum(frame, bytes, start, offload->csum_offset);
    }
    synfin_packet_wrap(out, frame, bytes);
    return true;
}

// Frames stay valid until the next receive, so that one call hands out of one fetch only.
static uint32_t hand_out(struct device_wire *wire, struct synfin_packet *packets, uint32_t max)
{
    uint32_t n = 0;
    while (n < max) {
        if (wire->is_splitting) {
            wire->is_splitting = device_split_next(&wire->split, &packets[n]);
            n += wire->is_splitting ? 1 : 0;
        } else if (wire->next < wire->got) {
            n += take_frame(wire, wire->next++, &packets[n]) ? 1 : 0;
        } else {
            break;
        }
    }
    return n;
}

static uint32_t receive_burst(struct synfin_device *device, struct synfin_packet *packets,
                              uint32_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct device_wire *wire = wire_of(device);
    uint32_t n = hand_out(wire, packets, max);
    // What is not to be handed out must not look like the end of what is there.
    while (n == 0 && fetch(wire)) {
        n = hand_out(wire, packets, max);
    }
    return n;
}

// A frame that the queue behind the socket drops (ENOBUFS), or that is too long, is lost as on
// any wire, and counts as sent; only a full socket leaves it with the caller.
static uint32_t send_burst(struct synfin_device *device, const struct synfin_packet *packets,
                           uint32_t n, uint64_t now_ns)
{
    static const struct virtio_net_hdr nothing_to_do;
    (void)now_ns;
    struct device_wire *wire = wire_of(device);
    uint32_t limit = n < DEVICE_OS_BURST ? n : DEVICE_OS_BURST;
    for (uint32_t i = 0; i < limit; i++) {
        struct iovec *iov = wire->out_iov[i];
        // struct iovec serves reading and writing alike, so its pointer is not to const.
        iov[0] = (struct iovec){(void *)(uintptr_t)&nothing_to_do, sizeof(nothing_to_do)};
        int pieces = 1 + device_os_gather(&packets[i], iov + 1);
        wire->out_messages[i].msg_hdr =
            (struct msghdr){.msg_iov = iov, .msg_iovlen = (size_t)pieces};
    }
    return device_os_send(device->fd, wire->out_messages, limit);
}

// What was fetched and not handed out is there although the descriptor may be silent.
static uint64_t find_deadline(const struct synfin_device *device)
{
    const struct device_wire *wire = (const struct device_wire *)(const void *)device;
    return wire->is_splitting || wire->next < wire->got ? 0 : SYNFIN_NEVER;
}

static void destroy(struct synfin_device *device)
{
    struct device_wire *wire = wire_of(device);
    close(device->fd);
    device_os_unmap_frames(&wire->frames);
    free(wire);
}

static const struct synfin_device_ops wire_ops = {
    .receive = receive_burst,
    .send = send_burst,
    .next_deadline = find_deadline,
    .destroy = destroy,
};

static int ask_for_offloads(int fd, const struct device_os_iface *iface)
{
    (void)iface;
    int on = 1;
    return setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on));
}

static enum synfin_error make_device(int fd, const struct device_os_iface *iface,
                                     struct synfin_device **out, struct device_os_why why)
{
    struct device_wire *wire = calloc(1, sizeof(*wire));
    uint32_t frame_bytes = SYNFIN_PACKET_MAX + DEVICE_OS_ETHERNET_BYTES + TAG_BYTES;
    if (wire == NULL || device_os_map_frames(&wire->frames, frame_bytes) != SYNFIN_ERROR_OK) {
        free(wire);
        return device_os_fail(why, SYNFIN_ERROR_NO_MEMORY, "no memory for frame buffers");
    }
    wire->device = (struct synfin_device){
        .ops = &wire_ops,
        .fd = fd,
        .is_ethernet = 1,
        .can_checksum = 0,
        .mtu_bytes = iface->mtu_bytes,
    };
    device_os_own_mac(iface->mac, wire->device.mac);
    *out = &wire->device;
    return SYNFIN_ERROR_OK;
}

enum synfin_error device_wire_open(const char *name, struct synfin_device **out,
                                   struct device_os_why why)
{
    int fd = -1;
    struct device_os_iface iface = {0};
    enum synfin_error error = device_packet_listen(name, ask_for_offloads, &iface, &fd, why);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    error = make_device(fd, &iface, out, why);
    if (error != SYNFIN_ERROR_OK) {
        close(fd);
    }
    return error;
}
