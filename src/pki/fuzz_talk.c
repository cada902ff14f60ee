/* A request of anybody, an answer of who says that he is the CA; what was read is written again. */
#include "base/clean.h"
#include "pki/talk.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request_try(struct slice line)
{
	CLEAN(pki_request_deinit) struct pki_request request = {};
	CLEAN(pki_request_deinit) struct pki_request again = {};
	CLEAN(buf_deinit) struct buf text = {};
	if (pki_request_read(&request, line) || pki_request_write(&request, &text))
		return;
	assert(pki_request_read(&again, buf_slice(&text)) == 0);
	assert(again.kind == request.kind && !strcmp(again.name, request.name));
	assert(slice_equal(buf_slice(&again.pem), buf_slice(&request.pem)));
}

static void answer_try(struct slice line)
{
	CLEAN(pki_answer_deinit) struct pki_answer answer = {};
	CLEAN(pki_answer_deinit) struct pki_answer again = {};
	CLEAN(buf_deinit) struct buf text = {};
	if (pki_answer_read(&answer, line) || pki_answer_write(&answer, &text))
		return;
	assert(pki_answer_read(&again, buf_slice(&text)) == 0);
	assert(!strcmp(again.error, answer.error) && again.server_count == answer.server_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request_try(slice_of(data, size));
	answer_try(slice_of(data, size));
	return 0;
}
