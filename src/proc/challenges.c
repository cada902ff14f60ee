#include "proc/challenges.h"

static void one_pack(struct proc_packer *p, const struct acme_challenge *c)
{
	proc_pack_u8(p, (uint8_t)c->type);
	proc_pack_str(p, c->name);
	proc_pack_str(p, c->token);
	proc_pack_str(p, c->authorization);
	proc_pack_u32(p, c->key_id);
	proc_pack_bytes(p, buf_slice(&c->chain_pem));
}

void proc_challenges_pack(struct proc_packer *p, uint32_t generation,
                          const struct acme_challenges *own, const struct acme_challenges *others)
{
	proc_pack_u32(p, generation);
	for (size_t i = 0; i < own->count; i++)
		one_pack(p, &own->items[i]);
	for (size_t i = 0; i < others->count && own->count + i < ACME_CHALLENGES_MAX; i++)
		one_pack(p, &others->items[i]);
}

/* The next one, added to list. */
static bool one_unpack(struct proc_unpacker *u, struct acme_challenges *list)
{
	struct acme_challenge c = {};
	struct slice chain;
	uint8_t type;
	if (!proc_unpack_u8(u, &type) || type >= ACME_TYPE_COUNT ||
	    !proc_unpack_str(u, c.name, sizeof(c.name)) ||
	    !proc_unpack_str(u, c.token, sizeof(c.token)) ||
	    !proc_unpack_str(u, c.authorization, sizeof(c.authorization)) ||
	    !proc_unpack_u32(u, &c.key_id) || !proc_unpack_bytes(u, &chain))
		return false;
	c.type = (enum acme_type)type;
	if (!buf_add(&c.chain_pem, chain) && !acme_challenges_add(list, &c))
		return true;
	acme_challenge_deinit(&c);
	return false;
}

bool proc_challenges_unpack(struct slice payload, uint32_t *ret_generation,
                            struct acme_challenges *list)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	acme_challenges_clear(list);
	if (!proc_unpack_u32(&u, ret_generation))
		return false;
	while (u.rest.len)
		if (!one_unpack(&u, list)) {
			acme_challenges_clear(list);
			return false;
		}
	return true;
}
