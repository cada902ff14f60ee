/* The tables behind advice/mend.h, by area; each ends with an id that is NULL. */
#ifndef ADVICE_MEND_TABLES_H
#define ADVICE_MEND_TABLES_H

#include "advice/mend.h"

/*
 * In the order in which they are shown: mailseal, the mail servers, what stands in front of them.
 * Paths and names (mx.example.org, 192.0.2.25) are the reader's to replace. Debian's Exim has
 * GnuTLS, others have OpenSSL: both are said where they differ.
 */
extern const struct advice_mend advice_mends_dns[], advice_mends_smtp[], advice_mends_versions[],
	advice_mends_suites[], advice_mends_handshake[], advice_mends_certificate[],
	advice_mends_downgrade[], advice_mends_users[], advice_mends_web[];

/* Several criteria want words in the one list that Postfix has: each would take out the others'. */
#define POSTFIX_EXCLUDES_NOTE "# add to what is there: postconf smtpd_tls_exclude_ciphers\n"

#endif
