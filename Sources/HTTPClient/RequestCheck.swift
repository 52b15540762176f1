// What a request may hold. curl writes methods and headers as they are given: a line end in one would be a second
// header or request.

enum RequestCheck {
    /// - Throws: `HTTPError` that names the part, never its value.
    static func check(_ request: HTTPRequest) throws(HTTPError) {
        guard isToken(request.method), request.method.utf8.count <= 32 else {
            throw HTTPError(.invalidURL, "the request's method is not one word")
        }
        guard request.body.count <= HTTPClientLimits.requestBodyBytesMax else {
            throw HTTPError(
                .tooLarge, "the request's body is larger than \(HTTPClientLimits.requestBodyBytesMax) bytes")
        }
        var bytes = 0
        for (name, value) in request.headers {
            guard isToken(name) else { throw HTTPError(.invalidURL, "a header's name of the request is not one word") }
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw HTTPError(.invalidURL, "the header \(name) of the request holds a control character")
            }
            bytes += name.utf8.count + value.utf8.count + 4
        }
        guard bytes <= HTTPClientLimits.requestHeaderBytesMax else {
            throw HTTPError(
                .tooLarge, "the request's headers are larger than \(HTTPClientLimits.requestHeaderBytesMax) bytes")
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
