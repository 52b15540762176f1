"""Serves the chat service over REST and WebSocket from one uvicorn process: POST /chat, and /ws/chat.

server.py --model-url URL --redis-port PORT    prints "listening on 127.0.0.1:PORT" when it does
"""

import argparse
import socket
import warnings

import uvicorn
from fastapi import FastAPI, WebSocket
from pydantic import BaseModel

from chat_cache_service import AIChatService
from platform_services import CacheService, ServiceContainer


class ChatBody(BaseModel):
    message: str
    session_id: str = ""


def make_app() -> FastAPI:
    app = FastAPI()
    chat_service = AIChatService()

    @app.post("/chat")
    async def chat(body: ChatBody) -> dict[str, str]:
        return await chat_service.chat(body.message, body.session_id)

    @app.websocket("/ws/chat")
    async def stream(ws: WebSocket) -> None:
        # One for each connection, as in the description.
        await AIChatService().stream(ws)

    return app


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = sockets[0].getsockname()
        print(f"listening on {host}:{port}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-url", required=True)
    parser.add_argument("--redis-port", type=int, required=True)
    arguments = parser.parse_args()
    # ConversationBufferMemory is deprecated; it is what is measured.
    warnings.simplefilter("ignore")
    CacheService.init("127.0.0.1", arguments.redis_port)
    ServiceContainer.init(arguments.model_url)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    # uvicorn's defaults with its `standard` extra (uvloop, httptools, websockets), without its access log.
    config = uvicorn.Config(make_app(), log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    Server(config).run(sockets=[listener])


main()
