"""The servers published to. Each one has `url(key)`, `start`, `stop` and
`recordings(key)`: the paths of what it recorded under a key, oldest first."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE_MEDIA_SERVERS = {"2": "2.7.4", "4": "4.4.3"}  # pinned
OLDEST_NODE = {"2": 12, "4": 20}
NGINX_MODULES = "/usr/lib/nginx/modules"


class Missing(Exception):
    """A server that is not installed here, and what would install it."""


class Server:
    """One process listening for RTMP on a loopback port of its own."""

    name = "server"

    def __init__(self, directory, _place):
        self.directory = directory / self.name
        (self.directory / "recordings").mkdir(parents=True)
        self.port = free_port()
        self.process = None

    def start(self):
        log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen(
            list(map(str, self.command())), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        await_listener(self.port, self.process)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def url(self, key, app="live"):
        return f"rtmp://127.0.0.1:{self.port}/{app}/{key}"

    def expect(self, key):
        """Called before a stream is published; some record through a player."""

    def recordings(self, key):
        return settled(lambda: sorted((self.directory / "recordings").glob(f"**/{key}*.flv")))


class Nginx(Server):
    name = "nginx-rtmp"

    def __init__(self, directory, certs):
        super().__init__(directory, certs)
        need("nginx", "apt-get install nginx libnginx-mod-rtmp libnginx-mod-stream")
        for module in ("rtmp", "stream"):
            if not Path(NGINX_MODULES, f"ngx_{module}_module.so").exists():
                raise Missing(f"apt-get install libnginx-mod-{module}")
        self.tls = {name: free_port() for name in ("good", "elsewhere", "expired")}
        self.certs = certs
        os.chmod(self.directory / "recordings", 0o777)
        self.write_configuration()

    def write_configuration(self):
        values = {"DIR": self.directory, "MODULES": NGINX_MODULES, "RTMP": self.port, "CERTS": self.certs}
        values |= {f"TLS_{name.upper()}": port for name, port in self.tls.items()}
        text = (HERE / "peers/nginx.conf").read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (self.directory / "nginx.conf").write_text(text)

    def command(self):
        return ["nginx", "-p", self.directory, "-c", self.directory / "nginx.conf"]

    def tls_url(self, key, certificate="good", host="localhost"):
        return f"rtmps://{host}:{self.tls[certificate]}/live/{key}"


class NodeMediaServer4(Server):
    name = "node-media-server-4"

    def __init__(self, directory, cache):
        super().__init__(directory, cache)
        self.root = install_node_media_server(cache, "4")

    def command(self):
        return ["node", HERE / "peers/node-media-server-4.js", self.root, self.port, self.directory]

    def recordings(self, key):
        return settled(lambda: sorted((self.directory / "recordings").glob(f"live/{key}/*.flv")))


class NodeMediaServer2(Server):
    """Cannot record by itself: a player writes down what it relays."""

    name = "node-media-server-2"

    def __init__(self, directory, cache):
        super().__init__(directory, cache)
        need("rtmpdump", "apt-get install rtmpdump")
        self.root = install_node_media_server(cache, "2")
        self.players = {}

    def command(self):
        return ["node", HERE / "peers/node-media-server-2.js", self.root, self.port]

    def expect(self, key):
        out = self.directory / "recordings" / f"{key}.flv"
        command = ["rtmpdump", "--live", "-q", "-m", "60", "-r", self.url(key), "-o", out]
        player = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.players[key] = player
        waiting = f"Stream not found. id=\\S+ streamPath=/live/{key} ".encode()
        log = self.directory / "log"
        wait_for(lambda: re.search(waiting, log.read_bytes()), "the player", 10)

    def recordings(self, key):
        player = self.players.pop(key)
        try:
            player.wait(10)
        except subprocess.TimeoutExpired:
            player.terminate()
            player.wait()
        return super().recordings(key)


class FfmpegListener(Server):
    """One FFmpeg process for each stream: it accepts one and ends with it."""

    name = "ffmpeg-listen"

    def __init__(self, directory, place):
        super().__init__(directory, place)
        self.streams = {}

    def start(self):
        need("ffmpeg", "apt-get install ffmpeg")

    def stop(self):
        for stream in self.streams.values():
            stream.stop(signal.SIGINT)

    def expect(self, key):
        self.streams[key] = FfmpegStream(self.directory, key)
        self.streams[key].start()

    def url(self, key):
        return self.streams[key].url(key)

    def recordings(self, key):
        stream = self.streams.pop(key)
        try:
            stream.process.wait(15)
        except subprocess.TimeoutExpired:
            stream.stop(signal.SIGINT)
        return super().recordings(key)


class FfmpegStream(Server):
    """The process for one key, on a port of its own."""

    def __init__(self, directory, key):
        self.directory, self.key = directory, key
        self.port, self.process = free_port(), None

    def command(self):
        out = self.directory / "recordings" / f"{self.key}.flv"
        listen = ["ffmpeg", "-v", "warning", "-y", "-listen", "1", "-i", self.url(self.key)]
        return [*listen, "-map", "0", "-c", "copy", "-copyts", "-copypriorss", "1", out]


def install_node_media_server(cache, major):
    need("npm", "apt-get install nodejs npm")
    found = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    if int(found[1:].split(".")[0]) < OLDEST_NODE[major]:
        raise Missing(f"Node.js {found.strip()} is too old, it wants {OLDEST_NODE[major]}")
    version = NODE_MEDIA_SERVERS[major]
    root = cache / f"node-media-server-{version}"
    if not (root / "node_modules/node-media-server/package.json").exists():
        root.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--no-save", "--silent", "--prefix", str(root)]
        if subprocess.run(["npm", "install", *quiet, f"node-media-server@{version}"]).returncode:
            raise Missing(f"npm could not install node-media-server@{version}")
    return root


def need(program, remedy):
    if not shutil.which(program):
        raise Missing(remedy)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listener(port, process):
    """Without connecting: FFmpeg would take that for its one publisher."""
    ours = f"0100007F:{port:04X} 00000000:0000 0A"

    def listening():
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once with {process.returncode}")
        return ours in Path("/proc/net/tcp").read_text()

    wait_for(listening, f"a listener on port {port}", 20)


def settled(find):
    """The files `find` names, once there is one and none grows any more."""
    before = None
    for _ in range(100):
        now = [(path, path.stat().st_size) for path in find()]
        if now and now == before:
            break
        before = now
        time.sleep(0.2)
    return [path for path, size in before or [] if size > 13]


def wait_for(condition, what, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"no sign of {what} after {seconds} s")
        time.sleep(0.05)
