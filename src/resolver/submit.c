#include "resolver/submit.h"

#include "base/clean.h"
#include "base/err.h"
#include "io/address.h"
#include "io/stream.h"
#include "smtp/hop.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>

enum { PATIENCE_MS = 120 * 1000 }; /* for all of it: the MTA is here */

struct submit {
	struct io_loop *loop;
	struct io_stream stream;
	struct smtp_hop smtp;
	struct io_deadline late;
	struct io_later told;
	submit_fn *fn;
	void *owner;
	char from[SMTP_HOP_LINE_MAX], to[SMTP_HOP_LINE_MAX]; /* within <> */
	struct buf text;
	bool has_ended, is_final;
	char why[256]; /* "": it was taken */
};

/* Told from a later turn. why: NULL if it was taken. */
static void end(struct submit *s, const char *why, bool is_final)
{
	if (s->has_ended)
		return;
	s->has_ended = true;
	s->is_final = is_final;
	snprintf(s->why, sizeof(s->why), "%s", why ? why : "");
	io_deadline_disarm(&s->late);
	io_later_add(s->loop, &s->told);
}

static void on_told(struct io_later *later)
{
	struct submit *s = (struct submit *)((char *)later - offsetof(struct submit, told));
	const struct submit_result result = { .why = s->why[0] ? s->why : NULL,
		                              .is_final = s->is_final };
	s->fn(s->owner, &result); /* s may be gone */
}

static void on_late(struct io_deadline *d)
{
	end((struct submit *)((char *)d - offsetof(struct submit, late)),
	    "our MTA did not answer in time", false);
}

/* With the MTA's own words. */
static void end_said(struct submit *s)
{
	char why[200] = "our MTA ended the session";
	struct slice text = buf_slice(&s->smtp.reply.text);
	if (text.len) {
		struct slice line = slice_trim(slice_head(text, slice_find(text, '\r')));
		int len = snprintf(why, sizeof(why), "our MTA says: ");
		slice_to_text(line, why + len, sizeof(why) - (size_t)len);
	}
	end(s, why, s->smtp.reply.code / 100 == 5);
}

static void envelope_say(struct submit *s)
{
	int r = smtp_hop_mail(
		&s->smtp,
		&(struct smtp_hop_mail){ .path = slice_str(s->from), .size = buf_len(&s->text) },
		SMTP_HOP_MAIL);
	if (!r)
		r = smtp_hop_rcpt(&s->smtp, slice_str(s->to), SMTP_HOP_RCPT);
	if (!r)
		r = smtp_hop_data(&s->smtp, SMTP_HOP_DATA);
	if (r == SMTP_HOP_TOO_BIG)
		end(s, "it is larger than our MTA takes", true);
	else if (r)
		end(s, "it cannot be said in SMTP", r > 0);
}

static void on_reply(struct submit *s)
{
	bool is_well = s->smtp.reply.code / 100 == 2;
	if (!is_well)
		end_said(s);
	else if (s->smtp.of == SMTP_HOP_END)
		end(s, NULL, false);
}

/* A recipient that was refused ended it before. */
static void text_say(struct submit *s)
{
	if (s->has_ended)
		return;
	smtp_hop_text_is_sent(&s->smtp);
	if (io_stream_write(&s->stream, buf_slice(&s->text)) ||
	    io_stream_write(&s->stream, slice_str(".\r\n")))
		end(s, "out of memory", false);
}

/* True: feed it more. */
static bool todo_do(struct submit *s, enum smtp_hop_todo todo)
{
	switch (todo) {
	case SMTP_HOP_READ:
		return true;
	case SMTP_HOP_HELLO:
		smtp_hop_go_plain(&s->smtp);
		envelope_say(s);
		return true;
	case SMTP_HOP_REPLY:
		on_reply(s);
		return true;
	case SMTP_HOP_TEXT:
		text_say(s);
		return true;
	case SMTP_HOP_FAILED:
	case SMTP_HOP_START_TLS:
	case SMTP_HOP_READY:
	case SMTP_HOP_ENDED:
		end_said(s);
		return false;
	}
	return false;
}

