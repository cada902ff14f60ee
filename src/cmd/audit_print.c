#include "cmd/audit_print.h"

#include "base/clean.h"
#include "servers/secret.h"

#include <jansson.h>

/* Anybody may have written it: no byte of it moves a terminal. */
static void text_print(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c < ' ' || c > '~')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

/* Without what it has to log in with: reports are shown to others. NULL: no memory. */
static char *without_secrets(const char *text)
{
	char *masked = strdup(text);
	if (masked)
		servers_secrets_mask(masked);
	return masked;
}

static void masked_print(FILE *out, const char *text)
{
	CLEAN(freep) char *masked = without_secrets(text);
	text_print(out, masked ? masked : "(out of memory)");
}

static void field_print(FILE *out, const char *name, const char *text)
{
	fprintf(out, "        %-7s ", name);
	masked_print(out, text);
	fputc('\n', out);
}

static void place_print(FILE *out, const struct audit_finding *f)
{
	const struct servers_place *place = &f->place;
	fprintf(out, "        %-7s ", "now:");
	text_print(out, f->setting);
	fputs(" = ", out);
	masked_print(out, f->value[0] ? f->value : "(empty)");
	fputs("  [", out);
	text_print(out, place->path ? place->path : "default");
	if (place->line)
		fprintf(out, ":%u", place->line);
	fputs("]\n", out);
}

static const char *colour_of(enum advice_verdict verdict)
{
	switch (verdict) {
	case ADVICE_FAIL:
		return "\033[1;31m";
	case ADVICE_WARN:
		return "\033[33m";
	case ADVICE_WELL:
	case ADVICE_INFO:
	case ADVICE_VERDICT_COUNT:
		break;
	}
	return "\033[36m";
}

static void finding_print(FILE *out, const struct audit_finding *f, bool has_colour)
{
	fprintf(out, "  %s%-4s%s  %s\n", has_colour ? colour_of(f->verdict) : "",
	        advice_verdict_name(f->verdict), has_colour ? "\033[0m" : "", f->rule->why);
	if (f->service[0])
		field_print(out, "where:", f->service);
	place_print(out, f);
	field_print(out, "right:", f->right[0] ? f->right : "(empty)");
	field_print(out, "mend:", f->mend);
	fprintf(out, "        %-7s %s (%s)\n", "source:", f->rule->source, f->rule->id);
}

static void server_print(FILE *out, const struct servers_server *server)
{
	fputs(servers_kind_title(server->kind), out);
	fputc(' ', out);
	text_print(out, server->version ? server->version : "(version not known)");
	if (server->instance[0]) {
		fputs(", instance ", out);
		text_print(out, server->instance);
	}
	fputs(", ", out);
	text_print(out, server->path);
	fputs(server->is_by_tool ? "\n" : " (read from files alone)\n", out);
}

static size_t findings_print(FILE *out, const struct audit *a, const struct servers_server *server,
                             bool has_colour)
{
	size_t count = 0;
	for (size_t i = 0; i < a->finding_count; i++)
		if (a->findings[i].server == server) {
			finding_print(out, &a->findings[i], has_colour);
			count++;
		}
	return count;
}

void audit_print_faults(FILE *out, const struct audit *a)
{
	for (size_t i = 0; i < a->servers->fault_count; i++) {
		const struct servers_fault *fault = &a->servers->faults[i];
		fputs("mailseal audit: ", out);
		text_print(out, fault->path);
		if (fault->line)
			fprintf(out, ":%u", fault->line);
		fputs(": ", out);
		text_print(out, fault->text);
		fputc('\n', out);
	}
}

void audit_print_text(FILE *out, const struct audit *a, bool has_colour)
{
	for (size_t i = 0; i < a->servers->server_count; i++) {
		const struct servers_server *server = a->servers->servers[i];
		server_print(out, server);
		if (!audit_has_rules(server->kind))
			fputs("  no rules are there for it\n", out);
		else if (!findings_print(out, a, server, has_colour))
			fputs("  as recommended\n", out);
		fputc('\n', out);
	}
	fprintf(out, "%zu to mend, by profile %s (%s)\n", audit_count(a), a->profile->name,
	        a->profile->source);
	if (audit_count(a))
		fputs("--diff shows as a patch what needs no decision; reload the servers after "
		      "it\n",
		      out);
}

