/*
 * Every setting, as rows of tables: the parser, the default, the check, the help, the manual and
 * what a reload must redo. Inside conf/ alone.
 */
#ifndef CONF_TABLES_H
#define CONF_TABLES_H

#include "conf/conf.h"

enum conf_type {
	CONF_STRING,
	CONF_PATH, /* of a file or folder; begins with "/" */
	CONF_HOSTNAME,
	CONF_GROUPS, /* OpenSSL's names of key exchange groups, ":" between */
	CONF_BOOL,
	CONF_WORD,  /* one of the row's words; stored as its value */
	CONF_FLAGS, /* some of the row's words; the value is the offset of a bool */
	CONF_NUMBER,
	CONF_SIZE,
	CONF_DURATION_MS,
	CONF_DURATION_S, /* of days and years */
	CONF_VERSION,
	CONF_DATE, /* stored as Unix time of the end of that day, UTC */
	CONF_ADDRESSES,
	CONF_NETWORKS,
	CONF_FROM,  /* networks or "*", of an exception */
	CONF_ALLOW, /* what an exception allows */
	CONF_PINS,
	CONF_BACKEND,      /* the name of one; stored as its index */
	CONF_CERTIFICATES, /* names of some */
	CONF_FORWARDS,     /* name servers for all */
	CONF_STUBS,        /* and for a zone each */
	CONF_MODE,         /* of a file, octal */
	CONF_HANDOFFS,
	CONF_PLACE,   /* one address */
	CONF_DOMAINS, /* names, or patterns of them */
	CONF_HOSTNAMES,
	CONF_SNI_NAMES, /* "*.example.org" too */
	CONF_COMMAND,   /* a program and its arguments */
	CONF_INTERFACES,
	CONF_WORDS,   /* of letters, digits and "-" */
	CONF_WATCHES, /* ports whose certificates are watched */
	CONF_TYPE_COUNT,
};

enum { CONF_NO_BACKEND = -1 }; /* (size_t): the name was wrong, an error is noted */

struct conf_word {
	const char *name;
	size_t value;
	bool is_missing; /* in the design, not in this version */
};

struct conf_row {
	const char *name;
	enum conf_type type;
	size_t offset;
	size_t size;         /* of the field */
	size_t count_offset; /* lists */
	/* NULL: must be written. "": empty, unless the folder fills it in (the help says with
	 * what). */
	const char *initial;
	enum conf_reload reload;
	const char *help;
	const struct conf_word *words; /* ends with a NULL name */
	unsigned long long min, max;   /* 0, 0: any */
	unsigned protocols;            /* rows of an edge: 1 << enum conf_protocol; 0: all */
};

enum conf_group_kind {
	CONF_ONE,   /* NAME = { ... }; */
	CONF_NAMED, /* NAME = { one = { ... }; another = { ... }; }; */
	CONF_LIST,  /* NAME = ( { ... }, { ... } ); */
};

struct conf_group {
	const char *name;
	enum conf_group_kind kind;
	const char *help;
	const struct conf_row *rows;
	size_t row_count;
	const struct conf_group *const *groups;
	size_t group_count;
	size_t offset;           /* in the parent: of the struct, or of the pointer to the array */
	enum conf_reload reload; /* when items come or go */
	/* CONF_ONE */
	bool inherits; /* what is not written is that of settings at inherit_offset */
	size_t inherit_offset;
	bool has_flag;
	size_t flag_offset; /* a bool: it was written */
	/* CONF_NAMED and CONF_LIST; an item begins with its name where it has one */
	size_t count_offset;
	size_t item_size;
	size_t line_offset;
	size_t file_offset;                 /* 0: items do not say their file */
	bool is_shown_if_set;               /* needs has_flag; else it is shown as is_shown says */
	bool (*is_shown)(const void *base); /* NULL: always */
};

extern const struct conf_group conf_root;

/* What DESIGN names and this version has not, as a group or setting. NULL: not known at all. */
const char *conf_missing_sentence(const char *name);

struct conf_why {
	char message[256];
	char mend[192];
};

struct conf_type_ops {
	const char *form; /* for the manual */
	bool is_list;
	bool takes_number; /* written without quotes too */
	bool takes_bool;
	/* One text, for a list one element. 0, CONF_BAD (ret_why) or a negative. */
	int (*parse)(const struct conf_row *row, const struct conf_settings *settings, void *base,
	             const char *text, struct conf_why *ret_why);
	/* As it may be written. Nothing for what is empty and has no empty form. */
	void (*print)(const struct conf_row *row, const struct conf_settings *settings,
	              const void *base, FILE *out);
	/* From a base of the same struct; to is empty. */
	int (*copy)(const struct conf_row *row, void *to, const void *from);
	/* Frees; the field is empty afterwards. NULL: nothing to free. */
	void (*clear)(const struct conf_row *row, void *base);
};

const struct conf_type_ops *conf_type_ops_of(enum conf_type type);

/* How its value is written: "\"smtp\"|\"imap\"", "\"DURATION\"". */
void conf_row_form(const struct conf_row *row, char *ret_text, size_t cap);

/* Does the row count for this edge? True for all rows of other groups. */
static inline bool conf_row_applies(const struct conf_row *row, const void *base)
{
	return !row->protocols ||
	       (row->protocols & 1U << ((const struct conf_edge *)base)->protocol);
}

static inline size_t *conf_count_at(void *base, size_t offset)
{
	return (size_t *)((char *)base + offset);
}

static inline size_t conf_count_of(const void *base, size_t offset)
{
	return *(const size_t *)((const char *)base + offset);
}

/* Item i of a CONF_NAMED or CONF_LIST group. */
static inline const void *conf_item_of(const struct conf_group *group, const void *parent, size_t i)
{
	const char *items = *(char *const *)((const char *)parent + group->offset);
	return items + i * group->item_size;
}

static inline const char *conf_item_name(const void *item)
{
	return *(char *const *)item;
}

#endif