static void pump(struct submit *s)
{
	bool goes_on = true;
	while (goes_on && !s->has_ended) {
		enum smtp_hop_todo todo;
		size_t used = 0;
		if (smtp_hop_feed(&s->smtp, io_stream_input(&s->stream), &used, &todo)) {
			end(s, "out of memory", false);
			break;
		}
		io_stream_consume(&s->stream, used);
		goes_on = todo_do(s, todo) && used;
	}
	if (s->has_ended && !s->why[0])
		(void)!smtp_hop_quit(&s->smtp);
	if (buf_len(&s->smtp.out) && io_stream_write(&s->stream, buf_slice(&s->smtp.out)))
		end(s, "out of memory", false);
	buf_clear(&s->smtp.out);
}

static void on_event(struct io_stream *stream, enum io_stream_event event)
{
	struct submit *s = stream->owner;
	char why[200];
	switch (event) {
	case IO_STREAM_DATA:
		pump(s);
		break;
	case IO_STREAM_EOF:
		end(s, "our MTA closed the connection", false);
		break;
	case IO_STREAM_ERROR:
		snprintf(why, sizeof(why), "our MTA (tlsrpt.submit): %s", strerror(stream->error));
		end(s, why, false);
		break;
	case IO_STREAM_CONNECTED:
	case IO_STREAM_ROOM:
	case IO_STREAM_TLS_UP:
	case IO_STREAM_TLS_FAILED:
		break;
	}
}

/* The length for the kernel. */
static socklen_t address_take(const struct conf_address *place, struct sockaddr_storage *ret_sa)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)ret_sa;
	if (place->kind != CONF_ADDRESS_UNIX)
		return io_address_take(place->host, place->port, ret_sa);
	_Static_assert(sizeof(place->host) == sizeof(sun->sun_path), "a path fits");
	*ret_sa = (struct sockaddr_storage){ .ss_family = AF_UNIX };
	memcpy(sun->sun_path, place->host, sizeof(sun->sun_path));
	return sizeof(*sun);
}

static int begin(struct submit *s, const struct submit_settings *set)
{
	struct sockaddr_storage sa;
	struct io_way way = { .to = (struct sockaddr *)&sa };
	way.len = address_take(set->place, &sa);
	if (!way.len)
		return err_raise(-EINVAL);
	int r = buf_add(&s->text, set->text);
	if (!r)
		r = io_stream_connect(&s->stream, s->loop, &way);
	if (r)
		return err_up(r);
	s->stream.on_event = on_event;
	s->stream.owner = s;
	io_deadline_arm(s->loop, &s->late, PATIENCE_MS);
	return 0;
}

int submit_new(struct submit **ret_s, const struct submit_settings *set, submit_fn *fn, void *owner)
{
	struct submit *s = calloc(1, sizeof(*s));
	if (!s)
		return err_raise(-ENOMEM);
	s->loop = set->loop;
	s->fn = fn;
	s->owner = owner;
	s->late.fn = on_late;
	s->told.fn = on_told;
	s->stream.fd = -1;
	snprintf(s->from, sizeof(s->from), "<%s>", set->from);
	snprintf(s->to, sizeof(s->to), "<%s>", set->to);
	smtp_hop_init(&s->smtp, set->hostname);
	int r = begin(s, set);
	if (r) {
		submit_free(s);
		return err_up(r);
	}
	*ret_s = s;
	return 0;
}

void submit_free(struct submit *s)
{
	if (!s)
		return;
	io_deadline_disarm(&s->late);
	io_later_remove(s->loop, &s->told);
	io_stream_deinit(&s->stream);
	smtp_hop_deinit(&s->smtp);
	buf_deinit(&s->text);
	free(s);
}
