#!/usr/bin/env python3
"""Counts what our glue around VideoToolbox costs, in instructions a frame.

    bench/glue.py

Camera frames go through the backend over simulated frameworks whose encoder does
nothing (crates/av/sim), under callgrind. Counted is our side of every call: what
the simulated frameworks spend is taken off. The difference between two numbers of
frames leaves out opening and closing; a payload a hundred times as large must cost
the same, since no byte of it is copied. It counts our code on this processor, and
says nothing of a device.

Needs valgrind.
"""

import collections
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FRAMES = (300, 1500)
PAYLOADS = (1_000, 100_000)
FRAME = re.compile(r"^glue_cost::pass\b")
CALLBACK = re.compile(r"^onair_av::apple::compression_session::handle_output\b")
FRAMEWORK = re.compile(r"^(CF|CM|CV|VT)[A-Z]\w+$")
SIMULATED = re.compile(r"\bonair_av_sim::")


def main():
    program = build()
    costs = {payload: per_frame(program, payload) for payload in PAYLOADS}
    for payload, cost in costs.items():
        print(f"{cost:,.0f} instructions a frame, with payloads of {payload:,} bytes")
    small, large = costs.values()
    if abs(large - small) > small / 100:
        sys.exit("the cost grows with the payload: something is copied")


def build():
    manifest = HERE.parent / "crates/av/sim/Cargo.toml"
    command = ["cargo", "build", "--release", "--manifest-path", manifest]
    command += ["--example", "glue_cost", "--message-format", "json"]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [m["executable"] for m in messages if m.get("executable")][-1]


def per_frame(program, payload):
    few, many = (ours(calls_under_callgrind(program, frames, payload)) for frames in FRAMES)
    return (many - few) / (FRAMES[1] - FRAMES[0])


def ours(calls):
    """The frames' instructions, less what frameworks we call spend, but for what
    their callbacks into us do."""
    total = 0
    for (caller, callee), cost in calls.items():
        theirs = FRAMEWORK.match(caller) or SIMULATED.search(caller)
        if FRAME.match(callee):
            total += cost
        elif FRAMEWORK.match(callee) and not theirs:
            total -= cost
        elif CALLBACK.match(callee):
            total += cost
    return total


def calls_under_callgrind(program, frames, payload):
    with tempfile.NamedTemporaryFile() as out:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out.name}", "-q"]
        subprocess.run([*command, program, str(frames), str(payload)], check=True)
        return calls(Path(out.name).read_text())


def calls(text):
    """{(caller, callee): instructions} of a callgrind file, callees' own included."""
    names, caller, callee = {}, "", ""
    found, is_call = collections.Counter(), False
    for line in text.splitlines():
        if line.startswith("fn="):
            caller = name(names, line[3:])
        elif line.startswith("cfn="):
            callee = name(names, line[4:])
        elif line.startswith("calls="):
            is_call = True
        elif is_call:
            found[caller, callee] += int(line.split()[1])
            is_call = False
    return found


def name(names, text):
    """`(3) name` the first time, `(3)` from then on."""
    number, _, given = text.partition(" ")
    if given:
        names[number] = given
    return names[number]


if __name__ == "__main__":
    main()
