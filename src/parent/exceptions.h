/* Dated exceptions, to the log. To be called every now and then. */
#ifndef PARENT_EXCEPTIONS_H
#define PARENT_EXCEPTIONS_H

struct parent;

void parent_exceptions_tell(struct parent *p);

#endif
