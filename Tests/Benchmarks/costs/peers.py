# The two peers of a chatd whose costs are counted: a client that makes a fixed number of calls, and a model that
# answers them. Both are in one thread and take turns, so that every run is the same.
import select
import socket
import struct

REQUEST, RESPONSE, DATA = 1, 2, 3
STREAM_END = 5
DEADLINE_SECONDS = 120


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, content):
    """A protobuf field of text, bytes or a message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


class Client:
    """A ttrpc client on one connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.next_id = 1

    def request(self, service, method, message):
        """The frame of a call on the next id; not sent yet."""
        body = field(1, service) + field(2, method) + field(3, message)
        frame = struct.pack(">IIBB", len(body), self.next_id, REQUEST, 0) + body
        self.next_id += 2
        return frame

    def send(self, frames):
        self.socket.sendall(frames)

    def frame(self):
        """The next frame's type, flags and body."""
        while len(self.buffer) < 10 or len(self.buffer) < 10 + struct.unpack_from(">I", self.buffer)[0]:
            received = self.socket.recv(1 << 16)
            if not received:
                raise ConnectionError("chatd closed the connection")
            self.buffer += received
        length, _, kind, flags = struct.unpack_from(">IIBB", self.buffer)
        body = bytes(self.buffer[10 : 10 + length])
        del self.buffer[: 10 + length]
        return kind, flags, body

    def reply(self):
        """The payload of the next Response, which must be a success."""
        kind, _, body = self.frame()
        if kind != RESPONSE or body[:1] == b"\x0a":
            raise ValueError(f"not the reply of a call that succeeded: type {kind}, {body!r}")
        return body

    def event(self):
        """The next message of a stream; None at its end."""
        kind, flags, body = self.frame()
        if kind == DATA and flags == STREAM_END and not body:
            return None
        if kind != DATA:
            raise ValueError(f"not an event of a stream: type {kind}, {body!r}")
        return body


class Model:
    """An OpenAI-compatible server for one request at a time, or for many that it leaves open."""

    HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = self.listener.getsockname()[1]
        self.connection = None

    def accept_request(self):
        """Reads one whole request and keeps its connection."""
        while True:
            poll = select.poll()  # Descriptors may be too high for select.
            poll.register(self.listener, select.POLLIN)
            if self.connection:
                poll.register(self.connection, select.POLLIN)
            ready = [descriptor for descriptor, _ in poll.poll(DEADLINE_SECONDS * 1000)]
            if not ready:
                raise TimeoutError("chatd asked the model for nothing")
            if self.connection and self.connection.fileno() in ready:
                if self._read_request():
                    return
                self.connection.close()
                self.connection = None
            else:
                if self.connection:
                    self.connection.close()
                self.connection, _ = self.listener.accept()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def leave_open(self):
        """Gives the connection away: its answer stays unfinished."""
        connection, self.connection = self.connection, None
        return connection

    def _read_request(self):
        request = bytearray()
        while b"\r\n\r\n" not in request:
            received = self.connection.recv(1 << 16)
            if not received:
                return False
            request += received
        head, body = bytes(request).split(b"\r\n\r\n", 1)
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(body) < length:
            body += self.connection.recv(1 << 16)
        return True

    def send(self, data):
        self.connection.sendall(data)

    @classmethod
    def stream_head(cls):
        return cls.HEAD % b"text/event-stream" + cls._event('{"role":"assistant","content":""}')

    @classmethod
    def token(cls, text=" token"):
        return cls._event('{"content":"%s"}' % text)

    @classmethod
    def stream_end(cls, tokens):
        usage = '"usage":{"prompt_tokens":10,"completion_tokens":%d,"total_tokens":%d}' % (tokens, tokens + 10)
        return (
            cls._event("{}", finish='"stop"')
            + cls._chunk('data: {%s"choices":[],%s}\n\n' % (cls._identity("chat.completion.chunk"), usage))
            + cls._chunk("data: [DONE]\n\n")
            + b"0\r\n\r\n"
        )

    @classmethod
    def whole(cls, tokens):
        message = '{"role":"assistant","content":"%s"}' % (" token" * tokens)
        body = '{%s"choices":[{"index":0,"message":%s,"finish_reason":"stop"}]}' % (
            cls._identity("chat.completion"),
            message,
        )
        return cls.HEAD % b"application/json" + cls._chunk(body) + b"0\r\n\r\n"

    @staticmethod
    def _chunk(text):
        return b"%x\r\n%s\r\n" % (len(text), text.encode())

    @staticmethod
    def _identity(kind):
        return '"id":"chatcmpl-counted","object":"%s","created":1700000000,"model":"counted",' % kind

    @classmethod
    def _event(cls, delta, finish="null"):
        choice = '{"index":0,"delta":%s,"finish_reason":%s}' % (delta, finish)
        return cls._chunk('data: {%s"choices":[%s]}\n\n' % (cls._identity("chat.completion.chunk"), choice))
