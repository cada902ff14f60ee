#include "store/ledger_seen.h"

#include "base/clean.h"
#include "base/hash.h"
#include "base/slice.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { KEPT_V4 = 3, KEPT_V6 = 6 }; /* bytes: /24, /48 */

void ledger_text(const char *text, char *ret_text)
{
	slice_to_text(slice_of(text, strnlen(text, STORE_TEXT_MAX)), ret_text, STORE_TEXT_MAX + 1);
}

static void prefix_write(char *address, int family, uint8_t *bytes, size_t kept)
{
	size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	char text[INET6_ADDRSTRLEN] = "";
	memset(bytes + kept, 0, len - kept);
	inet_ntop(family, bytes, text, sizeof(text));
	snprintf(address, STORE_TEXT_MAX + 1, "%s/%zu", text, kept * 8);
}

void ledger_address_cut(char *address, enum store_address how)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (how == STORE_ADDRESS_FULL)
		return;
	if (how == STORE_ADDRESS_TRUNCATED && inet_pton(AF_INET, address, &v4) == 1) {
		prefix_write(address, AF_INET, (uint8_t *)&v4, KEPT_V4);
	} else if (how == STORE_ADDRESS_TRUNCATED && inet_pton(AF_INET6, address, &v6) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&v6))
			prefix_write(address, AF_INET, v6.s6_addr + 12, KEPT_V4);
		else
			prefix_write(address, AF_INET6, v6.s6_addr, KEPT_V6);
	} else {
		*address = '\0';
	}
}

/* A client may go when it likes, and a drain is ours. */
static bool is_good(const char *outcome)
{
	static const char *const good[] = { "", "open", "ok", "client-gone", "drained" };
	for (size_t i = 0; i < COUNT_OF(good); i++)
		if (!strcmp(outcome, good[i]))
			return true;
	return false;
}

static void words_make(struct ledger_seen *seen, struct ledger_words *words)
{
	const struct store_record *r = seen->record;
	seen->protocol = ledger_word(words, r->protocol);
	seen->edge = ledger_word(words, r->edge);
	seen->version = ledger_word(words, r->tls_version);
	seen->cipher = ledger_word(words, r->cipher);
	seen->kex = ledger_word(words, r->group);
	seen->policy = ledger_word(words, r->policy);
	seen->result = ledger_word(words, r->result);
	seen->outcome = ledger_word(words, r->outcome);
	seen->backend = ledger_word(words, r->backend);
}

static void texts_make(struct ledger_seen *seen)
{
	const struct store_record *r = seen->record;
	ledger_text(r->address, seen->address);
	ledger_text(r->domain, seen->domain);
	ledger_text(r->mx, seen->mx);
	ledger_text(r->user, seen->user);
	ledger_text(r->software, seen->software);
	ledger_text(r->error, seen->error);
}

void ledger_seen_make(struct ledger_seen *seen, struct ledger_words *words, enum store_address how,
                      const struct store_record *record)
{
	seen->record = record;
	words_make(seen, words);
	texts_make(seen);
	seen->address_hash = hash_bytes(hash_byte(HASH_START ^ words->seed, (uint8_t)record->leg),
	                                seen->address, strlen(seen->address));
	if (ledger_seen_is_client(seen))
		ledger_address_cut(seen->address, how);
	seen->is_user = record->is_logged_in && *seen->user;
	seen->who = seen->is_user ? seen->user : seen->address;
	seen->is_refused = record->seal == STORE_SEAL_NONE && record->hello;
	seen->is_failed = !is_good(seen->outcome);
}
