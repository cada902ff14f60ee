#include "pki/token.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/replace.h"
#include "pki/inside.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/random.h>

enum { SECRET_BYTES = PKI_SECRET_LEN / 2, TOKEN_FILE_MAX = 64 * 1024 };

static void hex_write(const uint8_t *bytes, size_t len, char *ret_text)
{
	for (size_t i = 0; i < len; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
}

static bool hex_read(const char *text, uint8_t *ret_bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < 2 * len; i++) {
		const char *at = text[i] ? strchr(digits, text[i]) : NULL;
		if (!at)
			return false;
		ret_bytes[i / 2] = (uint8_t)(ret_bytes[i / 2] << 4 | (at - digits));
	}
	return !text[2 * len];
}

bool pki_token_read(const char *text, struct pki_token *ret_token)
{
	struct pki_token token = {};
	uint8_t secret[SECRET_BYTES];
	const char *colon = strchr(text, ':');
	const char *second = colon ? strchr(colon + 1, ':') : NULL;
	if (!second || second - colon - 1 != PKI_SECRET_LEN || colon - text >= IDENTITY_NAME_CAP)
		return false;
	snprintf(token.name, sizeof(token.name), "%.*s", (int)(colon - text), text);
	snprintf(token.secret, sizeof(token.secret), "%s", colon + 1);
	if (!identity_name_is_valid(token.name) || !hex_read(token.secret, secret, SECRET_BYTES) ||
	    !hex_read(second + 1, token.pin, sizeof(token.pin)))
		return false;
	*ret_token = token;
	return true;
}

static void token_path(const struct pki *p, const char *name, char ret_path[PKI_PATH_CAP])
{
	snprintf(ret_path, PKI_PATH_CAP, "%s/tokens/%s", p->dir, name);
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static json_t *list_json(char *const *list, size_t count)
{
	json_t *json = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(json, json_string(list[i]));
	return json;
}

int pki_digest_write(struct slice text, char ret_hex[PKI_DIGEST_LEN + 1])
{
	uint8_t digest[32];
	if (!tls_ca_digest_of(text, digest))
		return err_raise(-ENOMEM);
	hex_write(digest, sizeof(digest), ret_hex);
	return 0;
}

static int file_write(struct pki *p, const struct pki_token_order *order, const char *secret)
{
	static const struct pki_names none = {};
	const struct pki_names *names = order->names ? order->names : &none;
	char hash[65], path[PKI_PATH_CAP];
	int r = pki_digest_write(slice_str(secret), hash);
	if (r)
		return err_up(r);
	CLEAN(json_freep)
	json_t *json = json_pack("{s:s, s:I, s:i, s:o, s:o}", "hash", hash, "until",
	                         (json_int_t)(order->now_s + order->seconds), "days",
	                         (int)order->days, "dns", list_json(names->dns, names->dns_count),
	                         "ip", list_json(names->addresses, names->address_count));
	CLEAN(freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	if (!text)
		return err_raise(-ENOMEM);
	pki_path(p, "tokens", path);
	r = pki_directory_ensure(p, path);
	token_path(p, order->name, path);
	return r ? r : pki_file_write(p, path, 0600, slice_str(text));
}

int pki_token_make(struct pki *p, const struct pki_token_order *order, char ret_text[PKI_TOKEN_CAP])
{
	uint8_t bytes[SECRET_BYTES];
	char secret[PKI_SECRET_LEN + 1], pin[65];
	struct tls_ca_facts facts;
	const struct pki_order check = { .name = order->name,
		                         .names = order->names,
		                         .days = order->days,
		                         .now_s = order->now_s };
	int r = pki_order_check(p, &check);
	if (r)
		return r;
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_raise(-errno);
	hex_write(bytes, sizeof(bytes), secret);
	r = file_write(p, order, secret);
	if (r)
		return r;
	r = tls_ca_facts_read(&facts, buf_slice(&pki_root_current(p)->root));
	if (r)
		return err_up(r);
	hex_write(facts.sha256, sizeof(facts.sha256), pin);
	tls_ca_facts_deinit(&facts);
	snprintf(ret_text, PKI_TOKEN_CAP, "%s:%s:%s", order->name, secret, pin);
	return 0;
}

static char **list_take(const json_t *list, size_t *ret_count)
{
	size_t i;
	json_t *item;
	char **texts = calloc(PKI_NAMES_MAX + 1, sizeof(*texts));
	*ret_count = 0;
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		char *copy = texts && text && *ret_count < PKI_NAMES_MAX ? strdup(text) : NULL;
		if (copy)
			texts[(*ret_count)++] = copy;
	}
	return texts;
}

int pki_token_take(struct pki *p, const char *name, const char *secret, int64_t now_s,
                   struct pki_token_use *ret_use)
{
	CLEAN(buf_deinit) struct buf text = {};
	char path[PKI_PATH_CAP], hash[65];
	token_path(p, name, path);
	if (!identity_name_is_valid(name) || file_read(&text, path, TOKEN_FILE_MAX, NULL))
		return PKI_TOKEN_WRONG;
	CLEAN(json_freep)
	json_t *json = json_loadb((const char *)buf_slice(&text).data, buf_len(&text), 0, NULL);
	const char *wanted = json_string_value(json_object_get(json, "hash"));
	int r = pki_digest_write(slice_str(secret), hash);
	if (r)
		return err_up(r);
	/* Hashes: how long they take to compare tells nothing of the secret. */
	if (!wanted || strcmp(wanted, hash) != 0 ||
	    json_integer_value(json_object_get(json, "until")) <= now_s)
		return PKI_TOKEN_WRONG;
	if (unlink(path))
		return pki_fails(p, "%s: %s", path, strerror(errno));
	struct pki_token_use use = { .days = (unsigned)json_integer_value(
					     json_object_get(json, "days")) };
	use.names.dns = list_take(json_object_get(json, "dns"), &use.names.dns_count);
	use.names.addresses = list_take(json_object_get(json, "ip"), &use.names.address_count);
	*ret_use = use;
	return 0;
}
