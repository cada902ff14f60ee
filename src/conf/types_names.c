/* Types of settings that are lists of words and names, each checked by itself. */
#include "conf/types_inside.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/nearest.h"
#include "conf/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int name_add(const struct conf_row *row, void *base, const char *text)
{
	void *item;
	char *copy = strdup(text);
	int r = copy ? conf_type_list_grow(row, base, sizeof(char *), &item) : err_raise(-ENOMEM);
	if (r) {
		free(copy);
		return err_up(r);
	}
	*(char **)item = copy;
	return 0;
}

static void names_print(const struct conf_row *row, const struct conf_settings *settings,
                        const void *base, FILE *out)
{
	char *const *names = *(char **const *)conf_type_at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		conf_type_text_print(names[i], out);
	}
	fputc(']', out);
}

static void names_clear(const struct conf_row *row, void *base)
{
	char **names = *(char ***)conf_type_at(row, base);
	for (size_t i = 0; i < conf_count_of(base, row->count_offset); i++)
		free(names[i]);
	conf_type_list_clear(row, base);
}

/* CONF_DOMAINS and CONF_HOSTNAMES */

static int domain_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	const char *name = text[0] == '.' ? text + 1 : text;
	if (strcmp(text, "*") != 0 && !conf_hostname_is_valid(name)) {
		conf_type_bad(ret_why, "\"%.100s\" is no domain", text);
		conf_type_mend(
			ret_why,
			"write \"example.org\", \".example.org\" for all below it, or \"*\"");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, text));
}

static int hostnames_parse(const struct conf_row *row, const struct conf_settings *settings,
                           void *base, const char *text, struct conf_why *ret_why)
{
	if (!conf_hostname_is_valid(text)) {
		conf_type_bad(ret_why, "\"%.100s\" is no host name", text);
		conf_type_mend(ret_why, "write one such as mx.example.org");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, text));
}

/* CONF_INTERFACES: as the kernel takes them (dev_valid_name) */

static int interface_parse(const struct conf_row *row, const struct conf_settings *settings,
                           void *base, const char *text, struct conf_why *ret_why)
{
	enum { NAME_MAX_LEN = 15 };
	size_t len = strlen(text);
	bool is_name = len && len <= NAME_MAX_LEN && !strpbrk(text, "/: \t") &&
	               !conf_type_has_control(text) && strcmp(text, ".") && strcmp(text, "..");
	if (!is_name) {
		conf_type_bad(ret_why, "\"%.100s\" is no interface", text);
		conf_type_mend(ret_why, "write one that `ip link` shows, or \"any\"");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, text));
}

/* CONF_WORDS */

static int word_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                      const char *text, struct conf_why *ret_why)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (!len || text[len]) {
		conf_type_bad(ret_why, "\"%.100s\" is no such name", text);
		conf_type_mend(ret_why, "write it as the reports do, such as \"dns\"");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, text));
}

/* CONF_SNI_NAMES */

static int sni_name_parse(const struct conf_row *row, const struct conf_settings *settings,
                          void *base, const char *text, struct conf_why *ret_why)
{
	const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
	(void)settings;
	if (!conf_hostname_is_valid(name)) {
		conf_type_bad(ret_why, "\"%.100s\" is no host name", text);
		conf_type_mend(ret_why, "write one such as web.example.org, or \"*.example.org\"");
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
		conf_type_bad(ret_why, "\"%.100s\" is no path from \"/\" on", text);
		conf_type_mend(ret_why,
		               "write [\"/PATH/PROGRAM\", \"ARGUMENT\", ...]: no shell reads it");
		return CONF_BAD;
	}
	if (conf_type_has_control(text) || strlen(text) > COMMAND_WORD_MAX)
		return conf_type_bad(ret_why,
		                     "words are of %d bytes at most, without control characters",
		                     COMMAND_WORD_MAX);
	if (count == COMMAND_WORDS_MAX)
		return conf_type_bad(ret_why, "there are more than %d words", COMMAND_WORDS_MAX);
	return err_up(name_add(row, base, text));
}

/* CONF_CERTIFICATES, which are read before edges */

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
		conf_type_bad(ret_why, "no certificate is called \"%.100s\"", text);
		if (near.best)
			conf_type_mend(ret_why, "did you mean \"%s\"?", near.best);
		else
			conf_type_mend(ret_why, "add it to the group \"certificate\"");
		return CONF_BAD;
	}
	return err_up(name_add(row, base, found));
}

const struct conf_type_ops conf_types_names[CONF_TYPE_COUNT] = {
	[CONF_CERTIFICATES] = { "[\"CERTIFICATE\", ...]", true, false, false, certificate_parse,
	                        names_print, NULL, names_clear },
	[CONF_DOMAINS] = { "[\"DOMAIN\", ...]", true, false, false, domain_parse, names_print, NULL,
	                   names_clear },
	[CONF_HOSTNAMES] = { "[\"NAME\", ...]", true, false, false, hostnames_parse, names_print,
	                     NULL, names_clear },
	[CONF_INTERFACES] = { "[\"INTERFACE\", ...]", true, false, false, interface_parse,
	                      names_print, NULL, names_clear },
	[CONF_WORDS] = { "[\"NAME\", ...]", true, false, false, word_parse, names_print, NULL,
	                 names_clear },
	[CONF_SNI_NAMES] = { "[\"NAME\", \"*.NAME\", ...]", true, false, false, sni_name_parse,
	                     names_print, NULL, names_clear },
	[CONF_COMMAND] = { "[\"/PATH\", \"ARGUMENT\", ...]", true, false, false, command_parse,
	                   names_print, NULL, names_clear },
};
