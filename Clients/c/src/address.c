/* Server addresses: as they are written, what they resolve to, and the first step of connecting. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

static const char default_port[] = "7420";

void endpoint_free(endpoint *endpoint) {
    free(endpoint->host);
    free(endpoint->port);
    free(endpoint->path);
    memset(endpoint, 0, sizeof *endpoint);
}

static bool is_port(const char *text, size_t length) {
    unsigned value = 0;
    if (length == 0 || length > 5) return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        value = value * 10 + (unsigned)(text[i] - '0');
    }
    return value <= 65535;
}

/* 0, -1 for text that is no address, -2 without memory. */
static int parse_one(const char *text, size_t length, endpoint *endpoint) {
    memset(endpoint, 0, sizeof *endpoint);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) return -1;
    if (length > 5 && !memcmp(text, "unix:", 5)) {
        if (length - 5 >= sizeof ((struct sockaddr_un *)0)->sun_path) return -1;
        endpoint->path = strndup(text + 5, length - 5);
        return endpoint->path ? 0 : -2;
    }
    const char *host = text, *port = default_port;
    size_t host_length = length, port_length = sizeof default_port - 1;
    const char *colon = NULL;
    for (size_t i = length; i > 0 && !colon && text[i - 1] != ']'; i--)
        if (text[i - 1] == ':') colon = text + i - 1;
    if (colon) {
        host_length = (size_t)(colon - text);
        port = colon + 1;
        port_length = length - host_length - 1;
    }
    if (host_length >= 2 && host[0] == '[' && host[host_length - 1] == ']') {
        host++;
        host_length -= 2;
    } else if (memchr(host, ':', host_length)) {
        return -1;
    }
    if (host_length == 0 || memchr(host, '[', host_length) || memchr(host, ']', host_length)) return -1;
    if (!is_port(port, port_length)) return -1;
    endpoint->host = strndup(host, host_length);
    endpoint->port = strndup(port, port_length);
    if (endpoint->host && endpoint->port) return 0;
    endpoint_free(endpoint);
    return -2;
}

int endpoints_parse(const char *text, endpoint *endpoints, int max) {
    int count = 0, problem = -1;
    for (const char *at = text; ; at++) {
        size_t length = strcspn(at, ",");
        while (length > 0 && *at == ' ') at++, length--;
        size_t kept = length;
        while (kept > 0 && at[kept - 1] == ' ') kept--;
        problem = count < max ? parse_one(at, kept, &endpoints[count]) : -1;
        if (problem < 0) break;
        count++;
        at += length;
        if (!*at) return count;
    }
    for (int i = 0; i < count; i++) endpoint_free(&endpoints[i]);
    return problem;
}

static bool show(address *address, const char *host, const char *port) {
    const char *format = strchr(host, ':') ? "[%s]:%s" : "%s:%s";
    return snprintf(address->shown, sizeof address->shown, format, host, port) > 0;
}

int endpoint_resolve(const endpoint *endpoint, address *addresses, int max, char *words, size_t words_size) {
    if (endpoint->path) {
        struct sockaddr_un *name = (struct sockaddr_un *)(void *)&addresses->storage;
        memset(name, 0, sizeof *name);
        name->sun_family = AF_UNIX;
        memcpy(name->sun_path, endpoint->path, strlen(endpoint->path));
        addresses->length = sizeof *name;
        snprintf(addresses->shown, sizeof addresses->shown, "unix:%.120s", endpoint->path);
        return 1;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int problem = getaddrinfo(endpoint->host, endpoint->port, &hints, &found);
    if (problem) {
        snprintf(words, words_size, "%.100s: %s", endpoint->host, gai_strerror(problem));
        return -1;
    }
    int count = 0;
    for (struct addrinfo *one = found; one && count < max; one = one->ai_next) {
        char host[INET6_ADDRSTRLEN];
        if (one->ai_addrlen > sizeof addresses[count].storage ||
            getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST))
            continue;
        memcpy(&addresses[count].storage, one->ai_addr, one->ai_addrlen);
        addresses[count].length = one->ai_addrlen;
        show(&addresses[count], host, endpoint->port);
        count++;
    }
    freeaddrinfo(found);
    return count;
}

int address_connect(const address *address) {
    int family = address->storage.ss_family, on = 1;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    if (family != AF_UNIX) setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int result;
    do {
        result = connect(descriptor, (const struct sockaddr *)(const void *)&address->storage, address->length);
    } while (result < 0 && errno == EINTR);
    if (result == 0 || errno == EINPROGRESS) return descriptor;
    int number = errno;
    close(descriptor);
    errno = number;
    return -1;
}
