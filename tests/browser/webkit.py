#!/usr/bin/env python3
"""The pages in WebKit, Safari's engine, as WebKitGTK with its made-up camera and microphone.

    webkit.py --onair target/debug/onair [CHECK…]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from live_bench import Bench
from live_server import Server
from live_webkit import NO_COMPOSITOR, PROCESSING, Display, WebKit


def goes_live_by_a_worker(bench_of):
    """Safari's way: a worker reads the camera's frames."""
    with bench_of(features=[PROCESSING]) as bench:
        return goes_live(bench, "worker", limit=720, seconds=6)


def goes_live_by_the_video_element(bench_of):
    """An older Safari's: the page is told of the frames that the preview shows."""
    with bench_of() as bench:
        return goes_live(bench, "element", limit=360, seconds=4)


def goes_live_by_a_timer(bench_of):
    """Without the compositor the page is told of none, and looks for itself."""
    with bench_of(environment=NO_COMPOSITOR) as bench:
        return goes_live(bench, "timer", limit=360, seconds=4)


def goes_live(bench, name, limit, seconds):
    bench.settings(name=name, limit=limit, bitrate=800_000)
    bench.open()
    bench.go_live()
    with bench.record(name) as recording:
        time.sleep(seconds)
        health, about = bench.browser.text("health-words"), bench.browser.text("about")
        bench.end()
    faults = recording.faults() + bench.browser.complaints()
    frames, blocks = (len(recording.packets(kind)) for kind in "va")
    print(f"   {about}: {frames} frames, {blocks} blocks of audio in {seconds} s; {health}")
    if frames < seconds * 5 or blocks < seconds * 35:  # another program may need this machine
        faults.append(f"{frames} frames and {blocks} blocks of audio in {seconds} s")
    if "AAC" not in about:
        faults.append(f"the page says {about!r}")
    return faults


CHECKS = [goes_live_by_a_worker, goes_live_by_the_video_element, goes_live_by_a_timer]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onair", type=Path, required=True)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(check.__name__ for check in CHECKS))
    options = parser.parse_args()
    chosen = [check for check in CHECKS if not options.checks or check.__name__ in options.checks]
    with tempfile.TemporaryDirectory() as directory, Display() as display:
        with Server(options.onair.resolve(), Path(directory), relays=False) as server:
            failed = [check for check in chosen if not passes(check, Site(server, display, Path(directory)))]
    sys.exit(bool(failed))


class Site:
    """The server under test, and browsers to visit it with."""

    def __init__(self, server, display, directory):
        self.page, self.rtmp, self.shots = server.page, server.rtmp, None
        self.display, self.directory = display, directory

    def __call__(self, **how):
        return Visit(self, how)


class Visit:
    def __init__(self, site, how):
        self.site, self.how = site, how

    def __enter__(self):
        self.browser = WebKit(self.site.display, **self.how)
        return Bench(self.browser, self.site, self.site.directory)

    def __exit__(self, *_):
        self.browser.close()


def passes(check, site):
    try:
        faults = check(site)
    except (TimeoutError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        faults = [f"{type(error).__name__}: {error}"]
    print(f"{'FAIL' if faults else 'ok  '} {check.__name__.replace('_', ' ')}", flush=True)
    for fault in faults:
        print(f"     {fault}", flush=True)
    return not faults


if __name__ == "__main__":
    main()
