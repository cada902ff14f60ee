/* NFS and its kin (ONC RPC), SMB, DNS over TCP. */
#include "watch/protos.h"

#include "watch/dns.h"
#include "watch/wire.h"
#include "watch/word.h"

static const struct slice nobody;

/* --- ONC RPC over TCP (RFC 5531): record mark, xid, call --- */

enum {
	RPC_CALL_LEN = 36, /* from the mark up to the kind of the credential and its length */
	RPC_LAST = 0x80,
	RPC_GSS = 6,
	RPC_TLS = 7,
	RPC_GSS_PRIVACY = 3,
};

static bool rpc_program_is_known(uint32_t program)
{
	return program == 100000 || program == 100003 || program == 100005 || program == 100021 ||
	       program == 100024 || program == 100227;
}

static enum watch_fit rpc_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (s.len < RPC_CALL_LEN)
		return (s.len && s.data[0] != RPC_LAST) || (!s.len && o->server.len)
		               ? WATCH_FIT_NO
		               : WATCH_FIT_MORE;
	return s.data[0] == RPC_LAST && !watch_u32(s.data + 8) && watch_u32(s.data + 12) == 2 &&
	                       rpc_program_is_known(watch_u32(s.data + 16))
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

/* Procedure 0 does nothing; with AUTH_TLS it asks for TLS (RFC 9289 4.1). */
static void rpc_call(struct watch_talk *t, struct slice s)
{
	uint32_t procedure = watch_u32(s.data + 24), flavor = watch_u32(s.data + 28);
	if (flavor == RPC_TLS)
		t->is_asked = true;
	else if (flavor == RPC_GSS && s.len >= RPC_CALL_LEN + 16 &&
	         watch_u32(s.data + RPC_CALL_LEN + 12) == RPC_GSS_PRIVACY)
		t->is_private = true;
	else if (procedure)
		t->is_proven = true;
}

static size_t rpc_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (input.len < 4)
		return 0;
	size_t len = watch_u24(input.data + 1) + 4;
	size_t wanted = len < 64 ? len : 64;
	if (input.len < wanted)
		return 0;
	if (side == WATCH_CLIENT && wanted >= RPC_CALL_LEN && input.data[0] == RPC_LAST) {
		rpc_call(t, slice_head(input, wanted));
	} else if (side == WATCH_SERVER && t->is_asked) {
		t->is_asked = false;
		t->is_tls = watch_word_in(slice_head(input, wanted), "STARTTLS");
	}
	t->skip[side] = len - wanted;
	return wanted;
}

const struct watch_proto watch_proto_rpc = {
	.name = "nfs",
	.fit = rpc_fit,
	.feed = rpc_feed,
	.mend = "mount with xprtsec=mtls (RFC 9289) or sec=krb5p",
};

/* --- SMB: NetBIOS length, then the version --- */

enum { SMB_1 = 0xff, SMB_2 = 0xfe, SMB_SEALED = 0xfd, SMB_SETUP = 1, SMB1_NEGOTIATE = 0x72 };

static enum watch_fit smb_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (s.len < 9)
		return (s.len && s.data[0]) || (!s.len && o->server.len) ? WATCH_FIT_NO
		                                                         : WATCH_FIT_MORE;
	return !s.data[0] && s.data[4] >= SMB_SEALED && !memcmp(s.data + 5, "SMB", 3)
	               ? WATCH_FIT_YES
	               : WATCH_FIT_NO;
}

static void smb_message(struct watch_talk *t, struct slice message)
{
	if (message.len < 16)
		return;
	if (message.data[0] == SMB_SEALED) {
		t->is_private = true;
		return;
	}
	bool is_1 = message.data[0] == SMB_1;
	unsigned command = is_1 ? message.data[4] : message.data[12];
	if (watch_word_in(message, "NTLMSSP"))
		watch_talk_secret(t, WATCH_SECRET_HASH, slice_str("NTLM"), nobody);
	/* The first ones of SMB 2 negotiate and log in; trees are named in clear. */
	if (is_1 ? command != SMB1_NEGOTIATE : command > SMB_SETUP + 1)
		t->is_proven = true;
}

static size_t smb_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	if (input.len < 4)
		return 0;
	size_t len = watch_u24(input.data + 1);
	size_t wanted = len < 1024 ? len : 1024;
	if (input.len < 4 + wanted)
		return 0;
	if (side == WATCH_CLIENT)
		smb_message(t, slice_head(slice_skip(input, 4), wanted));
	t->skip[side] = len - wanted;
	return 4 + wanted;
}

const struct watch_proto watch_proto_smb = {
	.name = "smb",
	.fit = smb_fit,
	.feed = smb_feed,
	.mend = "server smb encrypt = required (Samba)",
};

/* --- DNS over TCP (RFC 7766) --- */

static enum watch_fit dns_fit(const struct watch_opening *o)
{
	struct slice s = o->client;
	if (s.len < 2)
		return !s.len && o->server.len ? WATCH_FIT_NO : WATCH_FIT_MORE;
	size_t len = watch_u16(s.data);
	if (len < 17 || len > 512)
		return WATCH_FIT_NO;
	if (s.len < len + 2)
		return WATCH_FIT_MORE;
	return watch_dns_is_query(slice_head(slice_skip(s, 2), len)) ? WATCH_FIT_YES : WATCH_FIT_NO;
}

static size_t dns_feed(struct watch_talk *t, enum watch_side side, struct slice input)
{
	t->is_proven |= side == WATCH_CLIENT;
	return input.len;
}

const struct watch_proto watch_proto_dns = {
	.name = "dns",
	.fit = dns_fit,
	.feed = dns_feed,
	.mend = "a validating resolver on each host (127.0.0.1), or DNS over TLS between them",
};
