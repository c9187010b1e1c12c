#!/usr/bin/env python3
"""The go-live page in Chromium, with Chromium's own camera and microphone.

    live.py --onair target/debug/onair [--shots DIR] [CHECK…]
    live.py --page 'http://127.0.0.1:8080/live#token=…' --rtmp 'rtmp://127.0.0.1:1935/live/{name}' …

Starts the server, with nginx-rtmp behind its relay where that is installed; or takes one that
runs: `--page` is the link it printed, `--rtmp` where the stream comes out. FFmpeg plays it from
there and decodes every frame.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from live_bench import Bench
from live_chromium import Chromium
from live_server import Server
from live_stream import offsets
from live_webdriver import wait_until

MOST_OFFSET = 0.040  # seconds between picture and sound
LONGEST_NAME = "W" * 64
# Whatever reaches over the window's edge, by its tag, class and name; the title is cut with dots.
STICKS_OUT = """
    const seen = [...document.body.querySelectorAll("*")].filter((element) => element.getClientRects().length);
    const wide = seen.filter((element) => !element.matches(".unseen, .title *") && element.getBoundingClientRect().right > innerWidth + 0.5);
    const names = wide.map((element) => `${element.tagName}.${element.className}#${element.id}`).slice(0, 5);
    return document.documentElement.scrollWidth > innerWidth ? ["the page", ...names] : names;
"""
FRAME = 1 / 30  # and as much again when the very picture of the flash was skipped
# A connection that a check breaks; and the made-up microphone, whose context starts with the first click.
EXPECTED = ("ERR_CONNECTION", "WebSocket connection to", "The AudioContext was not allowed")


def goes_live(bench):
    """Camera to FFmpeg: every frame decodes, nothing goes back in time, keyframes every two seconds."""
    name = bench.name("fake-camera")
    bench.open()
    bench.go_live()
    with bench.record(name) as recording:
        time.sleep(9)
        frames = bench.browser.text("frames")
        words = bench.end()
    faults = recording.faults()
    video, audio = recording.packets("v"), recording.packets("a")
    keys = [packet.pts for packet in video if packet.key]
    if len(video) < 8 * 25 or len(audio) < 8 * 45:
        faults.append(f"{len(video)} pictures and {len(audio)} blocks of sound in nine seconds ({frames})")
    if any(abs(later - earlier - 2) > 0.1 for earlier, later in zip(keys, keys[1:])):
        faults.append(f"keyframes at {keys}")
    if "You were live for 0:00:" not in words:
        faults.append(f"the page says {words!r}")
    return faults


def picture_and_sound_are_together(bench):
    """A flash and a beep made in one moment leave within 40 ms of each other."""
    name = bench.name("flash")
    script = bench.browser.before_page(Path(__file__).with_name("live_flash.js").read_text())
    try:
        bench.open()
        bench.go_live()
        with bench.record(name) as recording:
            time.sleep(13)
            bench.end()
    finally:
        bench.browser.forget(script)
    found = offsets(recording)
    told = ", ".join(f"{offset * 1000:+.0f}" for offset in found)
    print(f"   sound after picture, ms: {told}")
    faults = recording.faults()
    if len(found) < 6:
        faults.append(f"only {len(found)} flashes with their beeps")
    elif abs(statistics.median(found)) > MOST_OFFSET or max(map(abs, found)) > MOST_OFFSET + FRAME:
        faults.append(f"picture and sound are apart: {told} ms")
    return faults


def turning_the_phone_is_a_new_picture(bench):
    """The camera's picture changes its shape on air: a new sequence header, and no broken picture."""
    name = bench.name("turned")
    script = bench.browser.before_page(Path(__file__).with_name("live_flash.js").read_text())
    try:
        bench.open()
        bench.go_live()
        with bench.record(name) as recording:
            time.sleep(3)
            bench.browser.run("turnCamera()")
            bench.browser.wait("/^360 × 640/.test(document.getElementById('about').textContent)", "the turned picture")
            time.sleep(3)
            bench.end()
    finally:
        bench.browser.forget(script)
    sizes = recording.sizes()
    return recording.faults() + ([] if sizes == ["640x360", "360x640"] else [f"sizes {sizes}"])


