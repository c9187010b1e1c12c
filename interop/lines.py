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
MAX_LATE, MAX_FREEZE = 2.0, 2.5  # seconds; reached on a busy machine: 0.5 and 1.1
MIN_USED = 0.75  # of what the line carries; reached: 0.90 and 0.96
# How late audio is, how much is lost and how long pictures stand still, as shares of what they are where nothing
# adapts to the same line on the same machine. Reached: a fifth, seven tenths and two thirds at the cliff, less at the step.
SHARES = {"audio_p95": 0.5, "lost": 1.0, "freeze": 1.2}


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
            rows = [self.broadcast(bench, name, option) for option in ([], ["--option=--no-adapt"])]
            told = [row["error"] for row in rows if "error" in row]
            return told or faults(*rows)

        return check

    def broadcast(self, bench, name, option):
        command = [LINE / "run", name, "--json", "--publisher", "onair", "--onair", bench.publisher.binary]
        command += ["--traces", self.directory, "--seconds", str(SECONDS), "--bitrate", BITRATE, *option]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=8 * SECONDS)
        if not done.stdout.startswith("{"):
            return {"error": done.stderr[-400:]}
        row = json.loads(done.stdout)
        # A frame that the encoder had no time for is the machine's fault.
        return row if "error" in row else {**row, "lost": row["lost"] - row["too_slow"]}


def faults(row, fixed):
    found = [f"ended with {row['status']}"] if row["status"] else []
    found += [f"{row['connections']} connections"] if row["connections"] != 1 else []
    found += [f"{row['audio_lost']} frames of audio lost"] if row["audio_lost"] else []
    found += [f"video late by {row['video_p95']:.2f} s"] if row["video_p95"] > MAX_LATE else []
    found += [f"a freeze of {row['freeze']:.2f} s"] if row["freeze"] > MAX_FREEZE else []
    found += [f"{row['used']:.0%} of the line used"] if row["used"] < MIN_USED else []
    for what, share in SHARES.items():
        if row[what] > share * fixed[what]:
            found.append(f"{what} {row[what]:.2f}, and {fixed[what]:.2f} where nothing adapts")
    return found
