// OpenSSL for Swift, which does not see its function-like macros and composed constants. Used by IOLoop only.
#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

/// What holds for every context. False when this OpenSSL has no TLS 1.2.
///
/// No compression and no renegotiation: both were ways in. No tickets and no cache: connections are few and long, so a
/// resumed handshake saves nothing, and there is no key that opens old recordings. Buffers are released while a
/// connection is idle.
static inline int copenssl_context_set_up(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 && SSL_CTX_set_num_tickets(context, 0) == 1;
}

/// Server name indication; OpenSSL copies the name.
static inline int copenssl_set_server_name(SSL *connection, const char *name) {
    return SSL_set_tlsext_host_name(connection, name) == 1;
}

/// Looks at what a memory BIO holds; the bytes live until the BIO is used again.
static inline size_t copenssl_memory_bytes(BIO *memory, const unsigned char **bytes) {
    char *start = NULL;
    long count = BIO_get_mem_data(memory, &start);
    *bytes = (const unsigned char *)start;
    return count > 0 ? (size_t)count : 0;
}

/// Empties a memory BIO and keeps its room.
static inline void copenssl_memory_clear(BIO *memory) { (void)BIO_reset(memory); }

#endif
