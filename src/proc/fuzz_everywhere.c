/* What parent and witness say of a next key's record: unpacked or refused. */
#include "proc/everywhere.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proc_everywhere_question question;
	struct proc_everywhere_answer answer = {};
	if (proc_everywhere_question_unpack(slice_of(data, size), &question))
		assert(question.count <= PROC_GUARD_PLACES_MAX);
	if (proc_everywhere_answer_unpack(slice_of(data, size), &answer))
		assert(strlen(answer.why) < sizeof(answer.why));
	return 0;
}
