/* Types of settings that are lists of what has parts (addresses, networks, ...), or a place, or a
 * backend. */
#include "conf/address.h"
#include "conf/nearest.h"
#include "conf/network.h"
#include "conf/server.h"
#include "conf/types_inside.h"
#include "conf/watched.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* CONF_ADDRESSES */

static int address_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_address address;
	const char *why;
	void *item;
	if (conf_address_parse(text, &address, &why) || conf_type_has_control(text)) {
		conf_type_bad(ret_why, "\"%.100s\" is no address", text);
		conf_type_mend(ret_why, "%s",
		               conf_type_has_control(text) ? "no control characters" : why);
		return CONF_BAD;
	}
	int r = conf_type_list_grow(row, base, sizeof(address), &item);
	if (r)
		return err_up(r);
	memcpy(item, &address, sizeof(address));
	return 0;
}

/* Of a list whose items keep how they were written. */
struct listed {
	size_t item_size, text_offset;
};

static void texts_print(const struct conf_row *row, const void *base, struct listed listed,
                        FILE *out)
{
	const char *items = *(char *const *)conf_type_at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		conf_type_text_print(items + i * listed.item_size + listed.text_offset, out);
	}
	fputc(']', out);
}

static void address_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	texts_print(
		row, base,
		(struct listed){ sizeof(struct conf_address), offsetof(struct conf_address, text) },
		out);
}

static int address_copy(const struct conf_row *row, void *to, const void *from)
{
	return conf_type_list_copy(row, to, from, sizeof(struct conf_address));
}

/* CONF_WATCHES */

static int watched_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_watched watched;
	const char *why;
	void *item;
	if (conf_type_has_control(text) || conf_watched_parse(text, &watched, &why)) {
		conf_type_bad(ret_why, "\"%.100s\" is no port to watch", text);
		conf_type_mend(ret_why, "%s",
		               conf_type_has_control(text) ? "no control characters" : why);
		return CONF_BAD;
	}
	if (conf_count_of(base, row->count_offset) == CONF_WATCHED_MAX)
		return conf_type_bad(ret_why, "there are more than %d", CONF_WATCHED_MAX);
	int r = conf_type_list_grow(row, base, sizeof(watched), &item);
	if (r)
		return err_up(r);
	memcpy(item, &watched, sizeof(watched));
	return 0;
}

static void watched_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	texts_print(
		row, base,
		(struct listed){ sizeof(struct conf_watched), offsetof(struct conf_watched, text) },
		out);
}

static int watched_copy(const struct conf_row *row, void *to, const void *from)
{
	return conf_type_list_copy(row, to, from, sizeof(struct conf_watched));
}

/* CONF_PLACE */

static int place_parse(const struct conf_row *row, const struct conf_settings *settings, void *base,
                       const char *text, struct conf_why *ret_why)
{
	const char *why;
	if (!conf_address_parse(text, conf_type_at(row, base), &why) &&
	    !conf_type_has_control(text))
		return 0;
	conf_type_bad(ret_why, "\"%.100s\" is no address", text);
	conf_type_mend(ret_why, "%s", conf_type_has_control(text) ? "no control characters" : why);
	return CONF_BAD;
}

static void place_print(const struct conf_row *row, const struct conf_settings *settings,
                        const void *base, FILE *out)
{
	conf_type_text_print(((const struct conf_address *)conf_type_at_const(row, base))->text,
	                     out);
}

/* CONF_NETWORKS and CONF_FROM */

static int network_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_network network;
	const char *why;
	void *item;
	if (conf_network_parse(text, &network, &why))
		return conf_type_bad(ret_why, "\"%.60s\": %s", text, why);
	int r = conf_type_list_grow(row, base, sizeof(network), &item);
	if (r)
		return err_up(r);
	memcpy(item, &network, sizeof(network));
	return 0;
}

static void network_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	const struct conf_network *items =
		*(struct conf_network *const *)conf_type_at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	char text[64];
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		conf_network_print(&items[i], text);
		fputs(i ? ", " : "", out);
		conf_type_text_print(text, out);
	}
	fputc(']', out);
}

static int network_copy(const struct conf_row *row, void *to, const void *from)
{
	return conf_type_list_copy(row, to, from, sizeof(struct conf_network));
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
		conf_type_bad(ret_why, "\"%.100s\" is not known", text);
		conf_type_mend(ret_why, "known: plain-login, tls1.0, tls1.1");
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
		conf_type_bad(ret_why, "\"%.100s\" is no pin", text);
		conf_type_mend(ret_why, "write \"sha256:\" and base64, or 64 hexadecimal digits");
		return CONF_BAD;
	}
	int r = conf_type_list_grow(row, base, sizeof(pin), &item);
	if (r)
		return err_up(r);
	memcpy(item, pin, sizeof(pin));
	return 0;
}

static void pin_print(const struct conf_row *row, const struct conf_settings *settings,
                      const void *base, FILE *out)
{
	const uint8_t *items = *(uint8_t *const *)conf_type_at_const(row, base);
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
	return conf_type_list_copy(row, to, from, 32);
}

/* CONF_BACKEND: backends are read before edges. */

