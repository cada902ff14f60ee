#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_METHOD: providers pay the lock that we are to save */
#include "tls/random.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { STOCK = 2048 };

/* In memory that the kernel zeroes in a child: left is 0 there. */
struct stock {
	size_t left; /* the last of bytes */
	uint8_t bytes[STOCK];
};

/* A static, because OpenSSL has one generator per process. */
static struct stock *stock;

static bool kernel_read(uint8_t *ret_bytes, size_t len)
{
	while (len) {
		ssize_t n = getrandom(ret_bytes, len, 0);
		if (n < 0 && errno != EINTR)
			return false;
		ret_bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int random_bytes(unsigned char *ret_bytes, int len)
{
	size_t wanted = (size_t)len;
	if (len < 0)
		return 0;
	if (wanted > STOCK)
		return kernel_read(ret_bytes, wanted);
	if (wanted > stock->left) {
		stock->left = 0;
		if (!kernel_read(stock->bytes, STOCK))
			return 0;
		stock->left = STOCK;
	}
	uint8_t *at = stock->bytes + STOCK - stock->left;
	memcpy(ret_bytes, at, wanted);
	explicit_bzero(at, wanted);
	stock->left -= wanted;
	return 1;
}

static int random_status(void)
{
	return 1;
}

void tls_random_use(void)
{
	static const RAND_METHOD method = { .bytes = random_bytes,
		                            .pseudorand = random_bytes,
		                            .status = random_status };
	if (stock)
		return;
	void *memory = mmap(NULL, sizeof(*stock), PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return;
	(void)madvise(memory, sizeof(*stock), MADV_DONTDUMP);
	if (madvise(memory, sizeof(*stock), MADV_WIPEONFORK)) {
		munmap(memory, sizeof(*stock));
		return;
	}
	stock = memory;
	RAND_set_rand_method(&method);
}
