/* What the parent knows: inside of parent/ alone. Who does what with it has a header of its own. */
#ifndef PARENT_STATE_H
#define PARENT_STATE_H

#include "base/buf.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "parent/child.h"
#include "parent/estate.h"
#include "parent/keys.h"
#include "parent/listen.h"
#include "parent/plan.h"
#include "parent/tlsrpt.h"
#include "parent/upgrade.h"
#include "proc/msg.h"
#include "proc/witness.h"
#include "tunnel/look.h"

#include <time.h>

enum { PARENT_TICKET_KEYS_LEN = ESTATE_TICKET_KEYS_LEN };

struct parent {
	struct io_loop *loop;
	const char *config_path;
	int lock_fd;
	struct conf_settings *began_with;
	struct parent_plan *plan;    /* in force */
	struct parent_plan *next;    /* waits for keys */
	struct parent_plan *retired; /* the one before: keys still has its keys */
	struct io_later decide_later;
	uint32_t guard_numbers; /* given out */
	bool guard_is_off;      /* of the next plan: nothing can stay */
	struct io_deadline guard_late, guard_again;
	struct parent_rollover *rollovers; /* of each certificate */
	uint32_t rollover_numbers;         /* given out */
	struct io_deadline rollover_tick;
	uint64_t node_quiet_until_ms; /* it was said that our own certificate is not renewed */
	bool next_is_renewal;         /* the same settings, other certificates */
	struct parent_child keys[PARENT_KEYS_MAX]; /* parent/keys.h */
	unsigned keys_count;
	struct parent_child resolver; /* not there where nothing asks DNS */
	struct edge_bans *bans;
	struct buf hosts;            /* names in our settings, as resolver said them last */
	struct timespec hosts_time;  /* of the hosts file, as it was sent */
	struct buf workarounds;      /* as resolver said them last */
	struct parent_tlsrpt tlsrpt; /* the same of TLS reports */
	struct parent_child ledger;  /* not there where nothing is recorded */
	uint64_t ledger_numbers[PROC_LEDGER_NUMBER_COUNT];   /* as it said them last */
	uint64_t cluster_numbers[PROC_CLUSTER_NUMBER_COUNT]; /* the same */
	struct io_deadline ledger_late;                      /* it was told to end, and has to */
	struct parent_child runner;                          /* not there where there is no hook */
	struct parent_child site;     /* not there where we answer at no name */
	struct buf policies;          /* as it said them last (site/told.h) */
	struct parent_child witness;  /* not there where nothing is looked at */
	struct parent_truth *truth;   /* what it looks at */
	struct parent_alarms *alarms; /* what is wrong */
	struct parent_watch *watches; /* one for each interface */
	struct parent_child *workers[PARENT_WORKERS_MAX];
	unsigned worker_count;
	struct parent_child *leaving;
	struct parent_listener *listeners;
	size_t listener_count;
	uint32_t next_key_id;
	uint8_t ticket_keys[PARENT_TICKET_KEYS_LEN];
	char witness_token[PROC_WITNESS_TOKEN_LEN + 1]; /* "": not made yet */
	struct io_deadline witness_turn;                /* the next list of what is looked at */
	struct io_deadline ticket_tick;
	uint64_t tickets_due_ms;
	struct io_deadline file_tick;
	unsigned file_ticks;
	struct parent_waiting *requests; /* that keys makes; parent/requests.c */
	uint32_t next_request;
	struct parent_challenges *challenges; /* NULL until one is in force */
	struct parent_acme *acme;
	struct io_deadline dashboard_tick;
	struct io_deadline tunnel_tick; /* the next look */
	uint64_t tunnels_looked_ms;
	struct {
		int fd;
		struct io_watch *watch; /* NULL: there is none */
	} tunnel_news[TUNNEL_NEWS_COUNT];
	bool ledger_has_reports;          /* of others: their folder was there when it began */
	uint64_t deaths[PROC_ROLE_COUNT]; /* of processes that were started again */
	int64_t exceptions_told_s;        /* Unix time of the last look */
	struct io_signal *signals[5];
	struct parent_ctl *ctl;
	struct timespec began;
	struct parent_upgrade upgrade;
	char old_version[ESTATE_VERSION_CAP]; /* of the build we took over from; "": none */
	uint32_t old_drain_timeout_ms;
	struct io_deadline heir_late;
	bool has_upgrade_failed; /* the old workers serve, ours could not begin */
	bool is_ready;           /* said so once */
	bool is_reloading;       /* not every worker took the plan in force yet */
	bool is_announced;       /* that it will drain; connections are still taken */
	bool is_draining;
	struct io_deadline notice;  /* when it does */
	uint64_t mismatch_since_ms; /* chain and key do not fit: an error after a minute */
	int status;
};

/* Every worker has the plan in force. */
void parent_all_ready(struct parent *p);
/* The users that other processes become must be there; else what is, once said. */
void parent_users_check(const struct parent *p, struct conf_settings *s);

#endif
