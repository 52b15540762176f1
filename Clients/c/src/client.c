/* Clients: who reads the sockets, how a connection is come by, and what is due.
 *
 * A thread that waits for an answer reads the sockets itself if nobody else does: it leads. It takes apart whatever
 * comes and wakes those that it is for; when it has its own it leaves, and another waiting thread leads. So a single
 * caller needs no second thread, and no switch between threads, for a call. The client's own thread connects, watches
 * the time, and leads where nobody has for a while. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

int64_t clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void client_lock(chat_client *client) { pthread_mutex_lock(&client->mutex); }

void client_unlock(chat_client *client) { pthread_mutex_unlock(&client->mutex); }

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

void waiter_init(waiter *waiter) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter->condition, &attributes);
    pthread_condattr_destroy(&attributes);
    waiter->is_waiting = false;
    waiter->next = NULL;
}

void waiter_destroy(waiter *waiter) { pthread_cond_destroy(&waiter->condition); }

static struct timespec timespec_of(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

static void sleep_until(chat_client *client, waiter *waiter, int64_t deadline) {
    waiter->is_waiting = true;
    if (deadline == NEVER) {
        pthread_cond_wait(&waiter->condition, &client->mutex);
    } else {
        struct timespec until = timespec_of(deadline);
        pthread_cond_timedwait(&waiter->condition, &client->mutex, &until);
    }
    waiter->is_waiting = false;
}

void client_kick(chat_client *client) {
    if (!client->leader_is_polling) return;
    uint64_t one = 1;
    /* It fails only where the count is full, and then the descriptor can be read, too. */
    if (write(client->wake_descriptor, &one, sizeof one) < 0) return;
    /* Once is enough. */
    client->leader_is_polling = false;
}

void client_wake(chat_client *client, waiter *waiter) {
    if (waiter->is_waiting) pthread_cond_signal(&waiter->condition);
    else if (client->leader == waiter) client_kick(client);
}

void client_wake_background(chat_client *client, int64_t by) {
    if (client->background_wakes_at <= by) return;
    client->background_wakes_at = by;
    client_wake(client, &client->background);
}

static bool has_connections(const chat_client *client) { return client->active || client->retired_count > 0; }

static int connections(chat_client *client, connection *all[RETIRED_MAX + 1]) {
    int count = 0;
    if (client->active) all[count++] = client->active;
    for (int i = 0; i < client->retired_count; i++) all[count++] = client->retired[i];
    return count;
}

static void forget_retired(chat_client *client, int index) {
    client->retired[index] = client->retired[--client->retired_count];
}

/* The calling thread leads. */
static void end_connection(chat_client *client, connection *connection, const char *words) {
    if (client->active == connection) {
        client->active = NULL;
        client->first_endpoint = (connection->endpoint_index + 1) % client->endpoint_count;
        if (!connection->was_heard)
            client->next_round_at = clock_now() + client_back_off(client, ++client->failed_rounds);
    }
    for (int i = client->retired_count - 1; i >= 0; i--)
        if (client->retired[i] == connection) forget_retired(client, i);
    connection_lost(connection, words);
    connection_destroy(connection);
    client_pump(client, true);
}

/* Reads what comes until the deadline at most, once. The client is locked, and the calling thread leads. */
static void lead_once(chat_client *client, int64_t deadline) {
    struct pollfd polled[RETIRED_MAX + 2];
    connection *all[RETIRED_MAX + 1];
    bool lives[RETIRED_MAX + 1], has_read[RETIRED_MAX + 1];
    for (int i = client->retired_count - 1; i >= 0; i--) {
        connection *idle = client->retired[i];
        if (idle->live_calls > 0 && !idle->is_broken) continue;
        if (idle->live_calls == 0 && buffer_size(&idle->output) == 0) end_connection(client, idle, "it was closed");
    }
    int count = connections(client, all);
    for (int i = 0; i < count; i++) {
        if (!all[i]->is_output_blocked) connection_flush(all[i]);
        polled[i].fd = all[i]->transport.descriptor;
        polled[i].events = connection_is_reading_paused(all[i]) && !all[i]->is_broken ? 0 : POLLIN;
        if (all[i]->is_output_blocked) polled[i].events |= POLLOUT;
        polled[i].revents = 0;
    }
    polled[count] = (struct pollfd){.fd = client->wake_descriptor, .events = POLLIN};
    int64_t now = clock_now();
    if (now >= deadline) return;
    struct timespec timeout = timespec_of(deadline == NEVER ? 0 : deadline - now);
    client->leader_is_polling = true;
    client_unlock(client);
    int ready = ppoll(polled, (nfds_t)count + 1, deadline == NEVER ? NULL : &timeout, NULL);
    for (int i = 0; i < count; i++) {
        lives[i] = true;
        has_read[i] = ready > 0 && (polled[i].revents & (POLLIN | POLLHUP | POLLERR));
        if (has_read[i]) lives[i] = connection_receive(all[i]);
    }
    client_lock(client);
    client->leader_is_polling = false;
    if (ready <= 0) return;
    uint64_t kicks;
    if (polled[count].revents && read(client->wake_descriptor, &kicks, sizeof kicks) < 0 && errno != EAGAIN) return;
    for (int i = 0; i < count; i++) {
        if (polled[i].revents & POLLOUT) connection_flush(all[i]);
        const char *words = "the server broke the rules of the protocol";
        bool is_sound = !has_read[i] || connection_process(all[i]);
        if (!lives[i]) words = client->is_closed ? "the client was closed" : "the connection ended";
        if (!lives[i] || !is_sound) end_connection(client, all[i], words);
    }
    if (client->first_waiting) client_pump(client, true);
}

