#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel's end of an interoperability test: small servers and clients on its own sockets.

server KIND PORT serves one connection after the other on both IP versions, prints "ready" once it
listens, and one line for each connection. client KIND ADDR PORT prints what it found. Exit status 0
when everything was as it should be.
"""

import hashlib
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time

LINGER_RESET = struct.pack('ii', 1, 0)


def pattern(size):
    return bytes((i * 7 + (i >> 8)) & 255 for i in range(min(size, 65536))) * (size // 65536 + 1)


def receive_all(sock):
    digest, size = hashlib.sha256(), 0
    while True:
        data = sock.recv(1 << 16)
        if not data:
            return digest.hexdigest(), size
        digest.update(data)
        size += len(data)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
    sock.close()


def serve_echo(conn):
    size = 0
    while True:
        data = conn.recv(1 << 16)
        if not data:
            break
        conn.sendall(data)
        size += len(data)
    return f'echoed {size}'


def serve_sink(conn):
    """Takes everything, and only then answers: the other direction has ended by then."""
    digest, size = receive_all(conn)
    conn.sendall(f'{digest} {size}\n'.encode())
    return f'took {size}'


def serve_source(conn):
    """Ends its direction first, and still takes what comes after it."""
    conn.sendall(pattern(4 << 20)[:4 << 20])
    conn.shutdown(socket.SHUT_WR)
    digest, size = receive_all(conn)
    return f'{digest} {size}'


def serve_reset(conn):
    conn.recv(1)
    reset(conn)
    return 'reset'


def serve_expect_reset(conn):
    try:
        while conn.recv(1 << 16):
            pass
        return 'closed'
    except ConnectionResetError:
        return 'was reset'


def serve_silent(conn):
    """Takes the connection and reads nothing: the window closes."""
    time.sleep(30)
    return 'slept'


def server(kind, port):
    handler = globals()[f'serve_{kind}']
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(('::', int(port)))
    listener.listen(64)
    print('ready', flush=True)
    while True:
        conn, _ = listener.accept()
        try:
            result = handler(conn)
            conn.close()
        except OSError as error:
            result = f'error {error.strerror}'
        print(result, flush=True)


def dial(addr, port):
    sock = socket.create_connection((addr, int(port)), timeout=20)
    sock.settimeout(20)
    return sock


def client_echo(addr, port, size='3000000'):
    """Sends and receives at once, then ends its direction and reads to the end."""
    sock, data = dial(addr, port), pattern(int(size))[:int(size)]
    sender = threading.Thread(target=lambda: (sock.sendall(data), sock.shutdown(socket.SHUT_WR)))
    sender.start()
    digest, got = receive_all(sock)
    sender.join()
    assert got == len(data) and digest == hashlib.sha256(data).hexdigest(), (got, len(data))
    return f'echoed {got}'


def client_half(addr, port):
    """Sends nothing after its FIN and still gets what it asked for."""
    sock = dial(addr, port)
    sock.sendall(b'half')
    sock.shutdown(socket.SHUT_WR)
    assert receive_all(sock)[1] == 4
    return 'half-closed'


def client_discard(addr, port):
    sock = dial(addr, port)
    sock.sendall(pattern(3 << 20)[:3 << 20])
    sock.shutdown(socket.SHUT_WR)
    assert sock.recv(1) == b''
    return 'discarded'


def client_chargen(addr, port):
    sock, got = dial(addr, port), b''
    while len(got) < 74 * 96:
        got += sock.recv(4096)
    lines = got.split(b'\r\n')
    for i in range(95):
        expected = bytes(32 + (i + column) % 95 for column in range(72))
        assert lines[i] == expected, (i, lines[i])
    reset(sock)
    return 'generated'


def client_reset(addr, port):
    sock = dial(addr, port)
    sock.sendall(b'x' * 1000)
    assert len(sock.recv(1000, socket.MSG_WAITALL)) == 1000
    reset(sock)
    return 'reset'


def client_http(addr, port, count='2000', width='32'):
    """`count` connections with one request each, `width` of them at a time."""
    count, width = int(count), int(width)
    family = socket.AF_INET6 if ':' in addr else socket.AF_INET
    request = b'GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    selector, started, good, answers = selectors.DefaultSelector(), 0, 0, {}
    begin = time.monotonic()
    while good < count:
        while len(answers) < width and started < count:
            sock = socket.socket(family)
            sock.setblocking(False)
            sock.connect_ex((addr, int(port)))
            selector.register(sock, selectors.EVENT_WRITE)
            answers[sock] = b''
            started += 1
        ready = selector.select(10)
        assert ready, f'{good} of {count}: nothing for 10 s'
        for key, mask in ready:
            sock = key.fileobj
            if mask & selectors.EVENT_WRITE:
                sock.send(request)
                selector.modify(sock, selectors.EVENT_READ)
                continue
            data = sock.recv(4096)
            answers[sock] += data
            if not data:
                assert answers[sock].startswith(b'HTTP/1.1 200 OK\r\n'), answers[sock]
                assert answers[sock].endswith(b'\r\n\r\nsmall\n'), answers[sock]
                good += 1
                selector.unregister(sock)
                sock.close()
                del answers[sock]
    return f'{good} connections, {good / (time.monotonic() - begin):.0f} per second'


def client_idle(addr, port, count='1000'):
    """Many connections open at once, each used only after all are open."""
    socks = [dial(addr, port) for _ in range(int(count))]
    for sock in socks:
        sock.sendall(b'GET /small HTTP/1.1\r\nHost: x\r\n\r\n')
    for sock in socks:
        got = b''
        while not got.endswith(b'small\n'):
            data = sock.recv(4096)
            assert data, got
            got += data
    for sock in socks:
        sock.close()
    return f'{count} open at once'


def client_around(*command):
    """A command whose input and output are one socket: reads to its end, and only then speaks."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs) as program:
        theirs.close()
        ours.settimeout(10)
        try:
            size = receive_all(ours)[1]
            ours.sendall(b'bye\n')
            ours.shutdown(socket.SHUT_WR)
            return f'{size} octets, then status {program.wait(10)}'
        except TimeoutError:
            program.kill()
            return 'nobody told of the end'


def client_raw(addr, port):
    """Sends standard input as it is and prints what comes back until the end."""
    sock = dial(addr, port)
    sock.sendall(sys.stdin.buffer.read())
    while True:
        data = sock.recv(1 << 16)
        if not data:
            return ''
        sys.stdout.write(data.decode('latin-1'))


def main():
    role, kind, *rest = sys.argv[1:]
    if role == 'server':
        server(kind, *rest)
    else:
        print(globals()[f'client_{kind}'](*rest), flush=True)


if __name__ == '__main__':
    main()
