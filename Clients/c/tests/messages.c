/* Round trips of every message by its generated case: each field goes in through the setters and comes out through the
 * getters, each allocation fails in its turn, and changed bytes are an answer or an error. Needs no server. Linked with
 * --wrap=malloc,--wrap=realloc,--wrap=free. */

#include <string.h>

#include "check.h"
#include "message_cases.h"

/* ---- Allocations ------------------------------------------------------------------------------------------------- */

static unsigned long made, failing_at;
static long held;

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void __real_free(void *memory);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
    if (++made == failing_at) return NULL;
    void *memory = __real_malloc(size);
    if (memory) held++;
    return memory;
}

void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size) {
    if (++made == failing_at) return NULL;
    void *grown = __real_realloc(memory, size);
    if (!memory && grown) held++;
    return grown;
}

void __wrap_free(void *memory);
void __wrap_free(void *memory) {
    if (memory) held--;
    __real_free(memory);
}

/* The allocation of this number fails; 0 for none. */
static void fail_at(unsigned long number) {
    made = 0;
    failing_at = number;
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

static bool is_quiet;

bool differs(const char *field) {
    if (!is_quiet) fprintf(stderr, "%s differs\n", field);
    return false;
}

bool same_data(const ProtobufCBinaryData *want, const void *data, size_t length) {
    if (!data || length != want->len || ((const char *)data)[length] != 0) return false;
    return length == 0 || memcmp(want->data, data, length) == 0;
}

bool same_number(double want, double have) { return memcmp(&want, &have, sizeof want) == 0; }

/* ---- Filling ----------------------------------------------------------------------------------------------------- */

/* splitmix64: every run is the same. */
static uint64_t random_state;

static uint64_t random_number(void) {
    uint64_t value = random_state += UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static uint64_t random_below(uint64_t bound) { return random_number() % bound; }

/* Memory of the test's own, which is not counted. */
static void *must_allocate(size_t size) {
    void *memory = __real_malloc(size + 1);
    if (memory == NULL) abort();
    return memset(memory, 0, size + 1);
}

/* Pieces of UTF-8, U+0000 among them: texts and bytes look the same to protobuf-c here. */
static ProtobufCBinaryData random_text(void) {
    static const struct {
        const char *bytes;
        size_t length;
    } pieces[] = {
        {"a", 1}, {"plain ascii text", 16}, {"\0", 1}, {"\xC3\xA9", 2}, {"\xEC\x9E\x90", 3}, {"\xF0\x9F\x98\x80", 4},
    };
    size_t count = random_below(6);
    ProtobufCBinaryData text = {0, count > 0 ? must_allocate(count * 16) : NULL};
    for (size_t index = 0; index < count; index++) {
        size_t piece = random_below(sizeof pieces / sizeof pieces[0]);
        memcpy(text.data + text.len, pieces[piece].bytes, pieces[piece].length);
        text.len += pieces[piece].length;
    }
    return text;
}

static void fill(ProtobufCMessage *message, const ProtobufCMessageDescriptor *type);

static size_t element_size(const ProtobufCFieldDescriptor *field) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(ProtobufCMessage *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    default: return 4;
    }
}

static void fill_value(const ProtobufCFieldDescriptor *field, void *value) {
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *)value = random_text(); break;
    case PROTOBUF_C_TYPE_MESSAGE: {
        const ProtobufCMessageDescriptor *type = field->descriptor;
        ProtobufCMessage *child = must_allocate(type->sizeof_message);
        fill(child, type);
        *(ProtobufCMessage **)value = child;
        break;
    }
    case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)value = (protobuf_c_boolean)random_below(2); break;
    case PROTOBUF_C_TYPE_DOUBLE: *(double *)value = (double)random_number() / 3; break;
    default: {
        /* Small numbers, large ones, and enums' values that nobody knows. */
        uint64_t number = random_number() >> random_below(64);
        memcpy(value, &number, element_size(field));
    }
    }
}

static void fill(ProtobufCMessage *message, const ProtobufCMessageDescriptor *type) {
    type->message_init(message);
    for (unsigned index = 0; index < type->n_fields; index++) {
        const ProtobufCFieldDescriptor *field = &type->fields[index];
        char *value = (char *)message + field->offset;
        void *quantifier = (char *)message + field->quantifier_offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = random_below(4);
            *(size_t *)quantifier = count;
            if (count == 0) continue;
            char *list = must_allocate(count * element_size(field));
            for (size_t item = 0; item < count; item++) fill_value(field, list + item * element_size(field));
            *(void **)(void *)value = list;
        } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            uint32_t taken;
            memcpy(&taken, quantifier, sizeof taken);
            if (taken != 0 || random_below(3) == 0) continue;
            memcpy(quantifier, &field->id, sizeof field->id);
            fill_value(field, value);
        } else if (field->type != PROTOBUF_C_TYPE_MESSAGE || random_below(4) > 0) {
            fill_value(field, value);
        }
    }
}

/* A filled struct of protobuf-c; freed with protobuf_c_message_free_unpacked. */
static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type) {
    ProtobufCMessage *message = must_allocate(type->sizeof_message);
    fill(message, type);
    return message;
}

struct packed {
    uint8_t *bytes;
    size_t length;
};

static struct packed packed(const ProtobufCMessage *message) {
    struct packed result = {must_allocate(protobuf_c_message_get_packed_size(message)), 0};
    result.length = protobuf_c_message_pack(message, result.bytes);
    return result;
}

/* ---- Every message ----------------------------------------------------------------------------------------------- */

