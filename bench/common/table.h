/* A table with a place for every descriptor; the pages of places that nobody used are not there. */
#ifndef COMMON_TABLE_H
#define COMMON_TABLE_H

#include <stddef.h>

/* Zeroed. NULL with errno if there is none. Freed with the process. */
void *table_new(size_t count, size_t size);

#endif
