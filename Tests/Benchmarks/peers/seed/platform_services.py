"""What the platform around the chat service gives it: the container of models, the cache, the router of tools."""

from langchain_openai import ChatOpenAI


class CacheClient:
    """Where Redis is, under the names that the chat service reads."""

    def __init__(self, host: str, port: int):
        self.cache_key = "finance_app"
        self._host = host
        self._port = port
        self._db = 0
        self._password = ""


class CacheService:
    _client: CacheClient | None = None

    @classmethod
    def init(cls, host: str, port: int) -> None:
        cls._client = CacheClient(host, port)

    @classmethod
    def is_initialized(cls) -> bool:
        return cls._client is not None

    @classmethod
    def get_instance(cls) -> "CacheService":
        return cls()

    def get_client(self) -> CacheClient:
        assert self._client is not None, "call CacheService.init first"
        return self._client


class ServiceContainer:
    _llm: ChatOpenAI | None = None
    _llm_stream: ChatOpenAI | None = None

    @classmethod
    def init(cls, model_url: str) -> None:
        settings = {"model": "fake", "base_url": model_url, "api_key": "none"}
        cls._llm = ChatOpenAI(**settings)
        cls._llm_stream = ChatOpenAI(streaming=True, **settings)

    @classmethod
    def get_llm(cls) -> ChatOpenAI | None:
        return cls._llm

    @classmethod
    def get_llm_stream(cls) -> ChatOpenAI | None:
        return cls._llm_stream


class AIChatRouter:
    """No question needs a tool: what is measured is the chat service, in its favour."""

    def run_question(self, question: str) -> list[str]:
        return []
