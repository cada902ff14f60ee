/* While a session is spliced its conversation rests: it takes little, and is whole again for the
 * end and the record. */
#include "edge/session.h"

#include "base/sparse.h"
#include "conv/rest.h"

/* Without memory it stays as it is. */
void edge_session_rest(struct edge_session *s)
{
	if (s->conv)
		(void)!conv_rest(&s->rest, &s->conv);
}

bool edge_session_wake(struct edge_session *s)
{
	if (s->conv)
		return true;
	if (conv_wake(&s->conv, s->rest))
		return false;
	s->rest = NULL;
	return true;
}

bool edge_session_recall(struct edge_session *s, struct conv *room)
{
	if (s->conv)
		return false;
	conv_rest_read(s->rest, room);
	conv_end(room, s->unheard);
	s->conv = room;
	return true;
}

const struct conv *edge_session_look(const struct edge_session *s, struct conv *ret_copy)
{
	if (s->conv)
		return s->conv;
	conv_rest_read(s->rest, ret_copy);
	return ret_copy;
}
