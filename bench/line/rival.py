"""Somebody else on the line."""

import socket
import subprocess
import sys
import threading

PIECE = bytes(1 << 16)
CONNECT = """
import socket, sys
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while peer.{}: pass
"""


class Rival:
    """One TCP connection that sends what it can, up (to us) or down (from us)."""

    def __init__(self, net, address, direction):
        self.process = None
        if not direction:
            return
        listener = socket.create_server((address, 0))
        ours, theirs = {
            "upload": (lambda peer: peer.recv(len(PIECE)), f"send(bytes({len(PIECE)}))"),
            "download": (lambda peer: peer.send(PIECE), f"recv({len(PIECE)})"),
        }[direction]
        threading.Thread(target=serve, args=(listener, ours), daemon=True).start()
        script = [sys.executable, "-c", CONNECT.format(theirs), address, str(listener.getsockname()[1])]
        self.process = subprocess.Popen(net.inside(script), stderr=subprocess.DEVNULL)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()


def serve(listener, move):
    peer, _ = listener.accept()
    try:
        while move(peer):
            pass
    except OSError:
        pass
