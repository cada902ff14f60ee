/*
 * Dovecot: "imap-login: Info: Login: user=<alice>, method=PLAIN, rip=192.0.2.1, lip=..., TLS", or
 * where login_log_format_elements has %k "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256
 * bits)" instead of the bare word. 2.4 says "Logged in".
 */
#include "report/log.h"

#include "base/clean.h"

static const struct service {
	const char *text;
	enum log_protocol protocol;
} services[] = {
	{ "imap-login: ", LOG_IMAP },
	{ "pop3-login: ", LOG_POP3 },
	{ "managesieve-login: ", LOG_SIEVE },
	{ "submission-login: ", LOG_SUBMISSION },
};

static const struct service *service_find(struct slice line, struct slice *ret_rest)
{
	for (size_t i = 0; i < COUNT_OF(services); i++) {
		*ret_rest = log_behind(line, services[i].text);
		if (ret_rest->len)
			return &services[i];
	}
	return NULL;
}

static bool starts(struct slice s, const char *text)
{
	return slice_equal(slice_head(s, strlen(text)), slice_str(text));
}

static void field_take(struct slice field, struct log_session *s)
{
	struct slice cipher = log_behind(field, " with cipher ");
	if (starts(field, "user=<"))
		slice_to_text(log_until(slice_skip(field, 6), ">"), s->user, sizeof(s->user));
	else if (starts(field, "rip="))
		slice_to_text(slice_skip(field, 4), s->address, sizeof(s->address));
	else if (cipher.len) {
		log_version(field, s->version);
		slice_to_text(log_until(cipher, " "), s->cipher, sizeof(s->cipher));
		s->tls = s->version[0] ? LOG_TLS_USED : LOG_TLS_UNKNOWN;
	} else if (starts(field, "TLS") && s->tls == LOG_TLS_NONE)
		s->tls = LOG_TLS_UNKNOWN;
}

/* A user's name may hold anything but ">": what is between "<" and ">" is no end of a field. */
static struct slice field_next(struct slice *rest)
{
	size_t len = 0;
	bool is_quoted = false;
	while (len < rest->len && (is_quoted || rest->data[len] != ',')) {
		if (rest->data[len] == '<' || rest->data[len] == '>')
			is_quoted = rest->data[len] == '<';
		len++;
	}
	struct slice field = slice_trim(slice_head(*rest, len));
	*rest = slice_skip(*rest, len + 1);
	return field;
}

static bool is_secured(struct slice field)
{
	return slice_equal(field, slice_str("secured"));
}

/* "secured" without TLS: it came from this host. */
static int fields_read(struct slice rest, struct log_session *s)
{
	bool is_local = false;
	while (rest.len) {
		struct slice field = field_next(&rest);
		is_local = is_local || is_secured(field);
		field_take(field, s);
	}
	return is_local && s->tls == LOG_TLS_NONE ? LOG_NOTHING : 0;
}

int log_dovecot_line(struct slice line, struct log_session *ret_session)
{
	struct slice rest;
	const struct service *service = service_find(line, &rest);
	if (!service)
		return LOG_NOTHING;
	struct log_session s = { .protocol = service->protocol };
	struct slice fields = log_behind(rest, "Login: ");
	if (!fields.len)
		fields = log_behind(rest, "Logged in: ");
	if (fields.len) {
		if (fields_read(fields, &s) || !s.user[0])
			return LOG_NOTHING;
		s.messages = 1;
	} else {
		if (log_find(rest, "SSL_accept() failed") == rest.len)
			return LOG_NOTHING;
		(void)!fields_read(rest, &s);
		s.tls = LOG_TLS_REFUSED;
		s.user[0] = s.version[0] = s.cipher[0] = '\0'; /* nobody logged in */
	}
	*ret_session = s;
	return 0;
}
