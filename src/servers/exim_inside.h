/* What the two files that read Exim's text share: exim_text.c has lines, macros and conditions,
 * exim_statements.c what a whole line means. */
#ifndef SERVERS_EXIM_INSIDE_H
#define SERVERS_EXIM_INSIDE_H

#include "servers/begin.h"
#include "servers/exim_macros.h"
#include "servers/exim_text.h"

/* Ends the reading in good order; a fault was noted. */
enum { SERVERS_EXIM_STOP = 1 };

/* What the lines that come are part of. */
enum servers_exim_part {
	SERVERS_EXIM_PART_MAIN,
	SERVERS_EXIM_PART_ACL,
	SERVERS_EXIM_PART_DRIVERS,
	SERVERS_EXIM_PART_OTHER
};

struct servers_exim_reading {
	struct servers *s;
	struct servers_scope *top;
	struct servers_scope *macros_scope;
	struct servers_scope *block;     /* a driver, or an ACL; NULL: none is open */
	struct servers_scope *statement; /* of an ACL */
	enum servers_exim_part part;
	const char *type; /* of the drivers in this part */
	struct servers_exim_macros macros;
	bool was_true[SERVERS_EXIM_CONDITIONS_MAX]; /* a branch of it was */
	bool is_true[SERVERS_EXIM_CONDITIONS_MAX];  /* this branch is */
	unsigned conditions;
	struct servers_nest nest;
	struct buf line; /* the logical line so far */
	struct buf work; /* for quoted values */
	struct servers_place place;
};

/* Notes why. SERVERS_EXIM_STOP or a negative. */
int servers_exim_stop(struct servers_exim_reading *r, const char *why);

/* Without blanks of any kind at both ends. */
struct slice servers_exim_trim(struct slice s);

/* What stands behind the word; s itself where it does not begin with it. */
struct slice servers_exim_without_word(struct slice s, const char *word);

/* "NAME = value" of a name that begins with a capital. */
bool servers_exim_is_definition(struct slice line, struct slice *ret_name, struct slice *ret_value);

/* A macro. 0, SERVERS_EXIM_STOP or a negative. */
int servers_exim_define(struct servers_exim_reading *r, struct slice name, struct slice value);

/* What r->line says, which is whole and expanded. 0, SERVERS_EXIM_STOP or a negative. */
int servers_exim_statement(struct servers_exim_reading *r);

#endif
