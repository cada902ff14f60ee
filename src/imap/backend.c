#include "base/clean.h"
#include "base/err.h"
#include "conv/credential.h"
#include "conv/line.h"
#include "imap/caps.h"
#include "imap/inside.h"
#include "imap/reply.h"

#include <stdio.h>

typedef int on_reply(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo);

static bool is_code_caps(const struct imap_reply *reply)
{
	return slice_equal_nocase(reply->code, slice_str("CAPABILITY"));
}

static bool is_ours(const struct imap_edge *e, const struct imap_reply *reply)
{
	return reply->kind == IMAP_REPLY_TAGGED && slice_equal(reply->tag, slice_str(e->tag)) &&
	       reply->word <= IMAP_REPLY_BAD;
}

/* A command of the edge's own. */
static int command_send(struct imap_edge *e, const char *tag, const char *command,
                        enum imap_want want)
{
	snprintf(e->tag, sizeof(e->tag), "%s", tag);
	conv_login_enter(&e->login,
	                 want == IMAP_WANT_STARTTLS ? CONV_LOGIN_SEALING : CONV_LOGIN_OPENING,
	                 want);
	return err_up(buf_printf(&e->login.conv.out[CONV_BACKEND], "%s %s\r\n", tag, command));
}

/* What other sessions have too (conv_share_seen()) is not this one's to change. */
static void caps_keep(struct imap_edge *e, struct slice words)
{
	if (e->login.conv.offer)
		return;
	imap_caps_keep(words, e->login.conv.seen->text, sizeof(e->login.conv.seen->text));
}

