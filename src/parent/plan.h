/*
 * A configuration with all that was read for it, from settings and files to a plan, and into force.
 * plan.c has the steps, plan_fill.c what is read, plan_acme.c certificates that are ordered,
 * plan_self_made.c our own, plan_files.c the watch on the files.
 */
#ifndef PARENT_PLAN_H
#define PARENT_PLAN_H

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/materials.h"
#include "proc/guard.h"

#include <sys/types.h>
#include <time.h>

struct parent;
struct parent_caps;
struct parent_catalog;
struct parent_child;
struct parent_health;
struct parent_tunnel;

/* A chain and its key, as they are in force. */
struct parent_certificate {
	struct buf chain; /* empty: not there (yet) */
	uint32_t key_id;
	uint8_t chain_digest[32]; /* of the public key in it */
	uint8_t key_digest[32];   /* of the public key of what keys loaded */
	bool is_key_loaded;
	uint16_t loaded_by; /* which keys processes said so, a bit each */
	bool is_rsa;
	int64_t not_before_s, not_after_s;    /* Unix time */
	struct timespec chain_time, key_time; /* of the files, for the watch on renewals */
	bool has_changed;                     /* the files are others than these by now */
	uint32_t guard_number;                /* parent/guard.h: DNS is asked; 0: it is not */
	struct proc_guard_answer guard;       /* what it said; NONE before */
	int64_t tlsa_seen_s; /* Unix time when DNS last had TLSA records for it; 0: never */
	bool is_held;        /* what the files have is kept out, this is what was in force before */
	bool is_order_lost;  /* keys died while it made the key, and the next one is asked again */
	bool is_held_by_plan; /* because a planned key is not to come yet (parent/rollover.h) */
};

/* A table of users, in sealed memory. */
struct parent_table {
	int fd;
	size_t len; /* 0: there is none, and no fd */
	size_t users;
	struct timespec time;        /* of the file */
	struct timespec faulty_time; /* of a newer one that was not taken; 0: there is none */
};

/* A configuration with all that was read for it; one is in force, one may be on its way. */
struct parent_plan {
	struct conf_settings *settings;
	struct parent_certificate *certificates; /* of the settings, then the self-made one */
	size_t certificate_count;
	struct parent_catalog *catalog; /* parent/catalog.h; NULL: there is no tree */
	struct buf *cas;                /* conf/materials.h */
	struct parent_table *tables;    /* of the lookups; parent/tables.c */
	struct timespec trust_times[2]; /* of ca.crt and denied of pki.dir */
	struct buf passwords;           /* of the dashboard */
	struct parent_caps *caps;       /* of all addresses of all backends; parent/caps.c */
	struct parent_health *health;   /* the same; parent/health.c */
	struct parent_tunnel *tunnels;  /* parent/tunnels.c */
	size_t tunnel_count;
	uid_t worker_uid;
	size_t keys_pending;
	bool self_made_is_ordered; /* keys makes it */
	bool is_guarded;           /* DNS was asked what TLSA records say */
	size_t guard_pending;      /* answers that are waited for */
	char error[256];           /* why it cannot be: set by what failed first */
};

/* Takes settings; an earlier plan that is not in force yet is dropped. What of the files is wrong
 * shows later, in the log. 0 or a negative. */
[[nodiscard]] int parent_plan_begin(struct parent *p, struct conf_settings *settings);
void parent_plan_free(struct parent_plan *plan);
/* For parts of a plan. What failed first is why it cannot be; CONF_BAD. */
int parent_plan_fails(struct parent_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* NULL: it is of another plan, or of none. */
struct parent_certificate *parent_plan_certificate_of(struct parent_plan *plan, uint32_t key_id);
/* One thing less to wait for. */
void parent_plan_settled(struct parent *p);
/* Something that p->next waited for is known. */
void parent_plan_decide_soon(struct parent *p);
/* The same settings, and the files as they are now. */
void parent_plan_again(struct parent *p);
/* What a keys process says of a key; nothing where no plan on its way has it. */
void parent_plan_key_loaded(struct parent_child *keys, uint32_t key_id, struct slice digest);
void parent_plan_key_bad(struct parent *p, uint32_t key_id, const char *why);
/* The first keys died and is there again: what it was to make is asked for once more. */
void parent_plan_keys_again(struct parent *p);
/* Reads the file again and starts a plan; errors go to the log. 0, CONF_BAD or a negative. */
int parent_reload(struct parent *p);

/* The chain is read, keys is given the key. 0 or CONF_BAD. */
int parent_plan_certificate_load(struct parent *p, struct parent_plan *plan, size_t number,
                                 const char *chain_path, const char *key_path);

/* Of a certificate that is ordered, its key and what it shows until then. */
int parent_plan_ordered(struct parent *p, struct parent_plan *plan, size_t number);
/* A new keys is asked for what the one before did not answer. */
void parent_plan_ordered_again(struct parent *p, struct parent_plan *plan);

/* keys made the certificate; empty: it could not. */
void parent_plan_self_signed(struct parent *p, struct slice chain);

/* Of a certificate of the plan, conf/materials.h. */
void parent_plan_key_path(const struct conf_settings *s, size_t number, char *ret_path, size_t cap);
/* Renewed files are picked up by themselves; symbolic links are followed at every look. */
void parent_plan_watch_files(struct parent *p);
/* Says every hour that our own certificate of the internal CA should have been renewed. */
void parent_plan_node_alarm(struct parent *p);

#endif
