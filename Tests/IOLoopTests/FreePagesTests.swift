// Memory that a burst leaves behind, in this process's own heap.

import CLinux
import Glibc
import Testing

@testable import IOLoop

/// Alone: what other tests allocate meanwhile would be counted too.
@Suite("Free pages", .serialized)
struct FreePagesTests {
    // Sanitizers have a malloc of their own.
    @Test("between living blocks go back to the system, once", .enabled(if: getenv("CHAT_SANITIZER") == nil))
    func goBack() {
        var pages = FreePages()
        // 64 MiB in blocks far below the size that is mapped, every eighth of which lives on.
        let blocks = (0..<16_384).map { _ in malloc(4096)! }
        for block in blocks { memset(block, 1, 4096) }
        #expect(pages.giveBack() == 0, "all of it is used")
        for (index, block) in blocks.enumerated() where index % 8 != 0 { free(block) }
        let returned = pages.giveBack()
        #expect(returned > 32 << 20, "\(returned) bytes")
        #expect(pages.giveBack() == 0, "nothing is left")
        for (index, block) in blocks.enumerated() where index % 8 == 0 { free(block) }
    }
}
