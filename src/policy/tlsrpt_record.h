/* Who wants TLS reports: the TXT record _smtp._tls.DOMAIN (RFC 8460 3). Pure. */
#ifndef POLICY_TLSRPT_RECORD_H
#define POLICY_TLSRPT_RECORD_H

#include "base/slice.h"

enum {
	POLICY_TLSRPT_URIS_MAX = 8, /* those behind are not read */
	POLICY_TLSRPT_URI_CAP = 512,
	POLICY_TLSRPT_MAILBOX_CAP = 320,
};

/* Where to: "mailto:..." and "https://..." alone, as they are written. */
struct policy_tlsrpt_record {
	char uris[POLICY_TLSRPT_URIS_MAX][POLICY_TLSRPT_URI_CAP];
	size_t count;
};

/* text: the strings of one record in one. ABSENT: it is another kind of record. BAD: it names no
 * place that a report could go to. */
enum { POLICY_TLSRPT_ABSENT = 1, POLICY_TLSRPT_BAD };
[[nodiscard]] int policy_tlsrpt_record_parse(struct slice text,
                                             struct policy_tlsrpt_record *ret_record);

/* The mailbox of a "mailto:" URI (RFC 6068), without what stands behind "?". False: it is another
 * URI, or its mailbox is not one that goes into a command and a header as it is. ret_mailbox:
 * POLICY_TLSRPT_MAILBOX_CAP bytes. */
bool policy_tlsrpt_mailbox(const char *uri, char *ret_mailbox);
/* Its domain, in lower case. ret_domain: POLICY_TLSRPT_MAILBOX_CAP bytes. */
void policy_tlsrpt_mailbox_domain(const char *mailbox, char *ret_domain);
bool policy_tlsrpt_is_https(const char *uri);

#endif
