/* SSH and OpenVPN over TCP: encrypted by themselves. */
#include "watch/protos.h"

#include "watch/wire.h"
#include "watch/word.h"

static size_t tunnel_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	(void)side;
	t->is_tunnel = true;
	return input.len;
}

/* RFC 4253 4.2: both say it; SSH 1 hides little, and is none. */
static enum watch_fit ssh_fit(const struct watch_opening *o)
{
	static const char *const begin[] = { "SSH-2.0-", "SSH-1.99-", NULL };
	enum watch_fit server = watch_word_fit(o->server, begin);
	enum watch_fit client = watch_word_fit(o->client, begin);
	if (server == WATCH_FIT_NO || client == WATCH_FIT_NO)
		return WATCH_FIT_NO;
	return server == WATCH_FIT_YES && client == WATCH_FIT_YES ? WATCH_FIT_YES : WATCH_FIT_MORE;
}

const struct watch_proto watch_proto_ssh = {
	.name = "ssh",
	.fit = ssh_fit,
	.feed = tunnel_feed,
};

enum {
	OPENVPN_RESET_CLIENT = 7 << 3,
	OPENVPN_RESET_CLIENT3 = 10 << 3,
	OPENVPN_RESET_SERVER = 8 << 3
};

/* A length that fits, a hard reset of the client, one of the server. */
static enum watch_fit openvpn_fit(const struct watch_opening *o)
{
	if (o->client.len < 3)
		return !o->client.len && o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	size_t len = watch_u16(o->client.data);
	uint8_t first = o->client.data[2] & 0xf8;
	if (len < 14 || len > 512 ||
	    (first != OPENVPN_RESET_CLIENT && first != OPENVPN_RESET_CLIENT3))
		return WATCH_FIT_NO;
	if (o->client.len < len + 2 || o->server.len < 3)
		return WATCH_FIT_MORE;
	return (o->server.data[2] & 0xf8) == OPENVPN_RESET_SERVER ? WATCH_FIT_YES : WATCH_FIT_NO;
}

const struct watch_proto watch_proto_openvpn = {
	.name = "openvpn",
	.fit = openvpn_fit,
	.is_fit_weak = true,
	.feed = tunnel_feed,
};
