"""What a line carries over time, and figures of it."""

import bisect
from pathlib import Path


class Trace:
    """Of (millisecond, kbit/s) steps: from then on it carries that much, the last for ever."""

    def __init__(self, name, steps):
        self.name = name
        self.starts = [at / 1000 for at, _ in steps]
        self.rates = [kbps * 1000 for _, kbps in steps]
        self.bits = [0]
        for begin, end, rate in zip(self.starts, self.starts[1:], self.rates):
            self.bits.append(self.bits[-1] + rate * (end - begin))

    @classmethod
    def read(cls, path, seconds):
        """From a CSV file with a header, so many seconds of it."""
        lines = path.read_text().split()[1:]
        steps = [tuple(map(int, line.split(","))) for line in lines]
        return cls(path.stem, [step for step in steps if step[0] < seconds * 1000])

    def index(self, at):
        return max(bisect.bisect_right(self.starts, at) - 1, 0)

    def rate(self, at):
        """Bits per second."""
        return self.rates[self.index(at)]

    def carried_by(self, at):
        """Bits from the beginning until then."""
        index = self.index(at)
        return self.bits[index] + self.rates[index] * (at - self.starts[index])

    def when_carried(self, bits):
        """When so many bits from the beginning have passed."""
        index = max(bisect.bisect_right(self.bits, bits) - 1, 0)
        while self.rates[index] == 0:
            if index + 1 == len(self.rates):
                return float("inf")
            index += 1
        return self.starts[index] + max(bits - self.bits[index], 0) / self.rates[index]

    def capacity(self, most, seconds):
        """Bits that pass in so many seconds, where nobody sends more than `most` a second."""
        ends = [*self.starts[1:], seconds]
        return sum(min(rate, most) * (end - begin)
                   for begin, end, rate in zip(self.starts, ends, self.rates))

    def returns(self, most, seconds):
        """When it comes back from less than half of `most` to all of it, for five seconds at least."""
        pairs = zip(self.starts[1:], self.rates, self.rates[1:])
        backs = [at for at, before, after in pairs if before < most / 2 and after >= most]
        def stays(at):
            end = at + 5
            return end <= seconds and all(rate >= most for begin, rate in zip(self.starts, self.rates) if at <= begin < end)
        return [at for at in backs if stays(at)]


def all_in(directory, seconds, words):
    """The traces whose names hold one of the words."""
    paths = sorted(Path(directory).glob("*.csv"))
    return [Trace.read(path, seconds) for path in paths if not words or any(word in path.stem for word in words)]
