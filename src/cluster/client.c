#include "cluster/client.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/log_calm.h"
#include "cluster/nodes.h"

#include <errno.h>

enum {
	MOVES_MAX = 3,    /* at once; two that disagree send us to and fro */
	LATER_MS = 200,   /* until one that was put off is tried again */
	REFRESH_MS = 200, /* between two looks at the list of nodes, at least */
};

static const char asking_wire[] = "*1\r\n$6\r\nASKING\r\n";
static const char nodes_wire[] = "*2\r\n$7\r\nCLUSTER\r\n$5\r\nNODES\r\n";

struct server {
	struct cluster_client *client;
	struct cluster_server *link;
	const char *name;
	char id[CLUSTER_NODE_ID_LEN + 1]; /* as it calls itself; "": it did not say */
	bool is_known;                    /* it said whether it is of a cluster */
	bool is_replica;                  /* alone: it takes no writes */
};

struct command {
	struct command *next, **at; /* of all */
	struct cluster_client *client;
	struct buf wire;
	unsigned slot;
	cluster_answer_fn *fn;
	void *owner;
	uint64_t until_ms;
	struct server *asking; /* this once there, behind ASKING */
	struct server *sent_to;
	unsigned moves; /* since it was put off */
	bool is_put_off;
};

enum shape { SHAPE_UNKNOWN, SHAPE_ALONE, SHAPE_CLUSTER };

struct cluster_client {
	struct cluster_client_settings set;
	struct server servers[CLUSTER_SERVERS_MAX];
	size_t server_count;
	enum shape shape;
	struct cluster_nodes nodes;                /* as last told */
	struct server *of_node[CLUSTER_NODES_MAX]; /* NULL: it is not in the settings */
	size_t next_asked;                         /* for the list: each in turn */
	bool is_refreshing;
	struct io_deadline refresh;
	struct io_deadline later;
	struct command *commands;
	size_t command_count, bytes;
	bool is_reached;
	struct log_calm complaints;
};

#define CLIENT_OF(node, member)                                                                    \
	((struct cluster_client *)((char *)(node)-offsetof(struct cluster_client, member)))

/* --- which server --- */

static bool is_up(const struct server *s)
{
	return cluster_server_is_up(s->link) && s->is_known;
}

static struct server *alone_find(struct cluster_client *c)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (is_up(&c->servers[i]) && !c->servers[i].is_replica)
			return &c->servers[i];
	return NULL;
}

/* Whose the slot is; NULL: nobody's that is up. */
static struct server *server_of(struct cluster_client *c, unsigned slot)
{
	if (c->shape == SHAPE_ALONE)
		return alone_find(c);
	uint8_t node = c->shape == SHAPE_CLUSTER ? c->nodes.slots[slot] : CLUSTER_NONE;
	struct server *s = node == CLUSTER_NONE ? NULL : c->of_node[node];
	return s && is_up(s) ? s : NULL;
}

static bool is_whole(struct cluster_client *c)
{
	if (c->shape != SHAPE_CLUSTER)
		return server_of(c, 0);
	for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++)
		if ((!slot || c->nodes.slots[slot] != c->nodes.slots[slot - 1]) &&
		    !server_of(c, slot))
			return false;
	return true;
}

static void reached_update(struct cluster_client *c)
{
	bool is_reached = is_whole(c);
	if (is_reached == c->is_reached)
		return;
	c->is_reached = is_reached;
	c->set.on_reached(c->set.owner, is_reached);
}

static void complain(struct cluster_client *c, const char *what, const struct server *s,
                     struct slice detail)
{
	uint64_t unsaid;
	if (log_calm(&c->complaints, io_loop_now_ms(c->set.loop), &unsaid))
		log_error(NULL, what, kv_str("server", s ? s->name : NULL),
		          kv_slice("detail", detail), kv_int("unsaid", (int64_t)unsaid));
}

/* --- commands --- */

static void command_end(struct command *m, const struct cluster_value *answer)
{
	struct cluster_client *c = m->client;
	*m->at = m->next;
	if (m->next)
		m->next->at = m->at;
	c->command_count--;
	c->bytes -= buf_len(&m->wire);
	if (m->fn)
		m->fn(m->owner, answer);
	buf_deinit(&m->wire);
	free(m);
}

static void put_off(struct command *m)
{
	struct cluster_client *c = m->client;
	m->is_put_off = true;
	m->asking = NULL;
	m->moves = 0;
	if (!io_deadline_is_armed(&c->later))
		io_deadline_arm(c->set.loop, &c->later, LATER_MS);
}

static void on_answer(void *owner, const struct cluster_value *answer);

static int send_to(struct command *m, struct server *s)
{
	int r = m->asking ? cluster_server_ask(s->link, slice_str(asking_wire), NULL, NULL) : 0;
	m->asking = NULL;
	m->sent_to = s;
	return r ? r : cluster_server_ask(s->link, buf_slice(&m->wire), on_answer, m);
}

