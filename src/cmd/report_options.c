#include "cmd/report_options.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/conf.h"
#include "report/table.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

enum { OPTIONS_MAX = 32, LETTERS_MAX = 64, LIMIT_USUAL = 100 };
enum { LETTER_CSV = 1 }; /* has no letter on the command line */

/* One row is the option and its help. */
static const struct {
	struct option option;
	unsigned without; /* a report with this bit has it not */
	const char *help;
} shared[] = {
	{ { "config", required_argument, NULL, 'c' },
	  0,
	  "  -c, --config FILE   whose state_dir it is (default /etc/mailseal/mailseal.conf)\n" },
	{ { "since", required_argument, NULL, 's' },
	  REPORT_WITHOUT_SPAN,
	  "  -s, --since WHEN    from then on (default: 30 days before the end): a date\n"
	  "                      (2027-03-31), one with a time (2027-03-31T12:00), both UTC, or\n"
	  "                      so long ago (24h, 7d)\n" },
	{ { "until", required_argument, NULL, 'u' },
	  REPORT_WITHOUT_SPAN,
	  "  -u, --until WHEN    up to then (default: now); of a date the whole day\n" },
	{ { "leg", required_argument, NULL, 'l' },
	  REPORT_WITHOUT_LEG,
	  "  -l, --leg LEG       inbound, outbound, user or internal alone\n" },
	{ { "edge", required_argument, NULL, 'e' },
	  REPORT_WITHOUT_EDGE,
	  "  -e, --edge NAME     this edge or relay alone\n" },
	{ { "limit", required_argument, NULL, 'n' },
	  REPORT_WITHOUT_LIMIT,
	  "  -n, --limit N       rows at most (default 100, with --json and --csv all); 0: all\n" },
	{ { "json", no_argument, NULL, 'j' }, 0, "  -j, --json          the same for programs\n" },
	{ { "csv", no_argument, NULL, LETTER_CSV },
	  REPORT_WITHOUT_CSV,
	  "      --csv           the same for a spreadsheet\n" },
	{ { "help", no_argument, NULL, 'h' }, 0, "  -h, --help          this text\n" },
};

static void usage_print(const struct report_command *command, FILE *out)
{
	fprintf(out, "%s\n%s", command->about, command->own ? command->own : "");
	for (size_t i = 0; i < COUNT_OF(shared); i++)
		if (!(shared[i].without & command->without))
			fputs(shared[i].help, out);
	fprintf(out, "\n%s", command->end);
}

int report_usage_wrong(const struct report_command *command, const char *why)
{
	fprintf(stderr, "mailseal report %s: %s\n\n", command->name, why);
	usage_print(command, stderr);
	return REPORT_COULD_NOT_TELL;
}

/* --- what was written --- */

/* Beside the options: what can be judged only when all are there. */
struct reading {
	struct report_options *options;
	const char *since, *until;
	bool has_limit, has_csv;
	const char *why; /* what is wrong */
};

static void leg_take(struct reading *g, const char *text)
{
	int leg = 0;
	while (leg < STORE_LEG_COUNT && strcmp(store_leg_name((enum store_leg)leg), text))
		leg++;
	if (leg == STORE_LEG_COUNT)
		g->why = "--leg is inbound, outbound, user or internal";
	g->options->leg = leg;
}

static void limit_take(struct reading *g, const char *text)
{
	char *end = NULL;
	errno = 0;
	unsigned long long limit = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || limit > INT_MAX)
		g->why = "--limit is a number of rows";
	g->options->limit = limit;
	g->has_limit = true;
}

/* False: it is none of the shared ones. */
static bool shared_take(struct reading *g, int letter, const char *value)
{
	switch (letter) {
	case 'c':
		g->options->config = value;
		return true;
	case 's':
		g->since = value;
		return true;
	case 'u':
		g->until = value;
		return true;
	case 'l':
		leg_take(g, value);
		return true;
	case 'e':
		g->options->edge = value;
		return true;
	case 'n':
		limit_take(g, value);
		return true;
	case 'j':
		g->options->format = REPORT_FORMAT_JSON;
		return true;
	case LETTER_CSV:
		g->has_csv = true;
		return true;
	default:
		return false;
	}
}

