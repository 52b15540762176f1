// Reads the repository's files for RepositoryLayoutTests. Foundation is fine here: no call passes through it.

import Foundation

enum RepositoryFiles {
    /// Far more than the tree holds: it ends the walk in a folder that was filled by accident.
    private static let filesMax = 20_000

    /// The folder that holds Package.swift.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every file that could be committed, by path. Build folders and what tools leave behind are left out.
    static func all() throws -> [LayoutFile] {
        var files: [LayoutFile] = []
        var folders = [""]
        while let folder = folders.popLast() {
            for name in try FileManager.default.contentsOfDirectory(atPath: root.path + "/" + folder).sorted() {
                let path = folder.isEmpty ? name : folder + "/" + name
                if isIgnored(name) { continue }
                let attributes = try FileManager.default.attributesOfItem(atPath: root.path + "/" + path)
                switch attributes[.type] as? FileAttributeType {
                case .typeDirectory: folders.append(path)
                case .typeRegular: files.append(try read(path, attributes))
                default: continue
                }
                precondition(files.count <= filesMax, "the repository holds more than \(filesMax) files")
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    private static func read(_ path: String, _ attributes: [FileAttributeKey: Any]) throws -> LayoutFile {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: root.path + "/" + path))
        let permissions = attributes[.posixPermissions] as? Int ?? 0
        return LayoutFile(
            path: path, text: String(decoding: bytes, as: UTF8.self), isExecutable: permissions & 0o111 != 0)
    }

    /// What .gitignore leaves out, and git's own.
    private static func isIgnored(_ name: String) -> Bool {
        [".git", "__pycache__", "Package.resolved", ".swiftpm", ".vscode", ".idea"].contains(name)
            || name.hasPrefix(".build") || name.hasSuffix(".o") || name.hasSuffix(".profraw")
    }
}
