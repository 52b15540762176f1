// Reads a script from disk: once, at start, blocking.

internal import Glibc

extension ModelScript {
    /// Reads the script in the file at `path`.
    ///
    /// - Throws: `ModelSetupError(.invalidScript)`.
    package init(contentsOf path: String) throws(ModelSetupError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= Self.bytesMax {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.unreadable(path, errno) }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        do throws(ModelSetupError) {
            try self.init(parsing: bytes)
        } catch {
            throw ModelSetupError(error.kind, "\(path): \(error.message)")
        }
    }

    private static func unreadable(_ path: String, _ code: Int32) -> ModelSetupError {
        ModelSetupError(.invalidScript, "the script \(path) cannot be read: \(String(cString: strerror(code)))")
    }
}
