// Histories that are right, and ones with a fault: the search tells them apart.

import LockHistories
import Testing

@Suite("The search for an order of a lock's calls")
struct LeaseSearchTests {
    private typealias Call = Script

    private static let right: [(String, [LockOperation])] = [
        (
            "one after the other",
            [
                Call.granted("a", 1, 0, 10), Call.released("a", 20, 30), Call.granted("b", 2, 40, 50),
            ]
        ),
        (
            "a call that overlaps the release",
            [
                Call.granted("a", 1, 0, 10), Call.granted("b", 2, 15, 50), Call.released("a", 20, 30),
            ]
        ),
        ("a lease that ended by itself", [Call.granted("a", 1, 0, 10), Call.granted("b", 2, 2000, 2010)]),
        (
            "a lease that lives on after its end",
            [
                Call.granted("a", 1, 0, 10), Call.renewed("a", 1, 3000, 3010), Call.refused("b", 4000, 4010),
            ]
        ),
        (
            "asked again with the same token",
            [
                Call.open(.acquire(holder: "a"), 0), Call.granted("a", 1, 20, 30), Call.granted("a", 1, 40, 50),
                Call.released("a", 60, 70),
            ]
        ),
        (
            "refused by a caller that never heard",
            [
                Call.open(.acquire(holder: "a"), 0), Call.refused("b", by: "a", fence: 1, 20, 30),
                Call.granted("c", 2, 40, 50),
            ]
        ),
        (
            "released by a caller that never heard",
            [
                Call.granted("a", 1, 0, 10), Call.open(.release(holder: "a"), 20), Call.granted("b", 2, 100, 110),
            ]
        ),
        (
            "forced by a caller that never heard",
            [
                Call.granted("a", 1, 0, 10), Call.open(.force(fence: 1), 20), Call.granted("b", 2, 100, 110),
                Call.call((120, 130), .renew(holder: "a"), .lost),
            ]
        ),
        (
            "an unanswered acquire that is released",
            [
                Call.open(.acquire(holder: "a"), 0), Call.released("a", 20, 30), Call.granted("b", 5, 40, 50),
            ]
        ),
        (
            "an unanswered call that takes effect late",
            [
                Call.open(.acquire(holder: "a"), 0), Call.granted("b", 1, 10, 20), Call.released("b", 30, 40),
                Call.held("a", 2, 5000, 5010), Call.granted("c", 3, 5020, 5030),
            ]
        ),
        (
            "forced and looked at",
            [
                Call.granted("a", 1, 0, 10), Call.held("a", 1, 20, 30), Call.call((40, 50), .force(fence: 1), .done),
                Call.call((60, 70), .inspect, .free), Call.call((80, 90), .force(fence: 1), .lost),
                Call.call((100, 110), .release(holder: "a"), .lost),
            ]
        ),
        (
            "a release that was sent twice",
            [
                Call.granted("a", 1, 0, 10), Call.granted("b", 2, 2100, 2110),
                Call.call((2105, 2200), .release(holder: "a"), .doneOrLost),
            ]
        ),
        (
            "a renewal counts from anew",
            [
                Call.granted("a", 1, 0, 10), Call.renewed("a", 1, 1500, 1510), Call.granted("b", 2, 3500, 3510),
            ]
        ),
    ]

