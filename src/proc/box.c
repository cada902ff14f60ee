#include "proc/box.h"

#include "base/err.h"
#include "proc/box_inside.h"

#include <errno.h>

int proc_box(enum proc_role role, const char *directory, struct proc_box_report *ret_report)
{
	static const char *const none[] = { NULL };
	return err_up(proc_box_reading(role, directory, none, ret_report));
}

int proc_box_reading(enum proc_role role, const char *directory, const char *const *readable,
                     struct proc_box_report *ret_report)
{
	struct proc_box_report report = {};
	bool may_have_files = role == PROC_ROLE_RESOLVER || role == PROC_ROLE_LEDGER;
	if (role == PROC_ROLE_PARENT || role == PROC_ROLE_RUNNER ||
	    (directory && !may_have_files) || (!directory && role == PROC_ROLE_RESOLVER))
		return err_raise(-EINVAL);
	int r = box_landlock(role, directory, readable, &report.landlock_abi);
	if (r)
		return err_up(r);
	/* Last: it forbids the calls that Landlock was made with. */
	r = box_seccomp(role, &report.has_seccomp);
	if (r)
		return err_up(r);
	*ret_report = report;
	return 0;
}