/* Somebody who waits leads next. */
static void hand_over(chat_client *client) {
    if (!client->leader && client->first_waiter) pthread_cond_signal(&client->first_waiter->condition);
}

static void add_waiter(chat_client *client, waiter *waiter) {
    struct waiter **end = &client->first_waiter;
    while (*end) end = &(*end)->next;
    waiter->next = NULL;
    *end = waiter;
}

static void remove_waiter(chat_client *client, waiter *waiter) {
    struct waiter **at = &client->first_waiter;
    while (*at != waiter) at = &(*at)->next;
    *at = waiter->next;
}

void client_wait(chat_client *client, waiter *waiter, bool (*is_done)(void *), void *argument, int64_t deadline) {
    bool has_led = false;
    while (!is_done(argument) && clock_now() < deadline) {
        if (!client->leader && has_connections(client)) {
            client->leader = waiter;
            lead_once(client, deadline);
            client->leader = NULL;
            has_led = true;
            continue;
        }
        if (client->leader == &client->background) client_kick(client);
        add_waiter(client, waiter);
        sleep_until(client, waiter, deadline);
        remove_waiter(client, waiter);
    }
    if (has_led) {
        client->last_lead = clock_now();
        /* Whoever watches a queue's descriptor waits for the client's thread to read. */
        bool is_watched = client->watched_queues > 0 && client->unwatched_calls > 0;
        client_wake_background(client, is_watched ? 0 : client->last_lead + LINGER);
    }
    hand_over(client);
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

void client_enqueue(chat_client *client, call *call) {
    call->state = CALL_WAITING;
    call->next = NULL;
    call->previous = client->last_waiting;
    if (client->last_waiting) client->last_waiting->next = call;
    else client->first_waiting = call;
    client->last_waiting = call;
    client->waiting_count++;
}

void client_dequeue(chat_client *client, call *call) {
    if (call->previous) call->previous->next = call->next;
    else client->first_waiting = call->next;
    if (call->next) call->next->previous = call->previous;
    else client->last_waiting = call->previous;
    call->previous = call->next = NULL;
    client->waiting_count--;
}

void client_pump(chat_client *client, bool flushes) {
    int64_t now = clock_now(), wakes_at = NEVER;
    call *next;
    bool has_sent = false;
    for (call *call = client->first_waiting; call; call = next) {
        next = call->next;
        if (call->not_before > now) {
            if (call->not_before < wakes_at) wakes_at = call->not_before;
            continue;
        }
        if (!client->active || !client->active->takes_calls) {
            wakes_at = client->next_round_at < wakes_at ? client->next_round_at : wakes_at;
            break;
        }
        if (!connection_has_room(client->active)) break;
        client_dequeue(client, call);
        if (connection_send(client->active, call)) {
            has_sent = true;
            continue;
        }
        call->state = CALL_SENT;
        call_done(call, error_no_memory(call->error));
    }
    if (has_sent && flushes && !client->active->is_output_blocked) connection_flush(client->active);
    if (wakes_at != NEVER) client_wake_background(client, wakes_at);
}

void client_flush(chat_client *client) {
    connection *all[RETIRED_MAX + 1];
    int count = connections(client, all);
    for (int i = 0; i < count; i++)
        if (!all[i]->is_output_blocked) connection_flush(all[i]);
}

int64_t client_back_off(chat_client *client, int failures) {
    int64_t pause = client->options.back_off_minimum, most = client->options.back_off_maximum;
    for (int i = 1; i < failures && pause < most; i++) pause = pause * 2 < most ? pause * 2 : most;
    client->random = client->random * 6364136223846793005u + 1442695040888963407u;
    /* Half of it is fixed, half is drawn. */
    return pause * MILLISECOND / 2 + (int64_t)((client->random >> 33) % (uint64_t)(pause * MILLISECOND / 2 + 1));
}

/* ---- Connecting -------------------------------------------------------------------------------------------------- */

/* Waits until a socket is connected; 0 or an errno. Serves others meanwhile. The client is locked. */
static int await_connection(chat_client *client, int descriptor, int64_t deadline) {
    enum { SLICE_MILLISECONDS = 20 };
    while (!client->is_closed) {
        struct pollfd polled = {.fd = descriptor, .events = POLLOUT};
        client_unlock(client);
        int ready = poll(&polled, 1, SLICE_MILLISECONDS);
        client_lock(client);
        if (ready > 0) {
            int number = 0;
            socklen_t length = sizeof number;
            return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length) == 0 ? number : errno;
        }
        if (clock_now() >= deadline) return ETIMEDOUT;
        if (!client->leader && !client->first_waiter && client->retired_count > 0) {
            client->leader = &client->background;
            lead_once(client, clock_now() + MILLISECOND);
            client->leader = NULL;
            hand_over(client);
        }
    }
    return ECANCELED;
}