    private static let wrong: [(String, [LockOperation])] = [
        ("two holders", [Call.granted("a", 1, 0, 10), Call.granted("b", 2, 20, 30)]),
        (
            "a fence that repeats",
            [
                Call.granted("a", 1, 0, 10), Call.released("a", 20, 30), Call.granted("b", 1, 40, 50),
            ]
        ),
        (
            "a fence that is smaller",
            [
                Call.granted("a", 5, 0, 10), Call.released("a", 20, 30), Call.granted("b", 4, 40, 50),
            ]
        ),
        (
            "a renewal after the loss",
            [
                Call.granted("a", 1, 0, 10), Call.granted("b", 2, 2100, 2110), Call.renewed("a", 1, 2200, 2210),
            ]
        ),
        ("a renewal with another fence", [Call.granted("a", 1, 0, 10), Call.renewed("a", 2, 20, 30)]),
        ("refused though free", [Call.refused("a", 0, 10)]),
        (
            "refused though released",
            [
                Call.granted("a", 1, 0, 10), Call.released("a", 20, 30), Call.refused("b", by: "a", fence: 1, 40, 50),
            ]
        ),
        ("refused because of itself", [Call.granted("a", 1, 0, 10), Call.refused("a", 20, 30)]),
        ("a lease that ends early", [Call.granted("a", 1, 0, 10), Call.granted("b", 2, 1900, 1950)]),
        (
            "a renewed lease that ends early",
            [
                Call.granted("a", 1, 0, 10), Call.renewed("a", 1, 1500, 1510), Call.granted("b", 2, 2500, 2510),
            ]
        ),
        ("lost though held", [Call.granted("a", 1, 0, 10), Call.call((20, 30), .renew(holder: "a"), .lost)]),
        (
            "released though lost",
            [
                Call.granted("a", 1, 0, 10), Call.granted("b", 2, 2100, 2110), Call.released("a", 2200, 2210),
            ]
        ),
        ("released twice", [Call.granted("a", 1, 0, 10), Call.released("a", 20, 30), Call.released("a", 40, 50)]),
        ("free though held", [Call.granted("a", 1, 0, 10), Call.call((20, 30), .inspect, .free)]),
        ("another holder is seen", [Call.granted("a", 1, 0, 10), Call.held("b", 1, 20, 30)]),
        (
            "forced with a fence that is over",
            [
                Call.granted("a", 1, 0, 10), Call.released("a", 20, 30), Call.call((40, 50), .force(fence: 1), .done),
            ]
        ),
        (
            "an effect before its call",
            [
                Call.refused("b", by: "a", fence: 1, 0, 10), Call.open(.acquire(holder: "a"), 20),
            ]
        ),
        (
            "one unanswered acquire, two leases",
            [
                Call.open(.acquire(holder: "a"), 0), Call.held("a", 1, 10, 20), Call.granted("b", 2, 30, 40),
                Call.released("b", 50, 60), Call.held("a", 3, 70, 80),
            ]
        ),
        (
            "an unanswered renewal shortens nothing",
            [
                Call.granted("a", 1, 0, 10), Call.open(.renew(holder: "a"), 20), Call.granted("b", 2, 1000, 1010),
            ]
        ),
    ]

    @Test("takes what is right", arguments: right)
    func takes(_ name: String, _ history: [LockOperation]) throws {
        #expect(try LeaseSearch.check(history) == .legal)
        #expect(FenceCheck.findings(history) == [])
    }

    @Test("refuses what is wrong", arguments: wrong)
    func refuses(_ name: String, _ history: [LockOperation]) throws {
        #expect(try LeaseSearch.check(history) != .legal)
    }

    @Test("keys have nothing to do with each other")
    func keys() throws {
        var other = Script.granted("b", 1, 5, 8)
        other.key = "l"
        #expect(try LeaseSearch.check([Script.granted("a", 1, 0, 10), other]) == .legal)
    }

    @Test("a lease may end as early as clocks are coarse, and no earlier")
    func tolerance() throws {
        let history = { (end: Int64) in [Script.granted("a", 1, 0, 0), Script.granted("b", 2, end - 1, end)] }
        #expect(try LeaseSearch.check(history(1995)) == .legal)
        #expect(try LeaseSearch.check(history(1994)) != .legal)
    }

    @Test("fences that do not grow are found without the search")
    func fences() {
        let repeated = [Script.granted("a", 1, 0, 10), Script.granted("b", 1, 5, 15)]
        #expect(FenceCheck.findings(repeated) == ["k: a and b both have fence 1"])
        let smaller = [Script.granted("a", 5, 0, 10), Script.granted("b", 4, 20, 30)]
        #expect(FenceCheck.findings(smaller) == ["k: b got fence 4 after a had 5"])
        // Neither was first.
        #expect(FenceCheck.findings([Script.granted("a", 5, 0, 25), Script.granted("b", 4, 20, 30)]) == [])
    }

    @Test("a search that meets its bound says so")
    func bound() {
        // Any of them can hold the lock and none is seen by name, so all orders of all sets are tried.
        var history: [LockOperation] = []
        for number in 0..<16 { history.append(Script.open(.acquire(holder: "open-\(number)"), 0)) }
        for number in 0..<12 { history.append(Script.refused("refused-\(number)", 0, 100)) }
        history.append(Script.call((0, 100), .release(holder: "nobody"), .done))
        #expect(throws: SearchGaveUp.self) { try LeaseSearch.check(history, configurationsMax: 1000) }
    }
}
