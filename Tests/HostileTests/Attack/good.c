// A client that behaves, beside an attack: an echo every few milliseconds on a connection that stays, and now and then
// a connection made anew. One call at a time: a late answer delays the next call and is counted once.
#define _GNU_SOURCE
#include "attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PAYLOAD = 128,
    CALL_MILLISECONDS = 5,
    FRESH_EVERY = 20,
    SAMPLES_MAX = 1 << 17,
    // Closed connections rest in TIME_WAIT for a minute, so one source address has ports for 28,000.
    SOURCES = 32,
};

static pthread_t thread;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static good_t counts;
static double samples[SAMPLES_MAX], fresh_samples[SAMPLES_MAX];
static int is_stopped, has_fresh;
static struct sockaddr_in address;

int connect_to(const struct sockaddr_in *server, long index, int nonblocking) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0) return -1;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(index % SOURCES));
    struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) ||
        connect(fd, (const struct sockaddr *)server, sizeof *server)) {
        close(fd);
        return -1;
    }
    if (nonblocking) fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/// Sends one echo and waits for its reply. Returns -1 where none came.
static int echo(int fd, uint32_t id) {
    static uint8_t request[REQUEST_MAX];
    size_t bytes = put_echo(request, id, PAYLOAD), have = 0;
    if (send(fd, request, bytes, MSG_NOSIGNAL) != (ssize_t)bytes) return -1;
    uint8_t frame[512];
    while (have < HEADER || have < HEADER + get32(frame)) {
        ssize_t n = recv(fd, frame + have, sizeof frame - have, 0);
        if (n <= 0) return -1;
        have += (size_t)n;
        if (have >= HEADER && (frame[8] != 2 || get32(frame + 4) != id || get32(frame) < PAYLOAD)) return -1;
        if (have >= HEADER && get32(frame) > sizeof frame - HEADER) return -1;
    }
    return 0;
}

int good_once(const struct sockaddr_in *server) {
    static long number;
    int fd = connect_to(server, number++, 0), result = fd < 0 ? -1 : echo(fd, 1);
    if (fd >= 0) close(fd);
    return result;
}

static void note(int is_fresh, int is_well, double microseconds) {
    pthread_mutex_lock(&mutex);
    long *calls = is_fresh ? &counts.fresh_calls : &counts.calls;
    if (!is_well) (*(is_fresh ? &counts.fresh_failures : &counts.failures))++;
    else if (*calls < SAMPLES_MAX) (is_fresh ? fresh_samples : samples)[(*calls)++] = microseconds;
    pthread_mutex_unlock(&mutex);
}

static void *run(void *unused) {
    (void)unused;
    int fd = -1;
    double due = seconds_now();
    uint32_t id = 1;
    for (long number = 1; !__atomic_load_n(&is_stopped, __ATOMIC_RELAXED); number++) {
        due += CALL_MILLISECONDS / 1e3;
        if (due < seconds_now()) due = seconds_now();
        sleep_milliseconds((due - seconds_now()) * 1e3);
        double start = seconds_now();
        int is_fresh = has_fresh && number % FRESH_EVERY == 0, is_well;
        if (is_fresh) {
            is_well = good_once(&address) == 0;
        } else {
            if (fd < 0) fd = connect_to(&address, number, 0);
            is_well = fd >= 0 && echo(fd, id) == 0;
            id += 2;
            if (!is_well && fd >= 0) close(fd), fd = -1;
        }
        note(is_fresh, is_well, (seconds_now() - start) * 1e6);
    }
    if (fd >= 0) close(fd);
    return NULL;
}

void good_start(const struct sockaddr_in *server, int makes_fresh) {
    address = *server;
    has_fresh = makes_fresh;
    if (pthread_create(&thread, NULL, run, NULL)) fail("pthread_create");
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double percentile(const double *sorted, long count, double part) {
    return count ? sorted[(long)((double)(count - 1) * part)] : 0;
}

good_t good_take(void) {
    pthread_mutex_lock(&mutex);
    qsort(samples, (size_t)counts.calls, sizeof *samples, compare);
    qsort(fresh_samples, (size_t)counts.fresh_calls, sizeof *fresh_samples, compare);
    good_t result = counts;
    result.p50 = percentile(samples, counts.calls, 0.5);
    result.p99 = percentile(samples, counts.calls, 0.99);
    result.max = percentile(samples, counts.calls, 1);
    result.fresh_p99 = percentile(fresh_samples, counts.fresh_calls, 0.99);
    memset(&counts, 0, sizeof counts);
    pthread_mutex_unlock(&mutex);
    return result;
}

void good_stop(void) {
    __atomic_store_n(&is_stopped, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}
