/* Values of the configuration file. */
#include "conf/value.h"

#include "base/address.h"
#include "base/clean.h"
#include "sasl/base64.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits from *text on, which is moved past them. */
static int digits_take(const char **text, uint64_t *ret_number)
{
	if (!is_digit(**text))
		return CONF_VALUE_BAD;
	uint64_t number = 0;
	for (; is_digit(**text); (*text)++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(**text - '0'), &number))
			return CONF_VALUE_BAD;
	*ret_number = number;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int scaled_parse(const char *text, const struct unit *units, size_t count, uint64_t max,
                        uint64_t *ret_number)
{
	uint64_t number;
	if (digits_take(&text, &number))
		return CONF_VALUE_BAD;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, units[i].name))
			continue;
		if (__builtin_mul_overflow(number, units[i].factor, &number) || number > max)
			return CONF_VALUE_BAD;
		*ret_number = number;
		return 0;
	}
	return CONF_VALUE_BAD;
}

int conf_duration_parse(const char *text, uint32_t *ret_ms)
{
	static const struct unit units[] = {
		{ "", 1000 },   { "ms", 1 },      { "s", 1000 },
		{ "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	uint64_t ms;
	if (scaled_parse(text, units, COUNT_OF(units), UINT32_MAX, &ms))
		return CONF_VALUE_BAD;
	*ret_ms = (uint32_t)ms;
	return 0;
}

int conf_seconds_parse(const char *text, uint32_t *ret_s)
{
	static const struct unit units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 },
	};
	uint64_t s;
	if (scaled_parse(text, units, COUNT_OF(units), UINT32_MAX, &s))
		return CONF_VALUE_BAD;
	*ret_s = (uint32_t)s;
	return 0;
}

int conf_size_parse(const char *text, size_t *ret_len)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1 << 10 },
		{ "M", 1 << 20 },
		{ "G", 1 << 30 },
	};
	uint64_t len;
	if (scaled_parse(text, units, COUNT_OF(units), SIZE_MAX, &len))
		return CONF_VALUE_BAD;
	*ret_len = len;
	return 0;
}

int conf_number_parse(const char *text, unsigned *ret_number)
{
	static const struct unit units[] = { { "", 1 } };
	uint64_t number;
	if (scaled_parse(text, units, COUNT_OF(units), UINT32_MAX, &number))
		return CONF_VALUE_BAD;
	*ret_number = (unsigned)number;
	return 0;
}

static const struct {
	const char *name;
	enum tls_version version;
} versions[] = {
	{ "1.0", TLS_1_0 },
	{ "1.1", TLS_1_1 },
	{ "1.2", TLS_1_2 },
	{ "1.3", TLS_1_3 },
};

int conf_version_parse(const char *text, enum tls_version *ret_version)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (!strcmp(text, versions[i].name)) {
			*ret_version = versions[i].version;
			return 0;
		}
	return CONF_VALUE_BAD;
}

const char *conf_version_name(enum tls_version version)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (versions[i].version == version)
			return versions[i].name;
	return "";
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years begin in March here. */
static int64_t days_of(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = y / 400;
	int of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && is_leap ? 29 : days[month - 1];
}

int conf_date_parse(const char *text, int64_t *ret_days)
{
	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return CONF_VALUE_BAD;
	for (int i = 0; i < 10; i++)
		if (i != 4 && i != 7 && !is_digit(text[i]))
			return CONF_VALUE_BAD;
	int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 +
	           (text[3] - '0');
	int month = (text[5] - '0') * 10 + (text[6] - '0');
	int day = (text[8] - '0') * 10 + (text[9] - '0');
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return CONF_VALUE_BAD;
	*ret_days = days_of(year, month, day);
	return 0;
}

