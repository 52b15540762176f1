// What the parts of the attack program share: frames by hand, the server's memory and descriptors, the good client.
#pragma once
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HEADER = 10,
    REQUEST_MAX = (4 << 20) + 256,
    TIMEOUT_SECONDS = 10,
};

// frames.c: frames as bytes; nothing of the service's code takes part.

/// Writes a header. Returns its size.
size_t put_header(uint8_t *p, uint32_t length, uint32_t id, uint8_t type);
/// Writes a Request frame for the echo with `bytes` of payload. `p` has room for REQUEST_MAX.
size_t put_echo(uint8_t *p, uint32_t id, size_t bytes);
/// Writes a mixture of frames that a server must refuse, ignore or answer, of at most `room` bytes; `seed` picks them.
size_t put_nonsense(uint8_t *p, size_t room, uint32_t seed);
/// The same of requests and data that a server must refuse one by one.
size_t put_refused(uint8_t *p, size_t room, uint32_t seed);
uint32_t get32(const uint8_t *p);

// watch.c: a process from outside, and the clock.

double seconds_now(void);
void sleep_milliseconds(double milliseconds);
int open_descriptors(int pid);
double resident_mib(int pid);
void fail(const char *what) __attribute__((noreturn));

// good.c: a client that behaves, on a thread of its own.

typedef struct {
    long calls, failures, fresh_calls, fresh_failures;
    /// Microseconds of echoes on a connection that stays, and of connecting anew with an echo.
    double p50, p99, max, fresh_p99;
} good_t;

/// Connects a socket to the server, from one of many source addresses. Returns -1 where it cannot.
int connect_to(const struct sockaddr_in *server, long index, int nonblocking);
/// Starts the client; it also connects anew now and then where `makes_fresh`.
void good_start(const struct sockaddr_in *server, int makes_fresh);
/// Begins a new measurement: what was measured so far is returned.
good_t good_take(void);
void good_stop(void);
/// One echo on a connection of its own. Returns 0 where it went well.
int good_once(const struct sockaddr_in *server);
