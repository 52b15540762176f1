/* Bytes over a socket that does not block. The rest of the library sends, receives and ends a connection by these
 * functions only, so another transport, such as TLS, takes their place without a change elsewhere. */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"

transfer transport_send(const transport *transport, const void *bytes, size_t count, size_t *done) {
    ssize_t result;
    do {
        result = send(transport->descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    *done = result > 0 ? (size_t)result : 0;
    if (result >= 0) return TRANSFER_DONE;
    return errno == EAGAIN ? TRANSFER_BLOCKED : TRANSFER_OVER;
}

transfer transport_receive(const transport *transport, void *bytes, size_t count, size_t *done) {
    ssize_t result;
    do {
        result = recv(transport->descriptor, bytes, count, MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    *done = result > 0 ? (size_t)result : 0;
    if (result > 0) return TRANSFER_DONE;
    return result < 0 && errno == EAGAIN ? TRANSFER_BLOCKED : TRANSFER_OVER;
}

void transport_end(const transport *transport) { shutdown(transport->descriptor, SHUT_RDWR); }

void transport_close(transport *transport) {
    close(transport->descriptor);
    transport->descriptor = -1;
}
