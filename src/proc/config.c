#include "proc/config.h"

#include "base/clean.h"
#include "base/err.h"
#include "conf/conf.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

enum { CONFIG_WAIT_MS = 30 * 1000 };

int proc_config_read(struct slice payload, struct conf_settings **ret_settings)
{
	struct conf_errors errors = {};
	CLEAN(freep) char *text = strndup((const char *)payload.data, payload.len);
	if (!text)
		return err_raise(-ENOMEM);
	int r = conf_read_text(ret_settings, text, time(NULL), &errors);
	conf_errors_deinit(&errors);
	return r ? err_raise(-EINVAL) : 0;
}

int proc_config_wait(struct proc_chan *parent, struct conf_settings **ret_settings)
{
	struct proc_msg msg;
	int next = PROC_MORE;
	while (next == PROC_MORE) {
		struct pollfd fd = { .fd = proc_chan_fd(parent), .events = POLLIN };
		if (poll(&fd, 1, CONFIG_WAIT_MS) <= 0)
			return err_raise(-ETIMEDOUT);
		int ended = proc_chan_read(parent);
		next = proc_chan_next(parent, &msg);
		if (next == PROC_MORE && ended)
			return ended == PROC_CLOSED ? PROC_CLOSED : err_up(ended);
	}
	if (next || msg.type != PROC_MSG_CONFIG)
		return err_raise(-EPROTO);
	return err_up(proc_config_read(msg.payload, ret_settings));
}
