/* The whole conversation, both sides hostile. */
#include "conv/fuzz_drive.h"
#include "sieve/edge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_drive(&sieve_edge_ops, data, size);
	return 0;
}
