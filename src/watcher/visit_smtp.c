/* SMTP (RFC 5321, RFC 4954). */
#include "watcher/visit_inside.h"

#include "base/clean.h"
#include "conv/line.h"

static void on_auth(struct watcher_visit *v, struct slice args)
{
	struct slice mechanism = conv_line_word(&args);
	if (watcher_visit_sasl_begin(v, mechanism, args))
		v->wait = WATCHER_WAIT_LOGIN;
}

static void command(struct watcher_visit *v, struct slice line)
{
	struct slice args = line, verb = conv_line_word(&args);
	if (slice_equal_nocase(verb, slice_str("AUTH")))
		on_auth(v, args);
	else if (slice_equal_nocase(verb, slice_str("EHLO")) ||
	         slice_equal_nocase(verb, slice_str("HELO")))
		slice_to_text(args, v->software, sizeof(v->software));
}

/* A response, though the server had refused: no command looks so. */
static bool is_stray(const struct watcher_visit *v, struct slice line)
{
	static const char *const verbs[] = { "QUIT", "RSET", "NOOP", "DATA", "HELP", "STARTTLS" };
	bool is_word = line.len && slice_find(line, ' ') == line.len;
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		is_word &= !slice_equal_nocase(line, slice_str(verbs[i]));
	return v->was_refused && is_word;
}

static void client_line(struct watcher_visit *v, struct slice line)
{
	if (v->is_in_body) {
		if (!slice_equal(line, slice_str(".")))
			return;
		v->is_in_body = false;
		v->wait = WATCHER_WAIT_DOT;
	} else if (v->is_in_sasl || is_stray(v, line)) {
		watcher_visit_sasl_response(v, line);
	} else {
		v->was_refused = false;
		command(v, line);
	}
}

/* Encryption required, not offered, not now: no login failed. */
static bool is_refusal(struct slice line)
{
	static const char *const codes[] = { "530", "538", "503", "502" };
	for (size_t i = 0; i < COUNT_OF(codes); i++)
		if (slice_starts_nocase(line, codes[i]))
			return true;
	return false;
}

static void server_line(struct watcher_visit *v, struct slice line)
{
	if (line.len < 3 || (line.len > 3 && line.data[3] == '-'))
		return;
	bool is_well = line.data[0] == '2';
	if (v->wait == WATCHER_WAIT_LOGIN) {
		v->is_in_sasl = slice_starts_nocase(line, "334");
		v->was_refused = is_refusal(line);
		if (!v->is_in_sasl)
			watcher_visit_login_end(v, is_well, line.data[0] == '5' && !v->was_refused);
	} else if (v->wait == WATCHER_WAIT_DOT) {
		v->messages += is_well;
		v->wait = WATCHER_WAIT_NOTHING;
	} else {
		v->is_in_body = slice_starts_nocase(line, "354");
	}
}

void watcher_visit_smtp_line(struct watcher_visit *v, enum watch_side side, struct slice line,
                             bool is_literal)
{
	if (side == WATCH_CLIENT)
		client_line(v, line);
	else
		server_line(v, line);
}
