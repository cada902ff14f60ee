/* For readers of software that is one instance with one first file. */
#ifndef SERVERS_BEGIN_H
#define SERVERS_BEGIN_H

#include "servers/reader.h"

struct servers_known {
	const char *name, *value;
};

struct servers_begin {
	enum servers_kind kind;
	const char *path;
	const char *packages[4];              /* the first that is installed says the version */
	const struct servers_known *defaults; /* ends with a NULL name; NULL: none */
};

/* A server whose first file this is, with its defaults around it. *ret_file is NULL where the file
 * is absent or unreadable: then nothing was added. 0 or a negative. */
[[nodiscard]] int servers_begin(struct servers *s, const struct servers_begin *begin,
                                struct servers_server **ret_server, struct servers_file **ret_file);

/* A setting that had another name before: the older one is given the newer beside, where that is
 * not set itself. 0 or -ENOMEM. */
struct servers_renamed {
	const char *older, *newer;
};
[[nodiscard]] int servers_renamed_add(struct servers *s, struct servers_server *server,
                                      const struct servers_renamed *names, size_t count);

/* How deep files include each other, and how many were read in all: a few files that each include
 * the next twice are as many as one likes. */
struct servers_nest {
	unsigned depth, total;
};
enum { SERVERS_NEST_DEPTH_MAX = 12, SERVERS_NEST_TOTAL_MAX = 4096 };

/* One file more may be read inside. Then `depth` is one more, which the caller takes back. NULL, or
 * why not. */
const char *servers_nest_enter(struct servers_nest *nest);

/*
 * Reads a file that another includes at *place, which stands again afterwards. What is absent, or
 * unreadable and so noted, is passed over.
 *
 * Returns 0, what fn returned, SERVERS_NEST_STOP (too deep or too many: a fault was noted), or a
 * negative.
 */
enum { SERVERS_NEST_STOP = 1 };
struct servers_include {
	struct servers_nest *nest;
	struct servers_place *place;
	int (*fn)(void *owner, const struct servers_file *file);
	void *owner;
};
[[nodiscard]] int servers_include_read(struct servers *s, const char *path,
                                       const struct servers_include *include);

/* The number of a port: "587" or a name of a mail or web service. 0: neither. */
uint16_t servers_port_of(const char *text, size_t len);

/* What that port is for, by its number; SERVERS_INTERNAL where it says nothing. */
enum servers_protocol servers_port_protocol(uint16_t port);

#endif
