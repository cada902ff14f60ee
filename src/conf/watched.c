/* Ports that are watched, as they are written in the configuration file. */
#include "conf/watched.h"

#include "base/address.h"
#include "base/clean.h"
#include "conf/address.h"
#include "conf/value.h"

#include <stdio.h>
#include <string.h>

/* The protocol as check/ calls it, by the word and the port; NULL: there is none of that name. */
static const char *watched_protocol(const char *word, uint16_t port)
{
	static const struct {
		const char *word;
		uint16_t port; /* where it is in TLS from the first byte; 0: nowhere, or anywhere */
		const char *implicit;
	} protocols[] = {
		{ "smtp", 465, "submissions" }, { "submission", 465, "submissions" },
		{ "submissions", 0, NULL },     { "imap", 993, "imaps" },
		{ "imaps", 0, NULL },           { "pop3", 995, "pop3s" },
		{ "pop3s", 0, NULL },           { "managesieve", 0, NULL },
		{ "https", 0, NULL },           { "tls", 0, NULL },
	};
	for (size_t i = 0; i < COUNT_OF(protocols); i++)
		if (!strcmp(protocols[i].word, word))
			return port == protocols[i].port ? protocols[i].implicit
			                                 : protocols[i].word;
	return NULL;
}

int conf_watched_parse(const char *text, struct conf_watched *ret_watched, const char **ret_why)
{
	struct conf_watched w = {};
	struct conf_address address;
	char place[128], word[16] = "";
	size_t place_len = strcspn(text, "/="), word_len = 0;
	const char *after = text + place_len;
	*ret_why = "write HOST:PORT/PROTOCOL, as in \"mail2.example.org:993/imap\"";
	if (*after == '/')
		word_len = strcspn(++after, "=");
	if (place_len >= sizeof(place) || !word_len || word_len >= sizeof(word) ||
	    strlen(text) >= sizeof(w.text))
		return CONF_VALUE_BAD;
	memcpy(place, text, place_len);
	place[place_len] = '\0';
	memcpy(word, after, word_len);
	after += word_len;
	if (conf_address_parse(place, &address, ret_why)) {
		*ret_why = "write HOST:PORT/PROTOCOL, with a port from 1 to 65535, as in "
			   "\"mail2.example.org:993/imap\"";
		return CONF_VALUE_BAD;
	}
	const char *protocol = watched_protocol(word, address.port);
	*ret_why = !protocol ? "protocols are smtp, submission, imap, pop3, managesieve, "
	                       "submissions, imaps, pop3s, https, tls"
	                     : "behind \"=\" is the path of a file, from \"/\" on";
	if (!protocol || (*after && (after[1] != '/' || strlen(after + 1) >= sizeof(w.file))))
		return CONF_VALUE_BAD;
	*ret_why = "name one host and port";
	if (address.kind == CONF_ADDRESS_ANY || address.kind == CONF_ADDRESS_UNIX)
		return CONF_VALUE_BAD;
	snprintf(w.host, sizeof(w.host), "%s", address.host);
	snprintf(w.protocol, sizeof(w.protocol), "%s", protocol);
	snprintf(w.file, sizeof(w.file), "%s", *after ? after + 1 : "");
	strcpy(w.text, text);
	w.port = address.port;
	*ret_watched = w;
	return 0;
}

bool conf_watched_is_address(const struct conf_watched *watched)
{
	return address_is_literal(watched->host);
}
