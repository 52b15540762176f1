// Reads the folders of inputs beside this one.

import Glibc

/// One saved input.
struct SavedInput {
    /// Under Tests/Fuzz.
    var path: String
    var bytes: [UInt8]
}

enum SavedInputs {
    /// More than the fuzzers make.
    private static let bytesMax = 64 << 10

    private static let folder = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(2).joined(separator: "/")
    }()

    /// Every file of a folder, by name; none where there is no folder.
    static func all(in path: String) throws -> [SavedInput] {
        try names(in: path).map { SavedInput(path: "\(path)/\($0)", bytes: try read("\(path)/\($0)")) }
    }

    /// What a folder holds, hidden files left out.
    static func names(in path: String) throws -> [String] {
        guard let directory = opendir(folder + "/" + path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let descriptor = open(folder + "/" + path, O_RDONLY | O_CLOEXEC)
        try require(descriptor >= 0, "\(path) can be opened")
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        try require((0..<bytesMax).contains(count), "\(path) can be read, and is small")
        return Array(bytes[..<count])
    }
}
