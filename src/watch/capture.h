/* Where `mailseal watch` has its frames from: an interface or a capture file, by libpcap. */
#ifndef WATCH_CAPTURE_H
#define WATCH_CAPTURE_H

#include "watch/interface.h"
#include "watch/watch.h"

struct pcap;

struct watch_capture {
	struct pcap *pcap;
	bool is_live;
	int link;
	struct watch_interface interface;
};

enum { WATCH_CAPTURE_FAILED = 1 };

/*
 * Opens it; the only thing that needs root. ret_error: what is wrong and what mends it.
 * Returns 0 or WATCH_CAPTURE_FAILED.
 */
[[nodiscard]] int watch_capture_file(struct watch_capture *ret_capture, const char *path,
                                     char *ret_error, size_t cap);
[[nodiscard]] int watch_capture_interface(struct watch_capture *ret_capture, const char *name,
                                          char *ret_error, size_t cap);
void watch_capture_close(struct watch_capture *c);

/* Gives up root and closes the box. user: NULL is "mailseal", else "nobody". As above. */
[[nodiscard]] int watch_capture_drop(const struct watch_capture *c, const char *user,
                                     char *ret_error, size_t cap);

enum watch_capture_read {
	WATCH_CAPTURE_END = 2, /* of the file, or of the interface */
	WATCH_CAPTURE_NO_MEMORY,
};

/* Feeds what has come, at most wait_ms long. 0, WATCH_CAPTURE_FAILED or an enum
 * watch_capture_read. */
[[nodiscard]] int watch_capture_read(struct watch_capture *c, struct watch *w, int wait_ms,
                                     char *ret_error, size_t cap);

/* From now on the kernel adds nothing to what it holds; that can still be read. False: it goes on.
 */
bool watch_capture_stop(const struct watch_capture *c);

/* Packets that the kernel had no room for. */
uint64_t watch_capture_drops(const struct watch_capture *c);

#endif