void conf_date_print(int64_t days, char ret_text[32])
{
	int year = 1970;
	int month = 1;
	while (year < 9999 && days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	int day = (int)(days - days_of(year, month, 1)) + 1;
	snprintf(ret_text, 32, "%04d-%02d-%02d", year, month, day);
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int pin_parse_hex(const char *text, uint8_t ret_pin[32])
{
	for (size_t i = 0; i < 32; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return CONF_VALUE_BAD;
		ret_pin[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

int conf_pin_parse(const char *text, uint8_t ret_pin[32])
{
	static const char prefix[] = "sha256:";
	char padded[48];
	uint8_t data[36];
	uint8_t hex[32];
	size_t len;
	if (!strncmp(text, prefix, sizeof(prefix) - 1))
		text += sizeof(prefix) - 1;
	if (strlen(text) == 64) {
		if (pin_parse_hex(text, hex))
			return CONF_VALUE_BAD;
		memcpy(ret_pin, hex, 32);
		return 0;
	}
	if (strlen(text) != 43 && strlen(text) != 44)
		return CONF_VALUE_BAD;
	snprintf(padded, sizeof(padded), "%s%s", text, strlen(text) == 43 ? "=" : "");
	if (sasl_base64_decode(slice_str(padded), data, sizeof(data), &len) || len != 32)
		return CONF_VALUE_BAD;
	memcpy(ret_pin, data, 32);
	return 0;
}

bool conf_hostname_is_valid(const char *text)
{
	size_t label = 0;
	size_t len = strlen(text);
	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool is_alnum = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool is_inner = c == '-' || c == '_';
		if (c == '.' ? label == 0 : !is_alnum && !is_inner)
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63 || (c == '-' && label == 1))
			return false;
	}
	return label > 0;
}

static int port_parse(const char *text, uint16_t *ret_port)
{
	unsigned port;
	if (conf_number_parse(text, &port) || port == 0 || port > UINT16_MAX)
		return CONF_VALUE_BAD;
	*ret_port = (uint16_t)port;
	return 0;
}

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
	if (!end || *colon != ':' || port_parse(colon + 1, &address.port)) {
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

/* An address without brackets, and a port behind "@". */
static bool server_address_is_valid(const char *text)
{
	char host[64];
	uint16_t port;
	size_t len = strcspn(text, "@");
	if (len >= sizeof(host) || (text[len] && port_parse(text + len + 1, &port)))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return address_is_literal(host);
}

int conf_server_parse(const char *text, bool has_zone, struct conf_server *ret_server,
                      const char **ret_why)
{
	struct conf_server server = {};
	size_t zone_len = has_zone ? strcspn(text, "=") : 0;
	if (has_zone && (!zone_len || !text[zone_len] || zone_len >= sizeof(server.zone))) {
		*ret_why = "write the zone, \"=\" and its name server, as in "
			   "\"example.test=192.0.2.53\"";
		return CONF_VALUE_BAD;
	}
	memcpy(server.zone, text, zone_len);
	text += zone_len + has_zone;
	if (has_zone && !conf_hostname_is_valid(server.zone)) {
		*ret_why = "what is before the \"=\" is no name of a zone";
		return CONF_VALUE_BAD;
	}
	if (strlen(text) >= sizeof(server.address) || !server_address_is_valid(text)) {
		*ret_why = "a name server is an IP address, with \"@PORT\" behind it if that is "
			   "not 53";
		return CONF_VALUE_BAD;
	}
	strcpy(server.address, text);
	*ret_server = server;
	return 0;
}

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
		    port_parse(text + sizeof(wide) - 1, &handoff.address.port)) {
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

int conf_mode_parse(const char *text, unsigned *ret_mode)
{
	unsigned mode = 0;
	size_t len = strlen(text);
	if (len < 3 || len > 4 || text[strspn(text, "01234567")])
		return CONF_VALUE_BAD;
	for (; *text; text++)
		mode = mode * 8 + (unsigned)(*text - '0');
	if (mode > 0777)
		return CONF_VALUE_BAD;
	*ret_mode = mode;
	return 0;
}

/* Clears the bits past the prefix. */
static void addr_mask(uint8_t addr[16], unsigned prefix)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = prefix > i * 8 ? prefix - i * 8 : 0;
		if (keep < 8)
			addr[i] &= (uint8_t)(0xff00 >> keep);
	}
}

static bool is_mapped_v4(const uint8_t *addr)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	return !memcmp(addr, prefix, sizeof(prefix));
}

/* Of IPv4 however it is written: ::ffff:192.0.2.1 is 192.0.2.1. */
static void mapped_unwrap(struct conf_network *network)
{
	enum { MAPPED_BITS = 96 };
	const struct conf_network mapped = *network;
	if (!mapped.is_v6 || mapped.prefix < MAPPED_BITS || !is_mapped_v4(mapped.addr))
		return;
	*network = (struct conf_network){ .prefix = (uint8_t)(mapped.prefix - MAPPED_BITS) };
	memcpy(network->addr, mapped.addr + 12, 4);
}

int conf_network_parse(const char *text, struct conf_network *ret_network, const char **ret_why)
{
	struct conf_network network = {};
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	*ret_why = "it is no address and no network such as 192.0.2.0/24 or 2001:db8::/32";
	if (len >= sizeof(host))
		return CONF_VALUE_BAD;
	memcpy(host, text, len);
	host[len] = '\0';
	network.is_v6 = strchr(host, ':') != NULL;
	if (inet_pton(network.is_v6 ? AF_INET6 : AF_INET, host, network.addr) != 1)
		return CONF_VALUE_BAD;
	unsigned max = network.is_v6 ? 128 : 32;
	unsigned prefix = max;
	if (text[len] && (conf_number_parse(text + len + 1, &prefix) || prefix > max)) {
		*ret_why = "the number behind \"/\" is 0 to 32 for IPv4, 0 to 128 for IPv6";
		return CONF_VALUE_BAD;
	}
	network.prefix = (uint8_t)prefix;
	mapped_unwrap(&network);
	uint8_t masked[16];
	memcpy(masked, network.addr, 16);
	addr_mask(masked, network.prefix);
	if (memcmp(masked, network.addr, 16)) {
		*ret_why = "it has bits set past its prefix: one host or a whole network?";
		return CONF_VALUE_BAD;
	}
	*ret_network = network;
	return 0;
}

void conf_network_print(const struct conf_network *network, char ret_text[64])
{
	char host[INET6_ADDRSTRLEN];
	inet_ntop(network->is_v6 ? AF_INET6 : AF_INET, network->addr, host, sizeof(host));
	snprintf(ret_text, 64, "%s/%u", host, network->prefix);
}

bool conf_network_contains(const struct conf_network *network, const uint8_t *addr, bool is_v6)
{
	uint8_t masked[16] = {};
	if (is_v6 && !network->is_v6 && is_mapped_v4(addr)) {
		addr += 12;
		is_v6 = false;
	}
	if (is_v6 != network->is_v6)
		return false;
	memcpy(masked, addr, is_v6 ? 16 : 4);
	addr_mask(masked, network->prefix);
	return !memcmp(masked, network->addr, 16);
}

/* RFC 1918, RFC 6598, link-local, RFC 4193 and loopback; what an operator means who says nothing.
 */
static const struct conf_network private_networks[] = {
	{ .addr = { 10 }, .prefix = 8 },
	{ .addr = { 172, 16 }, .prefix = 12 },
	{ .addr = { 192, 168 }, .prefix = 16 },
	{ .addr = { 100, 64 }, .prefix = 10 },
	{ .addr = { 127 }, .prefix = 8 },
	{ .addr = { 169, 254 }, .prefix = 16 },
	{ .addr = { 0xfc }, .prefix = 7, .is_v6 = true },
	{ .addr = { 0xfe, 0x80 }, .prefix = 10, .is_v6 = true },
	{ .addr = { [15] = 1 }, .prefix = 128, .is_v6 = true },
};

bool conf_networks_are_ours(const struct conf_network *networks, size_t count, const uint8_t *addr,
                            bool is_v6)
{
	const struct conf_network *list = count ? networks : private_networks;
	for (size_t i = 0; i < (count ? count : COUNT_OF(private_networks)); i++)
		if (conf_network_contains(&list[i], addr, is_v6))
			return true;
	return false;
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
	static const uint8_t loopback[16] = { [15] = 1 };
	uint8_t bytes[16];
	switch (address->kind) {
	case CONF_ADDRESS_UNIX:
		return true;
	case CONF_ADDRESS_INET:
		return address_bytes(address, bytes) && bytes[0] == 127;
	case CONF_ADDRESS_INET6:
		if (!address_bytes(address, bytes))
			return false;
		return !memcmp(bytes, loopback, 16) || (is_mapped_v4(bytes) && bytes[12] == 127);
	case CONF_ADDRESS_ANY:
	case CONF_ADDRESS_NAME:
		break;
	}
	return false;
}

bool conf_host_is_local(const char *host)
{
	struct conf_address a = {};
	a.kind = strchr(host, ':') ? CONF_ADDRESS_INET6 : CONF_ADDRESS_INET;
	snprintf(a.host, sizeof(a.host), "%s", host);
	return conf_address_is_local(&a);
}

bool conf_server_is_local(const struct conf_server *server)
{
	char host[sizeof(server->address)];
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(server->address, "@"), server->address);
	return conf_host_is_local(host);
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

unsigned conf_edit_distance(const char *a, const char *b)
{
	enum { LEN_MAX = 64 };
	unsigned rows[3][LEN_MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	if (a_len > LEN_MAX || b_len > LEN_MAX)
		return LEN_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *above = rows[(i + 2) % 3];
		const unsigned *before = rows[(i + 1) % 3]; /* two above */
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_len % 3][b_len];
}
