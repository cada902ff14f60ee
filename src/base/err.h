/*
 * Errors and outcomes.
 *
 * A function that can fail returns an int: 0 is done; a negative is an errno nobody planned for,
 * born with err_raise() and passed up with err_up(); a positive is an outcome its header names,
 * met by the direct caller.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* Notes where the error was born, returns it. code is negative (or 0, which becomes
 * -ENOTRECOVERABLE). */
int err_raise_at(int code, const char *file, int line);

/* Notes where it passed. A positive outcome that nobody met becomes -ENOTRECOVERABLE. */
int err_up_at(int code, const char *file, int line);

/* Where the last error of this process was born, "file:line", for the log. Never NULL. */
const char *err_origin(void);

#define err_raise(code) err_raise_at((code), __FILE__, __LINE__)
#define err_up(code) err_up_at((code), __FILE__, __LINE__)

#endif
