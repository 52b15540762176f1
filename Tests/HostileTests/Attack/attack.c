// Attacks a chatd on this machine with many connections at a time, beside a client that behaves, and tells what it
// cost.
//
//     attack PORT PID NAME CONNECTIONS SECONDS [BOUND=NUMBER]...
//
// One line of JSON comes out; the program ends with 1 when a bound is passed, and says which. The bounds, each with
// its unit: p99_ms and fresh_ms (the good client's calls, on its connection and on new ones), peak_mib (the server's
// memory above what it had before), kept_mib (what it still holds of that once it had time to give memory back),
// released_s (the server has closed all the attack's connections so soon), closed_min (so many were closed while the
// attack lasted).
// ROUNDS (2), good=0 (no good client), fresh is left out where fresh_ms is 0.
#define _GNU_SOURCE
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FLOOD_BYTES = 1 << 20,
    WRITE_BYTES = 64 * 1024,
    // A frame that never becomes whole claims so much.
    LARGE_FRAME = 1 << 20,
    TRICKLE_MILLISECONDS = 100,
    SAMPLE_MILLISECONDS = 20,
    EVENTS = 256,
};

typedef enum { ONCE, TRICKLE, FLOOD } manner_t;

typedef struct {
    const char *name;
    manner_t manner;
    /// False for those who never read.
    int reads;
    /// True for those who connect anew when they are closed.
    int returns;
    /// Writes what a connection sends. Returns the bytes; a trickle stops before the last one.
    size_t (*script)(uint8_t *p, long index);
} attack_t;

typedef struct {
    int fd;
    size_t sent;
} connection_t;

typedef struct {
    long opened, refused, closed;
    double sent_bytes, received_bytes, released;
} tally_t;

static size_t nothing(uint8_t *p, long index) { return (void)p, (void)index, 0; }
static size_t greeting(uint8_t *p, long index) { return (void)index, put_header(p, 0, 0xFFFFFFFF, 4); }
static size_t header(uint8_t *p, long index) { return (void)index, put_header(p, 40, 1, 1); }
static size_t large_frame(uint8_t *p, long index) {
    (void)index;
    memset(p, 0x0A, HEADER + LARGE_FRAME);
    return put_header(p, LARGE_FRAME, 1, 1) + LARGE_FRAME - 1;
}
static size_t pings(uint8_t *p, long index) {
    size_t n = 0;
    (void)index;
    while (n + HEADER <= FLOOD_BYTES) n += put_header(p + n, 0, 0xFFFFFFFF, 4);
    return n;
}
static size_t echoes(uint8_t *p, size_t payload) {
    size_t n = 0;
    for (uint32_t id = 1; n + payload + 256 <= FLOOD_BYTES || n == 0; id += 2) n += put_echo(p + n, id, payload);
    return n;
}
static size_t small_echoes(uint8_t *p, long index) { return (void)index, echoes(p, 64); }
static size_t large_echoes(uint8_t *p, long index) { return (void)index, echoes(p, 100 * 1024); }
static size_t nonsense(uint8_t *p, long index) { return put_nonsense(p, FLOOD_BYTES, (uint32_t)index * 7919); }
static size_t refused(uint8_t *p, long index) { return put_refused(p, FLOOD_BYTES, (uint32_t)index * 7919); }
static size_t other_protocol(uint8_t *p, long index) {
    (void)index;
    return (size_t)sprintf((char *)p, "GET / HTTP/1.1\r\nHost: chat\r\n\r\n");
}

static const attack_t attacks[] = {
    {"slow-header", TRICKLE, 1, 0, header},            {"slow-frame", TRICKLE, 1, 0, large_frame},
    {"half-frames", ONCE, 1, 0, large_frame},          {"silent", ONCE, 1, 0, nothing},
    {"greeted", ONCE, 1, 0, greeting},                 {"ping-flood", FLOOD, 1, 0, pings},
    {"ping-flood-deaf", FLOOD, 0, 0, pings},           {"echo-flood", FLOOD, 1, 0, small_echoes},
    {"echo-flood-deaf", FLOOD, 0, 0, large_echoes},    {"nonsense-flood", FLOOD, 1, 0, nonsense},
    {"nonsense-flood-deaf", FLOOD, 0, 0, nonsense},    {"other-protocol", ONCE, 1, 1, other_protocol},
    {"refused-flood", FLOOD, 1, 0, refused},           {"refused-flood-deaf", FLOOD, 0, 0, refused},
};

static const attack_t *attack;
static struct sockaddr_in server = {.sin_family = AF_INET};
static int pid, poll_fd, descriptors_before;
static connection_t *connections;
static long connection_count;
static uint8_t *script, scratch[256 * 1024];
static size_t script_bytes;
static tally_t tally;
static double peak;
/// Connections that were made anew and have sent nothing.
static long *returning, returning_count;
static int peak_descriptors;

