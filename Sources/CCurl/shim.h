// libcurl for Swift, which cannot call variadic functions: one typed setter per kind of value. Used by HTTPClient only.
#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

// The names in parentheses keep curl's type-checking macros out of the way; the parameters' types do their work.

static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// curl copies the text, except for CURLOPT_POSTFIELDS, which is not used.
static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// curl keeps the pointer: it must outlive the easy handle.
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// curl keeps the list: it must outlive the easy handle.
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// CURLOPT_COPYPOSTFIELDS: curl copies `count` bytes.
static inline CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count) {
    CURLcode code = (curl_easy_setopt)(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    if (code != CURLE_OK) return code;
    return (curl_easy_setopt)(easy, CURLOPT_COPYPOSTFIELDS, count > 0 ? (const char *)bytes : "");
}

/// CURLOPT_WRITEFUNCTION or CURLOPT_HEADERFUNCTION.
static inline CURLcode ccurl_set_receiver(CURL *easy, CURLoption option,
                                          size_t (*function)(char *, size_t, size_t, void *)) {
    return (curl_easy_setopt)(easy, option, function);
}

/// CURLOPT_PREREQFUNCTION: the connection is there, the request is about to be sent.
static inline CURLcode ccurl_set_connected(CURL *easy, int (*function)(void *, char *, char *, int, int)) {
    return (curl_easy_setopt)(easy, CURLOPT_PREREQFUNCTION, function);
}

static inline CURLcode ccurl_set_open_socket(CURL *easy, curl_socket_t (*function)(void *, curlsocktype,
                                                                                   struct curl_sockaddr *)) {
    return (curl_easy_setopt)(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

static inline CURLcode ccurl_set_close_socket(CURL *easy, int (*function)(void *, curl_socket_t)) {
    return (curl_easy_setopt)(easy, CURLOPT_CLOSESOCKETFUNCTION, function);
}

static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

static inline CURLMcode ccurl_multi_set_socket_function(CURLM *multi,
                                                        int (*function)(CURL *, curl_socket_t, int, void *, void *),
                                                        void *datum) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, function);
    return code == CURLM_OK ? (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, datum) : code;
}

static inline CURLMcode ccurl_multi_set_timer_function(CURLM *multi, int (*function)(CURLM *, long, void *),
                                                       void *datum) {
    CURLMcode code = (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, function);
    return code == CURLM_OK ? (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, datum) : code;
}

static inline CURLMcode ccurl_multi_timed_out(CURLM *multi) {
    int running;
    return curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

/// Takes the next finished transfer; false when there is none.
static inline bool ccurl_multi_next_done(CURLM *multi, CURL **easy, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        *easy = message->easy_handle;
        *result = message->data.result;
        return true;
    }
    return false;
}

/// The raw address behind a curl_sockaddr, which is longer than the type says.
static inline const void *ccurl_address_bytes(const struct curl_sockaddr *address) { return &address->addr; }

/// Opens a close-on-exec socket; -1 when the system has none left. A peer that acknowledges nothing for
/// `unacknowledged` milliseconds ends the connection.
static inline curl_socket_t ccurl_open_socket(const struct curl_sockaddr *address, unsigned int unacknowledged) {
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (descriptor >= 0 && address->family != AF_UNIX) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
    }
    return descriptor;
}

/// A second, close-on-exec descriptor of the same socket; -1 when the system has none left.
static inline curl_socket_t ccurl_duplicate_socket(curl_socket_t descriptor) {
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

static inline void ccurl_close_socket(curl_socket_t descriptor) { close(descriptor); }

#endif
