"""What is in a recording, frame by frame, and whether it is what was sent.

A recording is FLV and is read here byte by byte; a source of any other
container is read through ffprobe. Both become lists of `Frame`, and `compare`
says every way in which they differ.
"""

import copy
import functools
import hashlib
import itertools
import json
import re
import statistics
import subprocess
from dataclasses import dataclass, field

VIDEO, AUDIO = "video", "audio"
AUDIO_TAG, VIDEO_TAG = 8, 9
AVC, AAC = 7, 10
# Parameter sets and delimiters may move between the stream and its header
# (ISO 14496-15 5.3), and filler may go; everything else has to arrive.
MOVABLE_NALS = {7, 8, 9, 10, 11, 12}
# Access units that begin within an AAC encoder's delay: Apple's is 2112 samples.
ENCODER_DELAY_UNITS = 3


@dataclass
class Frame:
    kind: str
    dts: float  # ms; None where the container has none (Matroska)
    pts: float  # ms
    key: bool
    digest: str
    size: int
    skippable: bool = False  # priming samples an edit list hides


@dataclass
class Recording:
    frames: list = field(default_factory=list)  # in file order
    headers: list = field(default_factory=list)  # kinds, in file order
    truncated: bool = False

    def of(self, kind):
        return [frame for frame in self.frames if frame.kind == kind]


def read(path):
    """The recording at `path`, whatever its container; the caller's to mutate."""
    return copy.deepcopy(read_once(str(path)))


@functools.cache
def read_once(path):
    if str(path).endswith(".flv"):
        return read_flv(path)
    return read_with_ffprobe(path)


def read_flv(path):
    """FLV 10.1 annex E, read directly so that no library can mend it."""
    data = open(path, "rb").read()
    recording = Recording()
    at = 9 + 4
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        if at + 11 + size > len(data):
            break
        time = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        take_tag(recording, data[at] & 0x1F, time, data[at + 11 : at + 11 + size])
        at += 11 + size + 4
    recording.truncated = at != len(data)
    return recording


def take_tag(recording, kind, time, body):
    if kind == AUDIO_TAG and len(body) > 1 and body[0] >> 4 == AAC:
        if body[1] == 0:
            recording.headers.append(AUDIO)
        else:
            recording.frames.append(audio_frame(time, body[2:]))
    elif kind == VIDEO_TAG and len(body) > 4 and body[0] & 0x0F == AVC:
        if body[1] == 0:
            recording.headers.append(VIDEO)
        elif body[1] == 1:
            shift = int.from_bytes(body[2:5], "big", signed=True)
            nals = length_prefixed(body[5:])
            recording.frames.append(video_frame(time, time + shift, body[0] >> 4 == 1, nals))
    elif kind in (AUDIO_TAG, VIDEO_TAG):
        raise ValueError(f"a codec this check does not read: {body[:2].hex()}")


def read_with_ffprobe(path):
    command = ["ffprobe", "-v", "error", "-show_packets", "-show_data", "-of", "json", str(path)]
    listing = subprocess.run(command, check=True, capture_output=True).stdout
    in_ts = str(path).endswith(".ts")
    recording = Recording()
    for packet in json.loads(listing)["packets"]:
        recording.frames.append(from_ffprobe(packet, in_ts, str(path).endswith(".mkv")))
    return recording


def from_ffprobe(packet, in_ts, no_dts):
    data = hex_dump(packet["data"])
    pts = float(packet["pts_time"]) * 1000
    dts = None if no_dts else float(packet["dts_time"]) * 1000
    if packet["codec_type"] == "audio":
        frame = audio_frame(pts, strip_adts(data) if in_ts else data)
    else:
        nals = annex_b(data) if in_ts else length_prefixed(data)
        frame = video_frame(dts, pts, "K" in packet["flags"], nals)
    frame.skippable = "D" in packet["flags"]
    return frame


def hex_dump(text):
    """The bytes of an `xxd`-like dump: offset, groups of hex, two blanks, letters."""
    groups = (re.sub(r"  .*$", "", line.split(": ", 1)[1]) for line in text.strip().splitlines())
    return bytes.fromhex("".join(groups).replace(" ", ""))


