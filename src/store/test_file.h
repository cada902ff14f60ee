/* The file of a test: each begins without one. */
#ifndef STORE_TEST_FILE_H
#define STORE_TEST_FILE_H

#include "base/clean.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/mailseal-test-store-XXXXXX";
static char path[64];

static int folder_make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/test.db", folder);
	return 0;
}

static int file_remove(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".bad" };
	char name[80];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		unlink(name);
	}
	return 0;
}

static int folder_remove(void **state)
{
	(void)state;
	return rmdir(folder);
}

#endif
