#include "check/opening.h"

#include "base/clean.h"
#include "base/err.h"
#include "check/answer.h"
#include "check/software.h"

#include <stdio.h>

static const char *const end_words[] = {
	[CHECK_OPENING_UNDER_WAY] = "under way",
	[CHECK_OPENING_DONE] = "done",
	[CHECK_OPENING_NO_STARTTLS] = "offers no STARTTLS",
	[CHECK_OPENING_REFUSED] = "refuses STARTTLS",
	[CHECK_OPENING_RATE] = "turned us away",
	[CHECK_OPENING_FOREIGN] = "speaks another protocol",
	[CHECK_OPENING_SHUT] = "ended the connection",
};
_Static_assert(COUNT_OF(end_words) == CHECK_OPENING_END_COUNT, "an end without words");

const char *check_opening_end_words(enum check_opening_end end)
{
	return end_words[end];
}

void check_opening_init(struct check_opening *o, const struct check_opening_settings *set)
{
	*o = (struct check_opening){ .set = *set, .language = check_language_of(set->service) };
	bool is_clear = check_service_has_starttls(set->service);
	o->set.asks_mail &= is_clear && o->language == CHECK_SPEAKS_SMTP;
	o->set.injects &= is_clear;
}

void check_opening_deinit(struct check_opening *o)
{
	if (!o)
		return;
	buf_deinit(&o->out);
	smtp_reply_deinit(&o->reply);
}

static void turn(struct check_opening *o, enum check_opening_state state)
{
	if (o->state != CHECK_OPENING_ENDED)
		o->state = state;
}

static enum check_opening_todo end(struct check_opening *o, enum check_opening_end how)
{
	turn(o, CHECK_OPENING_ENDED);
	if (o->end == CHECK_OPENING_UNDER_WAY)
		o->end = how;
	return CHECK_OPENING_OVER;
}

/* In clear, and where the server still listens, QUIT comes first. */
static int leave(struct check_opening *o, enum check_opening_end how,
                 enum check_opening_todo *ret_todo)
{
	const char *quit = check_phrases_of(o->language)->quit;
	*ret_todo = end(o, how);
	return quit ? err_up(buf_add_str(&o->out, quit)) : 0;
}

static int say(struct check_opening *o, enum check_opening_state state, const char *line)
{
	turn(o, state);
	o->caps = (struct conv_caps){};
	return err_up(buf_add_str(&o->out, line));
}

static int ask(struct check_opening *o, enum check_opening_state state)
{
	const struct check_phrases *phrases = check_phrases_of(o->language);
	if (o->language != CHECK_SPEAKS_SMTP)
		return err_up(say(o, state, phrases->ask));
	turn(o, state);
	return err_up(buf_printf(&o->out, "%s %s\r\n", o->set.says_lhlo ? "LHLO" : phrases->ask,
	                         o->set.hostname));
}

static void guess(struct check_opening *o, const char *words)
{
	check_software_guess(slice_str(words), o->software, sizeof(o->software));
}

/* --- What follows an answer: one function a state --- */

static int on_starttls_may(struct check_opening *o, enum check_opening_todo *ret_todo)
{
	const struct check_phrases *phrases = check_phrases_of(o->language);
	/* A server of before RFC 2449 has no CAPA, and may have STLS all the same. */
	bool is_worth_it = o->clear.offers_starttls ||
	                   (o->language == CHECK_SPEAKS_POP3 && !o->clear.was_heard);
	if (!is_worth_it)
		return err_up(leave(o, CHECK_OPENING_NO_STARTTLS, ret_todo));
	int r = say(o, CHECK_OPENING_STARTTLS, phrases->starttls);
	if (!r && o->set.injects)
		r = buf_add_str(&o->out, phrases->inject);
	return err_up(r);
}

static void heard(struct check_opening *o)
{
	struct check_talk *talk = o->is_tls ? &o->sealed : &o->clear;
	check_talk_read(talk, o->language, &o->caps);
	guess(o, o->answer);
	guess(o, talk->caps);
}

static int on_clear_caps(struct check_opening *o, enum check_opening_todo *ret_todo)
{
	heard(o);
	check_answer_name(o, o->name, sizeof(o->name));
	if (!o->set.asks_mail)
		return err_up(on_starttls_may(o, ret_todo));
	return err_up(say(o, CHECK_OPENING_MAIL, "MAIL FROM:<>\r\n"));
}

static int on_sealed_caps(struct check_opening *o, enum check_opening_todo *ret_todo)
{
	const char *prove = check_phrases_of(o->language)->prove;
	heard(o);
	if (o->set.injects && prove) {
		o->was_caps = check_answer_is_caps(o);
		return err_up(say(o, CHECK_OPENING_PROVING, prove));
	}
	if (o->set.injects)
		o->injection = o->answer_is_injected ? CHECK_YES : CHECK_NO;
	turn(o, CHECK_OPENING_IDLE);
	*ret_todo = CHECK_OPENING_LOOKED;
	return 0;
}

static int on_caps(struct check_opening *o, enum check_opening_todo *ret_todo)
{
	return o->is_tls ? err_up(on_sealed_caps(o, ret_todo)) : err_up(on_clear_caps(o, ret_todo));
}

