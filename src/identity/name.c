#include "identity/name.h"

#include <stdio.h>
#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char suffix[] = "." IDENTITY_DOMAIN;

static bool is_label(const char *text, size_t len)
{
	return len && len < IDENTITY_NAME_CAP && text[0] != '-' && text[len - 1] != '-' &&
	       strspn(text, letters) >= len;
}

bool identity_name_is_valid(const char *name)
{
	return is_label(name, strlen(name));
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);
	return len >= end_len && !memcmp(text + len - end_len, end, end_len);
}

static bool is_host_name(const char *name)
{
	size_t len = strlen(name);
	if (!len || len >= IDENTITY_PEER_CAP - 2)
		return false;
	for (const char *at = name;;) {
		size_t label = strcspn(at, ".");
		if (!is_label(at, label))
			return false;
		if (!at[label])
			return true;
		at += label + 1;
	}
}

bool identity_dns_is_valid(const char *name)
{
	return is_host_name(name) && strcmp(name, IDENTITY_DOMAIN) != 0 &&
	       !ends_with(name, strlen(name), suffix);
}

bool identity_peer_write(const char *peer, char ret_name[IDENTITY_PEER_CAP])
{
	const char *end = strchr(peer, '.') ? "" : suffix;
	if (snprintf(ret_name, IDENTITY_PEER_CAP, "%s%s", peer, end) >= IDENTITY_PEER_CAP)
		return false;
	for (char *at = ret_name; *at; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 'a' - 'A' : *at);
	return is_host_name(ret_name);
}

bool identity_name_find(const char *names, char ret_name[IDENTITY_NAME_CAP])
{
	bool is_found = false;
	for (const char *at = names; *at;) {
		size_t len = strcspn(at, ",");
		size_t label = strcspn(at, ".");
		if (label + sizeof(suffix) - 1 == len && ends_with(at, len, suffix) &&
		    is_label(at, label)) {
			if (is_found)
				return false;
			snprintf(ret_name, IDENTITY_NAME_CAP, "%.*s", (int)label, at);
			is_found = true;
		}
		at += len + (at[len] == ',');
	}
	return is_found;
}
