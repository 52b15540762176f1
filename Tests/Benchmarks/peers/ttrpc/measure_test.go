// The histogram holds what it promises: a value is known to 0.4 %, rounded up, and never above the longest.
package main

import "testing"

func TestOneValueIsKnown(t *testing.T) {
	for ns := uint64(1); ns < 1<<valueBits; ns = ns*17/16 + 1 {
		var h histogram
		h.record(ns)
		// The longest is known exactly, so another one, longer, must not hide the bucket's end.
		h.record(1<<valueBits - 1)
		got := h.quantileNS(0.5)
		if got < ns || float64(got-ns) > 0.004*float64(ns) {
			t.Fatalf("%d ns came back as %d", ns, got)
		}
	}
}

func TestQuantilesOfAThousand(t *testing.T) {
	var h histogram
	for ns := uint64(1); ns <= 1000; ns++ {
		h.record(ns * 1000)
	}
	for _, row := range []struct {
		part float64
		want uint64
	}{{0, 1000}, {0.5, 500_000}, {0.99, 990_000}, {0.999, 999_000}, {1, 1_000_000}} {
		got := h.quantileNS(row.part)
		if got < row.want || float64(got-row.want) > 0.004*float64(row.want) {
			t.Errorf("at %v: want %d, got %d", row.part, row.want, got)
		}
	}
	if h.quantileNS(1) != 1_000_000 {
		t.Error("the longest is not exact")
	}
}

func TestWhatIsTooLongCountsAsTheLongest(t *testing.T) {
	var h histogram
	h.record(1 << 50)
	if h.count != 1 || h.quantileNS(0.5) != 1<<valueBits-1 {
		t.Errorf("%d values, the middle %d", h.count, h.quantileNS(0.5))
	}
}
