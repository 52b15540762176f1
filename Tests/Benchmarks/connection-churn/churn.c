// Opens and closes COUNT connections to an echo server on this machine and tells what the server keeps of them.
//
//     churn PORT PID COUNT        prints one JSON line; exits 1 when the server kept memory or descriptors
//
// A third of the connections are closed at once, a third after a whole call, a third in the middle of a frame. The
// server's resident memory and open descriptors are read after a tenth of them and at the end, each time once the
// server has closed its side of all.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    PAYLOAD = 128,
    HEADER = 10,
    // Open at a time: enough that they overlap, far below any limit on connections.
    BATCH = 64,
    // A batch in so many closes its unfinished frames after this many bytes of a large one.
    LARGE_EVERY = 32,
    LARGE_FRAME = 512 * 1024,
    LARGE_SENT = 200 * 1024,
    // Closed connections rest in TIME_WAIT for a minute, so one source address has ports for 28,000.
    SOURCES = 32,
    TIMEOUT_SECONDS = 10,
    // What may be kept beyond the first tenth, which warms pools and tables up.
    KEPT_BYTES_MAX = 2 * 1024 * 1024,
};

typedef struct {
    long resident_bytes;
    int descriptors;
} usage_t;

static uint8_t request[512], large[HEADER + LARGE_SENT];
static size_t request_bytes;
static struct sockaddr_in server = {.sin_family = AF_INET};
static int pid;

static void fail(const char *what) {
    fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void put32(uint8_t *p, uint32_t v) { p[0] = v >> 24, p[1] = v >> 16, p[2] = v >> 8, p[3] = v; }
static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t put_field(uint8_t *p, int field, const void *data, size_t bytes) {
    size_t n = 0;
    p[n++] = (uint8_t)(field << 3 | 2);
    if (bytes >= 128) p[n++] = (uint8_t)(bytes | 128), p[n++] = (uint8_t)(bytes >> 7);
    else p[n++] = (uint8_t)bytes;
    memcpy(p + n, data, bytes);
    return n + bytes;
}

static void put_header(uint8_t *p, uint32_t length) {
    put32(p, length), put32(p + 4, 1);
    p[8] = 1, p[9] = 0;
}

static void build_frames(void) {
    uint8_t message[256], data[PAYLOAD];
    memset(data, 'x', sizeof data);
    size_t message_bytes = put_field(message, 1, data, sizeof data), n = HEADER;
    n += put_field(request + n, 1, "chat.v1.DiagnosticsService", 26);
    n += put_field(request + n, 2, "Echo", 4);
    n += put_field(request + n, 3, message, message_bytes);
    put_header(request, (uint32_t)(n - HEADER));
    request_bytes = n;
    put_header(large, LARGE_FRAME);
}

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int open_descriptors(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    if (!folder) fail(path);
    int count = -2;  // "." and ".."
    while (readdir(folder)) count++;
    closedir(folder);
    return count;
}

static long resident_bytes(void) {
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1) fail(path);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/// Waits until the server has no more than `descriptors` open, then looks at its memory.
static usage_t settled_usage(int descriptors) {
    double end = seconds_now() + TIMEOUT_SECONDS;
    usage_t usage = {.descriptors = open_descriptors()};
    while (usage.descriptors > descriptors && seconds_now() < end) {
        struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
        usage.descriptors = open_descriptors();
    }
    usage.resident_bytes = resident_bytes();
    return usage;
}

static int open_connection(long index) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) fail("socket");
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(index % SOURCES));
    struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&source, sizeof source)) fail("bind");
    if (connect(fd, (struct sockaddr *)&server, sizeof server)) fail("connect");
    return fd;
}

static void send_whole(int fd, const uint8_t *bytes, size_t count) {
    while (count) {
        ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);
        if (n < 0) fail("send");
        bytes += n, count -= (size_t)n;
    }
}

static void receive_echo(int fd) {
    uint8_t frame[512];
    size_t have = 0;
    while (have < HEADER || have < HEADER + get32(frame)) {
        ssize_t n = recv(fd, frame + have, sizeof frame - have, 0);
        if (n == 0) errno = ECONNRESET;
        if (n <= 0) fail("recv");
        have += (size_t)n;
        if (have >= HEADER && (frame[8] != 2 || get32(frame) < PAYLOAD || get32(frame) > sizeof frame - HEADER)) {
            fprintf(stderr, "churn: the answer is no echo\n"), exit(2);
        }
    }
}

static void close_connection(int fd, int resets) {
    struct linger now = {.l_onoff = 1};
    if (resets) setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/// Connections `first` up to `first + count`, all open at once.
static void run_batch(long first, int count) {
    int fds[BATCH];
    for (int i = 0; i < count; i++) fds[i] = open_connection(first + i);
    for (int i = 0; i < count; i++) {
        long index = first + i;
        if (index % 3 == 1) send_whole(fds[i], request, request_bytes);
        if (index % 3 != 2) continue;
        if (index / BATCH % LARGE_EVERY == 0) send_whole(fds[i], large, sizeof large);
        else send_whole(fds[i], request, 1 + (size_t)(index / 3) % (request_bytes - 1));  // every length but the whole
    }
    for (int i = 0; i < count; i++) {
        if ((first + i) % 3 == 1) receive_echo(fds[i]);
        close_connection(fds[i], (first + i) / 3 % 4 == 3);
    }
}

static void run_connections(long first, long end) {
    for (long at = first; at < end; at += BATCH) run_batch(at, (int)(end - at < BATCH ? end - at : BATCH));
}

int main(int argc, char **argv) {
    if (argc != 4 || atol(argv[3]) < 10) return fprintf(stderr, "usage: churn PORT PID COUNT (10 or more)\n"), 64;
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pid = atoi(argv[2]);
    long count = atol(argv[3]), tenth = count / 10;
    build_frames();
    int idle = open_descriptors();
    long idle_bytes = resident_bytes();
    double start = seconds_now();
    run_connections(0, tenth);
    usage_t early = settled_usage(idle);
    run_connections(tenth, count);
    usage_t late = settled_usage(early.descriptors);
    double elapsed = seconds_now() - start;
    long kept = late.resident_bytes - early.resident_bytes;
    printf("{\"connections\":%ld,\"connections_per_second\":%.0f,", count, (double)count / elapsed);
    printf("\"rss_bytes\":{\"idle\":%ld,\"after_%ld\":%ld,\"after_%ld\":%ld},", idle_bytes, tenth, early.resident_bytes,
           count, late.resident_bytes);
    printf("\"rss_kept_bytes\":%ld,", kept);
    printf("\"descriptors\":{\"idle\":%d,\"after_%ld\":%d,\"after_%ld\":%d}}\n", idle, tenth, early.descriptors, count,
           late.descriptors);
    if (kept > KEPT_BYTES_MAX) fprintf(stderr, "churn: the server kept %ld bytes, at most %d\n", kept, KEPT_BYTES_MAX);
    int more = late.descriptors - early.descriptors;
    if (more) fprintf(stderr, "churn: the server had %d descriptors open and has %d more\n", early.descriptors, more);
    return kept > KEPT_BYTES_MAX || more != 0;
}
