/* Types of settings with one value: texts, words, numbers, versions, dates. */
#include "conf/date.h"
#include "conf/nearest.h"
#include "conf/types_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CONF_STRING and what is made of it. */

static int string_set(const struct conf_row *row, void *base, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		return err_raise(-ENOMEM);
	free(*conf_type_string_at(row, base));
	*conf_type_string_at(row, base) = copy;
	return 0;
}

static int string_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	if (!text[0]) {
		conf_type_bad(ret_why, "it is empty");
		conf_type_mend(ret_why, "write something, or leave the setting out");
		return CONF_BAD;
	}
	if (conf_type_has_control(text))
		return conf_type_bad(ret_why, "line ends and control characters are not allowed");
	return string_set(row, base, text);
}

static int path_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	if (text[0] != '/') {
		conf_type_bad(ret_why, "\"%.100s\" is no absolute path", text);
		conf_type_mend(ret_why, "begin it with \"/\"");
		return CONF_BAD;
	}
	return string_parse(row, settings, base, text, ret_why);
}

static int hostname_parse(const struct conf_row *row, const struct conf_settings *settings,
                          void *base, const char *text, struct conf_why *ret_why)
{
	if (!conf_hostname_is_valid(text)) {
		conf_type_bad(ret_why, "\"%.100s\" is no host name", text);
		conf_type_mend(ret_why, "write one such as mx.example.org");
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
		conf_type_bad(ret_why, "\"%.100s\" is no list of groups", text);
		conf_type_mend(ret_why, "put \":\" between the names, as in \"X25519:P-256\"");
		return CONF_BAD;
	}
	return string_parse(row, settings, base, text, ret_why);
}

static void string_print(const struct conf_row *row, const struct conf_settings *settings,
                         const void *base, FILE *out)
{
	const char *text = conf_type_string_of(row, base);
	if (text)
		conf_type_text_print(text, out);
}

static int string_copy(const struct conf_row *row, void *to, const void *from)
{
	const char *text = conf_type_string_of(row, from);
	return text ? string_set(row, to, text) : 0;
}

static void string_clear(const struct conf_row *row, void *base)
{
	free(*conf_type_string_at(row, base));
	*conf_type_string_at(row, base) = NULL;
}

/* CONF_BOOL */

static int bool_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	bool is_true = !strcmp(text, "true");
	if (!is_true && strcmp(text, "false") != 0) {
		conf_type_bad(ret_why, "it is neither true nor false");
		conf_type_mend(ret_why, "write true or false, without quotes");
		return CONF_BAD;
	}
	conf_type_number_store(row, base, is_true);
	return 0;
}

static void bool_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	fputs(conf_type_number_load(row, base) ? "true" : "false", out);
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
	conf_type_words_say(row->words, known, sizeof(known));
	if (w->name)
		conf_type_bad(ret_why, "%s \"%s\" is not in this version", row->name, text);
	else
		conf_type_bad(ret_why, "\"%.100s\" is not known", text);
	if (near.best && !w->name)
		conf_type_mend(ret_why, "did you mean \"%s\"? known: %s", near.best, known);
	else
		conf_type_mend(ret_why, "known: %s", known);
	return CONF_BAD;
}

static int word_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	size_t value;
	int r = word_find(row, text, &value, ret_why);
	if (r)
		return r;
	conf_type_number_store(row, base, value);
	return 0;
}

static void word_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	uint64_t value = conf_type_number_load(row, base);
	for (const struct conf_word *w = row->words; w->name; w++)
		if (!w->is_missing && w->value == value) {
			conf_type_text_print(w->name, out);
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
		conf_type_text_print(w->name, out);
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
		conf_type_bad(ret_why, "it is out of range");
		conf_type_mend(ret_why, "write %s to %s", low, high);
		return CONF_BAD;
	}
	conf_type_number_store(row, base, number);
	return 0;
}

static int number_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	unsigned number;
	if (!conf_number_parse(text, &number))
		return ranged_store(row, base, number, number_say, ret_why);
	conf_type_bad(ret_why, "\"%.100s\" is no number", text);
	conf_type_mend(ret_why, "write digits, such as 200");
	return CONF_BAD;
}

static int size_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	size_t len;
	if (!conf_size_parse(text, &len))
		return ranged_store(row, base, len, size_say, ret_why);
	conf_type_bad(ret_why, "\"%.100s\" is no size", text);
	conf_type_mend(ret_why, "write bytes, or \"64K\", \"2M\"");
	return CONF_BAD;
}

static int duration_parse(const struct conf_row *row, const struct conf_settings *settings,
                          void *base, const char *text, struct conf_why *ret_why)
{
	uint32_t ms;
	if (!conf_duration_parse(text, &ms))
		return ranged_store(row, base, ms, duration_say, ret_why);
	conf_type_bad(ret_why, "\"%.100s\" is no duration", text);
	conf_type_mend(ret_why, "write \"500ms\", \"90s\", \"5m\", \"2h\", or seconds");
	return CONF_BAD;
}

