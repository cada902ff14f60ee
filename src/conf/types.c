/* How each type of setting is read, written, copied and freed. */
#include "base/clean.h"
#include "base/err.h"
#include "conf/tables.h"
#include "conf/value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void *at(const struct conf_row *row, void *base)
{
	return (char *)base + row->offset;
}

static const void *at_const(const struct conf_row *row, const void *base)
{
	return (const char *)base + row->offset;
}

static char **string_at(const struct conf_row *row, void *base)
{
	return (char **)at(row, base);
}

static const char *string_of(const struct conf_row *row, const void *base)
{
	return *(char *const *)at_const(row, base);
}

__attribute__((format(printf, 2, 3))) static int bad(struct conf_why *why, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why->message, sizeof(why->message), format, args);
	va_end(args);
	return CONF_BAD;
}

__attribute__((format(printf, 2, 3))) static void mend(struct conf_why *why, const char *format,
                                                       ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why->mend, sizeof(why->mend), format, args);
	va_end(args);
}

/* Room for one more item at the end of a list of the row; *ret_item is zeroed. */
static int list_grow(const struct conf_row *row, void *base, size_t item_size, void **ret_item)
{
	char **items = (char **)at(row, base);
	size_t *count = conf_count_at(base, row->count_offset);
	char *grown = reallocarray(*items, *count + 1, item_size);
	if (!grown)
		return err_raise(-ENOMEM);
	*items = grown;
	*ret_item = grown + *count * item_size;
	memset(*ret_item, 0, item_size);
	(*count)++;
	return 0;
}

static int list_copy(const struct conf_row *row, void *to, const void *from, size_t item_size)
{
	size_t count = conf_count_of(from, row->count_offset);
	if (!count)
		return 0;
	void *items = reallocarray(NULL, count, item_size);
	if (!items)
		return err_raise(-ENOMEM);
	memcpy(items, string_of(row, from), count * item_size);
	*string_at(row, to) = items;
	*conf_count_at(to, row->count_offset) = count;
	return 0;
}

static void list_clear(const struct conf_row *row, void *base)
{
	free(*string_at(row, base));
	*string_at(row, base) = NULL;
	*conf_count_at(base, row->count_offset) = 0;
}

static void field_copy(const struct conf_row *row, void *to, const void *from)
{
	memcpy(at(row, to), at_const(row, from), row->size);
}

static int plain_copy(const struct conf_row *row, void *to, const void *from)
{
	field_copy(row, to, from);
	return 0;
}

/* Numbers of any width: bool, enum, unsigned, size_t. */
static void number_store(const struct conf_row *row, void *base, uint64_t number)
{
	if (row->size == sizeof(bool))
		*(bool *)at(row, base) = number != 0;
	else if (row->size == sizeof(uint32_t))
		*(uint32_t *)at(row, base) = (uint32_t)number;
	else
		*(uint64_t *)at(row, base) = number;
}

static uint64_t number_load(const struct conf_row *row, const void *base)
{
	if (row->size == sizeof(bool))
		return *(const bool *)at_const(row, base);
	if (row->size == sizeof(uint32_t))
		return *(const uint32_t *)at_const(row, base);
	return *(const uint64_t *)at_const(row, base);
}

_Static_assert(sizeof(enum conf_protocol) == sizeof(uint32_t), "enums are stored as 32 bits");

static void text_print(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* "a", "b" and "c" of all words that this version has. */
static void words_say(const struct conf_word *words, char *ret_text, size_t cap)
{
	size_t len = 0;
	ret_text[0] = '\0';
	for (; words->name; words++)
		if (!words->is_missing && len < cap)
			len += (size_t)snprintf(ret_text + len, cap - len, "%s%s", len ? ", " : "",
			                        words->name);
}

/* CONF_STRING and what is made of it. */

static int string_set(const struct conf_row *row, void *base, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		return err_raise(-ENOMEM);
	free(*string_at(row, base));
	*string_at(row, base) = copy;
	return 0;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int string_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	if (!text[0]) {
		bad(ret_why, "it is empty");
		mend(ret_why, "write something, or leave the setting out");
		return CONF_BAD;
	}
	if (has_control(text))
		return bad(ret_why, "line ends and control characters are not allowed");
	return string_set(row, base, text);
}

static int path_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	if (text[0] != '/') {
		bad(ret_why, "\"%.100s\" is no absolute path", text);
		mend(ret_why, "begin it with \"/\"");
		return CONF_BAD;
	}
	return string_parse(row, settings, base, text, ret_why);
}

