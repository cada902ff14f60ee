#include "tunnel/look.h"

#include "base/clean.h"
#include "base/err.h"
#include "tunnel/ipsec.h"
#include "tunnel/judge.h"
#include "tunnel/message.h"
#include "tunnel/question.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <sys/time.h>

enum {
	ANSWER_MAX = 64 * 1024, /* what the kernel puts into one datagram is half of that */
	PATIENCE_S = 1,         /* never needed: the answer is there when the question is sent */
};

/* One question, and what takes the messages of its answer: 0 or a negative. */
struct question {
	int protocol; /* NETLINK_... */
	int (*take)(void *owner, const struct tunnel_message *message);
	void *owner;
};

static int answer_take(const struct question *q, struct slice bytes, bool *ret_is_last)
{
	struct tunnel_message m;
	while (tunnel_message_next(&bytes, &m)) {
		if (m.type == NLMSG_DONE || m.type == NLMSG_ERROR) {
			*ret_is_last = true;
			return tunnel_message_error(&m);
		}
		int r = q->take(q->owner, &m);
		if (r)
			return err_up(r);
	}
	return 0;
}

/* A dump has many datagrams and an end; any other answer is one. */
static int answer_read(int fd, const struct question *q, bool is_dump)
{
	_Alignas(struct nlmsghdr) uint8_t bytes[ANSWER_MAX];
	bool is_last = !is_dump;
	int r = 0;
	do {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			r = n ? -errno : -EPROTO;
		else
			r = answer_take(q, slice_of(bytes, (size_t)n), &is_last);
	} while (!r && !is_last);
	/* The keys of WireGuard and of IPsec's SAs come with the rest. */
	explicit_bzero(bytes, sizeof(bytes));
	return r;
}

/* made: how the question was written. 0, or the negative errno that the kernel answered. */
static int ask(const struct question *q, const struct buf *text, int made)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	CLEAN(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, q->protocol);
	struct slice bytes = buf_slice(text);
	struct nlmsghdr h;
	if (made)
		return made;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    send(fd, bytes.data, bytes.len, 0) < 0)
		return -errno;
	memcpy(&h, bytes.data, sizeof(h));
	return answer_read(fd, q, h.nlmsg_flags & NLM_F_DUMP);
}

static int link_take(void *owner, const struct tunnel_message *m)
{
	struct tunnel_facts *facts = owner;
	if (m->type == RTM_NEWLINK)
		facts->has_link = tunnel_link_read(m->body, &facts->link);
	return 0;
}

static int route_take(void *owner, const struct tunnel_message *m)
{
	struct tunnel_facts *facts = owner;
	if (m->type == RTM_NEWROUTE)
		(void)tunnel_route_read(m->body, &facts->route);
	return 0;
}

static int family_take(void *owner, const struct tunnel_message *m)
{
	(void)tunnel_family_read(m->body, owner);
	return 0;
}

static int peers_take(void *owner, const struct tunnel_message *m)
{
	(void)tunnel_peers_read(m->body, owner);
	return 0;
}

static int policy_take(void *owner, const struct tunnel_message *m)
{
	return m->type == XFRM_MSG_NEWPOLICY ? err_up(tunnel_ipsec_policy_take(owner, m->body)) : 0;
}

static int sa_take(void *owner, const struct tunnel_message *m)
{
	return m->type == XFRM_MSG_NEWSA ? err_up(tunnel_ipsec_sa_take(owner, m->body)) : 0;
}

static int link_ask(const struct tunnel_way *way, struct tunnel_facts *facts)
{
	CLEAN(buf_deinit) struct buf text = {};
	const struct question q = { NETLINK_ROUTE, link_take, facts };
	int r = ask(&q, &text, tunnel_ask_link(&text, way->interface));
	return r == -ENODEV ? 0 : r;
}

static int route_ask(const struct tunnel_way *way, uint32_t uid, struct tunnel_facts *facts)
{
	CLEAN(buf_deinit) struct buf text = {};
	const struct question q = { NETLINK_ROUTE, route_take, facts };
	int r = ask(&q, &text, tunnel_ask_route(&text, way, uid));
	if (facts->route.is_there)
		if_indextoname(facts->route.interface, facts->route_interface);
	/* As the kernel answers where none leads there. */
	return r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL ? 0 : r;
}

