"""Checks the line that a peer's load printed, which comes on standard input. Fails in words.

check_report.py WORK CALLS_IN_FLIGHT
"""

import json
import sys

work, calls_in_flight = sys.argv[1], int(sys.argv[2])
lines = sys.stdin.read().splitlines()
assert len(lines) == 1, f"{len(lines)} lines in place of one"
report = json.loads(lines[0])
latency = report.get("latency_us", {})


def check(is_true: bool, words: str) -> None:
    if not is_true:
        sys.exit(f"{words}: {lines[0]}")


keys = "calls_per_second tokens_per_second errors latency_us server_cpu_us_per_call server_rss_bytes"
check(list(report) == keys.split(), "not the keys of chatbench --json, in their order")
check(list(latency) == "p50 p90 p99 p999 max".split(), "not the keys of latency_us, in their order")
check(report["errors"] == 0, "calls failed")
check(report["calls_per_second"] > 1, "hardly a call")
check(sorted(latency.values()) == list(latency.values()), "a quantile is above a higher one")
check(0 < latency["p50"] and latency["max"] < 10e6, "latencies beyond a call's time limit")
# As many calls are always under way, and half of them take at least the median.
under_way = report["calls_per_second"] * latency["p50"] / 1e6 / 2
check(under_way <= calls_in_flight, "latencies that do not fit the calls per second: a unit is wrong")
check(0 < report["server_cpu_us_per_call"] * report["calls_per_second"] < 100e6, "CPU of no machine of ours")
check(500e3 < report["server_rss_bytes"] < 4e9, "memory of no server of ours")
tokens_per_call = report["tokens_per_second"] / report["calls_per_second"]
# Calls and tokens are rounded to a tenth.
tokens = 50 if work in ("chat", "stream") else 0
check(abs(tokens_per_call - tokens) < 0.5, "not the tokens that the model answered with")
