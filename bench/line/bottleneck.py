#!/usr/bin/env python3
"""The line: packets between two network interfaces, as fast as a trace says.

    bottleneck.py JSON

Opens a `near` and a `far` tun interface and carries what comes out of the one into the
other. Towards the far end there is a buffer that empties as the trace says and drops what
does not fit; back there is one of DOWN. Both ways take half of the round trip. The trace
begins with a line on standard input, at whose end the program ends.
"""

import collections
import fcntl
import json
import os
import random
import select
import struct
import sys
import time

from traces import Trace

DOWN = [(0, 20_000)]
SMALLEST_BUFFER = 2 * 1514
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


class Way:
    """One direction."""

    def __init__(self, trace, out, config):
        self.trace, self.out = trace, out
        self.buffer, self.delay, self.loss = config["buffer_ms"] / 1000, config["rtt_ms"] / 2000, config["loss"]
        self.random = random.Random(1)
        self.began = None
        self.waiting, self.bytes, self.departs = collections.deque(), 0, None
        self.travelling = collections.deque()

    def clock(self, now):
        """The trace's time: before it begins its first moment lasts."""
        return now - self.began if self.began else 0.0

    def take(self, packet, now):
        if packet[0] >> 4 != 4:
            return  # of what the kernel says unasked in IPv6
        room = self.trace.rate(self.clock(now)) * self.buffer / 8
        if self.bytes + len(packet) > max(room, SMALLEST_BUFFER):
            return
        self.waiting.append(packet)
        self.bytes += len(packet)
        if len(self.waiting) == 1:
            self.departs = self.departure(now)

    def departure(self, now):
        """When the first that waits has left, if it begins to leave now."""
        bits = 8 * len(self.waiting[0])
        if self.began is None:
            return now + bits / self.trace.rates[0]
        return self.began + self.trace.when_carried(self.trace.carried_by(now - self.began) + bits)

    def pass_on(self, now):
        """Delivers what is due, and answers when more will be."""
        while self.waiting and self.departs <= now:
            packet = self.waiting.popleft()
            self.bytes -= len(packet)
            if self.random.random() >= self.loss:
                self.travelling.append((self.departs + self.delay, packet))
            if self.waiting:
                self.departs = self.departure(self.departs)
        while self.travelling and self.travelling[0][0] <= now:
            deliver(self.out, self.travelling.popleft()[1])
        due = [self.departs] if self.waiting else []
        return min(due + [at for at, _ in list(self.travelling)[:1]], default=now + 1)

    def begin(self, now):
        """The trace begins; what is leaving keeps its time."""
        self.began = now


def deliver(out, packet):
    try:
        os.write(out, packet)
    except OSError:
        pass  # an interface that is full or already gone loses packets


def main():
    config = json.loads(sys.argv[1])
    near, far = tun("near"), tun("far")
    steps = [(round(at * 1000), rate / 1000) for at, rate in config["steps"]]
    there = Way(Trace("", steps), far, config)
    back = Way(Trace("", DOWN), near, {**config, "loss": 0})
    be_punctual()
    print("ready", flush=True)
    carry({near: there, far: back})


def tun(name):
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


def be_punctual():
    """Ahead of whatever else the machine does, where it lets us."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
    except PermissionError:
        pass


def carry(ways):
    while True:
        now = time.monotonic()
        due = min(way.pass_on(now) for way in ways.values())
        ready, _, _ = select.select([*ways, 0], [], [], max(due - time.monotonic(), 0))
        for descriptor in ready:
            if descriptor == 0:
                if not os.read(0, 64):
                    return
                next(iter(ways.values())).begin(time.monotonic())
            else:
                take_all(descriptor, ways[descriptor])


def take_all(descriptor, way):
    for _ in range(64):
        try:
            way.take(os.read(descriptor, 4096), time.monotonic())
        except OSError:
            return


if __name__ == "__main__":
    main()
