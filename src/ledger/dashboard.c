#include "ledger/dashboard.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "web/web.h"

#include <errno.h>
#include <time.h>

struct dashboard {
	struct conf_settings *settings; /* in force */
	struct web *web;
};

static void dashboard_freep(struct dashboard **d)
{
	dashboard_free(*d);
}

static int settings_take(struct dashboard *d, struct slice text)
{
	struct conf_errors errors = {};
	struct conf_settings *settings = NULL;
	CLEAN(freep) char *copy = strndup((const char *)text.data, text.len);
	if (!copy)
		return err_raise(-ENOMEM);
	int r = conf_read_text(&settings, copy, time(NULL), &errors);
	conf_errors_deinit(&errors);
	if (r)
		return err_raise(-EINVAL); /* the parent read it before */
	if (d->web)
		web_set_settings(d->web, settings);
	conf_settings_free(d->settings);
	d->settings = settings;
	return 0;
}

int dashboard_new(struct dashboard **ret_d, struct io_loop *loop, const char *text,
                  const char *path)
{
	CLEAN(dashboard_freep) struct dashboard *d = calloc(1, sizeof(*d));
	if (!d)
		return err_raise(-ENOMEM);
	int r = settings_take(d, slice_str(text));
	if (!r)
		r = web_new(&d->web, &(struct web_settings){ .loop = loop,
		                                             .settings = d->settings,
		                                             .ledger_path = path });
	if (r)
		return err_up(r);
	*ret_d = TAKE(d);
	return 0;
}

void dashboard_free(struct dashboard *d)
{
	if (!d)
		return;
	web_free(d->web);
	conf_settings_free(d->settings);
	free(d);
}

/* Without it mail goes on. */
static void listen_begin(struct dashboard *d, int fd)
{
	if (web_listen(d->web, fd))
		log_error(NULL, "the dashboard cannot begin", kv_str("where", err_origin()));
}

int dashboard_message(struct dashboard *d, struct proc_msg *msg)
{
	switch (msg->type) {
	case PROC_MSG_CONFIG:
		return err_up(settings_take(d, msg->payload));
	case PROC_MSG_PASSWORDS:
		if (web_set_passwords(d->web, msg->payload))
			log_error(NULL, "passwords of the dashboard not taken");
		return 0;
	case PROC_MSG_STATE:
		web_set_state(d->web, msg->payload);
		return 0;
	case PROC_MSG_IN_FORCE:
		web_set_in_force(d->web, msg->payload);
		return 0;
	case PROC_MSG_SERVICE:
		listen_begin(d, TAKE_FD(msg->fd));
		return 0;
	default: /* the table lets others through as well */
		return DASHBOARD_OTHER;
	}
}
