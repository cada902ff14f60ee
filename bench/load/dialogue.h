/*
 * What a connection says and waits for before its mode goes on with it: a table of steps.
 */
#ifndef LOAD_DIALOGUE_H
#define LOAD_DIALOGUE_H

#include "load/options.h"

enum step_kind {
	STEP_LINE,    /* say it (if any), then read until a line begins with what is wanted */
	STEP_UPGRADE, /* the same, and TLS comes next: left out where there is to be none */
	STEP_TLS,     /* the handshake: left out likewise */
	STEP_CLOSED,  /* wait until the other side ends the stream */
	STEP_END,     /* of the table */
};

struct step {
	enum step_kind kind;
	const char *say, *want;
	const char *bad; /* a line that begins so is an error, if it is not what is wanted */
};

const struct step *dialogue_of(const struct options *o);

#endif
