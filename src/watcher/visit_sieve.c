/* ManageSieve (RFC 5804 2.1): strings and literals. */
#include "watcher/visit_inside.h"

#include "conv/line.h"
#include "watch/word.h"

/* A string in quotes, or what is announced by "{12+}" and comes next. */
static void response_take(struct watcher_visit *v, struct slice rest)
{
	struct slice text;
	uint32_t len;
	if (watch_word_string(&rest, &text))
		watcher_visit_sasl_response(v, text);
	else if (watch_word_literal(rest, &len))
		v->is_in_sasl = true;
	watcher_visit_user_take(v);
}

static void command(struct watcher_visit *v, struct slice line)
{
	struct slice rest = line, mechanism;
	if (!slice_equal_nocase(watch_word_take(&rest), slice_str("AUTHENTICATE")) ||
	    !watch_word_string(&rest, &mechanism) ||
	    !watcher_visit_sasl_begin(v, mechanism, (struct slice){}))
		return;
	v->wait = WATCHER_WAIT_LOGIN;
	response_take(v, rest);
}

static void client_line(struct watcher_visit *v, struct slice line, bool is_literal)
{
	if (is_literal && v->is_in_sasl) {
		v->is_in_sasl = false;
		watcher_visit_sasl_response(v, line);
		watcher_visit_user_take(v);
	} else if (v->wait == WATCHER_WAIT_LOGIN && line.len) {
		response_take(v, line);
	} else if (!is_literal && !v->is_logged_in) {
		command(v, line);
	}
}

static void server_line(struct watcher_visit *v, struct slice line)
{
	struct slice word = watch_word_take(&line);
	bool is_well = slice_equal_nocase(word, slice_str("OK"));
	if (v->wait == WATCHER_WAIT_LOGIN && (is_well || slice_equal_nocase(word, slice_str("NO"))))
		watcher_visit_login_end(v, is_well, false);
}

void watcher_visit_sieve_line(struct watcher_visit *v, enum watch_side side, struct slice line,
                              bool is_literal)
{
	if (side == WATCH_CLIENT)
		client_line(v, line, is_literal);
	else if (!is_literal)
		server_line(v, line);
}
