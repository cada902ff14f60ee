/*
 * A process that asks, and its disk. Where libunbound cannot write the root's keys it ends the
 * process, so on a full disk it gets what it only reads (ask/anchor.h), and files that could not be
 * opened are done without. When that changes the process ends, and the next has it otherwise.
 */
#ifndef ASK_ROOM_H
#define ASK_ROOM_H

#include "io/loop.h"

#include <stdbool.h>

struct ask_room {
	struct io_loop *loop;
	const char *folder; /* NULL: it is not looked at */
	bool is_there;      /* when the process began */
	bool is_needed;
	bool is_over; /* the loop was stopped for that, which was logged */
	struct io_deadline look;
};

/* Before the box. folder: lives as long. is_needed: it is to end as well when the room is gone. */
void ask_room_begin(struct ask_room *room, const char *folder, bool is_needed);
void ask_room_watch(struct ask_room *room, struct io_loop *loop);
void ask_room_end(struct ask_room *room);

#endif
