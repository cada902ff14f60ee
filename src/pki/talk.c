#include "pki/talk.h"

#include "base/clean.h"
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

void pki_request_deinit(struct pki_request *request)
{
	buf_deinit(&request->pem);
	explicit_bzero(request->secret, sizeof(request->secret));
}

void pki_answer_deinit(struct pki_answer *answer)
{
	buf_deinit(&answer->chain);
	buf_deinit(&answer->ca);
	buf_deinit(&answer->denied);
}

static void json_freep(json_t **json)
{
	json_decref(*json);
}

static json_t *line_load(struct slice line)
{
	return json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
}

static const char *text_of(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key));
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool join_take(struct pki_request *request, const json_t *json)
{
	const char *name = text_of(json, "name"), *secret = text_of(json, "secret");
	if (!name || !secret || !identity_name_is_valid(name) || !is_hex(secret, PKI_SECRET_LEN))
		return false;
	snprintf(request->name, sizeof(request->name), "%s", name);
	snprintf(request->secret, sizeof(request->secret), "%s", secret);
	return true;
}

static bool denied_take(struct pki_request *request, const json_t *json)
{
	const char *have = text_of(json, "have");
	if (!have || !is_hex(have, PKI_DIGEST_LEN))
		return false;
	snprintf(request->have, sizeof(request->have), "%s", have);
	return true;
}

/* Who asks says it in TLS. */
static bool renew_take(struct pki_request *request, const json_t *json)
{
	return true;
}

static const struct request_row {
	const char *what;
	bool (*take)(struct pki_request *request, const json_t *json);
	bool has_pem;
} request_rows[] = {
	[PKI_TALK_JOIN] = { "join", join_take, true },
	[PKI_TALK_RENEW] = { "renew", renew_take, true },
	[PKI_TALK_DENIED] = { "denied", denied_take, false },
};

int pki_request_read(struct pki_request *ret_request, struct slice line)
{
	CLEAN(json_freep) json_t *json = line_load(line);
	CLEAN(pki_request_deinit) struct pki_request request = {};
	const char *what = text_of(json, "do"), *pem = text_of(json, "request");
	size_t kind = 0;
	while (what && kind < COUNT_OF(request_rows) && strcmp(what, request_rows[kind].what) != 0)
		kind++;
	if (!what || kind == COUNT_OF(request_rows) || !request_rows[kind].take(&request, json) ||
	    request_rows[kind].has_pem != (pem != NULL))
		return PKI_TALK_BAD;
	request.kind = (enum pki_talk_kind)kind;
	int r = pem ? buf_add_str(&request.pem, pem) : 0;
	if (r)
		return err_up(r);
	*ret_request = request;
	request = (struct pki_request){};
	return 0;
}

/* Takes the value over. */
static void text_set(json_t *json, const char *key, struct slice text)
{
	json_object_set_new(json, key, json_stringn((const char *)text.data ?: "", text.len));
}

static int line_write(json_t *json, struct buf *ret_line)
{
	CLEAN(freep) char *text = json_dumps(json, JSON_COMPACT);
	int r = text ? buf_add_str(ret_line, text) : err_raise(-ENOMEM);
	if (text)
		explicit_bzero(text, strlen(text));
	if (!r)
		r = buf_add_str(ret_line, "\n");
	return err_up(r);
}

int pki_request_write(const struct pki_request *request, struct buf *ret_line)
{
	CLEAN(json_freep) json_t *json = json_object();
	text_set(json, "do", slice_str(request_rows[request->kind].what));
	if (request->kind == PKI_TALK_JOIN) {
		text_set(json, "name", slice_str(request->name));
		text_set(json, "secret", slice_str(request->secret));
	}
	if (request->kind == PKI_TALK_DENIED)
		text_set(json, "have", slice_str(request->have));
	else
		text_set(json, "request", buf_slice(&request->pem));
	return err_up(line_write(json, ret_line));
}