static void add_words(chat_client *client, const char *place, const char *words) {
    size_t used = strlen(client->round_words), left = sizeof client->round_words - used;
    snprintf(client->round_words + used, left, "%s%s: %s", used ? "; " : "", place, words);
}

static const char *words_of(int number, char *buffer, size_t size) {
    return number == ETIMEDOUT ? "no answer in time" : strerror_r(number, buffer, size);
}

static connection *try_address(chat_client *client, const address *address, int endpoint_index) {
    char words[128];
    int descriptor = address_connect(address);
    int number = descriptor < 0 ? errno : 0;
    if (descriptor >= 0)
        number = await_connection(
            client, descriptor, clock_now() + client->options.connect_timeout * MILLISECOND);
    if (number == 0) {
        connection *made = connection_create(client, descriptor, endpoint_index, address->shown);
        if (made) return made;
        number = ENOMEM;
    }
    if (descriptor >= 0) close(descriptor);
    add_words(client, address->shown, words_of(number, words, sizeof words));
    return NULL;
}

static connection *try_endpoint(chat_client *client, int index) {
    char words[256] = "";
    address *addresses = malloc(ADDRESSES_PER_NAME_MAX * sizeof *addresses);
    int count = -1;
    if (addresses) {
        client_unlock(client);
        count = endpoint_resolve(&client->endpoints[index], addresses, ADDRESSES_PER_NAME_MAX, words, sizeof words);
        client_lock(client);
    }
    if (count < 0) add_words(client, "name", words[0] ? words : "no memory");
    connection *made = NULL;
    for (int i = 0; i < count && !made && !client->is_closed; i++) made = try_address(client, &addresses[i], index);
    free(addresses);
    return made;
}

/* Calls that wait for a connection fail, or wait on. */
static void fail_round(chat_client *client) {
    chat_error error;
    error_set(&error, CHAT_UNAVAILABLE, "NOT_CONNECTED", "cannot connect: %s", client->round_words);
    client->next_round_at = clock_now() + client_back_off(client, ++client->failed_rounds);
    int64_t now = clock_now();
    /* Those that wait on go to the end of the line. */
    for (int count = client->waiting_count; count > 0; count--) {
        call *call = client->first_waiting;
        client_dequeue(client, call);
        if (call->not_before > now) {
            client_enqueue(client, call);
            continue;
        }
        call->attempts++;
        call->frame_start = UINT64_MAX;
        call_failed(call, &error, false);
    }
}

static void try_round(chat_client *client) {
    connection *made = NULL;
    client->round_words[0] = 0;
    int first = client->first_endpoint;
    for (int i = 0; i < client->endpoint_count && !made && !client->is_closed; i++)
        made = try_endpoint(client, (first + i) % client->endpoint_count);
    client->round_number++;
    if (client->is_closed) {
        connection_destroy(made);
        return;
    }
    if (made) {
        client->active = made;
        client->next_round_at = 0;
        client_pump(client, true);
        connection_flush(made);
        client_kick(client);
    } else {
        fail_round(client);
    }
    for (waiter *waiter = client->first_waiter; waiter; waiter = waiter->next) client_wake(client, waiter);
}

