#include "smtp/received.h"

#include "base/date.h"
#include "base/err.h"

enum { WORD_MAX = 256 };

static bool is_word_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(".-:[]_", c));
}

/* A peer's word, free of all that could end the clause, a comment or the field. */
static void word_clean(struct slice word, char *ret_text, size_t cap)
{
	slice_to_text(word, ret_text, cap);
	for (char *at = ret_text; *at; at++)
		if (!is_word_byte((uint8_t)*at))
			*at = '?';
	if (!*ret_text)
		slice_to_text(slice_str("unknown"), ret_text, cap);
}

/* RFC 3848 and RFC 6531 4.3 have no keyword for HELO inside TLS. */
static const char *keyword(const struct smtp_received *how)
{
	static const char *const words[2][2][2][2] = {
		{ { { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } },
		  { { "UTF8SMTP", "UTF8SMTPA" }, { "UTF8SMTPS", "UTF8SMTPSA" } } },
		{ { { "LMTP", "LMTPA" }, { "LMTPS", "LMTPSA" } },
		  { { "UTF8LMTP", "UTF8LMTPA" }, { "UTF8LMTPS", "UTF8LMTPSA" } } },
	};
	if (!how->is_lmtp && !how->is_ehlo && !how->is_tls && !how->is_logged_in)
		return "SMTP";
	return words[how->is_lmtp][how->is_utf8][how->is_tls][how->is_logged_in];
}

static int write_from(struct buf *out, const struct smtp_received *how)
{
	char helo[WORD_MAX];
	char addr[WORD_MAX];
	word_clean(how->helo, helo, sizeof(helo));
	word_clean(slice_str(how->client_addr), addr, sizeof(addr));
	if (how->setting == CONV_RECEIVED_NO_ADDRESS) {
		/* Mail clients like to greet with their own address. */
		const char *name = helo[0] == '[' ? "unknown" : helo;
		return err_up(buf_printf(out, "Received: from %s\r\n", name));
	}
	if (!how->client_addr[0])
		return err_up(buf_printf(out, "Received: from %s\r\n", helo));
	return err_up(buf_printf(out, "Received: from %s ([%s%s])\r\n", helo,
	                         how->client_is_v6 ? "IPv6:" : "", addr));
}

static int write_tls(struct buf *out, const struct smtp_received *how)
{
	char cipher[WORD_MAX], group[WORD_MAX], version[WORD_MAX];
	word_clean(slice_str(how->tls_cipher), cipher, sizeof(cipher));
	word_clean(slice_str(how->tls_group), group, sizeof(group));
	word_clean(slice_str(how->tls_version), version, sizeof(version));
	if (!how->tls_cipher[0])
		return err_up(buf_printf(out, "\r\n\t(%s)", version));
	if (!how->tls_group[0])
		return err_up(buf_printf(out, "\r\n\ttls %s (%s)", cipher, version));
	return err_up(buf_printf(out, "\r\n\ttls %s group %s (%s)", cipher, group, version));
}

static int write_date(struct buf *out, int64_t now_s)
{
	char date[DATE_MAIL_CAP];
	date_mail_print(now_s, date);
	return err_up(buf_printf(out, ";\r\n\t%s\r\n", date));
}

int smtp_received_write(struct buf *out, const struct smtp_received *how)
{
	if (how->setting == CONV_RECEIVED_OFF)
		return 0;
	int r = write_from(out, how);
	if (!r)
		r = buf_printf(out, "\tby %s (mailseal) with %s id %s", how->hostname, keyword(how),
		               how->session_id);
	if (!r && how->is_tls)
		r = write_tls(out, how);
	if (!r)
		r = write_date(out, how->now_s);
	return err_up(r);
}
