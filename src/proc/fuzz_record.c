/* A batch as a worker that was taken over might send it. What is taken packs to the same bytes. */
#include "base/clean.h"
#include "proc/record.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void pack_again(struct proc_packer *p, uint8_t kind, struct slice entry)
{
	static struct proc_record_hello hello;
	struct store_record record;
	struct store_exposure exposure;
	if (kind == PROC_RECORD_SESSION && proc_record_session_unpack(entry, &record))
		proc_record_session_pack(p, &record);
	if (kind == PROC_RECORD_EXPOSURE && proc_record_exposure_unpack(entry, &exposure))
		proc_record_exposure_pack(p, &exposure);
	if (kind == PROC_RECORD_HELLO && proc_record_hello_unpack(entry, &hello))
		proc_record_hello_pack(p, &hello.hello);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_unpacker u = proc_unpacker_over(slice_of(data, size));
	struct proc_record_head head;
	struct slice entry, again;
	uint8_t bytes[PROC_RECORD_ENTRY_MAX], kind;
	if (!proc_record_head_unpack(&u, &head))
		return 0;
	while (proc_record_entry_next(&u, &kind, &entry)) {
		struct proc_packer p = proc_packer_over(bytes, sizeof(bytes));
		pack_again(&p, kind, entry);
		assert(!p.has_failed);
		again = proc_packed(&p);
		if (again.len)
			assert(slice_equal(slice_skip(again, 3), entry));
	}
	return 0;
}
