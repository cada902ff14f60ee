/* What the files of check/judge.c share: one small function a criterion. */
#ifndef CHECK_JUDGE_RULES_H
#define CHECK_JUDGE_RULES_H

#include "advice/profile.h"
#include "check/judge.h"

/* What a rule says. */
struct ruling {
	enum check_verdict verdict;
	char evidence[CHECK_TEXT_CAP * 2];
};

struct check_judge {
	const struct check_domain *domain;
	const struct advice_profile *profile;
	struct check_report *report;
	bool is_out_of_memory; /* the rest is for nothing */
};

/* An endpoint that is open, and what stands around it. */
struct check_judge_at {
	const struct check_judge *judge;
	const struct check_domain *domain;
	const struct advice_profile *profile;
	const struct check_endpoint *endpoint;
	const char *id;                   /* of the criterion; NULL: between rules */
	const struct policy_way_host *mx; /* the endpoint's host as MX; NULL: it is none */
	enum advice_side side;
	const struct advice_scale *scale; /* of the profile, for that side */
};

/* --- saying --- */

/* Returns true, so that a rule may end in it. */
bool check_judge_say(struct ruling *r, enum check_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool check_judge_say_grade(struct ruling *r, enum advice_grade grade, const char *evidence);
/* The fact is not known: not tested where a probe that the criterion needs was lost, else nothing
 * to say (false): it was not asked for. */
bool check_judge_say_unseen(const struct check_judge_at *at, struct ruling *r);
/* A fact with two answers: its verdict of YES or of NO. */
struct two {
	enum check_verdict yes, no;
	const char *yes_words, *no_words;
};
bool check_judge_say_seen(const struct check_judge_at *at, struct ruling *r, enum check_seen seen,
                          const struct two *two);

/* Appends to a list, ", " between; "" at first. What does not fit is left out. cap: of text */
void check_judge_list_add(char *text, size_t cap, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

enum advice_grade check_judge_worse(enum advice_grade a, enum advice_grade b);
enum check_verdict check_judge_verdict(enum advice_grade grade);

/* --- where --- */

/* Adds a finding. place: a name, or NULL for the endpoint's; the texts may be strangers'. */
void check_judge_add(struct check_judge *j, const char *id, const char *place,
                     const struct ruling *r);
void check_judge_add_endpoint(struct check_judge *j, const char *id, const struct check_endpoint *e,
                              const struct ruling *r);

/* "mx.example.org:25/smtp [192.0.2.1]". CHECK_TEXT_CAP bytes at least. */
void check_judge_place(const struct check_endpoint *e, char *ret_text, size_t cap);

struct check_judge_at check_judge_at_of(const struct check_judge *j,
                                        const struct check_endpoint *e);
const struct policy_way_host *check_judge_mx_of(const struct check_domain *d, const char *host);
const struct check_host *check_judge_host_of(const struct check_domain *d, const char *name);

static inline bool check_judge_is_open(const struct check_endpoint *e)
{
	return e->reach == CHECK_OPEN;
}

/* Of users, for mail: not of providers, not of browsers. */
bool check_judge_is_user_port(enum check_service service);
/* TLS below 1.3 is spoken: what is no question in 1.3 is one. */
bool check_judge_has_old_tls(const struct check_endpoint *e);
bool check_judge_has_version(const struct check_endpoint *e, enum check_version version);

/* TLSA records of this MX host that anybody would ask for, and that hold (RFC 7672 2.2). */
bool check_judge_has_tlsa(const struct policy_way_host *mx);
size_t check_judge_usable_tlsa(const struct policy_way_host *mx);
/* All MX hosts have them. */
bool check_judge_has_dane(const struct check_domain *d);
bool check_judge_enforces_sts(const struct check_domain *d);

/* A word of a list with spaces, without regard to case. */
bool check_judge_words_have(const char *words, const char *word);
/* The first mechanism of the list whose secret crosses as it is; NULL: none. */
const char *check_judge_clear_mechanism(const char *auth);

/* --- rules --- */

enum {
	FOR_SMTP = 1 << CHECK_SMTP,
	FOR_USERS = 1 << CHECK_SUBMISSION | 1 << CHECK_SUBMISSIONS | 1 << CHECK_IMAP |
	            1 << CHECK_IMAPS | 1 << CHECK_POP3 | 1 << CHECK_POP3S | 1 << CHECK_MANAGESIEVE,
	FOR_MAIL = FOR_SMTP | FOR_USERS,
	FOR_STARTTLS = FOR_SMTP | 1 << CHECK_SUBMISSION | 1 << CHECK_IMAP | 1 << CHECK_POP3 |
	               1 << CHECK_MANAGESIEVE,
	FOR_ALL = FOR_MAIL | 1 << CHECK_HTTPS | 1 << CHECK_TLS,
};

/* False: nothing to say. */
typedef bool check_judge_rule_fn(const struct check_judge_at *at, struct ruling *r);

struct check_judge_rule {
	const char *id;
	unsigned services;
	bool needs_tls; /* it says nothing of an endpoint without */
	check_judge_rule_fn *fn;
};

/* Of endpoints. Each list ends with an id that is NULL. */
extern const struct check_judge_rule check_judge_smtp_rules[], check_judge_version_rules[],
	check_judge_suite_rules[], check_judge_handshake_rules[], check_judge_certificate_rules[],
	check_judge_dane_rules[], check_judge_user_rules[], check_judge_web_rules[],
	check_judge_attack_rules[];

/* Of the domain and its hosts; each adds its findings. */
void check_judge_dns(struct check_judge *j);
void check_judge_downgrade(struct check_judge *j);
void check_judge_users(struct check_judge *j);
/* Of several places, by what was found of each. Last. */
void check_judge_across(struct check_judge *j);

#endif
