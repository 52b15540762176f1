"""The Python client's driver of Tests/ClientConformance: does one case and tells its verdict."""

import sys
import threading
import time
from contextlib import contextmanager

import chatclient
from chatclient import ChatError, Client, Status


def order(words):
    print(f"do {words}", flush=True)
    if sys.stdin.readline() != "done\n":
        raise AssertionError("the runner is gone")


@contextmanager
def failing(*expected, least=0.0, most=5.0):
    """The block must fail in one of these ways, each a status or a status and a reason, and in time."""
    begin = time.monotonic()
    try:
        yield
    except ChatError as error:
        took = time.monotonic() - begin
        assert least <= took <= most, f"it took {took:.2f} s"
        names = (error.status.name, f"{error.status.name} {error.reason}")
        assert any(name in expected for name in names), f"{error}"
        failing.error = error
    else:
        raise AssertionError(f"it did not fail with {expected}")


def refusing(client, timeout):
    client.chat("another", "s", when_busy=chatclient.WhenBusy.REFUSE, timeout=timeout)


def until_refused(client, status):
    end = time.monotonic() + 5
    while True:
        try:
            refusing(client, 0.3)
        except ChatError as error:
            if error.status == status:
                return
            assert error.status in (Status.ABORTED, Status.DEADLINE_EXCEEDED), f"{error}"
        assert time.monotonic() < end, "it was not so within 5 s"


def first_text(stream):
    for event in stream:
        if event.text is not None:
            return
    raise AssertionError("there is no text")


def rest(stream):
    events = list(stream)
    assert events[-1].finished is not None, "the stream did not finish"


def in_threads(count, work):
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# Happy paths


def echo(client):
    for count in (0, 1000, 900_000):
        payload = bytes(index * 7 % 256 for index in range(count))
        assert client.echo(payload) == payload, f"{count} bytes came back otherwise"


def many_at_once(client):
    def work(number):
        payload = f"echo {number}".encode()
        assert client.echo(payload) == payload, "another's bytes came back"

    in_threads(200, work)


def chat(client):
    reply = client.chat("hello", "s")
    assert reply.text == "alpha beta gamma" and reply.session_id == "s", f"{reply}"
    assert reply.turn_id and not reply.replayed, f"{reply}"


def chat_again(client):
    assert not client.chat("hello", "s", turn_id="t").replayed, "the first is replayed"
    assert client.chat("hello", "s", turn_id="t").replayed, "the second is not replayed"
    assert client.session("s").message_count == 2, "it is not stored once"


def stream(client):
    events = list(client.stream_chat("hello", "s"))
    kinds = [event.event for event in events if event.event not in ("text", "heartbeat")]
    text = "".join(event.text or "" for event in events)
    assert kinds == ["started", "finished"] and text == "alpha beta gamma", f"{kinds} {text}"


def sessions(client):
    for session in ("s1", "s2", "s1"):
        client.chat("hello", session)
    assert [session.id for session in client.sessions()] == ["s1", "s2"]
    client.update_session("s2", title="new")
    assert client.session("s2").title == "new"
    assert client.delete_session("s2") and not client.delete_session("s2")
    messages = list(client.messages("s1"))
    assert len(messages) == 4 and messages[0].role == chatclient.MessageRole.USER and messages[0].text == "hello"


def pages(client):
    for number in range(5):
        client.chat("hello", f"s{number}")
    seen, count, token = set(), 0, ""
    while count == 0 or token:
        page = client.list_sessions(page_size=2, page_token=token)
        seen |= {session.id for session in page.sessions}
        token = page.next_page_token
        count += 1
    assert len(seen) == 5 and count == 3, f"{len(seen)} sessions, {count} pages"


# Locks

FIRST, SECOND = "0" * 31 + "1", "0" * 31 + "2"


def lock(client):
    first = client.acquire_lock("k", FIRST).fence
    client.renew_lock("k", FIRST)
    client.release_lock("k", FIRST)
    assert client.acquire_lock("k", SECOND).fence > first, "the fence did not grow"
    client.release_lock("k", SECOND)
    with failing("FAILED_PRECONDITION LOST"):
        client.release_lock("k", SECOND)


def lock_taken(client):
    first = client.acquire_lock("k", FIRST).fence
    with failing("ABORTED NOT_ACQUIRED"):
        client.acquire_lock("k", SECOND)
    fences = []
    thread = threading.Thread(target=lambda: fences.append(client.acquire_lock("k", SECOND, wait=10).fence))
    thread.start()
    client.release_lock("k", FIRST)
    thread.join()
    assert fences and fences[0] > first, "the fence did not grow"


def lock_kept(client):
    with client.lock("k", ttl=0.3) as held:
        time.sleep(1)
        assert held.is_held and held.fence > 0, "it was not kept"
    client.acquire_lock("k", FIRST)


def lock_lost(client):
    told = threading.Event()
    with failing("FAILED_PRECONDITION LOST", most=20):
        with client.lock("k", ttl=1) as held:
            held.on_loss(told.set)
            order("kill 1")
            order("start 1")
            assert told.wait(5), "nobody was told"
            assert not held.is_held, "it is still held"


# Deadlines and cancellation


def deadline(client):
    with failing("DEADLINE_EXCEEDED", least=0.25, most=2):
        client.chat("hello", "s", timeout=0.3)


