// The Swift client's driver of ../run: does one case and tells its verdict. Usage: client-conformance CASE
// ADDRESS[,...]

import Glibc

let words = CommandLine.arguments
guard words.count == 3 else {
    say("fail usage: client-conformance CASE ADDRESS[,ADDRESS]")
    exit(64)
}
let servers = Case(addresses: words[2].split(separator: ",").map(String.init))
if let reason = Case.skipped[words[1]] {
    say("skip \(reason)")
} else if let body = Case.all[words[1]] {
    do {
        try await body(servers)
        say("pass")
    } catch {
        say("fail \("\(error)".replacing("\n", with: " "))")
    }
} else {
    say("fail no such case")
}
exit(0)
