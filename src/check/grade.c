#include "check/grade.h"

#include "base/clean.h"

#include <string.h>

enum grade { A_PLUS, A, B, C, D, F, GRADE_COUNT };

static const char *const letters[] = {
	[A_PLUS] = "A+", [A] = "A", [B] = "B", [C] = "C", [D] = "D", [F] = "F",
};
_Static_assert(COUNT_OF(letters) == GRADE_COUNT, "a grade without a letter");

static const char not_tested[] = "something could not be tested";

/* --- of one finding --- */

/* What a failure costs. C where nothing is said: versions, suites, certificates, policies. */
static const struct {
	const char *id;
	enum grade grade;
} failures[] = {
	/* A password can be sent in clear. */
	{ "A12", D },
	{ "B5", D },
	{ "G2", D },
	{ "G4", D },
	{ "G5", D },
	{ "G6", D },
	{ "H1", D },
	{ "H2", D },
	/* Keys and passwords are given away. */
	{ "I1", F },
	{ "I2", F },
	/* Nothing is weaker for it. */
	{ "A8", B },
	{ "F9", B },
};

static enum grade failure_of(const char *id)
{
	for (size_t i = 0; i < COUNT_OF(failures); i++)
		if (!strcmp(failures[i].id, id))
			return failures[i].grade;
	return C;
}

static enum grade cap_of(const struct check_finding *f)
{
	switch (f->verdict) {
	case CHECK_PASS:
	case CHECK_NOT_APPLICABLE:
	case CHECK_INFO:
	case CHECK_NOT_TESTED:
		return A_PLUS;
	case CHECK_WARN:
		return f->criterion->is_security ? B : A;
	case CHECK_FAIL:
		return failure_of(f->criterion->id);
	case CHECK_CRITICAL:
		return F;
	case CHECK_VERDICT_COUNT:
		break;
	}
	return F;
}

const char *check_grade_cap(const struct check_finding *finding)
{
	return letters[cap_of(finding)];
}

/* --- of one recommendation --- */

/* Of port 25, or of users? A criterion of both is where its endpoint is. */
static bool is_about(const struct check_finding *f, enum check_recommendation about)
{
	const struct check_endpoint *e = f->endpoint;
	switch (f->criterion->about) {
	case ADVICE_BETWEEN:
		return about == CHECK_BETWEEN;
	case ADVICE_PASSWORDS:
		return about == CHECK_USERS;
	case ADVICE_INSIDE:
		return about == CHECK_INSIDE;
	case ADVICE_BOTH:
		break;
	}
	if (about == CHECK_INSIDE)
		return false;
	return !e || (e->service == CHECK_SMTP) == (about == CHECK_BETWEEN);
}

/* What the findings of a recommendation come to. */
struct sum {
	enum grade grade;
	const struct check_finding *worst; /* that the grade is by */
	bool has_endpoint;                 /* something but DNS was judged */
	bool is_partial;
	unsigned tls;         /* ports 25 that answered */
	unsigned without_tls; /* of these, without STARTTLS that works */
};

/* Not DNS, and not logins on port 25, which alone are no access of users. */
static bool is_examined(const struct check_finding *f, enum check_recommendation about)
{
	return f->endpoint && (f->endpoint->service == CHECK_SMTP) == (about == CHECK_BETWEEN);
}

static void finding_count(struct sum *s, const struct check_finding *f,
                          enum check_recommendation about)
{
	const char *id = f->criterion->id;
	enum grade grade = cap_of(f);
	if (f->verdict == CHECK_NOT_TESTED) {
		s->is_partial = true;
		return;
	}
	if (grade > s->grade) {
		s->grade = grade;
		s->worst = f;
	}
	if (f->verdict == CHECK_NOT_APPLICABLE)
		return;
	s->has_endpoint |= is_examined(f, about);
	if (!strcmp(id, "B1") || !strcmp(id, "B2")) {
		s->tls += !strcmp(id, "B1");
		s->without_tls += f->verdict == CHECK_FAIL;
	}
}

