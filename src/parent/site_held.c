/* Policies that senders may hold, and that nobody serves any more: with the last domain of mta_sts
 * the process that would take them back (RFC 8461 8.3) is gone. */
#include "base/clean.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "parent/site.h"
#include "parent/state.h"
#include "publish/served.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

enum { TOLD_MAX = 20, FILE_MAX = 16 * 1024 * 1024 };

/* The folder is another user's: what is in there may be no file. */
static bool served_read(const struct conf_settings *s, struct publish_history *ret_history)
{
	char path[PATH_MAX];
	CLEAN(buf_deinit) struct buf text = {};
	struct stat st;
	snprintf(path, sizeof(path), "%s/" CONF_SITE_FOLDER "/" CONF_SERVED_FILE, s->state_dir);
	CLEAN(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	return fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	       !file_read_fd(&text, fd, FILE_MAX) &&
	       !publish_history_read(ret_history, buf_slice(&text));
}

void parent_site_held_warn(const struct conf_settings *s)
{
	CLEAN(publish_history_deinit) struct publish_history served = {};
	int64_t now_s = time(NULL);
	size_t told = 0;
	if (s->mta_sts_count || !served_read(s, &served))
		return;
	for (size_t i = 0; i < served.count && told < TOLD_MAX; i++) {
		struct publish_served *p = &served.items[i];
		publish_served_leave(p, now_s);
		if (publish_served_is_over(p, now_s))
			continue;
		told++;
		log_warn(NULL, "senders may hold a policy that is not served any more",
		         kv_str("domain", p->domain), kv_int("until", p->held_until_s),
		         kv_str("mend", "leave it in mta_sts with mode = \"none\" until then, and "
		                        "mta-sts.DOMAIN in DNS"));
	}
}
