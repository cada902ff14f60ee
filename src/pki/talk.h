/*
 * What a node says to the CA, and the answer: a line of JSON each, in TLS. Pure; a request is what
 *a stranger wrote.
 *
 *	{"do":"join","name":"db1","secret":"...","request":"PEM"}
 *	{"do":"renew","request":"PEM"}             who asks is known by his certificate
 *	{"do":"denied","have":"SHA-256"}           the list of those revoked, if it is another; as
 *above
 *	{"chain":"PEM","ca":"PEM","denied":"...","servers":["HOST:PORT"]}
 *	{"denied":"..."} {"same":true}             to the last of these
 *	{"error":"words","again":false}            again: later it may be answered
 */
#ifndef PKI_TALK_H
#define PKI_TALK_H

#include "base/buf.h"
#include "identity/name.h"

enum {
	PKI_TALK_REQUEST_MAX = 16 * 1024,
	PKI_TALK_ANSWER_MAX = 1024 * 1024,
	PKI_TALK_SERVERS_MAX = 8,
	PKI_TALK_SERVER_CAP = 264, /* HOST:PORT */
	PKI_TALK_ERROR_CAP = 200,
	PKI_SECRET_LEN = 32, /* hex digits of 16 bytes */
	PKI_DIGEST_LEN = 64, /* of SHA-256 */
};

enum pki_talk_result { PKI_TALK_BAD = 1 };

enum pki_talk_kind { PKI_TALK_JOIN, PKI_TALK_RENEW, PKI_TALK_DENIED };

struct pki_request {
	enum pki_talk_kind kind;
	char name[IDENTITY_NAME_CAP];    /* of JOIN */
	char secret[PKI_SECRET_LEN + 1]; /* of JOIN */
	char have[PKI_DIGEST_LEN + 1];   /* of DENIED */
	struct buf pem;                  /* of the others */
};
void pki_request_deinit(struct pki_request *request);

/* line: without its end. 0, PKI_TALK_BAD or -ENOMEM. */
[[nodiscard]] int pki_request_read(struct pki_request *ret_request, struct slice line);
/* "\n" at the end. 0 or -ENOMEM. */
[[nodiscard]] int pki_request_write(const struct pki_request *request, struct buf *ret_line);

struct pki_answer {
	char error[PKI_TALK_ERROR_CAP]; /* "": it is answered */
	bool is_again;
	bool is_list; /* denied alone is there */
	bool is_same; /* nothing is: who asked has it */
	struct buf chain, ca, denied;
	char servers[PKI_TALK_SERVERS_MAX][PKI_TALK_SERVER_CAP];
	size_t server_count;
};
void pki_answer_deinit(struct pki_answer *answer);

/* As above. */
[[nodiscard]] int pki_answer_read(struct pki_answer *ret_answer, struct slice line);
[[nodiscard]] int pki_answer_write(const struct pki_answer *answer, struct buf *ret_line);

/* Is it HOST:PORT, [ADDRESS]:PORT? ret_host: without brackets. */
bool pki_server_read(const char *text, char ret_host[256], uint16_t *ret_port);

#endif
