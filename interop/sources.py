"""The files that are published, made by FFmpeg: a moving picture with B-frames
and stereo AAC in every container, and one that is hard to carry."""

import subprocess

CONTAINERS = ("mp4", "mkv", "ts", "flv")


def make(directory, seconds=4):
    """Makes the files and answers {name: path}."""
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
    return made | {"fragmented mp4": fragmented(directory, first), "heavy mp4": heavy(directory)}


def fragmented(directory, first):
    made = directory / "fragmented.mp4"
    run("-i", first, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", made)
    return made


def heavy(directory):
    """Noise, so that pictures are larger than any chunk; an odd sound rate."""
    made = directory / "heavy.mp4"
    run(
        *"-f lavfi -i testsrc2=size=1280x720:rate=60:duration=2,noise=alls=30:allf=t".split(),
        *"-f lavfi -i anoisesrc=sample_rate=44100:duration=2:amplitude=0.3".split(),
        *"-c:v libx264 -preset ultrafast -bf 3 -g 60 -b:v 12000k -pix_fmt yuv420p".split(),
        *"-c:a aac -b:a 64k -ac 1".split(),
        made,
    )
    return made


def run(*arguments):
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
