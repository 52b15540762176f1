/* libFuzzer's entry. */
#include "connection.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    feed_connection(bytes, count);
    return 0;
}
