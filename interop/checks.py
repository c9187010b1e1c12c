"""What is checked. A check takes the bench and answers a list of faults."""

import itertools
import re
import signal
import time

import frames
import publishers

FPS, SECONDS = 30, 5
# FFmpeg closes on a listener that has not read everything yet, and resets it.
LOSES = ("ffmpeg", "ffmpeg-listen", "heavy mp4")
CARD = ("--from", "testcard", "--size", "640x360", "--bitrate", "800k", "--fps", str(FPS))


def runs_alone(name):
    """Whether a check disturbs others, or measures to the second what others would disturb."""
    return name.startswith(("kick: ", "line: "))


def all_checks(bench):
    """(name, check) pairs for the servers and the publisher at hand."""
    checks = [("bench: what is wrong with a recording is noticed", faults_are_noticed)]
    for server in bench.servers.values():
        for source in bench.sources:
            if (bench.publisher.name, server.name, source) == LOSES:
                continue
            checks.append((f"{source} to {server.name}", file_arrives(server, source)))
    if bench.publisher.name == "onair":
        checks += onair_checks(bench)
    return checks


def onair_checks(bench):
    checks = []
    for server in bench.servers.values():
        checks.append((f"mp4 to {server.name}, patient", file_arrives(server, "mp4", "--patient")))
        checks.append((f"test card to {server.name}", card_arrives(server)))
        checks.append((f"ts through a pipe to {server.name}", pipe_arrives(server, "ts")))
    checks.append(("mp4 to every server at once, and to a file", everywhere_at_once))
    nginx = bench.servers.get("nginx-rtmp")
    if nginx:
        checks += [(name, check(nginx)) for name, check in NGINX_CHECKS.items()]
    if bench.lines:
        checks += [(f"line: {name}", bench.lines.check(name)) for name in bench.lines.names()]
    return checks


def faults_are_noticed(bench):
    """A lost, changed, late or moved frame in a copy of the source."""
    sent = frames.read(bench.sources["mp4"])
    faults = [] if not frames.compare(sent, frames.read(bench.sources["mp4"])) else ["differs from itself"]
    for name, mutate in MUTATIONS.items():
        copy = frames.read(bench.sources["mp4"])
        mutate(copy.frames)
        if not frames.compare(sent, copy):
            faults.append(f"a {name} frame goes unnoticed")
    return faults


def file_arrives(server, name, *options):
    """Every frame of the file is in the server's recording, at its time."""

    def check(bench):
        source = bench.sources[name]
        key = fresh_key("file")
        server.expect(key)
        outcome = bench.publisher.file(source, server.url(key), *options)
        recordings = server.recordings(key)
        return ended_well(outcome) + same_frames(source, recordings) + in_one_connection(outcome)

    return check


def pipe_arrives(server, form):
    def check(bench):
        source = bench.sources[form]
        key = fresh_key("pipe")
        server.expect(key)
        options = ("--from", "-", "--format", form, "--pace", "max")
        with open(source, "rb") as pipe:
            outcome = publishers.finish(bench.publisher.begin(server.url(key), *options, stdin=pipe))
        return ended_well(outcome) + same_frames(source, server.recordings(key))

    return check


def everywhere_at_once(bench):
    """One broadcast, in real time, to all servers and a local recording."""
    key, local = fresh_key("all"), bench.directory / "all.flv"
    for server in bench.servers.values():
        server.expect(key)
    first, *others = [server.url(key) for server in bench.servers.values()]
    options = [option for url in others for option in ("--to", url)]
    source = bench.sources["mp4"]
    outcome = bench.publisher.publish(first, *options, "--from", source, "--record", local)
    faults = ended_well(outcome) + same_frames(source, [local])
    for server in bench.servers.values():
        faults += [f"{server.name}: {fault}" for fault in same_frames(source, server.recordings(key))]
    return faults


def card_arrives(server):
    """A live source is recorded without a gap, in sync, and decodes."""

    def check(bench):
        key = fresh_key("card")
        server.expect(key)
        outcome = bench.publisher.publish(server.url(key), *CARD, "--duration", f"{SECONDS}s")
        recordings = server.recordings(key)
        if len(recordings) != 1:
            return ended_well(outcome) + [f"{len(recordings)} recordings instead of one"]
        recorded = frames.read(recordings[0])
        faults = frames.steadiness(recorded, FPS, SECONDS, dropped_by_encoder(outcome))
        return ended_well(outcome) + faults + frames.decoding_errors(recordings[0])

    return check


