#include "proc/box.h"

#include "base/err.h"
#include "proc/box_inside.h"

#include <errno.h>

static int box(const struct box_wish *wish, struct proc_box_report *ret_report)
{
	struct proc_box_report report = {};
	bool needs_files = wish->role == PROC_ROLE_RESOLVER || wish->role == PROC_ROLE_WITNESS;
	bool may_have_files =
		needs_files || wish->role == PROC_ROLE_LEDGER || wish->role == PROC_ROLE_SITE;
	if (wish->role == PROC_ROLE_PARENT || wish->role == PROC_ROLE_RUNNER ||
	    (wish->directory && !may_have_files) || (!wish->directory && needs_files))
		return err_raise(-EINVAL);
	int r = box_landlock(wish, &report.landlock_abi);
	if (r)
		return err_up(r);
	/* Last: it forbids the calls that Landlock was made with. */
	r = box_seccomp(wish, &report.has_seccomp);
	if (r)
		return err_up(r);
	*ret_report = report;
	return 0;
}

int proc_box(enum proc_role role, const char *directory, struct proc_box_report *ret_report)
{
	return err_up(
		box(&(struct box_wish){ .role = role, .directory = directory, .capture_fd = -1 },
	            ret_report));
}

int proc_box_capturing(int capture_fd, struct proc_box_report *ret_report)
{
	return err_up(box(&(struct box_wish){ .role = PROC_ROLE_WATCH, .capture_fd = capture_fd },
	                  ret_report));
}

int proc_box_reading(enum proc_role role, const char *directory, const char *const *readable,
                     struct proc_box_report *ret_report)
{
	return err_up(box(
		&(struct box_wish){ .role = role, .directory = directory, .readable = readable },
		ret_report));
}

int proc_box_sharing(const char *directory, const char *const *readable,
                     struct proc_box_ports ports, struct proc_box_report *ret_report)
{
	return err_up(box(&(struct box_wish){ .role = PROC_ROLE_LEDGER,
	                                      .directory = directory,
	                                      .readable = readable,
	                                      .ports = &ports },
	                  ret_report));
}
