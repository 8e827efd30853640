#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""When SYNs and SYN+ACKs are sent again, and when their sender gives up, on a device where nobody
answers: the kernel's or those of a command that uses the device.

    retry_schedule.py connect 4|6 RETRIES kernel [LINEAR]   the kernel calls, as often as said
    retry_schedule.py connect 4|6 RETRIES COMMAND...        COMMAND calls
    retry_schedule.py accept 4|6 RETRIES SECONDS kernel     the kernel is called
    retry_schedule.py accept 4|6 RETRIES SECONDS COMMAND... COMMAND is, on port 8080

Needs a network namespace of its own and makes the TUN device quiet0 in it. Prints one line: the
seconds of each segment since the first, for accept the octets of all of them for those of the
SYN, and for connect the seconds until the caller was told.
"""

import errno
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading
import time

DEVICE, PORT = 'quiet0', 8080
HERE = {4: '192.0.2.1', 6: '2001:db8::1'}    # the kernel's
THERE = {4: '192.0.2.2', 6: '2001:db8::2'}   # the command's
NOBODY = {4: '192.0.2.77', 6: '2001:db8::77'}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
SYN, ACK = 2, 16
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
OUTGOING = 4                                 # PACKET_OUTGOING
SYN_TEXT = b'\2\4\5\xb4\4\2\1\1'             # MSS 1460, SACK permitted


def run(*words):
    subprocess.run(words, check=True)


def sysctl(name, value):
    """Without complaint: older kernels do not have all of them."""
    subprocess.run(['sysctl', '-q', '-w', f'net.ipv4.{name}={value}'], check=False,
                   stderr=subprocess.DEVNULL)


def make_device():
    run('ip', 'link', 'set', 'lo', 'up')
    run('ip', 'tuntap', 'add', 'mode', 'tun', 'name', DEVICE)
    run('sysctl', '-q', '-w', f'net.ipv6.conf.{DEVICE}.router_solicitations=0')
    run('ip', 'link', 'set', DEVICE, 'up')
    run('ip', 'addr', 'add', HERE[4] + '/24', 'dev', DEVICE)
    run('ip', '-6', 'addr', 'add', HERE[6] + '/64', 'dev', DEVICE, 'nodad')


def await_running():
    """The kernel takes note of a carrier later, under load a second later, and until then throws
    away what it sends, unseen by any recorder."""
    request, flags = struct.pack('16sH22x', DEVICE.encode(), 0), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        while not flags & IFF_RUNNING:
            time.sleep(0.01)
            flags, = struct.unpack('16xH22x', fcntl.ioctl(sock, SIOCGIFFLAGS, request))
    run('ip', 'link', 'set', DEVICE, 'up')   # behind whatever is still being done about it


def hold_device():
    """Without somebody who has it open the device would carry nothing."""
    tun = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    await_running()

    def swallow():
        while True:
            os.read(tun, 65536)
    threading.Thread(target=swallow, daemon=True).start()
    return tun


class Recorder(threading.Thread):
    """The times and octets of segments with these flags, in one direction."""

    def __init__(self, flags, of_kernel):
        super().__init__(daemon=True)
        self.flags, self.of_kernel, self.seen = flags, of_kernel, []
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.sock.bind((DEVICE, 3))
        self.start()

    def run(self):
        while True:
            packet, where = self.sock.recvfrom(65536)
            head = 20 if packet[0] >> 4 == 4 else 40
            protocol = packet[9] if head == 20 else packet[6]
            if protocol == 6 and packet[head + 13] & (SYN | ACK) == self.flags and \
                    (where[2] == OUTGOING) == self.of_kernel:
                self.seen.append((time.monotonic(), len(packet)))

    def schedule(self):
        return ' '.join(f'{at - self.seen[0][0]:.3f}' for at, _ in self.seen)


def call_as_kernel(version, retries):
    sock = socket.socket(FAMILY[version], socket.SOCK_STREAM)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, retries)
    try:
        sock.connect((NOBODY[version], 9))
    except OSError as error:
        return errno.errorcode[error.errno]
    return 'connected'


def show_connect(version, retries, command):
    recorder = Recorder(SYN, command[0] == 'kernel')
    if command[0] == 'kernel':
        hold_device()
        if len(command) > 1:
            sysctl('tcp_syn_linear_timeouts', command[1])
        end = call_as_kernel(version, retries)
    else:
        end = subprocess.run([*command, NOBODY[version], '9', '--syn-retries', str(retries)],
                             stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             check=False).returncode
    over = time.monotonic() - recorder.seen[0][0]
    print(f'{recorder.schedule()} over {over:.3f} {end}')


def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def make_syn(version, to):
    source, to = (socket.inet_pton(FAMILY[version], a) for a in (NOBODY[version], to))
    tcp = struct.pack('!HHIIBBHHH', 4321, PORT, 1, 0, (20 + len(SYN_TEXT)) << 2, SYN, 65535, 0, 0)
    tcp += SYN_TEXT
    total = checksum(source + to + struct.pack('!II', len(tcp), 6) + tcp)
    tcp = tcp[:16] + struct.pack('!H', total) + tcp[18:]
    if version == 6:
        return struct.pack('!IHBB', 6 << 28, len(tcp), 6, 64) + source + to + tcp
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + source + to
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + tcp


def show_accept(version, retries, seconds, command):
    of_kernel = command[0] == 'kernel'
    recorder = Recorder(SYN | ACK, of_kernel)
    syn = make_syn(version, HERE[version] if of_kernel else THERE[version])
    process = None
    if of_kernel:
        tun = hold_device()
        sysctl('tcp_synack_retries', retries)
        listener = socket.create_server(('', PORT), family=FAMILY[version])
        os.write(tun, syn)
    else:
        process = subprocess.Popen([*command, '--syn-ack-retries', str(retries)],
                                   stdout=subprocess.PIPE)
        process.stdout.readline()
        out = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        out.sendto(syn, (DEVICE, 0x0800 if version == 4 else 0x86dd))
    time.sleep(seconds)
    if process is None:
        listener.close()
    else:
        process.terminate()
        process.wait()
    octets = sum(size for _, size in recorder.seen)
    print(f'{recorder.schedule()} octets {octets} for {len(syn)}')


def main():
    make_device()
    version, retries = int(sys.argv[2]), int(sys.argv[3])
    if sys.argv[1] == 'connect':
        show_connect(version, retries, sys.argv[4:])
    else:
        show_accept(version, retries, float(sys.argv[4]), sys.argv[5:])


main()
