/* One field: clauses and comments lie in it, in order, and what is said of them is of one mind. */
#include "hops/judge.h"
#include "hops/results.h"

#include "base/clean.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lies_within(struct slice part, struct slice whole)
{
	assert(!part.len ||
	       (part.data >= whole.data && part.data + part.len <= whole.data + whole.len));
}

static bool is_terminated(void *owner, struct slice host, const struct hops_address *address)
{
	(void)owner;
	(void)address;
	return host.len % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice value = slice_of(data, size);
	const struct hops_judge judge = { .is_terminated = is_terminated };
	struct hops_judged j;
	struct hops_tls t;
	hops_judge_field(&j, value, &judge);
	for (int i = 0; i < HOPS_CLAUSE_COUNT; i++)
		lies_within(j.parts.clauses[i], value);
	for (size_t i = 0; i < j.parts.comment_count; i++)
		lies_within(j.parts.comments[i].text, value);
	lies_within(j.parts.date, value);
	lies_within(j.peer.helo, value);
	lies_within(j.peer.name, value);
	lies_within(j.protocol, value);
	assert(j.why && j.vendor.name);
	assert(j.verdict != HOPS_ENCRYPTED || j.tls.is_used);
	assert(j.parts.is_whole || j.verdict == HOPS_NOT_STATED);
	assert(!hops_notation_is_null(&j.tls) || j.verdict == HOPS_PLAINTEXT ||
	       j.verdict == HOPS_LOCAL);
	for (const char *c = j.tls.cipher; *c; c++)
		assert(*c > ' ' && *c <= '~');
	(void)hops_notation_grade(&j.tls, true);
	(void)hops_results_read(&t, value);
	return 0;
}
