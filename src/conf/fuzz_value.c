/* Single values: the first byte chooses the parser. */
#include "base/clean.h"
#include "conf/address.h"
#include "conf/date.h"
#include "conf/nearest.h"
#include "conf/network.h"
#include "conf/server.h"
#include "conf/value.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void address_try(const char *text)
{
	struct conf_address a;
	const char *why;
	if (conf_address_parse(text, &a, &why))
		return;
	if (strcmp(a.text, text) != 0 || !conf_address_overlaps(&a, &a))
		abort();
	conf_address_is_local(&a);
}

/* What is printed is read as the same network, and a network has its own address. */
static void network_try(const char *text)
{
	struct conf_network n;
	struct conf_network again;
	const char *why;
	char printed[64];
	if (conf_network_parse(text, &n, &why))
		return;
	conf_network_print(&n, printed);
	if (conf_network_parse(printed, &again, &why) || memcmp(&n, &again, sizeof(n)) != 0)
		abort();
	if (!conf_network_contains(&n, n.addr, n.is_v6))
		abort();
}

static void date_try(const char *text)
{
	int64_t days;
	char printed[32];
	if (conf_date_parse(text, &days))
		return;
	conf_date_print(days, printed);
	if (strcmp(printed, text) != 0)
		abort();
}

static void server_try(const char *text)
{
	struct conf_server s;
	const char *why;
	unsigned mode;
	if (!conf_server_parse(text, true, &s, &why) &&
	    (!conf_hostname_is_valid(s.zone) || !strchr(text, '=')))
		abort();
	if (!conf_server_parse(text, false, &s, &why) && strcmp(s.address, text) != 0)
		abort();
	if (!conf_mode_parse(text, &mode) && mode > 0777)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t pin[32];
	uint32_t ms;
	size_t len;
	if (!size)
		return 0;
	CLEAN(freep) char *text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	switch (data[0] % 7) {
	case 0:
		address_try(text);
		break;
	case 1:
		network_try(text);
		break;
	case 2:
		date_try(text);
		break;
	case 3:
		(void)!conf_pin_parse(text, pin);
		break;
	case 4:
		server_try(text);
		break;
	case 5:
		(void)!conf_duration_parse(text, &ms);
		(void)!conf_size_parse(text, &len);
		break;
	default:
		conf_hostname_is_valid(text);
		conf_edit_distance(text, "connections_per_address");
	}
	return 0;
}
