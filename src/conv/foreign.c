#include "conv/foreign.h"

#include "base/clean.h"
#include "conv/line.h"

static const char *const families[] = { "TCP4", "TCP6", "UNKNOWN" };
static const char *const methods[] = { "GET",     "HEAD",    "POST",  "PUT",   "DELETE",
	                               "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI" };

static bool is_one_of(struct slice word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(word, slice_str(words[i])))
			return true;
	return false;
}

bool conv_line_is_foreign(struct slice line)
{
	struct slice rest = line;
	struct slice word = conv_line_word(&rest);
	if (slice_equal(word, slice_str("PROXY"))) {
		struct slice family = conv_line_word(&rest);
		return is_one_of(family, families, COUNT_OF(families));
	}
	if (is_one_of(word, methods, COUNT_OF(methods))) {
		/* A target that is a path, a URL or an authority; IMAP may use "GET" as a tag. */
		struct slice target = conv_line_word(&rest);
		return slice_starts_nocase(rest, "HTTP/") || slice_starts_nocase(target, "/") ||
		       slice_starts_nocase(target, "http");
	}
	return false;
}