/* Now, or in a while. */
static void command_send(struct command *m)
{
	struct server *s = m->asking ? m->asking : server_of(m->client, m->slot);
	m->is_put_off = false;
	if (!s || send_to(m, s))
		put_off(m);
}

static void refresh_soon(struct cluster_client *c)
{
	if (!io_deadline_is_armed(&c->refresh) && !c->is_refreshing)
		io_deadline_arm(c->set.loop, &c->refresh, REFRESH_MS);
}

static struct server *server_at(struct cluster_client *c, struct slice endpoint)
{
	size_t node = cluster_nodes_by_endpoint(&c->nodes, endpoint);
	return node == CLUSTER_NONE ? NULL : c->of_node[node];
}

static void moved(struct command *m, const struct cluster_redirect *to)
{
	struct cluster_client *c = m->client;
	size_t node = cluster_nodes_by_endpoint(&c->nodes, to->endpoint);
	refresh_soon(c);
	if (node == CLUSTER_NONE || c->shape != SHAPE_CLUSTER) {
		put_off(m);
		return;
	}
	c->nodes.slots[to->slot] = (uint8_t)node;
	if (to->slot == m->slot && m->moves++ < MOVES_MAX)
		command_send(m);
	else
		put_off(m);
}

static void on_error(struct command *m, const struct cluster_value *answer)
{
	struct cluster_client *c = m->client;
	struct cluster_redirect to = cluster_redirect_parse(answer->text);
	switch (to.turn) {
	case CLUSTER_TURN_NONE:
		complain(c, "the cluster's store refuses a command", NULL, answer->text);
		command_end(m, answer);
		break;
	case CLUSTER_TURN_MOVED:
		moved(m, &to);
		break;
	case CLUSTER_TURN_ASK:
		m->asking = server_at(c, to.endpoint);
		if (m->asking)
			command_send(m);
		else
			put_off(m);
		break;
	case CLUSTER_TURN_LATER:
		m->sent_to->is_replica = cluster_value_is_error(answer, "READONLY");
		refresh_soon(c);
		put_off(m);
		break;
	}
}

static void on_answer(void *owner, const struct cluster_value *answer)
{
	struct command *m = owner;
	if (!answer) /* the server is gone; the command may be done or not, and is asked again */
		put_off(m);
	else if (answer->kind == CLUSTER_ERROR)
		on_error(m, answer);
	else
		command_end(m, answer);
}

static void on_later(struct io_deadline *d)
{
	struct cluster_client *c = CLIENT_OF(d, later);
	uint64_t now_ms = io_loop_now_ms(c->set.loop);
	bool is_more = false;
	for (struct command *m = c->commands, *next; m; m = next) {
		next = m->next;
		if (m->is_put_off && now_ms >= m->until_ms) {
			command_end(m, NULL);
			continue;
		}
		if (m->is_put_off)
			command_send(m);
		is_more |= m->is_put_off;
	}
	if (is_more && !io_deadline_is_armed(d))
		io_deadline_arm(c->set.loop, d, LATER_MS);
	refresh_soon(c);
}

/* --- the list of nodes --- */

static struct server *server_by_id(struct cluster_client *c, const char *id)
{
	for (size_t i = 0; i < c->server_count; i++)
		if (!strcmp(c->servers[i].id, id))
			return &c->servers[i];
	return NULL;
}

static void nodes_join(struct cluster_client *c)
{
	for (size_t i = 0; i < c->nodes.count; i++)
		c->of_node[i] = server_by_id(c, c->nodes.nodes[i].id);
}

static int nodes_take(struct server *s, struct slice text)
{
	struct cluster_client *c = s->client;
	int r = cluster_nodes_parse(&c->nodes, text);
	size_t myself = r ? CLUSTER_NONE : cluster_nodes_myself(&c->nodes);
	if (myself == CLUSTER_NONE) {
		c->shape = SHAPE_UNKNOWN;
		return CLUSTER_NODES_BAD;
	}
	c->shape = SHAPE_CLUSTER;
	memcpy(s->id, c->nodes.nodes[myself].id, sizeof(s->id));
	nodes_join(c);
	return 0;
}

/* One that is alone knows no such command, or says that it is switched off. */
static void alone_take(struct server *s, struct slice error)
{
	struct cluster_client *c = s->client;
	if (!slice_starts_nocase(error, "ERR ")) {
		complain(c, "a server of the cluster's store lets nobody in", s, error);
		return;
	}
	s->is_known = true;
	if (c->shape == SHAPE_CLUSTER)
		return;
	c->shape = SHAPE_ALONE;
}

