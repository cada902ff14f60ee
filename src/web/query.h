/*
 * What a browser asks for: the target of its request line, taken apart. Pure; whoever can connect
 * writes it.
 */
#ifndef WEB_QUERY_H
#define WEB_QUERY_H

#include "base/slice.h"

enum {
	WEB_PATH_CAP = 272, /* a domain fits */
	WEB_FIELDS_MAX = 16,
	WEB_NAME_CAP = 32,
	WEB_VALUE_CAP = 256,
};

struct web_field {
	char name[WEB_NAME_CAP];
	char value[WEB_VALUE_CAP];
};

struct web_query {
	char path[WEB_PATH_CAP]; /* decoded, begins with "/" */
	struct web_field fields[WEB_FIELDS_MAX];
	size_t count;
};

/*
 * "/impact?min_version=1.3&leg=user": "%41" and, in fields, "+" are decoded.
 *
 * Returns 0, or WEB_QUERY_BAD: no path, a control character or NUL, half a "%", or more or longer
 * than there is room for.
 */
enum { WEB_QUERY_BAD = 1 };
[[nodiscard]] int web_query_parse(struct web_query *ret_query, struct slice target);

/* The first of that name, or "". */
const char *web_query_get(const struct web_query *q, const char *name);

/*
 * Is this one of the names by which we may be asked (the Host field)? Else a page elsewhere could
 * point its own name at us and read what we answer (DNS rebinding). Loopback is always well.
 *
 * host:  as it came, with its port or without; NULL: none came
 * names: those of the operator, compared without case
 */
bool web_host_is_ours(const char *host, char *const *names, size_t count);

#endif
