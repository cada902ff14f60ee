#include "smtp/xclient.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"

#include <stdio.h>

enum { HELO_MAX = 255 }; /* a longer one reaches the backend by EHLO alone */

/* RFC 3461 4. */
static int xtext_add(struct buf *out, struct slice text)
{
	int r = 0;
	for (size_t i = 0; i < text.len && !r; i++) {
		uint8_t c = text.data[i];
		if (c > 0x20 && c < 0x7f && c != '+' && c != '=')
			r = buf_add(out, slice_of(&c, 1));
		else
			r = buf_printf(out, "+%02X", c);
	}
	return err_up(r);
}

static bool is_listed(struct slice offered, const char *name)
{
	while (offered.len) {
		struct slice word = conv_line_word(&offered);
		if (slice_equal_nocase(word, slice_str(name)))
			return true;
	}
	return false;
}

/* An attribute if the server listed it. prefix is written as it is, value as xtext. */
static int attribute_add(struct buf *out, const struct smtp_xclient *x, const char *name,
                         const char *prefix, struct slice value)
{
	if (!is_listed(x->offered, name))
		return 0;
	int r = buf_printf(out, " %s=%s", name, prefix);
	return r ? err_up(r) : err_up(xtext_add(out, value));
}

int smtp_xclient_write(struct buf *out, const struct smtp_xclient *x)
{
	const struct conv_facts *facts = x->facts;
	const char *family = facts->client_is_v6 ? "IPV6:" : "";
	char port[8], local_port[8];
	if (!is_listed(x->offered, "ADDR"))
		return SMTP_XCLIENT_BLIND;
	snprintf(port, sizeof(port), "%u", facts->client_port);
	snprintf(local_port, sizeof(local_port), "%u", facts->local_port);
	/* NAME and REVERSE_NAME always go with ADDR: Postfix would keep "localhost". */
	const struct {
		const char *name, *prefix;
		struct slice value;
	} attributes[] = {
		{ "ADDR", family, slice_str(facts->client_addr) },
		{ "PORT", "", slice_str(port) },
		{ "NAME", "[TEMPUNAVAIL]", {} },
		{ "REVERSE_NAME", "[TEMPUNAVAIL]", {} },
		{ "PROTO", x->is_ehlo ? "ESMTP" : "SMTP", {} },
		{ "DESTADDR", family, slice_str(facts->local_addr) },
		{ "DESTPORT", "", slice_str(local_port) },
		{ "SESSION", "", slice_str(facts->session_id) },
		{ "HELO", "", x->helo },
	};
	int r = buf_add_str(out, "XCLIENT");
	for (size_t i = 0; i < COUNT_OF(attributes) && !r; i++) {
		struct slice value = attributes[i].value;
		bool is_empty = !value.len && !attributes[i].prefix[0];
		if (!is_empty && value.len <= HELO_MAX)
			r = attribute_add(out, x, attributes[i].name, attributes[i].prefix, value);
	}
	return err_up(r);
}
