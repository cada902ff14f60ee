/* The complete example of mailseal.conf(5) and doc/examples/. Inside conf/ alone. */
#ifndef CONF_EXAMPLE_H
#define CONF_EXAMPLE_H

/* Of the group "exception", which the complete example leaves out, for it has a date. */
const char *conf_example_exception(void);

#endif
