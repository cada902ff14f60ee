/* `mailseal watch --listeners`: what of this host would talk in clear, whether or not anybody does.
 */
#ifndef CMD_WATCH_LISTENERS_H
#define CMD_WATCH_LISTENERS_H

#include <stdbool.h>

/* The exit status: 1 if a mail server that others reach greets in clear and offers no TLS. */
int watch_listeners_show(bool is_json);

#endif
