/* What programs and roles have in common when they begin: inside of proc/ alone. */
#ifndef PROC_EXEC_INSIDE_H
#define PROC_EXEC_INSIDE_H

/* In the child: all signals as they are at first, none blocked; but SIGPIPE is ignored. */
void exec_signals_reset(void);

#endif