static void reading_end(struct reading *g)
{
	struct report_options *o = g->options;
	if (g->has_csv && o->format == REPORT_FORMAT_JSON)
		g->why = "--json or --csv, not both";
	if (g->has_csv)
		o->format = REPORT_FORMAT_CSV;
	if (!g->has_limit)
		o->limit = o->format == REPORT_FORMAT_TEXT ? LIMIT_USUAL : 0;
	if (!g->why)
		(void)!report_span_parse(g->since, g->until, o->now_s, &o->span, &g->why);
}

/* What getopt_long() wants: those of all reports that this one has, and its own. */
static void tables_make(const struct report_command *command, struct option *ret_options,
                        char *ret_letters)
{
	size_t count = 0;
	char *letter = ret_letters;
	for (size_t i = 0; i < COUNT_OF(shared); i++) {
		const struct option *option = &shared[i].option;
		if (shared[i].without & command->without)
			continue;
		ret_options[count++] = *option;
		if (option->val != LETTER_CSV)
			*letter++ = (char)option->val;
		if (option->val != LETTER_CSV && option->has_arg == required_argument)
			*letter++ = ':';
	}
	for (const struct option *own = command->options; own && own->name; own++) {
		assert(count + 1 < OPTIONS_MAX);
		ret_options[count++] = *own;
	}
	ret_options[count] = (struct option){};
	snprintf(letter, LETTERS_MAX - (size_t)(letter - ret_letters), "%s",
	         command->letters ? command->letters : "");
}

