// The Linux calls that Swift's Glibc module does not show, and the current loop of a thread.
#ifndef CLINUX_H
#define CLINUX_H

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

/// The loop whose drain runs on this thread, or NULL. A plain thread-local: cheaper than any Dispatch query.
void *clinux_current_loop(void);
void clinux_set_current_loop(void *loop);

/// epoll_ctl with the 64-bit user datum; `operation` is EPOLL_CTL_ADD, _MOD or _DEL.
int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t datum);

/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC.
int clinux_accept(int listener, struct sockaddr *address, socklen_t *length);

/// A close-on-exec, non-blocking stream socket.
int clinux_stream_socket(int family);

int clinux_eventfd(void);

/// A timerfd on CLOCK_BOOTTIME, the clock behind Swift's ContinuousClock.
int clinux_timerfd(void);

/// Arms a timerfd once, `nanoseconds` from now; 0 disarms it.
int clinux_timerfd_arm(int descriptor, int64_t nanoseconds);

/// Lets the pages of program code go that this process has mapped. They stay in the kernel's cache, and each comes back
/// when it is used. Pages that were written to, by relocation too, are not touched.
void clinux_let_go_of_code(void);

/// Makes SIGPIPE harmless for the whole process, unless the program has a handler of its own for it.
void clinux_ignore_sigpipe(void);

/// Has malloc map blocks of at least `bytes` one by one and give them back when they are freed, instead of raising that
/// size as it sees fit; of the rest it keeps at most `spare_bytes` at a heap's end.
void clinux_map_large_blocks(int bytes, int spare_bytes);

/// The bytes that malloc has given out and not got back, over all threads. Takes each arena's lock, one by one, while
/// it walks over the blocks that are free there.
size_t clinux_used_heap_bytes(void);

/// Gives every whole page inside malloc's free blocks back to the system. Takes locks as above, for longer.
void clinux_return_free_pages(void);

#endif
