// The memory of a whole process: how malloc treats large buffers, and code that was needed once.

internal import CLinux

package enum ProcessMemory {
    /// Half-received frames are the blocks that peers make large. Above a full outbox, which comes and goes with every
    /// pass of a busy connection and would cost its page faults each time.
    private static let largeBlockBytes: Int32 = 1 << 20
    /// Kept for the next burst: returning and fetching it again would cost page faults.
    private static let spareBytes: Int32 = 4 << 20

    /// Gives large buffers back to the system when they are freed. Left alone, glibc keeps them from the first one on
    /// that is freed: a server that was flooded once would stay as large as it was then. A program calls it once,
    /// before its first loop.
    package static func returnLargeBuffers() { clinux_map_large_blocks(largeBlockBytes, spareBytes) }

    /// Lets go of the program code that only the start needed: relocation, registration of types, reading the
    /// configuration. It is half of what an idle server holds otherwise. Code that runs again comes back from the
    /// kernel's cache in pieces of 64 KiB, at less than a microsecond each. From any thread.
    package static func letGoOfStartUpCode() { clinux_let_go_of_code() }
}
