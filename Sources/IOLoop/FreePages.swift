// What malloc keeps after a burst. Blocks of a burst lie between blocks that live on, so glibc gives none of it back by
// itself: a server that was flooded once would stay ten times as large as it needs to be.

internal import CLinux
internal import Glibc

/// Pages that belong to no living block and yet are resident.
///
/// Both steps take malloc's locks one after the other, for milliseconds when there is much to walk over. They are for a
/// thread that is no loop's, every few seconds.
package struct FreePages {
    /// Less than this is not worth the page faults that fetching it again costs.
    package static let worthBytes = 8 << 20

    /// Resident and in no block, as it was after pages were last given back: stacks, written data, and the free parts
    /// of pages that are partly used.
    private var lastBytes: Int

    /// Takes what is so now for the least that there can be.
    package init() { lastBytes = Self.unusedBytes() }

    /// Gives them back when they are ``worthBytes`` more than after the last time.
    ///
    /// - Returns: how many bytes went; 0 when it was not worth it.
    package mutating func giveBack() -> Int {
        let unused = Self.unusedBytes()
        lastBytes = min(lastBytes, unused)
        guard unused - lastBytes >= Self.worthBytes else { return 0 }
        clinux_return_free_pages()
        lastBytes = Self.unusedBytes()
        return max(unused - lastBytes, 0)
    }

    private static func unusedBytes() -> Int { anonymousBytes() - clinux_used_heap_bytes() }

    /// The process's resident memory apart from mapped files; 0 where /proc is not mounted: then nothing is given back.
    private static func anonymousBytes() -> Int {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        // Seven numbers of at most twenty digits.
        let text = withUnsafeTemporaryAllocation(byteCount: 160, alignment: 1) { bytes in
            String(decoding: bytes.prefix(max(read(file, bytes.baseAddress, bytes.count), 0)), as: UTF8.self)
        }
        let pages = text.split(separator: " ").map { Int($0) ?? 0 }
        guard pages.count > 2 else { return 0 }
        return (pages[1] - pages[2]) * sysconf(Int32(_SC_PAGESIZE))
    }
}
