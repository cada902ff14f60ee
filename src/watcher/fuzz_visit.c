/* Lines of strangers at a mirrored port: a digit for the protocol, then "C" or "S" or "L" (a
 * literal of the client) and a line each. */
#include "watcher/visit.h"

#include "base/clean.h"
#include "watch/proto.h"

static void on_session(struct store_recorder *r, const struct store_record *record)
{
}

static void on_hello(struct store_recorder *r, const struct store_hello *hello)
{
}

static void on_exposure(struct store_recorder *r, const struct store_exposure *exposure)
{
	if (strlen(exposure->user) > STORE_TEXT_MAX)
		abort();
}

static void say(struct watch_ear *ear, const struct watch_proto *proto, struct slice line)
{
	struct watch_talk talk = { .proto = proto, .is_literal = line.data[0] == 'L' };
	ear->line(ear, &talk, line.data[0] == 'S' ? WATCH_SERVER : WATCH_CLIENT,
	          slice_skip(line, 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "smtp", "imap", "pop3", "managesieve" };
	static char name[] = "m";
	static struct store_recorder recorder = { on_session, on_hello, on_exposure };
	const struct conf_mirror mirror = { .name = name, .protocol = CONF_IMAP };
	struct watch_flow flow = {};
	struct slice rest = slice_of(data, size);
	struct watcher_visit *v = watcher_visit_new(&mirror, &recorder, &flow);
	if (!v)
		return 0;
	struct watch_ear *ear = watcher_visit_ear(v);
	const struct watch_proto proto = { .name = names[size ? data[0] % COUNT_OF(names) : 0] };
	rest = slice_skip(rest, 1);
	while (rest.len) {
		size_t end = slice_find(rest, '\n');
		if (end)
			say(ear, &proto, slice_head(rest, end));
		rest = slice_skip(rest, end + 1);
	}
	flow.has_spoken[WATCH_CLIENT] = true;
	watcher_visit_end(ear, &flow);
	return 0;
}
