#include "ask/room.h"

#include "base/log.h"
#include "base/room.h"

#include <stddef.h>

/* libunbound writes a few KiB behind the first question, then once an hour at most. After a full
 * disk more is asked for, or it would be to and fro. */
enum { LOOK_MS = 10 * 1000, LEAST = 64 * 1024, AGAIN = 1024 * 1024 };

static void on_look(struct io_deadline *d)
{
	struct ask_room *room = (struct ask_room *)((char *)d - offsetof(struct ask_room, look));
	bool is_there = room->is_there ? room_seems_there(room->folder, LEAST)
	                               : room_is_there(room->folder, AGAIN);
	if (is_there == room->is_there || (!is_there && !room->is_needed)) {
		io_deadline_arm(room->loop, d, LOOK_MS);
		return;
	}
	if (is_there)
		log_notice(NULL, "there is room on the disk again",
		           kv_str("directory", room->folder));
	else
		log_warn(NULL, "the disk is full", kv_str("directory", room->folder));
	room->is_over = true;
	io_loop_stop(room->loop);
}

void ask_room_begin(struct ask_room *room, const char *folder, bool is_needed)
{
	*room = (struct ask_room){ .folder = folder,
		                   .is_there = room_is_there(folder, LEAST),
		                   .is_needed = is_needed };
}

void ask_room_watch(struct ask_room *room, struct io_loop *loop)
{
	if (!room->folder)
		return;
	room->loop = loop;
	room->look.fn = on_look;
	io_deadline_arm(loop, &room->look, LOOK_MS);
}

void ask_room_end(struct ask_room *room)
{
	io_deadline_disarm(&room->look);
}
