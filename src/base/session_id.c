#include "base/session_id.h"

#include "base/clean.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

/* One call to the kernel for many: a static, since ids are the process's and differ whoever asks.
 */
static struct {
	uint64_t ids[32];
	unsigned left;
} pool;

static void pool_fill(void)
{
	struct timespec now = {};
	if (getrandom(pool.ids, sizeof(pool.ids), 0) != sizeof(pool.ids)) {
		clock_gettime(CLOCK_MONOTONIC, &now); /* different, if not random */
		for (unsigned i = 0; i < COUNT_OF(pool.ids); i++)
			pool.ids[i] = (uint64_t)now.tv_sec << 34 ^ (uint64_t)now.tv_nsec << 5 ^ i;
	}
	pool.left = COUNT_OF(pool.ids);
}

void session_id_make(char ret_id[SESSION_ID_CAP])
{
	if (!pool.left)
		pool_fill();
	snprintf(ret_id, SESSION_ID_CAP, "%016llx", (unsigned long long)pool.ids[--pool.left]);
}
