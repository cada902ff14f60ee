/*
 * The internal CA on its host: a directory that says all there is to say.
 *
 *	root-1/root.key root.crt issuing.key issuing.crt [cross.crt]
 *	issued.log     one line of JSON for each certificate issued, each revoked, each root
 *	ca.crt         the roots that nodes trust      denied    identity/denied.h
 *	crl.pem        the same for who reads CRLs     issued/NAME.crt
 *
 * The highest-numbered root-N issues; while two are there, one follows the other, and cross.crt is
 *the new root by the old one, so that nodes trust it before they have heard of it. A root comes and
 * goes by a rename, so a crash leaves the one state or the other. What is not in root-N or
 * issued.log can be made again from them.
 *
 * It knows no socket, no clock and no settings; OpenSSL is in tls/ca.h.
 */
#ifndef PKI_PKI_H
#define PKI_PKI_H

#include "base/buf.h"
#include "pki/journal.h"
#include "tls/ca.h"

enum {
	PKI_DIR_CAP = 256,
	PKI_PATH_CAP = 512,
	PKI_DAYS_DEFAULT = 30,
	PKI_DAYS_MAX = 825,
	PKI_ROOT_DAYS = 3650, /* of a root and its issuing key */
	PKI_DAY_S = 24 * 3600,
	PKI_GRACE_MAX_S = 30 * PKI_DAY_S, /* how long after its end a certificate may be accepted */
	PKI_ROOTS_MAX = 2,
};

/* The denial list of another issuing host, if there is one: what is in it is denied here, too. */
#define PKI_OTHERS_FILE "denied.other"

enum pki_result { PKI_FAILED = 1 }; /* pki.error says what, and the mend */

struct pki_root {
	unsigned number;                 /* of root-N */
	struct buf root, issuing, cross; /* certificates; cross: empty, or by the root before */
	char issuing_serial[TLS_CA_SERIAL_CAP];
	int64_t not_after_s; /* of the issuing certificate */
};

struct pki {
	char dir[PKI_DIR_CAP];
	int lock_fd;                          /* -1: it is only read */
	struct pki_root roots[PKI_ROOTS_MAX]; /* by number */
	size_t root_count;
	struct pki_journal journal;
	char error[400];
};

enum pki_access {
	PKI_READ,
	PKI_CHANGE, /* alone: waits for nobody, fails while another one changes */
};

/* Of a directory that pki_init() made. 0, PKI_FAILED or -ENOMEM; then too deinit it. */
[[nodiscard]] int pki_open(struct pki *p, const char *dir, enum pki_access access);
void pki_deinit(struct pki *p);

/* NULL only where there is none. */
const struct pki_root *pki_root_current(const struct pki *p);

struct pki_root_settings {
	enum tls_ca_algorithm algorithm;
	struct slice passphrase; /* of root.key; empty: none */
	int64_t now_s;
};

/* Makes the directory, a root and an issuing key. Refuses where there is one. As pki_open(). */
[[nodiscard]] int pki_init(struct pki *p, const char *dir, const struct pki_root_settings *set);

/* Another root beside the one there is; from now on it issues. passphrase: of both. */
[[nodiscard]] int pki_root_new(struct pki *p, const struct pki_root_settings *set);

/* The older root is trusted no more, its keys are deleted. Refuses while a certificate hangs on it
 * alone, unless forced. */
[[nodiscard]] int pki_root_retire(struct pki *p, bool is_forced, int64_t now_s);

struct pki_order {
	const char *name;
	const struct pki_names *names; /* beside it; NULL: none */
	unsigned days;
	struct slice request_pem; /* the node made its key itself; empty: it is made here */
	bool is_again;            /* also where the name has a certificate that is good */
	int64_t now_s;
};
struct pki_issued {
	char serial[TLS_CA_SERIAL_CAP];
	int64_t not_after_s;
	struct buf chain;
	struct buf key; /* empty unless made here; wiped by pki_issued_deinit() */
};
void pki_issued_deinit(struct pki_issued *issued);

[[nodiscard]] int pki_issue(struct pki *p, const struct pki_order *order,
                            struct pki_issued *ret_issued);

/* Names as before, and the same key unless order has a request. names and is_again do not count. */
[[nodiscard]] int pki_renew(struct pki *p, const struct pki_order *order,
                            struct pki_issued *ret_issued);

/* The same for who proved to have a certificate with these names, of this host or of another one
 * that issues; order has a request. */
[[nodiscard]] int pki_renew_as(struct pki *p, const struct pki_order *order,
                               struct pki_issued *ret_issued);

/* All good certificates of a name, or the one with a serial. */
[[nodiscard]] int pki_revoke(struct pki *p, const char *what, int64_t now_s, size_t *ret_count);

/* That of the current root. 0, PKI_FAILED or -ENOMEM. */
[[nodiscard]] int pki_issuing_key(struct pki *p, struct tls_ca_key **ret_key);

/* Writes ca.crt, denied and crl.pem anew. */
[[nodiscard]] int pki_publish(struct pki *p, int64_t now_s);

/* The bundle of all roots, the one that issues first. 0 or -ENOMEM. */
[[nodiscard]] int pki_bundle_write(const struct pki *p, struct buf *ret_pem);

/* The denial list as it is now. 0, PKI_FAILED or -ENOMEM. */
[[nodiscard]] int pki_denied_write(struct pki *p, int64_t now_s, struct buf *ret_text);

#endif