static int hostname_parse(const struct conf_row *row, const struct conf_settings *settings,
                          void *base, const char *text, struct conf_why *ret_why)
{
	if (!conf_hostname_is_valid(text)) {
		bad(ret_why, "\"%.100s\" is no host name", text);
		mend(ret_why, "write one such as mx.example.org");
		return CONF_BAD;
	}
	return string_parse(row, settings, base, text, ret_why);
}

static int groups_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_-.:";
	if (text[strspn(text, allowed)] || text[0] == ':' || strstr(text, "::")) {
		bad(ret_why, "\"%.100s\" is no list of groups", text);
		mend(ret_why, "put \":\" between the names, as in \"X25519:P-256\"");
		return CONF_BAD;
	}
	return string_parse(row, settings, base, text, ret_why);
}

static void string_print(const struct conf_row *row, const struct conf_settings *settings,
                         const void *base, FILE *out)
{
	const char *text = string_of(row, base);
	if (text)
		text_print(text, out);
}

static int string_copy(const struct conf_row *row, void *to, const void *from)
{
	const char *text = string_of(row, from);
	return text ? string_set(row, to, text) : 0;
}

static void string_clear(const struct conf_row *row, void *base)
{
	free(*string_at(row, base));
	*string_at(row, base) = NULL;
}

/* CONF_BOOL */

static int bool_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	bool is_true = !strcmp(text, "true");
	if (!is_true && strcmp(text, "false") != 0) {
		bad(ret_why, "it is neither true nor false");
		mend(ret_why, "write true or false, without quotes");
		return CONF_BAD;
	}
	number_store(row, base, is_true);
	return 0;
}

static void bool_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	fputs(number_load(row, base) ? "true" : "false", out);
}

/* CONF_WORD and CONF_FLAGS */

static int word_find(const struct conf_row *row, const char *text, size_t *ret_value,
                     struct conf_why *ret_why)
{
	char known[160];
	struct conf_nearest near = { .text = text };
	const struct conf_word *w = row->words;
	while (w->name && strcmp(w->name, text) != 0) {
		if (!w->is_missing)
			conf_nearest_try(&near, w->name);
		w++;
	}
	if (w->name && !w->is_missing) {
		*ret_value = w->value;
		return 0;
	}
	words_say(row->words, known, sizeof(known));
	if (w->name)
		bad(ret_why, "%s \"%s\" is not in this version", row->name, text);
	else
		bad(ret_why, "\"%.100s\" is not known", text);
	if (near.best && !w->name)
		mend(ret_why, "did you mean \"%s\"? known: %s", near.best, known);
	else
		mend(ret_why, "known: %s", known);
	return CONF_BAD;
}

static int word_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	size_t value;
	int r = word_find(row, text, &value, ret_why);
	if (r)
		return r;
	number_store(row, base, value);
	return 0;
}

static void word_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	uint64_t value = number_load(row, base);
	for (const struct conf_word *w = row->words; w->name; w++)
		if (!w->is_missing && w->value == value) {
			text_print(w->name, out);
			return;
		}
}

static int flags_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                       const char *text, struct conf_why *ret_why)
{
	size_t offset;
	int r = word_find(row, text, &offset, ret_why);
	if (r)
		return r;
	*(bool *)((char *)base + offset) = true;
	return 0;
}

static void flags_print(const struct conf_row *row, const struct conf_settings *settings,
                        const void *base, FILE *out)
{
	const char *between = "";
	fputc('[', out);
	for (const struct conf_word *w = row->words; w->name; w++) {
		if (!*(const bool *)((const char *)base + w->value))
			continue;
		fputs(between, out);
		text_print(w->name, out);
		between = ", ";
	}
	fputc(']', out);
}

static void flags_clear(const struct conf_row *row, void *base)
{
	for (const struct conf_word *w = row->words; w->name; w++)
		*(bool *)((char *)base + w->value) = false;
}

static int flags_copy(const struct conf_row *row, void *to, const void *from)
{
	for (const struct conf_word *w = row->words; w->name; w++)
		*(bool *)((char *)to + w->value) = *(const bool *)((const char *)from + w->value);
	return 0;
}

