// Holds proto/PROTOCOL.md to the sources: a reason that a program may meet is in its table.

import Glibc
import Testing

@Suite("The table of outcomes")
struct OutcomeTableTests {
    private static let root = GoldenFile.testsFolder + "/.."
    /// Far more than the tree holds.
    private static let filesMax = 2000

    @Test("has every reason that the sources give")
    func complete() throws {
        let page = String(decoding: try GoldenFile.bytes(Self.root + "/proto/PROTOCOL.md"), as: UTF8.self)
        let words = Set(page.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
        var reasons: Set<String> = []
        for target in ["RPC", "ChatEngine", "ChatServer"] {
            for path in swiftFiles(in: Self.root + "/Sources/" + target) {
                let text = String(decoding: try GoldenFile.bytes(path), as: UTF8.self)
                // Reasons of INVALID_ARGUMENT that name a field are not listed one by one.
                for match in text.matches(of: /reason: "([A-Z_]+)"|"(MODEL_[A-Z_]+)"/) {
                    reasons.insert(String(match.1 ?? match.2 ?? ""))
                }
            }
        }
        let fields: Set<String> = [
            "LABELS", "TITLE", "MODEL", "SESSION_ID", "TURN_ID", "USER_ID", "LOCK_NAME", "OWNER_LABEL",
        ]
        #expect(reasons.contains("NOT_PROCESSED"))
        #expect(reasons.subtracting(fields).subtracting(words) == [])
    }

    private func swiftFiles(in folder: String) -> [String] {
        var files: [String] = []
        var folders = [folder]
        while let folder = folders.popLast(), files.count < Self.filesMax {
            guard let directory = opendir(folder) else { continue }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                    String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name.hasSuffix(".swift") {
                    files.append(folder + "/" + name)
                } else if entry.pointee.d_type == UInt8(DT_DIR), !name.hasPrefix(".") {
                    folders.append(folder + "/" + name)
                }
            }
        }
        return files
    }
}
