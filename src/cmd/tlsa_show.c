#include "cmd/tlsa_show.h"

#include "base/clean.h"
#include "base/file.h"
#include "conf/materials.h"
#include "parent/places.h"
#include "parent/rollover_files.h"
#include "tls/label.h"
#include "tls/server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_WELL = 1, UNKNOWN = 2, CHAIN_MAX = 2 * 1024 * 1024, HEX_CAP = 2 * 32 + 1 };

/* What is known of a certificate. */
struct shown {
	bool is_known;
	uint8_t spki[ROLLOVER_DIGEST_LEN];
	struct rollover rollover;
};

struct showing {
	const struct tlsa_show *set;
	struct shown *shown; /* by index of the settings */
	char **names;        /* the same; owned */
	struct places places;
	json_t *list;
	int status;
};

static void complain(struct showing *s, const char *path, const char *why)
{
	fprintf(stderr, "mailseal tlsa: %s: %s\n", path, why);
	s->status = NOT_WELL;
}

static void certificate_read(struct showing *s, size_t number)
{
	const struct conf_settings *conf = s->set->settings;
	const struct conf_certificate *c = &conf->certificates[number];
	struct shown *shown = &s->shown[number];
	struct tls_label label = {};
	CLEAN(buf_deinit) struct buf pem = {};
	char path[512];
	conf_certificate_chain_path(conf, c, path, sizeof(path));
	int r = file_read(&pem, path, CHAIN_MAX, NULL);
	if (r) {
		complain(s, path, file_error(r));
		return;
	}
	if (tls_chain_public_digest(buf_slice(&pem), shown->spki) ||
	    tls_label_read(&label, buf_slice(&pem))) {
		complain(s, path, "no certificate in PEM");
		return;
	}
	shown->is_known = true;
	s->names[number] = TAKE(label.names);
	tls_label_deinit(&label);
	conf_certificate_file_path(conf, c, CONF_ROLLOVER_FILE, path, sizeof(path));
	if (parent_rollover_file_read(conf, c, &shown->rollover))
		complain(s, path, "no plan can be read from it; mailseal tlsa abort takes it back");
}

static void records_show(struct showing *s, const char *certificate, const char *key,
                         const uint8_t *spki)
{
	char hex[HEX_CAP];
	for (size_t i = 0; i < ROLLOVER_DIGEST_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", spki[i]);
	if (!s->list)
		printf("; certificate %s, %s\n", certificate, key);
	for (size_t i = 0; i < s->places.count; i++) {
		const struct proc_guard_place *place = &s->places.list[i];
		if (s->list)
			json_array_append_new(s->list, json_pack("{s:s, s:s, s:s, s:i, s:s}",
			                                         "certificate", certificate, "key",
			                                         key, "host", place->host, "port",
			                                         (int)place->port, "data", hex));
		else
			printf("_%u._tcp.%s. IN TLSA 3 1 1 %s\n", place->port, place->host, hex);
	}
}

/* Whatever has to be there beside the record of what is served. */
static void others_show(struct showing *s, const char *certificate, const struct rollover *r)
{
	switch (r->state) {
	case ROLLOVER_PLANNED:
	case ROLLOVER_SEEN:
	case ROLLOVER_RIPE:
		records_show(s, certificate, "next key", r->next);
		break;
	case ROLLOVER_SWITCHED:
		records_show(s, certificate, "key before, to be left for now", r->current);
		break;
	case ROLLOVER_NONE:
	case ROLLOVER_OVER:
	case ROLLOVER_STATE_COUNT:
		break;
	}
}

static void all_show(struct showing *s)
{
	const struct conf_settings *conf = s->set->settings;
	for (size_t i = 0; i < conf->certificate_count; i++) {
		const char *name = conf->certificates[i].name;
		if (!s->shown[i].is_known || (s->set->name && strcmp(name, s->set->name) != 0))
			continue;
		places_find(&s->places, conf, (const char *const *)s->names, i);
		if (s->places.is_cut)
			complain(s, name,
			         "it is shown at more than 64 hosts and ports; the others "
			         "are left out");
		records_show(s, name, "current key", s->shown[i].spki);
		others_show(s, name, &s->shown[i].rollover);
	}
}

int tlsa_show(const struct tlsa_show *set)
{
	size_t count = set->settings->certificate_count;
	CLEAN(freep) struct shown *shown = calloc(count + 1, sizeof(*shown));
	CLEAN(freep) char **names = calloc(count + 1, sizeof(*names));
	CLEAN(freep) struct showing *s = calloc(1, sizeof(*s));
	if (!shown || !names || !s)
		return UNKNOWN;
	*s = (struct showing){ .set = set, .shown = shown, .names = names };
	s->list = set->is_json ? json_array() : NULL;
	for (size_t i = 0; i < count; i++)
		certificate_read(s, i);
	all_show(s);
	if (s->list) {
		json_t *whole = json_pack("{s:o}", "records", s->list);
		json_dumpf(whole, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(whole);
	}
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	return s->status;
}
