#include "pki/journal.h"

#include "base/clean.h"
#include "base/err.h"
#include "identity/denied.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

static void list_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void pki_names_deinit(struct pki_names *names)
{
	list_free(names->dns, names->dns_count);
	list_free(names->addresses, names->address_count);
	*names = (struct pki_names){};
}

static int list_copy(char ***ret_list, size_t *ret_count, char *const *from, size_t count)
{
	char **list = calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++) {
		list[i] = strdup(from[i]);
		if (!list[i]) {
			list_free(list, i);
			list = NULL;
		}
	}
	if (!list)
		return err_raise(-ENOMEM);
	*ret_list = list;
	*ret_count = count;
	return 0;
}

int pki_names_copy(struct pki_names *ret_names, const struct pki_names *from)
{
	CLEAN(pki_names_deinit) struct pki_names names = {};
	int r = list_copy(&names.dns, &names.dns_count, from->dns, from->dns_count);
	if (!r)
		r = list_copy(&names.addresses, &names.address_count, from->addresses,
		              from->address_count);
	if (r)
		return err_up(r);
	*ret_names = names;
	names = (struct pki_names){};
	return 0;
}

void pki_journal_deinit(struct pki_journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		pki_names_deinit(&journal->list[i].names);
	free(journal->list);
	*journal = (struct pki_journal){};
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static bool text_take(const json_t *line, const char *key, char *ret_text, size_t cap)
{
	const char *text = json_string_value(json_object_get(line, key));
	return text && snprintf(ret_text, cap, "%s", text) < (int)cap;
}

static bool time_take(const json_t *line, const char *key, int64_t *ret_s)
{
	const json_t *number = json_object_get(line, key);
	*ret_s = (int64_t)json_integer_value(number);
	return json_is_integer(number) && *ret_s > 0;
}

/* 0, PKI_JOURNAL_BAD or -ENOMEM. */
static int list_take(const json_t *line, const char *key, char ***ret_list, size_t *ret_count)
{
	const json_t *from = json_object_get(line, key);
	char *texts[PKI_NAMES_MAX];
	size_t count = json_array_size(from);
	if (!json_is_array(from) || count > PKI_NAMES_MAX)
		return PKI_JOURNAL_BAD;
	for (size_t i = 0; i < count; i++) {
		texts[i] = (char *)json_string_value(json_array_get(from, i));
		if (!texts[i])
			return PKI_JOURNAL_BAD;
	}
	return err_up(list_copy(ret_list, ret_count, texts, count));
}

static int issued_take(struct pki_journal *journal, const json_t *line)
{
	struct pki_certificate c = {};
	if (!text_take(line, "name", c.name, sizeof(c.name)) ||
	    !text_take(line, "serial", c.serial, sizeof(c.serial)) ||
	    !text_take(line, "issuer", c.issuer, sizeof(c.issuer)) ||
	    !identity_name_is_valid(c.name) || !identity_serial_is_valid(c.serial) ||
	    !time_take(line, "time", &c.issued_s) || !time_take(line, "not_after", &c.not_after_s))
		return PKI_JOURNAL_BAD;
	int r = list_take(line, "dns", &c.names.dns, &c.names.dns_count);
	if (!r)
		r = list_take(line, "ip", &c.names.addresses, &c.names.address_count);
	struct pki_certificate *list =
		r ? NULL : reallocarray(journal->list, journal->count + 1, sizeof(*list));
	if (!list) {
		pki_names_deinit(&c.names);
		return r ? r : err_raise(-ENOMEM);
	}
	journal->list = list;
	list[journal->count++] = c;
	return 0;
}

static int revoked_take(struct pki_journal *journal, const json_t *line)
{
	char serial[TLS_CA_SERIAL_CAP];
	int64_t at_s;
	if (!text_take(line, "serial", serial, sizeof(serial)) || !time_take(line, "time", &at_s))
		return PKI_JOURNAL_BAD;
	struct pki_certificate *c = pki_journal_serial(journal, serial);
	if (!c)
		return PKI_JOURNAL_BAD;
	if (!c->revoked_s)
		c->revoked_s = at_s;
	return 0;
}

static int line_take(struct pki_journal *journal, struct slice text)
{
	CLEAN(json_freep)
	json_t *line = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	const char *event = json_string_value(json_object_get(line, "event"));
	if (!event)
		return PKI_JOURNAL_BAD;
	if (!strcmp(event, "issued") || !strcmp(event, "renewed"))
		return issued_take(journal, line);
	if (!strcmp(event, "revoked"))
		return revoked_take(journal, line);
	return 0; /* of a root, or of a newer build */
}

int pki_journal_read(struct pki_journal *ret_journal, struct slice text, unsigned *ret_line)
{
	CLEAN(pki_journal_deinit) struct pki_journal journal = {};
	for (*ret_line = 1; text.len; (*ret_line)++) {
		size_t end = slice_find(text, '\n');
		if (end == text.len) {
			journal.is_torn = true;
			break;
		}
		int r = end ? line_take(&journal, slice_head(text, end)) : 0;
		if (r)
			return r; /* PKI_JOURNAL_BAD, or ours */
		text = slice_skip(text, end + 1);
	}
	*ret_journal = journal;
	journal = (struct pki_journal){};
	return 0;
}

bool pki_certificate_is_good(const struct pki_certificate *c, int64_t now_s)
{
	return !c->revoked_s && c->not_after_s > now_s;
}

const struct pki_certificate *pki_journal_find(const struct pki_journal *journal, const char *name)
{
	for (size_t i = journal->count; i-- > 0;)
		if (!strcmp(journal->list[i].name, name) && !journal->list[i].revoked_s)
			return &journal->list[i];
	return NULL;
}

struct pki_certificate *pki_journal_serial(const struct pki_journal *journal, const char *serial)
{
	for (size_t i = 0; i < journal->count; i++)
		if (!strcmp(journal->list[i].serial, serial))
			return &journal->list[i];
	return NULL;
}

static int line_write(struct buf *ret_line, json_t *line)
{
	CLEAN(json_freep) json_t *owned = line;
	CLEAN(freep) char *text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;
	int r = text ? buf_add_str(ret_line, text) : err_raise(-ENOMEM);
	if (!r)
		r = buf_add_str(ret_line, "\n");
	return err_up(r);
}

static json_t *list_json(char *const *list, size_t count)
{
	json_t *json = json_array();
	for (size_t i = 0; json && i < count; i++)
		json_array_append_new(json, json_string(list[i]));
	return json;
}

int pki_journal_write_issued(struct buf *ret_line, const struct pki_certificate *c,
                             const char *event)
{
	return err_up(line_write(ret_line,
	                         json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:o, s:o}", "time",
	                                   (json_int_t)c->issued_s, "event", event, "name", c->name,
	                                   "serial", c->serial, "not_after",
	                                   (json_int_t)c->not_after_s, "issuer", c->issuer, "dns",
	                                   list_json(c->names.dns, c->names.dns_count), "ip",
	                                   list_json(c->names.addresses, c->names.address_count))));
}

int pki_journal_write_revoked(struct buf *ret_line, const struct pki_certificate *c)
{
	return err_up(line_write(ret_line, json_pack("{s:I, s:s, s:s, s:s}", "time",
	                                             (json_int_t)c->revoked_s, "event", "revoked",
	                                             "name", c->name, "serial", c->serial)));
}

int pki_journal_write_root(struct buf *ret_line, const char *event, const char *issuing_serial,
                           int64_t now_s)
{
	return err_up(line_write(ret_line, json_pack("{s:I, s:s, s:s}", "time", (json_int_t)now_s,
	                                             "event", event, "issuer", issuing_serial)));
}
