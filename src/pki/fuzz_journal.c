/* The log of what was issued, as a broken disk or a hand may leave it. */
#include "base/clean.h"
#include "pki/journal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN(pki_journal_deinit) struct pki_journal journal = {};
	CLEAN(pki_journal_deinit) struct pki_journal again = {};
	CLEAN(buf_deinit) struct buf text = {};
	unsigned line;
	int r = pki_journal_read(&journal, slice_of(data, size), &line);
	for (size_t i = 0; !r && i < journal.count; i++)
		r = pki_journal_write_issued(&text, &journal.list[i], "issued");
	if (r)
		return 0;
	assert(pki_journal_read(&again, buf_slice(&text), &line) == 0);
	assert(again.count == journal.count);
	return 0;
}
