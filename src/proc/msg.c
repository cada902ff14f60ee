#include "proc/msg.h"

#include "acme/tokens.h"
#include "base/clean.h"
#include "proc/alarm.h"
#include "proc/everywhere.h"
#include "proc/guard.h"
#include "proc/hook.h"
#include "proc/published.h"
#include "proc/witness.h"

enum {
	ID = 4,
	KIB = 1024,
	MIB = 1024 * 1024,
	NAME_MAX_LEN = 255,
	SIGNATURE_MAX = 4096, /* RSA with 32768 bits; none is longer */
	WHY_MAX = 4 * KIB,
};

/* Who may send to whom. */
__extension__ typedef unsigned __int128 ways;
#define WAY(from, to) ((ways)1 << (PROC_ROLE_##from * PROC_ROLE_COUNT + PROC_ROLE_##to))

static const struct row {
	const char *name;
	ways ways;
	uint32_t len_max; /* of the payload */
	bool has_fd;
} rows[] = {
	[PROC_MSG_CONFIG] = { "config",
	                      WAY(PARENT, WORKER) | WAY(PARENT, RESOLVER) | WAY(PARENT, LEDGER) |
	                              WAY(PARENT, WATCH) | WAY(PARENT, WITNESS) | WAY(PARENT, SITE),
	                      4 * MIB, false },
	[PROC_MSG_CHAIN] = { "chain", WAY(PARENT, WORKER) | WAY(PARENT, SITE),
	                     ID + 2 + NAME_MAX_LEN + 256 * KIB, false },
	[PROC_MSG_CA] = { "ca", WAY(PARENT, WORKER), 4 * MIB, false },
	[PROC_MSG_TICKET_KEYS] = { "ticket keys", WAY(PARENT, WORKER) | WAY(LEDGER, PARENT),
	                           2 * PROC_TICKET_KEY_LEN, false },
	[PROC_MSG_LISTENER] = { "listener", WAY(PARENT, WORKER), ID + 1 + 1, true },
	[PROC_MSG_KEYS_CHANNEL] = { "keys channel", WAY(PARENT, WORKER), 0, true },
	[PROC_MSG_START] = { "start", WAY(PARENT, WORKER) | WAY(PARENT, SITE), 1, false },
	[PROC_MSG_DRAIN] = { "drain", WAY(PARENT, WORKER), 4, false },
	[PROC_MSG_STATUS_ASK] = { "status?",
	                          WAY(PARENT, WORKER) | WAY(PARENT, LEDGER) | WAY(PARENT, WATCH),
	                          ID, false },
	[PROC_MSG_STATUS] = { "status", WAY(WORKER, PARENT), 64 * KIB, false },
	[PROC_MSG_CAPS] = { "caps", WAY(WORKER, PARENT) | WAY(PARENT, WORKER),
	                    ID + ID + 1 + 16 * KIB, false },
	[PROC_MSG_DRAINED] = { "drained", WAY(WORKER, PARENT), 0, false },
	[PROC_MSG_REFUSED] = { "refused", WAY(WORKER, PARENT), WHY_MAX, false },
	[PROC_MSG_READY] = { "ready",
	                     WAY(WORKER, PARENT) | WAY(KEYS, PARENT) | WAY(RESOLVER, PARENT) |
	                             WAY(LEDGER, PARENT) | WAY(RUNNER, PARENT) |
	                             WAY(WATCH, PARENT) | WAY(WITNESS, PARENT) | WAY(SITE, PARENT),
	                     0, false },
	[PROC_MSG_KEY] = { "key", WAY(PARENT, KEYS), ID, true },
	[PROC_MSG_KEY_FORGET] = { "key forget", WAY(PARENT, KEYS), ID, false },
	[PROC_MSG_WORKER_CHANNEL] = { "worker channel",
	                              WAY(PARENT, KEYS) | WAY(PARENT, RESOLVER) |
	                                      WAY(PARENT, LEDGER),
	                              0, true },
	[PROC_MSG_MAKE_SELF_SIGNED] = { "make self-signed", WAY(PARENT, KEYS), NAME_MAX_LEN, true },
	[PROC_MSG_KEY_LOADED] = { "key loaded", WAY(KEYS, PARENT), ID + PROC_SPKI_LEN, false },
	[PROC_MSG_KEY_BAD] = { "key bad", WAY(KEYS, PARENT), ID + WHY_MAX, false },
	[PROC_MSG_SELF_SIGNED] = { "self-signed", WAY(KEYS, PARENT), 64 * KIB, false },
	[PROC_MSG_SIGN] = { "sign", WAY(WORKER, KEYS), ID + ID + 2 + 2 + PROC_DIGEST_MAX, false },
	[PROC_MSG_SIGNED] = { "signed", WAY(KEYS, WORKER), ID + 2 + SIGNATURE_MAX, false },
	[PROC_MSG_RESOLVER_CHANNEL] = { "resolver channel", WAY(PARENT, WORKER) | WAY(PARENT, SITE),
	                                0, true },
	[PROC_MSG_SERVICE] = { "service",
	                       WAY(PARENT, WORKER) | WAY(PARENT, LEDGER) | WAY(PARENT, SITE),
	                       1 + ID, true },
	[PROC_MSG_RESOLVE] = { "resolve", WAY(WORKER, RESOLVER) | WAY(SITE, RESOLVER),
	                       ID + 1 + 2 + NAME_MAX_LEN, false },
	[PROC_MSG_SEEN] = { "seen", WAY(WORKER, RESOLVER), 1 + 2 * (2 + NAME_MAX_LEN), false },
	[PROC_MSG_RESOLVER_WANTED] = { "resolver wanted", WAY(WORKER, PARENT) | WAY(SITE, PARENT),
	                               0, false },
	[PROC_MSG_RELEASE] = { "release", WAY(PARENT, RESOLVER), NAME_MAX_LEN, false },
	[PROC_MSG_FAULT] = { "fault", WAY(WORKER, RESOLVER), 1 + 2 + NAME_MAX_LEN, false },
	[PROC_MSG_WORKAROUNDS] = { "workarounds", WAY(RESOLVER, PARENT), 64 * KIB, false },
	[PROC_MSG_PLACE] = { "place", WAY(WORKER, RESOLVER),
	                     ID + 1 + 2 * (2 + NAME_MAX_LEN) + 4 * 4, false },
	[PROC_MSG_PLACE_GIVE] = { "place give", WAY(WORKER, RESOLVER), ID, false },
	[PROC_MSG_PLACED] = { "placed", WAY(RESOLVER, WORKER), ID + 2 + NAME_MAX_LEN, false },
	[PROC_MSG_PLACE_WANTED] = { "place wanted", WAY(RESOLVER, WORKER), 1 + 2 + NAME_MAX_LEN,
	                            false },
	[PROC_MSG_OUTCOME] = { "outcome", WAY(WORKER, RESOLVER), MIB, false },
	[PROC_MSG_TLSRPT_SEND] = { "tlsrpt send", WAY(PARENT, RESOLVER), 4, false },
	[PROC_MSG_TLSRPT_NUMBERS] = { "tlsrpt numbers", WAY(RESOLVER, PARENT), 3 * 8, false },
	[PROC_MSG_LEDGER_CHANNEL] = { "ledger channel", WAY(PARENT, WORKER) | WAY(PARENT, WATCH), 0,
	                              true },
	[PROC_MSG_RECORDS] = { "records", WAY(WORKER, LEDGER) | WAY(WATCH, LEDGER),
	                       PROC_RECORDS_MAX, false },
	[PROC_MSG_RECORDS_KEPT] = { "records kept", WAY(LEDGER, WORKER) | WAY(LEDGER, WATCH), 8,
	                            false },
	[PROC_MSG_LEDGER_WANTED] = { "ledger wanted", WAY(WORKER, PARENT) | WAY(WATCH, PARENT), 0,
	                             false },
	[PROC_MSG_FORGET] = { "forget", WAY(PARENT, LEDGER), ID + NAME_MAX_LEN, false },
	[PROC_MSG_FORGOT] = { "forgot", WAY(LEDGER, PARENT), ID + 4 + 1, false },
	[PROC_MSG_CLUSTER_STATUS] = { "cluster status", WAY(LEDGER, PARENT), 4 * KIB, false },
	[PROC_MSG_GUESS] = { "guess", WAY(WORKER, LEDGER), 1 + PROC_ADDRESS_LEN + 2 + NAME_MAX_LEN,
	                     false },
	[PROC_MSG_GUESSED] = { "guessed", WAY(LEDGER, WORKER),
	                       4 + PROC_ADDRESS_LEN + 2 + NAME_MAX_LEN, false },
	[PROC_MSG_LEDGER_STATUS] = { "ledger status", WAY(LEDGER, PARENT), 4 * KIB, false },
	[PROC_MSG_PASSWORDS] = { "passwords", WAY(PARENT, LEDGER), PROC_PASSWORDS_MAX, false },
	[PROC_MSG_STATE] = { "state", WAY(PARENT, LEDGER), MIB, false },
	[PROC_MSG_IN_FORCE] = { "in force", WAY(PARENT, LEDGER), 4 * MIB, false },
	[PROC_MSG_HOOKS] = { "hooks", WAY(PARENT, RUNNER), 64 * KIB, false },
	[PROC_MSG_RUNNER_CHANNEL] = { "runner channel", WAY(PARENT, RUNNER) | WAY(PARENT, LEDGER),
	                              0, true },
	[PROC_MSG_HOOK_RUN] = { "hook run", WAY(LEDGER, RUNNER) | WAY(PARENT, RUNNER),
	                        8 + 1 + 2 + NAME_MAX_LEN + PROC_HOOK_FACTS_MAX, false },
	[PROC_MSG_HOOK_ENDED] = { "hook ended", WAY(RUNNER, LEDGER) | WAY(RUNNER, PARENT), 8 + 1,
	                          false },
	[PROC_MSG_HOOK_SAID] = { "hook said", WAY(RUNNER, LEDGER), 8 + PROC_HOOK_SAID_MAX, false },
	[PROC_MSG_BANS] = { "bans", WAY(PARENT, WORKER) | WAY(LEDGER, PARENT), 256 * KIB, false },
	[PROC_MSG_BAN] = { "ban", WAY(PARENT, LEDGER), NAME_MAX_LEN, false },
	[PROC_MSG_TUNNELS] = { "tunnels", WAY(PARENT, WORKER), 2 * MIB, false },
	[PROC_MSG_HOST] = { "host", WAY(WORKER, RESOLVER), ID + 2 + NAME_MAX_LEN, false },
	[PROC_MSG_HOST_FOUND] = { "host found", WAY(RESOLVER, WORKER), 4 * KIB, false },
	[PROC_MSG_HOSTS_FILE] = { "hosts file", WAY(PARENT, RESOLVER), MIB, false },
	[PROC_MSG_LOOKED] = { "looked", WAY(WORKER, PARENT) | WAY(PARENT, WORKER),
	                      ID + 4 + 1 + 4 + 256, false },
	[PROC_MSG_LOADS] = { "loads", WAY(WORKER, PARENT), MIB, false },
	[PROC_MSG_HOSTS] = { "hosts", WAY(RESOLVER, PARENT), MIB, false },
	[PROC_MSG_RESOLVED] = { "resolved", WAY(RESOLVER, WORKER) | WAY(RESOLVER, SITE), MIB,
	                        false },
	[PROC_MSG_MAKE_REQUEST] = { "make request", WAY(PARENT, KEYS),
	                            ID + 1 + PROC_REQUEST_NAMES_MAX, true },
	[PROC_MSG_REQUEST_MADE] = { "request made", WAY(KEYS, PARENT), 256 * KIB, false },
	[PROC_MSG_MAKE_CHALLENGE] = { "make challenge", WAY(PARENT, KEYS), ID + 32 + NAME_MAX_LEN,
	                              true },
	[PROC_MSG_CHALLENGE_MADE] = { "challenge made", WAY(KEYS, PARENT),
	                              ID + PROC_CHALLENGE_PEM_MAX, false },
	[PROC_MSG_CHALLENGES] = { "challenges", WAY(PARENT, WORKER), PROC_CHALLENGES_MAX, false },
	[PROC_MSG_CHALLENGES_TAKEN] = { "challenges taken", WAY(WORKER, PARENT), ID, false },
	[PROC_MSG_ORDER_ASK] = { "order ask", WAY(PARENT, LEDGER),
	                         1 + ID + 2 + PROC_ORDER_ID_CAP + PROC_ORDER_CHAIN_MAX, false },
	[PROC_MSG_ORDER_TOLD] = { "order told", WAY(LEDGER, PARENT),
	                          1 + ID + 1 + PROC_ORDER_CHAIN_MAX, false },
	[PROC_MSG_TOKENS] = { "tokens", WAY(PARENT, LEDGER) | WAY(LEDGER, PARENT), ACME_TOKENS_MAX,
	                      false },
	[PROC_MSG_STS_LOOK] = { "sts look", WAY(PARENT, WITNESS),
	                        4 + PROC_PUBLISHED_DOMAINS_MAX *(2 + PROC_PUBLISHED_DOMAIN_CAP),
	                        false },
	[PROC_MSG_STS_SEEN] = { "sts seen", WAY(WITNESS, PARENT) | WAY(PARENT, SITE),
	                        PROC_PUBLISHED_PACKED_MAX, false },
	[PROC_MSG_STS_MISMATCH] = { "sts mismatch", WAY(SITE, PARENT), 256 * KIB, false },
	[PROC_MSG_PROGRAM] = { "program", WAY(PARENT, RUNNER), 16 * KIB, true },
	[PROC_MSG_PROGRAM_ENDED] = { "program ended", WAY(RUNNER, PARENT), ID + 1 + WHY_MAX,
	                             false },
	[PROC_MSG_WATCH_STATUS] = { "watch status", WAY(WATCH, PARENT), 4 * KIB, false },
	[PROC_MSG_WATCH_FAILED] = { "watch failed", WAY(WATCH, PARENT), WHY_MAX, false },
	[PROC_MSG_WATCH_CHANNEL] = { "watch channel", WAY(PARENT, LEDGER), 0, true },
	[PROC_MSG_WITNESS_TARGETS] = { "witness targets", WAY(PARENT, WITNESS),
	                               64 + PROC_WITNESS_TARGETS_MAX *PROC_WITNESS_PACKED_MAX,
	                               false },
	[PROC_MSG_WITNESS_AGAIN] = { "witness again", WAY(PARENT, WITNESS), ID, false },
	[PROC_MSG_WITNESS_SAW] = { "witness saw", WAY(WITNESS, PARENT), KIB, false },
	[PROC_MSG_WITNESS_TOKEN] = { "witness token", WAY(PARENT, WORKER), PROC_WITNESS_TOKEN_LEN,
	                             false },
	[PROC_MSG_SITE_CHANNEL] = { "site channel", WAY(PARENT, RESOLVER), 0, true },
	[PROC_MSG_SITE_POLICIES] = { "site policies", WAY(SITE, PARENT), 128 * KIB, false },
	[PROC_MSG_SITE_TROUBLE] = { "site trouble", WAY(SITE, PARENT), 256 * KIB, false },
	[PROC_MSG_TABLE] = { "table", WAY(PARENT, WORKER), ID + 8, true },
	[PROC_MSG_ALARM] = { "alarm", WAY(PARENT, LEDGER), PROC_ALARM_PACKED_MAX, false },
	[PROC_MSG_GUARD_ASK] = { "guard?", WAY(PARENT, WITNESS),
	                         ID + 2 + PROC_GUARD_PLACES_MAX *(4 + PROC_WITNESS_HOST_CAP) +
	                                 PROC_GUARD_CHAIN_MAX,
	                         false },
	[PROC_MSG_GUARD_SAID] = { "guard said", WAY(WITNESS, PARENT),
	                          ID + 1 + 4 + PROC_WITNESS_HOST_CAP, false },
	[PROC_MSG_EVERYWHERE_ASK] = { "everywhere?", WAY(PARENT, WITNESS),
	                              ID + 32 + 2 +
	                                      PROC_GUARD_PLACES_MAX *(4 + PROC_WITNESS_HOST_CAP),
	                              false },
	[PROC_MSG_EVERYWHERE_SAID] = { "everywhere said", WAY(WITNESS, PARENT),
	                               ID + 1 + 4 + 2 + PROC_EVERYWHERE_WHY_CAP, false },
	[PROC_MSG_CATALOG] = { "catalog", WAY(PARENT, WORKER), 0, true },
	[PROC_MSG_KEY_WANTED] = { "key wanted", WAY(KEYS, PARENT), ID, false },
};
_Static_assert(8 + PROC_HOOK_SAID_MAX <= PROC_PAYLOAD_MAX, "what a program says is a payload");
_Static_assert(COUNT_OF(rows) == PROC_MSG_COUNT, "a message without a row");
_Static_assert(PROC_ROLE_COUNT *PROC_ROLE_COUNT <= 128, "a bit for each way");

