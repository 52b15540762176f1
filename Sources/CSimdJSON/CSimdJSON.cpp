// The C face of simdjson's DOM. Its parsing loops live in the shared library, which picks them for the machine's vector
// instructions when it is loaded; the On-Demand front would compile them here, for the oldest machine.
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

#include "CSimdJSON.h"

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct CSimdJSONParser {
    simdjson::dom::parser parser;
};

namespace {

// simdjson's values and iterators are a pointer to the document and an index: they cross the C face as two words.
template <typename To, typename From>
To rewrap(const From &from) noexcept {
    static_assert(sizeof(To) == sizeof(From), "two words on both sides of the C face");
    static_assert(std::is_trivially_copyable<To>::value && std::is_trivially_copyable<From>::value, "plain words");
    To to;
    std::memcpy(static_cast<void *>(&to), static_cast<const void *>(&from), sizeof(to));
    return to;
}

struct Words {
    uint64_t words[2];
};

element unwrap(CSimdJSONValue value) noexcept { return rewrap<element>(value); }
CSimdJSONValue wrap(element value) noexcept { return rewrap<CSimdJSONValue>(value); }

template <typename Iterator>
void store(Iterator iterator, uint64_t (&words)[2]) noexcept {
    std::memcpy(words, rewrap<Words>(iterator).words, sizeof(words));
}

template <typename Iterator>
Iterator load(const uint64_t (&words)[2]) noexcept {
    Words copy;
    std::memcpy(copy.words, words, sizeof(words));
    return rewrap<Iterator>(copy);
}

CSimdJSONResult result_of(simdjson::error_code code) noexcept {
    switch (code) {
        case simdjson::SUCCESS: return CSIMDJSON_OK;
        case simdjson::EMPTY: return CSIMDJSON_EMPTY;
        case simdjson::DEPTH_ERROR: return CSIMDJSON_TOO_DEEP;
        case simdjson::UTF8_ERROR: return CSIMDJSON_BAD_UTF8;
        case simdjson::STRING_ERROR:
        case simdjson::UNESCAPED_CHARS:
        case simdjson::UNCLOSED_STRING: return CSIMDJSON_BAD_STRING;
        case simdjson::NUMBER_ERROR:
        case simdjson::NUMBER_OUT_OF_RANGE: return CSIMDJSON_BAD_NUMBER;
        case simdjson::MEMALLOC: return CSIMDJSON_OUT_OF_MEMORY;
        default: return CSIMDJSON_BAD_SYNTAX;
    }
}

// One spare parser a thread: a chunk of a stream is parsed and let go before the next, so one is enough.
thread_local std::unique_ptr<CSimdJSONParser> spare;

}  // namespace

CSimdJSONParser *csimdjson_parser_take(void) {
    if (spare) { return spare.release(); }
    return new (std::nothrow) CSimdJSONParser();
}

void csimdjson_parser_give_back(CSimdJSONParser *parser, size_t retained_capacity) {
    if (spare || parser->parser.capacity() > retained_capacity) {
        delete parser;
    } else {
        spare.reset(parser);
    }
}

CSimdJSONResult csimdjson_parse(
    CSimdJSONParser *parser, const uint8_t *bytes, size_t count, size_t depth_max, CSimdJSONValue *root) {
    auto &dom = parser->parser;
    if (dom.capacity() == 0 || dom.max_depth() != depth_max) {
        size_t capacity = dom.capacity() < 1024 ? 1024 : dom.capacity();
        auto error = dom.allocate(capacity, depth_max);
        if (error) { return result_of(error); }
    }
    element value;
    auto error = dom.parse(bytes, count, true).get(value);
    if (error) { return result_of(error); }
    *root = wrap(value);
    return CSIMDJSON_OK;
}

CSimdJSONKind csimdjson_kind(CSimdJSONValue value) {
    switch (unwrap(value).type()) {
        case simdjson::dom::element_type::ARRAY: return CSIMDJSON_ARRAY;
        case simdjson::dom::element_type::OBJECT: return CSIMDJSON_OBJECT;
        case simdjson::dom::element_type::INT64: return CSIMDJSON_INT64;
        case simdjson::dom::element_type::UINT64: return CSIMDJSON_UINT64;
        case simdjson::dom::element_type::DOUBLE: return CSIMDJSON_DOUBLE;
        case simdjson::dom::element_type::STRING: return CSIMDJSON_STRING;
        case simdjson::dom::element_type::BOOL: return CSIMDJSON_BOOL;
        case simdjson::dom::element_type::NULL_VALUE: return CSIMDJSON_NULL;
    }
    return CSIMDJSON_NULL;
}

bool csimdjson_find(CSimdJSONValue value, const char *key, size_t key_count, CSimdJSONValue *found) {
    object members;
    if (unwrap(value).get_object().get(members)) { return false; }
    element member;
    if (members.at_key(std::string_view(key, key_count)).get(member)) { return false; }
    *found = wrap(member);
    return true;
}

bool csimdjson_string(CSimdJSONValue value, const char **bytes, size_t *count) {
    std::string_view text;
    if (unwrap(value).get_string().get(text)) { return false; }
    *bytes = text.data();
    *count = text.size();
    return true;
}

bool csimdjson_bool(CSimdJSONValue value) {
    bool result = false;
    return !unwrap(value).get_bool().get(result) && result;
}

int64_t csimdjson_int64(CSimdJSONValue value) {
    int64_t result = 0;
    return unwrap(value).get_int64().get(result) ? 0 : result;
}

uint64_t csimdjson_uint64(CSimdJSONValue value) {
    uint64_t result = 0;
    return unwrap(value).get_uint64().get(result) ? 0 : result;
}

double csimdjson_double(CSimdJSONValue value) {
    double result = 0;
    return unwrap(value).get_double().get(result) ? 0 : result;
}

bool csimdjson_walk(CSimdJSONValue value, CSimdJSONCursor *cursor) {
    array elements;
    if (!unwrap(value).get_array().get(elements)) {
        store(elements.begin(), cursor->position);
        store(elements.end(), cursor->end);
        return true;
    }
    object members;
    if (!unwrap(value).get_object().get(members)) {
        store(members.begin(), cursor->position);
        store(members.end(), cursor->end);
        return true;
    }
    return false;
}

bool csimdjson_next_element(CSimdJSONCursor *cursor, CSimdJSONValue *value) {
    auto position = load<array::iterator>(cursor->position);
    if (position == load<array::iterator>(cursor->end)) { return false; }
    *value = wrap(*position);
    store(++position, cursor->position);
    return true;
}

bool csimdjson_next_member(CSimdJSONCursor *cursor, const char **key, size_t *key_count, CSimdJSONValue *value) {
    auto position = load<object::iterator>(cursor->position);
    if (position == load<object::iterator>(cursor->end)) { return false; }
    std::string_view name = position.key();
    *key = name.data();
    *key_count = name.size();
    *value = wrap(position.value());
    store(++position, cursor->position);
    return true;
}

bool csimdjson_next_named(
    CSimdJSONCursor *cursor, const CSimdJSONName *names, size_t count, size_t *index, CSimdJSONValue *value) {
    auto position = load<object::iterator>(cursor->position);
    const auto end = load<object::iterator>(cursor->end);
    for (; position != end; ++position) {
        const std::string_view key = position.key();
        for (size_t name = 0; name < count; name++) {
            if (names[name].count != key.size()) { continue; }
            if (std::memcmp(names[name].bytes, key.data(), key.size()) != 0) { continue; }
            *index = name;
            *value = wrap(position.value());
            store(++position, cursor->position);
            return true;
        }
    }
    store(position, cursor->position);
    return false;
}
