"""What the receiver got of a broadcast."""

import statistics

from sink import AUDIO, VIDEO

AUDIO_BPS = 135_000  # an AAC track of 128 kbit/s with what carries it


def measure(sink, trace, began, seconds, bitrate, fps, told):
    """A table's row, as a dictionary; times in seconds. `began`: when the trace did;
    `told`: what the publisher says of itself."""
    media = list(sink.media)
    if not any(one.kind == VIDEO for one in media):
        raise RuntimeError("no video arrived")
    zeros = beginnings(media)
    video, audio = ([one for one in media if one.kind == kind] for kind in (VIDEO, AUDIO))
    late = {kind: sorted(one.at - one.timestamp / 1000 - zeros[one.connection] for one in ones)
            for kind, ones in (("video", video), ("audio", audio))}
    row = {f"{kind}_{name}": quantile(ones, share) for kind, ones in late.items()
           for name, share in (("p50", 0.5), ("p95", 0.95), ("max", 1.0))}
    row["made"] = seconds * fps
    row["lost"] = seconds * fps - len(video)
    row["too_slow"] = told.too_slow
    # An encoder's delay and the last of a tone make more of them than there is time for.
    row["audio_lost"] = max((told.audio or round(seconds * 48000 / 1024)) - len(audio), 0)
    row["freeze"] = max((b.at - a.at for a, b in zip(video, video[1:])), default=0.0)
    received = 8 * sum(count for at, count in sink.reads if at - began < seconds)
    row["used"] = received / trace.capacity(bitrate + AUDIO_BPS, seconds)
    row["back"] = time_back(video, trace, zeros, began, seconds, bitrate)
    rates = [rate for at, rate in told.asked if 10 <= at <= seconds]
    row["unrest"] = statistics.pstdev(rates) / statistics.mean(rates) if rates else None
    row["connections"] = sink.connections
    return row


def beginnings(media):
    """When each connection's time zero came to be, by what arrived earliest: each begins its times anew."""
    zeros = {}
    for one in media:
        zero = one.at - one.timestamp / 1000
        zeros[one.connection] = min(zero, zeros.get(one.connection, zero))
    return zeros


def quantile(ones, share):
    """Of sorted numbers."""
    return ones[min(int(len(ones) * share), len(ones) - 1)] if ones else None


def time_back(video, trace, zeros, began, seconds, bitrate):
    """The longest from the line's return until a second of frames was made of nine tenths of
    the full rate, by the frames' own times; None where the line does not come back."""
    made = [(one.timestamp / 1000 + zeros[one.connection] - began, 8 * one.bytes) for one in video]
    longest = None
    for back in trace.returns(bitrate + AUDIO_BPS, seconds):
        starts = (back + step / 10 for step in range(int(10 * (seconds - back - 1))))
        full = (at for at in starts if sum(bits for made_at, bits in made if at <= made_at < at + 1) >= 0.9 * bitrate)
        took = next(full, float("inf")) - back
        longest = max(took, longest or 0.0)
    return longest
