/* What the parent knows: inside of parent/ alone. */
#ifndef PARENT_STATE_H
#define PARENT_STATE_H

#include "base/buf.h"
#include "conf/conf.h"
#include "conf/materials.h"
#include "io/loop.h"
#include "parent/estate.h"
#include "parent/keys.h"
#include "proc/chan.h"
#include "proc/guard.h"
#include "proc/msg.h"
#include "proc/witness.h"
#include "tunnel/look.h"

#include <linux/limits.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

enum {
	PARENT_WORKERS_MAX = 64,
	PARENT_TICKET_KEYS_LEN = ESTATE_TICKET_KEYS_LEN,
	PARENT_INTERFACE_CAP = 16,
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

/* A process that watches an interface. */
struct parent_watch {
	struct parent_child child; /* first: what is told of the one is of the other */
	struct parent_watch *next;
	bool is_unwanted; /* it ends, and none comes in its place */
	char why[256];    /* nothing can be captured; "": it can, or nobody knows yet */
	char told[256];   /* the last why that the log has */
	uint64_t numbers[PROC_WATCH_NUMBER_COUNT];
};

/* One address an edge listens on: a socket for every worker (SO_REUSEPORT). */
struct parent_listener {
	char text[128];
	struct sockaddr_storage sa;
	socklen_t sa_len;
	uint32_t edge; /* or which service of its kind */
	bool is_tls;
	bool is_service;
	bool is_wide; /* every address of loopback */
	enum proc_service service;
	mode_t mode;                 /* of a service's unix socket */
	const char *group, *owner;   /* NULL: the daemon's own */
	int fds[PARENT_WORKERS_MAX]; /* by slot; -1 past the last worker */
};

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

/* On the way to another build: it is asked what it is, checks the file, then is executed. */
enum parent_upgrade_step {
	PARENT_UPGRADE_NONE,
	PARENT_UPGRADE_ASK,
	PARENT_UPGRADE_CHECK,
	PARENT_UPGRADE_SETTLE, /* until no message is half read or half sent */
};
struct parent_upgrade {
	enum parent_upgrade_step step;
	char binary[PATH_MAX];
	char version[ESTATE_VERSION_CAP];
	pid_t pid;  /* of the binary that is asked */
	int out_fd; /* what it says */
	bool is_late;
	struct io_deadline tick;
	unsigned ticks;
	bool holds_signals; /* blocked: they wait for the new image */
};

/* TLS reports of the days that are kept. */
struct parent_tlsrpt {
	uint64_t waiting, sent, given_up;
};

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

/* parent/challenges.c; nothing is answered until all workers have said so. */
void parent_challenges_send(struct parent *p, struct parent_child *worker);
void parent_challenges_free(struct parent *p);

/* parent/plan_acme.c: of a certificate that is ordered, its key and what it shows until then. */
int parent_plan_ordered(struct parent *p, struct parent_plan *plan, size_t number);
/* A new keys is asked for what the one before did not answer. */
void parent_plan_ordered_again(struct parent *p, struct parent_plan *plan);

/* parent/plan.c: from settings and files to a plan, and into force. */
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

/* parent/plan_fill.c: the chain is read, keys is given the key. 0 or CONF_BAD. */
int parent_plan_certificate_load(struct parent *p, struct parent_plan *plan, size_t number,
                                 const char *chain_path, const char *key_path);

/* parent/plan_self_made.c: keys made the certificate; empty: it could not. */
void parent_plan_self_signed(struct parent *p, struct slice chain);

/* parent/plan_files.c */
/* Of a certificate of the plan, conf/materials.h. */
void parent_plan_key_path(const struct conf_settings *s, size_t number, char *ret_path, size_t cap);
/* Renewed files are picked up by themselves; symbolic links are followed at every look. */
void parent_plan_watch_files(struct parent *p);
/* Says every hour that our own certificate of the internal CA should have been renewed. */
void parent_plan_node_alarm(struct parent *p);

/* parent/listen.c: 0, or PARENT_LISTEN_BUSY with a line in the log. */
enum { PARENT_LISTEN_BUSY = 1 };
[[nodiscard]] int parent_listen(struct parent *p, const struct conf_settings *settings,
                                unsigned workers);
void parent_listen_close(struct parent *p);
/* Takes fd, a socket of the build before. */
[[nodiscard]] int parent_listen_adopt(struct parent *p, unsigned slot, int fd);
/* Ours of this slot are closed: the kernel gives its clients to the others. */
void parent_listen_drop(struct parent *p, unsigned slot);

/* parent/children.c */
[[nodiscard]] int parent_worker_start(struct parent *p, unsigned slot);
void parent_worker_configure(struct parent *p, struct parent_child *worker);
void parent_workers_configure(struct parent *p);
/* A channel between a servant and a worker, one end to each; nothing if one of them is not there.
 */
void parent_introduce(struct parent_child *servant, struct parent_child *worker);
/* A folder of state_dir, which "user" may write to. 0 or a negative, which was logged. */
[[nodiscard]] int parent_folder_make(const struct conf_settings *s, const char *name);
/* Resolver, ledger, runner and witness are started, replaced or ended, as the plan in force wants
 * it. */
void parent_servants_adjust(struct parent *p, const struct conf_settings *old);
void parent_worker_leave(struct parent *p, unsigned slot);
/* After drain_notice; called again: at once. */
void parent_drain(struct parent *p);
/* A service that one process alone has, which gets its socket. */
void parent_service_listen(struct parent *p, struct parent_child *child, enum proc_service service);
/* The bytes of a file for a process: a number, a name where there is one. */
void parent_file_send(struct parent_child *child, enum proc_msg_type type, uint32_t number,
                      const char *name, struct slice bytes);
/* A socket of the dashboard. */
void parent_dashboard_listen(struct parent *p, struct parent_child *ledger);
void parent_children_reap(struct parent *p);
void parent_send(struct parent_child *child, enum proc_msg_type type, struct slice payload, int fd);
void parent_tickets_rotate(struct parent *p);
void parent_tickets_adopt(struct parent *p, const struct estate *e);
/* Those of the cluster. While its store is away ours go on, and are rotated an hour late: they may
 * come yet. */
void parent_tickets_came(struct parent *p, struct slice keys);
/* A process of the build before; its channel is ours in any case. */
[[nodiscard]] int parent_child_adopt(struct parent *p, const struct estate_child *from);
/* The process and its channel, as that user. */
[[nodiscard]] int parent_child_start(struct parent_child *c, const char *user);
enum { PARENT_CHILD_NAME_CAP = 24 };
void parent_child_name(const struct parent_child *c, char ret_name[PARENT_CHILD_NAME_CAP]);
/* From its channel: a servant that has nobody left then ends by itself. */
void parent_child_detach(struct parent_child *c);
/* parent/child_hear.c: a message is done; c may have lost its channel by then. */
void parent_child_heard(struct parent_child *c, const struct proc_msg *msg);
/* No message is half read or half sent, and nothing asked for. */
bool parent_child_is_quiet(const struct parent_child *c);
bool parent_child_is_serving(const struct parent_child *c); /* inherited and not told to drain */
void parent_old_workers_drain(struct parent *p);
/* The keys process of the build before ends with the last of its workers. */
void parent_old_keys_end(struct parent *p);

/* parent/caps.c: what backends offer; one worker asked, the others are told, status warns. */
void parent_caps_came(struct parent_child *from, struct slice payload);
void parent_caps_send(struct parent *p, struct parent_child *worker);
void parent_caps_free(struct parent_plan *plan);
struct json_t;
struct json_t *parent_caps_warnings(const struct parent *p);

/* parent/health.c: how backends are; one worker looks, the others are told. */
/* What there is to look at. 0 or -ENOMEM. */
[[nodiscard]] int parent_health_prepare(struct parent_plan *plan);
/* What was known before a reload. old may be NULL. */
void parent_health_inherit(struct parent_plan *plan, const struct parent_plan *old);
void parent_health_free(struct parent_plan *plan);
void parent_health_came(struct parent_child *from, struct slice payload);
void parent_health_send(struct parent *p, struct parent_child *worker);
void parent_loads_came(struct parent_child *from, struct slice payload);
/* is_long: with the numbers of each worker. */
struct json_t *parent_health_json(const struct parent *p, bool is_long);

/* parent/tables.c: tables of users. What did not change since before (NULL: nothing was) is not
 * read again; what is faulty now is as it was before. 0, CONF_BAD with plan->error (nothing was
 * before), or a negative. */
[[nodiscard]] int parent_tables_prepare(struct parent_plan *plan, const struct parent_plan *before);
void parent_tables_free(struct parent_plan *plan);
bool parent_tables_have_changed(const struct parent_plan *plan);
void parent_tables_send(struct parent *p, struct parent_child *worker);

/* parent/tunnels.c: backends that are reached by a tunnel, and whether it is there. */
/* Which there are in its settings. 0 or -ENOMEM. */
[[nodiscard]] int parent_tunnels_prepare(struct parent_plan *plan);
/* For the plan in force; old: the one before, or NULL. Workers are told when they are configured.
 */
void parent_tunnels_begin(struct parent *p, const struct parent_plan *old);
void parent_tunnels_end(struct parent *p);
void parent_tunnels_send(struct parent *p, struct parent_child *worker);
void parent_tunnels_free(struct parent_plan *plan);
struct json_t *parent_tunnels_json(const struct parent *p);
void parent_tunnels_warn(const struct parent *p, struct json_t *warnings);

/* parent/ledger.c */
void parent_ledger_status_came(struct parent *p, struct slice payload);
void parent_cluster_status_came(struct parent *p, struct slice payload);
/* Of a node that is not alone. */
struct json_t *parent_cluster_json(const struct parent *p);
void parent_ledger_ask(struct parent *p); /* how much it has; parent_ctl_status_came() follows */
struct json_t *parent_ledger_json(const struct parent *p);
/* A worker's channel to it broke. */
void parent_ledger_wanted(struct parent_child *worker);
/* What runner may run. False: there is no memory. */
bool parent_hooks_pack(const struct conf_settings *settings, struct buf *ret_payload);
/* All workers are gone: it ends, then the daemon. */
void parent_ledger_end(struct parent *p);

/* parent/watch.c */
/* Those of the plan in force are there, others end; who stays is told the settings. */
void parent_watches_adjust(struct parent *p);
/* There is another ledger. */
void parent_watches_introduce(struct parent *p);
void parent_watch_began(struct parent_child *c);
void parent_watch_message(struct parent_child *c, const struct proc_msg *msg);
/* Was it one of them that ended? */
bool parent_watch_reaped(struct parent *p, pid_t pid, int status);
void parent_watches_ask(struct parent *p); /* for numbers; parent_ctl_status_came() follows */
bool parent_watches_are_asked(const struct parent *p);
bool parent_watches_have(const struct parent *p, pid_t pid);
void parent_watches_end(struct parent *p);
void parent_watches_free(struct parent *p);
struct json_t *parent_watches_json(const struct parent *p);
/* The sum of one number. */
uint64_t parent_watches_sum(const struct parent *p, enum proc_watch_number number);

/* parent/site.c: the process that answers at names of our own (conf/site.h). */
[[nodiscard]] int parent_site_start(struct parent_child *c);
/* The plan in force, and the certificates that port 25 shows. */
void parent_site_configure(struct parent *p);
/* Nothing of mta_sts is left: says which policies senders may hold. */
void parent_site_held_warn(const struct conf_settings *settings);
void parent_site_trouble_came(struct parent *p, struct slice list);
void parent_site_mismatch_came(struct parent *p, struct slice list);
/* Alarms of domains that are not in the settings any more, or not looked at. */
void parent_site_forget(struct parent *p);
void parent_site_policies_came(struct parent *p, struct slice text);
/* {modes: {MODE: COUNT}, domains: [{domain, mode, id, since, why}]}. */
struct json_t *parent_site_json(const struct parent *p);

/* parent/witness.c: the process that looks at what our ports serve. */
[[nodiscard]] int parent_witness_start(struct parent_child *c);
/* All workers have the plan in force, or there is another witness: it is told what to look at. */
void parent_witness_look(struct parent *p);
void parent_witness_saw(struct parent *p, struct slice payload);
/* Workers let it pass by what it shows them. */
void parent_witness_introduce(struct parent *p, struct parent_child *worker);
void parent_witness_end(struct parent *p);

/* parent/tlsrpt.c */
void parent_tlsrpt_came(struct parent *p, struct slice payload);
struct json_t *parent_tlsrpt_json(const struct parent *p);
/* day: "" for yesterday. NULL, or why not. */
const char *parent_tlsrpt_send(struct parent *p, const char *day);

/* parent/dashboard.c: what ledger is told for it; nothing where there is none. */
void parent_dashboard_begin(struct parent *p);    /* a new ledger */
void parent_dashboard_in_force(struct parent *p); /* a plan, or a file of a certificate */
void parent_dashboard_state(struct parent *p);
/* How many certificates, and which expires first. */
struct json_t *parent_certificates_json(const struct parent *p);

/* parent/bans.c: who is not let in, as an operator or another node said; kept in state_dir. */
/* state_dir: has what was kept; NULL: not known. 0 or -ENOMEM. */
[[nodiscard]] int parent_bans_begin(struct parent *p, const char *state_dir);
void parent_bans_send(struct parent *p, struct parent_child *worker);
/* "SECONDS TARGET"; NULL, or why not. What is no address or network is a user's name. */
const char *parent_bans_put(struct parent *p, const char *text, bool *ret_is_user);
const char *parent_bans_lift(struct parent *p, const char *target);
/* Those of the cluster, all of them. */
void parent_bans_came(struct parent *p, struct slice text);
struct json_t *parent_bans_json(const struct parent *p);
size_t parent_bans_count(const struct parent *p);
/* Again and again: what is over goes. */
void parent_bans_tick(struct parent *p);

/* parent/hosts.c */
void parent_hosts_send(struct parent *p);  /* to a resolver that begins */
void parent_hosts_watch(struct parent *p); /* again, when it has changed */
void parent_hosts_came(struct parent *p, struct slice list);
struct json_t *parent_hosts_json(const struct parent *p);

/* parent/workarounds.c */
void parent_workarounds_came(struct parent *p, struct slice list);
struct json_t *parent_workarounds_json(const struct parent *p);

/* parent/ctl.c: the control socket in run_dir. */
[[nodiscard]] int parent_ctl_open(struct parent *p, const char *run_dir);
/* Goes on with the socket of the build before, and those who wait in it. Takes the descriptors. */
[[nodiscard]] int parent_ctl_adopt(struct parent *p, const struct estate *e);
void parent_ctl_close(struct parent *p);
void parent_ctl_status_came(struct parent *p);
/* Workers and ledger say how much they did; parent_ctl_status_came() follows. */
void parent_ctl_numbers_ask(struct parent *p);
/* Ledger forgot somebody; it died before it answered. */
void parent_ctl_forgot_came(struct parent *p, struct slice answer);
void parent_ctl_forgot_lost(struct parent *p);
/* The next key is made and its plan kept, or why not. */
void parent_ctl_planned(struct parent *p, uint32_t request, const char *against);
/* To who asked for the upgrade, if still there. */
void parent_ctl_upgrade_answer(struct parent *p, bool is_well, const char *message);
/* Before another image goes on: who waits is answered, who said nothing yet is handed over. */
void parent_ctl_hand_over(struct parent *p, struct estate *e);

/* parent/status.c */
/* What the daemon says of itself; is_long: with all numbers of each worker. */
struct json_t *parent_status_json(const struct parent *p, bool is_long);

/* parent/upgrade.c: from this build to another, in the same process. */
/* Why it cannot be now, or NULL. */
const char *parent_upgrade_against(const struct parent *p);
/* binary: "" is the path that this one was started from. Answers through parent/ctl.c. */
void parent_upgrade_begin(struct parent *p, const char *binary);
/* Was it the binary that is asked? */
bool parent_upgrade_reaped(struct parent *p, pid_t pid, int status);
void parent_signals_hold(bool hold);

/* parent/heir.c: the image that goes on. */
/* Takes fd: the estate. */
[[nodiscard]] int parent_inherit(struct parent *p, int fd);
/*
 * What should have taken over cannot. If old workers serve, they go on, and it says so and
 * returns true; else the caller ends the daemon.
 */
bool parent_upgrade_failed(struct parent *p, const char *why);
/* An old process ended. */
void parent_heir_lost(struct parent *p, const struct parent_child *c);

/* parent/exceptions.c: to be called every now and then. */
void parent_exceptions_tell(struct parent *p);

/* parent/notify.c: sd_notify(3) by hand; nothing without NOTIFY_SOCKET. */
void parent_notify(const char *state);

/* parent/parent.c */
void parent_all_ready(struct parent *p);
/* The users that other processes become must be there; else what is, once said. */
void parent_users_check(const struct parent *p, struct conf_settings *s);

#endif
