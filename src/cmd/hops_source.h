/* The messages that `mailseal hops` looks at: a file, an mbox, a folder of files, standard input.
 * Bounded memory; of a message that stands alone no more than its header is read. */
#ifndef CMD_HOPS_SOURCE_H
#define CMD_HOPS_SOURCE_H

#include "hops/way.h"

struct hops_source {
	const struct hops_settings *settings;
	bool is_mbox; /* whatever it begins with */
	/* One message; way lives until it returns. 0 or a negative, which ends all. */
	int (*message)(void *owner, const struct hops_way *way);
	/* It cannot be read. */
	void (*fail)(void *owner, const char *path, int error);
	void *owner;
	struct hops_way *way; /* room for one */
};

/* path: "-" is standard input. 0 or what message() said. */
[[nodiscard]] int hops_source_read(const struct hops_source *s, const char *path);

#endif
