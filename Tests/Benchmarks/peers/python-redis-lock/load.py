"""Locks that are acquired and released, each caller its own, by python-redis-lock: a process for each connection, a
thread for each call in flight on it: load.py lock --server HOST:PORT [OPTION...]"""

import argparse
import multiprocessing
import os
import sys
import threading
import time

import redis
import redis_lock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../seed"))
sys.dont_write_bytecode = True
import measure  # noqa: E402

START_SECONDS_MAX = 10

parser = argparse.ArgumentParser()
parser.add_argument("work")
parser.add_argument("--server", required=True)
parser.add_argument("--connections", type=int, default=1)
parser.add_argument("--in-flight", type=int, default=1)
parser.add_argument("--duration", type=float, default=10)
parser.add_argument("--warm-up", type=float, default=1)
parser.add_argument("--server-pid", type=int)


def call(client, name, latencies, begin, end):
    while True:
        lock = redis_lock.Lock(client, name, expire=10)
        for action in (lambda: lock.acquire(blocking=False), lock.release):
            started = time.monotonic_ns()
            action()
            ended = time.monotonic_ns()
            if ended >= end:
                return
            if started >= begin:
                latencies.append(ended - started)


def process(options, number, begin, end, results):
    host, _, port = options.server.rpartition(":")
    pool = redis.ConnectionPool(host=host, port=int(port), max_connections=options.in_flight + 1)
    client = redis.Redis(connection_pool=pool)
    lists = [[] for _ in range(options.in_flight)]
    threads = [
        threading.Thread(target=call, args=(client, f"{number}-{index}", latencies, begin, end))
        for index, latencies in enumerate(lists)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put([latency for latencies in lists for latency in latencies])


def main(options) -> int:
    if options.work != "lock":
        print("python-redis-lock has no other work than lock", file=sys.stderr)
        return measure.EXIT_USAGE
    host, _, port = options.server.rpartition(":")
    limit = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            redis.Redis(host=host, port=int(port)).ping()
            break
        except redis.ConnectionError as error:
            if time.monotonic() > limit:
                print(f"no server answers: {error}", file=sys.stderr)
                return measure.EXIT_UNAVAILABLE
            time.sleep(0.05)
    begin = time.monotonic_ns() + int(options.warm_up * 1e9)
    end = begin + int(options.duration * 1e9)
    results = multiprocessing.Queue()
    callers = [
        multiprocessing.Process(target=process, args=(options, number, begin, end, results))
        for number in range(options.connections)]
    for caller in callers:
        caller.start()
    time.sleep(max(0, begin - time.monotonic_ns()) / 1e9)
    pid = options.server_pid
    cpu_before = measure.cpu_seconds(pid) if pid else 0
    time.sleep(max(0, end - time.monotonic_ns()) / 1e9)
    cpu = measure.cpu_seconds(pid) - cpu_before if pid else None
    resident = measure.resident_bytes(pid) if pid else None
    histogram = measure.Histogram()
    for _ in callers:
        for latency in results.get(timeout=60):
            histogram.record(latency)
    for caller in callers:
        caller.join()
    return measure.report(histogram, 0, 0, options.duration, cpu, resident)


sys.exit(main(parser.parse_args()))
