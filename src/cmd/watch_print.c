#include "cmd/watch_print.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/network.h"
#include "report/table.h"
#include "tls/iana.h"

#include <errno.h>
#include <jansson.h>
#include <time.h>

/* --- who is ours --- */

bool watch_view_is_internal(const struct watch_view *v, const struct watch_address *address)
{
	bool is_v4 = watch_address_is_v4(address);
	return conf_networks_are_ours(v->internal, v->internal_count,
	                              address->bytes + (is_v4 ? 12 : 0), !is_v4);
}

static bool is_ours(const void *view, const struct watch_address *address)
{
	return watch_view_is_internal(view, address);
}

struct watch_ours watch_view_ours(const struct watch_view *v)
{
	return (struct watch_ours){ .is_ours = is_ours, .of = v, .names = v->names };
}

const char *watch_view_leg(const struct watch_view *v, const struct watch_row *row)
{
	return (watch_row_is_shared(row) || watch_view_is_internal(v, &row->key.client)) &&
	                       watch_view_is_internal(v, &row->key.server)
	               ? "internal"
	               : "external";
}

/* --- words --- */

static const char *transport_name(const struct watch_row *row)
{
	return row->key.transport == WATCH_IP_TCP   ? "tcp"
	       : row->key.transport == WATCH_IP_UDP ? "udp"
	                                            : "ip";
}

static void place_print(const struct watch_row *row, char *ret_text, size_t cap)
{
	char address[WATCH_ADDRESS_CAP];
	watch_address_print(&row->key.server, address);
	if (!row->key.port)
		snprintf(ret_text, cap, "%s", address);
	else
		snprintf(ret_text, cap,
		         watch_address_is_v4(&row->key.server) ? "%s:%u/%s" : "[%s]:%u/%s", address,
		         row->key.port, transport_name(row));
}

/* Behind the TLS: what is wrong with a certificate, as far as a listener can know. */
static const char *certificate_note(const struct watch_row *row)
{
	if (watch_certificate_has_expired(row->certificate, row->last_s))
		return ", certificate expired";
	return row->certificate && row->certificate->is_self_signed ? ", self-signed" : "";
}

/* "TLS 1.3 TLS_AES_256_GCM_SHA384 X25519 (legacy)", or the mechanism of a login. */
static void detail_print(const struct watch_row *row, char *ret_text, size_t cap)
{
	char suite[64] = "", group[32] = "";
	const struct watch_tls *tls = &row->tls;
	if (!tls->has_answer) {
		snprintf(ret_text, cap, "%s", row->mechanism);
		return;
	}
	if (tls->suite)
		tls_iana_suite_name(tls->suite, suite, sizeof(suite));
	if (tls->group)
		snprintf(group, sizeof(group), " %s",
		         tls_iana_group_name(tls->group, (char[16]){}, 16));
	snprintf(ret_text, cap, "%s%s%s%s%s%s%s", row->mechanism, row->mechanism[0] ? ", " : "",
	         watch_tls_version_name(tls), group, watch_tls_is_legacy(tls) ? " (legacy)" : "",
	         watch_tls_is_null(tls) ? " (no encryption)" : "", certificate_note(row));
}

/* --- for people --- */

static const struct report_column columns[] = {
	{ "verdict", "verdict", REPORT_TEXT },   { "server", "server", REPORT_TEXT },
	{ "protocol", "protocol", REPORT_TEXT }, { "clients", "clients", REPORT_COUNT },
	{ "flows", "flows", REPORT_COUNT },      { "bytes", "bytes", REPORT_BYTES },
	{ "leg", "leg", REPORT_TEXT },           { "wire", "where", REPORT_TEXT },
	{ "detail", "how", REPORT_TEXT },        { "user", "user", REPORT_TEXT },
};
enum { SPARE_FROM = 5 };