/* --- for programs --- */

/* What is no UTF-8 comes with "\xNN" for its odd bytes. */
static json_t *text_json(const char *text)
{
	if (!text)
		return json_null();
	json_t *as_it_is = json_string(text);
	if (as_it_is)
		return as_it_is;
	char *escaped = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&escaped, &len);
	if (!out)
		return NULL;
	text_print(out, text);
	fclose(out);
	json_t *json = json_string(escaped);
	free(escaped);
	return json;
}

static json_t *masked_json(const char *text)
{
	CLEAN(freep) char *masked = text ? without_secrets(text) : NULL;
	return text && !masked ? NULL : text_json(masked);
}

static json_t *finding_json(const struct audit_finding *f)
{
	bool is_default = !f->place.path;
	json_t *line = f->place.line ? json_integer(f->place.line) : json_null();
	return json_pack("{s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:s, s:s, s:b}",
	                 "id", f->rule->id, "check", f->rule->check, "verdict",
	                 advice_verdict_name(f->verdict), "service", text_json(f->service),
	                 "setting", text_json(f->setting), "value", masked_json(f->value), "file",
	                 text_json(f->place.path), "line", line, "default", is_default, "right",
	                 masked_json(f->right), "mend", masked_json(f->mend), "why", f->rule->why,
	                 "source", f->rule->source, "in_diff",
	                 f->edit.path && f->verdict > ADVICE_INFO);
}

static json_t *findings_json(const struct audit *a, const struct servers_server *server)
{
	json_t *list = json_array();
	for (size_t i = 0; i < a->finding_count; i++)
		if (a->findings[i].server == server)
			json_array_append_new(list, finding_json(&a->findings[i]));
	return list;
}

static json_t *listeners_json(const struct servers_server *server)
{
	json_t *list = json_array();
	for (size_t i = 0; i < server->listener_count; i++) {
		const struct servers_listener *l = server->listeners[i];
		json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:i, s:b, s:b}", "name",
		                                      text_json(l->name), "protocol",
		                                      servers_protocol_name(l->protocol), "address",
		                                      text_json(l->address), "port", (int)l->port,
		                                      "tls", l->is_tls, "proxy", l->expects_proxy));
	}
	return list;
}

static json_t *servers_json(const struct audit *a)
{
	json_t *list = json_array();
	for (size_t i = 0; i < a->servers->server_count; i++) {
		const struct servers_server *server = a->servers->servers[i];
		json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:o}",
		                                      "software", servers_kind_name(server->kind),
		                                      "instance", text_json(server->instance),
		                                      "version", text_json(server->version), "path",
		                                      text_json(server->path), "by_tool",
		                                      server->is_by_tool, "listeners",
		                                      listeners_json(server), "findings",
		                                      findings_json(a, server)));
	}
	return list;
}

static json_t *faults_json(const struct audit *a)
{
	json_t *list = json_array();
	for (size_t i = 0; i < a->servers->fault_count; i++) {
		const struct servers_fault *fault = &a->servers->faults[i];
		json_t *line = fault->line ? json_integer(fault->line) : json_null();
		json_array_append_new(list,
		                      json_pack("{s:o, s:o, s:o}", "file", text_json(fault->path),
		                                "line", line, "error", text_json(fault->text)));
	}
	return list;
}

void audit_print_json(FILE *out, const struct audit *a)
{
	json_t *answer = json_pack("{s:s, s:i, s:o, s:o}", "profile", a->profile->name, "to_mend",
	                           (int)audit_count(a), "servers", servers_json(a), "faults",
	                           faults_json(a));
	json_dumpf(answer, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(answer);
}
