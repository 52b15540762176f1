// How malloc treats large buffers, for a whole process. A program calls it once, before its first loop.

internal import CLinux

package enum ProcessMemory {
    /// Half-received frames and full outboxes are the blocks that peers make large; below this size are all others.
    private static let largeBlockBytes: Int32 = 256 * 1024
    /// Kept for the next burst: returning and fetching it again would cost page faults.
    private static let spareBytes: Int32 = 4 << 20

    /// Gives large buffers back to the system when they are freed. Left alone, glibc keeps them from the first one on
    /// that is freed: a server that was flooded once would stay as large as it was then.
    package static func returnLargeBuffers() { clinux_map_large_blocks(largeBlockBytes, spareBytes) }
}
