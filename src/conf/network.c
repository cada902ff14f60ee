/* Networks, as they are written in the configuration file, and who is in one. */
#include "conf/network.h"

#include "base/clean.h"
#include "conf/value.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

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
