#include "cmd/config_print.h"

#include "base/clean.h"
#include "cmd/config_room.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

void config_print_well(const char *path, const struct conf_settings *s, size_t pairs)
{
	const struct {
		const char *one, *many;
		size_t count;
	} parts[] = {
		{ "edge", "edges", s->edge_count },
		{ "backend", "backends", s->backend_count },
		{ "certificate", "certificates", s->certificate_count },
		{ "pair in certificate_dir", "pairs in certificate_dir", pairs },
		{ "relay", "relays", s->relay_count },
		{ "link", "links", s->link_count },
		{ "interface to watch", "interfaces to watch", s->watch.interface_count },
		{ "mirror", "mirrors", s->mirror_count },
	};
	printf("%s: well", path);
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		if (parts[i].count || i < 3)
			printf("%s %zu %s", i ? "," : ";", parts[i].count,
			       parts[i].count == 1 ? parts[i].one : parts[i].many);
	putchar('\n');
	config_room_print(s, stdout);
}

static json_t *string_or_null(const char *text)
{
	json_t *string = text ? json_string(text) : json_null();
	return string ? string : json_string("(not UTF-8)");
}

int config_print_json(const struct conf_errors *errors)
{
	json_t *list = json_array();
	for (size_t i = 0; i < errors->count; i++) {
		const struct conf_error *e = &errors->items[i];
		json_t *item =
			json_pack("{s:o, s:i, s:o, s:s, s:o, s:o}", "file", string_or_null(e->file),
		                  "line", e->line, "setting", string_or_null(e->setting), "level",
		                  e->is_warning ? "warning" : "error", "message",
		                  string_or_null(e->message), "mend", string_or_null(e->mend));
		if (!item || json_array_append_new(list, item)) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	int r = json_dumpf(list, stdout, JSON_INDENT(2));
	json_decref(list);
	putchar('\n');
	return r ? -EIO : 0;
}
