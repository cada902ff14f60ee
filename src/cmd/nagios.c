#include "cmd/nagios.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 24 * 3600 };

struct verdict {
	enum nagios_state state;
	struct buf words; /* what is wrong, ", " between */
	const json_t *status;
	int64_t now_s;
	bool has_failed; /* no memory */
};

const char *nagios_state_name(enum nagios_state state)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	return names[state];
}

__attribute__((format(printf, 3, 4))) static void add(struct verdict *v, enum nagios_state state,
                                                      const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0 || (buf_len(&v->words) && buf_add_str(&v->words, ", ")) ||
	    buf_add_str(&v->words, text))
		v->has_failed = true;
	if (len >= 0)
		free(text);
	if (state > v->state)
		v->state = state;
}

static int64_t number_at(const json_t *object, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(object, key));
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text ? text : "";
}

static void state_judge(struct verdict *v)
{
	static const struct {
		const char *name;
		enum nagios_state state;
	} states[] = {
		{ "running", NAGIOS_OK },
		{ "starting", NAGIOS_WARNING },
		{ "upgrading", NAGIOS_WARNING },
		{ "draining", NAGIOS_WARNING },
		{ "upgrade failed", NAGIOS_CRITICAL },
	};
	const char *name = text_at(v->status, "state");
	for (size_t i = 0; i < COUNT_OF(states); i++)
		if (!strcmp(states[i].name, name)) {
			add(v, states[i].state, "%s", name);
			return;
		}
	add(v, NAGIOS_UNKNOWN, "its state is not known");
}

/* While it drains there are none on purpose. */
static void processes_judge(struct verdict *v)
{
	const json_t *list = json_object_get(v->status, "workers"), *worker, *pid;
	size_t i, ready = 0, count = json_array_size(list);
	if (!strcmp(text_at(v->status, "state"), "draining"))
		return;
	json_array_foreach(list, i, worker)
	{
		ready += json_is_true(json_object_get(worker, "ready"));
	}
	if (ready < count)
		add(v, ready ? NAGIOS_WARNING : NAGIOS_CRITICAL, "%zu of %zu workers are ready",
		    ready, count);
	if (!number_at(v->status, "keys_pid"))
		add(v, NAGIOS_CRITICAL, "the process with the keys does not run");
	json_array_foreach(json_object_get(v->status, "keys_pids"), i,
	                   pid) if (i && !json_integer_value(pid))
		add(v, NAGIOS_WARNING, "one of the processes with the keys does not run");
}

static void certificates_judge(struct verdict *v)
{
	const json_t *c = json_object_get(v->status, "certificates");
	int64_t not_after = number_at(c, "first_not_after"), left = not_after - v->now_s;
	if (number_at(c, "stale"))
		add(v, NAGIOS_WARNING, "%lld renewed certificates are not served",
		    (long long)number_at(c, "stale"));
	if (!not_after)
		return;
	if (left <= 0)
		add(v, NAGIOS_CRITICAL, "certificate %s has expired", text_at(c, "first"));
	else if (left < NAGIOS_EXPIRY_WARN_S)
		add(v, left < NAGIOS_EXPIRY_CRITICAL_S ? NAGIOS_CRITICAL : NAGIOS_WARNING,
		    "certificate %s expires in %lld days", text_at(c, "first"),
		    (long long)(left / DAY_S));
}

static void orders_judge(struct verdict *v)
{
	const json_t *order;
	size_t i;
	json_array_foreach(json_object_get(v->status, "acme"), i, order)
	{
		int64_t failures = number_at(order, "failures");
		if (failures)
			add(v, NAGIOS_WARNING, "certificate %s: %lld orders in a row failed",
			    text_at(order, "certificate"), (long long)failures);
	}
}

static void watches_judge(struct verdict *v)
{
	const json_t *watch;
	size_t i;
	json_array_foreach(json_object_get(v->status, "watch"), i, watch)
	{
		if (!json_is_true(json_object_get(watch, "watching")))
			add(v, NAGIOS_WARNING, "%s is not watched", text_at(watch, "interface"));
	}
}

static void rest_judge(struct verdict *v)
{
	const json_t *ledger = json_object_get(v->status, "ledger");
	orders_judge(v);
	watches_judge(v);
	size_t alarms = json_array_size(json_object_get(v->status, "alarms"));
	if (alarms)
		add(v, NAGIOS_CRITICAL, "%zu alarm%s, see mailseal ctl status", alarms,
		    alarms == 1 ? "" : "s");
	size_t warnings = json_array_size(json_object_get(v->status, "warnings"));
	if (warnings)
		add(v, NAGIOS_WARNING, "%zu backend%s to be mended", warnings,
		    warnings == 1 ? " has" : "s have");
	if (number_at(v->status, "ledger_pid") && json_is_false(json_object_get(ledger, "open")))
		add(v, NAGIOS_WARNING, "the ledger has no file");
}

static int numbers_write(const json_t *status, int64_t now_s, struct buf *line)
{
	const json_t *sums = json_object_get(status, "sums");
	const json_t *ledger = json_object_get(status, "ledger");
	int64_t not_after = number_at(json_object_get(status, "certificates"), "first_not_after");
	int r = buf_printf(line, " | sessions_open=%lld;;;0 sessions=%lldc plain=%lldc",
	                   (long long)number_at(sums, "open"),
	                   (long long)number_at(sums, "sessions"),
	                   (long long)number_at(sums, "plain"));
	if (!r)
		r = buf_printf(line, " exposures=%lldc backend_failures=%lldc",
		               (long long)number_at(sums, "exposures"),
		               (long long)number_at(sums, "backend_failures"));
	if (!r && not_after)
		r = buf_printf(line, " certificate_days=%lld;%d:;%d:",
		               (long long)((not_after - now_s) / DAY_S),
		               NAGIOS_EXPIRY_WARN_S / DAY_S, NAGIOS_EXPIRY_CRITICAL_S / DAY_S);
	if (!r && ledger)
		r = buf_printf(line, " ledger_waiting=%lld;;;0 ledger_lost=%lldc",
		               (long long)number_at(ledger, "waiting"),
		               (long long)number_at(ledger, "lost"));
	return r ? err_up(r) : err_up(buf_add_str(line, "\n"));
}

int nagios_judge(const json_t *status, int64_t now_s, enum nagios_state *ret_state,
                 struct buf *ret_line)
{
	struct verdict v = { .status = status, .now_s = now_s };
	state_judge(&v);
	processes_judge(&v);
	certificates_judge(&v);
	rest_judge(&v);
	int r = v.has_failed ? err_raise(-ENOMEM)
	                     : buf_printf(ret_line, "MAILSEAL %s - ", nagios_state_name(v.state));
	if (!r)
		r = buf_add(ret_line, buf_slice(&v.words));
	if (!r)
		r = numbers_write(status, now_s, ret_line);
	buf_deinit(&v.words);
	*ret_state = v.state;
	return err_up(r);
}
