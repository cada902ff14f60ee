#include "cmd/dns_print.h"

#include "cmd/sts_step.h"

#include <jansson.h>
#include <string.h>

enum { TTL_S = 3600 };

static bool is_shown(const struct publish_record *r, const struct dns_print_options *options)
{
	return !options->is_missing_only || r->state != PUBLISH_THERE;
}

/* --- zone file --- */

static const char *state_words(const struct publish_record *r)
{
	switch (r->state) {
	case PUBLISH_UNKNOWN:
		return "could not be asked";
	case PUBLISH_MISSING:
		return r->is_needed ? "MISSING" : "missing, good to have";
	case PUBLISH_UNSIGNED:
		return "there, but the zone is not signed (DNSSEC): nobody believes it";
	case PUBLISH_THERE:
		return "there";
	case PUBLISH_STATE_COUNT:
		break;
	}
	return "";
}

/* A host's own address is not known here: its line is a comment. */
static void record_print(FILE *out, const struct publish_record *r)
{
	fprintf(out, "; %s: %s", state_words(r), r->why);
	if (r->lost[0])
		fprintf(out, " (%s)", r->lost);
	if (r->instead[0])
		fprintf(out, "\n;   now: %s", r->instead);
	fprintf(out, "\n%s%s. %d IN %s %s\n", r->data[0] ? "" : "; ", r->owner, TTL_S,
	        publish_type_name(r->type), r->data[0] ? r->data : "(an address of that host)");
}

static const char *source_words(enum publish_policy_source source)
{
	switch (source) {
	case PUBLISH_POLICY_PROPOSED:
		return "a proposal: write mta_sts, and mailseal serves it";
	case PUBLISH_POLICY_WRITTEN:
		return "of the settings; what is served now could not be read";
	case PUBLISH_POLICY_SERVED:
		return "as it is served now";
	case PUBLISH_POLICY_SOURCE_COUNT:
		break;
	}
	return "";
}

static void policy_print(FILE *out, const struct publish_records *records, const char *domain)
{
	if (!records->policy[0])
		return;
	fprintf(out, ";\n; https://mta-sts.%s/.well-known/mta-sts.txt, id %s (%s):\n", domain,
	        records->policy_id, source_words(records->policy_source));
	for (const char *at = records->policy; *at;) {
		size_t len = strcspn(at, "\n");
		fprintf(out, ";   %.*s\n", (int)len, at);
		at += len + (at[len] == '\n');
	}
}

static void text_print(FILE *out, const struct publish_records *records,
                       const struct dns_print_options *options)
{
	for (size_t i = 0; i < records->count; i++)
		if (is_shown(&records->rows[i], options))
			record_print(out, &records->rows[i]);
	if (!records->count)
		fputs("; the configuration serves nothing on public addresses\n", out);
	if (records->is_cut)
		fputs("; there would be more: too many to show\n", out);
	policy_print(out, records, options->domain);
	if (options->step)
		fprintf(out, "; next step: %s\n", options->step->text);
}

/* --- JSON --- */

static json_t *record_json(const struct publish_record *r)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "owner", r->owner, "type",
	                 publish_type_name(r->type), "data", r->data, "is_needed", r->is_needed,
	                 "state", publish_state_name(r->state), "why", r->why, "instead",
	                 r->instead, "lost", r->lost);
}

static void json_print(FILE *out, const struct publish_records *records,
                       const struct dns_print_options *options)
{
	json_t *rows = json_array();
	for (size_t i = 0; i < records->count; i++)
		if (is_shown(&records->rows[i], options))
			json_array_append_new(rows, record_json(&records->rows[i]));
	json_t *all =
		json_pack("{s:s, s:o, s:s, s:s, s:s}", "domain", options->domain, "records", rows,
	                  "policy", records->policy, "policy_id", records->policy_id,
	                  "policy_source", publish_policy_source_name(records->policy_source));
	if (options->step)
		json_object_set_new(all, "step",
		                    json_pack("{s:s, s:s}", "name",
		                              publish_step_name(options->step->step), "text",
		                              options->step->text));
	json_dumpf(all, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out);
	json_decref(all);
}

void dns_print(FILE *out, const struct publish_records *records,
               const struct dns_print_options *options)
{
	if (options->is_json)
		json_print(out, records, options);
	else
		text_print(out, records, options);
}
