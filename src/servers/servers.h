/*
 * What mail software is installed on a machine, and what its configuration says: facts, no
 * judgement. For audit/, which compares them with the recommendation, and up/, which puts mailseal
 * in front. Never writes a file.
 *
 *	struct servers servers = { .root = "/" };
 *	r = servers_read(&servers);
 *	for (size_t i = 0; i < servers.server_count; i++)
 *		look_at(servers.servers[i]);
 *	servers_deinit(&servers);
 *
 * A server is one piece of software in one instance. Its settings stand in scopes (setting.h), its
 * listeners and certificates in lists. All texts are owned by the `struct servers`, are NUL-ended,
 * and may be what anybody wrote: escape them where they are shown.
 *
 * A reader of one software (postfix.c, dovecot.c, ...) is a row in reader.c. It finds its files
 * beneath the root, or is given one; what it cannot read it says with servers_fault().
 */
#ifndef SERVERS_SERVERS_H
#define SERVERS_SERVERS_H

#include "base/buf.h"
#include "servers/setting.h"

enum servers_kind {
	SERVERS_POSTFIX,
	SERVERS_EXIM,
	SERVERS_OPENSMTPD,
	SERVERS_DOVECOT,
	SERVERS_CYRUS,
	SERVERS_COURIER,
	SERVERS_NGINX,
	SERVERS_APACHE,
	SERVERS_ROUNDCUBE,
	SERVERS_SNAPPYMAIL,
	SERVERS_SENDMAIL,
	SERVERS_HAPROXY,
	SERVERS_HITCH,
	SERVERS_STUNNEL,
	SERVERS_RSPAMD,
	SERVERS_AMAVIS,
	SERVERS_CLAMAV,
	SERVERS_SPAMD,
	SERVERS_REDIS,
	SERVERS_MILTER,
	SERVERS_KIND_COUNT,
};

enum servers_protocol {
	SERVERS_SMTP,       /* from other providers, or from within */
	SERVERS_SUBMISSION, /* from users, whether 587, 465 or another port */
	SERVERS_LMTP,
	SERVERS_IMAP,
	SERVERS_POP3,
	SERVERS_MANAGESIEVE,
	SERVERS_HTTP,
	SERVERS_INTERNAL, /* auth, dict, doveadm, replication, ...: the listener's name says which
	                   */
	SERVERS_PROTOCOL_COUNT,
};

enum {
	SERVERS_FILE_MAX = 4 * 1024 * 1024,   /* bytes of one file */
	SERVERS_FILES_MAX = 2000,             /* files read in one run */
	SERVERS_TOTAL_MAX = 64 * 1024 * 1024, /* bytes of all of them */
	SERVERS_FAULTS_MAX = 1000,            /* more are not kept */
};

/* Where it listens. */
struct servers_listener {
	const char *name; /* as the software calls it: "submission", "imap-login imaps" */
	enum servers_protocol protocol;
	const char *address; /* "*" (all), "192.0.2.1", "::1", a host name; a path: unix socket */
	uint16_t port;       /* 0: a unix socket */
	bool is_tls;         /* from the first byte */
	bool expects_proxy;  /* a PROXY header before anything else */
	/* What is in force for its sessions: give it to servers_setting_find(). */
	const struct servers_scope *scope;
	/* What declares it, for its place and what stands in it alone; may be the scope itself. */
	const struct servers_scope *block;
};

/* A certificate that it shows. */
struct servers_certificate {
	const char *chain_path; /* PEM, as the software opens it; may hold the key too */
	const char *key_path;   /* may be the same file; NULL: not named */
	const char *name;       /* for this server name alone (SNI); NULL: for all */
	/* For this listener alone; NULL: for all that name no other. */
	const struct servers_listener *listener;
	struct servers_place place;
};

/* A file that was read. */
struct servers_file {
	const char *path; /* as the machine whose root it is calls it: "/etc/postfix/main.cf" */
	struct buf text;
	struct servers_file *next;
};

/* What could not be read, or not understood. */
struct servers_fault {
	const char *path; /* a file or program */
	unsigned line;    /* 0: no line */
	const char *text; /* "Permission denied" */
};

