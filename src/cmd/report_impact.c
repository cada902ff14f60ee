#include "cmd/report_impact.h"

#include "advice/profile.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "cmd/report_impact_log.h"
#include "cmd/report_options.h"
#include "conf/conf.h"
#include "conf/value.h"
#include "report/impact_ledger.h"
#include "report/impact_log.h"
#include "report/impact_plan.h"
#include "report/impact_tables.h"
#include "tls/context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { CHAIN_MAX = 1 << 20, DOORS_MAX = 1024 };

struct wanted {
	struct impact_wish wish;
	bool reads_logs;    /* the words behind the options are files */
	bool plans;         /* exceptions instead of the tables */
	const char *notify; /* a file, "-", or NULL */
	const char *ledger; /* instead of the configuration's */
	char groups[TLS_POLICY_GROUPS_CAP];
};

/* --- options --- */

enum {
	MIN_VERSION = 256,
	SUITES,
	GROUPS,
	REQUIRE_TLS,
	PROFILE,
	PLAN,
	NOTIFY_CSV,
	LEDGER,
	FROM_LOG
};

static const struct option own_options[] = {
	{ "min-version", required_argument, NULL, MIN_VERSION },
	{ "suites", required_argument, NULL, SUITES },
	{ "groups", required_argument, NULL, GROUPS },
	{ "require-tls", no_argument, NULL, REQUIRE_TLS },
	{ "profile", required_argument, NULL, PROFILE },
	{ "plan", no_argument, NULL, PLAN },
	{ "notify-csv", required_argument, NULL, NOTIFY_CSV },
	{ "ledger", required_argument, NULL, LEDGER },
	{ "from-log", no_argument, NULL, FROM_LOG },
	{},
};

static int complain(const char *option, const char *value, size_t len, const char *mend)
{
	fprintf(stderr, "mailseal report impact: %s: \"%.*s\" is not known; %s\n", option,
	        (int)(len > 100 ? 100 : len), value, mend);
	return REPORT_TAKE_WRONG;
}

/* Names with ":" or "," between. */
static int suites_take(struct impact_wish *wish, const char *names)
{
	wish->suite_count = 0;
	while (*names) {
		size_t len = strcspn(names, ":, ");
		const struct tls_suite *suite = tls_suite_find(slice_of(names, len));
		if (len && (!suite || wish->suite_count == TLS_SUITE_COUNT))
			return complain("--suites", names, len,
			                "an edge offers those with forward secrecy alone");
		if (len)
			wish->suites[wish->suite_count++] = suite;
		names += len + (names[len] != '\0');
	}
	return wish->suite_count ? 0 : REPORT_TAKE_WRONG;
}

static int groups_take(struct wanted *w, const char *names)
{
	size_t written = 0;
	while (*names) {
		size_t len = strcspn(names, ":, ");
		const struct tls_group *group = tls_group_find(slice_of(names, len));
		if (len && (!group || group->number == TLS_GROUP_FFDHE2048))
			return complain("--groups", names, len,
			                "known are such as X25519MLKEM768, X25519, P-256");
		if (len && written + len + 2 > sizeof(w->groups))
			return REPORT_TAKE_WRONG;
		if (len)
			written +=
				(size_t)snprintf(w->groups + written, sizeof(w->groups) - written,
			                         "%s%s", written ? ":" : "", group->name);
		names += len + (names[len] != '\0');
	}
	w->wish.groups = w->groups;
	return written ? 0 : REPORT_TAKE_WRONG;
}

static int take(void *owner, int val, const char *value)
{
	struct wanted *w = owner;
	switch (val) {
	case MIN_VERSION:
		return conf_version_parse(value, &w->wish.min_version)
		               ? complain("--min-version", value, strlen(value),
		                          "write 1.0, 1.1, 1.2 or 1.3")
		               : 0;
	case SUITES:
		return suites_take(&w->wish, value);
	case GROUPS:
		return groups_take(w, value);
	case REQUIRE_TLS:
		w->wish.requires_tls = true;
		return 0;
	case PROFILE:
		w->wish.profile = advice_profile_find(value);
		return w->wish.profile ? 0
		                       : complain("--profile", value, strlen(value),
		                                  "known are m3aawg, ncsc2025, bsi2026, "
		                                  "mozilla6 and rfc9325");
	case PLAN:
		w->plans = true;
		return 0;
	case NOTIFY_CSV:
		w->notify = value;
		return 0;
	case FROM_LOG:
		w->reads_logs = true;
		return 0;
	case LEDGER:
		w->ledger = value;
		return 0;
	default: /* a number of getopt's, not an enum of ours */
		return REPORT_TAKE_WRONG;
	}
}