def phones_do_it_otherwise(bench):
    """Pictures read in a worker, or from the video element, and sound encoded in the page."""
    faults = []
    for way, lacks in (("worker", "false"), ("element", "true")):
        name = bench.name(f"phone-{way}")
        source = Path(__file__).with_name("live_phone.js").read_text()
        script = bench.browser.before_page(f"globalThis.lacksWorker = {lacks};\n{source}")
        try:
            bench.open()
            bench.go_live()
            with bench.record(name) as recording:
                time.sleep(5)
                about = bench.browser.text("about")
                bench.end()
        finally:
            bench.browser.forget(script)
        faults += recording.faults()
        frames, blocks = (len(recording.packets(kind)) for kind in "va")
        if "AAC" not in about or frames < 60 or blocks < 150:
            faults.append(f"{way}: {about}; {frames} pictures, {blocks} blocks of sound in five seconds")
    return faults


def flipping_and_muting_keep_the_stream(bench):
    """Another camera and silence, without a gap in the sound's time."""
    name = bench.name("flipped")
    bench.open()
    bench.go_live()
    with bench.record(name) as recording:
        time.sleep(2)
        bench.browser.press("#flip")
        time.sleep(2)
        bench.browser.press("#mute")
        time.sleep(2)
        pressed = bench.browser.run("return document.getElementById('mute').getAttribute('aria-pressed')")
        label = bench.browser.text("mute-label")
        bench.end()
    faults = recording.faults()
    if (pressed, label) != ("true", "Muted"):
        faults.append(f"the mute button does not say that it is pressed: {label!r}")
    times = [packet.pts for packet in recording.packets("a")]
    gaps = [later - earlier for earlier, later in zip(times, times[1:]) if later - earlier > 0.06]
    if gaps:
        faults.append(f"gaps in the sound: {gaps}")
    if not recording.packets("v") or recording.packets("v")[-1].pts < 5:
        faults.append("the picture stopped at the flip")
    return faults


def a_slow_line_gets_less(bench):
    """Half the bits: the server's law has the page send what the line carries and no more, sound goes
    on whole, and all of it is back soon after the line is."""
    name = bench.settings(name="slow", limit=360, bitrate=2_500_000)["name"]
    script = bench.browser.before_page(Path(__file__).with_name("live_flash.js").read_text() + ";flashNoise = true")
    line = bench.line()
    try:
        bench.open(bench.through(line))
        bench.go_live()
        with bench.record(name) as recording:
            time.sleep(5)
            line.rate = 1_600_000
            bench.browser.wait("document.getElementById('health').dataset.health !== 'good'", "the page to notice", 12)
            time.sleep(10)
            delay = int(re.match(r"\d+", bench.browser.text("delay")).group())
            slow, health = bench.browser.text("bitrate"), bench.browser.text("health-words")
            line.rate = None
            bench.browser.wait("document.getElementById('health').dataset.health === 'good'", "the recovery", 15)
            bench.end()
    finally:
        bench.browser.forget(script)
    print(f"   on the slow line: {slow}, {delay} ms behind")
    faults = recording.faults()
    if delay > 500:
        faults.append(f"{delay} ms behind on the slow line")
    if not re.match(r"1\.[2-6]\s?Mbit", slow) or "The line carries 1." not in health:
        faults.append(f"on a line of 1.6 Mbit/s the page sends {slow} and says {health!r}")
    times = [packet.pts for packet in recording.packets("a")]
    gaps = [later - earlier for earlier, later in zip(times, times[1:]) if later - earlier > 0.06]
    return faults + ([f"gaps in the sound: {gaps}"] if gaps else [])


def a_cut_line_is_mended(bench):
    """The connection breaks on air: the same stream goes on, picture and sound still together."""
    name = bench.name("cut")
    script = bench.browser.before_page(Path(__file__).with_name("live_flash.js").read_text())
    line = bench.line()
    try:
        bench.open(bench.through(line))
        bench.go_live()
        with bench.record(name) as recording:
            time.sleep(4)
            line.refuses = True
            line.cut()
            bench.state("away")
            time.sleep(2.5)
            line.refuses = False
            bench.state("live")
            time.sleep(6)
            bench.end()
    finally:
        bench.browser.forget(script)
    faults = recording.faults()
    last, found = recording.packets("v")[-1].pts, offsets(recording)
    if last < 8:
        faults.append(f"the last picture is at {last:.1f} s")
    if len(found) < 7 or abs(statistics.median(found[-4:])) > MOST_OFFSET:
        faults.append(f"sound after picture: {found}")
    return faults


def a_wrong_link_is_told(bench):
    """The server's refusal is shown in words, and the page is ready again."""
    bench.name("stranger")
    bench.open(bench.page.partition("#")[0] + "#token=not-the-token-at-all")
    bench.browser.press("#go")
    words = wait_until(lambda: bench.browser.text("word"), "words")
    bench.state("ready")
    return [] if "link" in words else [f"the page says {words!r}"]