/* CONF_NUMBER, CONF_SIZE, CONF_DURATION_MS, CONF_DURATION_S */

static void size_say(uint64_t len, char ret_text[24])
{
	static const char *const units[] = { "", "K", "M", "G" };
	size_t unit = 0;
	for (; len && len % 1024 == 0 && unit + 1 < COUNT_OF(units); len /= 1024)
		unit++;
	snprintf(ret_text, 24, "%llu%s", (unsigned long long)len, units[unit]);
}

static void duration_say(uint64_t ms, char ret_text[24])
{
	unsigned long long n = ms;
	if (n % 3600000 == 0 && n)
		snprintf(ret_text, 24, "%lluh", n / 3600000);
	else if (n % 60000 == 0 && n)
		snprintf(ret_text, 24, "%llum", n / 60000);
	else if (n % 1000 == 0)
		snprintf(ret_text, 24, "%llus", n / 1000);
	else
		snprintf(ret_text, 24, "%llums", n);
}

static void seconds_say(uint64_t s, char ret_text[24])
{
	if (s % 86400 == 0 && s)
		snprintf(ret_text, 24, "%llud", (unsigned long long)s / 86400);
	else
		duration_say(s * 1000, ret_text);
}

static void number_say(uint64_t number, char ret_text[24])
{
	snprintf(ret_text, 24, "%llu", (unsigned long long)number);
}

typedef void (*say_fn)(uint64_t number, char ret_text[24]);

static int ranged_store(const struct conf_row *row, void *base, uint64_t number, say_fn say,
                        struct conf_why *ret_why)
{
	char low[24];
	char high[24];
	if (row->max && (number < row->min || number > row->max)) {
		say(row->min, low);
		say(row->max, high);
		bad(ret_why, "it is out of range");
		mend(ret_why, "write %s to %s", low, high);
		return CONF_BAD;
	}
	number_store(row, base, number);
	return 0;
}

static int number_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	unsigned number;
	if (!conf_number_parse(text, &number))
		return ranged_store(row, base, number, number_say, ret_why);
	bad(ret_why, "\"%.100s\" is no number", text);
	mend(ret_why, "write digits, such as 200");
	return CONF_BAD;
}

static int size_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	size_t len;
	if (!conf_size_parse(text, &len))
		return ranged_store(row, base, len, size_say, ret_why);
	bad(ret_why, "\"%.100s\" is no size", text);
	mend(ret_why, "write bytes, or \"64K\", \"2M\"");
	return CONF_BAD;
}

static int duration_parse(const struct conf_row *row, const struct conf_settings *settings,
                          void *base, const char *text, struct conf_why *ret_why)
{
	uint32_t ms;
	if (!conf_duration_parse(text, &ms))
		return ranged_store(row, base, ms, duration_say, ret_why);
	bad(ret_why, "\"%.100s\" is no duration", text);
	mend(ret_why, "write \"500ms\", \"90s\", \"5m\", \"2h\", or seconds");
	return CONF_BAD;
}

static int seconds_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	uint32_t s;
	if (!conf_seconds_parse(text, &s))
		return ranged_store(row, base, s, seconds_say, ret_why);
	bad(ret_why, "\"%.100s\" is no duration", text);
	mend(ret_why, "write \"30d\", \"12h\", or seconds");
	return CONF_BAD;
}

static void number_print(const struct conf_row *row, const struct conf_settings *settings,
                         const void *base, FILE *out)
{
	fprintf(out, "%llu", (unsigned long long)number_load(row, base));
}

static void size_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	char text[24];
	size_say(number_load(row, base), text);
	text_print(text, out);
}

static void duration_print(const struct conf_row *row, const struct conf_settings *settings,
                           const void *base, FILE *out)
{
	char text[24];
	duration_say(number_load(row, base), text);
	text_print(text, out);
}

static void seconds_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	char text[24];
	seconds_say(number_load(row, base), text);
	text_print(text, out);
}

/* CONF_VERSION */

static int version_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	enum tls_version version;
	if (conf_version_parse(text, &version)) {
		bad(ret_why, "\"%.100s\" is no TLS version", text);
		mend(ret_why, "write \"1.2\" or \"1.3\"; \"1.0\" and \"1.1\" for old clients");
		return CONF_BAD;
	}
	number_store(row, base, version);
	return 0;
}

