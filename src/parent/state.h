/* What the parent knows: inside of parent/ alone. */
#ifndef PARENT_STATE_H
#define PARENT_STATE_H

#include "base/buf.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "proc/chan.h"
#include "proc/msg.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

enum {
	PARENT_WORKERS_MAX = 64,
	PARENT_NUMBERS = 14, /* of a worker's STATUS, see worker.c */
	PARENT_TICKET_KEYS_LEN = 160,
};

struct parent;

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
	bool is_leaving; /* drains; nobody restarts it */
	bool is_asked;   /* for its status */
	uint64_t numbers[PARENT_NUMBERS];
};

/* One address an edge listens on: a socket for every worker (SO_REUSEPORT). */
struct parent_listener {
	char text[128];
	struct sockaddr_storage sa;
	socklen_t sa_len;
	uint32_t edge;
	bool is_tls;
	int fds[PARENT_WORKERS_MAX]; /* by slot; -1 past the last worker */
};

/* A chain and its key, as they are in force. */
struct parent_certificate {
	struct buf chain; /* empty: not there (yet) */
	uint32_t key_id;
	uint8_t chain_digest[32]; /* of the public key in it */
	uint8_t key_digest[32];   /* of the public key of what keys loaded */
	bool is_key_loaded;
	struct timespec chain_time, key_time; /* of the files, for the watch on renewals */
};

/* A configuration with all that was read for it; one is in force, one may be on its way. */
struct parent_plan {
	struct conf_settings *settings;
	struct parent_certificate *certificates; /* of the settings, then the self-made one */
	size_t certificate_count;
	struct buf *cas; /* by backend */
	size_t keys_pending;
	char error[256]; /* why it cannot be: set by what failed first */
};

struct parent {
	struct io_loop *loop;
	const char *config_path;
	int lock_fd;
	struct parent_plan *plan;    /* in force */
	struct parent_plan *next;    /* waits for keys */
	struct parent_plan *retired; /* the one before: keys still has its keys */
	struct io_later decide_later;
	bool next_is_renewal; /* the same settings, other certificates */
	struct parent_child keys;
	struct parent_child *workers[PARENT_WORKERS_MAX];
	unsigned worker_count;
	struct parent_child *leaving;
	struct parent_listener *listeners;
	size_t listener_count;
	uint32_t next_key_id;
	uint8_t ticket_keys[PARENT_TICKET_KEYS_LEN];
	struct io_deadline ticket_tick;
	struct io_deadline file_tick;
	struct io_signal *signals[5];
	struct parent_ctl *ctl;
	struct timespec began;
	bool is_ready; /* said so once */
	bool is_draining;
	uint64_t mismatch_since_ms; /* chain and key do not fit: an error after a minute */
	int status;
};

/* parent/plan.c: from settings and files to a plan, and into force. */
[[nodiscard]] int parent_plan_begin(struct parent *p, struct conf_settings *settings);
void parent_plan_free(struct parent_plan *plan);
void parent_plan_key_loaded(struct parent *p, uint32_t key_id, struct slice digest);
void parent_plan_key_bad(struct parent *p, uint32_t key_id, const char *why);
void parent_plan_self_signed(struct parent *p, struct slice chain);
void parent_plan_watch_files(struct parent *p);
/* Reads the file again and starts a plan; errors go to the log. 0 or CONF_BAD. */
int parent_reload(struct parent *p);

/* parent/listen.c: 0, or PARENT_LISTEN_BUSY with a line in the log. */
enum { PARENT_LISTEN_BUSY = 1 };
[[nodiscard]] int parent_listen(struct parent *p, const struct conf_settings *settings,
                                unsigned workers);
void parent_listen_close(struct parent *p);

/* parent/children.c */
[[nodiscard]] int parent_keys_start(struct parent *p);
[[nodiscard]] int parent_worker_start(struct parent *p, unsigned slot);
void parent_worker_configure(struct parent *p, struct parent_child *worker);
void parent_workers_configure(struct parent *p);
void parent_keys_send(struct parent *p, uint32_t key_id, const char *path);
void parent_worker_leave(struct parent *p, unsigned slot);
void parent_drain(struct parent *p);
void parent_children_reap(struct parent *p);
void parent_send(struct parent_child *child, enum proc_msg_type type, struct slice payload, int fd);
void parent_tickets_rotate(struct parent *p);

/* parent/ctl.c: the control socket in run_dir. */
[[nodiscard]] int parent_ctl_open(struct parent *p);
void parent_ctl_close(struct parent *p);
void parent_ctl_status_came(struct parent *p);

/* parent/notify.c: sd_notify(3) by hand; nothing without NOTIFY_SOCKET. */
void parent_notify(const char *state);

/* parent/parent.c */
void parent_all_ready(struct parent *p);
unsigned parent_workers_wanted(const struct conf_settings *settings);

#endif
