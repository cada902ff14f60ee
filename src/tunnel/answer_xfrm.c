/* IPsec: policies, and the SAs that they want. */
#include "tunnel/answer.h"

#include "tunnel/message.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

enum { CLIENT_PORT_MIN = 1024 }; /* below, no client's port is chosen */

static struct tunnel_ip ip_of(const xfrm_address_t *address, int family)
{
	struct tunnel_ip ip = {};
	(void)tunnel_ip_take(&ip, family, slice_of(address, sizeof(*address)));
	return ip;
}

/* Of one end. port 0: any of a client's. */
static enum tunnel_match port_match(uint16_t port, uint16_t wanted, uint16_t mask)
{
	if (!mask)
		return TUNNEL_MATCH;
	if (port)
		return (port & mask) == (wanted & mask) ? TUNNEL_MATCH : TUNNEL_MATCH_NOT;
	return mask == UINT16_MAX && wanted < CLIENT_PORT_MIN ? TUNNEL_MATCH_NOT
	                                                      : TUNNEL_MATCH_MAYBE;
}

static enum tunnel_match weaker(enum tunnel_match a, enum tunnel_match b)
{
	return a < b ? a : b;
}

static enum tunnel_match selector_match(const struct xfrm_selector *s,
                                        const struct tunnel_flow *flow)
{
	struct tunnel_ip from = ip_of(&s->saddr, s->family), to = ip_of(&s->daddr, s->family);
	if (s->family != (flow->to.is_v6 ? AF_INET6 : AF_INET) ||
	    !tunnel_ip_is_in(&flow->from, &from, s->prefixlen_s) ||
	    !tunnel_ip_is_in(&flow->to, &to, s->prefixlen_d) ||
	    (s->proto && s->proto != IPPROTO_TCP))
		return TUNNEL_MATCH_NOT;
	enum tunnel_match ports =
		weaker(port_match(flow->from_port, ntohs(s->sport), ntohs(s->sport_mask)),
	               port_match(flow->to_port, ntohs(s->dport), ntohs(s->dport_mask)));
	return s->ifindex ? weaker(ports, TUNNEL_MATCH_MAYBE) : ports;
}

/* Our packets have no mark. */
static bool is_marked(struct slice list)
{
	struct xfrm_mark mark;
	return tunnel_value_read(tunnel_attribute_find(list, XFRMA_MARK), &mark, sizeof(mark)) &&
	       mark.v;
}

static uint32_t if_id_of(struct slice list)
{
	uint32_t if_id = 0;
	(void)tunnel_value_read(tunnel_attribute_find(list, XFRMA_IF_ID), &if_id, sizeof(if_id));
	return if_id;
}

/* Of the templates, which all apply, the first of ESP that has to be met. One with level "use" is
 * left out where no SA is there, and the packet goes in clear. */
static void templates_read(struct tunnel_policy *policy, struct slice list)
{
	struct slice all = tunnel_attribute_find(list, XFRMA_TMPL);
	struct xfrm_user_tmpl t;
	for (; all.len >= sizeof(t); all = slice_skip(all, sizeof(t))) {
		memcpy(&t, all.data, sizeof(t));
		if (t.id.proto != IPPROTO_ESP || t.optional)
			continue;
		policy->has_esp = true;
		policy->is_transport = t.mode == XFRM_MODE_TRANSPORT;
		policy->reqid = t.reqid;
		policy->to = ip_of(&t.id.daddr, t.family);
		return;
	}
}

static bool is_sub(struct slice list)
{
	struct xfrm_userpolicy_type type;
	return tunnel_value_read(tunnel_attribute_find(list, XFRMA_POLICY_TYPE), &type,
	                         sizeof(type)) &&
	       type.type != XFRM_POLICY_TYPE_MAIN;
}

bool tunnel_policy_read(struct slice body, const struct tunnel_flow *flow,
                        struct tunnel_policy *ret_policy)
{
	struct xfrm_userpolicy_info info;
	struct slice list;
	if (!tunnel_head_read(body, &info, sizeof(info), &list))
		return false;
	*ret_policy = (struct tunnel_policy){
		.dir = info.dir,
		.priority = info.priority,
		.is_block = info.action == XFRM_POLICY_BLOCK,
		.if_id = if_id_of(list),
		.match = selector_match(&info.sel, flow),
	};
	/* A policy of type sub comes on top of the main one, and takes nothing from it. */
	if (is_marked(list) || is_sub(list) || ret_policy->if_id != flow->if_id)
		ret_policy->match = TUNNEL_MATCH_NOT;
	templates_read(ret_policy, list);
	return true;
}

/* RFC 2410; and RFC 4543, which authenticates alone. */
static bool is_null_cipher(const char *name)
{
	return strstr(name, "cipher_null") || strstr(name, "rfc4543");
}

bool tunnel_sa_read(struct slice body, struct tunnel_sa *ret_sa)
{
	struct xfrm_usersa_info info;
	struct slice list;
	char name[64];
	if (!tunnel_head_read(body, &info, sizeof(info), &list))
		return false;
	struct slice cipher = tunnel_attribute_find(list, XFRMA_ALG_AEAD);
	if (!cipher.data)
		cipher = tunnel_attribute_find(list, XFRMA_ALG_CRYPT);
	slice_to_text(slice_head(cipher, slice_find(cipher, 0)), name, sizeof(name));
	*ret_sa = (struct tunnel_sa){
		.to = ip_of(&info.id.daddr, info.family),
		.is_esp = info.id.proto == IPPROTO_ESP,
		.is_transport = info.mode == XFRM_MODE_TRANSPORT,
		.has_cipher = name[0],
		.is_null = is_null_cipher(name),
		.reqid = info.reqid,
		.if_id = if_id_of(list),
	};
	return true;
}
