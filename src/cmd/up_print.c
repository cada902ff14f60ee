#include "cmd/up_print.h"

#include "base/clean.h"
#include "up/edit.h"

#include <jansson.h>
#include <stdarg.h>

static const char *const backs[] = {
	[UP_BACK_NOTHING] = "as before",
	[UP_BACK_RESTORED] = "restored, byte for byte as before",
	[UP_BACK_TAKEN] = "was changed since: our lines alone are taken out",
	[UP_BACK_ASIDE] = "was changed since: moved to the same name with .edited",
	[UP_BACK_REMOVED] = "removed",
	[UP_BACK_GONE] = "somebody has removed it: it stays away",
};
static const char *const back_words[] = {
	[UP_BACK_NOTHING] = "nothing",  [UP_BACK_RESTORED] = "restored",
	[UP_BACK_TAKEN] = "taken-back", [UP_BACK_ASIDE] = "moved-aside",
	[UP_BACK_REMOVED] = "removed",  [UP_BACK_GONE] = "gone",
};

/* --- for people --- */

static void line_print(FILE *out, const char *before, struct slice line)
{
	fputs(before, out);
	for (size_t i = 0; i < line.len; i++) {
		bool is_tab = line.data[i] == '\t';
		fputc(is_tab ? '\t' : slice_byte_shown(line.data[i]), out);
	}
	fputc('\n', out);
}

void up_print_text(FILE *out, const char *before, struct slice text)
{
	struct slice line;
	while (slice_line_next(&text, &line))
		line_print(out, before, line);
}

static void patch_make(struct buf *out, const struct up_file *file)
{
	if (up_edit_patch(out, file->path, buf_slice(&file->before), buf_slice(&file->after)))
		buf_clear(out);
}

__attribute__((format(printf, 3, 4))) static void line_format(FILE *out, const char *before,
                                                              const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_print(out, before, slice_str(text));
}

static void door_print(FILE *out, const struct up_edge *edge, const struct up_door *door)
{
	const struct servers_place *place = &door->listener->block->place;
	char where[256] = "by default";
	if (place->path && place->line)
		snprintf(where, sizeof(where), "%s:%u", place->path, place->line);
	line_format(out, "  ", "%-5u %-11s %s \"%s\", %s", door->port, edge->protocol,
	            servers_kind_title(edge->server->kind), door->listener->name, where);
	line_format(out, "        ", "goes to 127.0.0.1:%u behind mailseal; past it: 127.0.0.1:%u",
	            edge->backend_port, door->direct_port);
}

static void edges_print(FILE *out, const struct up_plan *plan)
{
	if (plan->edge_count)
		fputs("Ports that mailseal takes\n", out);
	for (size_t i = 0; i < plan->edge_count; i++)
		for (size_t j = 0; j < plan->edges[i].door_count; j++)
			door_print(out, &plan->edges[i], &plan->edges[i].doors[j]);
	if (plan->certificate_count)
		fputs("\nCertificates, as the servers had them\n", out);
	for (size_t i = 0; i < plan->certificate_count; i++)
		up_print_text(out, "  ", slice_str(plan->certificates[i].chain));
}

static void files_print(FILE *out, const struct up_plan *plan)
{
	for (size_t i = 0; i < plan->work.file_count; i++) {
		const struct up_file *file = &plan->work.files[i];
		CLEAN(buf_deinit) struct buf patch = {};
		fputs("\n", out);
		line_format(out, "File ", "%s%s", file->path, file->was_there ? "" : " (new)");
		if (file->was_there)
			patch_make(&patch, file);
		up_print_text(out, "  ", buf_slice(file->was_there ? &patch : &file->after));
	}
}

static void commands_print(FILE *out, const struct up_plan *plan, bool has_systemd)
{
	fputs("\nThen\n", out);
	if (plan->work.has_postfix)
		fputs("  postfix check\n  postfix reload\n", out);
	if (plan->work.has_dovecot)
		fputs("  doveconf -n\n  doveadm reload\n", out);
	fputs(has_systemd ? "  systemctl enable --now mailseal\n"
	                  : "  mailseal run            (there is no systemd here: start it as you "
	                    "start daemons)\n",
	      out);
}

/* They are on loopback; a rule holds whatever becomes of that. */
static void firewall_print(FILE *out, const struct up_plan *plan)
{
	fputs("\nThe ports behind mailseal and past it are on loopback alone. A firewall may hold "
	      "that too:\n"
	      "  nft add table inet mailseal_up\n"
	      "  nft 'add chain inet mailseal_up input { type filter hook input priority -10; }'\n"
	      "  nft 'add rule inet mailseal_up input iifname != \"lo\" tcp dport {",
	      out);
	for (size_t i = 0; i < plan->edge_count; i++) {
		fprintf(out, "%s %u", i ? "," : "", plan->edges[i].backend_port);
		for (size_t j = 0; j < plan->edges[i].door_count; j++)
			fprintf(out, ", %u", plan->edges[i].doors[j].direct_port);
	}
	fputs(" } drop'\n", out);
}

static void texts_print(FILE *out, const char *title, const struct up_texts *texts)
{
	if (texts->count)
		fprintf(out, "\n%s\n", title);
	for (size_t i = 0; i < texts->count; i++)
		up_print_text(out, "  - ", slice_str(texts->items[i]));
}

static void checks_print(FILE *out, const struct up_plan *plan)
{
	fputs("\nLook afterwards\n  mailseal ctl status\n", out);
	line_format(out, "  ", "mailseal check --host %s:%u/%s", plan->hostname,
	            plan->edges[0].doors[0].port, plan->edges[0].protocol);
}

