/* Policies as a kernel said them, and as its headers have them; SAs are written (see
 * test_recorded.h). */
#include "base/clean.h"
#include "tunnel/ipsec.h"
#include "tunnel/message.h"
#include "tunnel/test_recorded.h"
#include "tunnel/test_written.h"

#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* From 10.9.0.1 to port 993 of 10.9.0.2. */
static void way_begin(struct tunnel_ipsec *ipsec, uint32_t if_id)
{
	const struct tunnel_way way = { .to = written_ip("10.9.0.2"), .port = 993 };
	const struct tunnel_route route = { .is_there = true, .source = written_ip("10.9.0.1") };
	tunnel_ipsec_init(ipsec, &way, &route, if_id);
}

static void recorded_take(struct tunnel_ipsec *ipsec, const char *hex)
{
	uint8_t room[2048];
	struct slice bytes = recorded_bytes(hex, room);
	struct tunnel_message m;
	while (tunnel_message_next(&bytes, &m))
		if (m.type == XFRM_MSG_NEWPOLICY)
			assert_int_equal(tunnel_ipsec_policy_take(ipsec, m.body), 0);
}

struct sa {
	const char *to, *cipher, *aead;
	uint8_t mode, proto;
	uint32_t reqid, if_id;
};

static void sa_take(struct tunnel_ipsec *ipsec, const struct sa *sa)
{
	CLEAN(buf_deinit) struct buf b = {};
	struct xfrm_usersa_info head = {
		.id.proto = sa->proto, .family = AF_INET, .mode = sa->mode, .reqid = sa->reqid
	};
	struct tunnel_ip to = written_ip(sa->to);
	memcpy(&head.id.daddr, to.bytes, 4);
	written_begin(&b, &head, sizeof(head));
	if (sa->cipher) {
		struct xfrm_algo a = {};
		snprintf(a.alg_name, sizeof(a.alg_name), "%s", sa->cipher);
		written_attribute(&b, XFRMA_ALG_CRYPT, slice_of(&a, sizeof(a)));
	}
	if (sa->aead) {
		struct xfrm_algo_aead a = {};
		snprintf(a.alg_name, sizeof(a.alg_name), "%s", sa->aead);
		written_attribute(&b, XFRMA_ALG_AEAD, slice_of(&a, sizeof(a)));
	}
	if (sa->if_id)
		written_u32(&b, XFRMA_IF_ID, sa->if_id);
	assert_int_equal(tunnel_ipsec_sa_take(ipsec, buf_slice(&b)), 0);
}

static void judged(const struct tunnel_ipsec *ipsec, enum tunnel_state state, const char *fact)
{
	struct tunnel_verdict v;
	tunnel_ipsec_judge(ipsec, &v);
	assert_int_equal(v.state, state);
	if (!strstr(v.fact, fact))
		fail_msg("\"%s\", and not: %s", v.fact, fact);
	assert_int_equal(!v.mend[0], state == TUNNEL_SEALED);
}

#define GCM "rfc4106(gcm(aes))"
#define ESP .mode = XFRM_MODE_TUNNEL, .proto = IPPROTO_ESP, .reqid = 7

#define OUT_WELL                                                                                   \
	{                                                                                          \
		.to = "192.0.2.2", .aead = GCM, ESP                                                \
	}
#define IN_WELL                                                                                    \
	{                                                                                          \
		.to = "192.0.2.1", .cipher = "cbc(aes)", ESP                                       \
	}

static const struct sa out_well = OUT_WELL, in_well = IN_WELL;

