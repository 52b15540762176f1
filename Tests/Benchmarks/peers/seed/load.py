"""Load for the seed: whole turns over REST, streamed ones over WebSocket, on raw sockets of one event loop, so that
the client costs little beside what is measured.

Either protocol has one turn at a time on a connection, so CONNECTIONS x IN_FLIGHT connections are opened. A turn has
a time limit; after a failure its caller connects anew. Ten turns make a session, as chatbench has them.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import os
import sys
import time

import uvloop

import measure

MESSAGE = "Tell me what moved the market this morning."
TURNS_PER_SESSION = 10
CALL_SECONDS_MAX = 10
PAUSE_AFTER_FAILURE_SECONDS = 0.01
WEBSOCKET_KEY = base64.b64encode(b"sixteen bytes---").decode()
WEBSOCKET_ACCEPT = base64.b64encode(
    hashlib.sha1((WEBSOCKET_KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
)


class Run:
    """What the callers share."""

    def __init__(self, host: str, port: int):
        self.host, self.port = host, port
        self.name = f"load-{os.getpid()}-{time.time_ns()}"
        self.latencies = measure.Histogram()
        self.tokens = self.errors = 0
        self.is_measuring = self.is_stopping = False
        self.has_told_failure = False

    def failed(self, words: str) -> None:
        self.errors += self.is_measuring
        if not self.has_told_failure:
            self.has_told_failure = True
            print(f"a call failed: {words}", file=sys.stderr)


class Caller(asyncio.Protocol):
    """One turn at a time on one connection: `send` begins it, `parse` consumes what came."""

    def __init__(self, run: Run, number: int):
        self.run, self.number = run, number
        self.turns = 0
        self.ended = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.tokens = 0
        # None while no turn is under way.
        self.began_ns: int | None = None

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, self.run.host, self.run.port)

    # What a kind of work decides

    def opened(self) -> None:
        self.begin()

    def send(self, body: bytes) -> None:
        raise NotImplementedError

    def parse(self) -> None:
        raise NotImplementedError

    # asyncio.Protocol

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.buffer.clear()
        self.opened()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.parse()

    def connection_lost(self, error) -> None:
        self.transport = None
        if not self.ended.done():
            self.fail(f"the connection ended: {error or 'closed by the server'}")

    # Turns

    def begin(self) -> None:
        if self.run.is_stopping:
            return self.stop()
        session = f"{self.run.name}-{self.number}-{self.turns // TURNS_PER_SESSION}"
        self.turns += 1
        self.tokens = 0
        self.began_ns = time.monotonic_ns()
        self.send(json.dumps({"message": MESSAGE, "session_id": session}).encode())

    def end(self) -> None:
        if self.tokens == 0:
            return self.fail("the answer is empty")
        if self.run.is_measuring:
            self.run.latencies.record(time.monotonic_ns() - self.began_ns)
            self.run.tokens += self.tokens
        self.began_ns = None
        self.begin()

    def fail(self, words: str) -> None:
        self.began_ns = None
        self.run.failed(words)
        transport, self.transport = self.transport, None
        if transport:
            # Nothing more of this connection counts: its protocol becomes one that does nothing.
            transport.set_protocol(asyncio.Protocol())
            transport.abort()
        if self.run.is_stopping:
            return self.stop()
        asyncio.get_running_loop().call_later(PAUSE_AFTER_FAILURE_SECONDS, self.connect_anew)

    def connect_anew(self) -> None:
        self.connecting = asyncio.ensure_future(self.connect())
        self.connecting.add_done_callback(lambda done: done.exception() and self.fail(str(done.exception())))

    def check_time_limit(self, now_ns: int) -> None:
        if self.began_ns is not None and now_ns - self.began_ns > CALL_SECONDS_MAX * 1_000_000_000:
            self.fail(f"no answer within {CALL_SECONDS_MAX} s")

    def stop(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        if self.transport:
            self.transport.close()


class ChatCaller(Caller):
    """POST /chat. The reply's words are counted as tokens: the stand-in model's are words, and the seed tells no
    usage."""

    def send(self, body: bytes) -> None:
        head = f"POST /chat HTTP/1.1\r\nHost: {self.run.host}:{self.run.port}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)

    def parse(self) -> None:
        head_bytes = self.buffer.find(b"\r\n\r\n") + 4
        if head_bytes < 4:
            return
        head = bytes(self.buffer[:head_bytes]).lower()
        body_bytes = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0] or -1)
        if body_bytes < 0 or head.split(b" ", 2)[1] != b"200":
            return self.fail(f"not the answer of a turn: {head.splitlines()[0].decode()}")
        if len(self.buffer) < head_bytes + body_bytes:
            return
        reply = json.loads(self.buffer[head_bytes : head_bytes + body_bytes])["reply"]
        del self.buffer[: head_bytes + body_bytes]
        self.tokens = len(reply.split())
        self.end()


class StreamCaller(Caller):
    """/ws/chat. Each text frame before the last one, [DONE], is a token."""

    TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
    is_open = False

    def opened(self) -> None:
        self.is_open = False
        head = f"GET /ws/chat HTTP/1.1\r\nHost: {self.run.host}:{self.run.port}\r\nUpgrade: websocket\r\n"
        head += f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {WEBSOCKET_KEY}\r\n\r\n"
        self.began_ns = time.monotonic_ns()
        self.transport.write(head.encode())

    def send(self, body: bytes) -> None:
        self.send_frame(self.TEXT, body)

    def send_frame(self, kind: int, body: bytes) -> None:
        assert len(body) < 1 << 16, "a question is short"
        size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
        # A client's frames are masked; this mask leaves the bytes as they are.
        self.transport.write(bytes([kind]) + size + bytes(4) + body)

    def parse(self) -> None:
        if not self.is_open and not self.parse_opening():
            return
        at = 0
        # A turn that failed has taken the connection away.
        while self.transport:
            start, size = at + 2, len(self.buffer)
            if size < start:
                break
            kind, body_bytes = self.buffer[at], self.buffer[at + 1]
            if body_bytes >= 126:
                start += 2 if body_bytes == 126 else 8
                if size < start:
                    break
                body_bytes = int.from_bytes(self.buffer[at + 2 : start], "big")
            if size < start + body_bytes:
                break
            at = start + body_bytes
            self.take_frame(kind, bytes(self.buffer[start:at]))
        del self.buffer[:at]

    def parse_opening(self) -> bool:
        head_bytes = self.buffer.find(b"\r\n\r\n") + 4
        if head_bytes < 4:
            return False
        head = bytes(self.buffer[:head_bytes])
        del self.buffer[:head_bytes]
        if not head.startswith(b"HTTP/1.1 101 ") or WEBSOCKET_ACCEPT not in head:
            self.fail(f"not a WebSocket: {head.splitlines()[0].decode()}")
            return False
        self.is_open = True
        self.begin()
        return self.transport is not None

    def take_frame(self, kind: int, body: bytes) -> None:
        if kind == self.PING:
            self.send_frame(self.PONG, body)
        elif kind != self.TEXT:
            self.fail("the server closed the stream" if kind == self.CLOSE else f"an unknown frame, {kind:#x}")
        elif body == b"[DONE]":
            self.end()
        elif body.startswith(b'{"error"'):
            self.fail(body.decode())
        else:
            self.tokens += 1


async def watch_time_limits(callers: list[Caller]) -> None:
    while True:
        await asyncio.sleep(0.5)
        now_ns = time.monotonic_ns()
        for caller in callers:
            caller.check_time_limit(now_ns)


async def make_load(arguments: argparse.Namespace) -> int:
    host, _, port = arguments.server.rpartition(":")
    run = Run(host, int(port))
    kind = {"chat": ChatCaller, "stream": StreamCaller}[arguments.work]
    callers = [kind(run, number) for number in range(arguments.connections * arguments.in_flight)]
    try:
        for caller in callers:
            await caller.connect()
    except OSError as error:
        print(f"no server answers: {error}", file=sys.stderr)
        return measure.EXIT_UNAVAILABLE
    watch = asyncio.ensure_future(watch_time_limits(callers))
    await asyncio.sleep(arguments.warm_up)

    pid = arguments.server_pid
    cpu_before = measure.cpu_seconds(pid) if pid else 0
    began = time.monotonic()
    run.is_measuring = True
    await asyncio.sleep(arguments.duration)
    run.is_measuring = False
    seconds = time.monotonic() - began
    cpu = measure.cpu_seconds(pid) - cpu_before if pid else None
    resident = measure.resident_bytes(pid) if pid else None
    run.is_stopping = True

    # Each turn has a time limit, so they end soon.
    await asyncio.gather(*(caller.ended for caller in callers))
    watch.cancel()
    return measure.report(run.latencies, run.tokens, run.errors, seconds, cpu, resident)


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.print_usage(sys.stderr)
        self.exit(measure.EXIT_USAGE, f"{message}\n")


def within(kind, least, most):
    def parse(text: str):
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{least} to {most}")
        return value

    return parse


def main() -> None:
    parser = Parser(prog="load OUT")
    parser.add_argument("work", choices=["chat", "stream"])
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--connections", type=within(int, 1, 20_000), default=1)
    parser.add_argument("--in-flight", type=within(int, 1, 10_000), default=1)
    parser.add_argument("--duration", type=within(float, 0.1, 86_400), default=10)
    parser.add_argument("--warm-up", type=within(float, 0, 3_600), default=1)
    parser.add_argument("--server-pid", type=int)
    sys.exit(uvloop.run(make_load(parser.parse_args())))


main()
