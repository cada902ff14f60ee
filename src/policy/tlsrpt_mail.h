/*
 * A TLS report as a message (RFC 8460 5.1, 5.3). Its session is not to be part of the next report,
 * and it is to arrive whatever the TLS it meets (RFC 8460 3): "TLS-Required: No" (RFC 8689 5) says
 * the latter to every MTA on its way. Pure.
 */
#ifndef POLICY_TLSRPT_MAIL_H
#define POLICY_TLSRPT_MAIL_H

#include "policy/tlsrpt_json.h"

#define POLICY_TLSRPT_GZIP_TYPE "application/tlsrpt+gzip"

struct policy_tlsrpt_mail {
	const struct policy_tlsrpt_head *head;
	const char *from, *to; /* mailboxes; the domain of from is the submitter */
	struct slice gzip;     /* the report */
	uint64_t succeeded, failed;
	int64_t now_s;
};

/* "example.net!example.org!1775001600!1775087999!ID.json.gz". ret_name:
 * POLICY_TLSRPT_FILE_CAP bytes. */
enum { POLICY_TLSRPT_FILE_CAP = 640 };
void policy_tlsrpt_file_name(const struct policy_tlsrpt_head *head, const char *submitter,
                             char *ret_name);

/* Appends lines with CRLF, none of which begins with a dot. 0 or -ENOMEM. */
[[nodiscard]] int policy_tlsrpt_mail_write(struct buf *to, const struct policy_tlsrpt_mail *mail);

#endif
