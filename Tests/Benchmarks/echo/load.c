// Load for one echo server on loopback: CONNECTIONS x IN_FLIGHT calls of chat.v1.DiagnosticsService/Echo with 128
// bytes, for SECONDS. One thread, bare epoll, so that the client costs little beside what is measured. Prints one JSON
// line.
//
//     load PORT CONNECTIONS IN_FLIGHT SECONDS [SERVER_PID]
//
// With SERVER_PID the server's CPU time per call (user plus system, from /proc) is printed too. Any answer that is not
// a whole Response frame on an id in flight is an error and ends the run.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 128, HEADER = 10, READ_BYTES = 256 * 1024, HISTOGRAM = 200000 };

typedef struct {
    int fd;
    uint32_t next_id;
    // Ring by (id / 2) % in_flight: ids of one connection are answered within a window of in_flight.
    uint64_t *sent_at;
    uint8_t *in;
    size_t in_bytes;
    uint8_t *out;
    size_t out_bytes;
} connection_t;

static uint8_t request[512];
static size_t request_bytes;
static uint32_t histogram[HISTOGRAM];  // microseconds
static int in_flight;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double cpu_seconds(int pid) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t count = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[count] = 0;
    char *after_name = strrchr(line, ')');
    unsigned long user = 0, system = 0;
    const char *fields = "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
    if (!after_name || sscanf(after_name + 2, fields, &user, &system) != 2) return 0;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
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

static void build_request(void) {
    uint8_t message[256], data[PAYLOAD];
    memset(data, 'x', sizeof data);
    size_t message_bytes = put_field(message, 1, data, sizeof data), n = HEADER;
    n += put_field(request + n, 1, "chat.v1.DiagnosticsService", 26);
    n += put_field(request + n, 2, "Echo", 4);
    n += put_field(request + n, 3, message, message_bytes);
    put32(request, (uint32_t)(n - HEADER));
    request[8] = 1, request[9] = 0;
    request_bytes = n;
}

static void add_request(connection_t *c) {
    memcpy(c->out + c->out_bytes, request, request_bytes);
    put32(c->out + c->out_bytes + 4, c->next_id);
    c->sent_at[(c->next_id / 2) % (uint32_t)(4 * in_flight)] = now_ns();
    c->next_id += 2;
    c->out_bytes += request_bytes;
}

static void flush_out(connection_t *c) {
    while (c->out_bytes) {
        ssize_t n = send(c->fd, c->out, c->out_bytes, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno == EAGAIN) return;
            perror("send"), exit(1);
        }
        memmove(c->out, c->out + n, c->out_bytes - (size_t)n);
        c->out_bytes -= (size_t)n;
    }
}

static uint64_t receive(connection_t *c) {
    uint64_t done = 0;
    for (;;) {
        ssize_t n = recv(c->fd, c->in + c->in_bytes, READ_BYTES - c->in_bytes, 0);
        if (n == 0) fprintf(stderr, "the server closed a connection\n"), exit(1);
        if (n < 0) {
            if (errno == EAGAIN) break;
            perror("recv"), exit(1);
        }
        c->in_bytes += (size_t)n;
        size_t at = 0;
        while (c->in_bytes - at >= HEADER) {
            uint32_t length = get32(c->in + at), id = get32(c->in + at + 4);
            if (c->in_bytes - at < HEADER + length) break;
            if (c->in[at + 8] != 2 || length < PAYLOAD) {
                fprintf(stderr, "not an echo: type %d, %u bytes\n", c->in[at + 8], length), exit(1);
            }
            uint64_t microseconds = (now_ns() - c->sent_at[(id / 2) % (uint32_t)(4 * in_flight)]) / 1000;
            histogram[microseconds < HISTOGRAM ? microseconds : HISTOGRAM - 1]++;
            done++;
            add_request(c);
            at += HEADER + length;
        }
        memmove(c->in, c->in + at, c->in_bytes - at);
        c->in_bytes -= at;
    }
    flush_out(c);
    return done;
}

static uint64_t quantile(uint64_t total, double q) {
    uint64_t seen = 0;
    for (int i = 0; i < HISTOGRAM; i++)
        if ((seen += histogram[i]) >= (uint64_t)((double)total * q)) return (uint64_t)i;
    return HISTOGRAM;
}

int main(int argc, char **argv) {
    if (argc < 5) return fprintf(stderr, "usage: load PORT CONNECTIONS IN_FLIGHT SECONDS [SERVER_PID]\n"), 64;
    int port = atoi(argv[1]), count = atoi(argv[2]), pid = argc > 5 ? atoi(argv[5]) : 0;
    in_flight = atoi(argv[3]);
    double seconds = atof(argv[4]);
    build_request();
    int epoll = epoll_create1(0);
    connection_t *connections = calloc((size_t)count, sizeof *connections);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < count; i++) {
        connection_t *c = &connections[i];
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
        int one = 1;
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        fcntl(c->fd, F_SETFL, O_NONBLOCK);
        c->next_id = 1;
        c->sent_at = calloc((size_t)(4 * in_flight), sizeof(uint64_t));
        c->in = malloc(READ_BYTES);
        c->out = malloc((size_t)in_flight * 2 * sizeof request);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
        for (int k = 0; k < in_flight; k++) add_request(c);
        flush_out(c);
    }
    uint64_t total = 0, start = now_ns(), warm = start + 300000000u, end = warm + (uint64_t)(seconds * 1e9);
    double cpu_start = 0;
    int is_warm = 0;
    while (now_ns() < end) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, 100);
        for (int i = 0; i < n; i++) {
            connection_t *c = events[i].data.ptr;
            flush_out(c);
            total += receive(c);
        }
        if (!is_warm && now_ns() >= warm) {
            is_warm = 1, total = 0, start = now_ns(), cpu_start = pid ? cpu_seconds(pid) : 0;
            memset(histogram, 0, sizeof histogram);
        }
    }
    double elapsed = (double)(now_ns() - start) / 1e9, cpu = pid ? cpu_seconds(pid) - cpu_start : 0;
    printf("{\"connections\":%d,\"in_flight\":%d,", count, in_flight);
    printf("\"calls_per_second\":%.0f,", (double)total / elapsed);
    printf("\"latency_us\":{\"p50\":%lu,\"p99\":%lu},", quantile(total, .5), quantile(total, .99));
    printf("\"server_cpu_us_per_call\":%.3f}\n", total ? cpu * 1e6 / (double)total : 0);
    return 0;
}
