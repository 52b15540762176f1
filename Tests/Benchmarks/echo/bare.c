// The floor to measure against: an echo of the same frames in bare C on one epoll, no envelope decoding beyond what the
// answer needs.
//
//     bare        prints "PORT PID" and serves until it is killed
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, HEADER = 10 };
typedef struct {
    int fd;
    size_t in_bytes, out_bytes;
    uint8_t in[BUFFER], out[BUFFER * 2];
} connection_t;

static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/// The request's payload (field 3) becomes the response's payload (field 2).
static void answer(connection_t *c, const uint8_t *frame, uint32_t length) {
    const uint8_t *p = frame + HEADER, *end = p + length;
    while (p < end) {
        int field = *p++ >> 3;
        uint32_t bytes = *p++;
        if (bytes & 128) bytes = (bytes & 127) | (uint32_t)*p++ << 7;
        if (field == 3) {
            uint8_t *o = c->out + c->out_bytes;
            uint32_t body = 1 + (bytes >= 128 ? 2 : 1) + bytes;
            o[0] = 0, o[1] = (uint8_t)(body >> 16), o[2] = (uint8_t)(body >> 8), o[3] = (uint8_t)body;
            memcpy(o + 4, frame + 4, 4);
            o[8] = 2, o[9] = 0, o[10] = 2 << 3 | 2;
            size_t n = 11;
            if (bytes >= 128) o[n++] = (uint8_t)(bytes | 128), o[n++] = (uint8_t)(bytes >> 7);
            else o[n++] = (uint8_t)bytes;
            memcpy(o + n, p, bytes);
            c->out_bytes += n + bytes;
            return;
        }
        p += bytes;
    }
}

static void serve(connection_t *c) {
    for (;;) {
        ssize_t n = recv(c->fd, c->in + c->in_bytes, BUFFER - c->in_bytes, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            close(c->fd), free(c);
            return;
        }
        if (n < 0) return;
        c->in_bytes += (size_t)n;
        size_t at = 0;
        while (c->in_bytes - at >= HEADER) {
            uint32_t length = get32(c->in + at);
            if (c->in_bytes - at < HEADER + length) break;
            answer(c, c->in + at, length);
            at += HEADER + length;
        }
        memmove(c->in, c->in + at, c->in_bytes - at);
        c->in_bytes -= at;
        if (c->out_bytes && send(c->fd, c->out, c->out_bytes, MSG_NOSIGNAL) != (ssize_t)c->out_bytes) {
            fprintf(stderr, "short write\n"), exit(1);
        }
        c->out_bytes = 0;
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) return perror("listen"), 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d %d\n", ntohs(address.sin_port), getpid()), fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) {
                serve(events[i].data.ptr);
                continue;
            }
            connection_t *c = calloc(1, sizeof *c);
            c->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            int one = 1;
            setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            struct epoll_event added = {.events = EPOLLIN | EPOLLET, .data.ptr = c};
            epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &added);
        }
    }
}
