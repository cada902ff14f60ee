/*
 * Settings as a server's configuration has them: each with its value, the file and line it stands
 * at, and whether it is only the default.
 *
 * They stand in scopes, which are a tree as the blocks of the files are:
 *	Postfix   top: main.cf; below it one scope per line of master.cf (type "service", name
 *	          "smtp:inet", "submission:inet"), its settings are that line's -o; below top also
 *	          one per LDAP or SQL map file (type "map", name its path)
 *	Dovecot   top: the files as one; below it its blocks: type "service", name "imap-login", in
 *it type "inet_listener", name "imaps"; "passdb", "protocol", "local", "remote", ... others    the
 *same way: Exim's transports and authenticators, nginx' http, server, location A setting that a
 *scope lacks is that of the scope around it, at last the default.
 */
#ifndef SERVERS_SETTING_H
#define SERVERS_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct servers_place {
	const char *path; /* NULL: nowhere, it is the default */
	unsigned
		line; /* its first, from 1; 0: the program told the value, the line was not found */
	unsigned lines; /* how many it takes, with its continuations; 0 where line is */
};

struct servers_setting {
	const char *name;    /* as the software writes it */
	const char *value;   /* in force: one line, variables replaced, quotes and "<" kept away */
	const char *written; /* as the file has it, continuations joined by a space */
	bool is_file;        /* Dovecot's "name = <FILE": value is the file's name */
	bool is_default;     /* nobody wrote it; place has no path */
	struct servers_place place;
};

struct servers_scope {
	const char *type;             /* "" on top, "service", "inet_listener", "server" */
	const char *name;             /* "" where blocks have none */
	struct servers_scope *parent; /* around it; NULL: there is none */
	bool is_default;              /* nobody wrote it: a service that is there by itself */
	struct servers_place place;   /* of its first line; lines: up to its end */
	struct servers_setting
		*settings; /* in the order of the files; of one name the last holds */
	size_t setting_count, setting_cap;
	struct servers_scope **children; /* in the order of the files */
	size_t child_count, child_cap;
	size_t number;                   /* among those of its parent, from 0 */
	struct servers_scope *next_made; /* servers/' own */
};

/*
 * What is in force in scope: its own setting, else that of the scopes around it, else the default.
 * NULL: nobody wrote it and no default is known.
 */
const struct servers_setting *servers_setting_find(const struct servers_scope *scope,
                                                   const char *name);

/* In this scope alone. */
const struct servers_setting *servers_setting_own(const struct servers_scope *scope,
                                                  const char *name);

/* The value in force; "" where there is none. */
const char *servers_value(const struct servers_scope *scope, const char *name);

/* It is one of yes, true, on, 1 (no case). */
bool servers_value_is_yes(const struct servers_scope *scope, const char *name);

/* The next child of this type behind after (NULL: the first). NULL: no more. */
const struct servers_scope *servers_scope_next(const struct servers_scope *scope, const char *type,
                                               const struct servers_scope *after);

/* The child of this type and name. NULL: there is none. */
const struct servers_scope *servers_scope_child(const struct servers_scope *scope, const char *type,
                                                const char *name);

/* The next word of a list: separators are blanks and commas; what stands in braces is one word.
 * False: no more. *text moves on. */
bool servers_word_next(const char **text, const char **ret_word, size_t *ret_len);

/* The list has this word (no case). */
bool servers_words_have(const char *list, const char *word);

#endif