// MARK: Bounds

typedef struct {
    const char *name;
    double value;
} bound_t;

static bound_t bounds[] = {{"p99_ms", 0},     {"fresh_ms", 0},   {"peak_mib", 0}, {"kept_mib", 0},
                           {"released_s", 0}, {"closed_min", 0}, {"rounds", 2},   {"good", 1}};

static double *bound(const char *name) {
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (!strcmp(bounds[i].name, name)) return &bounds[i].value;
    fprintf(stderr, "attack: there is no bound %s\n", name), exit(64);
}

static int is_passed(const char *name, double value) {
    double limit = *bound(name);
    if (limit <= 0 || value <= limit) return 0;
    return fprintf(stderr, "attack %s: %s is %.2f, at most %.2f\n", attack->name, name, value, limit), 1;
}

// MARK: Connections

static void open_connection(long index) {
    connection_t *connection = &connections[index];
    connection->sent = 0;
    connection->fd = connect_to(&server, index, 1);
    if (connection->fd < 0) {
        tally.refused++;
        return;
    }
    tally.opened++;
    struct epoll_event event = {.events = EPOLLRDHUP, .data.u64 = (uint64_t)index};
    if (attack->reads) event.events |= EPOLLIN;
    if (attack->manner == FLOOD) event.events |= EPOLLOUT;
    if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, connection->fd, &event)) fail("epoll_ctl");
}

static void forget(connection_t *connection) {
    close(connection->fd);
    connection->fd = -1;
}

static void lost(long index) {
    tally.closed++;
    forget(&connections[index]);
    if (!attack->returns) return;
    open_connection(index);
    returning[returning_count++] = index;
}

/// Returns false when the connection is gone.
static int send_some(connection_t *connection, size_t most) {
    size_t left = script_bytes - connection->sent;
    ssize_t n = send(connection->fd, script + connection->sent, left < most ? left : most, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    tally.sent_bytes += (double)n;
    connection->sent += (size_t)n;
    if (attack->manner == FLOOD && connection->sent == script_bytes) connection->sent = 0;
    return 1;
}

static void push(long index) {
    connection_t *connection = &connections[index];
    if (connection->fd < 0 || connection->sent >= script_bytes) return;
    if (attack->manner == TRICKLE && connection->sent + 1 >= script_bytes) return;
    if (!send_some(connection, attack->manner == TRICKLE ? 1 : WRITE_BYTES)) lost(index);
}

static void serve(const struct epoll_event *event) {
    long index = (long)event->data.u64;
    connection_t *connection = &connections[index];
    if (connection->fd < 0) return;
    if (event->events & EPOLLIN) {
        ssize_t n = recv(connection->fd, scratch, sizeof scratch, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) return lost(index);
        if (n > 0) tally.received_bytes += (double)n;
    } else if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        return lost(index);
    }
    if (event->events & EPOLLOUT) push(index);
}

// MARK: A round

static void sample(double began) {
    double resident = resident_mib(pid);
    int descriptors = open_descriptors(pid);
    if (resident > peak) peak = resident;
    if (descriptors > peak_descriptors) peak_descriptors = descriptors;
    // The good client may have one more open.
    if (tally.released < 0 && descriptors <= descriptors_before + 1) tally.released = seconds_now() - began;
}

static void run_round(double seconds) {
    double opened = seconds_now(), sampled = 0, pushed = 0;
    for (long i = 0; i < connection_count; i++) {
        open_connection(i);
        if (attack->manner == ONCE) push(i);
        if (i % 64 == 0 && seconds_now() - sampled > SAMPLE_MILLISECONDS / 1e3) sample(opened), sampled = seconds_now();
    }
    tally.released = -1;
    double end = seconds_now() + seconds;
    while (seconds_now() < end) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poll_fd, events, EVENTS, 5);
        for (int i = 0; i < count; i++) serve(&events[i]);
        while (returning_count) {
            long index = returning[--returning_count];
            push(index);
        }
        double now = seconds_now();
        if (attack->manner != FLOOD && now - pushed > TRICKLE_MILLISECONDS / 1e3) {
            for (long i = 0; i < connection_count; i++) push(i);
            pushed = now;
        }
        if (now - sampled > SAMPLE_MILLISECONDS / 1e3) sample(opened), sampled = now;
        if (tally.released >= 0 && attack->manner != FLOOD && !attack->returns) break;
    }
    for (long i = 0; i < connection_count; i++)
        if (connections[i].fd >= 0) forget(&connections[i]);
}

/// Waits until the server has let go of everything. Returns the descriptors that stay.
static int settle(void) {
    double end = seconds_now() + TIMEOUT_SECONDS;
    int descriptors = open_descriptors(pid);
    while (descriptors > descriptors_before && seconds_now() < end) {
        sleep_milliseconds(10);
        descriptors = open_descriptors(pid);
    }
    sleep_milliseconds(200);
    return descriptors;
}

