/* The lines of dovecot.conf, 2.3 and 2.4, one by one. Pure. */
#ifndef SERVERS_DOVECOT_CONF_H
#define SERVERS_DOVECOT_CONF_H

#include "base/buf.h"

enum servers_dovecot_conf_kind {
	SERVERS_DOVECOT_CONF_SETTING,     /* name = value */
	SERVERS_DOVECOT_CONF_BLOCK,       /* name value { */
	SERVERS_DOVECOT_CONF_END,         /* } */
	SERVERS_DOVECOT_CONF_INCLUDE,     /* !include value */
	SERVERS_DOVECOT_CONF_INCLUDE_TRY, /* !include_try value */
	SERVERS_DOVECOT_CONF_BAD,         /* value says why */
};

struct servers_dovecot_conf {
	struct slice text; /* what is not read yet; borrowed */
	unsigned line;     /* its first line, from 1. Start with 1 */
};

/* Texts are those of servers_dovecot_conf_next()'s buf, with '\0' between, until its next call. */
struct servers_dovecot_conf_line {
	enum servers_dovecot_conf_kind kind;
	const char *name;
	const char *value;
	bool is_file;   /* the value began with "<" */
	bool is_quoted; /* no $ in it is a variable's */
	unsigned line, lines;
};

/* The next line that says something; false: there is none. ret_r: 0 or -ENOMEM (and false). */
bool servers_dovecot_conf_next(struct servers_dovecot_conf *conf, struct buf *text,
                               struct servers_dovecot_conf_line *ret_line, int *ret_r);

#endif
