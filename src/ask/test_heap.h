/* For the tests of what asks: the bytes on the heap, with a sanitizer's heap or the C library's.
 */
#ifndef ASK_TEST_HEAP_H
#define ASK_TEST_HEAP_H

#include <malloc.h>
#include <stddef.h>

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_used(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

#endif
