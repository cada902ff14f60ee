/*
 * Exim's main log: "2027-03-31 12:00:00 1tAbCd-000001-2x <= a@example.org H=mx.example.org
 * [192.0.2.1] P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no A=plain:alice S=1234 id=...".
 */
#include "report/log.h"

#include "base/clean.h"

/* The text of " NAME=" up to the next space. Names of fields are in any order. */
static struct slice field_of(struct slice line, const char *name)
{
	return log_until(log_behind(line, name), " ");
}

/* "[192.0.2.1]" or "[2001:db8::1]:4711". */
static void address_take(struct slice text, struct log_session *s)
{
	slice_to_text(log_until(log_behind(text, "["), "]"), s->address, sizeof(s->address));
}

/* The first word behind "H=": a name, or "(what it said)". */
static void host_take(struct slice line, struct log_session *s)
{
	struct slice host = log_behind(line, " H=");
	slice_to_text(log_until(host, " ["), s->software, sizeof(s->software));
	address_take(host, s);
}

static void tls_take(struct slice text, struct log_session *s)
{
	struct slice version = log_until(text, ":");
	log_version(version, s->version);
	slice_to_text(log_until(slice_skip(text, version.len + 1), ":"), s->cipher,
	              sizeof(s->cipher));
	s->tls = s->version[0] ? LOG_TLS_USED : text.len ? LOG_TLS_UNKNOWN : LOG_TLS_NONE;
}

static uint64_t number_of(struct slice text)
{
	uint64_t number = 0;
	for (size_t i = 0; i < text.len && i < 18 && text.data[i] >= '0' && text.data[i] <= '9';
	     i++)
		number = number * 10 + (text.data[i] - '0');
	return number;
}

/* "plain:alice"; a driver alone has no user. */
static void user_take(struct slice text, struct log_session *s)
{
	struct slice user = log_behind(text, ":");
	slice_to_text(log_until(user, ":"), s->user, sizeof(s->user));
}

/* A quoted local part may hold what looks like fields. */
static struct slice behind_sender(struct slice rest)
{
	return rest.len && rest.data[0] == '"' ? log_behind(rest, "\"@") : rest;
}

static int failure_take(struct slice line, struct log_session *ret_session)
{
	struct log_session s = { .protocol = LOG_SMTP, .tls = LOG_TLS_REFUSED };
	struct slice from = log_behind(line, "TLS error on connection from ");
	if (!from.len)
		return LOG_NOTHING;
	address_take(from, &s);
	slice_to_text(log_until(from, " ["), s.software, sizeof(s.software));
	*ret_session = s;
	return s.address[0] ? 0 : LOG_NOTHING;
}

int log_exim_line(struct slice line, struct log_session *ret_session)
{
	struct slice rest = behind_sender(log_behind(line, " <= "));
	struct log_session s = { .messages = 1 };
	if (!rest.len)
		return failure_take(line, ret_session);
	host_take(rest, &s);
	if (!s.address[0])
		return LOG_NOTHING; /* of this host, or no line of Exim's */
	tls_take(field_of(rest, " X="), &s);
	user_take(field_of(rest, " A="), &s);
	s.bytes = number_of(field_of(rest, " S="));
	s.protocol = s.user[0] ? LOG_SUBMISSION : LOG_SMTP;
	*ret_session = s;
	return 0;
}
