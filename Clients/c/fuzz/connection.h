#ifndef FUZZ_CONNECTION_H
#define FUZZ_CONNECTION_H

#include "internal.h"

/* Feeds a connection what a server sent; aborts when a promise is broken. Ids of its four calls are 2049, 2051, 2053
 * and 2055: unary, stream, unary, stream. */
void feed_connection(const uint8_t *bytes, size_t count);

#endif
