"""A chatd of one's own for each test."""

import json
import os
import select
import subprocess

import pytest

PROGRAMS = os.environ["CHAT_PROGRAMS"]


class Server:
    """A chatd with a scripted model."""

    def __init__(self, folder, answers, *flags):
        script = folder / "script.json"
        script.write_text(json.dumps({"answers": answers}))
        self.process = subprocess.Popen(
            [f"{PROGRAMS}/chatd", "--listen", "127.0.0.1:0", "--log-level", "error", "--model", f"scripted:{script}",
             *(flags or ("--store", "memory:"))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert select.select([self.process.stdout], [], [], 30)[0], "chatd did not start"
        self.address = self.process.stdout.readline().decode().removeprefix("chatd listening on ").strip()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def start(tmp_path):
    """Starts servers that end with the test."""
    servers = []

    def begin(*answers, flags=()):
        server = Server(tmp_path, list(answers) or [{"text": "alpha beta gamma"}], *flags)
        servers.append(server)
        return server.address

    yield begin
    for server in servers:
        server.end()
