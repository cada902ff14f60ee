#include "watch/pairs.h"

#include "base/err.h"
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

int watch_pairs_init(struct watch_pairs *p, size_t max, uint64_t seed)
{
	*p = (struct watch_pairs){ .key = { seed, ~seed }, .max = max, .place_count = 2 };
	while (p->place_count < 2 * max)
		p->place_count *= 2;
	p->all = calloc(max, sizeof(*p->all));
	p->places = calloc(p->place_count, sizeof(*p->places));
	if (p->all && p->places)
		return 0;
	watch_pairs_deinit(p);
	return err_raise(-ENOMEM);
}

void watch_pairs_deinit(struct watch_pairs *p)
{
	free(p->all);
	free(p->places);
	*p = (struct watch_pairs){};
}

/* --- by age --- */

static void age_unlink(struct watch_pairs *p, struct watch_pair *pair)
{
	struct watch_age_list *list = &p->ages[pair->age];
	*(pair->newer ? &pair->newer->older : &list->newest) = pair->older;
	*(pair->older ? &pair->older->newer : &list->oldest) = pair->newer;
	pair->newer = pair->older = NULL;
}

static void age_link(struct watch_pairs *p, struct watch_pair *pair)
{
	struct watch_age_list *list = &p->ages[pair->age];
	pair->older = list->newest;
	*(list->newest ? &list->newest->newer : &list->oldest) = pair;
	list->newest = pair;
}

/* Once a second is enough: its neighbours are in other lines of the cache. */
void watch_pairs_touch(struct watch_pairs *p, struct watch_pair *pair, int64_t at_s)
{
	if (pair->last_s == at_s)
		return;
	pair->last_s = at_s;
	watch_pairs_age(p, pair, (enum watch_age)pair->age);
}

void watch_pairs_age(struct watch_pairs *p, struct watch_pair *pair, enum watch_age age)
{
	age_unlink(p, pair);
	pair->age = (uint8_t)age;
	age_link(p, pair);
}

struct watch_pair *watch_pairs_oldest(const struct watch_pairs *p)
{
	struct watch_pair *judged = p->ages[WATCH_JUDGED].oldest;
	struct watch_pair *open = p->ages[WATCH_OPEN].oldest;
	if (p->ages[WATCH_ENDED].oldest)
		return p->ages[WATCH_ENDED].oldest;
	if (!judged || !open)
		return judged ? judged : open;
	return judged->last_s <= open->last_s ? judged : open;
}

/* --- by ends --- */

/* The same of both directions: the lower end goes first. */
static uint32_t hash_of(const struct watch_pairs *p, const struct watch_packet *k)
{
	int order = memcmp(&k->from, &k->to, sizeof(k->from));
	bool is_first = order ? order < 0 : k->from_port < k->to_port;
	const struct watch_address *low = is_first ? &k->from : &k->to;
	const struct watch_address *high = is_first ? &k->to : &k->from;
	uint64_t ports = is_first ? (uint64_t)k->from_port << 16 | k->to_port
	                          : (uint64_t)k->to_port << 16 | k->from_port;
	const uint64_t words[] = { hash_word(low->bytes), hash_word(low->bytes + 8),
		                   hash_word(high->bytes), hash_word(high->bytes + 8),
		                   ports << 8 | k->protocol };
	return (uint32_t)hash_keyed(p->key, words, sizeof(words) / sizeof(words[0]));
}

static bool is_end(const struct watch_address *a, uint16_t a_port, const struct watch_address *b,
                   uint16_t b_port)
{
	return a_port == b_port && watch_address_equal(a, b);
}

/* Is the packet of this pair, and who sent it? */
static bool is_of(const struct watch_pair *pair, const struct watch_packet *k,
                  enum watch_side *ret_side)
{
	if (pair->transport != k->protocol)
		return false;
	*ret_side = WATCH_CLIENT;
	if (is_end(&pair->client, pair->client_port, &k->from, k->from_port) &&
	    is_end(&pair->server, pair->server_port, &k->to, k->to_port))
		return true;
	*ret_side = WATCH_SERVER;
	return is_end(&pair->server, pair->server_port, &k->from, k->from_port) &&
	       is_end(&pair->client, pair->client_port, &k->to, k->to_port);
}