static const char *const role_names[] = {
	[PROC_ROLE_PARENT] = "parent", [PROC_ROLE_KEYS] = "keys",
	[PROC_ROLE_WORKER] = "worker", [PROC_ROLE_RESOLVER] = "resolver",
	[PROC_ROLE_LEDGER] = "ledger", [PROC_ROLE_RUNNER] = "runner",
	[PROC_ROLE_WATCH] = "watch",   [PROC_ROLE_WITNESS] = "witness",
	[PROC_ROLE_SITE] = "site",
};
_Static_assert(COUNT_OF(role_names) == PROC_ROLE_COUNT, "a role without a name");

const char *proc_role_name(enum proc_role role)
{
	return (unsigned)role < PROC_ROLE_COUNT ? role_names[role] : "unknown";
}

const char *proc_msg_name(unsigned type)
{
	return type < PROC_MSG_COUNT ? rows[type].name : "unknown";
}

bool proc_msg_allowed(enum proc_role from, enum proc_role to, unsigned type, size_t len,
                      bool has_fd)
{
	if (type >= PROC_MSG_COUNT || (unsigned)from >= PROC_ROLE_COUNT ||
	    (unsigned)to >= PROC_ROLE_COUNT)
		return false;
	const struct row *row = &rows[type];
	bool is_way = row->ways & (ways)1 << ((unsigned)from * PROC_ROLE_COUNT + (unsigned)to);
	return is_way && len <= row->len_max && has_fd == row->has_fd;
}