static const struct report_command command = {
	.name = "impact",
	.about =
		"Usage: mailseal report impact [OPTIONS] [--from-log FILE...]\n"
		"\n"
		"Who would fall to plaintext (port 25) or be cut off (users) if a planned TLS "
		"policy\n"
		"came into force: every ClientHello that was seen is replayed against it. The "
		"plan\n"
		"is the configuration with the options below over it; with --config FILE and none\n"
		"of them it is that file, its exceptions included.\n",
	.own = "      --min-version V     1.0, 1.1, 1.2 or 1.3\n"
	       "      --suites LIST       these alone, the best first (IANA's or OpenSSL's names,\n"
	       "                          \":\" between); a version of which there is none ends\n"
	       "      --groups LIST       these alone, the best first (\":\" between)\n"
	       "      --require-tls       nothing in clear, port 25 included\n"
	       "      --profile NAME      m3aawg, ncsc2025, bsi2026, mozilla6 or rfc9325; the "
	       "options\n"
	       "                          above replace its parts\n"
	       "      --plan              print the dated exceptions that would cut nobody off, "
	       "as\n"
	       "                          they go into the configuration\n"
	       "      --notify-csv FILE   write whom to tell to this file, or to stdout (-)\n"
	       "      --ledger FILE       this ledger, not that of the configuration\n"
	       "      --from-log FILE...  answer from logs of servers without mailseal: Postfix\n"
	       "                          (smtpd_tls_loglevel = 1), Dovecot, Exim; also .gz, - is\n"
	       "                          stdin. No configuration is read\n",
	.end = "Exit: 0 nobody breaks, 1 somebody does, 2 could not tell.\n"
	       "Example: mailseal report impact --min-version 1.3 --edge imap\n"
	       "         mailseal report impact --min-version 1.2 --from-log /var/log/mail.log*\n",
	.without = REPORT_WITHOUT_LEG,
	.options = own_options,
	.take = take,
};

/* --- the plan --- */

struct plan {
	struct conf_settings *settings;
	struct impact_door *doors;
	char **names; /* of the doors */
	size_t count, cap;
	bool has_guessed_keys;
	const struct impact_wish *wish;
	const char *edge; /* alone; NULL: all */
};

static void plan_deinit(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->names[i]);
	free(p->names);
	free(p->doors);
	conf_settings_free(p->settings);
}

static void closed(struct store_ledger_uses **uses)
{
	store_ledger_uses_close(*uses);
}

static bool is_of_edge(const struct conf_edge *edge, const char *certificate)
{
	for (size_t i = 0; i < edge->certificate_count; i++)
		if (!strcmp(edge->certificates[i], certificate))
			return true;
	return !edge->certificate_count;
}

/* The kinds of its keys. false: they cannot be read. A public edge without any makes itself one
 * (keys/selfsigned.c). */
static bool keys_find(const struct conf_settings *settings, const struct conf_edge *edge,
                      struct tls_replay_plan *keys)
{
	size_t count = 0;
	for (size_t i = 0; i < settings->certificate_count; i++) {
		CLEAN(buf_deinit) struct buf chain = {};
		const struct conf_certificate *c = &settings->certificates[i];
		if (!is_of_edge(edge, c->name))
			continue;
		count++;
		if (file_read(&chain, c->chain, CHAIN_MAX, NULL) ||
		    tls_replay_plan_chain(keys, buf_slice(&chain)))
			return false;
	}
	if (!count)
		keys->curve = TLS_GROUP_P256;
	return true;
}

static int door_add(struct plan *p, const char *name, const char *protocol)
{
	struct tls_replay_plan keys = {};
	const struct conf_edge *edge = impact_edge_find(p->settings, name);
	struct impact_door_settings set = {
		.protocol = edge ? conf_protocol_name(edge->protocol) : protocol,
		.settings = p->settings,
		.wish = p->wish,
	};
	if (p->count == p->cap)
		return 0; /* of edges that were, more than anybody has */
	p->names[p->count] = strdup(name);
	if (!p->names[p->count])
		return err_raise(-ENOMEM);
	set.name = p->names[p->count];
	set.has_keys = edge && keys_find(p->settings, edge, &keys);
	set.has_rsa = keys.has_rsa;
	set.curve = keys.curve;
	p->has_guessed_keys |= !set.has_keys;
	return err_up(impact_door_make(&p->doors[p->count++], &set));
}

