"""What came out: a stream recorded from RTMP by FFmpeg, and what is wrong with it."""

import array
import json
import subprocess
from dataclasses import dataclass

BLOCK = 1024  # samples of an AAC access unit
QUIET = 0.3  # seconds without sound before a beep


@dataclass
class Packet:
    pts: float
    dts: float
    key: bool


class Recorder:
    """Records from when it is entered until the stream ends."""

    def __init__(self, url, path):
        self.url = url
        self.path = path

    def __enter__(self):
        command = ["ffmpeg", "-v", "error", "-y", "-i", self.url, "-c", "copy", "-flush_packets", "1", self.path]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        try:
            self.process.wait(4)
        except subprocess.TimeoutExpired:  # nginx-rtmp lets its players wait for the next publisher
            self.process.kill()
            self.process.wait()

    def faults(self):
        """What does not decode, and what goes back in time."""
        decoded = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", self.path, "-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-f", "null", "-"],
            capture_output=True,
            text=True,
        )
        faults = [line for line in decoded.stderr.splitlines() if line.strip()][:5]
        for kind in "va":
            times = [packet.dts for packet in self.packets(kind)]
            if not times:
                faults.append(f"no packets of {kind}")
            backwards = [later for earlier, later in zip(times, times[1:]) if later < earlier]
            if backwards:
                faults.append(f"{kind} goes back in time at {backwards[:5]}")
        return faults

    def packets(self, kind):
        entries = self.probe("-select_streams", kind, "-show_entries", "packet=pts_time,dts_time,flags")["packets"]
        return [Packet(float(p["pts_time"]), float(p["dts_time"]), "K" in p["flags"]) for p in entries]

    def sizes(self):
        """The sizes of the pictures, each change once."""
        frames = self.probe("-select_streams", "v", "-show_entries", "frame=width,height")["frames"]
        sizes = [f"{frame['width']}x{frame['height']}" for frame in frames]
        return [size for size, before in zip(sizes, [None, *sizes]) if size != before]

    def probe(self, *arguments):
        command = ["ffprobe", "-v", "error", *arguments, "-of", "json", self.path]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)

    def brightness(self):
        """The mean of every picture, 0 to 255."""
        return self.decode("-map", "0:v", "-vf", "scale=1:1:flags=area,format=gray", "-fps_mode", "passthrough")

    def samples(self):
        """All samples, mono, 16 bits."""
        return array.array("h", self.decode("-map", "0:a", "-ac", "1", "-c:a", "pcm_s16le"))

    def decode(self, *arguments):
        form = "s16le" if "-ac" in arguments else "rawvideo"
        command = ["ffmpeg", "-v", "error", "-i", self.path, *arguments, "-f", form, "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout


def offsets(recording):
    """Seconds from each flash to its beep."""
    beeps = beginnings(recording)
    nearest = [min(beeps, key=lambda beep: abs(beep - flash), default=None) for flash in flashes(recording)]
    pairs = zip(flashes(recording), nearest)
    return [beep - flash for flash, beep in pairs if beep is not None and abs(beep - flash) < 0.4]


def flashes(recording):
    times = [packet.pts for packet in recording.packets("v")]
    bright = [value > 128 for value in recording.brightness()]
    return [time for time, now, before in zip(times[1:], bright[1:], bright) if now and not before]


def beginnings(recording):
    """When sound begins after quiet. Times are the packets', as a player takes them."""
    times = [packet.pts for packet in recording.packets("a")]
    rate = int(recording.probe("-select_streams", "a", "-show_entries", "stream=sample_rate")["streams"][0]["sample_rate"])
    found, last = [], 0.0
    for index, sample in enumerate(recording.samples()):
        if abs(sample) < 3000 or index // BLOCK >= len(times):
            continue
        now = times[index // BLOCK] + index % BLOCK / rate
        if now - last > QUIET:
            found.append(now)
        last = now
    return found
