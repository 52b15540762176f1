// What the load programs in C and C++ share: their options, a clock, the latency histogram, the server's CPU and
// memory, and the report. A program has one file and includes this once.
#ifndef PEERS_MEASURE_H
#define PEERS_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Those of sysexits.h, and 1 when too many calls failed.
enum { EXIT_CALLS_FAILED = 1, EXIT_USAGE = 64, EXIT_UNAVAILABLE = 69 };
enum { PAYLOAD_BYTES = 128, CALL_SECONDS_MAX = 10 };

// MARK: Options

typedef struct {
    const char *work, *server;
    int connections, in_flight;
    double duration_seconds, warm_up_seconds;
    int server_pid;  // 0: nobody's, and nothing is told of the server
} load_options_t;

static void usage(const char *what) {
    fprintf(stderr, "%s\n", what);
    fprintf(stderr, "usage: load OUT WORK --server HOST:PORT [--connections N] [--in-flight M] [--duration SECONDS]"
                    " [--warm-up SECONDS] [--server-pid PID]\n");
    exit(EXIT_USAGE);
}

static double number_option(const char *name, const char *text, double min, double max) {
    char *end, words[200];
    double value = strtod(text, &end);
    if (end != text && *end == 0 && value >= min && value <= max) return value;
    snprintf(words, sizeof words, "%s is %g to %g", name, min, max);
    usage(words);
    return 0;
}

static load_options_t parse_options(int argc, char **argv) {
    load_options_t o = {argc > 1 ? argv[1] : "", NULL, 1, 1, 10, 1, 0};
    for (int i = 2; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (i + 1 == argc) usage("the last option has no value");
        if (!strcmp(name, "--server")) o.server = value;
        else if (!strcmp(name, "--connections")) o.connections = (int)number_option(name, value, 1, 20000);
        else if (!strcmp(name, "--in-flight")) o.in_flight = (int)number_option(name, value, 1, 10000);
        else if (!strcmp(name, "--duration")) o.duration_seconds = number_option(name, value, 0.1, 86400);
        else if (!strcmp(name, "--warm-up")) o.warm_up_seconds = number_option(name, value, 0, 3600);
        else if (!strcmp(name, "--server-pid")) o.server_pid = (int)number_option(name, value, 1, 1 << 30);
        else usage(name);
    }
    if (strcmp(o.work, "echo")) usage("this peer's only work is `echo`");
    if (!o.server) usage("--server is missing");
    return o;
}

// MARK: Clock

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// MARK: Latencies

// Each power of two of nanoseconds has 2^8 buckets, so a value is known to 0.4 %; longer ones than 2^40 ns, 18 minutes,
// count as that.
enum { STEP_BITS = 8, VALUE_BITS = 40, BUCKETS = (VALUE_BITS - STEP_BITS + 1) << STEP_BITS };

typedef struct {
    uint64_t counts[BUCKETS], count, max_ns;
} histogram_t;

static inline unsigned bucket_of(uint64_t ns) {
    int shift = 64 - __builtin_clzll(ns | 1) - STEP_BITS - 1;
    if (shift < 0) shift = 0;
    return ((unsigned)shift << STEP_BITS) + (unsigned)(ns >> shift);
}

static inline uint64_t last_value(unsigned bucket) {
    unsigned row = bucket >> STEP_BITS, shift = row > 0 ? row - 1 : 0;
    return ((uint64_t)(bucket - (shift << STEP_BITS) + 1) << shift) - 1;
}

static inline void record(histogram_t *h, uint64_t ns) {
    const uint64_t longest = ((uint64_t)1 << VALUE_BITS) - 1;
    h->counts[bucket_of(ns < longest ? ns : longest)]++;
    h->count++;
    if (ns > h->max_ns) h->max_ns = ns;
}

// The smallest value that this part of all does not exceed, rounded up to its bucket's end.
static uint64_t quantile_ns(const histogram_t *h, double part) {
    uint64_t wanted = (uint64_t)((double)h->count * part), seen = 0;
    if ((double)wanted < (double)h->count * part || wanted == 0) wanted++;
    for (unsigned i = 0; i < BUCKETS; i++) {
        if ((seen += h->counts[i]) < wanted) continue;
        return last_value(i) < h->max_ns ? last_value(i) : h->max_ns;
    }
    return h->max_ns;
}

// MARK: The server's process

// Up to 4 KB of a file of /proc/PID; an empty text when the process is gone.
static void read_process_file(int pid, const char *name, char text[4096]) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    size_t count = file ? fread(text, 1, 4095, file) : 0;
    if (file) fclose(file);
    text[count] = 0;
}

// User and system time of all its threads; the load ends where there is no such process.
static double cpu_seconds(int pid) {
    char text[4096];
    unsigned long user, system;
    if (pid == 0) return 0;
    read_process_file(pid, "stat", text);
    // The name in brackets may hold anything: fields are counted from behind it.
    const char *after_name = strrchr(text, ')');
    const char *fields = ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
    if (!after_name || sscanf(after_name, fields, &user, &system) != 2) {
        fprintf(stderr, "process %d cannot be looked at\n", pid);
        exit(EXIT_UNAVAILABLE);
    }
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

// 0 when it is gone.
static long resident_bytes(int pid) {
    char text[4096];
    long kilobytes = 0;
    if (pid == 0) return 0;
    read_process_file(pid, "status", text);
    const char *line = strstr(text, "\nVmRSS:");
    if (line && sscanf(line, "\nVmRSS: %ld", &kilobytes) != 1) return 0;
    return kilobytes * 1024;
}

// MARK: Report

typedef struct {
    const histogram_t *latencies;  // of the calls that succeeded
    uint64_t errors;
    double seconds, cpu_seconds;
    long resident_bytes;
} measured_t;

// Prints the line of JSON; gives the exit status.
static int report(const load_options_t *o, const measured_t *m) {
    static const char *const names[] = {"p50", "p90", "p99", "p999"};
    static const double parts[] = {0.5, 0.9, 0.99, 0.999};
    double calls = (double)m->latencies->count, all = calls + (double)m->errors;
    printf("{\"calls_per_second\":%.1f,\"tokens_per_second\":0.0,", calls / m->seconds);
    printf("\"errors\":%llu,\"latency_us\":{", (unsigned long long)m->errors);
    for (int i = 0; i < 4; i++) printf("\"%s\":%.1f,", names[i], (double)quantile_ns(m->latencies, parts[i]) / 1000);
    printf("\"max\":%.1f},\"server_cpu_us_per_call\":", (double)m->latencies->max_ns / 1000);
    if (o->server_pid && all > 0) printf("%.3f,\"server_rss_bytes\":", m->cpu_seconds * 1e6 / all);
    else printf("null,\"server_rss_bytes\":");
    if (o->server_pid) printf("%ld}\n", m->resident_bytes);
    else printf("null}\n");
    if (calls > 0 && (double)m->errors <= 0.01 * all) return 0;
    if (all == 0) fprintf(stderr, "no call ended while it was measured\n");
    else fprintf(stderr, "%.0f of %.0f calls failed: the figures mean nothing\n", (double)m->errors, all);
    return EXIT_CALLS_FAILED;
}

#endif
