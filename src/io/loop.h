/*
 * The event loop of a process: a set of epoll, and libuv for timers and signals; nobody else sees
 * either. Watches on descriptors, signals, a
 * wheel of deadlines (one timer for all sessions), and work to be done after a callback.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct io_loop;
struct io_watch;
struct io_signal;

enum { IO_READ = 1, IO_WRITE = 2, IO_END = 4 };

[[nodiscard]] int io_loop_new(struct io_loop **ret_loop);
void io_loop_free(struct io_loop *loop);
/* Runs until io_loop_stop(). 0 or a negative. */
[[nodiscard]] int io_loop_run(struct io_loop *loop);
void io_loop_stop(struct io_loop *loop);
/* Monotonic, of the start of this turn. */
uint64_t io_loop_now_ms(const struct io_loop *loop);

/*
 * Watches a descriptor, which stays the caller's. events is what of IO_READ and IO_WRITE is ready;
 * an error counts as both. May be freed inside its own callback; the descriptor may be closed
 * right after.
 * It is told as long as it is ready and wanted (io_watch_set).
 */
typedef void io_watch_fn(void *owner, int events);
[[nodiscard]] int io_watch_new(struct io_watch **ret_watch, struct io_loop *loop, int fd,
                               io_watch_fn *fn, void *owner);
/* events 0: rest. Costs nothing if it is what is set already. */
void io_watch_set(struct io_watch *watch, int events);
void io_watch_free(struct io_watch *watch);

/*
 * The same embedded in its owner, with no memory of its own, and told once when the descriptor
 * becomes ready, for both ways, and IO_END with IO_READ when the peer has ended; the owner
 * remembers until it meets EAGAIN. One system call for its life: its descriptor must be the only
 * one of its socket. io_edge_remove() before it is closed; the owner may go right after.
 */
struct io_edge {
	void (*fn)(struct io_edge *edge, int events);
};
[[nodiscard]] int io_edge_add(struct io_loop *loop, struct io_edge *edge, int fd);
void io_edge_remove(struct io_loop *loop, const struct io_edge *edge);

typedef void io_signal_fn(void *owner, int number);
[[nodiscard]] int io_signal_new(struct io_signal **ret_signal, struct io_loop *loop, int number,
                                io_signal_fn *fn, void *owner);
void io_signal_free(struct io_signal *signal);

/*
 * A deadline on the wheel: embedded in its owner, no memory of its own. Fires once, up to
 * IO_WHEEL_TICK_MS late, never early. Disarm before the owner goes.
 */
enum { IO_WHEEL_TICK_MS = 128 };
struct io_deadline {
	struct io_deadline *next, *prev;
	uint64_t due_tick;
	void (*fn)(struct io_deadline *d);
};
void io_deadline_arm(struct io_loop *loop, struct io_deadline *d, uint64_t in_ms);
void io_deadline_disarm(struct io_deadline *d);
static inline bool io_deadline_is_armed(const struct io_deadline *d)
{
	return d->next;
}

/*
 * Done once, after the callback that is running has returned: the place to free what a callback
 * must not free under its caller's feet. Adding a node twice does nothing.
 */
struct io_later {
	struct io_later *next;
	bool is_queued;
	void (*fn)(struct io_later *l);
};
void io_later_add(struct io_loop *loop, struct io_later *l);
/* Its owner goes: it will not be called, not later, nor at the turn's end, nor soon. */
void io_later_remove(struct io_loop *loop, struct io_later *l);

/* The same once at the end of the turn, when all that is ready has been met: what many sessions
 * want said to one peer goes out in one piece. */
void io_turn_add(struct io_loop *loop, struct io_later *l);

/*
 * The same in the next turn of the loop, after others had theirs: for work that goes on by itself.
 */
void io_soon_add(struct io_loop *loop, struct io_later *l);

/* Buffers of the loop, lent for the length of a callback. */
enum { IO_SCRATCH_LEN = 512 * 1024 };
uint8_t *io_loop_scratch(struct io_loop *loop);       /* what a read brings */
uint8_t *io_loop_plain_scratch(struct io_loop *loop); /* what decryption brings */
/* Puts the loop's spare memory under an empty buf, and takes it back from one. */
void io_loop_lend(struct io_loop *loop, struct buf *b);
void io_loop_take_back(struct io_loop *loop, struct buf *b);

#endif
