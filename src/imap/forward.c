#include "imap/forward.h"

#include "base/clean.h"
#include "base/err.h"
#include "imap/caps.h"
#include "sasl/secret.h"

#include <stdio.h>

enum {
	LITERAL_MINUS_MAX = 4096, /* RFC 7888 5 */
	ID_VALUE_MAX = 1024,      /* RFC 2971 3.3 */
};

static void secret_deinit(struct buf *b)
{
	buf_deinit_secret(b);
}

void imap_pieces_deinit(struct imap_pieces *p)
{
	buf_deinit_secret(&p->bytes);
	*p = (struct imap_pieces){};
}

/* What was added so far is one piece. */
static void piece_end(struct imap_pieces *p)
{
	p->ends[p->count++] = buf_len(&p->bytes);
}

int imap_pieces_send(struct imap_pieces *p, struct buf *out)
{
	struct slice piece = slice_head(buf_slice(&p->bytes), p->ends[p->next]);
	piece = slice_skip(piece, p->sent);
	int r = sasl_secret_add(out, piece);
	if (r)
		return err_up(r);
	p->sent += piece.len;
	p->next++;
	if (p->next == p->count)
		imap_pieces_deinit(p);
	return 0;
}

static int add_str(struct imap_pieces *p, const char *text)
{
	return err_up(sasl_secret_add(&p->bytes, slice_str(text)));
}

static int add_start(struct imap_pieces *p, const struct imap_command *command, const char *verb)
{
	*p = (struct imap_pieces){};
	int r = sasl_secret_add(&p->bytes, command->tag);
	return r ? err_up(r) : add_str(p, verb);
}

static bool may_be_plus(size_t len, const char *caps)
{
	if (imap_caps_has(caps, "LITERAL+"))
		return true;
	return len <= LITERAL_MINUS_MAX && imap_caps_has(caps, "LITERAL-");
}

static int add_literal(struct imap_pieces *p, struct slice value, const char *caps)
{
	bool is_plus = may_be_plus(value.len, caps);
	char announced[32];
	snprintf(announced, sizeof(announced), "{%zu%s}\r\n", value.len, is_plus ? "+" : "");
	int r = add_str(p, announced);
	if (r)
		return err_up(r);
	if (!is_plus)
		piece_end(p);
	return err_up(sasl_secret_add(&p->bytes, value));
}

static int add_string(struct imap_pieces *p, const struct conv_token *token, const char *caps)
{
	CLEAN(secret_deinit) struct buf value = {};
	int r = conv_token_value(token, &value);
	if (!r)
		r = add_str(p, " ");
	if (r)
		return err_up(r);
	if (conv_is_quotable(buf_slice(&value)))
		return err_up(conv_quoted_add(&p->bytes, buf_slice(&value)));
	return err_up(add_literal(p, buf_slice(&value), caps));
}

int imap_login_build(const struct imap_command *command, const char *caps,
                     struct imap_pieces *ret_pieces)
{
	struct imap_pieces *p = ret_pieces;
	int r = add_start(p, command, " LOGIN");
	for (size_t i = 0; i < 2 && !r; i++)
		r = add_string(p, &command->tokens[i], caps);
	if (!r)
		r = add_str(p, "\r\n");
	if (r)
		return err_up(r);
	piece_end(p);
	return 0;
}

int imap_auth_build(const struct imap_command *command, const char *caps,
                    struct imap_pieces *ret_pieces)
{
	struct imap_pieces *p = ret_pieces;
	int r = add_start(p, command, " AUTHENTICATE ");
	if (!r)
		r = sasl_secret_add(&p->bytes, command->tokens[0].text);
	if (!r && command->count > 1) {
		struct slice response = command->tokens[1].text;
		bool has_ir = imap_caps_has(caps, "SASL-IR");
		r = add_str(p, has_ir ? " " : "\r\n");
		if (!has_ir)
			piece_end(p);
		/* "=" is the empty response in a command only (RFC 4959 3). */
		if (!r && (has_ir || !slice_equal(response, slice_str("="))))
			r = sasl_secret_add(&p->bytes, response);
	}
	if (!r)
		r = add_str(p, "\r\n");
	if (r)
		return err_up(r);
	piece_end(p);
	return 0;
}

bool imap_id_is_valid(const struct imap_command *command)
{
	size_t count = command->count;
	if (count == 1)
		return conv_token_is_atom(&command->tokens[0], "NIL");
	if (count < 2 || count % 2 || command->tokens[0].kind != CONV_TOKEN_OPEN ||
	    command->tokens[count - 1].kind != CONV_TOKEN_CLOSE)
		return false;
	for (size_t i = 1; i < count - 1; i++)
		if (!conv_token_is_string(&command->tokens[i]))
			return false;
	return true;
}

/* One field, unless it is the proxy's. */
static int add_field(const struct conv_token *pair, struct buf *out, bool *is_first)
{
	char key[64];
	char value[ID_VALUE_MAX];
	int r = conv_token_text(&pair[0], key, sizeof(key));
	if (r)
		return err_up(r);
	if (slice_starts_nocase(slice_str(key), "x-"))
		return 0;
	r = buf_add_str(out, *is_first ? "(" : " ");
	*is_first = false;
	if (!r)
		r = conv_quoted_add(out, slice_str(key));
	if (r)
		return err_up(r);
	if (conv_token_is_atom(&pair[1], "NIL"))
		return err_up(buf_add_str(out, " NIL"));
	r = conv_token_text(&pair[1], value, sizeof(value));
	if (!r)
		r = buf_add_str(out, " ");
	return r ? err_up(r) : err_up(conv_quoted_add(out, slice_str(value)));
}

int imap_id_build(const struct imap_command *command, struct buf *ret_out)
{
	bool is_first = true;
	int r = buf_add(ret_out, command->tag);
	if (!r)
		r = buf_add_str(ret_out, " ID ");
	for (size_t i = 1; i + 2 < command->count && !r; i += 2)
		r = add_field(&command->tokens[i], ret_out, &is_first);
	return r ? err_up(r) : err_up(buf_add_str(ret_out, is_first ? "NIL\r\n" : ")\r\n"));
}

void imap_id_software(const struct imap_command *command, char *ret_text, size_t cap)
{
	static const char *const keys[] = { "name", "version", "vendor" };
	ret_text[0] = '\0';
	for (size_t k = 0; k < COUNT_OF(keys); k++) {
		for (size_t i = 1; i + 2 < command->count; i += 2) {
			char value[64];
			size_t len = strlen(ret_text);
			const struct conv_token *pair = &command->tokens[i];
			if (!slice_equal_nocase(pair[0].text, slice_str(keys[k])) ||
			    conv_token_is_atom(&pair[1], "NIL") ||
			    conv_token_text(&pair[1], value, sizeof(value)))
				continue;
			snprintf(ret_text + len, cap - len, "%s%s", len ? " " : "", value);
		}
	}
}
