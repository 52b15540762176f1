// Keeps the architecture page true: every step that its table names is a function that exists where the table says.

import Foundation
import Testing

@Suite("The architecture page")
struct ArchitecturePageTests {
    @Test("every step of the table is a function in its file")
    func everyStepExists() throws {
        let root = RepositoryFiles.root
        let page = try String(contentsOf: root.appendingPathComponent(ArchitecturePage.path), encoding: .utf8)
        let steps = ArchitecturePage.steps(in: page)
        #expect(steps.count >= 20, "the table of steps was not found")
        let findings = ArchitecturePage.findings(in: steps) { path in
            try? String(contentsOf: root.appendingPathComponent("Sources/" + path), encoding: .utf8)
        }
        for finding in findings { Issue.record("\(ArchitecturePage.path): \(finding)") }
    }

    @Test("a missing file, a function that is only mentioned and a wrong number are found")
    func plantedMistakes() {
        let page = """
            # Title

            | # | step | file | function |
            |---|---|---|---|
            | 1 | socket | `A.swift` | `read` |
            | 2 | frame | `B.swift` | `read` |
            | 2 | call | `A.swift` | `begin` |
            | 4 | call | `A.swift` | `Call` |

            | 5 | another table | `C.swift` | `none` |
            """
        let steps = ArchitecturePage.steps(in: page)
        #expect(steps.count == 4)
        #expect(steps.first == RequestStep(number: 1, step: "socket", path: "A.swift", function: "read"))
        let code = """
            struct Call {
                // func begin()
                func beginning() {}
                mutating func read<T>(_ value: T) {}
            }
            """
        let findings = ArchitecturePage.findings(in: steps) { $0 == "A.swift" ? code : nil }
        #expect(
            findings == [
                "step 2: there is no file B.swift",
                "step 2 stands where 3 should",
                "step 2: A.swift does not declare begin",
            ])
    }
}
