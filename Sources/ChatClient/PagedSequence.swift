// A list that the server gives in pages, as one sequence.

/// The elements of a paged list, fetched page by page while they are read.
public struct PagedSequence<Element: Sendable>: AsyncSequence, Sendable {
    /// Every error is a ``ChatClientError``.
    public typealias Failure = ChatClientError

    /// Fetches the page with the given token; empty for the first.
    typealias Fetch = @Sendable (_ token: String) async throws(ChatClientError) -> (elements: [Element], next: String)

    let fetch: Fetch

    /// Begins with the first page.
    public func makeAsyncIterator() -> Iterator { Iterator(fetch: fetch) }

    /// Reads the elements.
    public struct Iterator: AsyncIteratorProtocol {
        private let fetch: Fetch
        private var page: ArraySlice<Element> = []
        /// The next page's token; nil when there is none.
        private var token: String? = ""

        init(fetch: @escaping Fetch) { self.fetch = fetch }

        /// The next element; nil at the end.
        ///
        /// - Throws: ``ChatClientError``.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(ChatClientError) -> Element? {
            while page.isEmpty, let current = token {
                let fetched = try await fetch(current)
                page = fetched.elements[...]
                guard fetched.next != current || current.isEmpty else {
                    throw ChatClientError(.internalError, "the server named the same page as the next one")
                }
                token = fetched.next.isEmpty ? nil : fetched.next
            }
            return page.popFirst()
        }
    }
}
