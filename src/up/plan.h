/*
 * From what is installed to what changes: each public listener of Postfix and Dovecot that mailseal
 * can stand in front of (a door) moves to a port of loopback where its server expects a PROXY
 * header, a second one beside it stays a direct way in for this host, and a mailseal.conf takes the
 * public ports with the certificates that the servers had. What is not understood is said and left
 * alone; what would make mail stop is refused. Pure: nothing is read, asked or changed here.
 */
#ifndef UP_PLAN_H
#define UP_PLAN_H

#include "servers/servers.h"
#include "up/work.h"

enum {
	UP_EDGES_MAX = 16,
	UP_DOORS_MAX = 8, /* of one edge */
	UP_CERTIFICATES_MAX = 64,
	UP_LISTEN_CAP = 512,
};

/* Who listens on a TCP port of this host. */
struct up_listening {
	uint16_t port;
	char program[32]; /* "master"; "" if this user may not know */
};

struct up_facts {
	struct servers *servers; /* read; keeps texts of the plan */
	const struct up_listening *listening;
	size_t listening_count;
	bool takes_postfix, takes_dovecot; /* which servers mailseal is to stand in front of */
	const char *hostname;              /* of this host, for where Postfix does not say */
	const char *conf_path;             /* of the mailseal.conf to be */
	bool conf_is_there, conf_has_folder;
};

struct up_door {
	const struct servers_listener *listener; /* the first of those that share a declaration */
	uint16_t port;
	bool is_tls;
	char listen[UP_LISTEN_CAP]; /* as the configuration has it: "*:25", "192.0.2.1:25" quoted,
	                               with ", " between */
	uint16_t direct_port;
};

/* One edge and its backend. */
struct up_edge {
	const char *name;
	const char *protocol; /* of the configuration */
	const struct servers_server *server;
	struct up_door doors[UP_DOORS_MAX];
	size_t door_count;
	uint16_t backend_port;
	bool takes_auth;                          /* port 25 with logins */
	bool requires_tls;                        /* port 25 that took nothing in clear */
	size_t certificates[UP_CERTIFICATES_MAX]; /* indices of the plan's, the default first */
	size_t certificate_count;
};

struct up_certificate {
	const char *name; /* in the configuration */
	const char *chain, *key;
	bool is_for_mail_exchange; /* port 25 shows it */
};

struct up_texts {
	const char **items;
	size_t count;
};

struct up_plan {
	struct up_edge edges[UP_EDGES_MAX];
	size_t edge_count;
	struct up_certificate certificates[UP_CERTIFICATES_MAX];
	size_t certificate_count;
	const char *hostname;
	struct up_texts refusals; /* why it is not done, and what helps */
	struct up_texts notes;    /* what is left alone, and what changes for people */
	struct up_work work; /* paths as the configuration names them; owners are not known here */
};

/* 0 (whatever was refused) or -ENOMEM. ret_plan: up_plan_deinit() in any case. It borrows from
 * the facts' servers. */
[[nodiscard]] int up_plan_make(struct up_plan *ret_plan, const struct up_facts *facts);
void up_plan_deinit(struct up_plan *plan);

/* Why it is not done: one more reason. 0 or -ENOMEM. */
[[nodiscard]] int up_plan_refuse(struct up_plan *plan, struct servers *texts, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

#endif