static int service_row(struct report_table *t, const struct watch_view *v,
                       const struct watch_service *s)
{
	char place[80], detail[160];
	const struct watch_row *row = s->row;
	place_print(row, place, sizeof(place));
	detail_print(row, detail, sizeof(detail));
	return err_up(REPORT_ROW(t, report_text(watch_verdict_name(row->key.verdict)),
	                         report_text(place), report_text(row->key.protocol),
	                         report_count(s->client_count), report_count(s->flows),
	                         report_bytes(s->bytes), report_text(watch_view_leg(v, row)),
	                         report_text(watch_wire_name(row->key.wire)), report_text(detail),
	                         report_text(row->user)));
}

static int table_notes(struct report_table *t, const struct watch_view *v)
{
	const struct watch_counts *c = watch_counts_of(v->watch);
	const struct watch_rows *rows = watch_rows_of(v->watch);
	int r = report_table_note(t, "%s%s%s%s: %llu packets, %llu connections", v->source,
	                          v->kind[0] ? " (" : "", v->kind, v->kind[0] ? ")" : "",
	                          (unsigned long long)c->packets, (unsigned long long)c->flows);
	if (!r && v->drops)
		r = report_table_note(t, "%llu packets were lost: this host was too slow",
		                      (unsigned long long)v->drops);
	if (!r && c->flows_forgotten)
		r = report_table_note(t,
		                      "%llu connections gave way to others, %llu of them before "
		                      "they were judged for good",
		                      (unsigned long long)c->flows_forgotten,
		                      (unsigned long long)c->flows_cut);
	if (!r && c->broken)
		r = report_table_note(t, "%llu packets were broken", (unsigned long long)c->broken);
	if (!r && rows->left_out)
		r = report_table_note(t, "%llu connections had no room in the table",
		                      (unsigned long long)rows->left_out);
	return err_up(r);
}

static bool service_is_to_mend(const struct watch_service *s)
{
	return watch_verdict_is_plain(s->row->key.verdict) && s->row->key.wire == WATCH_NETWORK;
}

static bool service_has_link(const struct watch_view *v, const struct watch_service *s)
{
	const struct watch_ours ours = watch_view_ours(v);
	for (size_t i = 0; i < s->client_count; i++)
		if (watch_link_fits(s->rows[i], &ours))
			return true;
	return false;
}

static int mend_write(struct buf *out, const struct watch_view *v, const struct watch_service *s)
{
	char place[80];
	place_print(s->row, place, sizeof(place));
	int r = buf_printf(out, "\n%s %s, %s:\n", place, s->row->key.protocol,
	                   watch_verdict_name(s->row->key.verdict));
	if (!r && s->row->mend)
		r = buf_printf(out, "  %s\n", s->row->mend);
	if (!r && service_has_link(v, s))
		r = buf_printf(out, "  %slink, below\n", s->row->mend ? "or a " : "a ");
	else if (!r && !s->row->mend)
		r = buf_add_str(out, "  a tunnel between the two hosts (WireGuard, IPsec)\n");
	return err_up(r);
}

static int mends_write(struct buf *out, const struct watch_view *v)
{
	bool has_begun = false;
	int r = 0;
	for (size_t i = 0; !r && i < v->services->count; i++) {
		if (!service_is_to_mend(&v->services->list[i]))
			continue;
		if (!has_begun)
			r = buf_add_str(out, "\nWhat seals it:\n");
		has_begun = true;
		if (!r)
			r = mend_write(out, v, &v->services->list[i]);
	}
	return err_up(r);
}

static int links_write(struct buf *out, const struct watch_view *v)
{
	const struct watch_ours ours = watch_view_ours(v);
	CLEAN(watch_links_deinit) struct watch_links links = {};
	int r = watch_links_make(&links, v->services, &ours);
	if (!r && links.host_count)
		r = buf_printf(out, "\n%s\n", WATCH_LINKS_HEAD);
	for (size_t i = 0; !r && i < links.host_count; i++) {
		char title[WATCH_LINK_TITLE_CAP];
		watch_link_host_title(&links.hosts[i], title);
		r = buf_printf(out, "\n# on %s:\n", title);
		if (!r)
			r = watch_link_host_write(&links.hosts[i], out);
	}
	return err_up(r);
}

