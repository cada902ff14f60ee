#include "policy/tlsrpt_mail.h"

#include "base/date.h"
#include "base/err.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINE_BYTES = 57 }; /* 76 characters (RFC 2045 6.8) */

static const char *domain_of(const char *mailbox)
{
	const char *at = strrchr(mailbox, '@');
	return at ? at + 1 : mailbox;
}

void policy_tlsrpt_file_name(const struct policy_tlsrpt_head *head, const char *submitter,
                             char *ret_name)
{
	char id[POLICY_TLSRPT_ID_CAP];
	int64_t begin_s = head->day * POLICY_TLSRPT_DAY_S;
	policy_tlsrpt_id(head, id);
	snprintf(ret_name, POLICY_TLSRPT_FILE_CAP,
	         "%s!%s!%" PRId64 "!%" PRId64 "!%016" PRIx64 ".json.gz", submitter, head->domain,
	         begin_s, begin_s + POLICY_TLSRPT_DAY_S - 1, hash_name(HASH_START, id));
}

static int base64_line(struct buf *to, struct slice part)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[LINE_BYTES / 3 * 4 + 3];
	size_t len = 0;
	for (size_t i = 0; i < part.len; i += 3) {
		uint32_t bits = (uint32_t)part.data[i] << 16;
		bits |= i + 1 < part.len ? (uint32_t)part.data[i + 1] << 8 : 0;
		bits |= i + 2 < part.len ? part.data[i + 2] : 0;
		line[len++] = digits[bits >> 18];
		line[len++] = digits[bits >> 12 & 63];
		line[len++] = i + 1 < part.len ? digits[bits >> 6 & 63] : '=';
		line[len++] = i + 2 < part.len ? digits[bits & 63] : '=';
	}
	line[len++] = '\r';
	line[len++] = '\n';
	return err_up(buf_add(to, slice_of(line, len)));
}

static int base64_add(struct buf *to, struct slice bytes)
{
	int r = 0;
	for (; bytes.len && !r; bytes = slice_skip(bytes, LINE_BYTES))
		r = base64_line(to, slice_head(bytes, LINE_BYTES));
	return err_up(r);
}

static int header_write(struct buf *to, const struct policy_tlsrpt_mail *m, const char *boundary)
{
	char id[POLICY_TLSRPT_ID_CAP], date[DATE_MAIL_CAP];
	const char *submitter = domain_of(m->from);
	policy_tlsrpt_id(m->head, id);
	date_mail_print(m->now_s, date);
	return err_up(buf_printf(to,
	                         "From: <%s>\r\n"
	                         "To: <%s>\r\n"
	                         "Date: %s\r\n"
	                         "Message-ID: <%016" PRIx64 ".%s>\r\n"
	                         "Subject: Report Domain: %s\r\n"
	                         " Submitter: %s\r\n"
	                         " Report-ID: <%s>\r\n"
	                         "TLS-Report-Domain: %s\r\n"
	                         "TLS-Report-Submitter: %s\r\n"
	                         "TLS-Required: No\r\n"
	                         "Auto-Submitted: auto-generated\r\n"
	                         "MIME-Version: 1.0\r\n"
	                         "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
	                         " boundary=\"%s\"\r\n\r\n",
	                         m->from, m->to, date, hash_name(HASH_START, m->to), id,
	                         m->head->domain, submitter, id, m->head->domain, submitter,
	                         boundary));
}

static int text_write(struct buf *to, const struct policy_tlsrpt_mail *m, const char *boundary)
{
	char begin[24];
	policy_tlsrpt_time(m->head->day * POLICY_TLSRPT_DAY_S, begin);
	return err_up(buf_printf(
		to,
		"--%s\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\n\r\n"
		"This is a TLS report (RFC 8460): how our sessions with the mail servers of\r\n"
		"%s ended on %.10s (UTC).\r\n\r\n"
		"%" PRIu64 " went well, %" PRIu64 " failed; a session counts for each policy.\r\n"
		"The attachment has the rest.\r\n\r\n",
		boundary, m->head->domain, begin, m->succeeded, m->failed));
}

static int attachment_write(struct buf *to, const struct policy_tlsrpt_mail *m,
                            const char *boundary)
{
	char name[POLICY_TLSRPT_FILE_CAP];
	policy_tlsrpt_file_name(m->head, domain_of(m->from), name);
	int r = buf_printf(to,
	                   "--%s\r\n"
	                   "Content-Type: " POLICY_TLSRPT_GZIP_TYPE "\r\n"
	                   "Content-Transfer-Encoding: base64\r\n"
	                   "Content-Disposition: attachment;\r\n"
	                   " filename=\"%s\"\r\n\r\n",
	                   boundary, name);
	if (!r)
		r = base64_add(to, m->gzip);
	if (!r)
		r = buf_printf(to, "--%s--\r\n", boundary);
	return err_up(r);
}

int policy_tlsrpt_mail_write(struct buf *to, const struct policy_tlsrpt_mail *mail)
{
	char boundary[48]; /* "_" is in no base64 */
	snprintf(boundary, sizeof(boundary), "=_tlsrpt_%016" PRIx64,
	         hash_bytes(HASH_START, mail->gzip.data, mail->gzip.len));
	int r = header_write(to, mail, boundary);
	if (!r)
		r = text_write(to, mail, boundary);
	if (!r)
		r = attachment_write(to, mail, boundary);
	return err_up(r);
}
