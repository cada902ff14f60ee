#include "base/sealed.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int sealed_new(int *ret_fd, const char *name, struct slice bytes)
{
	CLEAN(closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_raise(-errno);
	int r = file_write_fd(fd, bytes);
	if (r)
		return err_up(r);
	if (fcntl(fd, F_ADD_SEALS, SEALS))
		return err_raise(-errno);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sealed_map(void **ret_bytes, size_t *ret_len, int fd)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_raise(-errno);
	if (st.st_size <= 0)
		return SEALED_BAD;
	/* Before Linux 6.7 what is sealed can be mapped MAP_PRIVATE alone. The pages are shared all
	 * the same: nobody writes. */
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_raise(-errno);
	*ret_bytes = bytes;
	*ret_len = (size_t)st.st_size;
	return 0;
}
