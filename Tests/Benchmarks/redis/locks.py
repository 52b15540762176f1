# Measures locks per second in turns, and prints the medians. Usage: locks.py FOLDER-OF-PROGRAMS [--rounds N]
# [--seconds N]. See `locks` beside this.
import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import tempfile
import time

import redis
import redis_lock

CONNECTIONS = 16
IN_FLIGHT = 16
START_SECONDS_MAX = 20

parser = argparse.ArgumentParser()
parser.add_argument("programs")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--seconds", type=int, default=3)
options = parser.parse_args()


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **more).stdout


def scripts(client, server):
    """The two commands as chatd sends them: Redis's log of slow commands, with every command for a slow one."""
    client.config_set("slowlog-log-slower-than", 0)
    client.slowlog_reset()
    chatctl = [options.programs + "/chatctl", "lock"]
    token = json.loads(run(*chatctl, "acquire", "probe", "--json", "--server", server))["token"]
    run(*chatctl, "release", "probe", "--token", token, "--server", server)
    found = [entry["command"].decode().split(" ") for entry in reversed(client.slowlog_get(200))]
    client.config_set("slowlog-log-slower-than", 10_000)
    found = [command for command in found if command[0] == "EVALSHA" and "lock1:{/probe}" in command[3]]
    assert len(found) == 2, found
    return [command[1] for command in found]


def by_chatd(server, seconds):
    report = json.loads(run(
        options.programs + "/chatbench", "lock", "--server", server, "--connections", str(CONNECTIONS), "--in-flight",
        str(IN_FLIGHT), "--duration", str(seconds), "--json"))
    assert report["errors"] == 0, report
    # Half of the calls acquire, half of them release.
    return report["calls_per_second"] / 2, report["server_cpu_us_per_call"] * 2


def by_benchmark(socket, hashes, seconds):
    """Pairs per second: as many acquires as releases, one kind after the other, on the same locks."""
    acquire, release = hashes
    key = "bench:{__rand_int__}"
    count = 100_000 * max(1, seconds // 2)
    rates = []
    for arguments in ([acquire, "1", key, "t" * 32, "10000", "", "1000", "0"], [release, "1", key, "t" * 32, "c", ""]):
        text = run(
            "redis-benchmark", "-s", socket, "-c", str(CONNECTIONS), "-P", str(IN_FLIGHT), "-n", str(count), "-r",
            "10000", "--csv", "EVALSHA", *arguments)
        rates.append(float(text.splitlines()[-1].split('","')[1]))
    return 1 / sum(1 / rate for rate in rates)


def python_caller(socket, number, seconds, results):
    client = redis.Redis(unix_socket_path=socket)
    end, pairs = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        lock = redis_lock.Lock(client, f"python-{number}", expire=10)
        assert lock.acquire(blocking=False)
        lock.release()
        pairs += 1
    results.put(pairs / seconds)


def by_python(socket, seconds):
    """Sixteen processes, each with a connection and a lock of its own."""
    results = multiprocessing.Queue()
    callers = [
        multiprocessing.Process(target=python_caller, args=(socket, number, seconds, results))
        for number in range(CONNECTIONS)]
    for caller in callers:
        caller.start()
    rate = sum(results.get(timeout=60) for _ in callers)
    for caller in callers:
        caller.join()
    return rate


with tempfile.TemporaryDirectory() as folder:
    socket = folder + "/redis.sock"
    store = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL)
    chatd = None
    try:
        client = redis.Redis(unix_socket_path=socket)
        end = time.monotonic() + START_SECONDS_MAX
        while not os.path.exists(socket):
            assert time.monotonic() < end, "redis-server does not start"
            time.sleep(0.02)
        chatd = subprocess.Popen(
            [options.programs + "/chatd", "--listen", "127.0.0.1:0", "--store", "redis+unix://" + socket]
            + ["--model", "offline", "--log-level", "warning"], stdout=subprocess.PIPE, text=True)
        server = chatd.stdout.readline().split()[-1]
        hashes = scripts(client, server)
        figures = {"chatd": [], "CPU": [], "redis-benchmark": [], "python-redis-lock": []}
        for _ in range(options.rounds):
            rate, cpu = by_chatd(server, options.seconds)
            figures["chatd"].append(rate)
            figures["CPU"].append(cpu)
            figures["redis-benchmark"].append(by_benchmark(socket, hashes, options.seconds))
            figures["python-redis-lock"].append(by_python(socket, options.seconds))
        median = {name: statistics.median(values) for name, values in figures.items()}
        ratios = [ours / theirs for ours, theirs in zip(figures["chatd"], figures["redis-benchmark"])]
        print(f"locks acquired and given back per second, {CONNECTIONS} connections x {IN_FLIGHT}, medians of "
              f"{options.rounds}:")
        print(f"chatd {median['chatd']:,.0f}, {median['CPU']:.1f} us of its CPU each")
        print(f"redis-benchmark with its scripts {median['redis-benchmark']:,.0f}: chatd has "
              f"{statistics.median(ratios):.2f} of it")
        print(f"python-redis-lock {median['python-redis-lock']:,.0f}")
    finally:
        for process in (chatd, store):
            if process:
                process.kill()
                process.wait()
