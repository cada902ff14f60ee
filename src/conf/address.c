/* Addresses of sockets, as they are written in the configuration file. */
#include "conf/address.h"

#include "conf/network.h"
#include "conf/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int unix_parse(const char *path, struct conf_address *address, const char **ret_why)
{
	if (path[0] != '/' || strlen(path) < 2)
		*ret_why = "the path of a unix socket begins with \"/\"";
	else if (strlen(path) >= sizeof(address->host))
		*ret_why = "the path of a unix socket has 107 bytes at most";
	else {
		address->kind = CONF_ADDRESS_UNIX;
		memcpy(address->host, path, strlen(path) + 1);
		return 0;
	}
	return CONF_VALUE_BAD;
}

/* Host without its port and brackets: what is it? */
static int host_classify(struct conf_address *address, bool is_bracketed, const char **ret_why)
{
	uint8_t bytes[16];
	char plain[INET6_ADDRSTRLEN];
	const char *host = address->host;
	if (is_bracketed) {
		size_t len = strcspn(host, "%");
		if (len < sizeof(plain)) {
			memcpy(plain, host, len);
			plain[len] = '\0';
		}
		if (len >= sizeof(plain) || inet_pton(AF_INET6, plain, bytes) != 1) {
			*ret_why = "what is in [] is no IPv6 address";
			return CONF_VALUE_BAD;
		}
		address->kind = CONF_ADDRESS_INET6;
		return 0;
	}
	if (!strcmp(host, "*")) {
		address->kind = CONF_ADDRESS_ANY;
		address->host[0] = '\0';
		return 0;
	}
	if (inet_pton(AF_INET, host, bytes) == 1) {
		address->kind = CONF_ADDRESS_INET;
		return 0;
	}
	if (strchr(host, ':')) {
		*ret_why = "an IPv6 address stands in [], as [2001:db8::1]:25";
		return CONF_VALUE_BAD;
	}
	if (!host[strspn(host, "0123456789.")] || !conf_hostname_is_valid(host)) {
		*ret_why = "the host is no address and no name";
		return CONF_VALUE_BAD;
	}
	address->kind = CONF_ADDRESS_NAME;
	return 0;
}

int conf_address_parse(const char *text, struct conf_address *ret_address, const char **ret_why)
{
	struct conf_address address = {};
	size_t len = strlen(text);
	if (len == 0 || len >= sizeof(address.text)) {
		*ret_why = len ? "it is too long" : "it is empty";
		return CONF_VALUE_BAD;
	}
	memcpy(address.text, text, len + 1);
	if (!strncmp(text, "unix:", 5)) {
		if (unix_parse(text + 5, &address, ret_why))
			return CONF_VALUE_BAD;
		*ret_address = address;
		return 0;
	}
	if (strchr(text, ',')) {
		*ret_why = "each address is a text of its own: [\"127.0.0.1:25\", \"[::1]:25\"]";
		return CONF_VALUE_BAD;
	}
	bool is_bracketed = text[0] == '[';
	const char *host = text + is_bracketed;
	const char *end = is_bracketed ? strchr(host, ']') : strrchr(host, ':');
	const char *colon = is_bracketed && end ? end + 1 : end;
	if (!end || *colon != ':' || conf_port_parse(colon + 1, &address.port)) {
		*ret_why = text[0] == '/' ? "a socket is written \"unix:/PATH\""
		                          : "a port from 1 to 65535 is missing at the end, as in "
		                            "127.0.0.1:25";
		return CONF_VALUE_BAD;
	}
	size_t host_len = (size_t)(end - host);
	if (host_len >= sizeof(address.host)) {
		*ret_why = "the host is too long";
		return CONF_VALUE_BAD;
	}
	memcpy(address.host, host, host_len);
	if (host_classify(&address, is_bracketed, ret_why))
		return CONF_VALUE_BAD;
	*ret_address = address;
	return 0;
}

int conf_handoff_parse(const char *text, struct conf_handoff *ret_handoff, const char **ret_why)
{
	static const char wide[] = "127.0.0.0/8:";
	struct conf_handoff handoff = { .is_lmtp = !strncmp(text, "lmtp:", 5) };
	if (!handoff.is_lmtp && strncmp(text, "smtp:", 5) != 0) {
		*ret_why = "write what is spoken before it, as in \"lmtp:127.0.0.1:10026\"";
		return CONF_VALUE_BAD;
	}
	text += 5;
	handoff.is_wide = !strncmp(text, wide, sizeof(wide) - 1);
	if (handoff.is_wide) {
		handoff.address.kind = CONF_ADDRESS_ANY;
		if (strlen(text) >= sizeof(handoff.address.text) ||
		    conf_port_parse(text + sizeof(wide) - 1, &handoff.address.port)) {
			*ret_why = "a port from 1 to 65535 is missing at the end";
			return CONF_VALUE_BAD;
		}
		strcpy(handoff.address.text, text);
	} else if (conf_address_parse(text, &handoff.address, ret_why)) {
		return CONF_VALUE_BAD;
	}
	*ret_handoff = handoff;
	return 0;
}

/* 16 bytes that are the same for every spelling of an address; false for names and paths. */
static bool address_bytes(const struct conf_address *a, uint8_t ret_bytes[16])
{
	memset(ret_bytes, 0, 16);
	if (a->kind == CONF_ADDRESS_INET)
		return inet_pton(AF_INET, a->host, ret_bytes) == 1;
	return a->kind == CONF_ADDRESS_INET6 && inet_pton(AF_INET6, a->host, ret_bytes) == 1;
}

bool conf_address_is_local(const struct conf_address *address)
{
	static const struct conf_network v4 = { .addr = { 127 }, .prefix = 8 };
	static const struct conf_network v6 = { .addr = { [15] = 1 },
		                                .prefix = 128,
		                                .is_v6 = true };
	uint8_t bytes[16];
	if (address->kind == CONF_ADDRESS_UNIX)
		return true;
	bool is_v6 = address->kind == CONF_ADDRESS_INET6;
	return address_bytes(address, bytes) && (conf_network_contains(&v4, bytes, is_v6) ||
	                                         conf_network_contains(&v6, bytes, is_v6));
}

bool conf_host_is_local(const char *host)
{
	struct conf_address a = {};
	a.kind = strchr(host, ':') ? CONF_ADDRESS_INET6 : CONF_ADDRESS_INET;
	snprintf(a.host, sizeof(a.host), "%s", host);
	return conf_address_is_local(&a);
}

bool conf_address_overlaps(const struct conf_address *a, const struct conf_address *b)
{
	uint8_t bytes_a[16];
	uint8_t bytes_b[16];
	bool is_unix = a->kind == CONF_ADDRESS_UNIX || b->kind == CONF_ADDRESS_UNIX;
	if (is_unix)
		return a->kind == b->kind && !strcmp(a->host, b->host);
	if (a->port != b->port)
		return false;
	if (a->kind == CONF_ADDRESS_ANY || b->kind == CONF_ADDRESS_ANY)
		return true;
	if (a->kind == b->kind && address_bytes(a, bytes_a) && address_bytes(b, bytes_b))
		return !memcmp(bytes_a, bytes_b, 16);
	return a->kind == b->kind && !strcmp(a->host, b->host);
}
