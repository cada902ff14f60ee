#include "acme/names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_in(const char *has, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = has; *at;) {
		size_t its_len = strcspn(at, ",");
		if (its_len == len && !strncasecmp(at, name, len))
			return true;
		at += its_len + (at[its_len] == ',');
	}
	return false;
}

bool acme_names_are_in(const char *has, char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_in(has, names[i]))
			return false;
	return true;
}

void acme_names_folder(const char *directory, char *ret_folder, size_t cap)
{
	const char *behind = strstr(directory, "://");
	const char *from = behind ? behind + 3 : directory;
	size_t n = 0;
	for (; from[n] && n + 1 < cap; n++) {
		unsigned char c = (unsigned char)from[n];
		bool is_plain = c < 0x80 && (isalnum(c) || c == '-' || (c == '.' && n));
		ret_folder[n] = is_plain ? (char)c : '_';
	}
	ret_folder[n] = '\0';
}
