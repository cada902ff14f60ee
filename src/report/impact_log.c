#include "report/impact_log.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/hash.h"
#include "tls/hello.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Sessions of one who came with one TLS. */
struct known {
	struct known *next; /* of the same place */
	enum log_protocol protocol;
	enum log_tls tls;
	bool is_user;
	char version[16], cipher[80];
	char *who, *software; /* owned */
	struct impact_count count;
	int64_t last_s;
};

enum { PLACES = 65536 };

struct impact_log {
	struct impact_door doors[LOG_PROTOCOL_COUNT];
	struct log_postfix postfix;
	struct known **places;
	size_t count;
	/* Past the maximum: judged at once, and of nobody. */
	struct impact_count others[LOG_PROTOCOL_COUNT][IMPACT_KIND_COUNT];
	uint64_t others_count;
	uint64_t seed;
	int64_t now_s, began_s;
};

int impact_log_new(struct impact_log **ret_log, const struct impact_wish *wish, int64_t now_s)
{
	struct impact_log *log = calloc(1, sizeof(*log));
	int r = log ? 0 : err_raise(-ENOMEM);
	if (log)
		log->places = calloc(PLACES, sizeof(struct known *));
	if (!r && !log->places)
		r = err_raise(-ENOMEM);
	for (int p = 0; !r && p < LOG_PROTOCOL_COUNT; p++) {
		const char *name = log_protocol_name((enum log_protocol)p);
		const struct impact_door_settings set = { .name = name,
			                                  .protocol = name,
			                                  .wish = wish };
		r = impact_door_make(&log->doors[p], &set);
	}
	if (r) {
		impact_log_free(log);
		return err_up(r);
	}
	log->now_s = now_s;
	if (getrandom(&log->seed, sizeof(log->seed), 0) != sizeof(log->seed))
		log->seed = (uintptr_t)log;
	*ret_log = log;
	return 0;
}

static void known_free(struct known *k)
{
	free(k->who);
	free(k->software);
	free(k);
}

void impact_log_free(struct impact_log *log)
{
	if (!log)
		return;
	for (size_t i = 0; log->places && i < PLACES; i++)
		while (log->places[i]) {
			struct known *k = log->places[i];
			log->places[i] = k->next;
			known_free(k);
		}
	free(log->places);
	free(log);
}

/* --- judgement --- */

/* Letters and digits, without "TLS", "WITH", "CBC": what servers call the same suite differs in
 * the rest. */
static void plain_name(const char *name, char ret_plain[80])
{
	static const char *const noise[] = { "TLS", "WITH", "CBC" };
	size_t len = 0;
	for (; *name && len + 1 < 80; name++) {
		if (!isalnum((unsigned char)*name))
			continue;
		ret_plain[len++] = (char)toupper((unsigned char)*name);
		for (size_t i = 0; i < COUNT_OF(noise); i++) {
			size_t part = strlen(noise[i]);
			if (len >= part && !memcmp(ret_plain + len - part, noise[i], part))
				len -= part;
		}
	}
	ret_plain[len] = '\0';
}

static bool is_named(const struct tls_suite *suite, const char *plain)
{
	char iana[80], openssl[80];
	plain_name(suite->name, iana);
	plain_name(suite->openssl, openssl);
	/* GnuTLS says "ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM" in TLS 1.3. */
	bool is_part = suite->tier == TLS_SUITE_13 && strlen(plain) > 9 &&
	               strstr(plain, suite->is_chacha         ? "CHACHA20POLY1305"
	                             : strstr(iana, "256GCM") ? "AES256GCM"
	                                                      : "AES128GCM");
	return !strcmp(plain, iana) || !strcmp(plain, openssl) || is_part;
}

/* NULL: no suite that an edge may offer. */
static const struct tls_suite *suite_of(const char *cipher, bool is_13)
{
	char plain[80];
	plain_name(cipher, plain);
	for (size_t i = 0; i < TLS_SUITE_COUNT; i++)
		if ((tls_suites[i].tier == TLS_SUITE_13) == is_13 &&
		    is_named(&tls_suites[i], plain))
			return &tls_suites[i];
	return NULL;
}

static bool offers(const struct tls_replay_server *server, const struct tls_suite *suite)
{
	for (size_t i = 0; i < server->suite_count; i++)
		if (server->suites[i] == suite)
			return true;
	return false;
}

static uint16_t version_of(const struct known *k)
{
	uint16_t version = TLS_1_0;
	while (version < TLS_1_3 && strcmp(k->version, tls_hello_version_name(version)) != 0)
		version++;
	return version;
}

/* Lower than the plan's lowest breaks. Another suite may: the client may have others. */
static enum impact_kind used_kind(const struct impact_door *door, const struct known *k,
                                  const char **ret_then)
{
	uint16_t version = version_of(k);
	const struct tls_suite *suite = suite_of(k->cipher, version == TLS_1_3);
	if (version < door->server.min_version) {
		*ret_then = "no shared TLS version";
		return door->is_public && !door->requires_tls ? IMPACT_FALLS : IMPACT_CUT;
	}
	if (suite && offers(&door->server, suite))
		return IMPACT_SAME;
	*ret_then = version > door->server.max_version ? "not this version" : "not this cipher";
	return IMPACT_UNKNOWN;
}

static enum impact_kind kind_of(const struct impact_door *door, const struct known *k,
                                const char **ret_then)
{
	switch (k->tls) {
	case LOG_TLS_NONE:
		return door->requires_tls ? IMPACT_PLAIN_REFUSED : IMPACT_PLAIN;
	case LOG_TLS_USED:
		return used_kind(door, k, ret_then);
	case LOG_TLS_UNKNOWN:
		*ret_then = "the log does not say which TLS";
		return IMPACT_UNKNOWN;
	case LOG_TLS_REFUSED:
		return IMPACT_REFUSED;
	}
	return IMPACT_UNKNOWN;
}