static bool all_pass(const struct check_report *report, enum check_recommendation about,
                     const char *id)
{
	bool has_any = false;
	for (size_t i = 0; i < report->count; i++) {
		const struct check_finding *f = &report->findings[i];
		if (!is_about(f, about) || strcmp(f->criterion->id, id) != 0)
			continue;
		if (f->verdict != CHECK_PASS)
			return false;
		has_any = true;
	}
	return has_any;
}

/* DANE or MTA-STS for all MX hosts. */
static bool is_protected(const struct check_report *report)
{
	bool has_dane =
		all_pass(report, CHECK_BETWEEN, "F1") && all_pass(report, CHECK_BETWEEN, "F2");
	bool has_sts =
		all_pass(report, CHECK_BETWEEN, "F7") && all_pass(report, CHECK_BETWEEN, "F8");
	return has_dane || has_sts;
}

/* What keeps a spotless one from A+. NULL: nothing. */
static const char *missing_for_plus(const struct check_report *report,
                                    enum check_recommendation about, const struct sum *s)
{
	if (s->is_partial)
		return not_tested;
	if (!all_pass(report, about, "D9"))
		return "no post-quantum key exchange everywhere";
	if (about == CHECK_BETWEEN && !is_protected(report))
		return "neither DANE nor MTA-STS (mode enforce) for all MX hosts";
	return NULL;
}

static struct check_letter letter_of(enum grade grade, bool is_partial, const char *why)
{
	struct check_letter letter = { .is_partial = is_partial, .why = why };
	strcpy(letter.letter, letters[grade]);
	return letter;
}

static struct check_letter no_letter(bool is_partial)
{
	return (struct check_letter){ .letter = "-",
		                      .is_partial = is_partial,
		                      .why = is_partial ? "nothing could be tested"
		                                        : "nothing to examine" };
}

static struct check_letter recommendation_grade(const struct check_report *report,
                                                enum check_recommendation about)
{
	struct sum s = {};
	for (size_t i = 0; i < report->count; i++)
		if (is_about(&report->findings[i], about))
			finding_count(&s, &report->findings[i], about);
	if (s.tls && s.without_tls >= s.tls)
		return letter_of(F, s.is_partial, "no MX host has TLS that works");
	if (!s.has_endpoint && s.grade < C)
		return no_letter(s.is_partial);
	if (s.grade != A_PLUS)
		return letter_of(s.grade, s.is_partial, s.worst->criterion->title);
	const char *missing = missing_for_plus(report, about, &s);
	return letter_of(missing ? A : A_PLUS, s.is_partial, missing ? missing : "");
}

/* --- the whole --- */

static int grade_rank(const struct check_letter *letter)
{
	for (int i = 0; i < GRADE_COUNT; i++)
		if (!strcmp(letters[i], letter->letter))
			return i;
	return -1;
}

static void totals_count(struct check_report *report)
{
	memset(report->totals, 0, sizeof(report->totals));
	for (size_t i = 0; i < report->count; i++)
		report->totals[report->findings[i].verdict]++;
}

void check_grade(struct check_report *report)
{
	struct check_letter *of = report->letters;
	of[CHECK_BETWEEN] = recommendation_grade(report, CHECK_BETWEEN);
	of[CHECK_INSIDE] = (struct check_letter){ .letter = "-", .why = "not seen from outside" };
	of[CHECK_USERS] = recommendation_grade(report, CHECK_USERS);
	bool users_are_worse = grade_rank(&of[CHECK_USERS]) > grade_rank(&of[CHECK_BETWEEN]);
	report->overall = of[users_are_worse ? CHECK_USERS : CHECK_BETWEEN];
	report->overall.is_partial = of[CHECK_BETWEEN].is_partial || of[CHECK_USERS].is_partial;
	if (report->overall.is_partial && !strcmp(report->overall.letter, letters[A_PLUS]))
		report->overall = letter_of(A, true, not_tested);
	totals_count(report);
}