static int seconds_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	uint32_t s;
	if (!conf_seconds_parse(text, &s))
		return ranged_store(row, base, s, seconds_say, ret_why);
	conf_type_bad(ret_why, "\"%.100s\" is no duration", text);
	conf_type_mend(ret_why, "write \"30d\", \"12h\", or seconds");
	return CONF_BAD;
}

static void number_print(const struct conf_row *row, const struct conf_settings *settings,
                         const void *base, FILE *out)
{
	fprintf(out, "%llu", (unsigned long long)conf_type_number_load(row, base));
}

static void size_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	char text[24];
	size_say(conf_type_number_load(row, base), text);
	conf_type_text_print(text, out);
}

static void duration_print(const struct conf_row *row, const struct conf_settings *settings,
                           const void *base, FILE *out)
{
	char text[24];
	duration_say(conf_type_number_load(row, base), text);
	conf_type_text_print(text, out);
}

static void seconds_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	char text[24];
	seconds_say(conf_type_number_load(row, base), text);
	conf_type_text_print(text, out);
}

/* CONF_VERSION */

static int version_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	enum tls_version version;
	if (conf_version_parse(text, &version)) {
		conf_type_bad(ret_why, "\"%.100s\" is no TLS version", text);
		conf_type_mend(ret_why,
		               "write \"1.2\" or \"1.3\"; \"1.0\" and \"1.1\" for old clients");
		return CONF_BAD;
	}
	conf_type_number_store(row, base, version);
	return 0;
}

static void version_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	conf_type_text_print(conf_version_name((enum tls_version)conf_type_number_load(row, base)),
	                     out);
}

/* CONF_DATE */

static int date_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	int64_t days;
	if (conf_date_parse(text, &days)) {
		conf_type_bad(ret_why, "\"%.100s\" is no date", text);
		conf_type_mend(ret_why, "write YEAR-MONTH-DAY, such as \"2027-03-31\"");
		return CONF_BAD;
	}
	*(int64_t *)conf_type_at(row, base) = (days + 1) * 86400;
	return 0;
}

static void date_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	char text[32];
	conf_date_print(*(const int64_t *)conf_type_at_const(row, base) / 86400 - 1, text);
	conf_type_text_print(text, out);
}
static int mode_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	unsigned mode;
	if (conf_mode_parse(text, &mode)) {
		conf_type_bad(ret_why, "\"%.100s\" is no mode of a file", text);
		conf_type_mend(ret_why, "write it in octal, as in \"0660\"");
		return CONF_BAD;
	}
	conf_type_number_store(row, base, mode);
	return 0;
}

static void mode_print(const struct conf_row *row, const struct conf_settings *settings,
                       const void *base, FILE *out)
{
	fprintf(out, "\"%04o\"", (unsigned)conf_type_number_load(row, base));
}

const struct conf_type_ops conf_types_plain[CONF_TYPE_COUNT] = {
	[CONF_STRING] = { "\"TEXT\"", false, false, false, string_parse, string_print, string_copy,
	                  string_clear },
	[CONF_PATH] = { "\"/PATH\"", false, false, false, path_parse, string_print, string_copy,
	                string_clear },
	[CONF_HOSTNAME] = { "\"NAME\"", false, false, false, hostname_parse, string_print,
	                    string_copy, string_clear },
	[CONF_GROUPS] = { "\"GROUP:GROUP\"", false, false, false, groups_parse, string_print,
	                  string_copy, string_clear },
	[CONF_BOOL] = { "true|false", false, false, true, bool_parse, bool_print,
	                conf_type_plain_copy, NULL },
	[CONF_WORD] = { NULL, false, false, false, word_parse, word_print, conf_type_plain_copy,
	                NULL },
	[CONF_FLAGS] = { NULL, true, false, false, flags_parse, flags_print, flags_copy,
	                 flags_clear },
	[CONF_NUMBER] = { "NUMBER", false, true, false, number_parse, number_print,
	                  conf_type_plain_copy, NULL },
	[CONF_SIZE] = { "\"SIZE\"", false, true, false, size_parse, size_print,
	                conf_type_plain_copy, NULL },
	[CONF_DURATION_MS] = { "\"DURATION\"", false, true, false, duration_parse, duration_print,
	                       conf_type_plain_copy, NULL },
	[CONF_DURATION_S] = { "\"DURATION\"", false, true, false, seconds_parse, seconds_print,
	                      conf_type_plain_copy, NULL },
	[CONF_VERSION] = { "\"1.0\"|\"1.1\"|\"1.2\"|\"1.3\"", false, false, false, version_parse,
	                   version_print, conf_type_plain_copy, NULL },
	[CONF_DATE] = { "\"YYYY-MM-DD\"", false, false, false, date_parse, date_print,
	                conf_type_plain_copy, NULL },
	[CONF_MODE] = { "\"0660\"", false, false, false, mode_parse, mode_print,
	                conf_type_plain_copy, NULL },
};