bool proc_msg_has_fd(unsigned type)
{
	return type < PROC_MSG_COUNT && rows[type].has_fd;
}

static void number_write(uint8_t *at, uint64_t value, size_t len)
{
	for (size_t i = len; i-- > 0; value >>= 8)
		at[i] = (uint8_t)value;
}

static uint64_t number_read(const uint8_t *at, size_t len)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | at[i];
	return value;
}

void proc_header_write(struct proc_header h, uint8_t ret_bytes[PROC_HEADER_LEN])
{
	number_write(ret_bytes, h.len, 4);
	number_write(ret_bytes + 4, h.type, 2);
	number_write(ret_bytes + 6, h.version, 2);
}

struct proc_header proc_header_read(const uint8_t bytes[PROC_HEADER_LEN])
{
	return (struct proc_header){
		.len = (uint32_t)number_read(bytes, 4),
		.type = (uint16_t)number_read(bytes + 4, 2),
		.version = (uint16_t)number_read(bytes + 6, 2),
	};
}

bool proc_version_is_known(unsigned version)
{
	return version >= PROC_TABLE_VERSION_OLDEST && version <= PROC_TABLE_VERSION;
}

struct proc_packer proc_packer_over(void *data, size_t cap)
{
	return (struct proc_packer){ .data = data, .cap = cap };
}

