// The C face of simdjson: parse a document into a tape and walk it. Used by the Swift target JSON and nobody else.
// Nothing here throws, and a parser belongs to one owner at a time. Values point into their parser's tape: they are
// valid until the parser parses again, is given back or is destroyed.
#ifndef CSIMDJSON_H
#define CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct CSimdJSONParser CSimdJSONParser;

/// A place on a parser's tape.
typedef struct CSimdJSONValue {
    uint64_t words[2];
} CSimdJSONValue;

/// A walk over the elements of one array or object.
typedef struct CSimdJSONCursor {
    uint64_t position[2];
    uint64_t end[2];
} CSimdJSONCursor;

/// A member's name, in UTF-8.
typedef struct CSimdJSONName {
    const uint8_t *bytes;
    size_t count;
} CSimdJSONName;

typedef enum CSimdJSONKind {
    CSIMDJSON_NULL = 0,
    CSIMDJSON_BOOL = 1,
    CSIMDJSON_INT64 = 2,
    CSIMDJSON_UINT64 = 3,  ///< Above INT64_MAX.
    CSIMDJSON_DOUBLE = 4,
    CSIMDJSON_STRING = 5,
    CSIMDJSON_ARRAY = 6,
    CSIMDJSON_OBJECT = 7
} CSimdJSONKind;

typedef enum CSimdJSONResult {
    CSIMDJSON_OK = 0,
    CSIMDJSON_EMPTY = 1,
    CSIMDJSON_TOO_DEEP = 2,
    CSIMDJSON_BAD_UTF8 = 3,
    CSIMDJSON_BAD_STRING = 4,
    CSIMDJSON_BAD_NUMBER = 5,  ///< Malformed, or does not fit 64 bits.
    CSIMDJSON_BAD_SYNTAX = 6,
    CSIMDJSON_OUT_OF_MEMORY = 7
} CSimdJSONResult;

/// Takes this thread's spare parser or makes one; the caller owns it. NULL when memory is out.
CSimdJSONParser *csimdjson_parser_take(void);

/// Gives a parser back: it becomes this thread's spare, or is freed when there is one or when it holds more memory than
/// `retained_capacity` bytes of document need.
void csimdjson_parser_give_back(CSimdJSONParser *parser, size_t retained_capacity);

/// Parses `count` bytes, which are copied. On success `root` is the document's value.
CSimdJSONResult csimdjson_parse(
    CSimdJSONParser *parser, const uint8_t *bytes, size_t count, size_t depth_max, CSimdJSONValue *root);

CSimdJSONKind csimdjson_kind(CSimdJSONValue value);

/// The first value under `key`; false when there is none or `value` is no object.
bool csimdjson_find(CSimdJSONValue value, const char *key, size_t key_count, CSimdJSONValue *found);

/// UTF-8 in the parser's memory. False when `value` is no string.
bool csimdjson_string(CSimdJSONValue value, const char **bytes, size_t *count);

/// These return zero when `value` is of another kind.
bool csimdjson_bool(CSimdJSONValue value);
int64_t csimdjson_int64(CSimdJSONValue value);
uint64_t csimdjson_uint64(CSimdJSONValue value);
double csimdjson_double(CSimdJSONValue value);

/// Starts a walk. False when `value` is neither an array nor an object.
bool csimdjson_walk(CSimdJSONValue value, CSimdJSONCursor *cursor);
/// The next element; false at the end.
bool csimdjson_next_element(CSimdJSONCursor *cursor, CSimdJSONValue *value);
/// The next member; false at the end.
bool csimdjson_next_member(CSimdJSONCursor *cursor, const char **key, size_t *key_count, CSimdJSONValue *value);
/// The next member that has one of `count` names, and which of them; false at the end.
bool csimdjson_next_named(
    CSimdJSONCursor *cursor, const CSimdJSONName *names, size_t count, size_t *index, CSimdJSONValue *value);

#ifdef __cplusplus
}
#endif

#endif
