// SPDX-License-Identifier: MIT
//
// AF_PACKET: Ethernet frames on an interface that the kernel keeps using for itself. We appear
// on its network as one more station with a MAC of our own: the interface listens promiscuously,
// and a filter in the kernel passes on only what is for that MAC or for a group, so that the
// kernel's own traffic costs us nothing and the kernel never answers for us.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/device_os.h"

enum { SOCKET_BUFFER_BYTES = 4 << 20 };

// One received frame's surroundings, for recvmmsg.
struct frame_facts {
    struct sockaddr_ll from;
    struct iovec iov;
    alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct device_packet {
    struct synfin_device device;
    struct device_os_frames frames;
    struct mmsghdr messages[DEVICE_OS_BURST];
    struct frame_facts facts[DEVICE_OS_BURST];
    struct iovec out_iov[DEVICE_OS_BURST][DEVICE_OS_IOV];
};

static struct device_packet *packet_of(struct synfin_device *device)
{
    return (struct device_packet *)device;
}

static void prepare_messages(struct device_packet *packet, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct frame_facts *facts = &packet->facts[i];
        facts->iov = (struct iovec){
            .iov_base = device_os_frame(&packet->frames, i),
            .iov_len = packet->frames.frame_bytes,
        };
        packet->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &facts->from,
            .msg_namelen = sizeof(facts->from),
            .msg_iov = &facts->iov,
            .msg_iovlen = 1,
            .msg_control = facts->control,
            .msg_controllen = sizeof(facts->control),
        };
    }
}

static uint32_t read_status(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA) {
            struct tpacket_auxdata auxdata;
            memcpy(&auxdata, CMSG_DATA(c), sizeof(auxdata));
            return auxdata.tp_status;
        }
    }
    return 0;
}

// Hands on one frame; false when it is not for us: sent by this machine, cut off, or of a VLAN,
// whose tag the kernel has taken out of the frame.
static bool take_frame(struct mmsghdr *message, struct synfin_packet *out)
{
    struct msghdr *header = &message->msg_hdr;
    const struct sockaddr_ll *from = header->msg_name;
    uint32_t status = read_status(header);
    if (from->sll_pkttype == PACKET_OUTGOING || (header->msg_flags & MSG_TRUNC) != 0
        || (status & TP_STATUS_VLAN_VALID) != 0) {
        return false;
    }
    synfin_packet_wrap(out, header->msg_iov->iov_base, message->msg_len);
    // A sender on this machine leaves the checksum to hardware that its frame never meets.
    if ((status & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID)) != 0) {
        out->checksum = SYNFIN_CHECKSUM_VERIFIED;
    }
    return true;
}

// Frames that are not for us must not look like the end of what is there, hence the loop.
static uint32_t receive_burst(struct synfin_device *device, struct synfin_packet *packets,
                              uint32_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct device_packet *packet = packet_of(device);
    uint32_t limit = max < DEVICE_OS_BURST ? max : DEVICE_OS_BURST;
    uint32_t n = 0;
    int got;
    do {
        prepare_messages(packet, limit);
        got = recvmmsg(device->fd, packet->messages, limit, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++) {
            n += take_frame(&packet->messages[i], &packets[n]) ? 1 : 0;
        }
    } while (n == 0 && (got == (int)limit || (got < 0 && errno == EINTR)));
    return n;
}

// A frame that the queue behind the socket drops (ENOBUFS), or that is too long, is lost as on
// any wire, and counts as sent; only a full socket leaves it with the caller.
static uint32_t send_burst(struct synfin_device *device, const struct synfin_packet *packets,
                           uint32_t n, uint64_t now_ns)
{
    (void)now_ns;
    struct device_packet *packet = packet_of(device);
    uint32_t limit = n < DEVICE_OS_BURST ? n : DEVICE_OS_BURST;
    for (uint32_t i = 0; i < limit; i++) {
        struct iovec *iov = packet->out_iov[i];
        int pieces = device_os_gather(&packets[i], iov);
        packet->messages[i].msg_hdr = (struct msghdr){.msg_iov = iov, .msg_iovlen = (size_t)pieces};
    }
    return device_os_send(device->fd, packet->messages, limit);
}

static uint64_t find_no_deadline(const struct synfin_device *device)
{
    (void)device;
    return SYNFIN_NEVER;
}

static void destroy(struct synfin_device *device)
{
    struct device_packet *packet = packet_of(device);
    close(device->fd);
    device_os_unmap_frames(&packet->frames);
    free(packet);
}

