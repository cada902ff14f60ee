/* What IMAP and POP3 share until the user is in: one deadline for all of it, and what came in
 * clear. */
#ifndef CONV_LOGIN_H
#define CONV_LOGIN_H

#include "conv/conv.h"

#include <stdio.h>

/*
 * Arms the deadline for one more step, but never past login_timeout_ms after the session's start:
 * neither dripping bytes nor many small commands buy more time.
 *
 * started_s: facts.now_s of the start
 * step_ms:   for this step alone; 0: whatever is left
 */
static inline void conv_login_wait(struct conv *c, int64_t started_s, uint32_t step_ms)
{
	uint32_t left_ms = c->set->login_timeout_ms;
	if (left_ms) {
		/* Of whole seconds all but the last are sure to have passed: never early. */
		int64_t gone_s = c->facts.now_s - started_s - 1;
		if (gone_s > left_ms / 1000)
			left_ms = 1;
		else if (gone_s > 0)
			left_ms -= (uint32_t)gone_s * 1000;
		if (!left_ms)
			left_ms = 1;
	}
	if (!left_ms || (step_ms && step_ms < left_ms))
		left_ms = step_ms;
	conv_move(c, left_ms);
}

/* A credential came in clear. What was worse stays: a password that crossed outlives a mere try. */
static inline void conv_exposure_note(struct conv *c, const char *user, const char *mechanism,
                                      bool password_sent)
{
	struct conv_exposure *x = &c->exposure;
	if (x->password_sent && !password_sent)
		return;
	x->has_happened = true;
	x->password_sent = password_sent;
	snprintf(x->user, sizeof(x->user), "%s", user);
	snprintf(x->mechanism, sizeof(x->mechanism), "%s", mechanism);
}

#endif