/* ---- The client's thread ----------------------------------------------------------------------------------------- */

static int64_t least(int64_t one, int64_t other) { return one < other ? one : other; }

/* A connection that takes no more calls makes place for another. */
static void retire_active(chat_client *client) {
    connection *active = client->active;
    if (!active || active->takes_calls || active->is_broken) return;
    if (client->retired_count == RETIRED_MAX) {
        transport_end(&client->retired[0]->transport);
        client_kick(client);
        return;
    }
    client->first_endpoint = (active->endpoint_index + 1) % client->endpoint_count;
    client->retired[client->retired_count++] = active;
    client->active = NULL;
    client_pump(client, true);
}

static int64_t end_overdue(chat_client *client, int64_t now) {
    static const char words[] = "the call's time is over";
    int64_t next_wake = NEVER;
    call *next;
    for (call *call = client->first_waiting; call; call = next) {
        next = call->next;
        if (call->not_before > now) next_wake = least(next_wake, call->not_before);
        if (!call->queue && !call->is_stream) continue;
        if (call->deadline <= now) call_abandon(call, CHAT_DEADLINE_EXCEEDED, "", words);
        else next_wake = least(next_wake, call->deadline);
    }
    if (client->unwatched_calls == 0) return next_wake;
    connection *all[RETIRED_MAX + 1];
    int count = connections(client, all);
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < CALLS_MAX; j++) {
            call *call = all[i]->slots[j].call;
            if (!call || (!call->queue && !call->is_stream)) continue;
            if (call->deadline <= now) call_abandon(call, CHAT_DEADLINE_EXCEEDED, "", words);
            else next_wake = least(next_wake, call->deadline);
        }
    }
    return next_wake;
}

static int64_t do_what_is_due(chat_client *client, int64_t now) {
    connection *all[RETIRED_MAX + 1];
    int count = connections(client, all);
    int64_t next = NEVER;
    for (int i = 0; i < count; i++) next = least(next, connection_tend(all[i], now));
    retire_active(client);
    next = least(next, end_overdue(client, now));
    client_pump(client, true);
    return next;
}

static bool wants_connection(const chat_client *client) {
    return !client->active && !client->is_closed && (client->first_waiting || client->connect_waiters > 0);
}

static void *run(void *argument) {
    chat_client *client = argument;
    client_lock(client);
    while (!client->is_stopping) {
        int64_t now = clock_now(), next = do_what_is_due(client, now);
        if (wants_connection(client)) {
            if (now >= client->next_round_at) {
                try_round(client);
                continue;
            }
            next = least(next, client->next_round_at);
        }
        bool is_watched = client->watched_queues > 0 && client->unwatched_calls > 0;
        int64_t leads_from = is_watched ? 0 : client->last_lead + LINGER;
        if (!client->leader && !client->first_waiter && has_connections(client)) {
            if (now >= leads_from) {
                client->background_wakes_at = next;
                client->leader = &client->background;
                lead_once(client, next);
                client->leader = NULL;
                hand_over(client);
                continue;
            }
            next = least(next, leads_from);
        } else if (has_connections(client) && now - client->last_lead < LINGER) {
            /* Somebody comes and goes all the time. */
            next = least(next, now + LINGER);
        }
        client->background_wakes_at = next;
        sleep_until(client, &client->background, next);
    }
    client_unlock(client);
    return NULL;
}

/* ---- Making and ending ------------------------------------------------------------------------------------------- */

static bool copy_options(chat_options *target, const chat_options *source) {
    *target = *source;
    return metadata_copy(&target->metadata, &source->metadata);
}

/* Everything but the thread. */
static void release(chat_client *client) {
    connection *all[RETIRED_MAX + 1];
    int count = connections(client, all);
    for (int i = 0; i < count; i++) connection_destroy(all[i]);
    for (int i = 0; i < client->endpoint_count; i++) endpoint_free(&client->endpoints[i]);
    metadata_free(&client->options.metadata);
    if (client->wake_descriptor >= 0) close(client->wake_descriptor);
    waiter_destroy(&client->background);
    pthread_mutex_destroy(&client->mutex);
    free(client);
}

static int start_thread(chat_client *client) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = pthread_create(&client->thread, NULL, run, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return problem;
}

