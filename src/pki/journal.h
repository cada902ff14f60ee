/*
 * issued.log: what the CA did, one line of JSON each, only ever appended to. It is the record by
 * which certificates are listed, renewed and revoked.
 */
#ifndef PKI_JOURNAL_H
#define PKI_JOURNAL_H

#include "base/buf.h"
#include "identity/name.h"
#include "tls/ca.h"

/* What a certificate has beside the node's own name. */
struct pki_names {
	char **dns;
	size_t dns_count;
	char **addresses;
	size_t address_count;
};
enum { PKI_NAMES_MAX = 32 }; /* of each kind */
void pki_names_deinit(struct pki_names *names);
/* 0, or -ENOMEM. */
[[nodiscard]] int pki_names_copy(struct pki_names *ret_names, const struct pki_names *from);

struct pki_certificate {
	char name[IDENTITY_NAME_CAP];
	char serial[TLS_CA_SERIAL_CAP];
	char issuer[TLS_CA_SERIAL_CAP]; /* serial of the issuing certificate */
	struct pki_names names;
	int64_t issued_s, not_after_s;
	int64_t revoked_s; /* 0: it is not */
};

struct pki_journal {
	struct pki_certificate *list; /* in the order they were issued */
	size_t count;
	bool is_torn; /* its last line has no end: a crash while it was written */
};
void pki_journal_deinit(struct pki_journal *journal);

enum pki_journal_result { PKI_JOURNAL_BAD = 1 }; /* line *ret_line is none of ours */
/* 0, PKI_JOURNAL_BAD or -ENOMEM. A last line without an end does not count. */
[[nodiscard]] int pki_journal_read(struct pki_journal *ret_journal, struct slice text,
                                   unsigned *ret_line);

/* Good at that time: begun, not ended, not revoked. */
bool pki_certificate_is_good(const struct pki_certificate *c, int64_t now_s);

/* The last one issued to a name that is not revoked, whether it has ended or not. NULL: none. */
const struct pki_certificate *pki_journal_find(const struct pki_journal *journal, const char *name);
struct pki_certificate *pki_journal_serial(const struct pki_journal *journal, const char *serial);

/* Lines to append, "\n" at the end. 0 or -ENOMEM. */
[[nodiscard]] int pki_journal_write_issued(struct buf *ret_line, const struct pki_certificate *c,
                                           const char *event);
[[nodiscard]] int pki_journal_write_revoked(struct buf *ret_line, const struct pki_certificate *c);
[[nodiscard]] int pki_journal_write_root(struct buf *ret_line, const char *event,
                                         const char *issuing_serial, int64_t now_s);

#endif
