// Reads the golden frames of Tests/Golden. Used by the conformance tests.

import Glibc

/// The files of Tests/Golden/frames: NAME.bin holds a frame, NAME.txt the same bytes in hexadecimal with comments.
enum GoldenFile {
    /// More than any golden file holds.
    private static let bytesMax = 64 * 1024

    static let folder = testsFolder + "/Golden/frames"

    /// The folder that holds this target's.
    static let testsFolder = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(2).joined(separator: "/")
    }()

    static func frame(_ name: String) throws -> [UInt8] { try bytes(folder + "/" + name + ".bin") }

    /// The bytes that the text file spells out.
    static func spelledOut(_ name: String) throws -> [UInt8] {
        let text = String(decoding: try bytes(folder + "/" + name + ".txt"), as: UTF8.self)
        return text.split(separator: "\n").flatMap { line in
            line.prefix { $0 != "#" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
        }
    }

    /// The names in the folder, each once.
    static func names() throws -> Set<String> {
        guard let directory = opendir(folder) else { throw FileError(path: folder, number: errno) }
        defer { closedir(directory) }
        var names: Set<String> = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            names.insert(String(name.prefix { $0 != "." }))
        }
        return names
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw FileError(path: path, number: errno) }
        defer { fclose(file) }
        return [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            count = fread(buffer.baseAddress, 1, bytesMax, file)
        }
    }

    struct FileError: Error {
        let path: String
        let number: Int32
    }
}
