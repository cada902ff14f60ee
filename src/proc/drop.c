#include "proc/box.h"

#include "base/err.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int user_become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return err_raise(-errno);
	if (setuid(0) == 0) /* it must not be possible to come back */
		return err_raise(-EPERM);
	return 0;
}

int proc_drop(const struct proc_identity *identity)
{
	static const struct rlimit no_core = {};
	if (identity->user && geteuid() == 0) {
		const struct passwd *user = getpwnam(identity->user);
		if (!user || user->pw_uid == 0)
			return PROC_DROP_NO_USER;
		int r = user_become(user->pw_uid, user->pw_gid);
		if (r)
			return err_up(r);
	}
	/* After the change of user, which sets it back. */
	if (identity->is_secret && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_raise(-errno);
	if (setrlimit(RLIMIT_CORE, &no_core) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_raise(-errno);
	return 0;
}
