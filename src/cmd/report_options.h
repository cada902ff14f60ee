/*
 * What all reports of the ledger share: their options, the file they read, how they show what they
 * found. The exit status of each: 0 well, 1 what it looks for is there, 2 could not tell.
 */
#ifndef CMD_REPORT_OPTIONS_H
#define CMD_REPORT_OPTIONS_H

#include "report/when.h"
#include "store/ledger_read.h"

#include <getopt.h>
#include <limits.h>
#include <stddef.h>

struct conf_settings;
struct report_table;

enum { REPORT_WELL, REPORT_NOT_WELL, REPORT_COULD_NOT_TELL };

enum report_format { REPORT_FORMAT_TEXT, REPORT_FORMAT_CSV, REPORT_FORMAT_JSON };

struct report_options {
	const char *config;
	int64_t now_s;
	struct report_span span;
	int leg;          /* enum store_leg; -1: all */
	const char *edge; /* or relay; NULL: all */
	size_t limit;     /* rows to show; 0: all */
	enum report_format format;
};

/* Shared options that a report does not have. */
enum report_without {
	REPORT_WITHOUT_SPAN = 1 << 0, /* --since, --until */
	REPORT_WITHOUT_LEG = 1 << 1,
	REPORT_WITHOUT_EDGE = 1 << 2,
	REPORT_WITHOUT_LIMIT = 1 << 3,
	REPORT_WITHOUT_CSV = 1 << 4,
};

enum { REPORT_TAKE_WRONG = 1 };

/* One report, as a static const of its file. Texts end with a line end. */
struct report_command {
	const char *name;  /* "coverage" */
	const char *about; /* "Usage: ..." and what it says */
	const char *own;   /* lines of its own options, or NULL */
	const char *end;   /* "Exit: ..." and "Example: ..." */
	unsigned without;  /* enum report_without */
	/* Its own options, ended by one without a name; NULL: none. val is 'A' or above and no
	 * letter of a shared one: c s u l e n j. */
	const struct option *options;
	const char *letters; /* as for getopt(), "w"; NULL: none */
	/* 0 or REPORT_TAKE_WRONG, then the usage is shown. */
	int (*take)(void *owner, int val, const char *value);
};

/*
 * -1: go on (optind is the first word that is no option); else the exit status, and all was said.
 * argv[0]: the report's name. owner: for take().
 */
int report_options_read(struct report_options *ret_options, const struct report_command *command,
                        int argc, char **argv, void *owner);

/* What is wrong with how it was called, and the usage on stderr. Returns REPORT_COULD_NOT_TELL. */
int report_usage_wrong(const struct report_command *command, const char *why);

enum { REPORT_PATH_CAP = PATH_MAX + 64 };

/* The configuration that o names; conf_settings_free(). 0, or 1 and all was said. */
int report_settings_read(const struct report_options *o, struct conf_settings **ret_settings);

/* The ledger's file of the configuration, if it is there and can be read; else a line on stderr
 * with the mend, and 1. For who opens it by itself. */
int report_ledger_find(const struct report_options *o, const struct report_command *command,
                       char ret_path[REPORT_PATH_CAP]);

/* Opens the ledger of this configuration. 0; else a line on stderr with the mend, and 1. */
int report_ledger_open(const struct report_command *command, const struct conf_settings *settings,
                       struct store_ledger_read **ret_ledger);

/*
 * Prints tables: one below the other as text, cut at the terminal's width; JSON: a list for one
 * table, an object by their ids for several. 0, or 1 with a line on stderr.
 */
int report_show(const struct report_options *o, const struct report_table *const *tables,
                size_t count);

/* A question that one table answers; all but owner is made by report_run(). */
struct report_asking {
	struct report_options options;
	struct conf_settings *settings;
	struct store_ledger_read *ledger;
	struct store_ledger_filter filter; /* from the options */
	void *owner;                       /* for take() and answer() */
};

/*
 * A report from its arguments to its exit status: answer() makes the table, which is printed and
 * deinitialised, and says in ret_status what was found. It returns 0 or a negative.
 */
int report_run(const struct report_command *command, int argc, char **argv, void *owner,
               int (*answer)(const struct report_asking *asking, struct report_table *ret_table,
                             int *ret_status));

#endif
