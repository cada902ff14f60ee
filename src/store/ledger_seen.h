/*
 * A record as the ledger keeps it: its texts bounded and printable, client addresses as much as is
 * to be kept of them. Pure.
 */
#ifndef STORE_LEDGER_SEEN_H
#define STORE_LEDGER_SEEN_H

#include "store/ledger.h"
#include "store/ledger_words.h"

/* Pointers are words, "" or texts; they live as long as the words and the struct. */
struct ledger_seen {
	const struct store_record *record;
	const char *protocol, *edge, *version, *cipher, *kex, *policy, *result, *outcome, *backend;
	const char *who;       /* inbound and user legs: the user, if logged in, or the address */
	bool is_user;          /* who is one */
	bool is_refused;       /* a ClientHello came, and no session of it */
	bool is_failed;        /* it ended in no way that a good one does */
	uint64_t address_hash; /* of all of it, and the leg */
	char address[STORE_TEXT_MAX + 1];
	char domain[STORE_TEXT_MAX + 1];
	char mx[STORE_TEXT_MAX + 1];
	char user[STORE_TEXT_MAX + 1];
	char software[STORE_TEXT_MAX + 1];
	char error[STORE_TEXT_MAX + 1];
};

void ledger_seen_make(struct ledger_seen *seen, struct ledger_words *words, enum store_address how,
                      const struct store_record *record);

static inline bool ledger_seen_is_client(const struct ledger_seen *seen)
{
	return seen->record->leg == STORE_LEG_INBOUND || seen->record->leg == STORE_LEG_USER;
}

/* ret_text: STORE_TEXT_MAX + 1 bytes. */
void ledger_text(const char *text, char *ret_text);

/* A client's: "192.0.2.0/24", "2001:db8::/48"; nothing of what is no address. In place. */
void ledger_address_cut(char *address, enum store_address how);

#endif
