// Frames and their payloads, written a byte at a time.
#include "attack.h"

#include <string.h>

static void put32(uint8_t *p, uint32_t v) { p[0] = v >> 24, p[1] = v >> 16, p[2] = v >> 8, p[3] = v; }

uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

size_t put_header(uint8_t *p, uint32_t length, uint32_t id, uint8_t type) {
    put32(p, length), put32(p + 4, id);
    p[8] = type, p[9] = 0;
    return HEADER;
}

static size_t put_length(uint8_t *p, int field, size_t bytes) {
    size_t n = 0;
    p[n++] = (uint8_t)(field << 3 | 2);
    for (; bytes >= 128; bytes >>= 7) p[n++] = (uint8_t)(bytes | 128);
    p[n++] = (uint8_t)bytes;
    return n;
}

static size_t put_field(uint8_t *p, int field, const void *data, size_t bytes) {
    size_t n = put_length(p, field, bytes);
    memcpy(p + n, data, bytes);
    return n + bytes;
}

static size_t put_text(uint8_t *p, int field, const char *text) { return put_field(p, field, text, strlen(text)); }

/// ttrpc.Request in a frame; the message is written by the caller where it belongs and given as its size.
static size_t put_request(uint8_t *p, uint32_t id, const char *service, const char *method, const uint8_t *message,
                          size_t bytes) {
    size_t n = HEADER;
    n += put_text(p + n, 1, service);
    n += put_text(p + n, 2, method);
    n += put_field(p + n, 3, message, bytes);
    put_header(p, (uint32_t)(n - HEADER), id, 1);
    return n;
}

size_t put_echo(uint8_t *p, uint32_t id, size_t bytes) {
    static __thread uint8_t message[REQUEST_MAX];
    size_t n = put_length(message, 1, bytes);
    memset(message + n, 'x', bytes);
    return put_request(p, id, "chat.v1.DiagnosticsService", "Echo", message, n + bytes);
}

/// One frame of nonsense, below 512 bytes.
static size_t put_one(uint8_t *p, uint32_t seed) {
    uint32_t id = 2 * (seed % 5000) + 1;
    switch (seed % 9) {
    case 0: return put_header(p, 0, seed * 2, 1);       // a Request on an id for nobody
    case 1: return put_header(p, 0, id, 0x80);          // CANCEL of nothing
    case 2: return put_header(p, 0, id, 0x77);          // a type to come
    case 3: return put_header(p, 0, id, 3);             // Data of nothing
    case 4: return put_header(p, 0, 0xFFFFFFFF, 4);     // PING
    case 5: return put_header(p, 0, 0xFFFFFFFF, 0x81);  // DRAIN, which only servers send
    case 6: {                                           // bytes that are no envelope
        memset(p + HEADER, 0xFF, 64);
        return put_header(p, 64, id, 1) + 64;
    }
    case 7: return put_request(p, id, "chat.v1.NoService", "None", (const uint8_t *)"", 0);
    default: return put_echo(p, id, 32);
    }
}

size_t put_nonsense(uint8_t *p, size_t room, uint32_t seed) {
    size_t n = 0;
    while (room - n > 512) n += put_one(p + n, seed++);
    return n;
}

size_t put_refused(uint8_t *p, size_t room, uint32_t seed) {
    static const uint32_t kinds[] = {0, 3, 6, 7};
    size_t n = 0;
    for (; room - n > 512; seed++) n += put_one(p + n, seed * 9 + kinds[seed % 4]);
    return n;
}
