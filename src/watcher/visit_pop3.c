/* POP3 (RFC 1939, RFC 5034). */
#include "watcher/visit_inside.h"

#include "base/clean.h"
#include "conv/line.h"

static void on_user(struct watcher_visit *v, struct slice args)
{
	if (!args.len)
		return;
	slice_to_text(args, v->user, sizeof(v->user));
	watcher_visit_expose(v, v->user, "USER/PASS", false);
}

static void on_pass(struct watcher_visit *v, struct slice args)
{
	watcher_visit_expose(v, v->user, "USER/PASS", args.len > 0);
	v->wait = WATCHER_WAIT_LOGIN;
}

static void on_apop(struct watcher_visit *v, struct slice args)
{
	slice_to_text(conv_line_word(&args), v->user, sizeof(v->user));
	watcher_visit_expose(v, v->user, "APOP", false);
	v->wait = WATCHER_WAIT_LOGIN;
}

static void on_auth(struct watcher_visit *v, struct slice args)
{
	struct slice mechanism = conv_line_word(&args);
	if (!watcher_visit_sasl_begin(v, mechanism, args))
		return;
	watcher_visit_user_take(v);
	v->wait = WATCHER_WAIT_LOGIN;
}

static void command(struct watcher_visit *v, struct slice line)
{
	static const struct {
		const char *verb;
		void (*do_it)(struct watcher_visit *v, struct slice args);
	} verbs[] = {
		{ "USER", on_user },
		{ "PASS", on_pass },
		{ "APOP", on_apop },
		{ "AUTH", on_auth },
	};
	struct slice args = line, verb = conv_line_word(&args);
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		if (slice_equal_nocase(verb, slice_str(verbs[i].verb)))
			verbs[i].do_it(v, args);
}

static void client_line(struct watcher_visit *v, struct slice line)
{
	if (v->is_in_sasl) {
		watcher_visit_sasl_response(v, line);
		watcher_visit_user_take(v);
	} else if (!v->is_logged_in) {
		command(v, line);
	}
}

/* "-ERR [AUTH]" (RFC 3206) is a login that failed, any other may be a refusal of all. */
static void server_line(struct watcher_visit *v, struct slice line)
{
	if (v->wait != WATCHER_WAIT_LOGIN)
		return;
	if (slice_starts_nocase(line, "+ "))
		v->is_in_sasl = true;
	else
		watcher_visit_login_end(v, slice_starts_nocase(line, "+OK"),
		                        slice_starts_nocase(line, "-ERR [AUTH]"));
}

void watcher_visit_pop3_line(struct watcher_visit *v, enum watch_side side, struct slice line,
                             bool is_literal)
{
	if (side == WATCH_CLIENT)
		client_line(v, line);
	else
		server_line(v, line);
}
