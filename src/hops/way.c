#include "hops/way.h"

#include "base/clean.h"
#include "hops/results.h"

static const char *const leg_names[] = {
	[HOPS_LEG_UNKNOWN] = "",        [HOPS_LEG_USER] = "user",   [HOPS_LEG_INSIDE] = "inside",
	[HOPS_LEG_BETWEEN] = "between", [HOPS_LEG_LOCAL] = "local",
};
_Static_assert(COUNT_OF(leg_names) == HOPS_LEG_COUNT);

static const char *const result_names[] = {
	[HOPS_RESULT_PLAIN] = "plain",     [HOPS_RESULT_LEGACY] = "legacy",
	[HOPS_RESULT_UNKNOWN] = "unknown", [HOPS_RESULT_ENCRYPTED] = "encrypted",
	[HOPS_RESULT_SEALED] = "sealed",   [HOPS_RESULT_LOCAL] = "local",
};
_Static_assert(COUNT_OF(result_names) == HOPS_RESULT_COUNT);

const char *hops_leg_name(enum hops_leg leg)
{
	return leg_names[leg];
}

const char *hops_result_name(enum hops_result result)
{
	return result_names[result];
}

void hops_way_init(struct hops_way *w, const struct hops_settings *settings)
{
	w->count = w->left_out = 0;
	w->settings = settings;
	w->has_boundary = !hops_hosts_are_none(&settings->trusted);
	w->is_from_ours = true;
	w->has_results = false;
}

static void text_take(struct slice from, char *ret_text, size_t cap)
{
	size_t len = from.len < cap ? from.len : cap - 1;
	if (len)
		memcpy(ret_text, from.data, len);
	ret_text[len] = '\0';
}

/* --- whose word it is --- */

static bool is_by_trusted(const struct hops_way *w, const struct hops_judged *j)
{
	return hops_hosts_has_name(&w->settings->trusted, hops_received_word(&j->parts, HOPS_BY)) ||
	       hops_hosts_has_address(&w->settings->trusted, &j->peer.by);
}

/* Only an address, or a name that was looked up both ways, tells who brought it. */
static bool is_ours(const struct hops_way *w, const struct hops_judged *j)
{
	enum hops_scope scope = hops_address_scope(&j->peer.address);
	if (j->verdict == HOPS_LOCAL || scope == HOPS_SCOPE_HOST || scope == HOPS_SCOPE_PRIVATE)
		return true;
	if (scope == HOPS_SCOPE_UNKNOWN)
		return !j->parts.clauses[HOPS_FROM].len;
	return hops_hosts_has_address(&w->settings->trusted, &j->peer.address) ||
	       (j->vendor.checks_names && hops_hosts_has_name(&w->settings->trusted, j->peer.name));
}

/* --- a hop --- */

static enum hops_leg leg_of(const struct hops_way *w, const struct hops_judged *j)
{
	enum hops_scope scope = hops_address_scope(&j->peer.address);
	if (j->verdict == HOPS_LOCAL || scope == HOPS_SCOPE_HOST)
		return HOPS_LEG_LOCAL;
	if (scope == HOPS_SCOPE_UNKNOWN)
		return HOPS_LEG_UNKNOWN;
	return scope == HOPS_SCOPE_PRIVATE || is_ours(w, j) ? HOPS_LEG_INSIDE : HOPS_LEG_BETWEEN;
}

static void hop_fill(const struct hops_way *w, struct hops_hop *hop, const struct hops_judged *j)
{
	*hop = (struct hops_hop){
		.address = j->peer.address,
		.software = j->vendor.name,
		.leg = leg_of(w, j),
		.verdict = j->verdict,
		.why = j->why,
		.tls = j->tls,
		.is_likely = j->is_likely,
		.is_logged_in = j->is_logged_in,
		.is_mailseal = j->vendor.is_mailseal,
		.has_date = j->has_date,
		.at_s = j->at_s,
	};
	text_take(j->peer.helo, hop->helo, sizeof(hop->helo));
	text_take(j->peer.name, hop->name, sizeof(hop->name));
	text_take(hops_received_word(&j->parts, HOPS_BY), hop->by, sizeof(hop->by));
	text_take(j->protocol, hop->protocol, sizeof(hop->protocol));
	text_take(hops_received_word(&j->parts, HOPS_ID), hop->id, sizeof(hop->id));
}

/* The host wrote down what TLS there was beside its Received field. */
static void results_apply(struct hops_way *w, struct hops_judged *j)
{
	bool is_wanted = j->verdict == HOPS_NOT_STATED && j->parts.is_whole;
	bool has_gap = j->verdict == HOPS_ENCRYPTED && !j->tls.version && !j->tls.cipher[0];
	if (!w->has_results || !(is_wanted || has_gap))
		return;
	j->tls = w->results;
	j->verdict = HOPS_ENCRYPTED;
	j->why = "Authentication-Results says so";
}

/* --- pairs --- */

/* Both put '?' for what may not stand in a name. */
static bool is_same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && *a != '?' && *b != '?' &&
		    !slice_equal_nocase(slice_of(a, 1), slice_of(b, 1)))
			return false;
	return !*a && !*b;
}

/* The newer field is the view of the server behind the mailseal that wrote this one: both name the
 * same client. Where mailseal leaves addresses out, a literal is "unknown". */
static bool is_pair(const struct hops_hop *newer, const struct hops_judged *j)
{
	char helo[HOPS_TEXT_CAP];
	if (!j->vendor.is_mailseal || newer->is_mailseal || newer->has_backend)
		return false;
	text_take(j->peer.helo, helo, sizeof(helo));
	if (j->peer.address.is_set)
		return hops_address_equal(&newer->address, &j->peer.address) &&
		       is_same_word(newer->helo, helo);
	return newer->address.is_set && (is_same_word(newer->helo, helo) ||
	                                 (newer->helo[0] == '[' && !strcmp(helo, "unknown")));
}

