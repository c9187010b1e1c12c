"""Who publishes a hard picture over the line."""

import fcntl
import json
import mmap
import os
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

FPS, SIZE = 30, "1280x720"
SLACK = 25  # seconds that a broadcast may take to end
# FFmpeg's test picture with noise. At 4 Mbit/s openh264 makes keyframes of 45 kB of it, and at its coarsest 650 kbit/s.
# Its length is no multiple of the usual time between keyframes.
PICTURE = f"testsrc2=s={SIZE}:r={FPS}:d=3.4,noise=alls=14:allf=t"


class Missing(Exception):
    """What is not there to publish with, and what would help."""


def picture(path):
    """A file of raw frames that are hard to encode."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", PICTURE]
    subprocess.run([*command, "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", path], check=True)
    return path


@dataclass
class Told:
    """What a publisher says of itself."""

    asked: list = field(default_factory=list)  # (seconds, bit/s that the encoder was asked for)
    audio: int = 0  # frames of it that were made
    too_slow: int = 0  # frames of video that the encoder had no time for


class Publisher:
    """Has a command line, and says something of itself in its output."""

    def __init__(self, name):
        self.name = name

    def told(self, _out):
        return Told()


class Onair(Publisher):
    def __init__(self, name, binary, *options):
        super().__init__(name)
        if not binary or not Path(binary).exists():
            raise Missing(f"no {binary or name}: cargo build --release -p onair-cli")
        self.binary, self.options = binary, options

    def command(self, url, seconds, bitrate):
        source = ["--from", "-", "--format", "y4m", "--audio", "tone"]
        insecure = ["--insecure"] * url.startswith("rtmps:")
        length = ["--duration", f"{seconds}s", "--bitrate", f"{bitrate // 1000}k"]
        return [self.binary, "publish", *source, "--to", url, *insecure, *length, "--stats", "json", *self.options]

    def told(self, out):
        said = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        stats = [(one["elapsed_s"], one["encoder"].get("video", {})) for one in said if "elapsed_s" in one]
        told = Told([(at, video["bitrate"]["asked_bps"]) for at, video in stats if video.get("bitrate")])
        for report in (one["encoder"] for one in said if one.get("report")):
            told.audio, told.too_slow = report["audio"]["frames"], report["video"]["dropped"]
        return told


class Ffmpeg(Publisher):
    """x264 at a fixed rate, with a buffer as large as a second of it."""

    def __init__(self, name):
        super().__init__(name)
        if not shutil.which("ffmpeg"):
            raise Missing("apt-get install ffmpeg")

    def command(self, url, seconds, bitrate):
        video = ["-analyzeduration", "0", "-probesize", "32", "-f", "yuv4mpegpipe", "-i", "-"]
        sine = ["-re", "-f", "lavfi", "-i", "sine=sample_rate=48000", "-c:a", "aac", "-b:a", "128k"]
        rate = ["-b:v", bitrate, "-maxrate", bitrate, "-bufsize", bitrate]
        x264 = ["-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-g", 2 * FPS, *rate]
        return ["ffmpeg", "-v", "error", *video, *sine, *x264, "-t", seconds, "-f", "flv", url]


def publish(command, source, seconds):
    """Runs a publisher to its end and shows it the source's frames; (status, stdout, stderr)."""
    process = subprocess.Popen(
        ahead_of_others() + list(map(str, command)),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("ONAIR_")},
    )
    stdin, process.stdin = process.stdin, None
    threading.Thread(target=film, args=(stdin, source, seconds), daemon=True).start()
    try:
        out, err = process.communicate(timeout=seconds + SLACK)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        err += f"\n[killed {SLACK} s after its end]".encode()
    return process.returncode, out.decode(), err.decode()


def film(pipe, source, seconds):
    """The camera: each frame at its time, over and over."""
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    with open(source, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as frames, pipe:
        head = frames.find(b"\n") + 1
        width, height = map(int, SIZE.split("x"))
        frame = len(b"FRAME\n") + width * height * 3 // 2
        count, began = (len(frames) - head) // frame, time.monotonic()
        try:
            os.write(pipe.fileno(), frames[:head])
            for tick in range(seconds * FPS):
                time.sleep(max(began + tick / FPS - time.monotonic(), 0))
                at = head + tick % count * frame
                pipe.write(frames[at : at + frame])
        except OSError:
            pass  # it has ended before its time, and tells why


def ahead_of_others():
    """An encoder in real time should not lose frames to what else the machine does."""
    return ["chrt", "--rr", "1"] if os.geteuid() == 0 else []
