#include "conv/conv.h"

#include "base/clean.h"
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const outcome_names[] = {
	[CONV_OUTCOME_OPEN] = "open",
	[CONV_OUTCOME_OK] = "ok",
	[CONV_OUTCOME_CLIENT_GONE] = "client-gone",
	[CONV_OUTCOME_TIMEOUT] = "timeout",
	[CONV_OUTCOME_DRAINED] = "drained",
	[CONV_OUTCOME_INJECTED] = "starttls-injection",
	[CONV_OUTCOME_TOO_LONG] = "too-long",
	[CONV_OUTCOME_BAD_SYNTAX] = "bad-syntax",
	[CONV_OUTCOME_LOGIN_FAILED] = "login-failed",
	[CONV_OUTCOME_PREGREET] = "pregreet",
	[CONV_OUTCOME_SMUGGLING] = "smuggling",
	[CONV_OUTCOME_BACKEND_DOWN] = "backend-down",
	[CONV_OUTCOME_BACKEND_REFUSED] = "backend-refused",
	[CONV_OUTCOME_BACKEND_BROKEN] = "backend-broken",
	[CONV_OUTCOME_BACKEND_UNSEALED] = "backend-unsealed",
	[CONV_OUTCOME_BACKEND_BLIND] = "backend-blind",
	[CONV_OUTCOME_TLS_FAILED] = "tls-failed",
	[CONV_OUTCOME_OVERLOAD] = "overload",
};
_Static_assert(sizeof(outcome_names) / sizeof(outcome_names[0]) == CONV_OUTCOME_COUNT,
               "every outcome has its word");

const char *conv_outcome_name(enum conv_outcome outcome)
{
	return outcome_names[outcome];
}

int conv_new(struct conv **ret_c, const struct conv_ops *ops, const struct conv_settings *set,
             const struct conv_caps *learnt)
{
	struct conv *c = calloc(1, ops->size);
	if (!c)
		return err_raise(-ENOMEM);
	c->ops = ops;
	c->set = set;
	c->learnt = learnt;
	*ret_c = c;
	return 0;
}

void conv_free(struct conv *c)
{
	if (!c)
		return;
	if (c->ops->deinit)
		c->ops->deinit(c);
	buf_deinit_secret(&c->out[CONV_CLIENT]);
	buf_deinit_secret(&c->out[CONV_BACKEND]);
	conv_forget_seen(c);
	explicit_bzero(c, c->ops->size);
	free(c);
}

void conv_forget_seen(struct conv *c)
{
	if (c->offer)
		conv_offer_unref(TAKE(c->offer));
	else
		free(c->seen);
	c->seen = NULL;
}

void conv_offer_unref(struct conv_offer *o)
{
	if (o && --o->refs == 0)
		free(o);
}

static struct conv_offer *offer_new(const struct conv_caps *caps)
{
	struct conv_offer *o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->refs = 1;
	o->caps = *caps;
	return o;
}

void conv_share_seen(struct conv *c, struct conv_offer **offer)
{
	if (!c->is_seen_whole || !c->seen || c->offer)
		return;
	if (!*offer || strcmp((*offer)->caps.text, c->seen->text) != 0) {
		struct conv_offer *news = offer_new(c->seen);
		if (!news)
			return;
		conv_offer_unref(*offer);
		*offer = news;
	}
	free(c->seen);
	c->offer = *offer;
	c->offer->refs++;
	c->seen = &c->offer->caps;
}

void conv_freep(struct conv **c)
{
	conv_free(*c);
}

/* Without a client nobody hears what is said to him. */
static int said(struct conv *c, int r)
{
	if (c->is_learning)
		buf_deinit(&c->out[CONV_CLIENT]);
	return err_up(r);
}

int conv_start(struct conv *c, enum conv_todo *ret_todo)
{
	return err_up(c->ops->start(c, ret_todo));
}

int conv_learn(struct conv *c, enum conv_todo *ret_todo)
{
	c->is_learning = true;
	return err_up(c->ops->learn(c, ret_todo));
}

int conv_feed(struct conv *c, enum conv_side side, struct slice input, size_t *ret_used,
              enum conv_todo *ret_todo)
{
	*ret_used = 0;
	return said(c, c->ops->feed(c, side, input, ret_used, ret_todo));
}

int conv_tls_up(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	return said(c, c->ops->tls_up(c, side, ret_todo));
}

int conv_connected(struct conv *c, enum conv_todo *ret_todo)
{
	if (c->offer)
		conv_forget_seen(c);
	c->is_seen_whole = false;
	c->seen = c->seen ?: calloc(1, sizeof(*c->seen));
	if (!c->seen)
		return err_raise(-ENOMEM);
	return said(c, c->ops->connected(c, ret_todo));
}

int conv_failed(struct conv *c, enum conv_failure why, enum conv_todo *ret_todo)
{
	return said(c, c->ops->failed(c, why, ret_todo));
}

int conv_eof(struct conv *c, enum conv_side side, enum conv_todo *ret_todo)
{
	return said(c, c->ops->eof(c, side, ret_todo));
}

int conv_expire(struct conv *c, enum conv_expiry why, enum conv_todo *ret_todo)
{
	return said(c, c->ops->expire(c, why, ret_todo));
}

enum conv_todo conv_end(struct conv *c, enum conv_outcome outcome)
{
	if (c->outcome == CONV_OUTCOME_OPEN)
		c->outcome = outcome;
	return CONV_TODO_CLOSE;
}

void conv_move(struct conv *c, uint32_t deadline_ms)
{
	c->deadline_ms = deadline_ms;
	c->progress++;
}

void conv_exposure_note(struct conv *c, const char *user, const char *mechanism, bool password_sent)
{
	struct conv_exposure *x = &c->exposure;
	if (x->password_sent && !password_sent)
		return;
	x->has_happened = true;
	x->password_sent = password_sent;
	snprintf(x->user, sizeof(x->user), "%s", user);
	snprintf(x->mechanism, sizeof(x->mechanism), "%s", mechanism);
}