/// Waits until the server is as small as `mebibytes`, or has had its time. Returns how large it is.
static double shrink(double mebibytes) {
    double end = seconds_now() + TIMEOUT_SECONDS, now = resident_mib(pid);
    while (now > mebibytes && seconds_now() < end) {
        sleep_milliseconds(50);
        now = resident_mib(pid);
    }
    return now;
}

// MARK: The program

static void prepare(int argc, char **argv) {
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        if (argc > 5 && !strcmp(attacks[i].name, argv[3])) attack = &attacks[i];
    if (!attack) {
        fprintf(stderr, "usage: attack PORT PID NAME CONNECTIONS SECONDS [BOUND=NUMBER]...\nNAME:");
        for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) fprintf(stderr, " %s", attacks[i].name);
        fprintf(stderr, "\n"), exit(64);
    }
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pid = atoi(argv[2]);
    connection_count = atol(argv[4]);
    for (int i = 6; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals) fprintf(stderr, "attack: %s is no bound\n", argv[i]), exit(64);
        *equals = 0;
        *bound(argv[i]) = atof(equals + 1);
    }
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc((size_t)connection_count, sizeof *connections);
    returning = calloc((size_t)connection_count, sizeof *returning);
    script = malloc(FLOOD_BYTES + REQUEST_MAX);
    if (poll_fd < 0 || !connections || !returning || !script) fail("memory");
    script_bytes = attack->script(script, 0);
}

int main(int argc, char **argv) {
    prepare(argc, argv);
    int has_good = *bound("good") > 0;
    good_t alone = {0}, beside = {0};
    if (has_good) {
        good_start(&server, *bound("fresh_ms") > 0);
        sleep_milliseconds(1000);
        alone = good_take();
    }
    descriptors_before = open_descriptors(pid);
    double before = resident_mib(pid), released = 0, began = seconds_now();
    peak = before;
    int descriptors_after = 0, rounds = (int)*bound("rounds");
    if (has_good) good_take();
    for (int i = 0; i < rounds; i++) {
        run_round(atof(argv[5]));
        if (i == 0 && has_good) beside = good_take();
        if (tally.released > released || tally.released < 0) released = tally.released;
        descriptors_after = settle();
        if (i == 0 && has_good) good_take();
    }
    double seconds = seconds_now() - began, after = shrink(before + *bound("kept_mib"));
    if (has_good) good_stop();
    // A server at its limit may still have what the attack left in the backlog: it accepts and closes that first.
    while (good_once(&server) != 0 && seconds_now() < began + seconds + TIMEOUT_SECONDS) sleep_milliseconds(20);
    int is_served = 1;
    for (int i = 0; i < 20; i++) is_served &= good_once(&server) == 0;

    printf("{\"attack\":\"%s\",\"connections\":%ld,\"refused\":%ld,\"closed\":%ld,\"released_s\":%.1f,", attack->name,
           connection_count, tally.refused, tally.closed, released);
    printf("\"sent_mib\":%.1f,\"received_mib\":%.1f,\"seconds\":%.1f,", tally.sent_bytes / (1 << 20),
           tally.received_bytes / (1 << 20), seconds);
    printf("\"rss_mib\":{\"before\":%.1f,\"peak\":%.1f,\"after\":%.1f},", before, peak, after);
    printf("\"descriptors\":{\"before\":%d,\"peak\":%d,\"after\":%d},", descriptors_before, peak_descriptors,
           descriptors_after);
    printf("\"good\":{\"calls\":%ld,\"failures\":%ld,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,", beside.calls,
           beside.failures, beside.p50 / 1e3, beside.p99 / 1e3, beside.max / 1e3);
    printf("\"p99_alone_ms\":%.2f,", alone.p99 / 1e3);
    printf("\"fresh_calls\":%ld,\"fresh_failures\":%ld,\"fresh_p99_ms\":%.2f}}\n", beside.fresh_calls,
           beside.fresh_failures, beside.fresh_p99 / 1e3);

    int failed = is_passed("p99_ms", beside.p99 / 1e3) | is_passed("fresh_ms", beside.fresh_p99 / 1e3);
    failed |= is_passed("peak_mib", peak - before) | is_passed("kept_mib", after - before);
    if (*bound("released_s") > 0 && released < 0) failed |= is_passed("released_s", 1e9);
    failed |= is_passed("released_s", released);
    if (tally.closed < *bound("closed_min")) failed = fprintf(stderr, "attack: %ld closed\n", tally.closed);
    if (descriptors_after > descriptors_before) failed = fprintf(stderr, "attack: descriptors were left\n");
    if (beside.failures || beside.fresh_failures) failed = fprintf(stderr, "attack: the good client was not served\n");
    if (!is_served) failed = fprintf(stderr, "attack: nobody is served afterwards\n");
    return failed ? 1 : 0;
}
