"""An RTMP server that notes when each message came, and keeps nothing else.

It is written apart from onair's own server, so that neither's faults hide the other's.
Sections are of Adobe's RTMP 1.0.
"""

import collections
import os
import socket
import struct
import threading
import time

AUDIO, VIDEO = 8, 9
SET_CHUNK_SIZE, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW, PEER_BANDWIDTH, COMMAND = 1, 3, 4, 5, 6, 20
CHUNK = 4096
Arrival = collections.namedtuple("Arrival", "at kind timestamp bytes is_key connection")


class Sink:
    def __init__(self, address, tls=None):
        self.listener = socket.create_server((address, 0))
        self.port, self.tls = self.listener.getsockname()[1], tls
        self.media, self.reads, self.connections = [], [], 0
        self.first_media = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        be_punctual()
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Connection(self, self.tls.wrap_socket(peer, server_side=True) if self.tls else peer).run()
        except OSError:
            pass  # who resets at the end has still published

    def note(self, kind, timestamp, body, at, connection):
        if not is_frame(kind, body):
            return
        key = kind == VIDEO and body[0] >> 4 & 7 == 1
        self.media.append(Arrival(at, kind, timestamp, len(body), key, connection))
        self.first_media.set()


class Connection:
    def __init__(self, sink, peer):
        self.sink, self.peer = sink, peer
        self.data, self.got, self.told, self.window = bytearray(), 0, 0, 2_500_000
        self.chunk, self.streams = 128, {}

    def run(self):
        self.shake_hands()
        self.number = self.sink.connections
        self.sink.connections += 1
        self.consume(time.monotonic())
        while self.read():
            self.consume(time.monotonic())

    def read(self):
        data = self.peer.recv(1 << 18)
        self.data += data
        self.got += len(data)
        self.sink.reads.append((time.monotonic(), len(data)))
        return len(data)

    def shake_hands(self):
        """5.2, the simple one."""
        while len(self.data) < 1537:
            if not self.read():
                return
        first = bytes(self.data[1:1537])
        self.peer.sendall(b"\3" + bytes(8) + os.urandom(1528) + first)
        while len(self.data) < 1537 + 1536:
            if not self.read():
                return
        del self.data[: 1537 + 1536]

    def consume(self, now):
        while (message := self.message()) is not None:
            kind, timestamp, body = message
            if kind in (AUDIO, VIDEO):
                self.sink.note(kind, timestamp, body, now, self.number)
            elif kind == SET_CHUNK_SIZE:
                self.chunk = int.from_bytes(body, "big")
            elif kind == WINDOW:
                self.window = int.from_bytes(body, "big")
            elif kind == USER_CONTROL and body[:2] == b"\0\6":
                self.send(2, USER_CONTROL, b"\0\7" + body[2:])
            elif kind == COMMAND:
                self.answer(body)
        if self.got - self.told >= self.window // 2:
            self.told = self.got
            self.send(2, ACKNOWLEDGEMENT, struct.pack(">I", self.got & 0xFFFFFFFF))

    def message(self):
        """The next whole message, 5.3.1; None until more has come."""
        while (head := self.chunk_head()) is not None:
            stream, at = head
            size = min(self.chunk, stream.length - len(stream.body))
            if len(self.data) < at + size:
                return None
            stream.body += self.data[at : at + size]
            del self.data[: at + size]
            self.streams[stream.id] = stream
            if len(stream.body) == stream.length:
                body, stream.body = bytes(stream.body), bytearray()
                return stream.kind, stream.timestamp, body
        return None

    def chunk_head(self):
        """The chunk stream with the next chunk's header taken in, and where that ends."""
        data = self.data
        if len(data) < 3:
            return None
        form, at, chunk_stream = data[0] >> 6, 1, data[0] & 63
        if chunk_stream < 2:
            at, chunk_stream = 2 + chunk_stream, 64 + data[1] + (data[2] << 8 if chunk_stream else 0)
        stream = self.streams.get(chunk_stream, Stream(chunk_stream)).copy()
        head = data[at : at + (11, 7, 3, 0)[form]]
        if len(head) < (11, 7, 3, 0)[form]:
            return None
        at += len(head)
        if form <= 2:
            stream.field = int.from_bytes(head[:3], "big")
        if form <= 1:
            stream.length, stream.kind = int.from_bytes(head[3:6], "big"), head[6]
        value = stream.field
        if value == 0xFFFFFF:
            if len(data) < at + 4:
                return None
            value, at = int.from_bytes(data[at : at + 4], "big"), at + 4
        if not stream.body:
            stream.timestamp = value if form == 0 else (stream.timestamp + value) & 0xFFFFFFFF
        return stream, at

    def answer(self, body):
        name, transaction = command(body)
        if name == "connect":
            self.send(2, WINDOW, struct.pack(">I", 2_500_000))
            self.send(2, PEER_BANDWIDTH, struct.pack(">IB", 2_500_000, 2))
            self.send(2, SET_CHUNK_SIZE, struct.pack(">I", CHUNK))
            server = {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0}
            self.reply("_result", transaction, server, status("NetConnection.Connect.Success"))
        elif name == "createStream":
            self.reply("_result", transaction, None, 1.0)
        elif name == "publish":
            self.reply("onStatus", 0.0, None, status("NetStream.Publish.Start"), stream=1)
        elif transaction and name in ("releaseStream", "FCPublish"):
            self.reply("_result", transaction, None, None)

    def reply(self, *values, stream=0):
        self.send(3, COMMAND, b"".join(map(amf0, values)), stream)

    def send(self, chunk_stream, kind, body, stream=0):
        head = struct.pack(">B3s3sB", chunk_stream, bytes(3), len(body).to_bytes(3, "big"), kind)
        pieces = [body[at : at + 128] for at in range(0, len(body), 128)]
        if kind == COMMAND:
            pieces = [body]  # the chunk size that was announced before is larger
        self.peer.sendall(head + struct.pack("<I", stream) + bytes([0xC0 | chunk_stream]).join(pieces))


class Stream:
    """The state of a chunk stream."""

    def __init__(self, number):
        self.id, self.timestamp, self.field, self.length, self.kind = number, 0, 0, 0, 0
        self.body = bytearray()

    def copy(self):
        """To try a header on: only a whole chunk counts."""
        other = Stream(self.id)
        other.__dict__.update(self.__dict__)
        return other


def is_frame(kind, body):
    """Neither empty, nor a sequence header or the like."""
    if len(body) < 2:
        return False
    if kind == VIDEO:
        return body[0] & 15 in (1, 3) if body[0] & 0x80 else body[1] == 1
    return body[0] >> 4 != 10 or body[1] == 1


def command(body):
    """A command's name and transaction number."""
    length = int.from_bytes(body[1:3], "big")
    number = body[3 + length : 12 + length]
    return body[3 : 3 + length].decode(), struct.unpack(">d", number[1:])[0] if len(number) == 9 else 0.0


def status(code):
    return {"level": "status", "code": code, "description": code, "objectEncoding": 0.0}


def amf0(value):
    if value is None:
        return b"\5"
    if isinstance(value, float):
        return b"\0" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\2" + text(value)
    return b"\3" + b"".join(text(name) + amf0(one) for name, one in value.items()) + b"\0\0\x09"


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def be_punctual():
    """This thread ahead of what else the machine does, where it lets us."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        pass