static void version_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	text_print(conf_version_name((enum tls_version)number_load(row, base)), out);
}

/* CONF_DATE */

static int date_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	int64_t days;
	if (conf_date_parse(text, &days)) {
		bad(ret_why, "\"%.100s\" is no date", text);
		mend(ret_why, "write YEAR-MONTH-DAY, such as \"2027-03-31\"");
		return CONF_BAD;
	}
	*(int64_t *)at(row, base) = (days + 1) * 86400;
	return 0;
}

static void date_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	char text[32];
	conf_date_print(*(const int64_t *)at_const(row, base) / 86400 - 1, text);
	text_print(text, out);
}

/* CONF_ADDRESSES */

static int address_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_address address;
	const char *why;
	void *item;
	if (conf_address_parse(text, &address, &why) || has_control(text)) {
		bad(ret_why, "\"%.100s\" is no address", text);
		mend(ret_why, "%s", has_control(text) ? "no control characters" : why);
		return CONF_BAD;
	}
	int r = list_grow(row, base, sizeof(address), &item);
	if (r)
		return err_up(r);
	memcpy(item, &address, sizeof(address));
	return 0;
}

static void address_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	const struct conf_address *items = *(struct conf_address *const *)at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		text_print(items[i].text, out);
	}
	fputc(']', out);
}

static int address_copy(const struct conf_row *row, void *to, const void *from)
{
	return list_copy(row, to, from, sizeof(struct conf_address));
}

/* CONF_DOMAINS and CONF_HOSTNAMES */

static int name_add(const struct conf_row *row, void *base, const char *text)
{
	void *item;
	char *copy = strdup(text);
	int r = copy ? list_grow(row, base, sizeof(char *), &item) : err_raise(-ENOMEM);
	if (r) {
		free(copy);
		return err_up(r);
	}
	*(char **)item = copy;
	return 0;
}

static int domain_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	const char *name = text[0] == '.' ? text + 1 : text;
	if (strcmp(text, "*") != 0 && !conf_hostname_is_valid(name)) {
		bad(ret_why, "\"%.100s\" is no domain", text);
		mend(ret_why, "write \"example.org\", \".example.org\" for all below it, or \"*\"");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, text));
}

static int hostnames_parse(const struct conf_row *row, const struct conf_settings *settings,
                           void *base, const char *text, struct conf_why *ret_why)
{
	if (!conf_hostname_is_valid(text)) {
		bad(ret_why, "\"%.100s\" is no host name", text);
		mend(ret_why, "write one such as mx.example.org");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, text));
}

/* CONF_COMMAND */

enum { COMMAND_WORDS_MAX = 32, COMMAND_WORD_MAX = 1000 };

static int command_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	size_t count = conf_count_of(base, row->count_offset);
	if (!count && text[0] != '/') {
		bad(ret_why, "\"%.100s\" is no path from \"/\" on", text);
		mend(ret_why, "write [\"/PATH/PROGRAM\", \"ARGUMENT\", ...]: no shell reads it");
		return CONF_BAD;
	}
	if (has_control(text) || strlen(text) > COMMAND_WORD_MAX)
		return bad(ret_why, "words are of %d bytes at most, without control characters",
		           COMMAND_WORD_MAX);
	if (count == COMMAND_WORDS_MAX)
		return bad(ret_why, "there are more than %d words", COMMAND_WORDS_MAX);
	return err_up(name_add(row, base, text));
}

/* CONF_PLACE */

static int place_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                       const char *text, struct conf_why *ret_why)
{
	const char *why;
	if (!conf_address_parse(text, at(row, base), &why) && !has_control(text))
		return 0;
	bad(ret_why, "\"%.100s\" is no address", text);
	mend(ret_why, "%s", has_control(text) ? "no control characters" : why);
	return CONF_BAD;
}

static void place_print(const struct conf_row *row, const struct conf_settings *settings,
                        const void *base, FILE *out)
{
	text_print(((const struct conf_address *)at_const(row, base))->text, out);
}

/* CONF_NETWORKS and CONF_FROM */

static int network_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_network network;
	const char *why;
	void *item;
	if (conf_network_parse(text, &network, &why))
		return bad(ret_why, "\"%.60s\": %s", text, why);
	int r = list_grow(row, base, sizeof(network), &item);
	if (r)
		return err_up(r);
	memcpy(item, &network, sizeof(network));
	return 0;
}