static int backend_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_nearest near = { .text = text };
	for (size_t i = 0; i < settings->backend_count; i++) {
		if (!strcmp(settings->backends[i].name, text)) {
			conf_type_number_store(row, base, i);
			return 0;
		}
		conf_nearest_try(&near, settings->backends[i].name);
	}
	conf_type_bad(ret_why, "no backend is called \"%.100s\"", text);
	if (near.best)
		conf_type_mend(ret_why, "did you mean \"%s\"?", near.best);
	else
		conf_type_mend(ret_why, "add it to the group \"backend\"");
	return CONF_BAD;
}

static void backend_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	size_t index = conf_type_number_load(row, base);
	if (index < settings->backend_count)
		conf_type_text_print(settings->backends[index].name, out);
}

/* CONF_FORWARDS and CONF_STUBS */

static int server_parse(const struct conf_row *row, const struct conf_settings *settings,
                        void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_server server;
	const char *why;
	void *item;
	if (conf_server_parse(text, row->type == CONF_STUBS, &server, &why)) {
		conf_type_bad(ret_why, "\"%.100s\" is no name server", text);
		conf_type_mend(ret_why, "%s", why);
		return CONF_BAD;
	}
	int r = conf_type_list_grow(row, base, sizeof(server), &item);
	if (r)
		return err_up(r);
	memcpy(item, &server, sizeof(server));
	return 0;
}

static void server_print(const struct conf_row *row, const struct conf_settings *settings,
                         const void *base, FILE *out)
{
	const struct conf_server *items =
		*(struct conf_server *const *)conf_type_at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	fputc('[', out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s\"%s%s%s\"", i ? ", " : "", items[i].zone,
		        items[i].zone[0] ? "=" : "", items[i].address);
	fputc(']', out);
}

static int server_copy(const struct conf_row *row, void *to, const void *from)
{
	return conf_type_list_copy(row, to, from, sizeof(struct conf_server));
}

/* CONF_HANDOFFS */

static int handoff_parse(const struct conf_row *row, const struct conf_settings *settings,
                         void *base, const char *text, struct conf_why *ret_why)
{
	struct conf_handoff handoff;
	const char *why;
	void *item;
	if (conf_handoff_parse(text, &handoff, &why) || conf_type_has_control(text)) {
		conf_type_bad(ret_why, "\"%.100s\" is no place to hand mail over", text);
		conf_type_mend(ret_why, "%s",
		               conf_type_has_control(text) ? "no control characters" : why);
		return CONF_BAD;
	}
	int r = conf_type_list_grow(row, base, sizeof(handoff), &item);
	if (r)
		return err_up(r);
	memcpy(item, &handoff, sizeof(handoff));
	return 0;
}

static void handoff_print(const struct conf_row *row, const struct conf_settings *settings,
                          const void *base, FILE *out)
{
	const struct conf_handoff *items =
		*(struct conf_handoff *const *)conf_type_at_const(row, base);
	size_t count = conf_count_of(base, row->count_offset);
	char text[160];
	fputc('[', out);
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s:%s", items[i].is_lmtp ? "lmtp" : "smtp",
		         items[i].address.text);
		fputs(i ? ", " : "", out);
		conf_type_text_print(text, out);
	}
	fputc(']', out);
}

static int handoff_copy(const struct conf_row *row, void *to, const void *from)
{
	return conf_type_list_copy(row, to, from, sizeof(struct conf_handoff));
}

const struct conf_type_ops conf_types_list[CONF_TYPE_COUNT] = {
	[CONF_ADDRESSES] = { "[\"ADDRESS\", ...]", true, false, false, address_parse, address_print,
	                     address_copy, conf_type_list_clear },
	[CONF_NETWORKS] = { "[\"NETWORK\", ...]", true, false, false, network_parse, network_print,
	                    network_copy, conf_type_list_clear },
	[CONF_FROM] = { "[\"NETWORK\", ...] or [\"*\"]", true, false, false, from_parse, from_print,
	                network_copy, conf_type_list_clear },
	[CONF_ALLOW] = { "[\"WHAT\", ...]", true, false, false, allow_parse, allow_print,
	                 conf_type_plain_copy, NULL },
	[CONF_PINS] = { "[\"sha256:BASE64\", ...]", true, false, false, pin_parse, pin_print,
	                pin_copy, conf_type_list_clear },
	[CONF_BACKEND] = { "\"BACKEND\"", false, false, false, backend_parse, backend_print,
	                   conf_type_plain_copy, NULL },
	[CONF_FORWARDS] = { "[\"ADDRESS[@PORT]\", ...]", true, false, false, server_parse,
	                    server_print, server_copy, conf_type_list_clear },
	[CONF_STUBS] = { "[\"ZONE=ADDRESS[@PORT]\", ...]", true, false, false, server_parse,
	                 server_print, server_copy, conf_type_list_clear },
	[CONF_WATCHES] = { "[\"HOST:PORT/PROTOCOL\", ...]", true, false, false, watched_parse,
	                   watched_print, watched_copy, conf_type_list_clear },
	[CONF_PLACE] = { "\"ADDRESS\"", false, false, false, place_parse, place_print,
	                 conf_type_plain_copy, NULL },
	[CONF_HANDOFFS] = { "[\"lmtp:ADDRESS\", \"smtp:ADDRESS\", ...]", true, false, false,
	                    handoff_parse, handoff_print, handoff_copy, conf_type_list_clear },
};
