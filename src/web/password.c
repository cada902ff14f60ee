#include "web/password.h"

#include "base/clean.h"
#include "base/err.h"
#include "sasl/base64.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/random.h>

enum {
	NAME_CAP = 64,
	REMEMBERED_MAX = 16,
	HASH_MIN = 40,
	CREDENTIAL_CAP = 512, /* "user:password" and its NUL: what crypt(3) takes */
};

struct entry {
	char name[NAME_CAP];
	char hash[CRYPT_OUTPUT_SIZE];
};

/* A credential that was right, as a hash that is quick to make and is of this process alone. */
struct remembered {
	char hash[CRYPT_OUTPUT_SIZE];
	uint64_t until_ms;
};

struct web_passwords {
	struct entry *entries;
	size_t count;
	char quick[48]; /* the setting of such a hash */
	struct remembered remembered[REMEMBERED_MAX];
	size_t next; /* to be forgotten */
	unsigned wrong;
	uint64_t wrong_since_ms;
	struct crypt_data room;
};

/* "$5$rounds=1000$SALT": some 0.3 ms, where a password's own may take a hundred times that. */
static int quick_make(struct web_passwords *list)
{
	static const char digits[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint8_t salt[16];
	if (getrandom(salt, sizeof(salt), 0) != sizeof(salt))
		return err_raise(-EIO);
	int len = snprintf(list->quick, sizeof(list->quick), "$5$rounds=1000$");
	for (size_t i = 0; i < sizeof(salt); i++)
		list->quick[len++] = digits[salt[i] & 63];
	list->quick[len] = '\0';
	return 0;
}

/* Methods that crypt(5) calls strong; a setting without its hash would let nobody in. */
static bool is_known(const char *hash)
{
	int r = crypt_checksalt(hash);
	return strlen(hash) >= HASH_MIN && (r == CRYPT_SALT_OK || r == CRYPT_SALT_TOO_CHEAP);
}

static int entry_add(struct web_passwords *list, struct slice line)
{
	size_t colon = slice_find(line, ':');
	struct slice hash = slice_trim(slice_skip(line, colon + 1));
	if (!colon || colon >= NAME_CAP || !hash.len || hash.len >= CRYPT_OUTPUT_SIZE ||
	    list->count == WEB_PASSWORD_USERS_MAX || memchr(line.data, '\0', line.len))
		return WEB_PASSWORDS_BAD;
	struct entry *more = reallocarray(list->entries, list->count + 1, sizeof(*more));
	if (!more)
		return err_raise(-ENOMEM);
	list->entries = more;
	struct entry *e = &more[list->count++];
	*e = (struct entry){};
	memcpy(e->name, line.data, colon);
	memcpy(e->hash, hash.data, hash.len);
	return is_known(e->hash) ? 0 : WEB_PASSWORDS_BAD;
}

static int entries_read(struct web_passwords *list, struct slice text, unsigned *ret_line)
{
	for (*ret_line = 1; text.len; (*ret_line)++) {
		size_t end = slice_find(text, '\n');
		struct slice line = slice_trim(slice_head(text, end));
		text = slice_skip(text, end + 1);
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		if (!line.len || line.data[0] == '#')
			continue;
		int r = entry_add(list, line);
		if (r)
			return r;
	}
	return list->count ? 0 : WEB_PASSWORDS_NONE;
}

static void passwords_freep(struct web_passwords **list)
{
	web_passwords_free(*list);
}

int web_passwords_new(struct web_passwords **ret_list, struct slice text, unsigned *ret_line)
{
	CLEAN(passwords_freep) struct web_passwords *list = calloc(1, sizeof(*list));
	if (!list)
		return err_raise(-ENOMEM);
	int r = quick_make(list);
	if (!r)
		r = entries_read(list, text, ret_line);
	if (r)
		return r;
	*ret_list = TAKE(list);
	return 0;
}

void web_passwords_free(struct web_passwords *list)
{
	if (!list)
		return;
	if (list->entries)
		explicit_bzero(list->entries, list->count * sizeof(*list->entries));
	free(list->entries);
	explicit_bzero(list, sizeof(*list));
	free(list);
}

/* The same time wherever they differ. */
static bool is_same(const char *a, const char *b)
{
	size_t len = strlen(a);
	unsigned char differs = 0;
	if (len != strlen(b)) /* what they are hashes of decides that, not what they are */
		return false;
	for (size_t i = 0; i < len; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

/* "user:password" of the field. ret_text: CREDENTIAL_CAP bytes. */
static bool credential_take(const char *authorization, char *ret_text)
{
	static const char scheme[] = "Basic ";
	size_t len;
	if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	struct slice coded = slice_trim(slice_str(authorization + sizeof(scheme) - 1));
	if (sasl_base64_decode(coded, (uint8_t *)ret_text, CREDENTIAL_CAP - 1, &len))
		return false;
	ret_text[len] = '\0';
	return strlen(ret_text) == len && strchr(ret_text, ':');
}

static bool is_remembered(const struct web_passwords *list, const char *hash, uint64_t now_ms)
{
	bool found = false;
	for (size_t i = 0; i < REMEMBERED_MAX; i++)
		found |= list->remembered[i].until_ms > now_ms &&
		         is_same(list->remembered[i].hash, hash);
	return found;
}

static void remember(struct web_passwords *list, const char *hash, uint64_t now_ms)
{
	struct remembered *r = &list->remembered[list->next++ % REMEMBERED_MAX];
	snprintf(r->hash, sizeof(r->hash), "%s", hash);
	r->until_ms = now_ms + WEB_PASSWORD_FRESH_MS;
}

/* Somebody's hash is computed in any case. */
static bool is_right(struct web_passwords *list, const char *credential)
{
	const char *colon = strchr(credential, ':');
	size_t len = (size_t)(colon - credential);
	const struct entry *e = &list->entries[0];
	bool is_user = false;
	for (size_t i = 0; i < list->count; i++) {
		if (strlen(list->entries[i].name) != len ||
		    memcmp(list->entries[i].name, credential, len) != 0)
			continue;
		e = &list->entries[i];
		is_user = true;
	}
	const char *hash = crypt_rn(colon + 1, e->hash, &list->room, sizeof(list->room));
	return hash && is_same(hash, e->hash) && is_user;
}

static bool must_wait(struct web_passwords *list, uint64_t now_ms)
{
	if (now_ms - list->wrong_since_ms >= WEB_PASSWORD_PAUSE_MS)
		list->wrong = 0;
	return list->wrong >= WEB_PASSWORD_TRIES_MAX;
}

static int check(struct web_passwords *list, const char *credential, uint64_t now_ms)
{
	char quick[CRYPT_OUTPUT_SIZE];
	const char *hash = crypt_rn(credential, list->quick, &list->room, sizeof(list->room));
	if (!hash)
		return WEB_PASSWORD_WRONG;
	snprintf(quick, sizeof(quick), "%s", hash);
	if (is_remembered(list, quick, now_ms))
		return 0;
	if (must_wait(list, now_ms))
		return WEB_PASSWORD_WAIT;
	if (is_right(list, credential)) {
		remember(list, quick, now_ms);
		return 0;
	}
	if (!list->wrong++)
		list->wrong_since_ms = now_ms;
	return WEB_PASSWORD_WRONG;
}

int web_password_check(struct web_passwords *list, const char *authorization, uint64_t now_ms)
{
	char credential[CREDENTIAL_CAP];
	int r = WEB_PASSWORD_WRONG;
	if (credential_take(authorization, credential))
		r = check(list, credential, now_ms);
	explicit_bzero(credential, sizeof(credential));
	return r;
}