static void network_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	const struct conf_network *items = *(struct conf_network *const *)at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	char text[64];
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		conf_network_print(&items[i], text);
		fputs(i ? ", " : "", out);
		text_print(text, out);
	}
	fputc(']', out);
}

static int network_copy(const struct conf_row *row, void *to, const void *from)
{
	return list_copy(row, to, from, sizeof(struct conf_network));
}

static int from_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	if (strcmp(text, "*") != 0)
		return network_parse(row, settings, base, text, ret_why);
	((struct conf_exception *)base)->any_from = true;
	return 0;
}

static void from_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	if (((const struct conf_exception *)base)->any_from)
		fputs("[\"*\"]", out);
	else
		network_print(row, settings, base, out);
}

/* CONF_ALLOW */

static int allow_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                       const char *text, struct conf_why *ret_why)
{
	struct conf_exception *e = base;
	enum tls_version version = !strcmp(text, "tls1.0") ? TLS_1_0 : TLS_1_1;
	if (!strcmp(text, "plain-login")) {
		e->allow_plain_login = true;
		return 0;
	}
	if (version == TLS_1_1 && strcmp(text, "tls1.1") != 0) {
		bad(ret_why, "\"%.100s\" is not known", text);
		mend(ret_why, "known: plain-login, tls1.0, tls1.1");
		return CONF_BAD;
	}
	if (!e->allow_version || version < e->allow_version)
		e->allow_version = version;
	return 0;
}

static void allow_print(const struct conf_row *row, const struct conf_settings *settings,
                        const void *base, FILE *out)
{
	const struct conf_exception *e = base;
	fprintf(out, "[%s", e->allow_plain_login ? "\"plain-login\"" : "");
	if (e->allow_version)
		fprintf(out, "%s\"tls%s\"", e->allow_plain_login ? ", " : "",
		        conf_version_name(e->allow_version));
	fputc(']', out);
}

/* CONF_PINS */

static int pin_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                     const char *text, struct conf_why *ret_why)
{
	uint8_t pin[32];
	void *item;
	if (conf_pin_parse(text, pin)) {
		bad(ret_why, "\"%.100s\" is no pin", text);
		mend(ret_why, "write \"sha256:\" and base64, or 64 hexadecimal digits");
		return CONF_BAD;
	}
	int r = list_grow(row, base, sizeof(pin), &item);
	if (r)
		return err_up(r);
	memcpy(item, pin, sizeof(pin));
	return 0;
}

static void pin_print(const struct conf_row *row, const struct conf_settings *settings,
                      const void *base, FILE *out)
{
	const uint8_t *items = *(uint8_t *const *)at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", \"" : "\"", out);
		for (size_t j = 0; j < 32; j++)
			fprintf(out, "%02x", items[i * 32 + j]);
		fputc('"', out);
	}
	fputc(']', out);
}

static int pin_copy(const struct conf_row *row, void *to, const void *from)
{
	return list_copy(row, to, from, 32);
}

/* CONF_BACKEND and CONF_CERTIFICATES: backends and certificates are read before edges. */

static int backend_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_nearest near = { .text = text };
	for (size_t i = 0; i < settings->backend_count; i++) {
		if (!strcmp(settings->backends[i].name, text)) {
			number_store(row, base, i);
			return 0;
		}
		conf_nearest_try(&near, settings->backends[i].name);
	}
	bad(ret_why, "no backend is called \"%.100s\"", text);
	if (near.best)
		mend(ret_why, "did you mean \"%s\"?", near.best);
	else
		mend(ret_why, "add it to the group \"backend\"");
	return CONF_BAD;
}

static void backend_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	size_t index = number_load(row, base);
	if (index < settings->backend_count)
		text_print(settings->backends[index].name, out);
}

static int certificate_parse(const struct conf_row *row, const struct conf_settings *settings,
                             void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_nearest near = { .text = text };
	const char *found = NULL;
	for (size_t i = 0; i < settings->certificate_count && !found; i++) {
		if (!strcmp(settings->certificates[i].name, text))
			found = settings->certificates[i].name;
		conf_nearest_try(&near, settings->certificates[i].name);
	}
	if (!found) {
		bad(ret_why, "no certificate is called \"%.100s\"", text);
		if (near.best)
			mend(ret_why, "did you mean \"%s\"?", near.best);
		else
			mend(ret_why, "add it to the group \"certificate\"");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, found));
}