static int on_edge(void *owner, const char *name, const char *protocol)
{
	struct plan *p = owner;
	return p->edge && strcmp(p->edge, name) != 0 ? 0 : door_add(p, name, protocol);
}

static int doors_make(struct plan *p, struct store_ledger_uses *uses)
{
	p->cap = DOORS_MAX;
	p->doors = calloc(p->cap, sizeof(*p->doors));
	p->names = calloc(p->cap, sizeof(*p->names));
	if (!p->doors || !p->names)
		return err_raise(-ENOMEM);
	return store_ledger_uses_edges(uses, on_edge, p);
}

/* --- what is shown --- */

static int csv_write(const struct impact *i, const char *path)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct report_table t = {};
	int r = impact_table_notify(&t, i);
	if (!r)
		r = report_table_csv(&text, &t);
	report_table_deinit(&t);
	FILE *out = r || !strcmp(path, "-") ? stdout : fopen(path, "we");
	if (!r && !out)
		r = -errno;
	if (!r && fwrite(buf_slice(&text).data, 1, buf_len(&text), out) != buf_len(&text))
		r = -errno;
	if (out && out != stdout && fclose(out) && !r)
		r = -errno;
	if (r)
		fprintf(stderr, "mailseal report impact: %s: %s\n", path, strerror(-r));
	return r ? 1 : 0;
}

static int tables_show(const struct report_options *o, const struct impact *i,
                       const struct impact_watch *watch)
{
	struct report_table tables[4] = {};
	const struct report_table *shown[] = { &tables[0], &tables[1], &tables[2], &tables[3] };
	int r = impact_table_summary(&tables[0], i);
	if (!r)
		r = impact_table_changes(&tables[1], i, o->limit);
	if (!r)
		r = impact_table_who(&tables[2], i, watch);
	if (!r)
		r = impact_table_watched(&tables[3], i, watch);
	if (!r && o->format == REPORT_FORMAT_CSV)
		r = report_show(o, &shown[2], 1);
	else if (!r)
		r = report_show(o, shown, o->format == REPORT_FORMAT_JSON ? 4 : 3);
	for (size_t n = 0; n < COUNT_OF(tables); n++)
		report_table_deinit(&tables[n]);
	return r;
}

struct places {
	struct store_ledger_uses *uses;
};

static int places_tell(void *owner, const struct impact_finding *finding,
                       int (*fn)(void *taker, const char *address), void *taker)
{
	const struct places *p = owner;
	return store_ledger_uses_addresses(p->uses, finding->door->name, finding->who, fn, taker);
}

static int plan_show(const struct impact *i, struct store_ledger_uses *uses, int64_t now_s)
{
	CLEAN(buf_deinit) struct buf text = {};
	struct places places = { uses };
	const struct impact_places asked = { places_tell, &places };
	const struct conf_settings *settings = i->door_count ? i->doors[0].settings : NULL;
	int r = impact_plan_write(&text, i, &asked, now_s);
	if (r)
		return 1;
	if (settings && settings->exception_count)
		puts("# The configuration has exceptions: put these into the same list.");
	fwrite(buf_slice(&text).data, 1, buf_len(&text), stdout);
	return 0;
}

static int show(const struct report_options *o, const struct wanted *w, struct impact *i,
                struct store_ledger_uses *uses, const struct impact_watch *watch)
{
	bool is_csv_all = w->notify && !strcmp(w->notify, "-");
	int r = w->notify ? csv_write(i, w->notify) : 0;
	if (!r && w->plans)
		r = plan_show(i, uses, o->now_s);
	else if (!r && !is_csv_all) {
		i->limit = o->limit;
		impact_sort(i);
		r = tables_show(o, i, watch);
	}
	return r;
}

/* Nobody came, or of some it is not known what they can: then nobody knows who breaks. */
static int status_of(const struct impact *i)
{
	if (impact_has_broken(i))
		return REPORT_NOT_WELL;
	return impact_seen(i) && !impact_unknown(i) ? REPORT_WELL : REPORT_COULD_NOT_TELL;
}

