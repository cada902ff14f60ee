/* What parent and witness say of a certificate: unpacked or refused. */
#include "proc/guard.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proc_guard_question question;
	struct proc_guard_answer answer = {};
	if (proc_guard_question_unpack(slice_of(data, size), &question))
		assert(question.count <= PROC_GUARD_PLACES_MAX);
	if (proc_guard_answer_unpack(slice_of(data, size), &answer))
		assert(answer.tlsa < PROC_WITNESS_TLSA_COUNT);
	return 0;
}
