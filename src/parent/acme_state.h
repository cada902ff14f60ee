/* The order that is under way, for acme.c and who tells of it. Inside of parent/ alone. */
#ifndef PARENT_ACME_STATE_H
#define PARENT_ACME_STATE_H

#include "parent/acme.h"

struct conf_certificate;
struct io_watch;

enum parent_order_step {
	PARENT_ORDER_NONE,
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
	int sock;          /* to the client's hooks; -1: no client runs */
	struct io_watch *watch;
};

/* --- parent/acme_told.c --- */

/* Of the plan in force, if it is ordered; else NULL. */
const struct conf_certificate *parent_acme_certificate(const struct parent *p, const char *name);
/* When it is to be ordered next. number: of the plan in force. */
int64_t parent_acme_due_s(const struct parent *p, size_t number);
/* An alarm for each whose orders fail, none for the others. */
void parent_acme_alarm(struct parent *p);

#endif