static void names_print(const struct conf_row *row, const struct conf_settings *settings,
                        const void *base, FILE *out)
{
	char *const *names = *(char **const *)at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		text_print(names[i], out);
	}
	fputc(']', out);
}

static void names_clear(const struct conf_row *row, void *base)
{
	char **names = *(char ***)at(row, base);
	for (size_t i = 0; i < conf_count_of(base, row->count_offset); i++)
		free(names[i]);
	list_clear(row, base);
}

/* CONF_FORWARDS and CONF_STUBS */

static int server_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_server server;
	const char *why;
	void *item;
	if (conf_server_parse(text, row->type == CONF_STUBS, &server, &why)) {
		bad(ret_why, "\"%.100s\" is no name server", text);
		mend(ret_why, "%s", why);
		return CONF_BAD;
	}
	int r = list_grow(row, base, sizeof(server), &item);
	if (r)
		return err_up(r);
	memcpy(item, &server, sizeof(server));
	return 0;
}

static void server_print(const struct conf_row *row, const struct conf_settings *settings,
                         const void *base, FILE *out)
{
	const struct conf_server *items = *(struct conf_server *const *)at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\"%s%s%s\"", i ? ", " : "", items[i].zone,
		        items[i].zone[0] ? "=" : "", items[i].address);
	fputc(']', out);
}

static int server_copy(const struct conf_row *row, void *to, const void *from)
{
	return list_copy(row, to, from, sizeof(struct conf_server));
}

/* CONF_HANDOFFS */

static int handoff_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_handoff handoff;
	const char *why;
	void *item;
	if (conf_handoff_parse(text, &handoff, &why) || has_control(text)) {
		bad(ret_why, "\"%.100s\" is no place to hand mail over", text);
		mend(ret_why, "%s", has_control(text) ? "no control characters" : why);
		return CONF_BAD;
	}
	int r = list_grow(row, base, sizeof(handoff), &item);
	if (r)
		return err_up(r);
	memcpy(item, &handoff, sizeof(handoff));
	return 0;
}

static void handoff_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	const struct conf_handoff *items = *(struct conf_handoff *const *)at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	char text[160];
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s:%s", items[i].is_lmtp ? "lmtp" : "smtp",
		         items[i].address.text);
		fputs(i ? ", " : "", out);
		text_print(text, out);
	}
	fputc(']', out);
}

static int handoff_copy(const struct conf_row *row, void *to, const void *from)
{
	return list_copy(row, to, from, sizeof(struct conf_handoff));
}

/* CONF_MODE */

static int mode_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	unsigned mode;
	if (conf_mode_parse(text, &mode)) {
		bad(ret_why, "\"%.100s\" is no mode of a file", text);
		mend(ret_why, "write it in octal, as in \"0660\"");
		return CONF_BAD;
	}
	number_store(row, base, mode);
	return 0;
}

static void mode_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	fprintf(out, "\"%04o\"", (unsigned)number_load(row, base));
}