static int32_t set_up(chat_client *client, const char *addresses, const chat_options *options, chat_error *error) {
    int count = endpoints_parse(addresses, client->endpoints, ENDPOINTS_MAX);
    if (count == -2) return error_no_memory(error);
    if (count < 0)
        return error_set(error, CHAT_INVALID_ARGUMENT, "BAD_ADDRESS",
            "no server address; write host:port, [::1]:port or unix:/path, with commas between several, at most %d",
            ENDPOINTS_MAX);
    client->endpoint_count = count;
    if (!copy_options(&client->options, options)) return error_no_memory(error);
    client->wake_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (client->wake_descriptor < 0)
        return error_set(error, CHAT_RESOURCE_EXHAUSTED, "DESCRIPTORS", "this process has no descriptors left");
    if (getrandom(&client->random, sizeof client->random, GRND_NONBLOCK) != sizeof client->random)
        client->random = (uint64_t)clock_now();
    if (start_thread(client) != 0)
        return error_set(error, CHAT_RESOURCE_EXHAUSTED, "THREADS", "no thread can be started");
    return CHAT_OK;
}

int32_t chat_client_create(
    const char *addresses, const chat_options *options, chat_client **client, chat_error *error) {
    error_clear(error);
    chat_options *defaults = NULL;
    if (!options && chat_options_create(&defaults) != CHAT_OK) return error_no_memory(error);
    chat_client *made = calloc(1, sizeof *made);
    if (!made) {
        chat_options_destroy(defaults);
        return error_no_memory(error);
    }
    pthread_mutex_init(&made->mutex, NULL);
    waiter_init(&made->background);
    made->wake_descriptor = -1;
    int32_t status = set_up(made, addresses, options ? options : defaults, error);
    chat_options_destroy(defaults);
    if (status == CHAT_OK) *client = made;
    else release(made);
    return status;
}

typedef struct {
    chat_client *client;
    uint64_t round_number;
} connect_wait;

static bool is_connected(void *argument) {
    connect_wait *wait = argument;
    const chat_client *client = wait->client;
    return client->active || client->is_closed || client->round_number != wait->round_number;
}

int32_t chat_client_connect(chat_client *client, int64_t timeout, chat_error *error) {
    error_clear(error);
    if (timeout < 0) return error_set(error, CHAT_INVALID_ARGUMENT, "TIMEOUT", "a timeout is 0 or more milliseconds");
    waiter waiter;
    waiter_init(&waiter);
    client_lock(client);
    connect_wait wait = {client, client->round_number};
    client->connect_waiters++;
    client_wake_background(client, 0);
    client_wait(client, &waiter, is_connected, &wait, clock_now() + timeout * MILLISECOND);
    client->connect_waiters--;
    int32_t status = CHAT_OK;
    if (client->is_closed)
        status = error_set(error, CHAT_CANCELLED, "CLIENT_CLOSED", "this client was closed");
    else if (!client->active && client->round_number == wait.round_number)
        status = error_set(error, CHAT_DEADLINE_EXCEEDED, "", "no connection could be made in time");
    else if (!client->active)
        status = error_set(error, CHAT_UNAVAILABLE, "NOT_CONNECTED", "cannot connect: %s", client->round_words);
    client_unlock(client);
    waiter_destroy(&waiter);
    return status;
}

void chat_client_close(chat_client *client) {
    static const char words[] = "this client was closed";
    client_lock(client);
    client->is_closed = true;
    while (client->first_waiting) call_abandon(client->first_waiting, CHAT_CANCELLED, "CLIENT_CLOSED", words);
    connection *all[RETIRED_MAX + 1];
    int count = connections(client, all);
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < CALLS_MAX; j++)
            if (all[i]->slots[j].call) call_abandon(all[i]->slots[j].call, CHAT_CANCELLED, "CLIENT_CLOSED", words);
        connection_flush(all[i]);
        all[i]->takes_calls = false;
        all[i]->is_broken = true;
        transport_end(&all[i]->transport);
    }
    for (waiter *waiter = client->first_waiter; waiter; waiter = waiter->next) client_wake(client, waiter);
    client_kick(client);
    client_wake_background(client, 0);
    client_unlock(client);
}

void chat_client_destroy(chat_client *client) {
    if (!client) return;
    chat_client_close(client);
    client_lock(client);
    client->is_stopping = true;
    client_kick(client);
    client_wake(client, &client->background);
    client_unlock(client);
    pthread_join(client->thread, NULL);
    release(client);
}
