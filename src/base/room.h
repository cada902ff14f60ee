/* Is there room for so many bytes more in a folder, and for a file? */
#ifndef BASE_ROOM_H
#define BASE_ROOM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * They are written to a file of its own, which goes again: a quota counts too, and what is left to
 * root alone. Where something else is wrong with the folder, it is not room that lacks: true.
 */
bool room_is_there(const char *folder, size_t len);

/* As far as the file system says so; nothing is written. */
bool room_seems_there(const char *folder, size_t len);

#endif