int watch_print_text(FILE *out, const struct watch_view *v, bool with_mends)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(report_table_deinit)
	struct report_table t = { .columns = columns,
		                  .column_count = COUNT_OF(columns),
		                  .spare_from = SPARE_FROM,
		                  .empty = "nothing crossed" };
	int r = 0;
	for (size_t i = 0; !r && i < v->services->count; i++)
		r = service_row(&t, v, &v->services->list[i]);
	if (!r)
		r = table_notes(&t, v);
	if (!r)
		r = report_table_text(&text, &t, v->width);
	if (!r && with_mends)
		r = mends_write(&text, v);
	if (!r && with_mends)
		r = links_write(&text, v);
	if (!r)
		fwrite(buf_slice(&text).data, 1, buf_len(&text), out);
	return err_up(r);
}

/* --- for programs --- */

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static void when_set(json_t *object, const char *key, int64_t at_s)
{
	char text[32] = "";
	time_t at = (time_t)at_s;
	struct tm tm = {};
	if (gmtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(object, key, text_or_null(text));
}

static const char *const secret_names[] = {
	[WATCH_SECRET_NONE] = "",
	[WATCH_SECRET_HASH] = "hash",
	[WATCH_SECRET_TOKEN] = "token",
	[WATCH_SECRET_PASSWORD] = "password",
};
_Static_assert(COUNT_OF(secret_names) == WATCH_SECRET_COUNT);

static void tls_set(json_t *object, const struct watch_tls *tls)
{
	char name[64];
	json_object_set_new(object, "version", text_or_null(watch_tls_version_name(tls)));
	json_object_set_new(
		object, "suite",
		tls->suite ? json_string(tls_iana_suite_name(tls->suite, name, sizeof(name)))
			   : json_null());
	json_object_set_new(
		object, "group",
		tls->group ? json_string(tls_iana_group_name(tls->group, name, sizeof(name)))
			   : json_null());
	json_object_set_new(object, "sni", text_or_null(tls->sni));
	json_object_set_new(object, "ja4", text_or_null(tls->ja4));
	json_object_set_new(object, "legacy", json_boolean(watch_tls_is_legacy(tls)));
}

static json_t *names_json(const char *names)
{
	json_t *list = json_array();
	for (struct slice rest = slice_str(names); list && rest.len;) {
		struct slice name = slice_head(rest, slice_find(rest, ','));
		json_array_append_new(list, json_stringn((const char *)name.data, name.len));
		rest = slice_skip(rest, name.len + 1);
	}
	return list;
}

/* Up to TLS 1.2; later ones hide it. */
static json_t *certificate_json(const struct watch_row *row)
{
	const struct watch_certificate *c = row->certificate;
	json_t *o = c ? json_object() : NULL;
	if (!o)
		return json_null();
	json_object_set_new(o, "subject", json_string(c->subject));
	json_object_set_new(o, "names", names_json(c->names));
	json_object_set_new(o, "issuer", json_string(c->issuer));
	when_set(o, "not_before", c->not_before_s);
	when_set(o, "not_after", c->not_after_s);
	json_object_set_new(o, "self_signed", json_boolean(c->is_self_signed));
	json_object_set_new(o, "expired",
	                    json_boolean(watch_certificate_has_expired(c, row->last_s)));
	return o;
}

static json_t *row_json(const struct watch_view *v, const struct watch_row *row, const char *type)
{
	char client[WATCH_ADDRESS_CAP], server[WATCH_ADDRESS_CAP];
	json_t *o = json_object();
	if (!o)
		return NULL;
	watch_address_print(&row->key.client, client);
	watch_address_print(&row->key.server, server);
	json_object_set_new(o, "type", json_string(type));
	json_object_set_new(o, "verdict", json_string(watch_verdict_name(row->key.verdict)));
	json_object_set_new(o, "client", json_string(client));
	json_object_set_new(o, "server", json_string(server));
	json_object_set_new(o, "port", json_integer(row->key.port));
	json_object_set_new(o, "transport", json_string(transport_name(row)));
	json_object_set_new(o, "protocol", text_or_null(row->key.protocol));
	json_object_set_new(o, "where", json_string(watch_wire_name(row->key.wire)));
	json_object_set_new(o, "leg", json_string(watch_view_leg(v, row)));
	json_object_set_new(o, "flows", json_integer((json_int_t)row->flows));
	json_object_set_new(o, "bytes", json_integer((json_int_t)row->bytes));
	when_set(o, "first", row->first_s);
	when_set(o, "last", row->last_s);
	json_object_set_new(o, "secret", text_or_null(secret_names[row->secret]));
	json_object_set_new(o, "mechanism", text_or_null(row->mechanism));
	json_object_set_new(o, "user", text_or_null(row->user));
	tls_set(o, &row->tls);
	json_object_set_new(o, "certificate", certificate_json(row));
	if (watch_verdict_is_plain(row->key.verdict))
		json_object_set_new(o, "mend", text_or_null(row->mend));
	return o;
}

/* Takes the object. */
static int line_write(FILE *out, json_t *object)
{
	CLEAN(freep) char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	if (!text)
		return err_raise(-ENOMEM);
	fprintf(out, "%s\n", text);
	return 0;
}

int watch_print_json_found(FILE *out, const struct watch_view *v, const struct watch_row *row)
{
	return err_up(line_write(out, row_json(v, row, "found")));
}

static int link_line_write(FILE *out, const struct watch_link_host *host)
{
	CLEAN(buf_deinit) struct buf text = {};
	char address[WATCH_ADDRESS_CAP];
	int r = watch_link_host_write(host, &text);
	if (r)
		return err_up(r);
	watch_address_print(host->ends->host, address);
	return err_up(line_write(
		out, json_pack("{ss ss ss? ss%}", "type", "link", "host", address, "name",
	                       watch_hosts_name(host->names, host->ends->host), "settings",
	                       (const char *)buf_slice(&text).data, buf_len(&text))));
}

static int link_lines_write(FILE *out, const struct watch_view *v)
{
	const struct watch_ours ours = watch_view_ours(v);
	CLEAN(watch_links_deinit) struct watch_links links = {};
	int r = watch_links_make(&links, v->services, &ours);
	for (size_t i = 0; !r && i < links.host_count; i++)
		r = link_line_write(out, &links.hosts[i]);
	return err_up(r);
}

static size_t expired_count(const struct watch_view *v)
{
	size_t count = 0;
	for (size_t i = 0; i < v->services->count; i++) {
		const struct watch_service *s = &v->services->list[i];
		for (size_t n = 0; n < s->client_count; n++)
			count += watch_certificate_has_expired(s->rows[n]->certificate,
			                                       s->rows[n]->last_s);
	}
	return count;
}

static int sums_write(FILE *out, const struct watch_view *v)
{
	const struct watch_counts *c = watch_counts_of(v->watch);
	return err_up(line_write(
		out,
		json_pack("{ss ss sI sI sI sI sI sI sI sI sI}", "type", "summary", "source",
	                  v->source, "packets", (json_int_t)c->packets, "connections",
	                  (json_int_t)c->flows, "lost", (json_int_t)v->drops, "broken",
	                  (json_int_t)c->broken, "other", (json_int_t)c->others, "gave_way",
	                  (json_int_t)c->flows_forgotten, "judged_early", (json_int_t)c->flows_cut,
	                  "left_out", (json_int_t)watch_rows_of(v->watch)->left_out,
	                  "expired_certificates", (json_int_t)expired_count(v))));
}

int watch_print_json(FILE *out, const struct watch_view *v)
{
	int r = 0;
	for (size_t i = 0; !r && i < v->services->count; i++) {
		const struct watch_service *s = &v->services->list[i];
		for (size_t n = 0; !r && n < s->client_count; n++)
			r = line_write(out, row_json(v, s->rows[n], "service"));
	}
	if (!r)
		r = link_lines_write(out, v);
	return r ? err_up(r) : err_up(sums_write(out, v));
}
