/* The order that is under way, for acme.c and who tells of it. Inside of parent/ alone. */
#ifndef PARENT_ACME_STATE_H
#define PARENT_ACME_STATE_H

#include "parent/acme.h"

struct acme_life;
struct acme_record;
struct conf_certificate;
struct io_watch;
struct parent_acme_unkept;

enum parent_order_step {
	PARENT_ORDER_NONE,
	PARENT_ORDER_CLAIM,   /* is another node at it? */
	PARENT_ORDER_REQUEST, /* keys makes the request */
	PARENT_ORDER_ACCOUNT, /* the client makes an account, or finds it */
	PARENT_ORDER_ISSUE,
};

struct parent_acme {
	enum parent_order_step step;
	enum parent_order_key key;
	char name[256];
	uint32_t number;               /* of what is asked of keys or runner */
	uint8_t digest[PROC_SPKI_LEN]; /* of the key */
	int64_t began_s;
	uint32_t failures; /* before this one */
	bool has_finished; /* orders that were cut off when the daemon ended were looked at */
	int sock;          /* to the client's hooks; -1: no client runs */
	struct io_watch *watch;
	unsigned words; /* that the hooks of this run may say yet */
	struct parent_acme_unkept *unkept;
	/* --- in a cluster --- */
	bool has_lease;      /* of name */
	uint32_t asked;      /* number of the last question */
	int64_t claimed_s;   /* when this order was claimed */
	int64_t claim_due_s; /* another node is at it: not before */
	int64_t away_s;      /* since when the store does not answer; 0: it does */
	int64_t looked_s;    /* for what others got */
	size_t looked;       /* number of the certificate that is looked for */
};

/* NULL, or why it could not begin: then it has ended. */
const char *parent_acme_order_begin(struct parent *p, const struct conf_certificate *c,
                                    enum parent_order_key key);

/* --- parent/acme_records.c: of certificates of the plan in force --- */

void parent_acme_record_get(const struct parent *p, const struct conf_certificate *c,
                            struct acme_record *ret_record);
/* What cannot be written is logged, and kept until then: it costs a pause that a restart forgets.
 */
void parent_acme_record_put(struct parent *p, const struct conf_certificate *c,
                            const struct acme_record *record);
void parent_acme_records_free(struct parent_acme *a);

/* --- parent/acme_issued.c --- */

struct parent_issued {
	const struct conf_certificate *c;
	enum parent_order_key key;
	const uint8_t *digest; /* of the key that it has to fit */
	struct slice pem;
};
/* In place of the one before, if it is what was ordered, and valid. NULL, or why not. */
const char *parent_acme_issued_keep(struct parent *p, const struct parent_issued *issued);
/* Did it begin later than what is in force? number: of the plan in force. */
bool parent_acme_issued_is_later(const struct parent *p, size_t number, struct slice pem);
/* Orders that were cut off when the daemon ended, of which the client had already got what was
 * ordered: it is kept. */
void parent_acme_issued_finish(struct parent *p);

/* --- parent/acme_share.c: one node orders for all that have its key --- */

bool parent_acme_is_shared(const struct parent *p);
/* The order begins when this node has the lease, and no other one got what is wanted. NULL. */
const char *parent_acme_share_claim(struct parent *p, const struct conf_certificate *c);
void parent_acme_share_put(struct parent *p, const struct parent_issued *issued);
void parent_acme_share_release(struct parent *p);
/* Looks for what the others got; does not wait for an answer for ever. */
void parent_acme_share_tick(struct parent *p);

/* --- parent/acme_told.c --- */

/* Of the plan in force, if it is ordered; else NULL. */
const struct conf_certificate *parent_acme_certificate(const struct parent *p, const char *name);
/*
 * Of what was issued, or nothing: a stand-in is none, nor is one without a name that it should
 * have. number: of the plan in force.
 */
struct acme_life parent_acme_life(const struct parent *p, size_t number);
/* When it is to be ordered next. number: of the plan in force. */
int64_t parent_acme_due_s(const struct parent *p, size_t number);
/* An alarm for each whose orders fail, none for the others. */
void parent_acme_alarm(struct parent *p);

#endif
