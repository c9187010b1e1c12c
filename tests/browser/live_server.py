"""The server under test: `onair receive`, and nginx-rtmp behind its relay where that is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from live_webdriver import free_port, wait_until

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
NGINX = """load_module {module};
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}
"""


class Server:
    """`page` is the printed link, `rtmp` where the stream comes out."""

    def __init__(self, onair, directory, relays=True, options=()):
        self.directory = directory
        self.processes = []
        rtmp = free_port()
        self.rtmp = f"rtmp://127.0.0.1:{rtmp}/live/{{name}}"
        relay = self.nginx() if relays and shutil.which("nginx") and MODULE.exists() else []
        web = f"127.0.0.1:{free_port()}"
        self.start([onair, "receive", "--listen", f"127.0.0.1:{rtmp}", "--web", web, *relay, *options], "onair.log")
        self.page = wait_until(self.link, "the printed link")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
            process.wait(10)

    def nginx(self):
        port = free_port()
        file = self.directory / "nginx.conf"
        file.write_text(NGINX.format(module=MODULE, directory=self.directory, port=port))
        self.start(["nginx", "-p", self.directory, "-c", file], "nginx.out")
        self.rtmp = f"rtmp://127.0.0.1:{port}/live/relayed"
        return ["--relay", self.rtmp]

    def start(self, command, log):
        output = open(self.directory / log, "wb")
        # Its authority and its token are made anew, and nobody else's are touched.
        around = {**os.environ, "XDG_DATA_HOME": str(self.directory), "XDG_STATE_HOME": str(self.directory)}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=around)
        self.processes.append(process)

    def link(self):
        found = re.search(r"http\S+/live#token=\S+", (self.directory / "onair.log").read_text())
        return found and found.group()
