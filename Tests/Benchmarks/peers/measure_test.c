// The histogram of measure.h holds what it promises: a value is known to 0.4 %, rounded up, and never above the
// longest.
#include "measure.h"

static histogram_t histogram;

static void check(uint64_t got, uint64_t want, const char *what) {
    if (got >= want && (double)(got - want) <= 0.004 * (double)want) return;
    fprintf(stderr, "%s: want %llu ns, got %llu\n", what, (unsigned long long)want, (unsigned long long)got);
    exit(1);
}

int main(void) {
    for (uint64_t ns = 1; ns < (uint64_t)1 << VALUE_BITS; ns = ns * 17 / 16 + 1) {
        memset(&histogram, 0, sizeof histogram);
        record(&histogram, ns);
        // The longest is known exactly, so another one, longer, must not hide the bucket's end.
        record(&histogram, ((uint64_t)1 << VALUE_BITS) - 1);
        check(quantile_ns(&histogram, 0.5), ns, "one value");
    }
    memset(&histogram, 0, sizeof histogram);
    for (uint64_t ns = 1; ns <= 1000; ns++) record(&histogram, ns * 1000);
    check(quantile_ns(&histogram, 0), 1000, "the least of a thousand");
    check(quantile_ns(&histogram, 0.5), 500000, "the middle of a thousand");
    check(quantile_ns(&histogram, 0.999), 999000, "p999 of a thousand");
    if (quantile_ns(&histogram, 1) != 1000000) return fprintf(stderr, "the longest is not exact\n"), 1;
    record(&histogram, (uint64_t)1 << 50);
    if (histogram.count != 1001) return fprintf(stderr, "what is too long was not counted\n"), 1;
    return 0;
}