struct servers_server {
	enum servers_kind kind;
	const char *instance; /* "" where there is one alone; else its name, "postfix-out" */
	const char *version;  /* "3.7.11"; NULL: not known */
	const char *path;     /* its first file: "/etc/postfix/main.cf" */
	bool is_by_tool;      /* values come from its own program too, not from files alone */
	/* The whole configuration: the scope around all others but the defaults. */
	struct servers_scope *top;
	struct servers_listener **listeners;
	size_t listener_count;
	struct servers_certificate **certificates;
	size_t certificate_count;
};

/* Outcomes of servers_run_fn. */
enum {
	SERVERS_RUN_ABSENT = 1, /* there is no such program */
	SERVERS_RUN_FAILED,     /* it ended badly, too late, or said too much; ret_said: why */
};

/*
 * Runs a program and waits for its end (never by a shell). argv[0] is an absolute path or a name
 * that is looked for in PATH. ret_out: its stdout; ret_said: the begin of its stderr. 0, an
 * outcome, or a negative. Its outcomes are those of proc/capture.h.
 */
typedef int (*servers_run_fn)(void *owner, char *const *argv, struct buf *ret_out,
                              struct buf *ret_said);

struct servers {
	/* In: set before servers_read(). */
	const char *root;     /* "/", or where another machine's files stand; borrowed */
	servers_run_fn run;   /* NULL: no program is run, files alone are read. Only with "/" */
	void *run_owner;      /* handed to run */
	const char *software; /* a servers_kind_name() in small letters; NULL: all */
	/* Out. A server never moves once it is here. */
	struct servers_server **servers;
	size_t server_count;
	struct servers_file *files;
	struct servers_fault *faults;
	size_t fault_count;
	/* The rest is servers/' own. */
	struct servers_text *texts;
	struct servers_scope *scopes;
	size_t file_count, file_total, setting_count, scope_count;
};

/* Finds all that is installed beneath the root and reads it. 0 (whatever the faults) or a
 * negative (out of memory). */
[[nodiscard]] int servers_read(struct servers *s);

/*
 * Reads one file that a person named, with all that it includes: "main.cf", "master.cf",
 * "dovecot.conf", ... say by their name whose they are. path: below the root. 0, or
 * SERVERS_UNKNOWN_FILE (no reader knows such a name), or a negative.
 */
enum { SERVERS_UNKNOWN_FILE = 1 };
[[nodiscard]] int servers_read_file(struct servers *s, const char *path);

void servers_deinit(struct servers *s);

/* A copy that lives as long as s. NULL: out of memory. */
const char *servers_text(struct servers *s, struct slice text);
const char *servers_text_str(struct servers *s, const char *text);
const char *servers_text_printf(struct servers *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The OpenSSL that packages beneath the root brought: "3.0.15". NULL: not known. */
const char *servers_openssl_version(struct servers *s);

/* "Postfix", "Dovecot"; and as it is written in options and JSON: "postfix". */
const char *servers_kind_title(enum servers_kind kind);
const char *servers_kind_name(enum servers_kind kind);
/* False: there is none of that name ("postfix"). */
bool servers_kind_find(const char *name, enum servers_kind *ret_kind);

/* "smtp", "submission", "imap". */
const char *servers_protocol_name(enum servers_protocol protocol);

/* Notes what could not be read. line 0: none. 0 or -ENOMEM. */
[[nodiscard]] int servers_fault(struct servers *s, const char *path, unsigned line,
                                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The text of a file that was read; NULL: it was not. */
const struct servers_file *servers_file_find(const struct servers *s, const char *path);

/* The text of a file that was read from that place on: place->lines lines, each with its end.
 * Empty: there is none. Borrowed from s. */
struct slice servers_lines_at(const struct servers *s, const struct servers_place *place);

/* version ("2.3.19.1", "3.10") is at least major.minor; false too where it is NULL. */
bool servers_version_is_at_least(const char *version, unsigned major, unsigned minor);

#endif
