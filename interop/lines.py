"""A real line that falls and comes back, by bench/line."""

import json
import subprocess
import sys
from pathlib import Path

LINE = Path(__file__).resolve().parent.parent / "bench/line"
SECONDS = 20
# Small, for an encoder that is not optimised.
TRACES = {"a step": [(0, 3000), (5000, 750), (12000, 3000)], "a cliff": [(0, 4000), (6000, 300), (12000, 4000)]}
BITRATE = "2000"
MAX_LATE, MAX_FREEZE = 4.0, 4.0  # seconds


class Lines:
    def __init__(self, directory):
        self.directory = directory
        for name, steps in TRACES.items():
            rows = [f"{at},{kbps}\n" for at, kbps in steps]
            (directory / f"{name}.csv").write_text("t_ms,kbps\n" + "".join(rows))

    def names(self):
        return list(TRACES)

    def impossible(self):
        """Why there can be no such line here, or nothing."""
        done = subprocess.run([LINE / "run", "--possible"], capture_output=True, text=True)
        return done.stdout.strip()

    def check(self, name):
        """All sound and all else that the line has room for arrives, in one connection and not late."""

        def check(bench):
            command = [LINE / "run", name, "--json", "--publisher", "onair", "--onair", bench.publisher.binary]
            command += ["--traces", self.directory, "--seconds", str(SECONDS), "--bitrate", BITRATE]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=8 * SECONDS)
            return faults(json.loads(done.stdout)) if done.stdout.startswith("{") else [done.stderr[-400:]]

        return check


def faults(row):
    if "error" in row:
        return [row["error"]]
    found = [f"ended with {row['status']}"] if row["status"] else []
    found += [f"{row['connections']} connections"] if row["connections"] != 1 else []
    found += [f"{row['audio_lost']} frames of audio lost"] if row["audio_lost"] else []
    found += [f"video late by {row['video_p95']:.2f} s"] if row["video_p95"] > MAX_LATE else []
    found += [f"a freeze of {row['freeze']:.2f} s"] if row["freeze"] > MAX_FREEZE else []
    return found
