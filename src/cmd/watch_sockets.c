#include "cmd/watch_sockets.h"

#include "base/clean.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

bool watch_socket_is_wild(const struct watch_socket *s)
{
	static const uint8_t nothing[16];
	size_t from = s->is_v4 ? 12 : 0;
	return !memcmp(s->address.bytes + from, nothing, sizeof(nothing) - from);
}

bool watch_socket_is_loopback(const struct watch_socket *s)
{
	static const struct watch_address one = { { [15] = 1 } };
	return s->is_v4 ? s->address.bytes[12] == 127 : watch_address_equal(&s->address, &one);
}

static void socket_add(struct watch_sockets *sockets, const struct inet_diag_msg *said)
{
	struct watch_socket s = { .port = ntohs(said->id.idiag_sport),
		                  .is_v4 = said->idiag_family == AF_INET };
	if (s.is_v4) {
		s.address.bytes[10] = s.address.bytes[11] = 0xff;
		memcpy(s.address.bytes + 12, said->id.idiag_src, 4);
	} else {
		memcpy(s.address.bytes, said->id.idiag_src, 16);
	}
	/* Several sockets of one address are one: they share its connections. */
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->list[i].port == s.port &&
		    watch_address_equal(&sockets->list[i].address, &s.address))
			return;
	if (sockets->count < WATCH_SOCKETS_MAX)
		sockets->list[sockets->count++] = s;
	else
		sockets->left_out++;
}

static int ask(int fd, uint8_t family)
{
	const struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} question = {
		.header = { .nlmsg_len = sizeof(question),
		            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.request = { .sdiag_family = family,
		             .sdiag_protocol = IPPROTO_TCP,
		             .idiag_states = 1 << TCP_LISTEN },
	};
	return send(fd, &question, sizeof(question), 0) < 0 ? err_raise(-errno) : 0;
}

/* One answer of several messages. *ret_is_done: the last one was among them. */
static int answer_read(int fd, struct watch_sockets *sockets, bool *ret_is_done)
{
	_Alignas(struct nlmsghdr) char bytes[32 * 1024];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return err_raise(-errno);
	size_t left = (size_t)n;
	for (const struct nlmsghdr *at = (const struct nlmsghdr *)bytes; NLMSG_OK(at, left);
	     at = NLMSG_NEXT(at, left)) {
		*ret_is_done |= at->nlmsg_type == NLMSG_DONE;
		if (at->nlmsg_type == NLMSG_ERROR)
			return err_raise(((const struct nlmsgerr *)NLMSG_DATA(at))->error);
		if (at->nlmsg_type == SOCK_DIAG_BY_FAMILY)
			socket_add(sockets, NLMSG_DATA(at));
	}
	return 0;
}

static int family_read(int fd, struct watch_sockets *sockets, uint8_t family)
{
	bool is_done = false;
	int r = ask(fd, family);
	while (!r && !is_done)
		r = answer_read(fd, sockets, &is_done);
	return err_up(r);
}

int watch_sockets_read(struct watch_sockets *ret_sockets)
{
	CLEAN(closep) int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return err_raise(-errno);
	ret_sockets->count = 0;
	ret_sockets->left_out = 0;
	int r = family_read(fd, ret_sockets, AF_INET);
	return r ? err_up(r) : err_up(family_read(fd, ret_sockets, AF_INET6));
}
