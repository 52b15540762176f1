// Load for one echo server of ttrpc frames on loopback: calls of chat.v1.DiagnosticsService/Echo, from one thread on
// bare epoll, so that the client costs little beside what is measured. For the server of this folder, the ttrpc peer,
// and a chatd with --diagnostics. The first answer that is not the echo of a call in flight ends the run with an error,
// and so does a call without an answer in time.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../measure.h"

enum { HEADER_BYTES = 10, READ_BYTES = 256 * 1024 };

typedef struct {
    uint32_t id;  // 0: no call
    uint64_t began_ns;
} slot_t;

typedef struct {
    int fd;
    uint32_t next_id;
    slot_t *slots;
    uint8_t *in, *out;
    size_t in_bytes, out_bytes;
} connection_t;

static uint8_t request[512], expected[512];
static size_t request_bytes, expected_bytes;
// Four times the calls in flight and a power of two, so that most ids find their slot free.
static uint32_t slots_mask;
static histogram_t latencies;

static void fail(const char *words) {
    fprintf(stderr, "%s\n", words);
    exit(EXIT_CALLS_FAILED);
}

static void put32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8), p[3] = (uint8_t)v;
}

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

static void build_messages(void) {
    uint8_t message[256], payload[PAYLOAD_BYTES];
    memset(payload, 'x', sizeof payload);
    size_t message_bytes = put_field(message, 1, payload, sizeof payload), n = HEADER_BYTES;
    n += put_field(request + n, 1, "chat.v1.DiagnosticsService", 26);
    n += put_field(request + n, 2, "Echo", 4);
    n += put_field(request + n, 3, message, message_bytes);
    put32(request, (uint32_t)(n - HEADER_BYTES));
    request[8] = 1, request[9] = 0;
    request_bytes = n;
    expected_bytes = put_field(expected, 2, message, message_bytes);
}

static slot_t *slot_of(connection_t *c, uint32_t id) { return &c->slots[id / 2 & slots_mask]; }

static void add_request(connection_t *c, uint64_t now) {
    // A call that waits long keeps its slot: later ids pass it by.
    while (slot_of(c, c->next_id)->id) c->next_id = (c->next_id + 2) & 0x7fffffff;
    *slot_of(c, c->next_id) = (slot_t){c->next_id, now};
    memcpy(c->out + c->out_bytes, request, request_bytes);
    put32(c->out + c->out_bytes + 4, c->next_id);
    c->next_id = (c->next_id + 2) & 0x7fffffff;
    c->out_bytes += request_bytes;
}

static void flush_out(connection_t *c) {
    while (c->out_bytes) {
        ssize_t n = send(c->fd, c->out, c->out_bytes, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) perror("send"), exit(EXIT_CALLS_FAILED);
        memmove(c->out, c->out + n, c->out_bytes - (size_t)n);
        c->out_bytes -= (size_t)n;
    }
}

/// Ends the call of this whole frame and makes the next.
static void end_call(connection_t *c, const uint8_t *frame) {
    uint32_t id = get32(frame + 4);
    slot_t *slot = slot_of(c, id);
    if (memcmp(frame + HEADER_BYTES, expected, expected_bytes)) fail("an answer is not what was sent");
    if (!id || slot->id != id) fail("an answer to no call");
    uint64_t now = now_ns();
    record(&latencies, now - slot->began_ns);
    slot->id = 0;
    add_request(c, now);
}

static void receive(connection_t *c) {
    for (;;) {
        ssize_t n = recv(c->fd, c->in + c->in_bytes, READ_BYTES - c->in_bytes, 0);
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) perror("recv"), exit(EXIT_CALLS_FAILED);
        if (n == 0) fail("the server closed a connection");
        c->in_bytes += (size_t)n;
        size_t at = 0;
        while (c->in_bytes - at >= HEADER_BYTES) {
            const uint8_t *frame = c->in + at;
            if (frame[8] != 2 || get32(frame) != expected_bytes) {
                fprintf(stderr, "not an echo: type %d, %u bytes\n", frame[8], get32(frame));
                exit(EXIT_CALLS_FAILED);
            }
            if (c->in_bytes - at < HEADER_BYTES + expected_bytes) break;
            end_call(c, frame);
            at += HEADER_BYTES + expected_bytes;
        }
        memmove(c->in, c->in + at, c->in_bytes - at);
        c->in_bytes -= at;
    }
    flush_out(c);
}

static struct sockaddr_in parse_address(const char *text) {
    char host[64];
    unsigned port;
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (sscanf(text, "%63[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        usage("--server is an IPv4 address and a port");
    }
    address.sin_port = htons((uint16_t)port);
    return address;
}

static void open_connection(connection_t *c, const load_options_t *o, int epoll) {
    struct sockaddr_in address = parse_address(o->server);
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) perror("connect"), exit(EXIT_UNAVAILABLE);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    c->next_id = 1;
    c->slots = calloc(slots_mask + 1, sizeof *c->slots);
    c->in = malloc(READ_BYTES);
    c->out = malloc((size_t)o->in_flight * request_bytes);
    for (int k = 0; k < o->in_flight; k++) add_request(c, now_ns());
    // The edge of a socket that can be written comes at once and sends them.
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static void check_time_limits(const connection_t *connections, int count, uint64_t now) {
    const uint64_t limit_ns = CALL_SECONDS_MAX * 1000000000ull;
    for (int i = 0; i < count; i++) {
        for (uint32_t k = 0; k <= slots_mask; k++) {
            const slot_t *slot = &connections[i].slots[k];
            if (slot->id && now > slot->began_ns + limit_ns) fail("a call got no answer in time");
        }
    }
}

static void make_calls(connection_t *connections, int count, int epoll, double seconds) {
    uint64_t now = now_ns(), end = now + (uint64_t)(seconds * 1e9), checked = now;
    while ((now = now_ns()) < end) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, 20);
        for (int i = 0; i < n; i++) {
            flush_out(events[i].data.ptr);
            receive(events[i].data.ptr);
        }
        if (now < checked + 1000000000) continue;
        check_time_limits(connections, count, now);
        checked = now;
    }
}

int main(int argc, char **argv) {
    load_options_t o = parse_options(argc, argv);
    int epoll = epoll_create1(0);
    connection_t *connections = calloc((size_t)o.connections, sizeof *connections);
    build_messages();
    for (slots_mask = 3; slots_mask + 1 < 4 * (uint32_t)o.in_flight; slots_mask = slots_mask * 2 + 1) {}
    for (int i = 0; i < o.connections; i++) open_connection(&connections[i], &o, epoll);
    make_calls(connections, o.connections, epoll, o.warm_up_seconds);
    memset(&latencies, 0, sizeof latencies);
    measured_t m = {.latencies = &latencies, .cpu_seconds = -cpu_seconds(o.server_pid)};
    uint64_t began = now_ns();
    make_calls(connections, o.connections, epoll, o.duration_seconds);
    m.seconds = (double)(now_ns() - began) / 1e9;
    m.cpu_seconds += cpu_seconds(o.server_pid);
    m.resident_bytes = resident_bytes(o.server_pid);
    return report(&o, &m);
}
