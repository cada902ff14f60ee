#include "edge/tidy.h"

#include "tls/session.h"

#include <malloc.h>
#include <stddef.h>

enum {
	LOOK_MS = 250,
	BURST = 64, /* less than this leaves little behind */
	CALM = 16,  /* between two looks: it is over */
};

static void on_look(struct io_deadline *d)
{
	struct edge_tidy *t = (struct edge_tidy *)((char *)d - offsetof(struct edge_tidy, look));
	if (t->churn - t->churn_then < CALM) {
		tls_sessions_tidy();
		malloc_trim(0);
		t->churn = 0;
		return;
	}
	t->churn_then = t->churn;
	io_deadline_arm(t->loop, &t->look, LOOK_MS);
}

void edge_tidy_init(struct edge_tidy *t, struct io_loop *loop)
{
	*t = (struct edge_tidy){ .loop = loop, .look.fn = on_look };
}

void edge_tidy_deinit(struct edge_tidy *t)
{
	io_deadline_disarm(&t->look);
}

void edge_tidy_note(struct edge_tidy *t)
{
	if (++t->churn < BURST || io_deadline_is_armed(&t->look))
		return;
	t->churn_then = t->churn;
	io_deadline_arm(t->loop, &t->look, LOOK_MS);
}
