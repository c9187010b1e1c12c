"""A network of two ends with a bottleneck between, made of unnamed namespaces: when the
processes in them end, however they end, the kernel takes everything away."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PUBLISHER, RECEIVER = "10.83.0.1", "10.83.0.2"
# What we start ends with us.
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]


def alone(command):
    """The command in a network namespace of its own; as somebody who is not root where that is allowed."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--net", *DIES_WITH_US, *command]


def impossible():
    """Why there can be no such network here, or nothing."""
    if not Path("/dev/net/tun").exists():
        return "there is no /dev/net/tun"
    try:
        tried = subprocess.run(
            alone(["ip", "tuntap", "add", "dev", "near", "mode", "tun"]), capture_output=True, text=True
        )
    except FileNotFoundError as why:
        return str(why)
    return tried.stderr.strip() or (f"ip ended with {tried.returncode}" if tried.returncode else "")


class Network:
    """In the namespace of this process, which is the receiver's, and in one for the publisher."""

    def __init__(self, line, trace):
        self.line, self.trace = line, trace
        run(["ip", "link", "set", "lo", "up"])
        self.holder = subprocess.Popen(["unshare", "--net", *DIES_WITH_US, "sleep", "600"])
        self.away = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        self.bottleneck = self.start_bottleneck()
        self.connect()

    def start_bottleneck(self):
        steps = list(zip(self.trace.starts, self.trace.rates))
        config = {"steps": steps, "buffer_ms": self.line.buffer, "rtt_ms": self.line.rtt, "loss": self.line.loss / 100}
        process = subprocess.Popen(
            [*DIES_WITH_US, sys.executable, HERE / "bottleneck.py", json.dumps(config)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the bottleneck did not start")
        return process

    def connect(self):
        ours = Path("/proc/self/ns/net").stat().st_ino
        theirs = Path(f"/proc/{self.holder.pid}/ns/net")
        end = time.monotonic() + 5
        while theirs.stat().st_ino == ours:
            if time.monotonic() > end:
                raise RuntimeError("no second namespace")
            time.sleep(0.01)
        run(["ip", "link", "set", "near", "netns", str(self.holder.pid)])
        run([*self.away, "ip", "link", "set", "lo", "up"])
        for where, name, address, peer in (([], "far", RECEIVER, PUBLISHER), (self.away, "near", PUBLISHER, RECEIVER)):
            # One packet at a time in the queue: the bottleneck is for packets, not for batches of them.
            run([*where, "ip", "link", "set", name, "mtu", "1500", "txqueuelen", "1000", "gso_max_segs", "1", "up"])
            run([*where, "ip", "address", "add", address, "peer", f"{peer}/32", "dev", name])
        congestion = ["ip", "route", "change", RECEIVER, "dev", "near", "src", PUBLISHER, "congctl", self.line.congestion]
        run([*self.away, *congestion])

    def inside(self, command):
        """The command, run where the publisher is."""
        return [*self.away, *DIES_WITH_US, *command]

    def begin_trace(self):
        self.bottleneck.stdin.write("\n")
        self.bottleneck.stdin.flush()

    def close(self):
        self.bottleneck.stdin.close()
        for process in (self.bottleneck, self.holder):
            process.kill()
            process.wait()


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
