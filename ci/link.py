#!/usr/bin/env python3
"""Joins two network namespaces by a link that is slow, and can be cut.

    link.py FIRST SECOND DELAY_MS MBIT_PER_S

Makes both namespaces, with addresses 10.77.0.1 and 10.77.0.2, and carries packets between them until it is
ended: each is DELAY_MS late, and behind those that left before it at MBIT_PER_S. When the file named by the
environment's CUT is there, all packets are lost from the next one that has gradients in it, by its length, until the
file is gone. Says "up" when both ends are. Needs to be root, and `ip`.
"""

import collections
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
LARGEST = 65536
OF_GRADIENTS = 900


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def end(namespace, own, other):
    """Makes a namespace with one end of the link; answers the file that its packets are read from."""
    name = f"tun{own[-1]}-{os.getpid()}"[:15]
    file = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    ip("netns", "add", namespace)
    ip("link", "set", name, "netns", namespace)
    ip("-n", namespace, "addr", "add", own, "peer", other, "dev", name)
    ip("-n", namespace, "link", "set", name, "up")
    ip("-n", namespace, "link", "set", "lo", "up")
    return file


def carry(ends, delay, rate):
    """Carries packets from each end to the other."""
    waiting = {source: collections.deque() for source in ends}
    free = dict.fromkeys(ends, 0.0)
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    cut, lost = os.environ.get("CUT", ""), False
    while True:
        due = [queue[0][0] for queue in waiting.values() if queue]
        wait = max(0.0, min(due) - time.monotonic()) if due else 1.0
        readable, _, _ = select.select(ends, [], [], wait)
        now = time.monotonic()
        for source in readable:
            packet = os.read(source, LARGEST)
            free[source] = max(free[source], now) + 8 * len(packet) / rate
            waiting[source].append((free[source] + delay, packet))
        told = bool(cut) and os.path.exists(cut)
        lost = lost and told
        for source, queue in waiting.items():
            while queue and queue[0][0] <= now:
                packet = queue.popleft()[1]
                lost = lost or (told and len(packet) > OF_GRADIENTS)
                if not lost:
                    os.write(other[source], packet)


def main():
    first, second, delay, rate = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        ends = [end(first, "10.77.0.1", "10.77.0.2"), end(second, "10.77.0.2", "10.77.0.1")]
        print("up", flush=True)
        carry(ends, float(delay) / 1e3, float(rate) * 1e6)
    finally:
        for namespace in (first, second):
            subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL)


main()
