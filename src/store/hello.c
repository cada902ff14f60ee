#include "store/hello.h"

struct store_hello store_hello_of(const struct tls_hello *hello)
{
	return (struct store_hello){
		.hash = hello->hash,
		.legacy_version = hello->legacy_version,
		.max_version = hello->max_version,
		.versions = hello->versions,
		.suites = hello->suites,
		.groups = hello->groups,
		.sigalgs = hello->sigalgs,
		.version_count = hello->version_count,
		.suite_count = hello->suite_count,
		.group_count = hello->group_count,
		.sigalg_count = hello->sigalg_count,
	};
}