bool pki_server_read(const char *text, char ret_host[256], uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	char *end;
	if (!len || len > 255 || !isdigit((unsigned char)colon[1]))
		return false;
	unsigned long port = strtoul(colon + 1, &end, 10);
	bool has_brackets = text[0] == '[';
	if (*end || !port || port > 65535 || (has_brackets && (len < 3 || text[len - 1] != ']')))
		return false;
	const char *host = text + has_brackets;
	size_t host_len = len - 2 * (size_t)has_brackets;
	const char *letters = has_brackets ? "0123456789abcdefABCDEF:."
	                                   : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                                     "0123456789-.";
	if (strspn(host, letters) < host_len)
		return false;
	snprintf(ret_host, 256, "%.*s", (int)host_len, host);
	*ret_port = (uint16_t)port;
	return true;
}

static int servers_take(struct pki_answer *answer, const json_t *list)
{
	size_t i;
	json_t *item;
	char host[256];
	uint16_t port;
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		if (!text || i == PKI_TALK_SERVERS_MAX || strlen(text) >= PKI_TALK_SERVER_CAP ||
		    !pki_server_read(text, host, &port))
			return PKI_TALK_BAD;
		snprintf(answer->servers[answer->server_count++], PKI_TALK_SERVER_CAP, "%s", text);
	}
	return 0;
}

static int text_take(const json_t *json, const char *key, struct buf *ret_text)
{
	const char *text = text_of(json, key);
	return text ? err_up(buf_add_str(ret_text, text)) : PKI_TALK_BAD;
}

static int certificate_take(struct pki_answer *answer, const json_t *json)
{
	int r = text_take(json, "chain", &answer->chain);
	if (!r)
		r = text_take(json, "ca", &answer->ca);
	if (!r)
		r = text_take(json, "denied", &answer->denied);
	return r ? r : servers_take(answer, json_object_get(json, "servers"));
}

int pki_answer_read(struct pki_answer *ret_answer, struct slice line)
{
	CLEAN(json_freep) json_t *json = line_load(line);
	CLEAN(pki_answer_deinit) struct pki_answer answer = {};
	const char *error = text_of(json, "error");
	int r = 0;
	if (error) {
		slice_to_text(slice_str(*error ? error : "?"), answer.error, sizeof(answer.error));
		answer.is_again = json_is_true(json_object_get(json, "again"));
	} else if (json_is_true(json_object_get(json, "same"))) {
		answer.is_same = true;
	} else if (json_object_get(json, "chain")) {
		r = certificate_take(&answer, json);
	} else {
		answer.is_list = true;
		r = text_take(json, "denied", &answer.denied);
	}
	if (r)
		return r; /* PKI_TALK_BAD, or ours */
	*ret_answer = answer;
	answer = (struct pki_answer){};
	return 0;
}

static void certificate_set(json_t *json, const struct pki_answer *answer)
{
	json_t *servers = json_array();
	for (size_t i = 0; i < answer->server_count; i++)
		json_array_append_new(servers, json_string(answer->servers[i]));
	text_set(json, "chain", buf_slice(&answer->chain));
	text_set(json, "ca", buf_slice(&answer->ca));
	text_set(json, "denied", buf_slice(&answer->denied));
	json_object_set_new(json, "servers", servers);
}

int pki_answer_write(const struct pki_answer *answer, struct buf *ret_line)
{
	CLEAN(json_freep) json_t *json = json_object();
	if (answer->error[0]) {
		text_set(json, "error", slice_str(answer->error));
		json_object_set_new(json, "again", json_boolean(answer->is_again));
	} else if (answer->is_same) {
		json_object_set_new(json, "same", json_true());
	} else if (answer->is_list) {
		text_set(json, "denied", buf_slice(&answer->denied));
	} else {
		certificate_set(json, answer);
	}
	return err_up(line_write(json, ret_line));
}
