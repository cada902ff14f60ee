/*
 * The root's keys as a file that libunbound keeps up to date (RFC 5011): begun as a copy of what
 * the operator trusts. Another beginning gets another file, so that a changed setting counts.
 */
#ifndef ASK_ANCHOR_H
#define ASK_ANCHOR_H

#include <stddef.h>

/*
 * folder: where it is kept, ours to write; seed: a file of DS or DNSKEY records
 *
 * Returns 0, or a negative, which was logged: the seed cannot be read, the copy not be written.
 */
[[nodiscard]] int anchor_keep(char *ret_path, size_t cap, const char *folder, const char *seed);

#endif