def audio_frame(time, payload):
    return Frame(AUDIO, time, time, True, digest(payload), len(payload))


def video_frame(dts, pts, key, nals):
    kept = [nal for nal in nals if nal and nal[0] & 0x1F not in MOVABLE_NALS]
    joined = b"".join(len(nal).to_bytes(4, "big") + nal for nal in kept)
    return Frame(VIDEO, dts, pts, key, digest(joined), len(joined))


def digest(payload):
    return hashlib.md5(payload).hexdigest()


def length_prefixed(data):
    nals, at = [], 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        nals.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(data):
        raise ValueError("NAL unit lengths do not add up")
    return nals


def annex_b(data):
    return [nal.rstrip(b"\0") for nal in data.split(b"\0\0\1")[1:]]


def strip_adts(data):
    if data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return data
    return data[7 if data[1] & 1 else 9 :]


def compare(sent, recorded, tolerance_ms=1.01):
    """Every way in which `recorded` differs from `sent`; empty when it does not."""
    faults, pairs = [], []
    timeless = len(recorded.of(AUDIO)) - len(after_the_recorders_zero(recorded))
    for kind in (VIDEO, AUDIO):
        wanted, found = sent.of(kind), recorded.of(kind)
        wanted = drop_skippable(wanted, found)
        faults += differing_payloads(kind, wanted, found)
        if kind == AUDIO:
            faults += falsely_timeless(wanted[:timeless], sent, tolerance_ms)
            wanted, found = wanted[timeless:], found[timeless:]
        pairs += zip(wanted, found)
    faults += [] if faults else differing_times(pairs, tolerance_ms)
    return faults + disorder(recorded)


def falsely_timeless(units, sent, tolerance_ms):
    """Only what was sent with a time before the first picture's can have been given that one's."""
    if not units:
        return []
    zero = min(frame.pts for frame in sent.of(VIDEO))
    late = [unit.pts - zero for unit in units if unit.pts - zero > tolerance_ms]
    return [f"sound at the time of the first picture that belongs {late[0]} ms after it"] if late else []


def drop_skippable(wanted, found):
    """A publisher may leave out what an edit list hides at the very start."""
    while len(wanted) > len(found) and wanted and wanted[0].skippable:
        wanted = wanted[1:]
    return wanted


def differing_payloads(kind, wanted, found):
    faults = []
    if len(wanted) != len(found):
        faults.append(f"{kind}: {len(wanted)} frames sent, {len(found)} recorded")
    for at, (a, b) in enumerate(zip(wanted, found)):
        if a.digest != b.digest:
            faults.append(f"{kind}: frame {at} differs ({a.size} bytes sent, {b.size} recorded)")
            break
        if a.key != b.key:
            faults.append(f"{kind}: frame {at} is a key frame on one side only")
            break
    return faults


def differing_times(pairs, tolerance_ms):
    """One offset for picture and sound: more would be a loss of sync."""
    offset = statistics.median(found.pts - wanted.pts for wanted, found in pairs)
    off = [
        (abs(b - a - offset), name, frame.kind, at)
        for at, (frame, found) in enumerate(pairs)
        for name, a, b in (("pts", frame.pts, found.pts), ("dts", frame.dts, found.dts))
        if a is not None and abs(b - a - offset) > tolerance_ms
    ]
    if not off:
        return []
    worst, name, kind, at = max(off)
    return [f"{len(off)} times off by up to {worst:.1f} ms (worst: {kind} {name}, pair {at})"]


def disorder(recorded, slack_ms=1000):
    faults = []
    for kind in (VIDEO, AUDIO):
        times = [frame.dts for frame in recorded.of(kind)]
        if any(b < a for a, b in zip(times, times[1:])):
            faults.append(f"{kind}: time goes backwards")
    latest = float("-inf")
    for frame in recorded.frames:
        if frame.dts < latest - slack_ms:
            faults.append(f"interleave: {frame.kind} at {frame.dts} ms comes after {latest} ms")
            break
        latest = max(latest, frame.dts)
    return faults


