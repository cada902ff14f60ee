/* Who asks at the control socket: inside of parent/ctl*.c alone. */
#ifndef PARENT_CTL_INSIDE_H
#define PARENT_CTL_INSIDE_H

#include "parent/state.h"

enum { PARENT_CTL_LINE_MAX = PATH_MAX + 16 };

/* One line is read; then it waits for an answer, or is on its way out. */
struct asker {
	struct asker *next;
	struct parent_ctl *ctl;
	struct io_watch *watch;
	struct io_deadline late;
	struct io_later end;
	int fd;
	char line[PARENT_CTL_LINE_MAX];
	size_t len;
	bool wants_status;
	bool wants_upgrade;
	uint32_t wants_forgot;  /* the request; 0: none */
	uint32_t wants_planned; /* the same */
};

struct parent_ctl {
	struct parent *parent;
	struct io_watch *watch;
	int fd;
	char path[108];
	struct asker *askers;
	size_t count;
	uint32_t forgets, plans; /* the last request */
};

/* a->line is whole: it is done, now or when somebody has answered. */
void parent_ctl_command(struct asker *a);
/* Nobody answered in time. */
void parent_ctl_late(struct asker *a);

struct json_t;
/* Sends it and hangs up, from a later turn. Takes what; NULL: hangs up. */
void parent_ctl_answer(struct asker *a, struct json_t *what);

#endif
