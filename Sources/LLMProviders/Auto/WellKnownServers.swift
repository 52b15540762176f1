// Where `auto` looks for models.

enum WellKnownServers {
    static let openAI = "https://api.openai.com/v1"

    /// Model servers on this machine at the ports they take by default, the most common one first.
    static let local: [(name: String, url: String)] = [
        ("Ollama", "http://127.0.0.1:11434/v1"),
        ("llama.cpp", "http://127.0.0.1:8080/v1"),
        ("vLLM", "http://127.0.0.1:8000/v1"),
    ]

    /// Small models first, where a server offers many: `auto` is for trying things out.
    static let preferredModels = ["gpt-5-mini", "gpt-4.1-mini", "gpt-4o-mini"]
}
