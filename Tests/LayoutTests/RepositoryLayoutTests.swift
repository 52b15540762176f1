// Holds the repository to its layout. A finding says what to do instead.

import Testing

@Suite("The repository's layout")
struct RepositoryLayoutTests {
    @Test("every file keeps the rules")
    func everyFileKeepsTheRules() throws {
        let files = try RepositoryFiles.all()
        #expect(files.count > 20, "the walk found no repository")
        for finding in files.flatMap(LayoutChecker.findings) {
            Issue.record("\(finding)")
        }
    }

    @Test("each C library is imported by one target, and only IOLoop imports Dispatch")
    func importTableKeepsOwnership() {
        for module in ImportTable.cModules.union(["Dispatch"]) {
            let owners = ImportTable.sources.filter { $0.project.union($0.external).contains(module) }.map(\.target)
            #expect(owners.count == 1, "\(module) is imported by \(owners)")
        }
    }

    @Test("dependencies point down: the table lists each target after all that it imports")
    func importTableHasNoCycle() {
        var known = ImportTable.cModules
        for row in ImportTable.sources {
            #expect(row.project.subtracting(known).isEmpty, "\(row.target) imports what is listed below it")
            known.insert(row.target)
        }
    }

    @Test("only the named places may import Foundation")
    func foundationHasFewPlaces() {
        for row in ImportTable.sources {
            #expect(!row.external.contains("Foundation"), "\(row.target): list the folder in `exceptions` instead")
        }
        let places = ImportTable.exceptions.filter { $0.modules.contains("Foundation") }.map(\.path)
        #expect(places == ["Sources/ChatServer/Configuration/", "Tests/LayoutTests/"])
    }
}