static void on_nodes(void *owner, const struct cluster_value *answer)
{
	struct server *s = owner;
	struct cluster_client *c = s->client;
	c->is_refreshing = false;
	if (answer && answer->kind == CLUSTER_ERROR)
		alone_take(s, answer->text);
	else if (answer && answer->kind == CLUSTER_TEXT && !nodes_take(s, answer->text))
		s->is_known = true;
	else if (answer)
		complain(c, "a server of the cluster's store says no list of nodes", s,
		         answer->text);
	reached_update(c);
	if (!c->is_reached)
		refresh_soon(c);
}

static bool nodes_ask(struct server *s)
{
	return !cluster_server_ask(s->link, slice_str(nodes_wire), on_nodes, s);
}

/* Where all are replicas, one of them is about to become what it was not. */
static void replicas_forget(struct cluster_client *c)
{
	for (size_t i = 0; i < c->server_count && !alone_find(c); i++)
		c->servers[i].is_replica = false;
}

static void on_refresh(struct io_deadline *d)
{
	struct cluster_client *c = CLIENT_OF(d, refresh);
	replicas_forget(c);
	for (size_t i = 0; i < c->server_count && !c->is_refreshing; i++)
		c->is_refreshing = nodes_ask(&c->servers[c->next_asked++ % c->server_count]);
}

static void on_up(void *owner, struct cluster_server *link)
{
	struct server *s = owner;
	s->is_replica = false;
	if (!nodes_ask(s))
		log_debug(NULL, "a server went as soon as it came", kv_str("server", s->name));
}

static void on_down(void *owner, struct cluster_server *link)
{
	struct server *s = owner;
	struct cluster_client *c = s->client;
	s->is_known = false;
	bool has_known = false;
	for (size_t i = 0; i < c->server_count; i++)
		has_known |= c->servers[i].is_known;
	if (!has_known) /* what comes back may be another store */
		c->shape = SHAPE_UNKNOWN;
	reached_update(c);
	refresh_soon(c);
}

/* --- life --- */

static int server_begin(struct cluster_client *c, const struct cluster_place *place)
{
	struct server *s = &c->servers[c->server_count];
	*s = (struct server){ .client = c, .name = place->name };
	int r = cluster_server_new(&s->link,
	                           &(struct cluster_server_settings){
					   .loop = c->set.loop,
					   .name = place->name,
					   .address = (const struct sockaddr *)&place->address,
					   .address_len = place->address_len,
					   .password = c->set.password,
					   .owner = s,
					   .on_up = on_up,
					   .on_down = on_down,
				   });
	if (r)
		return err_up(r);
	c->server_count++;
	return 0;
}

int cluster_client_new(struct cluster_client **ret_c, const struct cluster_client_settings *set)
{
	struct cluster_client *c = calloc(1, sizeof(*c));
	if (!c)
		return err_raise(-ENOMEM);
	c->set = *set;
	c->refresh.fn = on_refresh;
	c->later.fn = on_later;
	for (size_t i = 0; i < set->place_count && i < CLUSTER_SERVERS_MAX; i++) {
		int r = server_begin(c, &set->places[i]);
		if (!r)
			continue;
		cluster_client_free(c);
		return err_up(r);
	}
	c->set.places = NULL;
	*ret_c = c;
	return 0;
}

void cluster_client_free(struct cluster_client *c)
{
	if (!c)
		return;
	io_deadline_disarm(&c->refresh);
	io_deadline_disarm(&c->later);
	for (size_t i = 0; i < c->server_count; i++)
		cluster_server_free(c->servers[i].link);
	while (c->commands) {
		struct command *m = c->commands;
		m->fn = NULL;
		command_end(m, NULL);
	}
	free(c);
}

bool cluster_client_is_reached(const struct cluster_client *c)
{
	return c->is_reached;
}

int cluster_ask(struct cluster_client *c, const struct slice *words, size_t count,
                cluster_answer_fn *fn, void *owner)
{
	if (!c->is_reached || c->command_count == CLUSTER_COMMANDS_MAX ||
	    c->bytes > CLUSTER_BYTES_MAX)
		return CLUSTER_AWAY;
	struct command *m = calloc(1, sizeof(*m));
	if (!m)
		return err_raise(-ENOMEM);
	*m = (struct command){ .next = c->commands,
		               .at = &c->commands,
		               .client = c,
		               .slot = cluster_slot(words[1]),
		               .fn = fn,
		               .owner = owner,
		               .until_ms = io_loop_now_ms(c->set.loop) + CLUSTER_PATIENCE_MS };
	int r = cluster_wire_add(&m->wire, words, count);
	if (r) {
		buf_deinit(&m->wire);
		free(m);
		return err_up(r);
	}
	if (m->next)
		m->next->at = &m->next;
	c->commands = m;
	c->command_count++;
	c->bytes += buf_len(&m->wire);
	command_send(m);
	return 0;
}