def simulated_arrives(nginx):
    """What the VideoToolbox backend makes of simulated frameworks' output is
    recorded frame for frame. It tests our code, and not Apple's."""

    def check(bench):
        key, local = fresh_key("sim"), bench.directory / "sim.flv"
        options = ("--duration", SECONDS, "--record", local)
        outcome = publishers.Simulated(bench.simulated).publish(nginx.url(key), *options)
        recordings = nginx.recordings(key)
        faults = ended_well(outcome) + same_frames(local, recordings)
        if faults:
            return faults
        recorded = frames.read(recordings[0])
        faults = frames.steadiness(recorded, FPS, SECONDS, dropped_by_encoder(outcome))
        return faults + frames.decoding_errors(recordings[0])

    return check


def simulated_loss_is_survived(nginx):
    """An encoder that is taken away on air: the connection stays, the sound goes
    on, a picture comes at least every second, and the first new one is a key frame."""

    def check(bench):
        key, local = fresh_key("loss"), bench.directory / "loss.flv"
        options = ("--duration", SECONDS, "--record", local, "--lose", FPS)
        outcome = publishers.Simulated(bench.simulated).publish(nginx.url(key), *options)
        recordings = nginx.recordings(key)
        faults = ended_well(outcome) + in_one_connection(outcome) + same_frames(local, recordings)
        if faults:
            return faults
        track = outcome.report["encoder"]["video"]
        if not 500 <= track["lost_ms"] <= 1200:
            faults.append(f"the report says: {track}")
        recorded = frames.read(recordings[0])
        faults += frames.survival(recorded, FPS, SECONDS, track["lost_ms"], track["dropped"])
        return faults + frames.decoding_errors(recordings[0])

    return check


def tls_arrives(nginx):
    def check(bench):
        key = fresh_key("tls")
        trust = ("--ca", bench.certs / "ca.pem")
        outcome = bench.publisher.file(bench.sources["mp4"], nginx.tls_url(key), *trust)
        return ended_well(outcome) + same_frames(bench.sources["mp4"], nginx.recordings(key))

    return check


def tls_refused(certificate, words):
    """A certificate that does not fit is refused, and the reason is said."""

    def make(nginx):
        def check(bench):
            url = nginx.tls_url(fresh_key("never"), certificate)
            trust = ("--ca", bench.certs / "ca.pem")
            began = time.monotonic()
            outcome = bench.publisher.file(bench.sources["mp4"], url, *trust)
            return ended_badly(outcome, words) + within(began, 10)

        return check

    return make


def unknown_authority_refused(nginx):
    def check(bench):
        url = nginx.tls_url(fresh_key("never"))
        outcome = bench.publisher.file(bench.sources["mp4"], url)
        return ended_badly(outcome, r"anybody.* trust.*--ca FILE")

    return check


def insecure_warns(nginx):
    def check(bench):
        key = fresh_key("insecure")
        url = nginx.tls_url(key, "expired")
        outcome = bench.publisher.file(bench.sources["mp4"], url, "--insecure")
        faults = same_frames(bench.sources["mp4"], nginx.recordings(key))
        if not re.search("insecure|not verified|not checked", outcome.stderr, re.IGNORECASE):
            faults.append(f"no warning on stderr: {outcome.stderr[-300:]!r}")
        return ended_well(outcome) + faults

    return check


def unknown_app_explained(nginx):
    """nginx-rtmp closes without a word; the words have to be ours."""

    def check(bench):
        began = time.monotonic()
        outcome = bench.publisher.publish(nginx.url("key", app="nosuchapp"), *CARD, "--duration", "5s")
        return ended_badly(outcome, "nosuchapp|application") + within(began, 30)

    return check


def second_publisher_refused(nginx):
    def check(bench):
        key = fresh_key("twice")
        first = bench.publisher.begin(nginx.url(key), *CARD, "--duration", "6s")
        time.sleep(2)
        second = bench.publisher.publish(nginx.url(key), *CARD, "--duration", "2s")
        faults = ended_badly(second, "already")
        return faults + ended_well(publishers.finish(first))

    return check


def restart_survived(nginx):
    """The server is killed and comes back: the broadcast goes on by itself,
    the local recording has everything, the server's second recording begins
    with a key frame, and the report owns up to the gap."""

    def check(bench):
        key, local = fresh_key("restart"), bench.directory / "restart.flv"
        began = bench.publisher.begin(nginx.url(key), *CARD, "--duration", "16s", "--record", local)
        time.sleep(5)
        nginx.stop(signal.SIGKILL)
        time.sleep(2)
        nginx.start()
        outcome = publishers.finish(began)
        dropped = dropped_by_encoder(outcome)
        faults = ended_well(outcome) + frames.steadiness(frames.read(local), FPS, 16, dropped)
        return faults + two_parts(nginx.recordings(key), local) + owns_up(outcome.report)

    return check