static int on_greeting(struct check_opening *o, enum check_answer answer,
                       enum check_opening_todo *ret_todo)
{
	memcpy(o->greeting, o->answer, sizeof(o->greeting));
	guess(o, o->greeting);
	if (answer == CHECK_ANSWER_NO || (o->language == CHECK_SPEAKS_SMTP && o->reply.code != 220))
		return err_up(leave(o, CHECK_OPENING_RATE, ret_todo));
	o->clear.is_preauth = !o->is_tls && o->is_preauth;
	o->sealed.is_preauth = o->is_tls && o->is_preauth;
	if (check_phrases_of(o->language)->greets_with_caps)
		return err_up(on_caps(o, ret_todo));
	return err_up(ask(o, o->is_tls ? CHECK_OPENING_AGAIN : CHECK_OPENING_ASKING));
}

/* EHLO refused for good: RFC 5321 3.2. 4yz is "not now". */
static int on_ehlo_refused(struct check_opening *o, enum check_opening_todo *ret_todo)
{
	if (o->reply.code / 100 == 4)
		return err_up(leave(o, CHECK_OPENING_RATE, ret_todo));
	turn(o, CHECK_OPENING_HELO);
	return err_up(buf_printf(&o->out, "HELO %s\r\n", o->set.hostname));
}

static int on_asked(struct check_opening *o, enum check_answer answer,
                    enum check_opening_todo *ret_todo)
{
	if (answer == CHECK_ANSWER_YES)
		return err_up(on_caps(o, ret_todo));
	if (o->language == CHECK_SPEAKS_SMTP)
		return err_up(on_ehlo_refused(o, ret_todo));
	if (!o->is_tls)
		return err_up(on_starttls_may(o, ret_todo));
	turn(o, CHECK_OPENING_IDLE);
	*ret_todo = CHECK_OPENING_LOOKED;
	return 0;
}

static int on_helo(struct check_opening *o, enum check_answer answer,
                   enum check_opening_todo *ret_todo)
{
	if (answer == CHECK_ANSWER_NO)
		return err_up(leave(o, CHECK_OPENING_RATE, ret_todo));
	o->caps = (struct conv_caps){}; /* the lines of a HELO are words */
	return err_up(on_caps(o, ret_todo));
}

static int on_mail(struct check_opening *o, enum check_answer answer,
                   enum check_opening_todo *ret_todo)
{
	(void)ret_todo;
	memcpy(o->plain_mail_answer, o->answer, sizeof(o->plain_mail_answer));
	if (answer == CHECK_ANSWER_YES)
		o->plain_mail = CHECK_YES;
	else if (o->reply.code / 100 == 5 || o->reply.code == 454)
		o->plain_mail = CHECK_NO;
	return err_up(say(o, CHECK_OPENING_RSET, "RSET\r\n"));
}

static int on_rset(struct check_opening *o, enum check_answer answer,
                   enum check_opening_todo *ret_todo)
{
	(void)answer;
	return err_up(on_starttls_may(o, ret_todo));
}

/* 454 is "TLS not available" (RFC 3207 4); other 4yz are of the kind that says come back later. */
static bool is_rate(const struct check_opening *o)
{
	return o->language == CHECK_SPEAKS_SMTP && o->reply.code / 100 == 4 && o->reply.code != 454;
}

static int on_starttls(struct check_opening *o, enum check_answer answer,
                       enum check_opening_todo *ret_todo)
{
	if (answer == CHECK_ANSWER_YES) {
		turn(o, CHECK_OPENING_IN_TLS);
		*ret_todo = CHECK_OPENING_START_TLS;
		return 0;
	}
	if (o->set.injects)
		o->injection = CHECK_NO; /* it refused the whole of it */
	return err_up(leave(o, is_rate(o) ? CHECK_OPENING_RATE : CHECK_OPENING_REFUSED, ret_todo));
}

static int on_noop(struct check_opening *o, enum check_answer answer,
                   enum check_opening_todo *ret_todo)
{
	(void)answer;
	turn(o, CHECK_OPENING_IDLE);
	*ret_todo = CHECK_OPENING_NOOPED;
	return 0;
}

/* With QUIT of its own the session would be over, and there is more to be seen in it. */
static int on_proved(struct check_opening *o, enum check_answer answer,
                     enum check_opening_todo *ret_todo)
{
	(void)answer;
	bool is_caps = check_answer_is_caps(o);
	/* EHLO is ours, and what is asked now has another answer; ManageSieve tells capabilities
	 * unasked, and now because they were asked for. */
	bool is_injected = o->language == CHECK_SPEAKS_SIEVE ? !o->was_caps || !is_caps
	                                                     : !o->was_caps && is_caps;
	o->injection = is_injected ? CHECK_YES : CHECK_NO;
	if (is_caps)
		heard(o);
	turn(o, CHECK_OPENING_IDLE);
	*ret_todo = CHECK_OPENING_LOOKED;
	return 0;
}

static int on_unasked(struct check_opening *o, enum check_answer answer,
                      enum check_opening_todo *ret_todo)
{
	(void)answer;
	(void)o;
	*ret_todo = CHECK_OPENING_READ;
	return 0;
}

