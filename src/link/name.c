#include "link/name.h"

#include "base/clean.h"
#include "base/err.h"
#include "link/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void on_due(struct io_deadline *due)
{
	struct link_name *n = (struct link_name *)((char *)due - offsetof(struct link_name, due));
	n->pool->asker->host(n->pool->asker, &n->question);
}

static void on_found(struct policy_host_question *q, const struct policy_host_answer *host)
{
	struct link_name *n =
		(struct link_name *)((char *)q - offsetof(struct link_name, question));
	if (host->is_known)
		n->host = *host;
	snprintf(n->error, sizeof(n->error), "%s", host->is_known ? "" : host->why);
	io_deadline_arm(n->pool->loop, &n->due, 1000ULL * (host->ttl_s ? host->ttl_s : 1));
	n->is_answered = true;
	link_dials_wake(n->pool);
}

static struct link_name *find(struct link_pool *pool, const char *host)
{
	struct link_name *n = pool->names;
	while (n && strcasecmp(n->question.name, host) != 0)
		n = n->next;
	return n;
}

int link_name_get(struct link_name **ret_name, struct link_pool *pool, const char *host)
{
	struct link_name *n = find(pool, host);
	if (n) {
		n->refs++;
		*ret_name = n;
		return 0;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return err_raise(-ENOMEM);
	*n = (struct link_name){ .next = pool->names,
		                 .at = &pool->names,
		                 .pool = pool,
		                 .refs = 1,
		                 .question = { .fn = on_found },
		                 .due = { .fn = on_due } };
	snprintf(n->question.name, sizeof(n->question.name), "%s", host);
	if (n->next)
		n->next->at = &n->next;
	pool->names = n;
	pool->asker->host(pool->asker, &n->question);
	*ret_name = n;
	return 0;
}

void link_name_unref(struct link_name *n)
{
	if (!n || --n->refs)
		return;
	n->pool->asker->host_cancel(n->pool->asker, &n->question);
	io_deadline_disarm(&n->due);
	*n->at = n->next;
	if (n->next)
		n->next->at = n->at;
	free(n);
}