/* What it says before TLS reaches nobody: it may be anybody's. */
static int refused(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (conv_login_is_clear(&e->login))
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
	int r = imap_reply_print(reply, e->login.conv.set->plus_is_bound,
	                         &e->login.conv.out[CONV_CLIENT]);
	return r ? err_up(r) : conv_login_close(&e->login, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
}

static int seal(struct imap_edge *e, enum conv_todo *ret_todo)
{
	if (!e->backend_offers_starttls)
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	return err_up(command_send(e, "E2", "STARTTLS", IMAP_WANT_STARTTLS));
}

/* Its capabilities are known: say who the client is, then the client may speak. */
static int tell(struct imap_edge *e, enum conv_todo *ret_todo)
{
	const struct conv_facts *facts = &e->login.conv.facts;
	char command[512];
	if (e->login.conv.is_learning)
		return err_up(conv_login_quit(&e->login, ret_todo));
	if (e->login.conv.set->client_info != CONV_INFO_ID)
		return err_up(conv_login_ready(&e->login, ret_todo));
	if (!imap_caps_has(e->login.conv.seen->text, "ID"))
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	snprintf(command, sizeof(command),
	         "ID (\"x-originating-ip\" \"%s\" \"x-originating-port\" \"%u\""
	         " \"x-connected-ip\" \"%s\" \"x-connected-port\" \"%u\" \"x-session-id\" \"%s\")",
	         facts->client_addr, facts->client_port, facts->local_addr, facts->local_port,
	         facts->session_id);
	return err_up(command_send(e, "E4", command, IMAP_WANT_TOLD));
}

static int on_greeting(struct imap_edge *e, const struct imap_reply *reply,
                       enum conv_todo *ret_todo)
{
	if (reply->kind != IMAP_REPLY_UNTAGGED)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (reply->word == IMAP_REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	/* RFC 9051 7.1.4: PREAUTH forbids STARTTLS; and whose mailbox would it be? */
	if (reply->word == IMAP_REPLY_PREAUTH && conv_login_is_clear(&e->login))
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	if (reply->word != IMAP_REPLY_OK)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (is_code_caps(reply) && conv_login_is_clear(&e->login)) {
		char caps[CONV_CAPS_MAX];
		imap_caps_keep(reply->code_args, caps, sizeof(caps));
		e->backend_offers_starttls = imap_caps_has(caps, "STARTTLS");
		return err_up(seal(e, ret_todo));
	}
	if (is_code_caps(reply)) {
		caps_keep(e, reply->code_args);
		return err_up(tell(e, ret_todo));
	}
	return err_up(command_send(e, "E1", "CAPABILITY",
	                           conv_login_is_clear(&e->login) ? IMAP_WANT_CAPS_CLEAR
	                                                          : IMAP_WANT_CAPS));
}

static int on_caps(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (is_ours(e, reply)) {
		if (e->login.want == IMAP_WANT_CAPS_CLEAR)
			return err_up(seal(e, ret_todo));
		if (reply->word != IMAP_REPLY_OK || !e->login.conv.seen->text[0])
			return err_up(conv_login_broken(&e->login, ret_todo));
		return err_up(tell(e, ret_todo));
	}
	if (reply->kind != IMAP_REPLY_UNTAGGED)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (reply->word == IMAP_REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	if (reply->word == IMAP_REPLY_CAPABILITY && e->login.want == IMAP_WANT_CAPS_CLEAR) {
		char caps[CONV_CAPS_MAX];
		imap_caps_keep(reply->text, caps, sizeof(caps));
		e->backend_offers_starttls = imap_caps_has(caps, "STARTTLS");
	} else if (reply->word == IMAP_REPLY_CAPABILITY) {
		caps_keep(e, reply->text);
	} else if (reply->word > IMAP_REPLY_BAD) {
		return err_up(conv_login_broken(&e->login, ret_todo));
	}
	return 0;
}

static int on_seal(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	bool is_agreed = is_ours(e, reply) && reply->word == IMAP_REPLY_OK;
	return err_up(conv_login_seal(&e->login, is_agreed, ret_todo));
}

int imap_backend_sealed(struct conv_login *l, enum conv_todo *ret_todo)
{
	struct imap_edge *e = imap_edge_of(l);
	l->conv.seen->text[0] = '\0';
	return err_up(command_send(e, "E3", "CAPABILITY", IMAP_WANT_CAPS));
}

static int on_told(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (is_ours(e, reply) && reply->word == IMAP_REPLY_OK)
		return err_up(conv_login_ready(&e->login, ret_todo));
	if (is_ours(e, reply))
		return err_up(conv_login_lost(&e->login, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	if (reply->kind != IMAP_REPLY_UNTAGGED)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (reply->word == IMAP_REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	bool is_harmless = reply->word == IMAP_REPLY_ID || reply->word <= IMAP_REPLY_BAD;
	return is_harmless ? 0 : err_up(conv_login_broken(&e->login, ret_todo));
}

static int pass(struct imap_edge *e, const struct imap_reply *reply)
{
	return err_up(imap_reply_print(reply, e->login.conv.set->plus_is_bound,
	                               &e->login.conv.out[CONV_CLIENT]));
}

/* Untagged, before login: only what concerns the connection, no data of a mailbox. */
static int on_untagged(struct imap_edge *e, const struct imap_reply *reply,
                       enum conv_todo *ret_todo)
{
	switch (reply->word) {
	case IMAP_REPLY_BYE:
		return err_up(refused(e, reply, ret_todo));
	case IMAP_REPLY_CAPABILITY:
		caps_keep(e, reply->text);
		return err_up(pass(e, reply));
	case IMAP_REPLY_ID:
		return e->login.want == IMAP_WANT_ID
		               ? err_up(pass(e, reply))
		               : err_up(conv_login_broken(&e->login, ret_todo));
	case IMAP_REPLY_OK:
	case IMAP_REPLY_NO:
	case IMAP_REPLY_BAD:
		if (is_code_caps(reply))
			caps_keep(e, reply->code_args);
		return err_up(pass(e, reply));
	case IMAP_REPLY_PREAUTH:
	case IMAP_REPLY_OTHER:
		break;
	}
	return err_up(conv_login_broken(&e->login, ret_todo));
}

/* "+": the next piece of ours, or the client's turn in an AUTHENTICATE. */
static int on_continue(struct imap_edge *e, const struct imap_reply *reply,
                       enum conv_todo *ret_todo)
{
	const char *last = conv_credential_last_response(&e->login);
	if (e->login.state != CONV_LOGIN_ASKED || e->login.want == IMAP_WANT_ID)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (e->pieces.count)
		return err_up(imap_pieces_send(&e->pieces, &e->login.conv.out[CONV_BACKEND]));
	if (e->login.want != IMAP_WANT_AUTH)
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (last)
		return err_up(buf_printf(&e->login.conv.out[CONV_BACKEND], "%s\r\n", last));
	conv_login_enter(&e->login, CONV_LOGIN_CHALLENGED, IMAP_WANT_AUTH);
	return err_up(pass(e, reply));
}

static int on_logged_in(struct imap_edge *e, const struct imap_reply *reply,
                        enum conv_todo *ret_todo)
{
	struct buf *out = &e->login.conv.out[CONV_CLIENT];
	/* Before all of the credential went out nobody can be logged in. */
	if (e->login.state == CONV_LOGIN_CHALLENGED || e->pieces.count)
		return err_up(conv_login_broken(&e->login, ret_todo));
	int r = buf_add(out, reply->line);
	if (!r)
		r = buf_add_str(out, "\r\n");
	if (r)
		return err_up(r);
	return conv_login_succeeded(&e->login, ret_todo);
}

static bool says_wrong(const struct imap_edge *e, const struct imap_reply *reply)
{
	bool has_reason = reply->code.len &&
	                  !slice_equal_nocase(reply->code, slice_str("AUTHENTICATIONFAILED"));
	return e->login.want != IMAP_WANT_ID && reply->word == IMAP_REPLY_NO &&
	       conv_credential_says_wrong(&e->login, has_reason);
}

static int on_tagged(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (e->login.state == CONV_LOGIN_READY || !is_ours(e, reply))
		return err_up(conv_login_broken(&e->login, ret_todo));
	if (e->login.want != IMAP_WANT_ID && reply->word == IMAP_REPLY_OK)
		return err_up(on_logged_in(e, reply, ret_todo));
	int r = says_wrong(e, reply) ? conv_credential_wrong(&e->login) : pass(e, reply);
	if (r)
		return err_up(r);
	imap_pieces_deinit(&e->pieces);
	if (e->login.want == IMAP_WANT_ID)
		return err_up(conv_login_ready(&e->login, ret_todo));
	return err_up(conv_login_failed(&e->login, ret_todo));
}

static int on_open(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	switch (reply->kind) {
	case IMAP_REPLY_CONTINUE:
		return err_up(on_continue(e, reply, ret_todo));
	case IMAP_REPLY_UNTAGGED:
		return err_up(on_untagged(e, reply, ret_todo));
	case IMAP_REPLY_TAGGED:
		break;
	}
	return err_up(on_tagged(e, reply, ret_todo));
}

/* Who takes which reply. */
static on_reply *const handlers[IMAP_WANT_COUNT] = {
	[CONV_LOGIN_WANT_NOTHING] = on_open,
	[CONV_LOGIN_WANT_GREETING] = on_greeting,
	[IMAP_WANT_CAPS_CLEAR] = on_caps,
	[IMAP_WANT_STARTTLS] = on_seal,
	[IMAP_WANT_CAPS] = on_caps,
	[IMAP_WANT_TOLD] = on_told,
	[IMAP_WANT_ID] = on_open,
	[IMAP_WANT_LOGIN] = on_open,
	[IMAP_WANT_AUTH] = on_open,
};

int imap_backend_reply(struct conv_login *l, struct slice line, enum conv_todo *ret_todo)
{
	struct imap_reply reply;
	if (imap_reply_parse(line, &reply))
		return err_up(conv_login_broken(l, ret_todo));
	return err_up(handlers[l->want](imap_edge_of(l), &reply, ret_todo));
}
