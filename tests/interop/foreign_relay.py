#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""foreign_relay.py PORT TO-PORT COUNT COMMAND...

Lets programs that know only the kernel's sockets connect by synfin: whoever connects to PORT of
127.0.0.1 gets a synfin connect of his own, with the connection as its input and output. Each of
these has a device of its own, relay0 to relay(COUNT-1), where the kernel is 10.9.N.1 and synfin is
10.9.N.2; who comes when all are in use waits. COMMAND is synfin with its flags, in which %d is the
number of the connection. Prints "listening", and a line for each connection that failed.
"""
import queue
import socket
import subprocess
import sys
import threading


def serve(conn, number, device, free, to_port, command):
    arguments = [part.replace('%d', str(number)) for part in command]
    arguments += [f'10.9.{device}.1', to_port, '--link', f'tun:relay{device}',
                  '--addr', f'10.9.{device}.2/30']
    ended = subprocess.run(arguments, stdin=conn, stdout=conn, stderr=subprocess.PIPE, check=False)
    conn.close()
    free.put(device)
    if ended.returncode != 0:
        print(f'{number}: status {ended.returncode}: {ended.stderr.decode().strip()}', flush=True)


def main():
    port, to_port, count, *command = sys.argv[1:]
    free = queue.Queue()
    for device in range(int(count)):
        free.put(device)
    listener = socket.create_server(('127.0.0.1', int(port)), backlog=64)
    print('listening', flush=True)
    number = 0
    while True:
        conn, _ = listener.accept()
        number += 1
        threading.Thread(target=serve, args=(conn, number, free.get(), free, to_port, command),
                         daemon=True).start()


if __name__ == '__main__':
    main()
