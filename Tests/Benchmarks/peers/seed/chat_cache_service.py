"""The chat service that this project replaces, step by step as its description has them: what it awaits, what it runs
in an executor, and what it does on the event loop itself."""

import asyncio
import json
import uuid

from fastapi import HTTPException, WebSocket, WebSocketDisconnect
from langchain_classic.memory import ConversationBufferMemory
from langchain_community.chat_message_histories import RedisChatMessageHistory
from langchain_core.prompts import ChatPromptTemplate

from platform_services import AIChatRouter, CacheService, ServiceContainer

SYSTEM_PROMPT = "당신은 친절하고 정확한 AI 비서입니다."


class AIChatService:
    def __init__(self):
        self.llm = ServiceContainer.get_llm()
        self.llm_stream = ServiceContainer.get_llm_stream() or self.llm
        self._session_mem: dict[str, ConversationBufferMemory] = {}
        if not CacheService.is_initialized():
            raise RuntimeError("CacheService is not initialized")
        self.cache_service = CacheService.get_instance()
        self.KEY_PREFIX = f"{self.cache_service.get_client().cache_key}:chat:"

    def mem(self, session_id: str) -> ConversationBufferMemory:
        if session_id not in self._session_mem:
            client = self.cache_service.get_client()
            password = f":{client._password}@" if client._password else ""
            history = RedisChatMessageHistory(
                session_id=session_id,
                url=f"redis://{password}{client._host}:{client._port}/{client._db}",
                key_prefix=self.KEY_PREFIX,
            )
            self._session_mem[session_id] = ConversationBufferMemory(chat_memory=history, return_messages=True)
        return self._session_mem[session_id]

    async def chat(self, message: str, session_id: str = "") -> dict[str, str]:
        if not message.strip():
            raise HTTPException(400, "message empty")
        sid = session_id or str(uuid.uuid4())
        answer = await self._full_answer(sid, message, await self._tool_output(message))
        return {"session_id": sid, "reply": answer}

    async def stream(self, ws: WebSocket) -> None:
        await ws.accept()
        try:
            while True:
                data = await ws.receive_text()
                try:
                    req = json.loads(data)
                    q = req["message"].strip()
                    sid = req.get("session_id") or str(uuid.uuid4())
                except (KeyError, json.JSONDecodeError):
                    await ws.send_text(json.dumps({"error": "bad payload"}))
                    continue
                if not q:
                    await ws.send_text(json.dumps({"error": "empty message"}))
                    continue
                tool_out = await self._tool_output(q)
                memory = self.mem(sid)
                full_resp = ""
                async for chunk in (self._prompt(memory, q, tool_out) | self.llm_stream).astream({}):
                    token = getattr(chunk, "content", "")
                    if token:
                        full_resp += token
                        await ws.send_text(token)
                await ws.send_text("[DONE]")
                memory.chat_memory.add_user_message(q)
                memory.chat_memory.add_ai_message(full_resp)
        except WebSocketDisconnect:
            return

    async def _full_answer(self, sid: str, question: str, tool_out) -> str:
        memory = self.mem(sid)
        answer = (self._prompt(memory, question, tool_out) | self.llm).invoke({}).content
        memory.chat_memory.add_user_message(question)
        if isinstance(answer, list):
            answer = "\n".join(str(x) for x in answer)
        memory.chat_memory.add_ai_message(answer)
        return answer

    async def _tool_output(self, question: str):
        return await asyncio.get_running_loop().run_in_executor(None, AIChatRouter().run_question, question)

    def _prompt(self, memory: ConversationBufferMemory, question: str, tool_out) -> ChatPromptTemplate:
        joined = "\n".join(tool_out) if isinstance(tool_out, list) else str(tool_out)
        return ChatPromptTemplate.from_messages(
            [("system", SYSTEM_PROMPT)] + memory.buffer + [("user", f"{question}\n\n🛠 도구 결과:\n{joined}")]
        )