static size_t place_next(const struct watch_pairs *p, size_t at)
{
	return (at + 1) & (p->place_count - 1);
}

static size_t place_home(const struct watch_pairs *p, uint32_t hash)
{
	return hash & (p->place_count - 1);
}

static struct watch_pair *pair_at(const struct watch_pairs *p, uint64_t place)
{
	return &p->all[(uint32_t)place - 1];
}

struct watch_pair *watch_pairs_find(const struct watch_pairs *p, const struct watch_packet *packet,
                                    enum watch_side *ret_side)
{
	uint32_t hash = hash_of(p, packet);
	for (size_t at = place_home(p, hash); p->places[at]; at = place_next(p, at)) {
		uint64_t place = p->places[at];
		if (place >> 32 == hash && is_of(pair_at(p, place), packet, ret_side))
			return pair_at(p, place);
	}
	return NULL;
}

static struct watch_pair *pair_take(struct watch_pairs *p)
{
	struct watch_pair *pair = p->free;
	if (pair)
		p->free = pair->older;
	return pair ? pair : &p->all[p->fresh++];
}

static void place_add(struct watch_pairs *p, const struct watch_pair *pair)
{
	size_t at = place_home(p, pair->hash);
	while (p->places[at])
		at = place_next(p, at);
	p->places[at] = (uint64_t)pair->hash << 32 | (uint64_t)(pair - p->all + 1);
}

/* Who sends a SYN without ACK is the client. Else the sender of the first packet is taken for it,
 * unless his port is the lower one: that is only who is who, not what it is. */
static bool sender_is_server(const struct watch_packet *k)
{
	if (k->protocol == WATCH_IP_TCP && k->tcp_flags & WATCH_TCP_SYN)
		return k->tcp_flags & WATCH_TCP_ACK;
	return k->from_port < k->to_port && (k->protocol == WATCH_IP_TCP || k->from_port < 1024);
}

struct watch_pair *watch_pairs_add(struct watch_pairs *p, const struct watch_packet *packet,
                                   int64_t at_s, enum watch_side *ret_side)
{
	struct watch_pair *pair = pair_take(p);
	*ret_side = sender_is_server(packet) ? WATCH_SERVER : WATCH_CLIENT;
	*pair = (struct watch_pair){ .client = packet->from,
		                     .server = packet->to,
		                     .client_port = packet->from_port,
		                     .server_port = packet->to_port,
		                     .transport = packet->protocol,
		                     .age = WATCH_OPEN,
		                     .hash = hash_of(p, packet),
		                     .first_s = at_s,
		                     .last_s = at_s };
	if (*ret_side == WATCH_SERVER)
		watch_pair_swap(pair);
	place_add(p, pair);
	age_link(p, pair);
	p->count++;
	return pair;
}

static size_t place_of(const struct watch_pairs *p, const struct watch_pair *pair)
{
	size_t at = place_home(p, pair->hash);
	while (pair_at(p, p->places[at]) != pair)
		at = place_next(p, at);
	return at;
}

/* Those behind the free place move up, unless they would stand before their home. */
static void place_close(struct watch_pairs *p, size_t at)
{
	size_t mask = p->place_count - 1;
	for (size_t next = place_next(p, at); p->places[next]; next = place_next(p, next)) {
		size_t home = place_home(p, (uint32_t)(p->places[next] >> 32));
		if (((next - home) & mask) < ((next - at) & mask))
			continue;
		p->places[at] = p->places[next];
		at = next;
	}
	p->places[at] = 0;
}

void watch_pairs_remove(struct watch_pairs *p, struct watch_pair *pair)
{
	place_close(p, place_of(p, pair));
	age_unlink(p, pair);
	pair->older = p->free;
	p->free = pair;
	p->count--;
}

void watch_pair_swap(struct watch_pair *pair)
{
	const struct watch_pair before = *pair;
	pair->client = before.server;
	pair->server = before.client;
	pair->client_port = before.server_port;
	pair->server_port = before.client_port;
	pair->has_fin[WATCH_CLIENT] = before.has_fin[WATCH_SERVER];
	pair->has_fin[WATCH_SERVER] = before.has_fin[WATCH_CLIENT];
}
