/* Echoes through libchatclient, as the loads of Tests/Benchmarks/peers make them: a client and a thread for each
 * connection; one call at a time by chat_call, several by a queue. Usage: load echo --server HOST:PORT [OPTION...] */

#include <chatclient.h>
#include <pthread.h>
#include <stdatomic.h>

#include "../../../Tests/Benchmarks/peers/measure.h"

static const char service[] = "chat.v1.DiagnosticsService";
static load_options_t options;
static atomic_int is_measuring, is_stopping;
static uint8_t request[3 + PAYLOAD_BYTES] = {0x0A, PAYLOAD_BYTES & 0x7F | 0x80, 1};

typedef struct {
    chat_client *client;
    pthread_t thread;
    histogram_t latencies;
    uint64_t errors;
} caller_t;

static void note(caller_t *caller, int is_echo, uint64_t began) {
    if (!atomic_load_explicit(&is_measuring, memory_order_relaxed)) return;
    if (is_echo) record(&caller->latencies, now_ns() - began);
    else caller->errors++;
}

static int is_echo(int32_t status, const uint8_t *reply, size_t length) {
    return status == CHAT_OK && length == sizeof request && !memcmp(reply, request, length);
}

static void call_one_by_one(caller_t *caller) {
    while (!atomic_load_explicit(&is_stopping, memory_order_relaxed)) {
        uint8_t *reply = NULL;
        size_t length = 0;
        uint64_t began = now_ns();
        int32_t status =
            chat_call(caller->client, service, "Echo", request, sizeof request, NULL, &reply, &length, NULL);
        note(caller, is_echo(status, reply, length), began);
        chat_bytes_free(reply);
    }
}

static void begin(chat_queue *queue, uint64_t tag, uint64_t *began) {
    *began = now_ns();
    if (chat_queue_call(queue, tag, service, "Echo", request, sizeof request, NULL, NULL) != CHAT_OK) exit(1);
}

static void call_several(caller_t *caller) {
    chat_queue *queue;
    uint64_t *began = calloc((size_t)options.in_flight, sizeof *began);
    if (!began || chat_queue_create(caller->client, &queue, NULL) != CHAT_OK) exit(1);
    for (int i = 0; i < options.in_flight; i++) begin(queue, (uint64_t)i, &began[i]);
    for (int left = options.in_flight; left > 0;) {
        chat_completion *completion;
        size_t length;
        if (chat_queue_next(queue, -1, &completion) != CHAT_OK) exit(1);
        uint64_t tag = chat_completion_tag(completion);
        const uint8_t *reply = chat_completion_message(completion, &length);
        note(caller, is_echo(chat_completion_status(completion), reply, length), began[tag]);
        chat_completion_destroy(completion);
        if (atomic_load_explicit(&is_stopping, memory_order_relaxed)) left--;
        else begin(queue, tag, &began[tag]);
    }
    chat_queue_destroy(queue);
    free(began);
}

static void *run(void *argument) {
    if (options.in_flight == 1) call_one_by_one(argument);
    else call_several(argument);
    return NULL;
}

static void wait_for(double seconds) {
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

int main(int argc, char **argv) {
    options = parse_options(argc, argv);
    memset(request + 3, 'x', PAYLOAD_BYTES);
    caller_t *callers = calloc((size_t)options.connections, sizeof *callers);
    histogram_t *all = calloc(1, sizeof *all);
    if (!callers || !all) return 1;
    for (int i = 0; i < options.connections; i++) {
        if (chat_client_create(options.server, NULL, &callers[i].client, NULL) != CHAT_OK ||
            chat_client_connect(callers[i].client, CALL_SECONDS_MAX * 1000, NULL) != CHAT_OK) {
            fprintf(stderr, "no chatd answers at %s\n", options.server);
            return EXIT_UNAVAILABLE;
        }
    }
    for (int i = 0; i < options.connections; i++)
        if (pthread_create(&callers[i].thread, NULL, run, &callers[i])) return 1;
    wait_for(options.warm_up_seconds);
    measured_t measured = {.latencies = all, .cpu_seconds = -cpu_seconds(options.server_pid)};
    uint64_t began = now_ns();
    atomic_store(&is_measuring, 1);
    wait_for(options.duration_seconds);
    atomic_store(&is_measuring, 0);
    measured.seconds = (double)(now_ns() - began) / 1e9;
    measured.cpu_seconds += cpu_seconds(options.server_pid);
    measured.resident_bytes = resident_bytes(options.server_pid);
    atomic_store(&is_stopping, 1);
    for (int i = 0; i < options.connections; i++) {
        pthread_join(callers[i].thread, NULL);
        for (unsigned j = 0; j < BUCKETS; j++) all->counts[j] += callers[i].latencies.counts[j];
        all->count += callers[i].latencies.count;
        if (callers[i].latencies.max_ns > all->max_ns) all->max_ns = callers[i].latencies.max_ns;
        measured.errors += callers[i].errors;
        chat_client_destroy(callers[i].client);
    }
    return report(&options, &measured);
}
