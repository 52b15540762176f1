// What sessions and messages take on a page of a list. The same for every store, so that pages end alike.

extension Session {
    /// Bytes of text that this adds to a page.
    package var pageBytes: Int {
        var count = id.utf8.count + userID.utf8.count + title.utf8.count
        for (name, value) in labels { count += name.utf8.count + value.utf8.count }
        return count
    }
}

extension StoredMessage {
    /// What a tool call counts beside its texts. Empty ones are a few bytes on the wire, and a page of them must stay
    /// within what a reader may take for unpacking it: some 130 bytes for each.
    private static let toolCallOverheadBytes = 400

    /// Bytes that this adds to a page: of its text, and what its tool calls take.
    package var pageBytes: Int {
        var count = text.utf8.count + turnID.utf8.count + model.utf8.count + (toolCallID?.utf8.count ?? 0)
        for call in toolCalls {
            count += Self.toolCallOverheadBytes
            count += call.id.utf8.count + call.name.utf8.count + call.arguments.utf8.count
        }
        return count
    }
}
