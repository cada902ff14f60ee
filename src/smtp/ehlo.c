#include "smtp/ehlo.h"

#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "sasl/sasl.h"

/* Extensions that change nothing for the edge but what it looks at itself. */
static const char *const known[] = {
	"PIPELINING", "8BITMIME",      "SMTPUTF8",    "DSN",
	"SIZE",       "CHUNKING",      "BINARYMIME",  "ENHANCEDSTATUSCODES",
	"VRFY",       "HELP",          "DELIVERBY",   "LIMITS",
	"AUTH",       "FUTURERELEASE", "MT-PRIORITY",
};

void smtp_ehlo_learn(const struct smtp_reply *reply, struct conv_caps *ret_caps)
{
	struct slice rest = buf_slice(&reply->text);
	struct slice text;
	size_t len = 0;
	smtp_reply_next(&rest, &text); /* the server's name */
	while (smtp_reply_next(&rest, &text)) {
		if (text.len + 2 > sizeof(ret_caps->text) - len)
			continue;
		if (len)
			ret_caps->text[len++] = '\n';
		memcpy(ret_caps->text + len, text.data, text.len);
		len += text.len;
	}
	ret_caps->text[len] = '\0';
}

/* "AUTH PLAIN" and the older "AUTH=PLAIN" are both of the keyword AUTH. */
static struct slice keyword_of(struct slice line)
{
	size_t space = slice_find(line, ' ');
	return slice_head(line, slice_find(slice_head(line, space), '='));
}

bool smtp_ehlo_find(const struct conv_caps *caps, const char *keyword, struct slice *ret_params)
{
	struct slice rest = slice_str(caps ? caps->text : "");
	struct slice line;
	while (slice_line_next(&rest, &line)) {
		struct slice word = keyword_of(line);
		if (!slice_equal_nocase(word, slice_str(keyword)))
			continue;
		*ret_params = slice_skip(line, word.len + 1);
		return true;
	}
	return false;
}

/* A line of the reply; *ret_last is where the last one begins, to end the reply there. */
static int write_line(struct buf *out, struct slice text, size_t *ret_last)
{
	*ret_last = buf_len(out);
	int r = buf_add_str(out, "250-");
	if (!r)
		r = buf_add(out, text);
	if (!r)
		r = buf_add_str(out, "\r\n");
	return err_up(r);
}

/* The AUTH line without mechanisms that bind to a TLS channel which is not the backend's. */
static int write_auth(struct buf *out, struct slice line, const struct smtp_ehlo_view *view,
                      size_t *ret_last)
{
	char text[CONV_CAPS_MAX];
	size_t len = strlen("AUTH ");
	size_t before = len;
	if (!view->offers_auth || line.len >= sizeof(text))
		return 0;
	memcpy(text, line.data, len);
	line = slice_skip(line, len);
	while (line.len) {
		struct slice word = conv_line_word(&line);
		if (!word.len || (sasl_mechanism_is_plus(word) && !view->plus_is_bound))
			continue;
		if (len > before)
			text[len++] = ' ';
		memcpy(text + len, word.data, word.len);
		len += word.len;
	}
	return len > before ? write_line(out, slice_of(text, len), ret_last) : 0;
}

static bool is_offered(struct slice keyword, const struct conv_caps *caps,
                       const struct smtp_ehlo_view *view)
{
	struct slice params;
	if (slice_equal_nocase(keyword, slice_str("REQUIRETLS")))
		return view->offers_requiretls;
	bool is_known = false;
	for (size_t i = 0; i < COUNT_OF(known) && !is_known; i++)
		is_known = slice_equal_nocase(keyword, slice_str(known[i]));
	/* RFC 3030 3: BINARYMIME needs CHUNKING. */
	if (slice_equal_nocase(keyword, slice_str("BINARYMIME")))
		return smtp_ehlo_find(caps, "CHUNKING", &params);
	return is_known;
}

int smtp_ehlo_write(struct buf *out, const struct conv_caps *caps,
                    const struct smtp_ehlo_view *view)
{
	struct slice rest = slice_str(caps ? caps->text : "");
	struct slice line;
	size_t last;
	int r = write_line(out, slice_str(view->hostname), &last);
	while (!r && slice_line_next(&rest, &line)) {
		struct slice word = keyword_of(line);
		if (!is_offered(word, caps, view))
			continue;
		if (!slice_equal_nocase(word, slice_str("AUTH")))
			r = write_line(out, line, &last);
		else if (line.len > word.len)
			r = write_auth(out, line, view, &last);
	}
	if (!r && view->offers_starttls)
		r = write_line(out, slice_str("STARTTLS"), &last);
	if (r)
		return err_up(r);
	out->data[out->start + last + 3] = ' ';
	return 0;
}
