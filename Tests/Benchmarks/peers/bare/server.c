// The floor to measure against: an echo of chatd's frames in bare C on one epoll loop, which decodes no more of a
// request than the answer needs. For the load of this folder; it ends a connection that sends anything else.
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

// A full input's answers fit: an answer is a few bytes longer than a request's payload, and shorter than the request.
enum { BUFFER_BYTES = 256 * 1024, HEADER_BYTES = 10, ANSWER_HEADER_BYTES = HEADER_BYTES + 3 };
typedef struct {
    int fd;
    size_t in_bytes, out_bytes, sent_bytes;
    uint8_t in[BUFFER_BYTES], out[BUFFER_BYTES];
} connection_t;

static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/// The request's payload (field 3) becomes the response's payload (field 2). False for what this server does not serve.
static int answer(connection_t *c, const uint8_t *frame, uint32_t length) {
    const uint8_t *p = frame + HEADER_BYTES, *end = p + length;
    while (end - p >= 3) {
        int field = *p++ >> 3;
        uint32_t bytes = *p++;
        if (bytes & 128) bytes = (bytes & 127) | (uint32_t)*p++ << 7;
        if ((size_t)(end - p) < bytes) return 0;
        if (field == 3) {
            uint8_t *o = c->out + c->out_bytes;
            uint32_t body = 1 + (bytes >= 128 ? 2 : 1) + bytes;
            if (c->out_bytes + ANSWER_HEADER_BYTES + bytes > BUFFER_BYTES) return 0;
            o[0] = 0, o[1] = (uint8_t)(body >> 16), o[2] = (uint8_t)(body >> 8), o[3] = (uint8_t)body;
            memcpy(o + 4, frame + 4, 4);
            o[8] = 2, o[9] = 0, o[10] = 2 << 3 | 2;
            size_t n = 11;
            if (bytes >= 128) o[n++] = (uint8_t)(bytes | 128), o[n++] = (uint8_t)(bytes >> 7);
            else o[n++] = (uint8_t)bytes;
            memcpy(o + n, p, bytes);
            c->out_bytes += n + bytes;
            return 1;
        }
        p += bytes;
    }
    return 0;
}

static int end(connection_t *c) {
    close(c->fd), free(c);
    return 0;
}

/// False when the socket is full, and when the connection ended.
static int flush_out(connection_t *c) {
    while (c->sent_bytes < c->out_bytes) {
        ssize_t n = send(c->fd, c->out + c->sent_bytes, c->out_bytes - c->sent_bytes, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN ? 0 : end(c);
        c->sent_bytes += (size_t)n;
    }
    c->sent_bytes = c->out_bytes = 0;
    return 1;
}

/// Until the socket is empty or full; either is an edge that brings us back.
static void serve(connection_t *c) {
    while (flush_out(c)) {
        ssize_t n = recv(c->fd, c->in + c->in_bytes, BUFFER_BYTES - c->in_bytes, 0);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) return (void)end(c);
        c->in_bytes += (size_t)n;
        size_t at = 0;
        while (c->in_bytes - at >= HEADER_BYTES) {
            uint32_t length = get32(c->in + at);
            if (c->in_bytes - at < HEADER_BYTES + (size_t)length) break;
            if (!answer(c, c->in + at, length)) return (void)end(c);
            at += HEADER_BYTES + length;
        }
        memmove(c->in, c->in + at, c->in_bytes - at);
        c->in_bytes -= at;
    }
}

static void accept_one(int listener, int epoll) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
    connection_t *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) return perror("accept"), exit(1);
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event added = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &added);
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) return perror("listen"), 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port)), fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) serve(events[i].data.ptr);
            else accept_one(listener, epoll);
        }
    }
}