def steadiness(recorded, fps, seconds, dropped=0, keyframe_s=2):
    """What is wrong with a recording of an even source of `seconds` at `fps`,
    of which the encoder of a busy machine owned up to having `dropped` some."""
    video, audio = recorded.of(VIDEO), after_the_recorders_zero(recorded)
    faults = []
    if abs(len(video) + dropped - fps * seconds) > 1:
        faults.append(f"video: {len(video)} frames for {seconds} s at {fps}/s, {dropped} dropped")
    faults += unevenness(VIDEO, video, 1000 / fps, dropped)
    faults += unevenness(AUDIO, audio, 1024 / 48, 0)
    spans = [frames[-1].pts - frames[0].pts if frames else 0 for frames in (video, audio)]
    if abs(spans[0] - spans[1]) > 100:
        faults.append(f"video lasts {spans[0]} ms, audio {spans[1]} ms")
    if video and not video[0].key:
        faults.append("video does not begin with a key frame")
    return faults + seldom_keys(video, keyframe_s, fps) + disorder(recorded)


def survival(recorded, fps, seconds, lost_ms, dropped):
    """What is wrong with a recording of a show whose encoder was away for so long."""
    video, audio = recorded.of(VIDEO), after_the_recorders_zero(recorded)
    holes = [at for at, (a, b) in enumerate(zip(video, video[1:]), 1) if b.pts - a.pts > 100]
    if not holes:
        return ["the encoder was not away"]
    faults = [f"a picture comes after {video[at].pts - video[at - 1].pts} ms" for at in holes
              if video[at].pts - video[at - 1].pts > 1000]
    faults += ["a picture after a hole is no key frame" for at in holes if not video[at].key]
    if all(frame.key for frame in video[holes[-1] :]):
        faults.append("no picture is new after the last hole")
    least = fps * (seconds - lost_ms / 1000) - dropped - 2
    if len(video) < least:
        faults.append(f"video: {len(video)} frames, where {least:.0f} are the least")
    if abs(video[-1].pts - audio[-1].pts) > 100:
        faults.append(f"video ends at {video[-1].pts} ms, audio at {audio[-1].pts} ms")
    return faults + unevenness(AUDIO, audio, 1024 / 48, 0) + disorder(recorded)


def after_the_recorders_zero(recorded):
    """The sound, less the first access units if a recorder had no time for them.

    nginx-rtmp's zero is the first message it writes. A picture never waits for
    sound, so that may be a picture, and the access units of encoder delay from
    before it, each with a time of its own on the wire, all get zero as well."""
    audio = recorded.of(AUDIO)
    if not recorded.frames or recorded.frames[0].kind != VIDEO:
        return audio
    first = recorded.frames[0].dts
    at_zero = sum(1 for _ in itertools.takewhile(lambda frame: frame.pts == first, audio))
    return audio[at_zero:] if 1 < at_zero <= ENCODER_DELAY_UNITS else audio


def unevenness(kind, frames, even, missing):
    """Steps of more than one frame, beyond the frames known to be `missing`."""
    steps = [b.pts - a.pts for a, b in zip(frames, frames[1:])]
    skipped = sum(max(round(step / even) - 1, 0) for step in steps)
    faults = [] if skipped <= missing else [f"{kind}: {skipped - missing} frames missing"]
    crooked = [step for step in steps if abs(step - max(round(step / even), 1) * even) > 1.01]
    return faults + ([f"{kind}: {len(crooked)} uneven steps, e.g. {crooked[0]} ms"] if crooked else [])


def seldom_keys(video, keyframe_s, fps):
    """Key frames may be extra (a new connection wants one), never late."""
    keys = [frame.pts for frame in video if frame.key]
    late = [b for a, b in zip(keys, keys[1:]) if b - a > keyframe_s * 1000 + 1000 / fps + 1]
    return [f"key frames at {keys}"] if late else []


def decoding_errors(path):
    """What FFmpeg complains about when it decodes all of `path`."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stderr.strip().splitlines()[:3]
