#include "base/clean.h"
#include "base/err.h"
#include "conv/line.h"
#include "imap/caps.h"
#include "imap/inside.h"
#include "imap/reply.h"

#include <stdio.h>

enum {
	BACKEND_LINE_MAX = 65536,
	BACKEND_LINES_MAX = 500, /* for one command before login */
};

typedef int on_reply(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo);

/* It said what no server says here. */
static int broken(struct imap_edge *e, enum conv_todo *ret_todo)
{
	return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_BROKEN, ret_todo));
}

static bool is_clear(const struct imap_edge *e)
{
	return e->conv.set->backend_starttls && !e->backend_is_tls;
}

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
                        enum imap_state state)
{
	snprintf(e->tag, sizeof(e->tag), "%s", tag);
	imap_edge_enter(e, state);
	return err_up(buf_printf(&e->conv.out[CONV_BACKEND], "%s %s\r\n", tag, command));
}

static void caps_keep(struct imap_edge *e, struct slice words)
{
	imap_caps_keep(words, e->conv.seen->text, sizeof(e->conv.seen->text));
}

/* What it says before TLS reaches nobody: it may be anybody's. */
static int refused(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (is_clear(e))
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo));
	int r = imap_reply_print(reply, e->conv.set->plus_is_bound, &e->conv.out[CONV_CLIENT]);
	return r ? err_up(r) : imap_edge_close(e, CONV_OUTCOME_BACKEND_REFUSED, ret_todo);
}

static int seal(struct imap_edge *e, enum conv_todo *ret_todo)
{
	if (!e->backend_offers_starttls)
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	return err_up(command_send(e, "E2", "STARTTLS", IMAP_SEALING));
}

/* All that was wanted of it. */
static int learnt(struct imap_edge *e, enum conv_todo *ret_todo)
{
	int r = buf_add_str(&e->conv.out[CONV_BACKEND], "E9 LOGOUT\r\n");
	return r ? err_up(r) : imap_edge_close(e, CONV_OUTCOME_OK, ret_todo);
}

/* Its capabilities are known: say who the client is, then the client may speak. */
static int tell(struct imap_edge *e, enum conv_todo *ret_todo)
{
	const struct conv_facts *facts = &e->conv.facts;
	char command[512];
	if (e->conv.is_learning)
		return err_up(learnt(e, ret_todo));
	if (e->conv.set->client_info != CONV_INFO_ID)
		return err_up(imap_client_ready(e, ret_todo));
	if (!imap_caps_has(e->conv.seen->text, "ID"))
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	snprintf(command, sizeof(command),
	         "ID (\"x-originating-ip\" \"%s\" \"x-originating-port\" \"%u\""
	         " \"x-connected-ip\" \"%s\" \"x-connected-port\" \"%u\" \"x-session-id\" \"%s\")",
	         facts->client_addr, facts->client_port, facts->local_addr, facts->local_port,
	         facts->session_id);
	return err_up(command_send(e, "E4", command, IMAP_TELLING));
}

static int on_greeting(struct imap_edge *e, const struct imap_reply *reply,
                       enum conv_todo *ret_todo)
{
	if (reply->kind != IMAP_REPLY_UNTAGGED)
		return broken(e, ret_todo);
	if (reply->word == IMAP_REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	/* RFC 9051 7.1.4: PREAUTH forbids STARTTLS; and whose mailbox would it be? */
	if (reply->word == IMAP_REPLY_PREAUTH && is_clear(e))
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	if (reply->word != IMAP_REPLY_OK)
		return broken(e, ret_todo);
	if (is_code_caps(reply) && is_clear(e)) {
		char caps[CONV_CAPS_MAX];
		imap_caps_keep(reply->code_args, caps, sizeof(caps));
		e->backend_offers_starttls = imap_caps_has(caps, "STARTTLS");
		return err_up(seal(e, ret_todo));
	}
	if (is_code_caps(reply)) {
		caps_keep(e, reply->code_args);
		return err_up(tell(e, ret_todo));
	}
	return err_up(
		command_send(e, "E1", "CAPABILITY", is_clear(e) ? IMAP_ASKING_CLEAR : IMAP_ASKING));
}

static int on_caps(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (is_ours(e, reply)) {
		if (e->state == IMAP_ASKING_CLEAR)
			return err_up(seal(e, ret_todo));
		if (reply->word != IMAP_REPLY_OK || !e->conv.seen->text[0])
			return broken(e, ret_todo);
		return err_up(tell(e, ret_todo));
	}
	if (reply->kind != IMAP_REPLY_UNTAGGED)
		return broken(e, ret_todo);
	if (reply->word == IMAP_REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	if (reply->word == IMAP_REPLY_CAPABILITY && e->state == IMAP_ASKING_CLEAR) {
		char caps[CONV_CAPS_MAX];
		imap_caps_keep(reply->text, caps, sizeof(caps));
		e->backend_offers_starttls = imap_caps_has(caps, "STARTTLS");
	} else if (reply->word == IMAP_REPLY_CAPABILITY) {
		caps_keep(e, reply->text);
	} else if (reply->word > IMAP_REPLY_BAD) {
		return broken(e, ret_todo);
	}
	return 0;
}

static int on_seal(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (!is_ours(e, reply) || reply->word != IMAP_REPLY_OK)
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	imap_edge_enter(e, IMAP_BACKEND_TLS);
	*ret_todo = CONV_TODO_BACKEND_TLS;
	return 0;
}

int imap_backend_sealed(struct imap_edge *e, enum conv_todo *ret_todo)
{
	e->backend_is_tls = true;
	e->conv.seen->text[0] = '\0';
	*ret_todo = CONV_TODO_READ;
	return err_up(command_send(e, "E3", "CAPABILITY", IMAP_ASKING));
}

static int on_told(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (is_ours(e, reply) && reply->word == IMAP_REPLY_OK)
		return err_up(imap_client_ready(e, ret_todo));
	if (is_ours(e, reply))
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_BLIND, ret_todo));
	if (reply->kind != IMAP_REPLY_UNTAGGED)
		return broken(e, ret_todo);
	if (reply->word == IMAP_REPLY_BYE)
		return err_up(refused(e, reply, ret_todo));
	bool is_harmless = reply->word == IMAP_REPLY_ID || reply->word <= IMAP_REPLY_BAD;
	return is_harmless ? 0 : broken(e, ret_todo);
}

