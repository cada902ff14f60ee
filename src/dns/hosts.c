#include "dns/hosts.h"

#include <arpa/inet.h>

/* Up to a space or a tab, which are skipped before it. False: there is none left. */
static bool word_next(struct slice *line, struct slice *ret_word)
{
	size_t len = 0;
	while (line->len && (line->data[0] == ' ' || line->data[0] == '\t'))
		*line = slice_skip(*line, 1);
	while (len < line->len && line->data[len] != ' ' && line->data[len] != '\t')
		len++;
	*ret_word = slice_head(*line, len);
	*line = slice_skip(*line, len);
	return len;
}

static bool has_name(struct slice rest, const char *name)
{
	struct slice word;
	while (word_next(&rest, &word))
		if (slice_equal_nocase(word, slice_str(name)))
			return true;
	return false;
}

/* As inet_ntop() writes it, so that one address has one text. */
static bool address_take(struct slice word, char ret_address[DNS_ADDRESS_CAP])
{
	char text[DNS_ADDRESS_CAP];
	uint8_t bytes[16];
	if (word.len >= sizeof(text) || memchr(word.data, '\0', word.len))
		return false;
	slice_to_text(word, text, sizeof(text));
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(family, text, bytes) == 1 &&
	       inet_ntop(family, bytes, ret_address, DNS_ADDRESS_CAP);
}

static bool has_before(char (*addresses)[DNS_ADDRESS_CAP], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(addresses[i], addresses[count]))
			return true;
	return false;
}

size_t dns_hosts_find(struct slice file, const char *name, char (*ret_addresses)[DNS_ADDRESS_CAP],
                      size_t cap)
{
	size_t count = 0;
	while (file.len && count < cap) {
		size_t end = slice_find(file, '\n');
		struct slice line = slice_head(file, end), word;
		file = slice_skip(file, end + 1);
		line = slice_head(line, slice_find(line, '#'));
		line = slice_trim(line);
		if (word_next(&line, &word) && address_take(word, ret_addresses[count]) &&
		    has_name(line, name) && !has_before(ret_addresses, count))
			count++;
	}
	return count;
}
