# Holds chatd's conversations in Redis to LangChain itself: both read and write the same lists. Usage: check_redis.py
# FOLDER-OF-PROGRAMS
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import redis
from langchain_classic.memory import ConversationBufferMemory
from langchain_community.chat_message_histories import RedisChatMessageHistory
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
)
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables.history import RunnableWithMessageHistory

SECONDS_MAX = 60
PREFIX = "finance_app:chat:"
programs = sys.argv[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition):
    """Waits for something that another process does; gives up in the end."""
    end = time.monotonic() + SECONDS_MAX
    while not condition():
        assert time.monotonic() < end, f"waited {SECONDS_MAX} s for {what}"
        time.sleep(0.05)


class Redis:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_port()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder.name],
            stdout=subprocess.DEVNULL)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url)
        wait_for("redis-server", self.answers)
        return self

    def answers(self):
        try:
            return self.client.ping()
        except redis.ConnectionError:
            return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Server:
    """A chatd on the Redis, whose offline model says what it remembers."""

    def __init__(self, store):
        self.store = store

    def __enter__(self):
        self.process = subprocess.Popen(
            [programs + "/chatd", "--listen", "127.0.0.1:0", "--store", self.store.url, "--log-level", "warning"]
            + ["--model", "offline"],
            stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def run(self, *arguments, text=None):
        return subprocess.run(
            [programs + "/chatctl", *arguments], input=text, check=True, capture_output=True, text=True,
            timeout=SECONDS_MAX, env={**os.environ, "CHATCTL_SERVER": self.address}).stdout

    def history(self, session):
        """The messages as chatctl exports them: LangChain's dicts."""
        for text in self.run("export").splitlines():
            line = json.loads(text)
            if line["session_id"] == session:
                return line["messages"]
        return []

    def sessions(self):
        return [json.loads(text)["session_id"] for text in self.run("export").splitlines()]


def history(store, session, **options):
    return RedisChatMessageHistory(session_id=session, url=store.url, key_prefix=PREFIX, **options)


def check_python_reads(store, server):
    """LangChain reads what chatd wrote, and would write it as chatd did, to the last key."""
    server.run("chat", "--session", "ours", "질문 \"1\" 😀")
    server.run("chat", "--session", "ours", "second")
    messages = history(store, "ours").messages
    assert [type(message) for message in messages] == [HumanMessage, AIMessage] * 2, messages
    assert messages[0].content == "질문 \"1\" 😀" and "질문 \"1\" 😀" in messages[1].content, messages
    assert "message 2 from you" in messages[3].content, messages
    raw = [json.loads(element) for element in reversed(store.client.lrange(PREFIX + "ours", 0, -1))]
    assert [message_to_dict(message) for message in messages] == raw
    assert store.client.ttl(PREFIX + "ours") > 86_400


def check_we_read(store, server):
    """chatd reads every kind of message that Python writes, in its order, and goes on with the conversation."""
    calls = [{"name": "search", "args": {"query": "가"}, "id": "call_1", "type": "tool_call"}]
    written = [
        SystemMessage("be kind"),
        HumanMessage("질문 😀"),
        AIMessage("", tool_calls=calls),
        ToolMessage("42", tool_call_id="call_1"),
        AIMessageChunk("done"),
        HumanMessage(["a", {"type": "text", "text": "b"}, {"type": "image_url", "image_url": {"url": "x"}}]),
        AIMessage("last"),
    ]
    history(store, "theirs").add_messages(written)
    server.run("chat", "--session", "theirs", "what did I say?")
    dicts = server.history("theirs")
    assert [line["type"] for line in dicts] == ["system", "human", "ai", "tool", "ai", "human", "ai"] + ["human", "ai"]
    contents = ["be kind", "질문 😀", "", "42", "done", "ab", "last", "what did I say?"]
    assert [line["data"]["content"] for line in dicts[:8]] == contents, dicts
    assert dicts[2]["data"]["tool_calls"] == calls and dicts[3]["data"]["tool_call_id"] == "call_1", dicts
    assert "message 3 from you" in dicts[8]["data"]["content"], dicts[8]
    # What Python wrote is as it was, and its list, which had no end, has none now.
    assert [message_to_dict(message) for message in history(store, "theirs").messages][:7] == [
        message_to_dict(message) for message in written]
    assert store.client.ttl(PREFIX + "theirs") == -1


def check_turns_about(store, server):
    """A runnable of LangChain and chatd take turns in one conversation, each knowing what the other said."""
    seen = []

    def model(prompt):
        seen.append([message.content for message in prompt.to_messages()])
        return FakeListChatModel(responses=["python's answer"]).invoke(prompt)

    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history"), ("human", "{question}")])
    runnable = RunnableWithMessageHistory(
        prompt | model, lambda session: history(store, session, ttl=3600),
        input_messages_key="question", history_messages_key="history")
    for number in range(3):
        runnable.invoke({"question": f"python {number}"}, config={"configurable": {"session_id": "shared"}})
        server.run("chat", "--session", "shared", f"chatd {number}")
    assert [len(prompt) for prompt in seen] == [1, 5, 9], seen
    assert seen[2][:8:2] == ["python 0", "chatd 0", "python 1", "chatd 1"], seen
    assert "message 6 from you" in seen[2][7] or "message 4 from you" in seen[2][7], seen
    contents = [line["data"]["content"] for line in server.history("shared")]
    assert len(contents) == 12 and contents[::2] == [f"{who} {n}" for n in range(3) for who in ("python", "chatd")]
    assert "message 6 from you" in contents[11], contents


def check_seed(store, server):
    """The memory class of the Python service that chatd replaces."""
    memory = ConversationBufferMemory(
        chat_memory=history(store, "seed"), memory_key="history", return_messages=True)
    server.run("chat", "--session", "seed", "from chatd")
    memory.save_context({"input": "from python"}, {"output": "noted"})
    loaded = memory.load_memory_variables({})["history"]
    assert [message.content for message in loaded][::2] == ["from chatd", "from python"], loaded
    server.run("chat", "--session", "seed", "again")
    assert [line["data"]["content"] for line in server.history("seed")][::2] == ["from chatd", "from python", "again"]


def check_lists(store, server):
    """Conversations that Python makes, continues and removes are listed by chatd before long."""
    history(store, "made by python").add_messages([HumanMessage("hello from python"), AIMessage("hi")])
    # Ids of ours have no spaces, so nobody could ask for more of that one.
    history(store, "made-by-python").add_messages([HumanMessage("hello from python"), AIMessage("hi")])
    wait_for("the list", lambda: "made-by-python" in server.run("sessions"))
    assert "hello from python" in server.run("sessions")
    before = server.sessions()
    assert "made by python" not in before, before
    history(store, "ours").add_user_message("continued by python")
    wait_for("the order", lambda: " ours " in server.run("sessions").split("\n")[0])
    history(store, "ours").clear()
    assert "ours " not in server.run("sessions")


with Redis() as store, Server(store) as server:
    check_python_reads(store, server)
    check_we_read(store, server)
    check_turns_about(store, server)
    check_seed(store, server)
    check_lists(store, server)
print("Tests/LangChain: chatd and langchain-community share their conversations in Redis")
