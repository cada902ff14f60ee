/*
 * A process of ours and its channel: started, adopted from the build before, told things. What it
 * says is heard in child_hear.c.
 */
#ifndef PARENT_CHILD_H
#define PARENT_CHILD_H

#include "base/buf.h"
#include "io/loop.h"
#include "parent/estate.h"
#include "proc/chan.h"
#include "proc/msg.h"

#include <sys/types.h>

struct parent;

enum { PARENT_INTERFACE_CAP = 16, PARENT_CHILD_NAME_CAP = 24 };

/* A process of ours. */
struct parent_child {
	struct parent_child *next; /* of parent.leaving */
	struct parent *parent;
	enum proc_role role;
	unsigned slot;
	pid_t pid; /* 0: not running */
	struct proc_chan *chan;
	struct io_watch *watch;
	struct io_deadline restart;
	uint64_t started_ms;
	bool is_ready;
	bool is_leaving;   /* nobody restarts it */
	bool is_drained;   /* was told to drain */
	bool is_inherited; /* of the build before: serves until the new workers are ready */
	bool is_asked;     /* for its status */
	bool is_replaced;  /* resolver, ledger, runner, witness, site: it ends because its settings
	                    * changed
	                    */
	bool wants_ledger; /* its channel to ledger broke */
	char interface[PARENT_INTERFACE_CAP]; /* of watch */
	uint64_t numbers[PROC_WORKER_NUMBER_COUNT];
	struct buf loads; /* of a worker, as it came: PROC_MSG_LOADS */
};

void parent_send(struct parent_child *child, enum proc_msg_type type, struct slice payload, int fd);
/* A process of the build before; its channel is ours in any case. */
[[nodiscard]] int parent_child_adopt(struct parent *p, const struct estate_child *from);
/* The process and its channel, as that user. */
[[nodiscard]] int parent_child_start(struct parent_child *c, const char *user);
void parent_child_name(const struct parent_child *c, char ret_name[PARENT_CHILD_NAME_CAP]);
/* From its channel: a servant that has nobody left then ends by itself. */
void parent_child_detach(struct parent_child *c);
/* No message is half read or half sent, and nothing asked for. */
bool parent_child_is_quiet(const struct parent_child *c);

/* What it said is done; c may have lost its channel by then. */
void parent_child_heard(struct parent_child *c, const struct proc_msg *msg);

#endif