/* On the way from an edge to its server the client's address is all that the server knows. Of one
 * name they are one host. */
static void backend_fill(struct hops_hop *hop, const struct hops_hop *newer)
{
	hop->has_backend = true;
	memcpy(hop->backend, newer->by, sizeof(hop->backend));
	hop->backend_tls = newer->tls;
	hop->backend_verdict = newer->verdict;
	hop->backend_grade = hops_notation_grade(&newer->tls, false);
	if (newer->verdict != HOPS_ENCRYPTED &&
	    slice_equal_nocase(slice_str(newer->by), slice_str(hop->by)))
		hop->backend_verdict = HOPS_LOCAL;
	if (newer->has_date) {
		hop->has_date = true;
		hop->at_s = newer->at_s;
	}
}

/* --- all of them --- */

static bool is_terminated(void *owner, struct slice host, const struct hops_address *address)
{
	struct hops_way *w = owner;
	return hops_hosts_has_name(&w->settings->terminators, host) ||
	       hops_hosts_has_address(&w->settings->terminators, address);
}

/* One hop and two fields, or one more hop. */
static void received_take(struct hops_way *w, const struct hops_judged *j)
{
	struct hops_hop *last = w->count ? &w->hops[w->count - 1] : NULL;
	if (last && is_pair(last, j)) {
		struct hops_hop newer = *last;
		hop_fill(w, last, j);
		last->is_claimed = newer.is_claimed || !is_by_trusted(w, j);
		backend_fill(last, &newer);
	} else if (w->count == HOPS_MAX) {
		w->left_out++;
	} else {
		struct hops_hop *hop = &w->hops[w->count++];
		hop_fill(w, hop, j);
		hop->is_claimed =
			(last && last->is_claimed) || !w->is_from_ours || !is_by_trusted(w, j);
	}
	w->is_from_ours = is_ours(w, j);
}

static void broken_say(struct hops_judged *j)
{
	j->tls = (struct hops_tls){};
	j->verdict = HOPS_NOT_STATED;
	j->why = "the field is longer than any server writes";
}

void hops_way_add(struct hops_way *w, const struct hops_header *field)
{
	struct hops_judged j;
	if (field->field == HOPS_FIELD_RESULTS) {
		w->has_results |= hops_results_read(&w->results, hops_header_value(field));
		return;
	}
	if (w->count == HOPS_MAX && w->left_out) {
		w->left_out++;
		return;
	}
	const struct hops_judge judge = { .owner = w, .is_terminated = is_terminated };
	hops_judge_field(&j, hops_header_value(field), &judge);
	if (field->is_cut)
		broken_say(&j);
	results_apply(w, &j);
	w->has_results = false;
	received_take(w, &j);
}

/* Who logged in at the beginning of the way is a user, and so is a browser; steps within a host
 * come before that. */
static void user_find(struct hops_way *w)
{
	size_t i = w->count;
	while (i && w->hops[i - 1].leg == HOPS_LEG_LOCAL)
		i--;
	if (!i || w->left_out)
		return;
	struct hops_hop *first = &w->hops[i - 1];
	if (first->is_logged_in || slice_starts_nocase(slice_str(first->protocol), "HTTP"))
		first->leg = HOPS_LEG_USER;
}

/* hop: encrypted, or whatever it is. */
static enum hops_result result_of(enum hops_verdict verdict, enum hops_grade grade)
{
	static const enum hops_result by_grade[] = {
		[HOPS_UNGRADED] = HOPS_RESULT_ENCRYPTED,
		[HOPS_LEGACY] = HOPS_RESULT_LEGACY,
		[HOPS_SEALED] = HOPS_RESULT_SEALED,
	};
	switch (verdict) {
	case HOPS_PLAINTEXT:
		return HOPS_RESULT_PLAIN;
	case HOPS_ENCRYPTED:
		return by_grade[grade];
	case HOPS_LOCAL:
		return HOPS_RESULT_LOCAL;
	case HOPS_NOT_STATED:
	case HOPS_VERDICT_COUNT:
		break;
	}
	return HOPS_RESULT_UNKNOWN;
}

static enum hops_result worse(enum hops_result a, enum hops_result b)
{
	return a < b ? a : b;
}

static enum hops_result way_result(const struct hops_way *w)
{
	enum hops_result result = HOPS_RESULT_COUNT;
	for (size_t i = 0; i < w->count; i++) {
		const struct hops_hop *hop = &w->hops[i];
		if (!hops_way_counts(w, hop))
			continue;
		result = worse(result, result_of(hop->verdict, hop->grade));
		if (hop->has_backend)
			result = worse(result, result_of(hop->backend_verdict, hop->backend_grade));
	}
	bool is_partial = w->left_out && (!w->has_boundary || !w->hops[w->count - 1].is_claimed);
	if (result == HOPS_RESULT_COUNT || is_partial)
		result = worse(result, HOPS_RESULT_UNKNOWN);
	return result;
}

void hops_way_finish(struct hops_way *w)
{
	user_find(w);
	for (size_t i = 0; i < w->count; i++) {
		struct hops_hop *hop = &w->hops[i];
		if (hop->verdict == HOPS_ENCRYPTED)
			hop->grade = hops_notation_grade(&hop->tls, hop->leg == HOPS_LEG_USER);
		hop->has_delay = i + 1 < w->count && hop->has_date && hop[1].has_date;
		if (hop->has_delay)
			hop->delay_s = hop->at_s - hop[1].at_s;
	}
	w->result = way_result(w);
}
