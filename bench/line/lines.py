"""Kinds of lines."""

from dataclasses import dataclass, fields

# One thing at a time is unlike the first.
EVERY = ("", "buffer=100", "buffer=1500", "rtt=60", "congestion=bbr", "loss=1", "tls=1", "rival=upload", "rival=download")


@dataclass
class Line:
    """What a line is like besides what it carries."""

    buffer: int = 300  # milliseconds that wait at the bottleneck at most
    rtt: int = 0  # milliseconds
    loss: int = 0  # per cent of the packets, by chance
    congestion: str = "cubic"  # the publisher's, by the name the kernel has for it
    tls: int = 0
    rival: str = ""  # "upload" or "download": a TCP connection beside the publisher's

    @classmethod
    def parse(cls, text):
        """From `rtt=60,loss=1`: what is not said is as above."""
        kinds = {field.name: field.type for field in fields(cls)}
        pairs = (one.partition("=") for one in text.split(",") if one)
        try:
            return cls(**{name: kinds[name](value) for name, _, value in pairs})
        except KeyError as name:
            raise ValueError(f"a line has no {name}, but {', '.join(kinds)}") from None
