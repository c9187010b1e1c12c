"""The files that are published: one moving picture with B-frames and stereo
AAC, in every container, made by FFmpeg."""

import subprocess

CONTAINERS = ("mp4", "mkv", "ts", "flv")


def make(directory, seconds=4):
    """Makes the four files and answers {container: path}."""
    first = directory / "source.mp4"
    run(
        *f"-f lavfi -i testsrc2=size=640x360:rate=30000/1001:duration={seconds}".split(),
        *f"-f lavfi -i sine=frequency=440:sample_rate=48000:duration={seconds}".split(),
        *"-c:v libx264 -preset veryfast -bf 2 -g 60 -b:v 1000k -pix_fmt yuv420p".split(),
        *"-c:a aac -b:a 128k -ac 2".split(),
        first,
    )
    made = {"mp4": first}
    for container in CONTAINERS[1:]:
        made[container] = directory / f"source.{container}"
        run("-i", first, "-c", "copy", made[container])
    return made


def run(*arguments):
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