struct proc_packer proc_packer_onto(struct buf *b)
{
	buf_clear(b);
	return (struct proc_packer){ .buf = b };
}

void proc_pack_raw(struct proc_packer *p, struct slice bytes)
{
	if (p->has_failed || bytes.len == 0)
		return;
	if (p->buf) {
		p->has_failed = buf_add(p->buf, bytes) != 0;
		return;
	}
	if (bytes.len > p->cap - p->len) {
		p->has_failed = true;
		return;
	}
	memcpy(p->data + p->len, bytes.data, bytes.len);
	p->len += bytes.len;
}

static void pack_number(struct proc_packer *p, uint64_t value, size_t len)
{
	uint8_t bytes[8];
	number_write(bytes, value, len);
	proc_pack_raw(p, slice_of(bytes, len));
}

void proc_pack_u8(struct proc_packer *p, uint8_t value)
{
	pack_number(p, value, 1);
}

void proc_pack_u16(struct proc_packer *p, uint16_t value)
{
	pack_number(p, value, 2);
}

void proc_pack_u32(struct proc_packer *p, uint32_t value)
{
	pack_number(p, value, 4);
}

void proc_pack_u64(struct proc_packer *p, uint64_t value)
{
	pack_number(p, value, 8);
}

void proc_pack_bytes(struct proc_packer *p, struct slice bytes)
{
	if (bytes.len > UINT16_MAX) {
		p->has_failed = true;
		return;
	}
	proc_pack_u16(p, (uint16_t)bytes.len);
	proc_pack_raw(p, bytes);
}