def deadline_stream(client):
    text = ""
    with failing("DEADLINE_EXCEEDED", most=2):
        for event in client.stream_chat("hello", "s", timeout=0.5):
            text += event.text or ""
    assert text == "one two", text


def deadline_silence(client):
    order("pause 1")
    with failing("DEADLINE_EXCEEDED", most=2):
        client.chat("hello", "s", timeout=0.5)
    order("continue 1")
    client.chat("hello", "s", timeout=10)


def cancel(client):
    """A task that is cancelled cancels its call: the face for asyncio."""
    import asyncio

    async def run(addresses):
        async with chatclient.AsyncClient(addresses) as own:
            task = asyncio.create_task(own.chat("hello", "s"))
            await asyncio.to_thread(until_refused, client, Status.ABORTED)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                return
            raise AssertionError("it was not cancelled")

    asyncio.run(run(sys.argv[2]))
    until_refused(client, Status.DEADLINE_EXCEEDED)


def cancel_stream(client):
    answer = client.stream_chat("hello", "s")
    first_text(answer)
    answer.cancel()
    with failing("CANCELLED"):
        list(answer)
    until_refused(client, Status.DEADLINE_EXCEEDED)


def cancel_turn(client):
    answer = client.stream_chat("hello", "s", turn_id="t")
    first_text(answer)
    assert client.cancel_turn("t", "s") == chatclient.CancelOutcome.CANCELLED, "it was not cancelled"
    with failing("CANCELLED TURN_CANCELLED"):
        list(answer)


# Servers that go


def killed(client):
    answer = client.stream_chat("hello", "s")
    first_text(answer)
    order("kill 1")
    with failing("UNAVAILABLE"):
        list(answer)
    with failing("UNAVAILABLE", "DEADLINE_EXCEEDED"):
        client.chat("hello", "s", timeout=2)


def reconnect(client):
    client.chat("hello", "s", timeout=10)
    order("kill 1")
    order("start 1")
    client.chat("hello", "s", timeout=10)


def retry(client):
    replies = []
    thread = threading.Thread(target=lambda: replies.append(client.chat("hello", "s", timeout=30)))
    thread.start()
    time.sleep(0.5)
    order("kill 1")
    order("start 1")
    thread.join()
    assert replies and replies[0].text == "one two three four five", "another answer, or none"
    assert client.session("s").message_count == 2, "it is not stored once"


def nobody_there(client):
    order("kill 1")
    with failing("UNAVAILABLE NOT_CONNECTED", "DEADLINE_EXCEEDED", most=4):
        client.chat("hello", "s", timeout=2)


def several_addresses(client):
    order("kill 1")
    client.chat("hello", "s", timeout=10)
    order("start 1")
    order("kill 2")
    client.chat("hello", "s", timeout=10)


def drain(client):
    answer = client.stream_chat("hello", "streamed")
    first_text(answer)
    order("drain 1")
    thread_failures = []

    def chats():
        try:
            in_threads(20, lambda number: client.chat("hello", f"s{number}", timeout=20))
        except BaseException as error:
            thread_failures.append(error)

    thread = threading.Thread(target=chats)
    thread.start()
    rest(answer)
    thread.join()
    assert not thread_failures, f"{thread_failures[0]}"
    order("ended 1")


# What is refused


def oversize(client):
    with failing("RESOURCE_EXHAUSTED"):
        client.echo(b"x" * 100_000)
    assert client.echo(b"x" * 1000) == b"x" * 1000


def bad_session_id(client):
    with failing("INVALID_ARGUMENT SESSION_ID"):
        client.chat("hello", "a b")


def not_found(client):
    with failing("NOT_FOUND", "NOT_FOUND SESSION_NOT_FOUND"):
        client.session("none")


def switched_off(client):
    with failing("UNIMPLEMENTED"):
        client.echo(b"x")


def session_busy(client):
    with client.stream_chat("hello", "s") as answer:
        first_text(answer)
        with failing("ABORTED SESSION_BUSY"):
            refusing(client, 5)


def model_refuses(client):
    with failing("RESOURCE_EXHAUSTED MODEL_RATE_LIMITED"):
        client.chat("hello", "s", timeout=5)
    wait = failing.error.retry_after
    assert wait is not None and 50 < wait <= 60, f"again after {wait}"


def slow_reader(client):
    answer = client.stream_chat("hello", "s", timeout=30)
    first_text(answer)
    for _ in range(100):
        assert client.echo(b"x") == b"x"
    rest(answer)


def closed(client):
    client.chat("hello", "s")
    client.close()
    with failing("CANCELLED CLIENT_CLOSED"):
        client.chat("hello", "s")


SKIPPED = {"bad-utf8": "a str that is no text cannot be encoded"}
CASES = {
    name.replace("_", "-"): function
    for name, function in list(globals().items())
    if callable(function) and getattr(function, "__module__", "") == "__main__"
}
CASES["unix-socket"] = chat

if __name__ == "__main__":
    if sys.argv[1] in SKIPPED:
        print(f"skip {SKIPPED[sys.argv[1]]}")
    else:
        try:
            with Client(sys.argv[2]) as own_client:
                CASES[sys.argv[1]](own_client)
            print("pass")
        except BaseException as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"fail {words}")