/* --- the ledger --- */

static int judge(const struct report_options *o, const struct wanted *w, struct plan *plan,
                 struct store_ledger_uses *uses, int *ret_status)
{
	CLEAN(impact_deinit) struct impact impact = {};
	struct impact_watch watch = { .now_s = o->now_s };
	/* Whom to tell and the plan are of all, however many are shown. */
	size_t limit = w->notify || w->plans ? 0 : o->limit;
	int r = doors_make(plan, uses);
	if (!r)
		r = impact_init(&impact, plan->doors, plan->count, limit);
	if (!r)
		r = impact_ledger_watch(&watch, uses);
	if (!r)
		r = impact_ledger_judge(&impact, uses, &o->span, o->now_s);
	if (r)
		return r;
	watch.has_guessed_keys = plan->has_guessed_keys;
	*ret_status = status_of(&impact);
	return show(o, w, &impact, uses, &watch) ? -EIO : 0;
}

static int settings_read(const struct report_options *o, struct plan *plan)
{
	struct conf_errors errors = {};
	int r = conf_read_file(&plan->settings, o->config, o->now_s, &errors);
	if (r)
		conf_errors_print(&errors, stderr);
	conf_errors_deinit(&errors);
	return r;
}

static int ledger_run(const struct report_options *o, const struct wanted *w)
{
	CLEAN(closed) struct store_ledger_uses *uses = NULL;
	CLEAN(plan_deinit) struct plan plan = { .wish = &w->wish, .edge = o->edge };
	char path[REPORT_PATH_CAP];
	int status = REPORT_COULD_NOT_TELL;
	if (settings_read(o, &plan))
		return REPORT_COULD_NOT_TELL;
	if (w->ledger)
		snprintf(path, sizeof(path), "%s", w->ledger);
	else if (report_ledger_find(o, &command, path))
		return REPORT_COULD_NOT_TELL;
	int r = store_ledger_uses_open(&uses, path);
	if (!r)
		r = judge(o, w, &plan, uses, &status);
	if (!r)
		return status;
	fprintf(stderr,
	        "mailseal report impact: %s cannot be read: is it the ledger of this version?\n",
	        path);
	return REPORT_COULD_NOT_TELL;
}

/* --- logs --- */

static void log_freep(struct impact_log **log)
{
	impact_log_free(*log);
}

static int log_judge(const struct report_options *o, const struct wanted *w, struct impact_log *log,
                     struct impact_watch *watch)
{
	CLEAN(impact_deinit) struct impact impact = {};
	if (impact_log_judge(log, &impact, &watch->began_s, &watch->unnamed))
		return REPORT_COULD_NOT_TELL;
	int status = status_of(&impact);
	return show(o, w, &impact, NULL, watch) ? REPORT_COULD_NOT_TELL : status;
}

static int logs_run(const struct report_options *o, const struct wanted *w, char **files,
                    size_t count)
{
	CLEAN(log_freep) struct impact_log *log = NULL;
	struct impact_watch watch = { .now_s = o->now_s, .is_of_logs = true };
	if (impact_log_new(&log, &w->wish, o->now_s))
		return REPORT_COULD_NOT_TELL;
	for (size_t i = 0; i < count; i++)
		if (report_impact_log_read(log, files[i], &watch.lines_unread))
			return REPORT_COULD_NOT_TELL;
	return log_judge(o, w, log, &watch);
}

int cmd_report_impact(int argc, char **argv)
{
	struct wanted w = {};
	struct report_options o;
	int r = report_options_read(&o, &command, argc, argv, &w);
	if (r >= 0)
		return r;
	if (w.reads_logs != (optind < argc))
		return report_usage_wrong(&command, w.reads_logs ? "--from-log wants a file"
		                                                 : "there is a word too many");
	if (w.reads_logs && w.plans)
		return report_usage_wrong(&command, "--plan wants a ledger: a log has no edges");
	if (w.plans && w.notify && !strcmp(w.notify, "-"))
		return report_usage_wrong(&command, "--plan and --notify-csv - both want stdout");
	if (w.reads_logs)
		return logs_run(&o, &w, argv + optind, (size_t)(argc - optind));
	return ledger_run(&o, &w);
}
