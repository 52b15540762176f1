// The function that libFuzzer calls, in a program whose `main` is libFuzzer's. CHAT_FUZZ_TARGET picks the target: an
// environment variable, since libFuzzer starts itself anew to merge inputs, and takes all arguments for its own.

import FuzzBodies
import Glibc

private let target: FuzzTarget = {
    let name = getenv("CHAT_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    if let target = FuzzTarget.named(name) { return target }
    fatalError("CHAT_FUZZ_TARGET is one of \(FuzzTarget.all.map(\.name).joined(separator: " "))")
}()

@c(LLVMFuzzerTestOneInput)
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do {
        try target.body(UnsafeRawBufferPointer(start: bytes, count: count))
    } catch {
        fatalError("broken property: \(error)")
    }
    return 0
}