static int32_t build(const struct request_case *item, const void *want, struct packed expected) {
    void *message = NULL;
    uint8_t *bytes = NULL;
    size_t length = 0;
    int32_t status = item->create(&message);
    if (status == CHAT_OK) status = item->build(want, message);
    if (status == CHAT_OK) status = item->pack(message, &bytes, &length);
    if (status == CHAT_OK) {
        bool is_same = length == expected.length && !memcmp(bytes, expected.bytes, length);
        CHECK(is_same, "%s is packed otherwise", item->name);
        /* Over what is there: every old value goes. */
        status = item->build(want, message);
    }
    chat_bytes_free(bytes);
    item->destroy(message);
    return status;
}

static int32_t read_back(const struct reply_case *item, const void *want, struct packed bytes) {
    void *message = NULL;
    int32_t status = item->unpack(bytes.bytes, bytes.length, &message);
    CHECK((message != NULL) == (status == CHAT_OK), "%s: status %d", item->name, (int)status);
    if (message) CHECK(item->same(want, message), "%s is read otherwise", item->name);
    item->destroy(message);
    return status;
}

/* Runs a request's or a reply's round trip, and then with each of its allocations failing. */
static void round_trip(const struct request_case *request, const struct reply_case *reply) {
    const char *name = request ? request->name : reply->name;
    ProtobufCMessage *want = filled(request ? request->type : reply->type);
    struct packed bytes = packed(want);
    long before = held;
    for (unsigned long number = 0;; number++) {
        fail_at(number);
        int32_t status = request ? build(request, want, bytes) : read_back(reply, want, bytes);
        bool has_failed = number > 0 && made >= number;
        fail_at(0);
        CHECK(held == before, "%s: %ld left at allocation %lu", name, held - before, number);
        CHECK(status == (has_failed ? CHAT_RESOURCE_EXHAUSTED : CHAT_OK), "%s: %d at allocation %lu", name,
            (int)status, number);
        if (number > 0 && !has_failed) break;
    }
    __real_free(bytes.bytes);
    protobuf_c_message_free_unpacked(want, NULL);
}

/* Bytes that are cut, longer or changed. */
static void hostile_bytes(const struct reply_case *item) {
    ProtobufCMessage *want = filled(item->type);
    struct packed honest = packed(want);
    long before = held;
    is_quiet = true;
    for (unsigned round = 0; round < 200; round++) {
        struct packed bytes = {must_allocate(honest.length + 16), honest.length};
        memcpy(bytes.bytes, honest.bytes, honest.length);
        if (round % 3 == 0) bytes.length = random_below(honest.length + 1);
        if (round % 3 == 1) bytes.length += random_below(16);
        for (uint64_t changes = random_below(4); changes > 0 && bytes.length > 0; changes--) {
            bytes.bytes[random_below(bytes.length)] = (uint8_t)random_number();
        }
        void *message = NULL;
        int32_t status = item->unpack(bytes.bytes, bytes.length, &message);
        CHECK((message != NULL) == (status == CHAT_OK), "%s: status %d", item->name, (int)status);
        /* Every getter reads, whatever it finds. */
        if (message) (void)item->same(want, message);
        item->destroy(message);
        __real_free(bytes.bytes);
    }
    is_quiet = false;
    CHECK(held == before, "%s: %ld left", item->name, held - before);
    __real_free(honest.bytes);
    protobuf_c_message_free_unpacked(want, NULL);
}

/* A length without bytes changes nothing, and what a caller wrote reads as what a server sent. */
static void arguments(void) {
    chat_v1_import_messages_request *request;
    chat_v1_chat_message *message;
    CHECK(chat_v1_import_messages_request_create(&request) == CHAT_OK, "memory");
    CHECK(chat_v1_import_messages_request_add_messages(request, &message) == CHAT_OK, "memory");
    CHECK(chat_v1_chat_message_set_text(message, "text", 4) == CHAT_OK, "set");
    CHECK(chat_v1_chat_message_set_text(message, NULL, 1) == CHAT_INVALID_ARGUMENT, "no bytes");
    CHECK(!strcmp(chat_v1_chat_message_text(message, NULL), "text"), "a zero follows");
    CHECK(chat_v1_chat_message_set_text(message, NULL, 0) == CHAT_OK, "no text");
    CHECK(!strcmp(chat_v1_chat_message_text(message, NULL), ""), "none");
    chat_v1_import_messages_request_destroy(request);
    chat_v1_chat_reply *reply;
    CHECK(chat_v1_chat_reply_unpack(NULL, 5, &reply, NULL) == CHAT_INVALID_ARGUMENT && !reply, "no bytes");
    CHECK(chat_v1_chat_reply_unpack(NULL, 0, &reply, NULL) == CHAT_OK, "an empty reply");
    chat_v1_chat_reply_destroy(reply);
}

/* The functions for every message. */
#include "generated/message_cases.c"

int main(void) {
    enum { ROUNDS = 20 };
    for (size_t i = 0; i < request_cases_count; i++) {
        random_state = i;
        for (int round = 0; round < ROUNDS; round++) round_trip(&request_cases[i], NULL);
    }
    for (size_t i = 0; i < reply_cases_count; i++) {
        random_state = i;
        for (int round = 0; round < ROUNDS; round++) round_trip(NULL, &reply_cases[i]);
        hostile_bytes(&reply_cases[i]);
    }
    arguments();
    printf("messages: %zu requests and %zu replies passed\n", request_cases_count, reply_cases_count);
    return 0;
}
