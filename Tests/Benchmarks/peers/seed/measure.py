"""The latency histogram, the server's process as /proc shows it, and the report: what ../measure.h is to the C
programs."""

import json
import math
import os
import sys

EXIT_CALLS_FAILED = 1
EXIT_USAGE = 64
EXIT_UNAVAILABLE = 69

# Each power of two of nanoseconds has 2^8 buckets, so a value is known to 0.4 %.
STEP_BITS = 8


class Histogram:
    def __init__(self):
        self.counts: dict[int, int] = {}
        self.count = 0
        self.max_ns = 0

    def record(self, ns: int) -> None:
        shift = max(0, ns.bit_length() - STEP_BITS - 1)
        bucket = (shift << STEP_BITS) + (ns >> shift)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.count += 1
        self.max_ns = max(self.max_ns, ns)

    def quantile_ns(self, part: float) -> int:
        """The smallest value that this part of all does not exceed, rounded up to its bucket's end."""
        wanted = max(1, math.ceil(self.count * part))
        seen = 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                shift = max(0, (bucket >> STEP_BITS) - 1)
                last = ((bucket - (shift << STEP_BITS) + 1) << shift) - 1
                return min(last, self.max_ns)
        return self.max_ns


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process; the load ends where there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            # The name in brackets may hold anything: fields are counted from behind it.
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        print(f"process {pid} cannot be looked at", file=sys.stderr)
        sys.exit(EXIT_UNAVAILABLE)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = [line.split() for line in file]
    except OSError:
        return 0
    return next((int(fields[1]) * 1024 for fields in lines if fields[0] == "VmRSS:"), 0)


def report(
    latencies: Histogram, tokens: int, errors: int, seconds: float, cpu: float | None, resident: int | None
) -> int:
    """Prints the line of JSON; gives the exit status. The last two are None where nobody's process was named."""
    parts = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    latency = {name: round(latencies.quantile_ns(part) / 1000, 1) for name, part in parts.items()}
    calls = latencies.count
    line = {
        "calls_per_second": round(calls / seconds, 1),
        "tokens_per_second": round(tokens / seconds, 1),
        "errors": errors,
        "latency_us": latency | {"max": round(latencies.max_ns / 1000, 1)},
        "server_cpu_us_per_call": None if cpu is None else round(cpu * 1e6 / max(1, calls + errors), 3),
        "server_rss_bytes": resident,
    }
    print(json.dumps(line, separators=(",", ":")), flush=True)
    if calls > 0 and errors <= 0.01 * (calls + errors):
        return 0
    failed = f"{errors} of {calls + errors} calls failed: the figures mean nothing"
    print(failed if errors else "no call ended while it was measured", file=sys.stderr)
    return EXIT_CALLS_FAILED
