/* sd_notify(3) by hand; nothing without NOTIFY_SOCKET. */
#ifndef PARENT_NOTIFY_H
#define PARENT_NOTIFY_H

void parent_notify(const char *state);

#endif