void up_print_plan(FILE *out, const struct up_plan *plan, bool has_systemd)
{
	edges_print(out, plan);
	if (!plan->refusals.count) {
		files_print(out, plan);
		commands_print(out, plan, has_systemd);
		firewall_print(out, plan);
	}
	texts_print(out, "To know", &plan->notes);
	if (!plan->refusals.count)
		checks_print(out, plan);
	texts_print(out, "This is not done, because", &plan->refusals);
}

/* --- for programs --- */

static json_t *string(const char *text)
{
	json_t *json = json_string(text);
	return json ? json : json_string("(not UTF-8)");
}

static json_t *text_json(struct slice text)
{
	json_t *json = json_stringn(text.len ? (const char *)text.data : "", text.len);
	return json ? json : json_string("(not UTF-8)");
}

static json_t *door_json(const struct up_door *door)
{
	const struct servers_place *place = &door->listener->block->place;
	return json_pack("{s:i, s:b, s:o, s:o?, s:i, s:i}", "port", door->port, "tls", door->is_tls,
	                 "declared", string(door->listener->name), "file",
	                 place->path ? string(place->path) : NULL, "line", (int)place->line,
	                 "direct_port", door->direct_port);
}

static json_t *edge_json(const struct up_plan *plan, const struct up_edge *edge)
{
	json_t *doors = json_array();
	json_t *certificates = json_array();
	for (size_t i = 0; i < edge->door_count; i++)
		json_array_append_new(doors, door_json(&edge->doors[i]));
	for (size_t i = 0; i < edge->certificate_count; i++)
		json_array_append_new(certificates,
		                      string(plan->certificates[edge->certificates[i]].chain));
	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o}", "name", edge->name, "protocol",
	                 edge->protocol, "server", servers_kind_name(edge->server->kind),
	                 "backend_port", edge->backend_port, "doors", doors, "certificates",
	                 certificates);
}

static json_t *file_json(const struct up_file *file)
{
	CLEAN(buf_deinit) struct buf patch = {};
	patch_make(&patch, file);
	return json_pack("{s:o, s:b, s:o}", "path", string(file->path), "is_new", !file->was_there,
	                 "diff", text_json(buf_slice(&patch)));
}

static json_t *texts_json(const struct up_texts *texts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < texts->count; i++)
		json_array_append_new(list, string(texts->items[i]));
	return list;
}

static json_t *commands_json(const struct up_plan *plan, bool has_systemd)
{
	json_t *list = json_array();
	if (plan->work.has_postfix) {
		json_array_append_new(list, json_string("postfix check"));
		json_array_append_new(list, json_string("postfix reload"));
	}
	if (plan->work.has_dovecot) {
		json_array_append_new(list, json_string("doveconf -n"));
		json_array_append_new(list, json_string("doveadm reload"));
	}
	json_array_append_new(list, json_string(has_systemd ? "systemctl enable --now mailseal"
	                                                    : "mailseal run"));
	return list;
}

static void json_print(FILE *out, json_t *json)
{
	json_dumpf(json, out, JSON_INDENT(2));
	fputs("\n", out);
	json_decref(json);
}

void up_print_json(FILE *out, const struct up_plan *plan, bool has_systemd)
{
	json_t *edges = json_array();
	json_t *files = json_array();
	for (size_t i = 0; i < plan->edge_count; i++)
		json_array_append_new(edges, edge_json(plan, &plan->edges[i]));
	for (size_t i = 0; i < plan->work.file_count && !plan->refusals.count; i++)
		json_array_append_new(files, file_json(&plan->work.files[i]));
	json_print(out,
	           json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "can_be_done", !plan->refusals.count,
	                     "edges", edges, "files", files, "commands",
	                     commands_json(plan, has_systemd), "notes", texts_json(&plan->notes),
	                     "refusals", texts_json(&plan->refusals)));
}

/* --- taking back --- */

static void changes_make(struct buf *out, const struct up_file *file, const struct up_return *how)
{
	if (up_changes_patch(out, file->path, buf_slice(&how->now), &how->changes))
		buf_clear(out);
}

void up_print_returns(FILE *out, const struct up_work *work, const struct up_return *returns)
{
	for (size_t i = 0; i < work->file_count; i++) {
		CLEAN(buf_deinit) struct buf patch = {};
		line_format(out, "", "%s: %s", work->files[i].path, backs[returns[i].back]);
		if (returns[i].back != UP_BACK_TAKEN)
			continue;
		changes_make(&patch, &work->files[i], &returns[i]);
		up_print_text(out, "  ", buf_slice(&patch));
		if (returns[i].changes.gone)
			fprintf(out, "  %u of our blocks had been taken out before\n",
			        returns[i].changes.gone);
	}
}

void up_print_returns_json(FILE *out, const struct up_work *work, const struct up_return *returns,
                           const char *why)
{
	json_t *files = json_array();
	for (size_t i = 0; i < work->file_count; i++) {
		CLEAN(buf_deinit) struct buf patch = {};
		if (returns[i].back == UP_BACK_TAKEN)
			changes_make(&patch, &work->files[i], &returns[i]);
		json_array_append_new(files, json_pack("{s:o, s:s, s:o}", "path",
		                                       string(work->files[i].path), "result",
		                                       back_words[returns[i].back], "diff",
		                                       text_json(buf_slice(&patch))));
	}
	json_print(out, json_pack("{s:b, s:o?, s:o}", "is_done", !why, "error",
	                          why ? string(why) : NULL, "files", files));
}
