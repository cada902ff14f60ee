/* Where a configuration listens: edges, services, links, the dashboard. Pure: no socket is made. */
#ifndef PARENT_LISTEN_LIST_H
#define PARENT_LISTEN_LIST_H

#include "parent/listen.h"

#include <stddef.h>

/* The items are the caller's, to be freed. */
struct parent_listen_list {
	struct parent_listener *items;
	size_t count;
};

/* "*" is two of them, IPv4 first. Groups and owners are borrowed from settings. 0 or -ENOMEM, and
 * then list has what came before. */
[[nodiscard]] int parent_listen_list_make(struct parent_listen_list *list,
                                          const struct conf_settings *settings);

/* One more. 0 or -ENOMEM. */
[[nodiscard]] int parent_listen_list_add(struct parent_listen_list *list,
                                         const struct parent_listener *l);

/* The place of a socket, in the form that the list has it, so that the two compare. False: it is of
 * a family that nobody listens at. */
bool parent_listener_place(struct parent_listener *l, const struct sockaddr_storage *sa);

#endif
