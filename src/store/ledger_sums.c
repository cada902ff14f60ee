#include "store/ledger_sums.h"

#include "base/hash.h"

#include <string.h>

static struct ledger_sum *find(const struct ledger_table *sums, const struct ledger_sum_key *key,
                               uint64_t hash)
{
	struct ledger_sum *at = ledger_table_find(sums, hash);
	while (at && memcmp(&at->key, key, sizeof(*key)))
		at = ledger_table_next(at);
	return at;
}

/* kept_free: so many places are not for this one. */
static struct ledger_sum *get(struct ledger_table *sums, const struct ledger_sum_key *key,
                              size_t kept_free)
{
	uint64_t hash = hash_bytes(HASH_START, key, sizeof(*key));
	struct ledger_sum *sum = find(sums, key, hash);
	if (sum || sums->count + kept_free >= sums->max)
		return sum;
	sum = ledger_table_add(sums, hash, sizeof(*sum));
	if (sum)
		memcpy(&sum->key, key, sizeof(*key));
	return sum;
}

static void strip(struct ledger_sum_key *key)
{
	key->version = key->cipher = key->kex = ledger_word_none;
	key->is_resumed = key->has_forward_secrecy = false;
}

static struct ledger_sum *get_some(struct ledger_table *sums, struct ledger_sum_key *key)
{
	struct ledger_sum *sum = get(sums, key, LEDGER_SUMS_REST);
	if (sum)
		return sum;
	strip(key);
	return get(sums, key, 0);
}

static int add(struct ledger_table *sums, struct ledger_sum_key *key, const struct store_record *r,
               uint32_t login_failures)
{
	struct ledger_sum *sum = get_some(sums, key);
	if (!sum)
		return LEDGER_SUMS_FULL;
	sum->sessions++;
	sum->messages += r->messages;
	sum->bytes_in += r->bytes_in;
	sum->bytes_out += r->bytes_out;
	sum->login_failures += login_failures;
	return 0;
}

/* All bytes of a key are compared, those between its members too. */
static void key_make(struct ledger_sum_key *key, const struct ledger_seen *seen)
{
	const struct store_record *r = seen->record;
	memset(key, 0, sizeof(*key));
	key->hour = r->ended_s / 3600;
	key->leg = r->leg;
	key->seal = r->seal;
	key->protocol = seen->protocol;
	key->edge = seen->edge;
	key->version = seen->version;
	key->cipher = seen->cipher;
	key->kex = seen->kex;
	key->is_resumed = r->is_resumed;
	key->has_forward_secrecy = r->has_forward_secrecy;
}

static int backend_add(struct ledger_table *sums, const struct ledger_seen *seen)
{
	struct ledger_sum_key key;
	key_make(&key, seen);
	strip(&key);
	key.leg = STORE_LEG_INTERNAL;
	key.seal = seen->record->backend_seal;
	key.protocol = "backend";
	key.edge = seen->backend;
	return add(sums, &key, seen->record, 0);
}

int ledger_sums_add(struct ledger_table *sums, const struct ledger_seen *seen)
{
	const struct store_record *r = seen->record;
	struct ledger_sum_key key;
	key_make(&key, seen);
	int full = add(sums, &key, r, r->login_failures);
	if (!full && r->backend_seal != STORE_SEAL_NONE)
		full = backend_add(sums, seen);
	return full;
}
