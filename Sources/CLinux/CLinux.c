#define _GNU_SOURCE
#include "CLinux.h"

#include <malloc.h>
#include <signal.h>
#include <time.h>

static __thread void *current_loop;

void *clinux_current_loop(void) { return current_loop; }

void clinux_set_current_loop(void *loop) { current_loop = loop; }

int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t datum) {
    struct epoll_event event = {.events = events, .data = {.u64 = datum}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int clinux_accept(int listener, struct sockaddr *address, socklen_t *length) {
    return accept4(listener, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_stream_socket(int family) { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

int clinux_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int clinux_timerfd(void) { return timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC); }

int clinux_timerfd_arm(int descriptor, int64_t nanoseconds) {
    struct itimerspec when = {.it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return timerfd_settime(descriptor, 0, &when, 0);
}

void clinux_ignore_sigpipe(void) {
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}

void clinux_map_large_blocks(int bytes, int spare_bytes) {
    mallopt(M_MMAP_THRESHOLD, bytes);
    mallopt(M_TRIM_THRESHOLD, spare_bytes);
}
