/* What a store may send: read whole and byte by byte, then taken as a list of nodes and as errors.
 */
#include "cluster/nodes.h"
#include "cluster/reply.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cluster_nodes nodes;

static void look(const struct cluster_value *v)
{
	struct cluster_redirect r;
	switch (v->kind) {
	case CLUSTER_ERROR:
		r = cluster_redirect_parse(v->text);
		if (r.turn == CLUSTER_TURN_MOVED && r.slot >= CLUSTER_SLOTS)
			abort();
		break;
	case CLUSTER_TEXT:
		if (!cluster_nodes_parse(&nodes, v->text) && nodes.count > CLUSTER_NODES_MAX)
			abort();
		cluster_slot(v->text);
		break;
	case CLUSTER_LIST:
		for (size_t i = 0; i < v->count; i++)
			look(v->items[i]);
		break;
	case CLUSTER_NIL:
	case CLUSTER_STATUS:
	case CLUSTER_NUMBER:
		break;
	}
}

static size_t read_by(struct slice bytes, size_t step)
{
	struct cluster_reader *r = NULL;
	struct cluster_value *v = NULL;
	size_t count = 0;
	int result = cluster_reader_new(&r);
	while (!result && bytes.len) {
		result = cluster_reader_feed(r, slice_head(bytes, step));
		bytes = slice_skip(bytes, step);
		while (!result && !(result = cluster_reader_next(r, &v))) {
			count++;
			look(v);
			cluster_value_free(v);
		}
		if (result == CLUSTER_REPLY_MORE)
			result = 0;
	}
	cluster_reader_free(r);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of(data, size);
	if (read_by(bytes, size ? size : 1) != read_by(bytes, 1))
		abort();
	(void)!cluster_nodes_parse(&nodes, bytes);
	return 0;
}
