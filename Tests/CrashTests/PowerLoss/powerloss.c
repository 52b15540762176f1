// Preloaded into a program that keeps an SQLite database: writes down what a power failure could undo, and ends the
// process at exact points. It watches the database, its -wal and its -journal, and nothing else.
//
// Every change is logged before it is made, with the bytes that it replaces, every sync after it succeeded, and every
// reply on an accepted socket before it is sent. So the log's order is proof: a sync that stands before a reply had
// succeeded before a byte of the reply left. The log is a file: it outlives SIGKILL, as the changes themselves do in
// the kernel's cache. PowerCut.swift reads it and takes changes back that no sync has made durable.
//
// Settings, all from the environment; without the first two nothing is watched:
//   POWERLOSS_DATABASE           the database's absolute path, without symbolic links, as SQLite opens it
//   POWERLOSS_LOG                the log's path, on the same file system; appended to
//   POWERLOSS_SYNC=skip          syncs succeed and do nothing, as on a disk that lies
//   POWERLOSS_SYNC_MICROSECONDS  a sync takes so much longer
//   POWERLOSS_REPLIES=1          log replies, too
//   POWERLOSS_KILL=KIND:N:WHEN   SIGKILL oneself at the N-th (from 1) change of this KIND: write, truncate, sync,
//                                unlink, reply, or storage for any but reply; WHEN is before, middle (half of a write
//                                is done) or after; a reply always before
//   POWERLOSS_ARM                count for POWERLOSS_KILL only while this file exists
//   POWERLOSS_FAULT              while this file exists the disk fails as the word in it says: full (writes have no
//                                room), write or sync (they fail with EIO)
//
// Memory-mapped writes are not seen; SQLite makes none to these files unless mmap_size is set.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// The log: one of these after the other, each with its old and new bytes behind it.
struct record {
    uint32_t magic;
    uint8_t kind;
    uint8_t file;
    uint16_t unused;
    // Where a write begins; what a truncation cuts to; the number of an unlinked file's second name.
    uint64_t offset;
    // The file's size before.
    uint64_t old_size;
    uint64_t old_length;
    uint64_t new_length;
};
enum { MAGIC = 0x504C4F47 };
enum kind { START = 1, CREATE, WRITE, TRUNCATE, SYNC, UNLINK, DIRECTORY_SYNC, REPLY, SKIPPED_SYNC };
enum file { NONE = 0, DATABASE, WAL, JOURNAL, DIRECTORY, ACCEPTED };
enum when { BEFORE, MIDDLE, AFTER };
enum { DESCRIPTORS_MAX = 65536, REPLY_BYTES_MAX = 65536, PATH_BYTES_MAX = 4096 };

static char paths[DIRECTORY + 1][PATH_BYTES_MAX];
static const char *log_path, *arm_path, *fault_path;
static int log_descriptor = -1;
static int skips_sync, logs_replies, sync_microseconds;
static uint8_t files[DESCRIPTORS_MAX];
static unsigned unlink_count;
static char kill_kind[16];
static long kill_count;
static enum when kill_when;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, ...)                                                                                              \
    static __typeof__(name) *real;                                                                                   \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int real_open(const char *path, int flags, mode_t mode) {
    REAL(open64);
    return real(path, flags, mode);
}
static ssize_t real_pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite64);
    return real(descriptor, bytes, count, offset);
}
static ssize_t real_writev(int descriptor, const struct iovec *parts, int count) {
    REAL(writev);
    return real(descriptor, parts, count);
}

static void die(const char *why) {
    dprintf(2, "powerloss: %s: %s\n", why, strerror(errno));
    _exit(99);
}

__attribute__((constructor)) static void begin(void) {
    const char *database = getenv("POWERLOSS_DATABASE");
    log_path = getenv("POWERLOSS_LOG");
    if (!database || !log_path) return;
    if (database[0] != '/' || strlen(database) > PATH_BYTES_MAX - 16) die("POWERLOSS_DATABASE is no absolute path");
    strcpy(paths[DATABASE], database);
    sprintf(paths[WAL], "%s-wal", database);
    sprintf(paths[JOURNAL], "%s-journal", database);
    strcpy(paths[DIRECTORY], database);
    *strrchr(paths[DIRECTORY], '/') = 0;
    const char *text = getenv("POWERLOSS_SYNC");
    skips_sync = text && !strcmp(text, "skip");
    if ((text = getenv("POWERLOSS_SYNC_MICROSECONDS"))) sync_microseconds = atoi(text);
    text = getenv("POWERLOSS_REPLIES");
    logs_replies = text && !strcmp(text, "1");
    arm_path = getenv("POWERLOSS_ARM");
    fault_path = getenv("POWERLOSS_FAULT");
    if ((text = getenv("POWERLOSS_KILL"))) {
        char word[16];
        if (sscanf(text, "%15[a-z]:%ld:%15[a-z]", kill_kind, &kill_count, word) != 3) die("POWERLOSS_KILL is unclear");
        kill_when = !strcmp(word, "before") ? BEFORE : !strcmp(word, "middle") ? MIDDLE : AFTER;
    }
    log_descriptor = real_open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_descriptor < 0) die("the log cannot be opened");
    struct record record = {.magic = MAGIC, .kind = START, .offset = (uint64_t)getpid()};
    if (write(log_descriptor, &record, sizeof record) != sizeof record) die("the log cannot be written");
}

