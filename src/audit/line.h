/* How a setting that is one line of a file is changed, whatever the software. */
#ifndef AUDIT_LINE_H
#define AUDIT_LINE_H

#include "audit/ruleset.h"

struct audit_line {
	const char *between; /* name and value: " ", ": ", " = " */
	const char *quote;   /* around the value: "" or "\"" */
	const char *end;     /* ";" or "" */
	/* Where it goes if nobody wrote it yet: behind the first line of this; NULL: at the end of
	 * path. */
	const struct servers_place *block;
	const char *path;   /* NULL: the server's first file */
	const char *indent; /* in the block: "\t" */
};

/*
 * Fills mend, and edit where the line holds this setting alone (or a place for a new one is known).
 * finding has its setting, place and right. 0 or -ENOMEM.
 */
[[nodiscard]] int audit_line_mend(const struct audit_at *at, struct audit_finding *finding,
                                  const struct audit_line *line);

/* The line that the place begins with, without its end. Empty: there is none. */
struct slice audit_line_at(const struct audit *a, const struct servers_place *place);

/* "10.0.0.5:8891", "ldap://host": on another host, as far as its text says. A value that is made
 * when it is used ("${lookup...") is not known, and not remote. */
bool audit_is_remote(const char *text, size_t len);
bool audit_is_remote_text(const char *text);

/* "TLSv1.1", "tls1_1" or SSL of any kind: below what the profile asks for. */
bool audit_is_old_version(const struct audit *a, const char *word, size_t len);

/* The list has one of those, with blanks, commas or colons between. */
bool audit_has_old_version(const struct audit *a, const char *list);

/* The scope has the row's setting, and no listener in TLS goes by it: it is not judged there. */
bool audit_is_spare(const struct audit_at *at);

/* A judge of cipher lists as OpenSSL has them, for users. */
enum advice_verdict audit_judge_ciphers(const struct audit_at *at, const char *value);
const char *audit_right_ciphers(const struct audit_at *at);

#endif