void proc_pack_str(struct proc_packer *p, const char *text)
{
	proc_pack_bytes(p, slice_str(text));
}

struct slice proc_packed(const struct proc_packer *p)
{
	if (p->has_failed)
		return (struct slice){};
	return p->buf ? buf_slice(p->buf) : slice_of(p->data, p->len);
}

struct proc_unpacker proc_unpacker_over(struct slice payload)
{
	return (struct proc_unpacker){ .rest = payload };
}

/* Cuts the next len bytes off. */
static bool take(struct proc_unpacker *u, size_t len, struct slice *ret)
{
	if (u->has_failed || u->rest.len < len) {
		u->has_failed = true;
		return false;
	}
	*ret = slice_head(u->rest, len);
	u->rest = slice_skip(u->rest, len);
	return true;
}

static bool unpack_number(struct proc_unpacker *u, size_t len, uint64_t *ret)
{
	struct slice bytes;
	if (!take(u, len, &bytes))
		return false;
	*ret = number_read(bytes.data, len);
	return true;
}

bool proc_unpack_u8(struct proc_unpacker *u, uint8_t *ret)
{
	uint64_t value;
	if (!unpack_number(u, 1, &value))
		return false;
	*ret = (uint8_t)value;
	return true;
}

bool proc_unpack_u16(struct proc_unpacker *u, uint16_t *ret)
{
	uint64_t value;
	if (!unpack_number(u, 2, &value))
		return false;
	*ret = (uint16_t)value;
	return true;
}