static void test_sas(void **state)
{
	static const struct {
		struct sa out, in;
		enum tunnel_state state;
		const char *fact;
	} cases[] = {
		{ OUT_WELL, IN_WELL, TUNNEL_SEALED, "policies and SAs" },
		{ IN_WELL, IN_WELL, TUNNEL_GONE, "no IPsec SA for what goes there" },
		{ OUT_WELL, OUT_WELL, TUNNEL_GONE, "no IPsec SA for what comes back" },
		{ { .to = "192.0.2.2", .cipher = "ecb(cipher_null)", ESP },
		  IN_WELL,
		  TUNNEL_GONE,
		  "encrypts nothing of what goes there" },
		{ OUT_WELL,
		  { .to = "192.0.2.1", .aead = "rfc4543(gcm(aes))", ESP },
		  TUNNEL_GONE,
		  "encrypts nothing of what comes back" },
		/* Still negotiated; of another connection; AH; of another mode; of a link. */
		{ { .to = "192.0.2.2", ESP }, IN_WELL, TUNNEL_GONE, "no IPsec SA" },
		{ { .to = "192.0.2.2",
		    .aead = GCM,
		    .proto = IPPROTO_ESP,
		    .mode = XFRM_MODE_TUNNEL,
		    .reqid = 8 },
		  IN_WELL,
		  TUNNEL_GONE,
		  "no IPsec SA" },
		{ { .to = "192.0.2.2",
		    .aead = GCM,
		    .proto = IPPROTO_AH,
		    .mode = XFRM_MODE_TUNNEL,
		    .reqid = 7 },
		  IN_WELL,
		  TUNNEL_GONE,
		  "no IPsec SA" },
		{ { .to = "192.0.2.2", .aead = GCM, .proto = IPPROTO_ESP, .reqid = 7 },
		  IN_WELL,
		  TUNNEL_GONE,
		  "no IPsec SA" },
		{ { .to = "192.0.2.2", .aead = GCM, ESP, .if_id = 5 },
		  IN_WELL,
		  TUNNEL_GONE,
		  "no IPsec SA" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec ipsec;
		way_begin(&ipsec, 0);
		recorded_take(&ipsec, recorded_policies_tunnel);
		sa_take(&ipsec, &cases[i].out);
		sa_take(&ipsec, &cases[i].in);
		judged(&ipsec, cases[i].state, cases[i].fact);
	}
}

/* A strong SA beside one that encrypts nothing: which the kernel takes is not known. */
static void test_one_null_cipher_is_enough(void **state)
{
	CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec ipsec;
	way_begin(&ipsec, 0);
	recorded_take(&ipsec, recorded_policies_tunnel);
	sa_take(&ipsec, &out_well);
	sa_take(&ipsec, &in_well);
	sa_take(&ipsec, &(struct sa){ .to = "192.0.2.2", .cipher = "cipher_null", ESP });
	judged(&ipsec, TUNNEL_GONE, "encrypts nothing");
}

static void test_policies_recorded(void **state)
{
	static const struct {
		const char *hex;
		const char *fact;
	} cases[] = {
		{ recorded_policies_tunnel, "no IPsec SA for what goes there" },
		{ recorded_policies_use, "lets pass in clear what goes there" },
		{ recorded_policies_clear, "lets pass in clear what goes there" },
		{ recorded_sas_none, "no IPsec policy covers what goes there" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec ipsec;
		way_begin(&ipsec, 0);
		recorded_take(&ipsec, cases[i].hex);
		judged(&ipsec, TUNNEL_GONE, cases[i].fact);
	}
	CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec of_link;
	way_begin(&of_link, 5);
	recorded_take(&of_link, recorded_policies_clear);
	judged(&of_link, TUNNEL_GONE, "no IPsec SA for what goes there");
}

/* --- policies, written --- */

struct policy {
	const char *from;
	uint8_t from_prefix;
	const char *to;
	uint8_t to_prefix;
	uint32_t priority;
	uint16_t from_port, to_port; /* 0: any */
	uint8_t proto, action, tmpl_proto;
	bool is_optional;
	uint32_t mark;
	int ifindex;
	bool is_in;
};

static void policy_take(struct tunnel_ipsec *ipsec, const struct policy *p)
{
	CLEAN(buf_deinit) struct buf b = {};
	struct tunnel_ip from = written_ip(p->from), to = written_ip(p->to);
	struct xfrm_userpolicy_info head = {
		.sel = { .family = AF_INET,
		         .prefixlen_s = p->from_prefix,
		         .prefixlen_d = p->to_prefix,
		         .proto = p->proto,
		         .ifindex = p->ifindex,
		         .sport = htons(p->from_port),
		         .dport = htons(p->to_port),
		         .sport_mask = p->from_port ? 0xffff : 0,
		         .dport_mask = p->to_port ? 0xffff : 0 },
		.priority = p->priority,
		.dir = p->is_in ? XFRM_POLICY_IN : XFRM_POLICY_OUT,
		.action = p->action,
	};
	const struct xfrm_user_tmpl t = { .id.proto = p->tmpl_proto,
		                          .family = AF_INET,
		                          .optional = p->is_optional };
	const struct xfrm_mark mark = { .v = p->mark, .m = 0xff };
	memcpy(&head.sel.saddr, from.bytes, 4);
	memcpy(&head.sel.daddr, to.bytes, 4);
	written_begin(&b, &head, sizeof(head));
	if (p->tmpl_proto)
		written_attribute(&b, XFRMA_TMPL, slice_of(&t, sizeof(t)));
	if (p->mark)
		written_attribute(&b, XFRMA_MARK, slice_of(&mark, sizeof(mark)));
	assert_int_equal(tunnel_ipsec_policy_take(ipsec, buf_slice(&b)), 0);
}

/* Transport mode from host to host, both ways. */
static void sealed_begin(struct tunnel_ipsec *ipsec)
{
	way_begin(ipsec, 0);
	policy_take(ipsec, &(struct policy){ "10.9.0.0", 24, "10.9.0.2", 32, .priority = 100,
	                                     .tmpl_proto = IPPROTO_ESP });
	policy_take(ipsec, &(struct policy){ "10.9.0.2", 32, "10.9.0.0", 24, .priority = 100,
	                                     .tmpl_proto = IPPROTO_ESP, .is_in = true });
	sa_take(ipsec, &(struct sa){ .to = "10.9.0.2", .aead = GCM, .proto = IPPROTO_ESP });
	sa_take(ipsec, &(struct sa){ .to = "10.9.0.1", .aead = GCM, .proto = IPPROTO_ESP });
}

/* Beside those that seal it. */
static void test_other_policies(void **state)
{
	static const struct {
		struct policy other;
		enum tunnel_state state;
		const char *fact;
	} cases[] = {
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 200 }, TUNNEL_SEALED, "SAs" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 100 }, TUNNEL_GONE, "in clear" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50 },
		  TUNNEL_GONE,
		  "in clear what goes there" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .is_in = true },
		  TUNNEL_GONE,
		  "in clear what comes back" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .tmpl_proto = IPPROTO_ESP,
		    .is_optional = true },
		  TUNNEL_GONE,
		  "in clear" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .tmpl_proto = IPPROTO_AH },
		  TUNNEL_GONE,
		  "in clear" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .action = XFRM_POLICY_BLOCK },
		  TUNNEL_GONE,
		  "blocks what goes there" },
		{ { "10.9.0.0", 24, "10.9.0.3", 32, .priority = 50 }, TUNNEL_SEALED, "SAs" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .proto = IPPROTO_UDP },
		  TUNNEL_SEALED,
		  "SAs" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .to_port = 993 },
		  TUNNEL_GONE,
		  "in clear" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .to_port = 22 },
		  TUNNEL_SEALED,
		  "SAs" },
		/* Our port: none of those below 1024; any other may be it. */
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .from_port = 22 },
		  TUNNEL_SEALED,
		  "SAs" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .from_port = 40000 },
		  TUNNEL_GONE,
		  "in clear" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .mark = 9 },
		  TUNNEL_SEALED,
		  "SAs" },
		{ { "10.9.0.0", 24, "10.9.0.0", 24, .priority = 50, .ifindex = 4 },
		  TUNNEL_GONE,
		  "in clear" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec ipsec;
		sealed_begin(&ipsec);
		policy_take(&ipsec, &cases[i].other);
		judged(&ipsec, cases[i].state, cases[i].fact);
	}
}

/* A policy that covers some of our connections alone covers none for sure. */
static void test_a_policy_for_one_port_of_ours(void **state)
{
	CLEAN(tunnel_ipsec_deinit) struct tunnel_ipsec ipsec;
	way_begin(&ipsec, 0);
	policy_take(&ipsec, &(struct policy){ "10.9.0.0", 24, "10.9.0.2", 32, .from_port = 40000,
	                                      .tmpl_proto = IPPROTO_ESP });
	judged(&ipsec, TUNNEL_GONE, "no IPsec policy covers what goes there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sas),
		cmocka_unit_test(test_one_null_cipher_is_enough),
		cmocka_unit_test(test_policies_recorded),
		cmocka_unit_test(test_other_policies),
		cmocka_unit_test(test_a_policy_for_one_port_of_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