static int (*const answered[])(struct check_opening *o, enum check_answer answer,
                               enum check_opening_todo *ret_todo) = {
	[CHECK_OPENING_GREETING] = on_greeting, [CHECK_OPENING_ASKING] = on_asked,
	[CHECK_OPENING_HELO] = on_helo,         [CHECK_OPENING_MAIL] = on_mail,
	[CHECK_OPENING_RSET] = on_rset,         [CHECK_OPENING_STARTTLS] = on_starttls,
	[CHECK_OPENING_IN_TLS] = on_unasked,    [CHECK_OPENING_AGAIN] = on_asked,
	[CHECK_OPENING_IDLE] = on_unasked,      [CHECK_OPENING_NOOP] = on_noop,
	[CHECK_OPENING_PROVING] = on_proved,    [CHECK_OPENING_ENDED] = on_unasked,
};
_Static_assert(COUNT_OF(answered) == CHECK_OPENING_STATE_COUNT, "a state nobody answers in");

static int answer_do(struct check_opening *o, enum check_answer answer,
                     enum check_opening_todo *ret_todo)
{
	switch (answer) {
	case CHECK_ANSWER_MORE:
		return 0;
	case CHECK_ANSWER_AWAY:
		if (o->set.injects && o->state == CHECK_OPENING_STARTTLS)
			o->injection = CHECK_NO; /* it had time for us until then */
		*ret_todo = end(o, CHECK_OPENING_RATE);
		return 0;
	case CHECK_ANSWER_RUBBISH:
		*ret_todo = end(o, CHECK_OPENING_FOREIGN);
		return 0;
	case CHECK_ANSWER_YES:
	case CHECK_ANSWER_NO:
		o->was_heard = true;
		int r = answered[o->state](o, answer, ret_todo);
		smtp_reply_clear(&o->reply);
		return err_up(r);
	}
	return 0;
}

/* --- Events --- */

/* TLS, or a language of TLS alone, from the first byte on. */
enum check_opening_todo check_opening_start(struct check_opening *o)
{
	if (check_service_has_starttls(o->set.service))
		return CHECK_OPENING_READ;
	turn(o, CHECK_OPENING_IN_TLS);
	return CHECK_OPENING_START_TLS;
}

int check_opening_feed(struct check_opening *o, struct slice input, size_t *ret_used,
                       enum check_opening_todo *ret_todo)
{
	enum check_answer answer = CHECK_ANSWER_MORE;
	*ret_used = 0;
	*ret_todo = CHECK_OPENING_READ;
	if (o->state == CHECK_OPENING_ENDED || o->state == CHECK_OPENING_IN_TLS ||
	    o->language == CHECK_SPEAKS_NOTHING || !input.len)
		return 0;
	int r = check_answer_take(o, input, ret_used, &answer);
	if (r)
		return err_up(r);
	o->input_len += *ret_used;
	if (o->input_len > CHECK_OPENING_INPUT_MAX) {
		snprintf(o->answer, sizeof(o->answer), "more words than anybody reads");
		answer = CHECK_ANSWER_RUBBISH;
	}
	return err_up(answer_do(o, answer, ret_todo));
}

int check_opening_tls_up(struct check_opening *o, enum check_opening_todo *ret_todo)
{
	bool is_implicit = !check_service_has_starttls(o->set.service);
	*ret_todo = CHECK_OPENING_READ;
	if (o->state != CHECK_OPENING_IN_TLS)
		return 0;
	o->is_tls = true;
	o->caps = (struct conv_caps){};
	if (o->language == CHECK_SPEAKS_NOTHING) {
		turn(o, CHECK_OPENING_IDLE);
		*ret_todo = CHECK_OPENING_LOOKED;
		return 0;
	}
	if (is_implicit) {
		turn(o, CHECK_OPENING_GREETING);
		return 0;
	}
	if (!check_phrases_of(o->language)->greets_with_caps)
		return err_up(ask(o, CHECK_OPENING_AGAIN));
	turn(o, CHECK_OPENING_AGAIN);
	return 0;
}

int check_opening_noop(struct check_opening *o)
{
	const char *noop = check_phrases_of(o->language)->noop;
	if (o->state != CHECK_OPENING_IDLE || !noop)
		return 0;
	return err_up(say(o, CHECK_OPENING_NOOP, noop));
}

int check_opening_quit(struct check_opening *o)
{
	enum check_opening_todo todo;
	return o->state == CHECK_OPENING_IDLE ? err_up(leave(o, CHECK_OPENING_DONE, &todo)) : 0;
}

void check_opening_eof(struct check_opening *o)
{
	bool was_refused = o->state == CHECK_OPENING_STARTTLS || o->state == CHECK_OPENING_IN_TLS;
	if (o->set.injects && was_refused)
		o->injection = CHECK_NO;
	if (o->state == CHECK_OPENING_IDLE)
		end(o, CHECK_OPENING_DONE);
	else
		end(o, o->was_heard ? CHECK_OPENING_SHUT : CHECK_OPENING_RATE);
}
