/* What netlink may bring, read as an answer to each question there is; and the verdict of it. The
 * kernel is trusted, but its bytes are taken apart by hand. The first byte chooses the way. */
#include "tunnel/judge.h"
#include "tunnel/message.h"

#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void message_look(const struct tunnel_message *m, struct tunnel_facts *facts,
                         struct tunnel_ipsec *ipsec)
{
	uint16_t family;
	if (tunnel_message_error(m) > 0)
		abort();
	if (m->type == RTM_NEWLINK)
		facts->has_link |= tunnel_link_read(m->body, &facts->link);
	else if (m->type == RTM_NEWROUTE)
		(void)tunnel_route_read(m->body, &facts->route);
	(void)tunnel_family_read(m->body, &family);
	facts->knows_peers |= tunnel_peers_read(m->body, &facts->peers);
	if (tunnel_ipsec_policy_take(ipsec, m->body) || tunnel_ipsec_sa_take(ipsec, m->body))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tunnel_way way = { .to.bytes = { 10, 9, 0, 2 }, .port = 993 };
	struct tunnel_facts facts = {};
	struct tunnel_ipsec ipsec;
	struct tunnel_message m;
	struct tunnel_verdict v;
	struct slice bytes = slice_of(data, size);
	if (size) {
		way.interface = data[0] & 1 ? "wg0" : NULL;
		way.accepts_unproven = data[0] & 2;
		way.to.is_v6 = data[0] & 4;
		bytes = slice_skip(bytes, 1);
	}
	facts.peers.wanted = way.to;
	tunnel_ipsec_init(&ipsec, &way, &facts.route, 0);
	while (tunnel_message_next(&bytes, &m))
		message_look(&m, &facts, &ipsec);
	facts.ipsec = &ipsec;
	(void)tunnel_proof_wanted(&way, &facts);
	tunnel_judge(&way, &facts, &v);
	if ((v.state == TUNNEL_GONE) != (v.mend[0] != '\0') || !v.fact[0])
		abort();
	tunnel_ipsec_deinit(&ipsec);
	return 0;
}
