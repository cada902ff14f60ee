/* The limit of open files. */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

#include <stddef.h>

/* As many as this process may have; so many as are wanted, if it may allow itself more. Returns the
 * limit. */
size_t descriptors_raise(size_t wanted);

#endif
