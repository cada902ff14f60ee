/* Values of the configuration file. */
#include "conf/value.h"

#include "base/clean.h"
#include "sasl/base64.h"

#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from *text on, which is moved past them. */
static int digits_take(const char **text, uint64_t *ret_number)
{
	if (!is_digit(**text))
		return CONF_VALUE_BAD;
	uint64_t number = 0;
	for (; is_digit(**text); (*text)++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(**text - '0'), &number))
			return CONF_VALUE_BAD;
	*ret_number = number;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int scaled_parse(const char *text, const struct unit *units, size_t count, uint64_t max,
                        uint64_t *ret_number)
{
	uint64_t number;
	if (digits_take(&text, &number))
		return CONF_VALUE_BAD;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, units[i].name))
			continue;
		if (__builtin_mul_overflow(number, units[i].factor, &number) || number > max)
			return CONF_VALUE_BAD;
		*ret_number = number;
		return 0;
	}
	return CONF_VALUE_BAD;
}

int conf_duration_parse(const char *text, uint32_t *ret_ms)
{
	static const struct unit units[] = {
		{ "", 1000 },   { "ms", 1 },      { "s", 1000 },
		{ "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	uint64_t ms;
	if (scaled_parse(text, units, COUNT_OF(units), UINT32_MAX, &ms))
		return CONF_VALUE_BAD;
	*ret_ms = (uint32_t)ms;
	return 0;
}

int conf_seconds_parse(const char *text, uint32_t *ret_s)
{
	static const struct unit units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
	};
	uint64_t s;
	if (scaled_parse(text, units, COUNT_OF(units), UINT32_MAX, &s))
		return CONF_VALUE_BAD;
	*ret_s = (uint32_t)s;
	return 0;
}

int conf_size_parse(const char *text, size_t *ret_len)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1 << 10 },
		{ "M", 1 << 20 },
		{ "G", 1 << 30 },
	};
	uint64_t len;
	if (scaled_parse(text, units, COUNT_OF(units), SIZE_MAX, &len))
		return CONF_VALUE_BAD;
	*ret_len = len;
	return 0;
}

int conf_number_parse(const char *text, unsigned *ret_number)
{
	static const struct unit units[] = { { "", 1 } };
	uint64_t number;
	if (scaled_parse(text, units, COUNT_OF(units), UINT32_MAX, &number))
		return CONF_VALUE_BAD;
	*ret_number = (unsigned)number;
	return 0;
}

static const struct {
	const char *name;
	enum tls_version version;
} versions[] = {
	{ "1.0", TLS_1_0 },
	{ "1.1", TLS_1_1 },
	{ "1.2", TLS_1_2 },
	{ "1.3", TLS_1_3 },
};

int conf_version_parse(const char *text, enum tls_version *ret_version)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (!strcmp(text, versions[i].name)) {
			*ret_version = versions[i].version;
			return 0;
		}
	return CONF_VALUE_BAD;
}

const char *conf_version_name(enum tls_version version)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (versions[i].version == version)
			return versions[i].name;
	return "";
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int pin_parse_hex(const char *text, uint8_t ret_pin[32])
{
	for (size_t i = 0; i < 32; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return CONF_VALUE_BAD;
		ret_pin[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int conf_pin_parse(const char *text, uint8_t ret_pin[32])
{
	static const char prefix[] = "sha256:";
	char padded[48];
	uint8_t data[36];
	uint8_t hex[32];
	size_t len;
	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	if (strlen(text) == 64) {
		if (pin_parse_hex(text, hex))
			return CONF_VALUE_BAD;
		memcpy(ret_pin, hex, 32);
		return 0;
	}
	if (strlen(text) != 43 && strlen(text) != 44)
		return CONF_VALUE_BAD;
	snprintf(padded, sizeof(padded), "%s%s", text, strlen(text) == 43 ? "=" : "");
	if (sasl_base64_decode(slice_str(padded), data, sizeof(data), &len) || len != 32)
		return CONF_VALUE_BAD;
	memcpy(ret_pin, data, 32);
	return 0;
}

bool conf_hostname_is_valid(const char *text)
{
	size_t label = 0;
	size_t len = strlen(text);
	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool is_alnum = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool is_inner = c == '-' || c == '_';
		if (c == '.' ? label == 0 : !is_alnum && !is_inner)
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63 || (c == '-' && label == 1))
			return false;
	}
	return label > 0;
}

int conf_port_parse(const char *text, uint16_t *ret_port)
{
	unsigned port;
	if (conf_number_parse(text, &port) || port == 0 || port > UINT16_MAX)
		return CONF_VALUE_BAD;
	*ret_port = (uint16_t)port;
	return 0;
}

int conf_mode_parse(const char *text, unsigned *ret_mode)
{
	unsigned mode = 0;
	size_t len = strlen(text);
	if (len < 3 || len > 4 || text[strspn(text, "01234567")])
		return CONF_VALUE_BAD;
	for (; *text; text++)
		mode = mode * 8 + (unsigned)(*text - '0');
	if (mode > 0777)
		return CONF_VALUE_BAD;
	*ret_mode = mode;
	return 0;
}