int report_options_read(struct report_options *ret_options, const struct report_command *command,
                        int argc, char **argv, void *owner)
{
	struct option options[OPTIONS_MAX];
	char letters[LETTERS_MAX];
	int letter;
	*ret_options = (struct report_options){ .config = CONF_USUAL_FILE,
		                                .now_s = time(NULL),
		                                .leg = -1 };
	struct reading g = { .options = ret_options };
	tables_make(command, options, letters);
	while ((letter = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (letter == 'h') {
			usage_print(command, stdout);
			return REPORT_WELL;
		}
		if (letter == '?') {
			usage_print(command, stderr);
			return REPORT_COULD_NOT_TELL;
		}
		if (!shared_take(&g, letter, optarg) && command->take(owner, letter, optarg))
			g.why = "an option's value is not one of those below";
	}
	reading_end(&g);
	return g.why ? report_usage_wrong(command, g.why) : -1;
}

/* --- the file --- */

int report_settings_read(const struct report_options *o, struct conf_settings **ret_settings)
{
	struct conf_errors errors = {};
	int r = conf_read_file(ret_settings, o->config, o->now_s, &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	return r ? 1 : 0;
}

/* Why there is nothing to read, and what to do. */
static int ledger_fail(const struct report_command *command, const char *path, const char *why)
{
	fprintf(stderr, "mailseal report %s: %s: %s\n", command->name, path, why);
	return 1;
}

static const char *absence_of(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return "there is no ledger yet: the daemon begins it when it starts";
	if (error == EACCES)
		return "it cannot be read: ask as root, or as the user of the daemon";
	return strerror(error);
}

static int path_find(const struct report_command *command, const struct conf_settings *settings,
                     char ret_path[REPORT_PATH_CAP])
{
	snprintf(ret_path, REPORT_PATH_CAP, "%s/" CONF_LEDGER_FOLDER "/" CONF_LEDGER_FILE,
	         settings->state_dir);
	return access(ret_path, R_OK) ? ledger_fail(command, ret_path, absence_of(errno)) : 0;
}

int report_ledger_find(const struct report_options *o, const struct report_command *command,
                       char ret_path[REPORT_PATH_CAP])
{
	struct conf_settings *settings = NULL;
	int r = report_settings_read(o, &settings);
	if (!r)
		r = path_find(command, settings, ret_path);
	conf_settings_free(settings);
	return r;
}

int report_ledger_open(const struct report_command *command, const struct conf_settings *settings,
                       struct store_ledger_read **ret_ledger)
{
	char path[REPORT_PATH_CAP];
	if (path_find(command, settings, path))
		return 1;
	int r = store_ledger_read_open(ret_ledger, path);
	if (r == STORE_LEDGER_READ_NEWER)
		return ledger_fail(command, path, "a newer mailseal wrote it: ask with that one");
	if (r == STORE_LEDGER_READ_OLDER)
		return ledger_fail(command, path,
		                   "an older mailseal wrote it: this one brings it up to date when "
		                   "its daemon starts");
	if (r)
		return ledger_fail(command, path,
		                   "it cannot be read as a ledger: is it whole? (the daemon puts a "
		                   "broken one aside when it starts)");
	return 0;
}

/* --- what was found --- */

/* 0: nobody reads it on a terminal. */
static size_t terminal_width(void)
{
	struct winsize size;
	return isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? size.ws_col : 0;
}

static int text_show(const struct report_table *const *tables, size_t count)
{
	CLEAN(buf_deinit) struct buf out = {};
	int r = 0;
	for (size_t i = 0; !r && i < count; i++) {
		r = buf_add_str(&out, i ? "\n" : "");
		if (!r)
			r = report_table_text(&out, tables[i], terminal_width());
	}
	fwrite(buf_slice(&out).data, 1, buf_len(&out), stdout);
	return r;
}

static int csv_show(const struct report_table *const *tables, size_t count)
{
	CLEAN(buf_deinit) struct buf out = {};
	assert(count == 1);
	int r = report_table_csv(&out, tables[0]);
	fwrite(buf_slice(&out).data, 1, buf_len(&out), stdout);
	return r;
}

static int json_show(const struct report_table *const *tables, size_t count)
{
	json_t *all = count == 1 ? report_table_json(tables[0]) : json_object();
	int r = all ? 0 : -ENOMEM;
	for (size_t i = 0; !r && count > 1 && i < count; i++)
		r = json_object_set_new(all, tables[i]->id, report_table_json(tables[i]));
	if (!r)
		json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
	return r;
}

int report_show(const struct report_options *o, const struct report_table *const *tables,
                size_t count)
{
	int r = o->format == REPORT_FORMAT_CSV    ? csv_show(tables, count)
	        : o->format == REPORT_FORMAT_JSON ? json_show(tables, count)
	                                          : text_show(tables, count);
	if (r)
		fputs("mailseal report: out of memory\n", stderr);
	return r ? 1 : 0;
}

/* --- all of it --- */

/* Everything was read: the answer. */
static int answer_show(const struct report_command *command, const struct report_asking *asking,
                       int (*answer)(const struct report_asking *asking,
                                     struct report_table *ret_table, int *ret_status))
{
	CLEAN(report_table_deinit) struct report_table table = {};
	int status = REPORT_COULD_NOT_TELL;
	int r = answer(asking, &table, &status);
	if (r) {
		fprintf(stderr, "mailseal report %s: %s (%s)\n", command->name,
		        r == -ENOMEM ? "out of memory" : "the ledger cannot be read", err_origin());
		return REPORT_COULD_NOT_TELL;
	}
	const struct report_table *const tables[] = { &table };
	return report_show(&asking->options, tables, 1) ? REPORT_COULD_NOT_TELL : status;
}

int report_run(const struct report_command *command, int argc, char **argv, void *owner,
               int (*answer)(const struct report_asking *asking, struct report_table *ret_table,
                             int *ret_status))
{
	struct report_asking asking = { .owner = owner };
	const struct report_options *o = &asking.options;
	int status = report_options_read(&asking.options, command, argc, argv, owner);
	if (status >= 0)
		return status;
	if (optind != argc)
		return report_usage_wrong(command, "there is a word too many");
	asking.filter = (struct store_ledger_filter){ .since_s = o->span.since_s,
		                                      .until_s = o->span.until_s,
		                                      .leg = o->leg,
		                                      .edge = o->edge };
	status = REPORT_COULD_NOT_TELL;
	if (!report_settings_read(o, &asking.settings) &&
	    !report_ledger_open(command, asking.settings, &asking.ledger))
		status = answer_show(command, &asking, answer);
	store_ledger_read_close(asking.ledger);
	conf_settings_free(asking.settings);
	return status;
}
