"""A tiny web process for tests of the supervisor: it serves a given socket, reports to its parent, and leaves when told.

Answers each connection with its process id and what `SAYS` was when it started. BREAKS: it ends instead, or never comes up.
"""

import argparse
import os
import signal
import socket
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--fd", type=int)
parser.add_argument("--up", type=int)
parser.add_argument("--successor", action="store_true")
parser.add_argument("--breaks", action="store_true")
given = parser.parse_args()
if given.breaks and given.successor:
    sys.exit(3)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda *_: sys.exit(0))
os.write(given.up, b"up")
listener = socket.socket(fileno=given.fd)
listener.settimeout(0.05)
while True:
    os.write(given.up, b".")
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        continue
    # From here on it is answered, whatever comes.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
    connection.sendall(f"{os.getpid()} {os.environ.get('SAYS', '')}".encode())
    connection.close()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP})
