/* What is known of a certificate's rollover, for rollover.c and who tells of it. Inside of parent/
 * alone. */
#ifndef PARENT_ROLLOVER_STATE_H
#define PARENT_ROLLOVER_STATE_H

#include "parent/rollover.h"
#include "rollover/rollover.h"

struct parent_rollover {
	struct parent_rollover *next;
	char *name; /* of the certificate */
	struct rollover r;
	bool is_damaged;  /* its file is none: nothing is done until it is taken back */
	bool is_planning; /* keys makes the next key, for this request */
	uint32_t request;
	uint32_t number;   /* witness is asked; 0: it is not */
	int64_t asked_s;   /* Unix time */
	int64_t ordered_s; /* the same, of the last order for the next key */
};

/* Of the settings in force. NULL: it is not there any more. */
const struct conf_certificate *parent_rollover_certificate(const struct parent *p,
                                                           const struct parent_rollover *r,
                                                           size_t *ret_number);

#endif