static enum file file_of(int descriptor) {
    if (log_descriptor < 0 || descriptor < 0 || descriptor >= DESCRIPTORS_MAX) return NONE;
    return files[descriptor];
}

static int is_watched(enum file file) { return file >= DATABASE && file <= JOURNAL; }

static void set_file(int descriptor, enum file file) {
    if (descriptor >= DESCRIPTORS_MAX && file != NONE) die("a descriptor has too high a number");
    if (descriptor >= 0 && descriptor < DESCRIPTORS_MAX) files[descriptor] = file;
}

static uint64_t size_of(int descriptor) {
    struct stat information;
    if (fstat(descriptor, &information) != 0) die("a watched file cannot be looked at");
    return (uint64_t)information.st_size;
}

// MARK: With the mutex held

static void append(struct record record, void *old_bytes, const void *new_bytes) {
    record.magic = MAGIC;
    struct iovec parts[] = {
        {&record, sizeof record}, {old_bytes, record.old_length}, {(void *)new_bytes, record.new_length}};
    size_t total = sizeof record + record.old_length + record.new_length;
    if (real_writev(log_descriptor, parts, 3) != (ssize_t)total) die("the log cannot be written");
}

static void end_process(void) {
    kill(getpid(), SIGKILL);
    while (1) pause();
}

// Counts a change. True when it is the one to die in the middle of.
static int step(const char *kind, int is_storage) {
    if (kill_count <= 0) return 0;
    if (strcmp(kill_kind, kind) && !(is_storage && !strcmp(kill_kind, "storage"))) return 0;
    if (arm_path && access(arm_path, F_OK) != 0) return 0;
    if (--kill_count > 0) return 0;
    if (kill_when == BEFORE) end_process();
    return 1;
}

// MARK: Faults

// True, and errno is set, when the disk fails at this kind of change now.
static int fails(const char *kind) {
    char word[16] = "";
    if (!fault_path) return 0;
    int descriptor = real_open(fault_path, O_RDONLY | O_CLOEXEC, 0);
    if (descriptor < 0) return 0;
    ssize_t length = read(descriptor, word, sizeof word - 1);
    REAL(close);
    real(descriptor);
    if (length <= 0) return 0;
    int is_full = !strcmp(word, "full") && !strcmp(kind, "write");
    if (!is_full && strcmp(word, kind)) return 0;
    errno = is_full ? ENOSPC : EIO;
    return 1;
}

// MARK: Files

