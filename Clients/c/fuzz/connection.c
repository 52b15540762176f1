/* What a server may send to a connection with calls on it: bytes in pieces, and nothing but statuses out. Used by the
 * fuzzer and by tests/replay.c. */

#include "connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLS = 4 };

/* A client without a thread, as client.c makes it. */
static chat_client *make_client(void) {
    chat_client *client = calloc(1, sizeof *client);
    chat_options *options;
    if (!client || chat_options_create(&options) != CHAT_OK) abort();
    client->options = *options;
    free(options);
    client->options.attempts_max = 1;
    client->options.message_bytes_max = 4096;
    client->options.stream_buffer_max = 1024;
    pthread_mutex_init(&client->mutex, NULL);
    waiter_init(&client->background);
    client->wake_descriptor = -1;
    client->endpoint_count = 1;
    return client;
}

void feed_connection(const uint8_t *bytes, size_t count) {
    int pair[2];
    call calls[CALLS];
    chat_error errors[CALLS];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) abort();
    chat_client *client = make_client();
    connection *connection = connection_create(client, pair[0], 0, "the server");
    if (!connection) abort();
    client->active = connection;
    for (int i = 0; i < CALLS; i++) {
        if (call_prepare(&calls[i], client, "s", "m", "x", 1, NULL, &errors[i]) != CHAT_OK) abort();
        calls[i].is_stream = i % 2;
        if (calls[i].is_stream) client->unwatched_calls++;
        connection_send(connection, &calls[i]);
    }
    connection->output.start = connection->output.end = 0;
    /* Ids 2049, 2051, ...: what the fuzzer writes as 1, 3, 5, 7 is theirs. */
    bool is_alive = true;
    size_t at = 0;
    while (at < count && is_alive) {
        size_t piece = count - at < 700 ? count - at : 700;
        if (send(pair[1], bytes + at, piece, MSG_NOSIGNAL) != (ssize_t)piece) break;
        at += piece;
        is_alive = connection_receive(connection) && connection_process(connection);
        /* A reader that takes one message now and then. */
        for (int i = 0; i < CALLS; i++)
            if (calls[i].first_message && calls[i].is_stream) message_free(call_take(&calls[i]));
    }
    connection_lost(connection, "the connection ended");
    for (int i = 0; i < CALLS; i++) {
        if (calls[i].state != CALL_DONE || calls[i].connection) abort();
        if (calls[i].status == CHAT_OK && !calls[i].first_message) abort();
        call_dispose(&calls[i]);
    }
    if (client->unwatched_calls || connection->live_calls || connection->hungry_streams || connection->full_streams ||
        connection->overfull_streams || connection->unary_calls)
        abort();
    connection_destroy(connection);
    close(pair[1]);
    waiter_destroy(&client->background);
    pthread_mutex_destroy(&client->mutex);
    free(client);
}