static const struct conf_type_ops types[] = {
	[CONF_STRING] = { "\"TEXT\"", false, false, false, string_parse, string_print, string_copy,
	                  string_clear },
	[CONF_PATH] = { "\"/PATH\"", false, false, false, path_parse, string_print, string_copy,
	                string_clear },
	[CONF_HOSTNAME] = { "\"NAME\"", false, false, false, hostname_parse, string_print,
	                    string_copy, string_clear },
	[CONF_GROUPS] = { "\"GROUP:GROUP\"", false, false, false, groups_parse, string_print,
	                  string_copy, string_clear },
	[CONF_BOOL] = { "true|false", false, false, true, bool_parse, bool_print, plain_copy,
	                NULL },
	[CONF_WORD] = { NULL, false, false, false, word_parse, word_print, plain_copy, NULL },
	[CONF_FLAGS] = { NULL, true, false, false, flags_parse, flags_print, flags_copy,
	                 flags_clear },
	[CONF_NUMBER] = { "NUMBER", false, true, false, number_parse, number_print, plain_copy,
	                  NULL },
	[CONF_SIZE] = { "\"SIZE\"", false, true, false, size_parse, size_print, plain_copy, NULL },
	[CONF_DURATION_MS] = { "\"DURATION\"", false, true, false, duration_parse, duration_print,
	                       plain_copy, NULL },
	[CONF_DURATION_S] = { "\"DURATION\"", false, true, false, seconds_parse, seconds_print,
	                      plain_copy, NULL },
	[CONF_VERSION] = { "\"1.0\"|\"1.1\"|\"1.2\"|\"1.3\"", false, false, false, version_parse,
	                   version_print, plain_copy, NULL },
	[CONF_DATE] = { "\"YYYY-MM-DD\"", false, false, false, date_parse, date_print, plain_copy,
	                NULL },
	[CONF_ADDRESSES] = { "[\"ADDRESS\", ...]", true, false, false, address_parse, address_print,
	                     address_copy, list_clear },
	[CONF_NETWORKS] = { "[\"NETWORK\", ...]", true, false, false, network_parse, network_print,
	                    network_copy, list_clear },
	[CONF_FROM] = { "[\"NETWORK\", ...] or [\"*\"]", true, false, false, from_parse, from_print,
	                network_copy, list_clear },
	[CONF_ALLOW] = { "[\"WHAT\", ...]", true, false, false, allow_parse, allow_print,
	                 plain_copy, NULL },
	[CONF_PINS] = { "[\"sha256:BASE64\", ...]", true, false, false, pin_parse, pin_print,
	                pin_copy, list_clear },
	[CONF_BACKEND] = { "\"BACKEND\"", false, false, false, backend_parse, backend_print,
	                   plain_copy, NULL },
	[CONF_CERTIFICATES] = { "[\"CERTIFICATE\", ...]", true, false, false, certificate_parse,
	                        names_print, NULL, names_clear },
	[CONF_FORWARDS] = { "[\"ADDRESS[@PORT]\", ...]", true, false, false, server_parse,
	                    server_print, server_copy, list_clear },
	[CONF_STUBS] = { "[\"ZONE=ADDRESS[@PORT]\", ...]", true, false, false, server_parse,
	                 server_print, server_copy, list_clear },
	[CONF_DOMAINS] = { "[\"DOMAIN\", ...]", true, false, false, domain_parse, names_print, NULL,
	                   names_clear },
	[CONF_HOSTNAMES] = { "[\"NAME\", ...]", true, false, false, hostnames_parse, names_print,
	                     NULL, names_clear },
	[CONF_COMMAND] = { "[\"/PATH\", \"ARGUMENT\", ...]", true, false, false, command_parse,
	                   names_print, NULL, names_clear },
	[CONF_PLACE] = { "\"ADDRESS\"", false, false, false, place_parse, place_print, plain_copy,
	                 NULL },
	[CONF_HANDOFFS] = { "[\"lmtp:ADDRESS\", \"smtp:ADDRESS\", ...]", true, false, false,
	                    handoff_parse, handoff_print, handoff_copy, list_clear },
	[CONF_MODE] = { "\"0660\"", false, false, false, mode_parse, mode_print, plain_copy, NULL },
};
_Static_assert(COUNT_OF(types) == CONF_TYPE_COUNT, "one row a type");

const struct conf_type_ops *conf_type_ops_of(enum conf_type type)
{
	return &types[type];
}

void conf_row_form(const struct conf_row *row, char *ret_text, size_t cap)
{
	const char *form = types[row->type].form;
	size_t len = 0;
	if (form) {
		snprintf(ret_text, cap, "%s", form);
		return;
	}
	bool is_list = types[row->type].is_list;
	ret_text[0] = '\0';
	for (const struct conf_word *w = row->words; w->name; w++)
		if (!w->is_missing && len < cap)
			len += (size_t)snprintf(ret_text + len, cap - len, "%s\"%s\"",
			                        len       ? (is_list ? ", " : "|")
			                        : is_list ? "["
			                                  : "",
			                        w->name);
	if (is_list && len < cap)
		snprintf(ret_text + len, cap - len, "]");
}

void conf_nearest_try(struct conf_nearest *n, const char *candidate)
{
	unsigned distance = conf_edit_distance(n->text, candidate);
	size_t len = strlen(n->text);
	unsigned max = len < 4 ? 1 : len < 8 ? 2 : (unsigned)(len / 3);
	if (distance <= max && (!n->best || distance < n->distance)) {
		n->best = candidate;
		n->distance = distance;
	}
}
