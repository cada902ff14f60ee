/*
 * What of the servers' configurations departs from the recommendation: rules, as tables, applied to
 * the facts of servers/. Pure: it reads no file and changes none.
 *
 *	struct audit audit = { .servers = &servers, .profile = profile };
 *	r = audit_run(&audit);
 *	for (size_t i = 0; i < audit.finding_count; i++)
 *		show(&audit.findings[i]);
 *	audit_deinit(&audit);
 *
 * It knows neither processes nor terminals. Rules of a software are a file each (postfix.c,
 * dovecot.c, ...), a row in audit.c.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "advice/rule.h"
#include "conv/conv.h"
#include "servers/edit.h"
#include "servers/servers.h"

enum { AUDIT_FINDINGS_MAX = 4000 }; /* more are left out, and that is a fault of the servers' */

struct audit_finding {
	const struct advice_rule *rule;
	enum advice_verdict verdict; /* may be milder than the rule's, by profile and place */
	const struct servers_server *server;
	const char *service; /* "submission:inet"; "" where it holds for all */
	const char *setting;
	const char *value; /* in force; may be "" */
	struct servers_place place;
	const char *right; /* a value, or words about one */
	const char *mend;  /* the command, or the lines to write; several lines maybe */
	/* The change of a file that does it; path NULL: a person has to. */
	struct servers_edit edit;
};

/* A door of mailseal that stands before one of the servers here. */
struct audit_front {
	const char *edge;    /* its backend's name in mailseal.conf */
	const char *address; /* of the backend, without brackets */
	uint16_t port;
	enum conv_client_info client_info;
};

struct audit {
	struct servers *servers; /* keeps the texts of findings too */
	const struct advice_profile *profile;
	const struct audit_front *fronts;
	size_t front_count;
	struct audit_finding *findings; /* by server, the worst first */
	size_t finding_count;
	bool is_full; /* some were left out */
};

/* 0 or -ENOMEM. */
[[nodiscard]] int audit_run(struct audit *a);
void audit_deinit(struct audit *a);

/* How many are no mere information. */
size_t audit_count(const struct audit *a);

/* Rules for this software are there. */
bool audit_has_rules(enum servers_kind kind);

/* Unified patches of all files that would change, each against a/ and b/. 0 or -ENOMEM. */
[[nodiscard]] int audit_patch(const struct audit *a, struct buf *out);

#endif
