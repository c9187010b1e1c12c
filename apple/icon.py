"""The app's icon, drawn: a red light with two waves on either side, on near-black.

Run as a program it writes one PNG: python3 apple/icon.py 180 icon.png
"""

import argparse
import math
import struct
import zlib
from pathlib import Path

Colour = tuple[float, float, float]

BACKGROUND: Colour = (20, 20, 24)
LIGHT: Colour = (255, 59, 48)
WAVE: Colour = (245, 245, 247)

# In parts of the icon's edge: the light's radius, the waves' radii and half their width, and how
# far a wave opens, as an angle from the horizontal.
LIGHT_RADIUS = 0.115
WAVE_RADII = (0.215, 0.325)
WAVE_HALF_WIDTH = 0.024
WAVE_OPENING = math.radians(42)


def png(edge: int) -> bytes:
    """A square PNG without transparency, which iOS wants of icons, `edge` pixels wide."""
    rows = b"".join(b"\0" + bytes(channel for x in range(edge) for channel in pixel(x, y, edge)) for y in range(edge))
    header = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9))
            + chunk(b"IEND", b""))


def pixel(x: int, y: int, edge: int) -> tuple[int, int, int]:
    """A shape covers a pixel by how far its edge is from the pixel's centre: smooth without oversampling."""
    across, down = (x + 0.5) / edge - 0.5, (y + 0.5) / edge - 0.5
    colour = blend(BACKGROUND, WAVE, cover(wave_distance(across, down), edge))
    red, green, blue = blend(colour, LIGHT, cover(math.hypot(across, down) - LIGHT_RADIUS, edge))
    return round(red), round(green), round(blue)


def wave_distance(across: float, down: float) -> float:
    """How far outside of the nearest wave a point is; negative inside. Ends are round."""
    across, down = abs(across), abs(down)
    if math.atan2(down, across) <= WAVE_OPENING:
        centre = min(abs(math.hypot(across, down) - radius) for radius in WAVE_RADII)
    else:
        ends = ((radius * math.cos(WAVE_OPENING), radius * math.sin(WAVE_OPENING)) for radius in WAVE_RADII)
        centre = min(math.hypot(across - end_across, down - end_down) for end_across, end_down in ends)
    return centre - WAVE_HALF_WIDTH


def cover(distance: float, edge: int) -> float:
    return min(1.0, max(0.0, 0.5 - distance * edge))


def blend(under: Colour, over: Colour, share: float) -> Colour:
    return tuple(low + (high - low) * share for low, high in zip(under, over))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draws the app's icon.")
    parser.add_argument("edge", type=int, help="width and height in pixels")
    parser.add_argument("file", type=Path, help="the PNG to write")
    chosen = parser.parse_args()
    chosen.file.write_bytes(png(chosen.edge))
