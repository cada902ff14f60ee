/* What is answered to a request: the file, or nothing of the kind. Pure. */
#ifndef SITE_ANSWER_H
#define SITE_ANSWER_H

#include "conf/settings.h"
#include "publish/served.h"
#include "web/reply.h"

struct site_answers {
	const struct conf_settings *settings;
	const struct publish_history *history;
};

/* reply is empty; always filled in. */
void site_answer(const struct site_answers *answers, const struct web_request *request,
                 struct web_reply *reply);

#endif