static int open_watched(const char *path, int flags, mode_t mode) {
    enum file file = NONE;
    if (log_descriptor >= 0) {
        for (enum file each = DATABASE; each <= DIRECTORY; each++) {
            if (!strcmp(path, paths[each])) file = each;
        }
    }
    if (file == NONE) {
        int descriptor = real_open(path, flags, mode);
        set_file(descriptor, NONE);
        return descriptor;
    }
    pthread_mutex_lock(&mutex);
    if (flags & O_TRUNC) die("a watched file is opened with O_TRUNC, which is not logged");
    if (is_watched(file) && (flags & O_CREAT) && access(path, F_OK) != 0) {
        append((struct record){.kind = CREATE, .file = file}, NULL, NULL);
    }
    int descriptor = real_open(path, flags, mode);
    int error = errno;
    set_file(descriptor, file);
    pthread_mutex_unlock(&mutex);
    errno = error;
    return descriptor;
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_watched(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_watched(path, flags, mode);
}

int close(int descriptor) {
    REAL(close);
    set_file(descriptor, NONE);
    return real(descriptor);
}

static ssize_t write_watched(int descriptor, const void *bytes, size_t count, off_t offset) {
    pthread_mutex_lock(&mutex);
    int ends = step("write", 1);
    struct record record = {
        .kind = WRITE, .file = files[descriptor], .offset = (uint64_t)offset, .old_size = size_of(descriptor),
        .new_length = count};
    char *old_bytes = malloc(count + 1);
    ssize_t old_length = pread(descriptor, old_bytes, count, offset);
    if (old_length < 0) die("a watched file cannot be read");
    record.old_length = (uint64_t)old_length;
    append(record, old_bytes, bytes);
    free(old_bytes);
    if (ends && kill_when == MIDDLE) {
        real_pwrite(descriptor, bytes, count / 2, offset);
        end_process();
    }
    ssize_t result = real_pwrite(descriptor, bytes, count, offset);
    if (ends) end_process();
    int error = errno;
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (is_watched(file_of(descriptor))) {
        return fails("write") ? -1 : write_watched(descriptor, bytes, count, offset);
    }
    return real_pwrite(descriptor, bytes, count, offset);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    return pwrite64(descriptor, bytes, count, offset);
}

static int truncate_watched(int descriptor, off_t length) {
    REAL(ftruncate64);
    pthread_mutex_lock(&mutex);
    int ends = step("truncate", 1);
    struct record record = {
        .kind = TRUNCATE, .file = files[descriptor], .offset = (uint64_t)length, .old_size = size_of(descriptor)};
    char *old_bytes = NULL;
    if (record.old_size > record.offset) {
        record.old_length = record.old_size - record.offset;
        old_bytes = malloc(record.old_length);
        if (pread(descriptor, old_bytes, record.old_length, length) != (ssize_t)record.old_length) {
            die("a watched file cannot be read");
        }
    }
    append(record, old_bytes, NULL);
    free(old_bytes);
    if (ends && kill_when == MIDDLE) end_process();
    int result = real(descriptor, length);
    if (ends) end_process();
    int error = errno;
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

int ftruncate64(int descriptor, off_t length) {
    if (is_watched(file_of(descriptor))) return truncate_watched(descriptor, length);
    REAL(ftruncate64);
    return real(descriptor, length);
}

int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

static int sync_watched(int descriptor, int (*real)(int)) {
    enum file file = file_of(descriptor);
    if (!is_watched(file) && file != DIRECTORY) return real(descriptor);
    if (fails("sync")) return -1;
    pthread_mutex_lock(&mutex);
    int ends = step("sync", 1);
    if (ends && kill_when == MIDDLE) end_process();
    pthread_mutex_unlock(&mutex);
    // Not under the mutex: replies of other calls go out meanwhile.
    if (sync_microseconds > 0) usleep((useconds_t)sync_microseconds);
    int result = skips_sync ? 0 : real(descriptor);
    int error = errno;
    pthread_mutex_lock(&mutex);
    if (result == 0) {
        enum kind kind = skips_sync ? SKIPPED_SYNC : file == DIRECTORY ? DIRECTORY_SYNC : SYNC;
        append((struct record){.kind = kind, .file = file}, NULL, NULL);
    }
    if (ends) end_process();
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

int fdatasync(int descriptor) {
    REAL(fdatasync);
    return sync_watched(descriptor, real);
}

int fsync(int descriptor) {
    REAL(fsync);
    return sync_watched(descriptor, real);
}

int unlink(const char *path) {
    REAL(unlink);
    enum file file = NONE;
    if (log_descriptor >= 0) {
        for (enum file each = DATABASE; each <= JOURNAL; each++) {
            if (!strcmp(path, paths[each])) file = each;
        }
    }
    if (file == NONE) return real(path);
    pthread_mutex_lock(&mutex);
    int ends = step("unlink", 1);
    // A second name keeps the file, since a removal is not durable before its folder was synced.
    uint64_t number = (uint64_t)getpid() << 20 | unlink_count++;
    char second[PATH_BYTES_MAX];
    snprintf(second, sizeof second, "%s.unlinked-%llu", log_path, (unsigned long long)number);
    if (link(path, second) == 0) append((struct record){.kind = UNLINK, .file = file, .offset = number}, NULL, NULL);
    if (ends && kill_when == MIDDLE) end_process();
    int result = real(path);
    if (ends) end_process();
    int error = errno;
    pthread_mutex_unlock(&mutex);
    errno = error;
    return result;
}

// MARK: Replies

static void reply(int descriptor, const struct iovec *parts, size_t count) {
    if (file_of(descriptor) != ACCEPTED) return;
    pthread_mutex_lock(&mutex);
    int ends = step("reply", 0);
    if (logs_replies) {
        static char bytes[REPLY_BYTES_MAX];
        size_t length = 0;
        for (size_t index = 0; index < count; index++) {
            size_t part = parts[index].iov_len;
            if (part > sizeof bytes - length) part = sizeof bytes - length;
            memcpy(bytes + length, parts[index].iov_base, part);
            length += part;
        }
        append((struct record){.kind = REPLY, .offset = (uint64_t)descriptor, .new_length = length}, NULL, bytes);
    }
    // A reply that is on its way is more interesting than one that was read, so this is the only moment there is.
    if (ends) end_process();
    pthread_mutex_unlock(&mutex);
}

ssize_t send(int descriptor, const void *bytes, size_t count, int flags) {
    REAL(send);
    reply(descriptor, &(struct iovec){(void *)bytes, count}, 1);
    return real(descriptor, bytes, count, flags);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    reply(descriptor, message->msg_iov, message->msg_iovlen);
    return real(descriptor, message, flags);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    if (is_watched(file_of(descriptor))) die("a watched file is written by writev, which is not logged");
    reply(descriptor, parts, (size_t)count);
    return real_writev(descriptor, parts, count);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(write);
    if (is_watched(file_of(descriptor))) die("a watched file is written by write, which is not logged");
    reply(descriptor, &(struct iovec){(void *)bytes, count}, 1);
    return real(descriptor, bytes, count);
}

int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
    REAL(accept4);
    int accepted = real(descriptor, address, length, flags);
    if (accepted >= 0 && log_descriptor >= 0) set_file(accepted, ACCEPTED);
    return accepted;
}