def everything_has_a_name(bench):
    """What can be pressed or set has a name for a screen reader, and the keyboard works."""
    bench.name("named")
    bench.open()
    bench.browser.press("#open-settings")
    bench.browser.wait("document.getElementById('settings').open", "the settings")
    nodes = bench.browser.devtools("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "combobox", "radio", "slider", "link", "dialog"}
    value = lambda node, key: node.get(key, {}).get("value")
    things = [node for node in nodes if value(node, "role") in roles]
    faults = [f"a {value(node, 'role')} without a name" for node in things if not value(node, "name")]
    if len(things) < 15:
        faults.append(f"only {len(things)} things found")
    bench.browser.press("#settings .done")
    bench.browser.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'm'}))")
    if bench.browser.run("return document.getElementById('mute').getAttribute('aria-pressed')") != "true":
        faults.append("M does not mute")
    return faults


def the_narrowest_phone_has_room(bench):
    """Every state with the longest name, 320 pixels wide: nothing sticks out."""
    bench.name(LONGEST_NAME)
    bench.browser.look(320, 568, "light")
    return states_pictured(bench, "320x568")


def screenshots(bench):
    """Every state at every size, light and dark, to be looked at; and nothing wider than its window."""
    bench.name(LONGEST_NAME)
    faults = []
    for width, height in ((320, 568), (390, 844), (844, 390), (1280, 800)):
        for scheme in ("light", "dark"):
            bench.browser.look(width, height, scheme)
            faults += states_pictured(bench, f"{width}x{height}-{scheme}")
    return faults


def states_pictured(bench, label):
    def shoot(state):
        time.sleep(0.5)
        if bench.shots:
            bench.shots.mkdir(parents=True, exist_ok=True)
            bench.browser.screenshot(bench.shots / f"live-{label}-{state}.png")
        return [f"{label} {state}: {found} sticks out" for found in bench.browser.run(STICKS_OUT)]

    bench.open()
    faults = shoot("ready")
    bench.browser.press("#open-settings")
    faults += shoot("settings")
    bench.browser.press("#settings .done")
    bench.go_live()
    time.sleep(3)
    faults += shoot("live")
    bench.end()
    return faults + shoot("ended")


CHECKS = [
    goes_live,
    picture_and_sound_are_together,
    turning_the_phone_is_a_new_picture,
    phones_do_it_otherwise,
    flipping_and_muting_keep_the_stream,
    a_slow_line_gets_less,
    a_cut_line_is_mended,
    a_wrong_link_is_told,
    everything_has_a_name,
    the_narrowest_phone_has_room,
    screenshots,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onair", type=Path)
    parser.add_argument("--page")
    parser.add_argument("--rtmp")
    parser.add_argument("--shots", type=Path)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(check.__name__ for check in CHECKS))
    options = parser.parse_args()
    if not options.onair:
        if not (options.page and options.rtmp):
            parser.error("either --onair, or --page and --rtmp")
        sys.exit(run_all(options))
    with tempfile.TemporaryDirectory() as directory, Server(options.onair.resolve(), Path(directory)) as server:
        options.page, options.rtmp = server.page, server.rtmp
        failed = run_all(options)
    sys.exit(failed)


def run_all(options):
    chosen = [check for check in CHECKS if not options.checks or check.__name__ in options.checks]
    if not options.shots:
        chosen = [check for check in chosen if check is not screenshots]
    failed = 0
    for check in chosen:
        faults = run(check, options)
        failed += bool(faults)
        print(f"{'FAIL' if faults else 'ok  '} {check.__name__.replace('_', ' ')}", flush=True)
        for fault in faults:
            print(f"     {fault}", flush=True)
    return 1 if failed else 0


def run(check, options):
    with tempfile.TemporaryDirectory() as directory, Chromium() as browser:
        bench = Bench(browser, options, Path(directory))
        try:
            faults = check(bench)
        except (TimeoutError, RuntimeError, subprocess.SubprocessError) as error:
            faults = [f"{type(error).__name__}: {error} (the page says {words_of(browser)})"]
        return faults + [text for text in browser.complaints() if not any(word in text for word in EXPECTED)]


def words_of(browser):
    return browser.run("return ['state', 'health-words', 'word', 'about'].map((id) => document.getElementById(id)?.textContent)")


if __name__ == "__main__":
    main()
