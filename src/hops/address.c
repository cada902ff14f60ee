#include "hops/address.h"

#include "base/address.h"
#include "base/clean.h"

#include <arpa/inet.h>

static void unmap(struct hops_address *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	if (!a->is_v6 || memcmp(a->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
	a->is_v6 = false;
}

bool hops_address_parse(struct slice text, struct hops_address *ret_address)
{
	static const char tag[] = "IPv6:";
	struct hops_address a = { .is_set = true };
	char copy[HOPS_ADDRESS_CAP];
	text = slice_trim(text);
	if (slice_starts_nocase(text, tag))
		text = slice_skip(text, strlen(tag));
	if (text.len >= sizeof(copy))
		return false;
	slice_to_text(text, copy, sizeof(copy));
	a.is_v6 = slice_find(text, ':') < text.len;
	if (inet_pton(a.is_v6 ? AF_INET6 : AF_INET, copy, a.bytes) != 1)
		return false;
	unmap(&a);
	*ret_address = a;
	return true;
}

static bool bracketed_find(struct slice text, struct hops_address *ret_address)
{
	bool is_found = false;
	for (size_t at = slice_find(text, '['); at < text.len; at = slice_find(text, '[')) {
		text = slice_skip(text, at + 1);
		if (hops_address_parse(slice_head(text, slice_find(text, ']')), ret_address))
			is_found = true;
	}
	return is_found;
}

bool hops_address_find(struct slice text, struct hops_address *ret_address)
{
	if (bracketed_find(text, ret_address))
		return true;
	size_t at = text.len;
	while (at && text.data[at - 1] != '@')
		at--;
	return hops_address_parse(slice_skip(text, at), ret_address);
}

bool hops_address_equal(const struct hops_address *a, const struct hops_address *b)
{
	return a->is_set && b->is_set && a->is_v6 == b->is_v6 &&
	       !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

enum hops_scope hops_address_scope(const struct hops_address *a)
{
	if (!a->is_set)
		return HOPS_SCOPE_UNKNOWN;
	switch (address_scope_of_bytes(a->bytes, a->is_v6)) {
	case ADDRESS_LOOPBACK:
		return HOPS_SCOPE_HOST;
	case ADDRESS_PRIVATE:
	case ADDRESS_LINK_LOCAL:
		return HOPS_SCOPE_PRIVATE;
	case ADDRESS_PUBLIC:
	case ADDRESS_EXAMPLE:
	case ADDRESS_RESERVED:
	case ADDRESS_SCOPE_COUNT:
		break;
	}
	return HOPS_SCOPE_PUBLIC;
}

void hops_address_print(const struct hops_address *a, char ret_text[HOPS_ADDRESS_CAP])
{
	ret_text[0] = '\0';
	if (a->is_set)
		inet_ntop(a->is_v6 ? AF_INET6 : AF_INET, a->bytes, ret_text, HOPS_ADDRESS_CAP);
}
