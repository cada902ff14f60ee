#include "relay/collector.h"

#include "base/clean.h"
#include "base/log.h"
#include "io/datagram.h"
#include "policy/ask.h"
#include "policy/datagram.h"

#include <time.h>

enum {
	DATAGRAMS_A_TURN = 64,
	DATAGRAMS_A_SECOND = 1000, /* what is over is refused: resolver has more to do */
	TELL_S = 60,
};

static void refuse(struct relay_collector *c, const char *why)
{
	time_t now_s = time(NULL);
	c->refused++;
	if (c->told_s && now_s - c->told_s < TELL_S)
		return;
	c->told_s = now_s;
	log_warn(NULL, "collector of TLS reports was told what is no datagram of libtlsrpt",
	         kv_str("reason", why), kv_int("so_far", (int64_t)c->refused));
}

static void datagram_take(struct relay_collector *c, struct slice bytes)
{
	CLEAN(policy_datagram_deinit) struct policy_datagram d = {};
	const char *why;
	time_t now_s = time(NULL);
	c->datagrams++;
	if (now_s != c->second_s)
		c->in_second = 0;
	c->second_s = now_s;
	if (++c->in_second > DATAGRAMS_A_SECOND) {
		refuse(c, "too many in a second");
		return;
	}
	int r = policy_datagram_parse(&d, bytes, &why);
	if (r)
		refuse(c, r < 0 ? "out of memory" : why);
	else
		c->asker->count(c->asker, &d.outcome);
}

void relay_collector_read(struct relay_collector *c, int fd)
{
	uint8_t bytes[POLICY_DATAGRAM_MAX + 1]; /* one more shows that it is too long */
	size_t len;
	for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
		if (!io_datagram_read(fd, bytes, sizeof(bytes), &len))
			return;
		datagram_take(c, slice_of(bytes, len));
	}
}