static const struct synfin_device_ops packet_ops = {
    .receive = receive_burst,
    .send = send_burst,
    .next_deadline = find_no_deadline,
    .destroy = destroy,
};

// Passes frames to a group or to `mac`, nothing else.
static int attach_filter(int fd, const uint8_t mac[6])
{
    enum { WHOLE_FRAME = 0x40000 };
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x01, 4, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bytes_load16(mac), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bytes_load32(mac + 2), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, WHOLE_FRAME),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog filter = {
        .len = sizeof(program) / sizeof(program[0]),
        .filter = program,
    };
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

// What makes it fast, but works without.
static void set_wishes(int fd)
{
    int on = 1;
    int bytes = SOCKET_BUFFER_BYTES;
    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
}

// Protocol 0: nothing arrives before bind.
static int join_interface(int fd, int index)
{
    int on = 1;
    struct packet_mreq membership = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    struct sockaddr_ll local = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = index,
    };
    if (setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0
        || setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership))
               != 0) {
        return -1;
    }
    set_wishes(fd);
    return bind(fd, (struct sockaddr *)&local, sizeof(local));
}

static enum synfin_error check_interface(const char *name, struct device_os_iface *iface,
                                         struct device_os_why why)
{
    enum synfin_error error = device_os_query(name, iface);
    if (error == SYNFIN_ERROR_NO_DEVICE) {
        return device_os_fail(why, error, "there is no interface %s here", name);
    }
    if (error != SYNFIN_ERROR_OK) {
        return device_os_fail(why, error, "cannot ask about the interface %s", name);
    }
    if (iface->hardware != ARPHRD_ETHER) {
        return device_os_fail(why, SYNFIN_ERROR_INVALID, "%s is no Ethernet interface", name);
    }
    if (!iface->is_up) {
        return device_os_fail(why, SYNFIN_ERROR_IO, "%s is down: `ip link set %s up`", name, name);
    }
    return SYNFIN_ERROR_OK;
}

static enum synfin_error make_device(int fd, const struct device_os_iface *iface,
                                     struct synfin_device **out, struct device_os_why why)
{
    struct device_packet *packet = calloc(1, sizeof(*packet));
    // A sender on this machine may leave segmentation to the hardware as well: room for 64 KB.
    uint32_t frame_bytes = SYNFIN_PACKET_MAX + DEVICE_OS_ETHERNET_BYTES;
    if (packet == NULL || device_os_map_frames(&packet->frames, frame_bytes) != SYNFIN_ERROR_OK) {
        free(packet);
        return device_os_fail(why, SYNFIN_ERROR_NO_MEMORY, "no memory for frame buffers");
    }
    packet->device = (struct synfin_device){
        .ops = &packet_ops,
        .fd = fd,
        .is_ethernet = 1,
        .mtu_bytes = iface->mtu_bytes,
    };
    device_os_own_mac(iface->mac, packet->device.mac);
    *out = &packet->device;
    return SYNFIN_ERROR_OK;
}

enum synfin_error device_packet_listen(const char *name,
                                       int (*prepare)(int fd, const struct device_os_iface *iface),
                                       struct device_os_iface *iface, int *fd,
                                       struct device_os_why why)
{
    enum synfin_error error = check_interface(name, iface, why);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    *fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        return device_os_fail(why, device_os_error(errno),
                              "cannot open a packet socket on %s: %s; run as root or grant "
                              "cap_net_raw",
                              name, strerror(errno));
    }
    if (prepare(*fd, iface) != 0 || join_interface(*fd, iface->index) != 0) {
        error = device_os_fail(why, device_os_error(errno), "cannot listen on %s: %s", name,
                               strerror(errno));
        close(*fd);
    }
    return error;
}

static int pass_own_station(int fd, const struct device_os_iface *iface)
{
    uint8_t mac[6];
    device_os_own_mac(iface->mac, mac);
    return attach_filter(fd, mac);
}

enum synfin_error device_packet_open(const char *name, struct synfin_device **out,
                                     struct device_os_why why)
{
    int fd = -1;
    struct device_os_iface iface = {0};
    enum synfin_error error = device_packet_listen(name, pass_own_station, &iface, &fd, why);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    error = make_device(fd, &iface, out, why);
    if (error != SYNFIN_ERROR_OK) {
        close(fd);
    }
    return error;
}