static int pass(struct imap_edge *e, const struct imap_reply *reply)
{
	return err_up(
		imap_reply_print(reply, e->conv.set->plus_is_bound, &e->conv.out[CONV_CLIENT]));
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
		return e->state == IMAP_IN_ID ? err_up(pass(e, reply)) : broken(e, ret_todo);
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
	return broken(e, ret_todo);
}

/* "+": the next piece of ours, or the client's turn in an AUTHENTICATE. */
static int on_continue(struct imap_edge *e, const struct imap_reply *reply,
                       enum conv_todo *ret_todo)
{
	bool is_waiting = e->state == IMAP_IN_LOGIN || e->state == IMAP_IN_AUTH;
	if (is_waiting && e->pieces.count)
		return err_up(imap_pieces_send(&e->pieces, &e->conv.out[CONV_BACKEND]));
	if (e->state != IMAP_IN_AUTH)
		return broken(e, ret_todo);
	imap_edge_enter(e, IMAP_CHALLENGED);
	return err_up(pass(e, reply));
}

static int on_logged_in(struct imap_edge *e, const struct imap_reply *reply,
                        enum conv_todo *ret_todo)
{
	struct buf *out = &e->conv.out[CONV_CLIENT];
	/* Before all of the credential went out nobody can be logged in. */
	if (e->state == IMAP_CHALLENGED || e->pieces.count)
		return broken(e, ret_todo);
	int r = buf_add(out, reply->line);
	if (!r)
		r = buf_add_str(out, "\r\n");
	if (r)
		return err_up(r);
	e->conv.is_logged_in = true;
	imap_edge_enter(e, IMAP_SPLICED);
	*ret_todo = CONV_TODO_SPLICE;
	return 0;
}

static int on_tagged(struct imap_edge *e, const struct imap_reply *reply, enum conv_todo *ret_todo)
{
	if (e->state == IMAP_READY || !is_ours(e, reply))
		return broken(e, ret_todo);
	if (e->state != IMAP_IN_ID && reply->word == IMAP_REPLY_OK)
		return err_up(on_logged_in(e, reply, ret_todo));
	int r = pass(e, reply);
	if (r)
		return err_up(r);
	imap_pieces_deinit(&e->pieces);
	if (e->state != IMAP_IN_ID && ++e->conv.login_failures >= e->conv.set->login_failures_max)
		return err_up(imap_edge_bye(e, CONV_OUTCOME_LOGIN_FAILED, "too many failed logins",
		                            ret_todo));
	return err_up(imap_client_ready(e, ret_todo));
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

/* Who takes a line of the backend in which state. */
static on_reply *const handlers[IMAP_STATE_COUNT] = {
	[IMAP_GREETING] = on_greeting, [IMAP_ASKING_CLEAR] = on_caps, [IMAP_SEALING] = on_seal,
	[IMAP_ASKING] = on_caps,       [IMAP_TELLING] = on_told,      [IMAP_READY] = on_open,
	[IMAP_IN_ID] = on_open,        [IMAP_IN_LOGIN] = on_open,     [IMAP_IN_AUTH] = on_open,
	[IMAP_CHALLENGED] = on_open,
};

int imap_backend_feed(struct imap_edge *e, struct slice input, size_t *ret_used,
                      enum conv_todo *ret_todo)
{
	struct slice line;
	struct imap_reply reply;
	*ret_todo = CONV_TODO_READ;
	if (e->state == IMAP_BACKEND_TLS)
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	if (!handlers[e->state])
		return broken(e, ret_todo);
	int r = conv_line_take(input, BACKEND_LINE_MAX, &line, ret_used);
	if (r == CONV_LINE_MORE)
		return 0;
	if (r || imap_reply_parse(line, &reply) || ++e->backend_lines > BACKEND_LINES_MAX)
		return broken(e, ret_todo);
	/* Bytes behind the OK to STARTTLS would be read as if they had come inside TLS. */
	if (e->state == IMAP_SEALING && input.len > *ret_used)
		return err_up(imap_edge_lost(e, CONV_OUTCOME_BACKEND_UNSEALED, ret_todo));
	return err_up(handlers[e->state](e, &reply, ret_todo));
}
