/*
 * Postfix with smtpd_tls_loglevel = 1: what one smtpd process says between "connect from" and
 * "disconnect from" is a session. No line of TLS in it: it was in clear.
 */
#include "report/log.h"

#include "base/clean.h"

/* The number and the words behind "postfix/submission/smtpd[123]: ". 0: no line of smtpd. */
static uint32_t process_of(struct slice line, struct slice *ret_rest, bool *ret_is_submission)
{
	size_t at = log_find(line, "/smtpd[");
	struct slice number = slice_skip(line, at + 7);
	uint32_t process = 0;
	size_t len = 0;
	for (; len < number.len && len < 9 && number.data[len] >= '0' && number.data[len] <= '9';
	     len++)
		process = process * 10 + (number.data[len] - '0');
	if (!slice_equal(slice_head(slice_skip(number, len), 3), slice_str("]: ")))
		return 0;
	struct slice head = slice_head(line, at);
	*ret_rest = slice_skip(number, len + 3);
	*ret_is_submission =
		log_find(head, "/submission") < head.len || log_find(head, "/smtps") < head.len;
	return process;
}

/* "NAME[ADDRESS]"; a name is as the resolver gave it. */
static void host_take(struct slice text, struct log_session *s)
{
	struct slice name = log_until(text, "[");
	slice_to_text(name, s->software, sizeof(s->software));
	slice_to_text(log_until(slice_skip(text, name.len + 1), "]"), s->address,
	              sizeof(s->address));
}

static struct log_postfix_place *place_of(struct log_postfix *p, uint32_t process)
{
	return &p->places[process % LOG_POSTFIX_PLACES];
}

static bool starts(struct slice s, const char *text)
{
	return slice_equal(slice_head(s, strlen(text)), slice_str(text));
}

static void begin(struct log_postfix_place *place, uint32_t process, bool is_submission)
{
	*place = (struct log_postfix_place){ .process = process,
		                             .session = { .protocol = is_submission ? LOG_SUBMISSION
		                                                                    : LOG_SMTP } };
}

static bool is_handshake(struct slice rest)
{
	struct slice words = log_until(rest, "[");
	return log_find(words, "TLS connection established from ") < words.len;
}

/* "Anonymous TLS connection established from NAME[ADDRESS]: TLSv1.2 with cipher NAME (...)". */
static void tls_take(struct slice rest, struct log_session *s)
{
	struct slice from = log_behind(rest, "TLS connection established from ");
	struct slice words = log_behind(from, "]: ");
	host_take(from, s);
	log_version(log_until(words, " "), s->version);
	slice_to_text(log_until(log_behind(words, " with cipher "), " "), s->cipher,
	              sizeof(s->cipher));
	s->tls = s->version[0] ? LOG_TLS_USED : LOG_TLS_UNKNOWN;
}

/* "QUEUE: client=NAME[ADDRESS], sasl_method=PLAIN, sasl_username=alice": a message. */
static void message_take(struct slice rest, struct log_session *s)
{
	host_take(log_behind(rest, ": client="), s);
	struct slice user = log_until(log_behind(rest, ", sasl_username="), ",");
	if (user.len)
		slice_to_text(user, s->user, sizeof(s->user));
	s->messages++;
}

static bool is_message(struct slice rest)
{
	struct slice queue = log_until(rest, " :");
	return queue.len && starts(slice_skip(rest, queue.len), ": client=");
}

/* Who neither had TLS nor brought anything tells nothing. */
static int end(struct log_postfix_place *place, int64_t at_s, struct log_session *ret_session)
{
	struct log_session s = place->session;
	place->process = 0;
	if (!s.address[0] || (s.tls == LOG_TLS_NONE && !s.messages))
		return LOG_NOTHING;
	s.at_s = at_s ? at_s : s.at_s;
	*ret_session = s;
	return 0;
}

int log_postfix_line(struct log_postfix *p, struct slice line, int64_t at_s,
                     struct log_session *ret_session)
{
	struct slice rest;
	bool is_submission = false;
	uint32_t process = process_of(line, &rest, &is_submission);
	struct log_postfix_place *place = place_of(p, process);
	if (!process)
		return LOG_NOTHING;
	if (place->process != process || starts(rest, "connect from "))
		begin(place, process, is_submission);
	struct log_session *s = &place->session;
	s->at_s = at_s;
	if (starts(rest, "connect from "))
		host_take(slice_skip(rest, 13), s);
	else if (is_handshake(rest))
		tls_take(rest, s);
	else if (is_message(rest))
		message_take(rest, s);
	else if (starts(rest, "SSL_accept error from ")) {
		host_take(slice_skip(rest, 22), s);
		s->tls = LOG_TLS_REFUSED;
		s->version[0] = s->cipher[0] = '\0';
	} else if (starts(rest, "disconnect from "))
		return end(place, at_s, ret_session);
	return LOG_NOTHING;
}

int log_postfix_rest(struct log_postfix *p, struct log_session *ret_session)
{
	for (size_t i = 0; i < LOG_POSTFIX_PLACES; i++)
		if (p->places[i].process && !end(&p->places[i], 0, ret_session))
			return 0;
	return LOG_NOTHING;
}
