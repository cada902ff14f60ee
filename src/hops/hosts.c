#include "hops/hosts.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/network.h"

#include <errno.h>
#include <stdlib.h>

static bool is_name(const char *text)
{
	static const char may[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t len = strlen(text);
	return len > (text[0] == '.') && len < 256 && strspn(text, may) == len && text[0] != '-';
}

static int network_add(struct hops_hosts *h, const struct conf_network *network)
{
	struct conf_network *more =
		reallocarray(h->networks, h->network_count + 1, sizeof(*h->networks));
	if (!more)
		return err_raise(-ENOMEM);
	h->networks = more;
	h->networks[h->network_count++] = *network;
	return 0;
}

static int name_add(struct hops_hosts *h, const char *text)
{
	const char **more = reallocarray(h->names, h->name_count + 1, sizeof(*h->names));
	if (!more)
		return err_raise(-ENOMEM);
	h->names = more;
	h->names[h->name_count++] = text;
	return 0;
}

int hops_hosts_add(struct hops_hosts *h, const char *text)
{
	struct conf_network network;
	const char *why;
	if (!conf_network_parse(text, &network, &why))
		return err_up(network_add(h, &network));
	/* "10.0.0.300" and "10.0.0.0/99" are meant as networks. */
	if (!is_name(text) || strspn(text, "0123456789.") == strlen(text))
		return HOPS_HOSTS_BAD;
	return err_up(name_add(h, text));
}

void hops_hosts_deinit(struct hops_hosts *h)
{
	free(h->names);
	free(h->networks);
	*h = (struct hops_hosts){};
}

bool hops_hosts_are_none(const struct hops_hosts *h)
{
	return !h->name_count && !h->network_count;
}

static bool name_matches(const char *given, struct slice name)
{
	size_t len = strlen(given);
	if (given[0] != '.')
		return slice_equal_nocase(name, slice_str(given));
	return name.len > len && slice_starts_nocase(slice_skip(name, name.len - len), given);
}

bool hops_hosts_has_name(const struct hops_hosts *h, struct slice name)
{
	if (name.len && name.data[name.len - 1] == '.')
		name.len--;
	for (size_t i = 0; i < h->name_count; i++)
		if (name_matches(h->names[i], name))
			return true;
	return false;
}

bool hops_hosts_has_address(const struct hops_hosts *h, const struct hops_address *address)
{
	for (size_t i = 0; address->is_set && i < h->network_count; i++)
		if (conf_network_contains(&h->networks[i], address->bytes, address->is_v6))
			return true;
	return false;
}
