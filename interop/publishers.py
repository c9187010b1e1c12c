"""Who publishes: onair, or FFmpeg to prove the bench itself."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass
class Outcome:
    status: int
    stderr: str
    report: dict  # the last line of --stats json


class Onair:
    name = "onair"

    def __init__(self, binary):
        self.binary = binary or build("--release", "-p", "onair-cli")

    def file(self, path, url, *options):
        return self.publish(url, "--from", path, "--pace", "max", "-vv", *options)

    def publish(self, url, *options, timeout=90):
        return finish(self.begin(url, *options), timeout)

    def begin(self, url, *options, stdin=subprocess.DEVNULL):
        command = [self.binary, "publish", "--to", url, "--stats", "json", *options]
        return spawn(command, stdin)


class Simulated:
    """Our VideoToolbox backend over simulated frameworks: a test card and a tone."""

    def __init__(self, binary):
        self.binary = binary or self.build()

    @staticmethod
    def build():
        manifest = HERE.parent / "crates/av/sim/Cargo.toml"
        target = os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")
        return build("--example", "publish", "--manifest-path", manifest, "--target-dir", target)

    def publish(self, url, *options, timeout=60):
        return finish(spawn([self.binary, "--to", url, *options]), timeout)


class Ffmpeg:
    name = "ffmpeg"

    def file(self, path, url, *_):
        command = ["ffmpeg", "-v", "warning", "-i", path, "-c", "copy", "-f", "flv"]
        if str(path).endswith(".ts"):
            command += ["-bsf:a", "aac_adtstoasc"]
        return finish(spawn([*command, "-flvflags", "no_duration_filesize", url]), 60)


def spawn(command, stdin=subprocess.DEVNULL):
    return subprocess.Popen(
        list(map(str, command)),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("ONAIR_")},
    )


def finish(process, timeout=60):
    try:
        out, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, stderr = process.communicate()
        stderr += f"\n[killed after {timeout} s]"
    return Outcome(process.returncode, stderr, last_report(out))


def last_report(out):
    objects = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return objects[-1] if objects and objects[-1].get("report") else {}


def build(*what):
    """Builds something and answers its program's path, wherever cargo put it."""
    command = ["cargo", "build", *what, "--message-format", "json"]
    out = subprocess.run(command, check=True, cwd=HERE.parent, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [m["executable"] for m in messages if m.get("executable")][-1]
