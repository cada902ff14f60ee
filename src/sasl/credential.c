#include "sasl/credential.h"

#include "base/clean.h"
#include "base/err.h"
#include "sasl/base64.h"
#include "sasl/secret.h"

static const char *const replayable[] = { "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER" };

bool sasl_is_replayable(struct slice mechanism)
{
	for (size_t i = 0; i < COUNT_OF(replayable); i++)
		if (slice_equal_nocase(mechanism, slice_str(replayable[i])))
			return true;
	return false;
}

const char *sasl_last_response(const char *mechanism)
{
	if (!strcmp(mechanism, "OAUTHBEARER"))
		return "AQ==";
	return strcmp(mechanism, "XOAUTH2") ? "*" : "";
}

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] < ' ' || name.data[i] == 0x7f)
			return false;
	return name.len > 0 && name.len < SASL_NAME_CAP;
}

/* RFC 5321 2.4: a local part is its host's business, a domain has no case. */
static void domain_lower(char *name)
{
	char *at = strrchr(name, '@');
	for (; at && *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
}

int sasl_name_take(struct slice name, char ret_name[SASL_NAME_CAP])
{
	ret_name[0] = '\0';
	if (!is_name(name))
		return SASL_BAD;
	memcpy(ret_name, name.data, name.len);
	ret_name[name.len] = '\0';
	domain_lower(ret_name);
	return 0;
}

int sasl_name_decode(struct slice mechanism, struct slice base64, char ret_name[SASL_NAME_CAP])
{
	uint8_t data[SASL_BASE64_DATA_MAX];
	size_t len = 0;
	ret_name[0] = '\0';
	int r = sasl_base64_decode(base64, data, sizeof(data), &len) ? SASL_BAD : 0;
	if (!r)
		r = sasl_name_take(sasl_mailbox_find(mechanism, slice_of(data, len)), ret_name);
	explicit_bzero(data, sizeof(data));
	return r;
}

/* Appends the decoded text to data. */
static int part_add(struct slice base64, uint8_t *data, size_t cap, size_t *len)
{
	size_t more = 0;
	if (sasl_base64_decode(base64, data + *len, cap - *len, &more) ||
	    slice_find(slice_of(data + *len, more), '\0') != more)
		return SASL_BAD;
	*len += more;
	return 0;
}

int sasl_plain_of_login(struct buf *secret, struct slice name, struct slice password)
{
	uint8_t data[SASL_BASE64_DATA_MAX];
	char text[SASL_BASE64_MAX];
	size_t len = 0;
	data[len++] = '\0';
	int r = part_add(name, data, sizeof(data) - 1, &len);
	data[len++] = '\0';
	if (!r)
		r = part_add(password, data, sizeof(data), &len);
	if (!r) {
		size_t text_len = sasl_base64_encode(slice_of(data, len), text);
		r = sasl_secret_add(secret, slice_of(text, text_len));
	}
	explicit_bzero(data, sizeof(data));
	explicit_bzero(text, sizeof(text));
	return r == SASL_BAD ? SASL_BAD : err_up(r);
}
