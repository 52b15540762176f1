// Folders of a comparison, and a free port, without Foundation.

internal import Glibc

enum Files {
    /// The path with every link resolved; as it is where there is no such file.
    static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Makes a folder and those that it lies in. That it failed shows when something is made in it.
    static func makeFolder(_ path: String) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            mkdir(String(path[..<end]), 0o755)
        }
    }

    /// Makes a folder with a name that no other run has.
    static func makeOwnFolder(in folder: String) throws(ProgramFailure) -> String {
        var template = Array("\(folder)/run-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ProgramFailure(
                words: "no folder can be made in \(folder): \(String(cString: strerror(errno)))",
                status: ExitStatus.unavailable)
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes a folder and what is in it; links are removed and not followed.
    static func removeFolder(_ path: String) {
        if let folder = opendir(path) {
            var names: [String] = []
            while let entry = readdir(folder) {
                names.append(
                    withUnsafeBytes(of: &entry.pointee.d_name) {
                        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                    })
            }
            closedir(folder)
            for name in names where name != "." && name != ".." {
                let inner = "\(path)/\(name)"
                if unlink(inner) != 0, errno == EISDIR { removeFolder(inner) }
            }
        }
        rmdir(path)
    }
}

enum FreePort {
    /// A port of loopback that nobody listens on at the moment.
    static func find() -> UInt16? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isFound = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
            }
        }
        return isFound ? UInt16(bigEndian: name.sin_port) : nil
    }
}
