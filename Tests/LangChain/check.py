# Holds chatctl's export and import to LangChain itself, with a real chatd between. Usage: check.py FOLDER-OF-PROGRAMS
import json
import os
import subprocess
import sys
import tempfile

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)

SECONDS_MAX = 60
programs = sys.argv[1]


class Server:
    """A chatd in memory whose model gives one answer."""

    def __enter__(self):
        self.script = tempfile.NamedTemporaryFile("w", suffix=".json")
        json.dump({"answers": [{"text": "대답 \u0000 \"quoted\"\n🛠"}]}, self.script)
        self.script.flush()
        self.process = subprocess.Popen(
            [programs + "/chatd", "--listen", "127.0.0.1:0", "--store", "memory:", "--log-level", "warning"]
            + ["--model", "scripted:" + self.script.name],
            stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.script.close()

    def run(self, *arguments, text=None):
        return subprocess.run(
            [programs + "/chatctl", *arguments], input=text, check=True, capture_output=True, text=True,
            timeout=SECONDS_MAX, env={**os.environ, "CHATCTL_SERVER": self.address}).stdout

    def export(self):
        """The dicts of each session."""
        lines = [json.loads(line) for line in self.run("export").splitlines()]
        return {line["session_id"]: line["messages"] for line in lines}


def line(session, messages):
    """As Python programs write a conversation."""
    return json.dumps({"session_id": session, "messages": [message_to_dict(message) for message in messages]}) + "\n"


def check_export(server):
    """LangChain reads every message, and would write it as chatctl did, to the last key."""
    server.run("chat", "--session", "exported", "질문 \"1\"")
    server.run("chat", "--session", "exported", "second")
    dicts = server.export()["exported"]
    messages = messages_from_dict(dicts)
    assert [type(message) for message in messages] == [HumanMessage, AIMessage] * 2, messages
    assert messages[0].content == "질문 \"1\"" and messages[1].content == "대답 \u0000 \"quoted\"\n🛠", messages
    assert messages[1].response_metadata["model_name"], messages[1]
    assert messages[0].additional_kwargs["chat_service"]["turn_id"], messages[0]
    assert [message_to_dict(message) for message in messages] == dicts


def check_import(server):
    """What LangChain wrote arrives with its texts and its tool calls, and comes back as LangChain's."""
    calls = [
        {"name": "search", "args": {"query": "a", "limits": [1, 2.5, None, True]}, "id": "call_1", "type": "tool_call"},
        {"name": "clock", "args": {}, "id": "call_2", "type": "tool_call"},
    ]
    broken = [{"name": "f", "args": "{no json", "id": "call_3", "error": None, "type": "invalid_tool_call"}]
    raw = [{"id": "call_4", "type": "function", "function": {"name": "g", "arguments": "{\"x\": 1}"}}]
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    written = [
        SystemMessage("be kind"),
        HumanMessage("질문 😀 \u0000", name="someone", id="m-1"),
        AIMessage("", tool_calls=calls, invalid_tool_calls=broken, usage_metadata=usage),
        ToolMessage("42", tool_call_id="call_1", artifact={"rows": [1]}),
        ToolMessage("12:00", tool_call_id="call_2", status="error"),
        AIMessage("", additional_kwargs={"tool_calls": raw}, response_metadata={"model_name": "m"}),
        FunctionMessage("7", name="g"),
        AIMessageChunk("done"),
        HumanMessage(["a", {"type": "text", "text": "b"}]),
        ChatMessage("c", role="assistant"),
    ]
    text = line("imported", written)
    assert server.run("import", text=text) == "1 sessions: 10 messages are there, 10 of them new\n"
    assert server.run("import", text=text) == "1 sessions: 10 messages are there, 0 of them new\n"
    dicts = server.export()["imported"]
    read = messages_from_dict(dicts)
    kinds = [SystemMessage, HumanMessage, AIMessage, ToolMessage, ToolMessage, AIMessage, ToolMessage, AIMessage]
    assert [type(message) for message in read] == kinds + [HumanMessage, AIMessage], read
    contents = ["be kind", "질문 😀 \u0000", "", "42", "12:00", "", "7", "done", "ab", "c"]
    assert [message.content for message in read] == contents, read
    assert read[2].tool_calls == calls and read[2].invalid_tool_calls == broken, read[2]
    assert [message.tool_call_id for message in (read[3], read[4])] == ["call_1", "call_2"], read
    assert read[5].tool_calls == written[5].tool_calls and read[5].response_metadata == {"model_name": "m"}, read[5]
    assert [message_to_dict(message) for message in read] == dicts


def check_old_dicts(server):
    """Dicts of versions before 1.0, and the least that LangChain takes."""
    old = [
        {"type": "human", "data": {"content": "hi", "additional_kwargs": {}, "type": "human", "example": False}},
        {"type": "ai", "data": {"content": "yo"}},
    ]
    server.run("import", text=json.dumps({"session_id": "old", "messages": old}) + "\n")
    assert [message.content for message in messages_from_dict(server.export()["old"])] == ["hi", "yo"]


with Server() as chat:
    check_export(chat)
    check_import(chat)
    check_old_dicts(chat)
print("Tests/LangChain: export and import agree with langchain-core")