def interrupt_ends_well(nginx):
    """Ctrl-C ends the stream properly within a second."""

    def check(bench):
        key = fresh_key("ctrlc")
        running = bench.publisher.begin(nginx.url(key), *CARD)
        time.sleep(3)
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        outcome = publishers.finish(running, 10)
        faults = ended_well(outcome) + within(began, 1.2)
        return faults + frames.disorder(frames.read(nginx.recordings(key)[0]))

    return check


def two_parts(recordings, local):
    if len(recordings) != 2:
        return [f"{len(recordings)} recordings instead of two"]
    whole = [frame.digest for frame in frames.read(local).of(frames.VIDEO)]
    faults = []
    for path in recordings:
        part = frames.read(path).of(frames.VIDEO)
        if not part or not part[0].key:
            faults.append(f"{path.name} does not begin with a key frame")
        digests = [frame.digest for frame in part]
        if not any(whole[at : at + len(digests)] == digests for at in range(len(whole))):
            faults.append(f"{path.name} is not a stretch of what was recorded locally")
    return faults


def owns_up(report):
    destination = (report.get("destinations") or [{}])[0]
    faults = [] if destination.get("connects", 0) >= 2 else ["the report counts no second connection"]
    if not destination.get("gaps"):
        faults.append("the report lists no gap")
    return faults


def dropped_by_encoder(outcome):
    return outcome.report.get("encoder", {}).get("video", {}).get("dropped", 0)


def same_frames(source, recordings):
    if len(recordings) != 1:
        return [f"{len(recordings)} recordings instead of one"]
    return frames.compare(frames.read(source), frames.read(recordings[0]))


def in_one_connection(outcome):
    """A server that objects to the first flight gets a second connection."""
    return ["fell back to another connection"] if "another connection" in outcome.stderr else []


def ended_well(outcome):
    if outcome.status == 0:
        return []
    return [f"exit status {outcome.status}: {outcome.stderr[-600:]!r}"]


def ended_badly(outcome, words):
    faults = [] if outcome.status == 1 else [f"exit status {outcome.status} instead of 1"]
    if not re.search(words, outcome.stderr, re.IGNORECASE | re.DOTALL):
        faults.append(f"does not say {words!r}: {outcome.stderr[-600:]!r}")
    return faults


def within(began, seconds):
    took = time.monotonic() - began
    return [] if took <= seconds else [f"took {took:.1f} s, more than {seconds} s"]


def fresh_key(stem):
    return f"{stem}{next(COUNT)}"


COUNT = itertools.count(1)


def crowd(copy):
    """Three sounds at the first picture's time, which comes first, as if a recorder had done that."""
    picture = next(frame for frame in copy if frame.kind == frames.VIDEO)
    copy.remove(picture)
    copy.insert(0, picture)
    for frame in [frame for frame in copy if frame.kind == frames.AUDIO][:3]:
        frame.dts = frame.pts = picture.dts


MUTATIONS = {
    "lost": lambda copy: copy.pop(40),
    "lost last": lambda copy: copy.pop(),
    "doubled": lambda copy: copy.insert(40, copy[40]),
    "changed": lambda copy: setattr(copy[40], "digest", "0"),
    "late": lambda copy: setattr(copy[40], "pts", copy[40].pts + 2),
    "moved": lambda copy: copy.append(copy.pop(40)),
    "crowded": crowd,
}

NGINX_CHECKS = {
    "sim: simulated VideoToolbox to nginx-rtmp": simulated_arrives,
    "sim: an encoder lost on air": simulated_loss_is_survived,
    "tls: mp4 to nginx-rtmp with --ca": tls_arrives,
    "tls: wrong host name": tls_refused("elsewhere", "elsewhere|not valid for|host ?name"),
    "tls: expired certificate": tls_refused("expired", "expired"),
    "tls: unknown authority": unknown_authority_refused,
    "tls: --insecure warns": insecure_warns,
    "refusal: unknown app": unknown_app_explained,
    "refusal: key in use": second_publisher_refused,
    "kick: server killed and restarted": restart_survived,
    "kick: Ctrl-C": interrupt_ends_well,
}
