#include "base/err.h"

#include <errno.h>
#include <stdio.h>

/* One loop per process and no threads: the last error's birth place may be a static. */
static char origin[128] = "nowhere";

int err_raise_at(int code, const char *file, int line)
{
	snprintf(origin, sizeof(origin), "%s:%d", file, line);
	return code < 0 ? code : -ENOTRECOVERABLE;
}

int err_up_at(int code, const char *file, int line)
{
	if (code <= 0)
		return code;
	return err_raise_at(-ENOTRECOVERABLE, file, line);
}

const char *err_origin(void)
{
	return origin;
}
