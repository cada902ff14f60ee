#include "conv/rest.h"

#include "base/err.h"
#include "base/sparse.h"

#include <errno.h>
#include <stdlib.h>

int conv_rest(struct sparse **ret_rest, struct conv **c)
{
	struct conv kept = **c;
	/* What these own goes with the conversation. */
	kept.out[CONV_CLIENT] = kept.out[CONV_BACKEND] = (struct buf){};
	kept.seen = NULL;
	kept.offer = NULL;
	struct sparse *rest = sparse_new(&kept, sizeof(kept));
	if (!rest)
		return err_raise(-ENOMEM);
	conv_free(*c);
	*c = NULL;
	*ret_rest = rest;
	return 0;
}

void conv_rest_read(const struct sparse *rest, struct conv *ret_c)
{
	sparse_read(rest, ret_c, sizeof(*ret_c));
}

int conv_wake(struct conv **ret_c, struct sparse *rest)
{
	struct conv kept, *c;
	conv_rest_read(rest, &kept);
	int r = conv_new(&c, kept.ops, kept.set, kept.learnt);
	if (r)
		return err_up(r);
	*c = kept;
	sparse_free(rest);
	*ret_c = c;
	return 0;
}
