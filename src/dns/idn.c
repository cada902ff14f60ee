#include "dns/idn.h"

#include "dns/message.h"

#include <idn2.h>

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((uint8_t)*text > 126)
			return false;
	return true;
}

static void lower(char *text)
{
	for (; *text; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text |= 0x20;
}

/* libidn2 is not asked about what needs no help: "_" and the like are its errors, not ours. */
static bool encode(const char *text, char *ret_name)
{
	char *name = NULL;
	bool is_well = idn2_to_ascii_8z(text, &name, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == 0 &&
	               strlen(name) < DNS_IDN_CAP;
	if (is_well)
		memcpy(ret_name, name, strlen(name) + 1);
	idn2_free(name);
	return is_well;
}

bool dns_idn_take(struct slice text, char *ret_name)
{
	char plain[4 * DNS_IDN_CAP];
	if (text.len > 1 && text.data[text.len - 1] == '.')
		text.len--;
	if (!text.len || text.len >= sizeof(plain) || slice_find(text, 0) != text.len)
		return false;
	memcpy(plain, text.data, text.len);
	plain[text.len] = '\0';
	if (!is_ascii(plain)) {
		if (!encode(plain, ret_name))
			return false;
	} else if (text.len < DNS_IDN_CAP) {
		memcpy(ret_name, plain, text.len + 1);
	} else {
		return false;
	}
	lower(ret_name);
	return dns_name_is_host(ret_name);
}
