"""The rows, as they are had."""

import json

COLUMNS = ("line", "trace", "who", "video p50/p95/max s", "audio p50/p95/max s", "frames lost", "audio lost",
           "freeze s", "used", "back s", "unrest")


class Json:
    """An object a line."""

    def row(self, line, trace, who, row):
        fault = {"error": row} if isinstance(row, str) else row
        print(json.dumps({"line": line, "trace": trace, "who": who, **fault}), flush=True)
        return "error" in fault


class Table:
    """One for people, in Markdown."""

    def __init__(self, seconds, bitrate):
        print(f"{seconds} s of a hard 720p30 picture at {bitrate} kbit/s\n")
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)

    def row(self, line, trace, who, row):
        """Prints a row; whether it failed."""
        failed = isinstance(row, str)
        cells = [f"FAILED: {' '.join(row.split())[-200:]}"] if failed else figures(row)
        print(f"| {' | '.join([line or '-', trace, who, *cells])} |", flush=True)
        return failed


def figures(row):
    """A row's cells after its name."""
    late = ["/".join(number(row[f"{kind}_{name}"], 2) for name in ("p50", "p95", "max")) for kind in ("video", "audio")]
    lost = f"{row['lost']} of {row['made']}"
    lost += f", {row['too_slow']} of them by the encoder" if row["too_slow"] else ""
    lost += f", {row['connections']} connections" if row["connections"] != 1 else ""
    unrest = "-" if row["unrest"] is None else f"{row['unrest']:.0%}"
    back = number(row["back"], 1)
    return [*late, lost, str(row["audio_lost"]), number(row["freeze"], 2), f"{row['used']:.0%}", back, unrest]


def number(value, digits):
    return "-" if value is None else "never" if value == float("inf") else f"{value:.{digits}f}"
