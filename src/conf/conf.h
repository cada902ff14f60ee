/*
 * The configuration file: libconfig in, checked settings or a list of every error out.
 *
 * One table of rows (conf/tables.c) is the parser, the defaults, the help, mailseal.conf(5) and
 * what a reload must redo; checks across settings are in conf/check.c. This folder opens the
 * configuration file and what it includes, and no other file; it knows no process.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct conf_error {
	char *file;    /* NULL: text without a file (conf_read_text) */
	int line;      /* 0: no line, such as a file that cannot be opened */
	char *setting; /* "edge.mx.backend"; may be empty */
	char *message;
	char *mend; /* what to do; may be empty */
	bool is_warning;
};

/* In the order of their lines. Zeroed is empty. */
struct conf_errors {
	struct conf_error *items;
	size_t count;
	size_t error_count; /* those that are no warnings */
	bool is_unreadable; /* a file could not be opened or read: nothing is known of it */
};

void conf_errors_deinit(struct conf_errors *errors);

/* FILE:LINE: SETTING: message; mend -- one a line, warnings say so. */
void conf_errors_print(const struct conf_errors *errors, FILE *out);

enum { CONF_BAD = 1 }; /* errors has at least one that is no warning */

/*
 * Reads, checks, fills in. Include files are expanded. errors may hold warnings after a 0.
 *
 * now_s: Unix time, for the dates of exceptions
 *
 * Returns 0, CONF_BAD, or a negative (-ENOMEM).
 */
[[nodiscard]] int conf_read_file(struct conf_settings **ret_settings, const char *path,
                                 int64_t now_s, struct conf_errors *errors);

/* The same for text with includes already expanded (conf_settings.text); "@include" is refused. */
[[nodiscard]] int conf_read_text(struct conf_settings **ret_settings, const char *text,
                                 int64_t now_s, struct conf_errors *errors);

/*
 * What must be redone when `next` takes over from `now`, as a set of bits 1 << enum conf_reload:
 * 0 when nothing changed.
 */
enum conf_reload {
	CONF_RELOAD_NEW_SESSIONS, /* sessions that begin from now on */
	CONF_RELOAD_LISTENERS,    /* sockets are opened or closed */
	CONF_RELOAD_WORKERS,      /* workers are started or ended */
	CONF_RELOAD_HOOKS,        /* the process that runs hooks is replaced */
	CONF_RELOAD_RESTART,      /* needs a restart of the daemon: said, not done */
	CONF_RELOAD_COUNT,
};

/*
 * Names of the settings that differ and wait for a restart (CONF_RELOAD_RESTART), ", " between; ""
 * if there are none. Cut where it does not fit.
 */
void conf_restart_names(const struct conf_settings *now, const struct conf_settings *next,
                        char *ret_names, size_t cap);

/* Its settings are not the same, or those of the reports it sends: another resolver is needed. */
bool conf_resolver_differs(const struct conf_settings *now, const struct conf_settings *next);
/* The same of the ledger, or the store that it shares with other nodes; which hook it is does not
 * matter to it. */
bool conf_ledger_differs(const struct conf_settings *now, const struct conf_settings *next);

/* And of the process that runs hooks. */
bool conf_hooks_differ(const struct conf_settings *now, const struct conf_settings *next);

unsigned conf_reload_effect(const struct conf_settings *now, const struct conf_settings *next);

/* The system's bundle of public CAs, in PEM. */
extern const char conf_system_cas[];

/* Where it is looked for if nobody says. */
#define CONF_USUAL_FILE "/etc/mailseal/mailseal.conf"

/* Of state_dir: the resolver's own, and all that it may touch. */
#define CONF_RESOLVER_FOLDER "resolver"
/* In it: how sessions ended, for TLS reports. */
#define CONF_TLSRPT_FILE "tlsrpt.db"
/* In it: what TLS far ends had. */
#define CONF_MEMORY_FILE "memory.db"

/* Of state_dir: the ledger's own. */
#define CONF_LEDGER_FOLDER "ledger"
/* In it: the record of all sessions. */
#define CONF_LEDGER_FILE "ledger.db"
/* In it: how own domains look from outside. */
#define CONF_CHECKS_FILE "checks.db"

/* Of state_dir: witness's own: its copy of the root's keys. */
#define CONF_WITNESS_FOLDER "witness"

/* Of state_dir: the own folder of site. */
#define CONF_SITE_FOLDER "site"
/* In it: which MTA-STS policies were served, and until when senders may hold them. */
#define CONF_SERVED_FILE "served"
/* Of state_dir: a folder for each certificate that is ordered; its keys are in there. */
#define CONF_CERTIFICATES_FOLDER "certificates"
/* Of state_dir: the ACME client's own, with the account's key, and no key of TLS. */
#define CONF_ACME_FOLDER "acme"

/* Of state_dir: a mail pipe's own; TLS reports of others are in it. */
#define CONF_REPORTS_FOLDER "reports"
#define CONF_RECEIVED_FILE "received.db"

/* Does anything here ask DNS? Then there is a resolver. */
bool conf_needs_resolver(const struct conf_settings *settings);
/* Is a host named whose addresses have to be looked up? */
bool conf_has_host_names(const struct conf_settings *settings);
/* Are sessions recorded? Then there is a ledger. */
bool conf_needs_ledger(const struct conf_settings *settings);
/* Is any certificate ordered from a CA? */
bool conf_has_acme(const struct conf_settings *settings);
/* Is there a hook, or something to order? Then there is a runner. */
bool conf_needs_runner(const struct conf_settings *settings);

/* Is there a port whose certificate is looked at? Then there is a witness. */
bool conf_needs_witness(const struct conf_settings *settings);
/* Another one is needed: it finds names in DNS by other settings. */
bool conf_witness_differs(const struct conf_settings *now, const struct conf_settings *next);

/* Does mailseal answer at names of its own in HTTPS? Then there is a site. */
bool conf_needs_site(const struct conf_settings *settings);

/* Does any TLS of ours go by the internal CA? Then the files of pki.dir are read. */
bool conf_needs_identity(const struct conf_settings *settings);

/* conf/show.c: from the tables. Every default as a file that can be read again. */
void conf_print_defaults(FILE *out);

/* What is in force, defaults and inheritance included, as a file that can be read again. */
void conf_print_settings(FILE *out, const struct conf_settings *settings);

/* mailseal.conf(5), whole, in man(7) roff. */
void conf_print_man(FILE *out);

/* The complete example of the manual page, for its test. */
const char *conf_example(void);

#endif