/* --- sums --- */

static const char *who_of(const struct log_session *s)
{
	return s->user[0] ? s->user : s->address;
}

static struct known **place_of(const struct impact_log *log, const struct log_session *s)
{
	uint64_t hash = hash_name(HASH_START ^ log->seed, who_of(s));
	hash = hash_name(hash, s->cipher);
	hash = hash_name(hash_byte(hash, (uint8_t)s->protocol), s->version);
	return &log->places[hash_place(hash, PLACES)];
}

static bool is_same(const struct known *k, const struct log_session *s)
{
	return k->protocol == s->protocol && k->tls == s->tls &&
	       k->is_user == (s->user[0] != '\0') && !strcmp(k->who, who_of(s)) &&
	       !strcmp(k->version, s->version) && !strcmp(k->cipher, s->cipher);
}

static struct known *known_new(const struct log_session *s)
{
	struct known *k = calloc(1, sizeof(*k));
	if (!k)
		return NULL;
	k->protocol = s->protocol;
	k->tls = s->tls;
	k->is_user = s->user[0] != '\0';
	memcpy(k->version, s->version, sizeof(k->version));
	memcpy(k->cipher, s->cipher, sizeof(k->cipher));
	k->who = strdup(who_of(s));
	k->software = strdup(s->software);
	if (k->who && k->software)
		return k;
	known_free(k);
	return NULL;
}

static void session_count(struct impact_count *count, const struct log_session *s)
{
	count->sessions++;
	count->messages += s->messages;
	count->bytes += s->bytes;
}

static void other_count(struct impact_log *log, const struct log_session *s)
{
	const char *then = NULL;
	struct known k = { .protocol = s->protocol, .tls = s->tls };
	memcpy(k.version, s->version, sizeof(k.version));
	memcpy(k.cipher, s->cipher, sizeof(k.cipher));
	enum impact_kind kind = kind_of(&log->doors[s->protocol], &k, &then);
	session_count(&log->others[s->protocol][kind], s);
	log->others_count++;
}

static int session_add(struct impact_log *log, const struct log_session *s)
{
	struct known **place = place_of(log, s);
	struct known *k = *place;
	while (k && !is_same(k, s))
		k = k->next;
	if (!k && log->count == IMPACT_LOG_NAMES_MAX) {
		other_count(log, s);
		return 0;
	}
	if (!k) {
		k = known_new(s);
		if (!k)
			return err_raise(-ENOMEM);
		k->next = *place;
		*place = k;
		k->count.names = 1;
		log->count++;
	}
	session_count(&k->count, s);
	if (s->at_s > k->last_s)
		k->last_s = s->at_s;
	return 0;
}

int impact_log_line(struct impact_log *log, struct slice line)
{
	struct log_session s;
	int64_t at_s = log_time(line, log->now_s);
	int r = log_postfix_line(&log->postfix, line, at_s, &s);
	if (at_s && (!log->began_s || at_s < log->began_s))
		log->began_s = at_s;
	if (r)
		r = log_dovecot_line(line, &s);
	if (r)
		r = log_exim_line(line, &s);
	if (r)
		return 0;
	s.at_s = at_s;
	return err_up(session_add(log, &s));
}

/* --- all of them --- */

static int known_judge(struct impact *i, const struct known *k)
{
	struct impact_case c = { .door = k->protocol,
		                 .before = { k->version, k->cipher, "" },
		                 .count = k->count };
	const struct store_use_name name = { .who = k->who, .is_user = k->is_user };
	const struct store_use_detail detail = { k->last_s, k->version, k->cipher, k->software };
	c.kind = kind_of(&i->doors[k->protocol], k, &c.then);
	size_t before = i->finding_count;
	int r = impact_add_name(i, &c, &name);
	if (!r && i->finding_count == before + 1)
		r = impact_finding_tell(&i->findings[before], &detail);
	return r;
}

static int other_judge(struct impact *i, const struct impact_log *log, size_t protocol,
                       enum impact_kind kind)
{
	const struct impact_case c = { .door = protocol,
		                       .kind = kind,
		                       .before = { "", "", "" },
		                       .count = log->others[protocol][kind],
		                       .then = "" };
	return c.count.sessions ? impact_add(i, &c) : 0;
}

static int others_judge(struct impact *i, const struct impact_log *log)
{
	int r = 0;
	for (size_t p = 0; p < LOG_PROTOCOL_COUNT; p++)
		for (int kind = 0; !r && kind < IMPACT_KIND_COUNT; kind++)
			r = other_judge(i, log, p, (enum impact_kind)kind);
	return r;
}

int impact_log_judge(struct impact_log *log, struct impact *ret_impact, int64_t *ret_began_s,
                     uint64_t *ret_unnamed)
{
	CLEAN(impact_deinit) struct impact impact = {};
	struct log_session s;
	int r = impact_init(&impact, log->doors, LOG_PROTOCOL_COUNT, 0);
	while (!r && !log_postfix_rest(&log->postfix, &s))
		r = session_add(log, &s);
	for (size_t i = 0; !r && i < PLACES; i++)
		for (const struct known *k = log->places[i]; !r && k; k = k->next)
			r = known_judge(&impact, k);
	if (!r)
		r = others_judge(&impact, log);
	if (r)
		return err_up(r);
	impact_sort(&impact);
	*ret_began_s = log->began_s;
	*ret_unnamed = log->others_count;
	*ret_impact = impact;
	impact = (struct impact){};
	return 0;
}
