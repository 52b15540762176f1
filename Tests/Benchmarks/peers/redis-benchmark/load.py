"""Runs redis-benchmark with the script that acquires a lock, and then as often with the one that releases it, on the
same locks: load.py OUT lock --server HOST:PORT [OPTION...]"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../seed"))
sys.dont_write_bytecode = True
import measure  # noqa: E402

LOCKS = 10_000
START_SECONDS_MAX = 10

parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("work")
parser.add_argument("--server", required=True)
parser.add_argument("--connections", type=int, default=1)
parser.add_argument("--in-flight", type=int, default=1)
parser.add_argument("--duration", type=float, default=10)
parser.add_argument("--warm-up", type=float, default=1)
parser.add_argument("--server-pid", type=int)
options = parser.parse_args()
if options.work != "lock":
    print("redis-benchmark has no other work than lock", file=sys.stderr)
    sys.exit(measure.EXIT_USAGE)
host, _, port = options.server.rpartition(":")


def redis(*words: str, text: str | None = None) -> str:
    end = time.monotonic() + START_SECONDS_MAX
    while True:
        done = subprocess.run(
            ["redis-cli", "-h", host, "-p", port, *words], input=text, capture_output=True, text=True)
        if done.returncode == 0 and not done.stdout.startswith("LOADING"):
            return done.stdout.strip()
        if time.monotonic() > end:
            print(f"no server answers: {done.stderr.strip()}", file=sys.stderr)
            sys.exit(measure.EXIT_UNAVAILABLE)
        time.sleep(0.05)


def script(name: str) -> str:
    with open(f"{options.out}/{name}.lua") as file:
        return redis("-x", "SCRIPT", "LOAD", text=file.read().rstrip("\n"))


token = "0123456789abcdef" * 2
kinds = {
    script("acquire"): [token, "10000", "", "1000", "0"],
    script("release"): [token, "channel", ""],
}


def run(count: int) -> list[dict[str, str]]:
    """What redis-benchmark says of the one and of the other."""
    rows = []
    for sha, arguments in kinds.items():
        done = subprocess.run(
            ["redis-benchmark", "-h", host, "-p", port, "-c", str(options.connections), "-P", str(options.in_flight)]
            + ["-n", str(count), "-r", str(LOCKS), "--csv", "EVALSHA", sha, "1", "lock:{__rand_int__}", *arguments],
            capture_output=True, text=True)
        if done.returncode != 0:
            print(f"redis-benchmark failed: {done.stderr.strip()}", file=sys.stderr)
            sys.exit(measure.EXIT_CALLS_FAILED)
        rows.append(list(csv.DictReader(done.stdout.splitlines()))[-1])
    return rows


began = time.monotonic()
first = 20_000
run(first)
rate = 2 * first / (time.monotonic() - began)
count = max(first, int(rate * options.duration / 2))
cpu_before = measure.cpu_seconds(options.server_pid) if options.server_pid else 0
rows = run(count)
cpu = measure.cpu_seconds(options.server_pid) - cpu_before if options.server_pid else None
seconds = sum(count / float(row["rps"]) for row in rows)


def microseconds(key: str) -> float:
    """The worse of both."""
    return round(max(float(row[key]) for row in rows) * 1000, 1)


line = {
    "calls_per_second": round(2 * count / seconds, 1),
    "tokens_per_second": 0.0,
    "errors": 0,
    # redis-benchmark has no other quantiles.
    "latency_us": {
        "p50": microseconds("p50_latency_ms"), "p90": microseconds("p95_latency_ms"),
        "p99": microseconds("p99_latency_ms"), "p999": microseconds("max_latency_ms"),
        "max": microseconds("max_latency_ms"),
    },
    "server_cpu_us_per_call": None if cpu is None else round(cpu * 1e6 / (2 * count), 3),
    "server_rss_bytes": measure.resident_bytes(options.server_pid) if options.server_pid else None,
}
print(json.dumps(line, separators=(",", ":")), flush=True)
