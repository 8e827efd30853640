#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel at either end of a wire: what passes it, counted and timed.

wire_peer.py ping ADDR COUNT GAP
    ICMP echo by hand, GAP seconds apart; prints least, median and greatest round trip in us, and
    how many answers came.
wire_peer.py sink PORT [ADDR]
    Takes one TCP connection; prints its octets, their SHA-256, and Mbit/s from first to last.
wire_peer.py source ADDR PORT N
    Sends N octets of a fixed sequence over TCP; prints their SHA-256, and the ms connect took.
wire_peer.py give PORT N
    Sends N octets of that sequence to who connects; prints their SHA-256.
wire_peer.py count PORT GAP
    Counts UDP datagrams until none came for GAP seconds; prints how many, how many different
    ones, how many behind a later one, and the SHA-256 of the numbers in their order.
wire_peer.py spray ADDR PORT N GAP [OCTETS]
    Sends N numbered UDP datagrams, GAP seconds apart.
wire_peer.py tag IFACE | untag IFACE
    Sends an Ethernet frame with a VLAN tag; waits for one, and prints tag and octets.
"""
import hashlib
import random
import socket
import statistics
import struct
import sys
import time

CHUNK = 1 << 18
SOL_PACKET, PACKET_AUXDATA = 263, 8


def internet_checksum(octets):
    total = sum(struct.unpack(f'!{len(octets) // 2}H', octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def echo_request(number):
    head = struct.pack('!BBHHH', 8, 0, 0, 4711, number) + bytes(56)
    return head[:2] + struct.pack('!H', internet_checksum(head)) + head[4:]


def await_reply(ping, number, limit):
    """The time of the answer, or None."""
    while True:
        left = limit - time.monotonic()
        if left <= 0:
            return None
        ping.settimeout(left)
        try:
            packet = ping.recv(2048)
        except socket.timeout:
            return None
        now = time.monotonic()
        kind, _, _, ident, got = struct.unpack('!BBHHH', packet[20:28])
        if (kind, ident, got) == (0, 4711, number):
            return now


def run_ping(addr, count, gap):
    ping = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    times = []
    for number in range(int(count)):
        begun = time.monotonic()
        ping.sendto(echo_request(number), (addr, 0))
        replied = await_reply(ping, number, begun + 2)
        if replied is not None:
            times.append((replied - begun) * 1e6)
        time.sleep(max(0.0, float(gap) - (time.monotonic() - begun)))
    if times:
        print(f'{min(times):.0f} {statistics.median(times):.0f} {max(times):.0f} {len(times)}')
    else:
        print('none')


def run_sink(port, addr='0.0.0.0'):
    family = socket.AF_INET6 if ':' in addr else socket.AF_INET
    listener = socket.create_server((addr, int(port)), family=family)
    print('listening', flush=True)
    conn, _ = listener.accept()
    digest, octets, begun = hashlib.sha256(), 0, None
    while chunk := conn.recv(CHUNK):
        begun = begun or time.monotonic()
        octets += len(chunk)
        digest.update(chunk)
    spent = time.monotonic() - begun if begun else 1
    print(octets, digest.hexdigest(), f'{octets * 8 / spent / 1e6:.1f}', flush=True)


def send_sequence(conn, octets):
    digest, left, chunk = hashlib.sha256(), octets, random.Random(1).randbytes(CHUNK)
    while left > 0:
        part = chunk[:left]
        conn.sendall(part)
        digest.update(part)
        left -= len(part)
    conn.close()
    return digest.hexdigest()


def run_source(addr, port, octets):
    begun = time.monotonic()
    conn = socket.create_connection((addr, int(port)))
    connected = (time.monotonic() - begun) * 1000
    print(send_sequence(conn, int(octets)), f'{connected:.0f}')


def run_give(port, octets):
    listener = socket.create_server(('0.0.0.0', int(port)))
    print('listening', flush=True)
    conn, _ = listener.accept()
    print(send_sequence(conn, int(octets)), flush=True)


def run_count(port, gap):
    taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    taker.bind(('', int(port)))
    print('listening', flush=True)
    numbers = []
    taker.settimeout(20)
    try:
        while True:
            numbers.append(struct.unpack('!I', taker.recv(2048)[:4])[0])
            taker.settimeout(float(gap))
    except socket.timeout:
        pass
    greatest, late = -1, 0
    for number in numbers:
        late += number < greatest
        greatest = max(greatest, number)
    order = hashlib.sha256(repr(numbers).encode()).hexdigest()
    print(len(numbers), len(set(numbers)), late, order)


def run_spray(addr, port, count, gap, octets=100):
    giver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    begun = time.monotonic()
    for number in range(int(count)):
        giver.sendto(struct.pack('!I', number).ljust(int(octets), b'.'), (addr, int(port)))
        while time.monotonic() < begun + number * float(gap):
            pass


def run_tag(iface):
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((iface, 0))
    stations = bytes([255] * 6 + [2, 0, 0, 0, 0, 1])
    sender.send(stations + b'\x81\x00\x60\x07\x88\xb5' + b'tagged' * 10)


def run_untag(iface):
    taker = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    taker.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    taker.bind((iface, 3))
    taker.settimeout(10)
    print('listening', flush=True)
    while True:
        frame, control, _, _ = taker.recvmsg(2048, 64)
        if frame[12:14] == b'\x88\xb5':
            break
    vlan = struct.unpack('=HH', control[0][2][16:20])
    print(f'{vlan[0]:04x} {vlan[1]:04x} {frame[14:20].decode()} {len(frame)}')


if __name__ == '__main__':
    {'ping': run_ping, 'sink': run_sink, 'source': run_source, 'give': run_give,
     'count': run_count, 'spray': run_spray, 'tag': run_tag,
     'untag': run_untag}[sys.argv[1]](*sys.argv[2:])
