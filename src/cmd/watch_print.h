/* What `mailseal watch` shows: a table of services, lines of JSON, a page. */
#ifndef CMD_WATCH_PRINT_H
#define CMD_WATCH_PRINT_H

#include "conf/settings.h"
#include "watch/links.h"
#include "watch/services.h"
#include "watch/watch.h"

#include <stdio.h>

struct watch_view {
	const struct watch *watch;
	const struct watch_services *services;
	const struct conf_network *internal; /* none: private networks are */
	size_t internal_count;
	const struct watch_hosts *names; /* or NULL */
	const char *source;              /* of the frames: a file or an interface */
	const char *kind;                /* of the interface, or "" */
	uint64_t drops;
	size_t width; /* of the terminal; 0: nobody reads it on one */
};

/* Above the links that seal what is plain. */
#define WATCH_LINKS_HEAD                                                                           \
	"Links (mailseal-link(8)): for mailseal.conf of each host. An address in peer stands for " \
	"the name\n"                                                                               \
	"that this host has in the internal CA (mailseal-pki(8)); --hosts FILE writes it."

/* Is a host of ours? */
bool watch_view_is_internal(const struct watch_view *v, const struct watch_address *address);
/* The same for links; lives as long as the view. */
struct watch_ours watch_view_ours(const struct watch_view *v);
/* "internal": both are; "external". */
const char *watch_view_leg(const struct watch_view *v, const struct watch_row *row);

/* The table; with_mends: below it, what seals each plain service. All 0 or -ENOMEM. */
[[nodiscard]] int watch_print_text(FILE *out, const struct watch_view *v, bool with_mends);
/* A line for each row, then one that sums up. */
[[nodiscard]] int watch_print_json(FILE *out, const struct watch_view *v);
/* One that was not there before. */
[[nodiscard]] int watch_print_json_found(FILE *out, const struct watch_view *v,
                                         const struct watch_row *row);
/* A page of its own: who talks to whom, and how. */
[[nodiscard]] int watch_print_html(FILE *out, const struct watch_view *v);

#endif
