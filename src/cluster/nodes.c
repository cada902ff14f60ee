#include "cluster/nodes.h"

#include "base/clean.h"

#include <string.h>

/* Up to the separator; behind it goes on *rest. */
static struct slice word_take(struct slice *rest, uint8_t separator)
{
	struct slice word = slice_head(*rest, slice_find(*rest, separator));
	*rest = slice_skip(*rest, word.len + 1);
	return word;
}

static bool number_take(struct slice text, unsigned limit, unsigned *ret_number)
{
	unsigned number = 0;
	if (!text.len || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		number = number * 10 + (text.data[i] - '0');
	}
	*ret_number = number;
	return number < limit;
}

static bool is_hex(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("0123456789abcdef", s.data[i]) || !s.data[i])
			return false;
	return true;
}

/* "myself,master" */
static bool has_flag(struct slice flags, const char *flag)
{
	while (flags.len)
		if (slice_equal(word_take(&flags, ','), slice_str(flag)))
			return true;
	return false;
}

/* "0-5460" or "7"; "[5-<-ID]", a slot on its way, is met by redirections. */
static bool slots_take(struct cluster_nodes *n, struct slice range, uint8_t node)
{
	unsigned first, last;
	if (range.len && range.data[0] == '[')
		return true;
	struct slice from = word_take(&range, '-');
	if (!number_take(from, CLUSTER_SLOTS, &first))
		return false;
	last = first;
	if (range.len && !number_take(range, CLUSTER_SLOTS, &last))
		return false;
	for (unsigned slot = first; slot <= last; slot++)
		n->slots[slot] = node;
	return true;
}

static void text_copy(char *ret_text, struct slice s)
{
	memcpy(ret_text, s.data, s.len);
	ret_text[s.len] = '\0';
}

/* ID ADDRESS:PORT@BUS[,HOST] FLAGS MASTER PING PONG EPOCH LINK [SLOTS]... */
static bool node_take(struct cluster_nodes *n, struct slice line)
{
	enum { FROM_MASTER_TO_LINK = 5 };
	struct slice id = word_take(&line, ' ');
	struct slice place = word_take(&line, ' ');
	struct slice flags = word_take(&line, ' ');
	struct slice endpoint = slice_head(place, slice_find(place, '@'));
	if (id.len != CLUSTER_NODE_ID_LEN || !is_hex(id) || endpoint.len > CLUSTER_ENDPOINT_MAX ||
	    !flags.len || n->count == CLUSTER_NODES_MAX)
		return false;
	struct cluster_node *node = &n->nodes[n->count];
	*node = (struct cluster_node){ .is_myself = has_flag(flags, "myself") };
	text_copy(node->id, id);
	text_copy(node->endpoint, endpoint);
	for (int i = 0; i < FROM_MASTER_TO_LINK; i++)
		if (!word_take(&line, ' ').len)
			return false;
	while (line.len)
		if (!slots_take(n, word_take(&line, ' '), (uint8_t)n->count))
			return false;
	n->count++;
	return true;
}

int cluster_nodes_parse(struct cluster_nodes *ret_nodes, struct slice text)
{
	ret_nodes->count = 0;
	memset(ret_nodes->slots, CLUSTER_NONE, sizeof(ret_nodes->slots));
	while (text.len) {
		struct slice line = word_take(&text, '\n');
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		if (line.len && !node_take(ret_nodes, line))
			return CLUSTER_NODES_BAD;
	}
	return ret_nodes->count ? 0 : CLUSTER_NODES_BAD;
}

size_t cluster_nodes_by_endpoint(const struct cluster_nodes *n, struct slice endpoint)
{
	for (size_t i = 0; i < n->count; i++)
		if (slice_equal(slice_str(n->nodes[i].endpoint), endpoint))
			return i;
	return CLUSTER_NONE;
}

size_t cluster_nodes_myself(const struct cluster_nodes *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->nodes[i].is_myself)
			return i;
	return CLUSTER_NONE;
}

/* READONLY: a replica, for a while after it was a master. */
static const char *const later[] = { "TRYAGAIN",   "CLUSTERDOWN", "LOADING",
	                             "MASTERDOWN", "READONLY",    "BUSY" };

struct cluster_redirect cluster_redirect_parse(struct slice error)
{
	struct cluster_redirect r = {};
	struct slice word = word_take(&error, ' ');
	for (size_t i = 0; i < COUNT_OF(later); i++)
		if (slice_equal(word, slice_str(later[i])))
			r.turn = CLUSTER_TURN_LATER;
	bool is_moved = slice_equal(word, slice_str("MOVED"));
	if (!is_moved && !slice_equal(word, slice_str("ASK")))
		return r;
	if (!number_take(word_take(&error, ' '), CLUSTER_SLOTS, &r.slot))
		return r;
	r.endpoint = word_take(&error, ' ');
	r.turn = is_moved ? CLUSTER_TURN_MOVED : CLUSTER_TURN_ASK;
	return r;
}