bool proc_unpack_u32(struct proc_unpacker *u, uint32_t *ret)
{
	uint64_t value;
	if (!unpack_number(u, 4, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool proc_unpack_u64(struct proc_unpacker *u, uint64_t *ret)
{
	return unpack_number(u, 8, ret);
}

bool proc_unpack_bytes(struct proc_unpacker *u, struct slice *ret)
{
	uint16_t len;
	return proc_unpack_u16(u, &len) && take(u, len, ret);
}

bool proc_unpack_str(struct proc_unpacker *u, char *ret_text, size_t cap)
{
	struct slice s;
	if (!proc_unpack_bytes(u, &s))
		return false;
	if (s.len >= cap || slice_find(s, 0) != s.len) {
		u->has_failed = true;
		return false;
	}
	if (s.len)
		memcpy(ret_text, s.data, s.len);
	ret_text[s.len] = 0;
	return true;
}

bool proc_unpack_raw(struct proc_unpacker *u, void *ret, size_t len)
{
	struct slice s;
	if (!take(u, len, &s))
		return false;
	if (len)
		memcpy(ret, s.data, len);
	return true;
}

bool proc_unpack_text(struct proc_unpacker *u, struct slice *ret)
{
	return take(u, u->rest.len, ret);
}

bool proc_unpack_ends(const struct proc_unpacker *u)
{
	return !u->has_failed && u->rest.len == 0;
}
