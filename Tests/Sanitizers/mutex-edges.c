// Tells ThreadSanitizer of the slow paths of Mutex. .ci/sanitize links it into every program of a thread-sanitized
// build.
//
// Swift's Mutex takes and releases its lock word with atomics that are compiled into the caller, where the sanitizer
// sees them. Once two threads meet, it calls into the Synchronization library, which is not instrumented and lets the
// kernel hand the lock over. The sanitizer then misses that one holder came before the next, and reports whatever the
// mutex guards. The functions here stand in for the library's three slow paths: they call the originals and note that
// order on the lock word's address. Nothing is suppressed, so a real race beside a mutex is still found.

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

// The sanitizer's runtime has them; the headers that the toolchain ships declare only a part of it.
void __tsan_acquire(void *address);
void __tsan_release(void *address);

// Swift's calling convention: `self`, the lock word's address, is in a register of its own.
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// _MutexHandle._lockSlow(_: UInt32), ._tryLockSlow() -> Bool, ._unlockSlow()
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lock_slow(uint32_t thread, SELF void *word) __asm__(LOCK_SLOW);
SWIFT bool try_lock_slow(SELF void *word) __asm__(TRY_LOCK_SLOW);
SWIFT void unlock_slow(SELF void *word) __asm__(UNLOCK_SLOW);

static SWIFT void (*original_lock)(uint32_t thread, SELF void *word);
static SWIFT bool (*original_try_lock)(SELF void *word);
static SWIFT void (*original_unlock)(SELF void *word);

// Before any Swift code runs. A program without the Synchronization library finds nothing, and calls nothing either.
__attribute__((constructor)) static void find_originals(void) {
    original_lock = dlsym(RTLD_NEXT, LOCK_SLOW);
    original_try_lock = dlsym(RTLD_NEXT, TRY_LOCK_SLOW);
    original_unlock = dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

SWIFT void lock_slow(uint32_t thread, SELF void *word) {
    original_lock(thread, word);
    __tsan_acquire(word);
}

SWIFT bool try_lock_slow(SELF void *word) {
    bool locked = original_try_lock(word);
    if (locked) __tsan_acquire(word);
    return locked;
}

SWIFT void unlock_slow(SELF void *word) {
    __tsan_release(word);
    original_unlock(word);
}
