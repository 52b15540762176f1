"""What the package adds to the C library: exceptions, iteration, blocks, threads, asyncio, signals."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

import chatclient
from chatclient import AsyncClient, ChatError, ChatMessage, Client, MessageRole, Status

STALLED = {"tokens": ["one ", "two"], "stall": True}


def test_every_status_has_an_exception_of_its_own():
    for status in Status:
        if status == Status.UNKNOWN:
            continue
        error = ChatError.of_status(status, "words", "REASON")
        assert type(error) is not ChatError and error.status == status
        assert str(error) == f"{status.name} (REASON): words"
    assert ChatError.of_status(99).status == Status.UNKNOWN


def test_bad_arguments_are_told_at_once():
    with pytest.raises(chatclient.InvalidArgumentError) as failure:
        Client("::1:80")
    assert failure.value.reason == "BAD_ADDRESS" and not failure.value.from_server
    for options in ({"call_timeout": -1}, {"attempts": 0}, {"metadata": {"Upper": "v"}}):
        with pytest.raises(ValueError):
            Client("127.0.0.1:1", **options)


def test_calls_of_every_service(start):
    with Client(start(flags=("--store", "memory:", "--diagnostics"))) as client:
        reply = client.chat("안녕하세요", "s", user_id="u", temperature=0.5, timeout=10)
        assert reply.text == "alpha beta gamma" and reply.finish_reason == chatclient.FinishReason.STOP
        assert reply.timing is not None and reply.timing.total_microseconds > 0
        assert [message.text for message in client.messages("s")] == ["안녕하세요", "alpha beta gamma"]
        assert [message.role for message in client.messages("s", newest_first=True)][0] == MessageRole.ASSISTANT
        session = client.update_session("s", title="제목", labels={"desk": "fx", "a": ""})
        assert session.title == "제목" and [(label.key, label.value) for label in session.labels] == [
            ("a", ""), ("desk", "fx")]
        added = client.import_messages("old", [ChatMessage(role=MessageRole.USER, text="hi")])
        assert added.added_messages == 1
        assert client.server_info().store == "memory"
        assert client.health() == chatclient.ServingStatus.SERVING
        assert client.echo(b"\0\xff") == b"\0\xff"
        assert client.cancel_turn("none") == chatclient.CancelOutcome.NOT_RUNNING
        with pytest.raises(chatclient.UnimplementedError):
            client.authenticate("token")
        with pytest.raises(chatclient.FailedPreconditionError) as failure:
            list(client.backup())
        assert failure.value.reason == "STORE_HAS_NO_FILE" and failure.value.from_server


def test_a_backup_is_the_store(start, tmp_path):
    with Client(start(flags=("--store", f"sqlite:{tmp_path}/a.db"))) as client:
        client.chat("hello", "s")
        data = b"".join(event.chunk.data for event in client.backup() if event.chunk is not None)
        assert data.startswith(b"SQLite format 3\0")


def test_leaving_a_stream_cancels_its_turn(start):
    with Client(start(STALLED)) as client:
        with client.stream_chat("hello", "s", turn_id="t") as answer:
            assert answer.turn_id == "t"
            assert next(event.text for event in answer if event.text) == "one "
        with pytest.raises(chatclient.DeadlineExceededError):
            client.chat("hello", "s", timeout=0.5)
        assert list(answer) == []


def test_locks_from_two_threads(start):
    with Client(start()) as client:
        order = []
        with client.lock("k", owner_label="first") as first:
            assert client.inspect_lock("k").owner_label == "first" and 0 < first.time_left <= 10
            with pytest.raises(chatclient.AbortedError) as failure:
                client.lock("k").__enter__()
            assert failure.value.reason == "NOT_ACQUIRED" and failure.value.retryable

            def second():
                with client.lock("k", wait=10) as lock:
                    order.append(lock.fence)

            thread = threading.Thread(target=second)
            thread.start()
            order.append(first.fence)
        thread.join()
        assert order[0] < order[1]
        assert not first.is_held and first.time_left == 0


def test_a_lost_lock_is_told_and_raises(start):
    with Client(start()) as client:
        told = threading.Event()
        with pytest.raises(chatclient.FailedPreconditionError) as failure:
            with client.lock("k", ttl=0.5) as lock:
                lock.on_loss(told.set)
                client.force_release_lock("k", lock.fence)
                assert told.wait(5) and not lock.is_held
        assert failure.value.reason == "LOST"
        # What the block raises is what counts.
        with pytest.raises(KeyError):
            with client.lock("k", ttl=0.5) as lock:
                client.force_release_lock("k", lock.fence)
                raise KeyError


def test_a_lock_that_the_server_renews(start):
    with Client(start()) as client:
        with client.hold_lock("k", ttl=1) as events:
            assert next(iter(events)).granted.fence > 0
            assert client.inspect_lock("k").held
        with client.lock("k", wait=5):
            pass


def test_ctrl_c_ends_a_call(start, tmp_path):
    script = (
        "import signal, sys, chatclient\n"
        # Ignored where the tests run in the background of a shell.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "client = chatclient.Client(sys.argv[1])\n"
        "stream = client.stream_chat('hello', 's')\n"
        "print(next(e.text for e in stream if e.text), flush=True)\n"
        "client.chat('hello', 's2')\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", script, start(STALLED)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert program.stdout.readline() == b"one \n"
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=20)
    assert b"KeyboardInterrupt" in errors and program.returncode != 0


def test_asyncio(start):
    async def run():
        async with AsyncClient(start(flags=("--store", "memory:", "--diagnostics"))) as client:
            payloads = [f"echo {number}".encode() for number in range(100)]
            assert await asyncio.gather(*(client.echo(payload) for payload in payloads)) == payloads
            reply = await client.chat("hello", "s")
            assert reply.text == "alpha beta gamma"
            text = ""
            async for event in client.stream_chat("hello", "s"):
                text += event.text or ""
            assert text == "alpha beta gamma"
            assert [session.id async for session in client.sessions()] == ["s"]
            assert len([message async for message in client.messages("s")]) == 4
            with pytest.raises(chatclient.NotFoundError):
                await client.session("none")
            async with client.lock("k", ttl=0.5) as lock:
                assert lock.is_held and not lock.lost.is_set()
                await client.force_release_lock("k", lock.fence)
                with pytest.raises(chatclient.FailedPreconditionError):
                    async with asyncio.timeout(5) if sys.version_info >= (3, 11) else _forever():
                        await lock.lost.wait()
                    await lock.__aexit__(None, None, None)

    asyncio.run(run())


class _forever:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return None


def test_a_cancelled_task_cancels_its_call(start):
    async def run(address):
        async with AsyncClient(address) as client:
            task = asyncio.create_task(client.chat("hello", "s", turn_id="t"))
            while await client.cancel_turn("other") != chatclient.CancelOutcome.NOT_RUNNING or not task:
                pass
            async for event in client.stream_chat("hello", "s2"):
                if event.text:
                    break
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(chatclient.DeadlineExceededError):
                await client.chat("hello", "s", timeout=0.5)

    asyncio.run(run(start(STALLED)))


def test_a_closed_client_says_so(start):
    client = Client(start())
    client.chat("hello", "s")
    client.close()
    with pytest.raises(chatclient.CancelledError) as failure:
        client.chat("hello", "s")
    assert failure.value.reason == "CLIENT_CLOSED"
