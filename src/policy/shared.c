#include "policy/shared.h"

#include "base/clean.h"
#include "base/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	DIGITS_MAX = 15,
	DAY_S = 24 * 3600, /* so far clocks may differ */
};

/* Up to the next space, or all; it goes on behind it. */
static struct slice word_take(struct slice *rest)
{
	struct slice word = slice_head(*rest, slice_find(*rest, ' '));
	*rest = slice_skip(*rest, word.len + 1);
	return word;
}

static bool number_take(struct slice *rest, int64_t max, int64_t *ret_number)
{
	struct slice word = word_take(rest);
	int64_t number = 0;
	if (!word.len || word.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		number = number * 10 + (word.data[i] - '0');
	}
	*ret_number = number;
	return number <= max;
}

/* --- what a host had --- */

void policy_shared_memory_print(const struct policy_shared_memory *m,
                                char ret_text[POLICY_SHARED_CAP])
{
	snprintf(ret_text, POLICY_SHARED_CAP, "%" PRId64 " %" PRId64 " %" PRIu32 " %d %" PRId64,
	         m->sealed_since_s, m->sealed_last_s, m->sessions, m->was_trusted, m->lost_since_s);
}

bool policy_shared_memory_parse(struct slice text, int64_t now_s,
                                struct policy_shared_memory *ret_memory)
{
	int64_t since, last, sessions, trusted, lost, latest = now_s + DAY_S;
	if (!number_take(&text, latest, &since) || !number_take(&text, latest, &last) ||
	    !number_take(&text, POLICY_SHARED_SESSIONS_MAX, &sessions) ||
	    !number_take(&text, 1, &trusted) || !number_take(&text, latest, &lost) || text.len ||
	    !since || !sessions || since > last)
		return false;
	*ret_memory = (struct policy_shared_memory){
		.sealed_since_s = since,
		.sealed_last_s = last,
		.sessions = (uint32_t)sessions,
		.was_trusted = trusted,
		.lost_since_s = lost,
	};
	return true;
}

static int64_t first_of(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

void policy_shared_memory_add(struct policy_shared_memory *sum,
                              const struct policy_shared_memory *more)
{
	uint32_t sessions = sum->sessions + more->sessions;
	if (more->sealed_last_s > sum->sealed_last_s) {
		sum->sealed_last_s = more->sealed_last_s;
		sum->was_trusted = more->was_trusted;
	}
	sum->sealed_since_s = first_of(sum->sealed_since_s, more->sealed_since_s);
	sum->sessions =
		sessions > POLICY_SHARED_SESSIONS_MAX ? POLICY_SHARED_SESSIONS_MAX : sessions;
	sum->lost_since_s = first_of(sum->lost_since_s, more->lost_since_s);
	if (sum->lost_since_s <= sum->sealed_last_s) /* it was back, at one of them */
		sum->lost_since_s = 0;
}

/* --- what is wrong with it --- */

void policy_shared_fault_print(const struct policy_shared_fault *f,
                               char ret_text[POLICY_SHARED_CAP])
{
	snprintf(ret_text, POLICY_SHARED_CAP, "%" PRId64 " %" PRId64 " %" PRId64,
	         f->failing_since_s, f->failed_last_s, f->small_until_s);
}

bool policy_shared_fault_parse(struct slice text, int64_t now_s,
                               struct policy_shared_fault *ret_fault)
{
	struct policy_shared_fault f;
	int64_t latest = now_s + DAY_S;
	if (!number_take(&text, latest, &f.failing_since_s) ||
	    !number_take(&text, latest, &f.failed_last_s) ||
	    !number_take(&text, latest + POLICY_FAULT_SMALL_S, &f.small_until_s) || text.len)
		return false;
	*ret_fault = f;
	return true;
}

void policy_shared_fault_add(struct policy_fault *fault, const struct policy_shared_fault *more,
                             int64_t now_s)
{
	if (more->failing_since_s && more->failed_last_s > now_s - POLICY_FAULT_FORGET_S)
		fault->failing_since_s = first_of(fault->failing_since_s, more->failing_since_s);
	if (more->small_until_s > now_s && more->small_until_s > fault->small_until_s)
		fault->small_until_s = more->small_until_s;
}

/* --- MTA-STS --- */

int policy_shared_sts_print(const struct policy_shared_sts *p, struct buf *ret_text)
{
	buf_clear(ret_text);
	int r = buf_printf(ret_text, "%s %" PRId64 " %" PRId64 " ", p->id, p->fetched_s,
	                   p->expires_s);
	return r ? err_up(r) : err_up(buf_add(ret_text, p->text));
}

/* RFC 8461 3.1 */
static bool id_take(struct slice word, char *ret_id)
{
	if (!word.len || word.len > POLICY_STS_ID_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		uint8_t letter = word.data[i] | 0x20;
		if (!(letter >= 'a' && letter <= 'z') &&
		    !(word.data[i] >= '0' && word.data[i] <= '9'))
			return false;
	}
	memcpy(ret_id, word.data, word.len);
	ret_id[word.len] = '\0';
	return true;
}

bool policy_shared_sts_parse(struct slice text, int64_t now_s, struct policy_shared_sts *ret_policy)
{
	static const int64_t age_max = POLICY_STS_MAX_AGE_S;
	struct policy_shared_sts p = {};
	struct policy_sts policy;
	const char *why;
	if (!id_take(word_take(&text), p.id) || !number_take(&text, now_s + DAY_S, &p.fetched_s) ||
	    !number_take(&text, now_s + age_max, &p.expires_s) || p.expires_s <= now_s ||
	    text.len > POLICY_STS_FILE_MAX || policy_sts_parse(text, &policy, &why) ||
	    policy.mode != POLICY_STS_ENFORCE || p.expires_s > p.fetched_s + policy.max_age_s)
		return false;
	p.text = text;
	*ret_policy = p;
	return true;
}
