// Holds every import to the import table.

enum ImportRule {
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "func", "var", "let", "typealias", "protocol",
    ]
    private static let accessLevels: Set<Substring> = ["public", "package", "internal", "private", "fileprivate"]

    static func findings(in file: LayoutFile, lines: [Substring]) -> [LayoutFinding] {
        let parts = file.path.split(separator: "/")
        guard parts.count >= 3, let allowed = allowedModules(root: parts[0], target: String(parts[1])) else {
            return tableFindings(file, parts)
        }
        let exceptions = ImportTable.exceptions.filter { file.path.hasPrefix($0.path) }
        var findings: [LayoutFinding] = []
        for (index, line) in lines.enumerated() {
            guard let module = importedModule(line), !allowed.contains(module),
                !exceptions.contains(where: { $0.modules.contains(module) })
            else { continue }
            let list = allowed.isEmpty ? "nothing" : allowed.sorted().joined(separator: ", ")
            let message = "\(parts[1]) may not import \(module): it may import \(list)"
            findings.append(LayoutFinding(path: file.path, line: index + 1, message: message))
        }
        return findings
    }

    /// The module that a line imports, or nil where it imports none.
    static func importedModule(_ line: Substring) -> String? {
        var words = WordRule.codePart(of: line).split(separator: " ")[...]
        while let word = words.first, word.hasPrefix("@") || accessLevels.contains(word) {
            words = words.dropFirst()
        }
        guard words.first == "import" else { return nil }
        words = words.dropFirst()
        if let kind = words.first, kinds.contains(kind) { words = words.dropFirst() }
        return words.first?.split(separator: ".").first.map(String.init)
    }

    /// What a target may import, or nil where the path is in no target or the target has no row.
    private static func allowedModules(root: Substring, target: String) -> Set<String>? {
        switch root {
        case "Sources":
            ImportTable.sources.first { $0.target == target }.map { $0.project.union($0.external) }
        case "Tests":
            ImportTable.testExternal
                .union(ImportTable.sources.map(\.target))
                .union(ImportTable.cModules)
                .union(["ConformancePeer", "EngineConformance", "LockHistories", "LockSafety"])
                .union(["ProgramSupport", "RedisSupport"])
        default: nil
        }
    }

    private static func tableFindings(_ file: LayoutFile, _ parts: [Substring]) -> [LayoutFinding] {
        guard parts.count >= 2, parts[0] == "Sources" else { return [] }
        let message = "\(parts[1]) has no row in Tests/LayoutTests/ImportTable.swift"
        return [LayoutFinding(path: file.path, line: nil, message: message)]
    }
}
