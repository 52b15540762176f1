// Where the programs are: beside the test bundle, which this process runs, or in the folder that CHAT_PROGRAMS names,
// for runs that measure release programs.

internal import Glibc

package enum BuiltPrograms {
    /// A program of this package; of the system where the name is a path.
    package static func path(of name: String) -> String {
        if name.hasPrefix("/") { return name }
        if let folder = getenv("CHAT_PROGRAMS") { return String(cString: folder) + "/" + name }
        return pathBeside(name)
    }

    /// A program that was built with this one, wherever the programs under test are.
    package static func pathBeside(_ name: String) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink("/proc/self/exe", bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        precondition(count > 0, "/proc/self/exe is this process's program")
        let folder = buffer[..<count].lastIndex(of: UInt8(ascii: "/"))!
        return String(decoding: buffer[...folder], as: UTF8.self) + name
    }
}
