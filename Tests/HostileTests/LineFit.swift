// A straight line through measured points, for the slope of a server's memory.

import Testing

/// The least-squares line through points.
struct LineFit: Sendable {
    /// Change of y for one of x; 0 for fewer than two points.
    private(set) var slope = 0.0

    init(_ points: [(x: Double, y: Double)]) {
        guard points.count > 1 else { return }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spread > 0 else { return }
        slope = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
    }
}

@Suite("The line through measured memory")
struct LineFitTests {
    private func points(_ y: (Int) -> Double) -> [(x: Double, y: Double)] { (0..<1000).map { (Double($0), y($0)) } }

    @Test("has the slope of what grows steadily, whatever noise lies on it")
    func slope() {
        // A leak of 3 bytes a second under a saw of 100.
        let points = points { 3 * Double($0) + Double($0 % 10) * 10 }
        #expect(abs(LineFit(points).slope - 3) < 0.1)
    }

    @Test("is level where nothing grows")
    func level() {
        let points = points { Double($0 % 10) * 10 }
        #expect(abs(LineFit(points).slope) < 0.1)
        #expect(LineFit([(x: 1, y: 5)]).slope == 0)
        #expect(LineFit([]).slope == 0)
    }
}
