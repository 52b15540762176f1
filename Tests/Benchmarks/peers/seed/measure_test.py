"""The histogram holds what it promises: a value is known to 0.4 %, rounded up, and never above the longest."""

import unittest

from measure import Histogram


class HistogramTest(unittest.TestCase):
    def assert_known(self, got: int, want: int) -> None:
        self.assertGreaterEqual(got, want)
        self.assertLessEqual(got - want, 0.004 * want)

    def test_one_value_is_known(self):
        ns = 1
        while ns < 1 << 40:
            histogram = Histogram()
            histogram.record(ns)
            # The longest is known exactly, so another one, longer, must not hide the bucket's end.
            histogram.record(1 << 41)
            self.assert_known(histogram.quantile_ns(0.5), ns)
            ns = ns * 17 // 16 + 1

    def test_quantiles_of_a_thousand(self):
        histogram = Histogram()
        for ns in range(1, 1001):
            histogram.record(ns * 1000)
        for part, want in [(0, 1000), (0.5, 500_000), (0.99, 990_000), (0.999, 999_000), (1, 1_000_000)]:
            self.assert_known(histogram.quantile_ns(part), want)
        self.assertEqual(histogram.quantile_ns(1), 1_000_000)


unittest.main()
