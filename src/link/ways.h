/*
 * The addresses that one connection of a link tries, in turn: those of its targets in their order,
 * a name being all the addresses that it has now; what could not be used lately comes last. Inside
 * link/ alone.
 */
#ifndef LINK_WAYS_H
#define LINK_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct link_end;
struct link_target;

enum { LINK_WAY_TEXT_CAP = 200, LINK_DOWNS_MAX = 32 };

struct link_way {
	struct link_target *target;
	struct sockaddr_storage sa;
	socklen_t len;                /* 0: there is none, see fault */
	const char *fault;            /* lives with the target */
	char text[LINK_WAY_TEXT_CAP]; /* for the log: the target, and the address of a name */
};

struct link_ways {
	struct link_way *list;
	size_t count;
	size_t at; /* the next one */
};

/* Addresses that could not be used, and until when others come first. */
struct link_downs {
	struct {
		struct sockaddr_storage sa;
		socklen_t len;
		uint64_t until_ms;
	} list[LINK_DOWNS_MAX];
};

/* A name among the targets that nobody has answered for yet: it is worth waiting for. */
bool link_ways_are_pending(const struct link_end *end);

/* 0 or -ENOMEM. */
[[nodiscard]] int link_ways_init(struct link_ways *ret_ways, struct link_end *end, uint64_t now_ms);
void link_ways_deinit(struct link_ways *ways);

/* until_ms 0: it is well again. */
void link_down_note(struct link_downs *downs, const struct link_way *way, uint64_t until_ms);

#endif