/* Not told is no error: who is not root may not know. */
static void peers_ask(const struct tunnel_way *way, struct tunnel_facts *facts)
{
	CLEAN(buf_deinit) struct buf first = {};
	CLEAN(buf_deinit) struct buf second = {};
	uint16_t family = 0;
	const struct question of_family = { NETLINK_GENERIC, family_take, &family };
	const struct question of_peers = { NETLINK_GENERIC, peers_take, &facts->peers };
	facts->peers.wanted = way->to;
	if (ask(&of_family, &first, tunnel_ask_family(&first)) || !family)
		return;
	facts->knows_peers =
		!ask(&of_peers, &second, tunnel_ask_peers(&second, family, way->interface));
}

static void ipsec_ask(struct tunnel_ipsec *ipsec, struct tunnel_facts *facts)
{
	CLEAN(buf_deinit) struct buf first = {};
	CLEAN(buf_deinit) struct buf second = {};
	const struct question of_policies = { NETLINK_XFRM, policy_take, ipsec };
	const struct question of_sas = { NETLINK_XFRM, sa_take, ipsec };
	if (!ask(&of_policies, &first, tunnel_ask_policies(&first)) &&
	    !ask(&of_sas, &second, tunnel_ask_sas(&second)))
		facts->ipsec = ipsec;
}

/* r: 0 where it is no address. */
static void failed(int r, struct tunnel_verdict *ret_verdict)
{
	*ret_verdict = (struct tunnel_verdict){
		.state = TUNNEL_GONE,
		.fact = "that is no IP address",
		.mend = "write the server's IP address",
	};
	if (!r)
		return;
	snprintf(ret_verdict->fact, sizeof(ret_verdict->fact), "the kernel cannot be asked: %s",
	         strerror(-r));
	snprintf(ret_verdict->mend, sizeof(ret_verdict->mend),
	         "see whether this kernel has netlink");
}

void tunnel_look(struct tunnel_way *way, const struct sockaddr *to, uint32_t uid,
                 struct tunnel_verdict *ret_verdict)
{
	CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec ipsec = {};
	struct tunnel_facts facts = {};
	if (!tunnel_way_to(way, to)) {
		failed(0, ret_verdict);
		return;
	}
	int r = way->interface ? link_ask(way, &facts) : 0;
	if (!r)
		r = route_ask(way, uid, &facts);
	if (r) {
		failed(r, ret_verdict);
		return;
	}
	tunnel_ipsec_init(&ipsec, way, &facts.route, facts.link.if_id);
	switch (tunnel_proof_wanted(way, &facts)) {
	case TUNNEL_PROOF_NONE:
		break;
	case TUNNEL_PROOF_PEERS:
		peers_ask(way, &facts);
		break;
	case TUNNEL_PROOF_IPSEC:
		ipsec_ask(&ipsec, &facts);
		break;
	}
	tunnel_judge(way, &facts, ret_verdict);
}

static int news_open(int protocol, const int *groups, size_t count)
{
	CLEAN(closep)
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	/* One that is not bound to a number of its own hears nothing. */
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
		               sizeof(groups[i])))
			return -1;
	return TAKE_FD(fd);
}

void tunnel_news_open(int ret_fds[TUNNEL_NEWS_COUNT])
{
	static const int routes[] = { RTNLGRP_LINK,      RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE,
		                      RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV6_ROUTE,
		                      RTNLGRP_IPV6_RULE };
	static const int ipsec[] = { XFRMNLGRP_EXPIRE, XFRMNLGRP_SA, XFRMNLGRP_POLICY };
	ret_fds[0] = news_open(NETLINK_ROUTE, routes, COUNT_OF(routes));
	ret_fds[1] = news_open(NETLINK_XFRM, ipsec, COUNT_OF(ipsec));
}

bool tunnel_news_came(int fd)
{
	uint8_t bytes[ANSWER_MAX];
	bool came = false;
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
		/* More came than there was room for: something did. */
		if (n < 0 && errno != ENOBUFS)
			break;
		came = true;
	}
	explicit_bzero(bytes, sizeof(bytes)); /* a new SA comes with its keys */
	return came;
}
