/* A file line by line, where a "\" at the end of one joins the next to it. */
#ifndef SERVERS_JOINED_H
#define SERVERS_JOINED_H

#include "base/slice.h"
#include "servers/setting.h"

struct servers_file;

struct servers_joined {
	const char *comments;        /* what begins a comment, where a whole line begins */
	bool has_later_comments;     /* "#" behind a blank, outside quotes, begins one too */
	struct servers_place *place; /* of the line that fn is given, whole */
	/* line: trimmed, not empty. Anything but 0 ends the reading. */
	int (*fn)(void *owner, struct slice line);
	void *owner;
};

/* A last line that is to go on is none. 0, what fn returned, or -ENOMEM. */
[[nodiscard]] int servers_joined_read(const struct servers_file *file,
                                      const struct servers_joined *how);

#endif
