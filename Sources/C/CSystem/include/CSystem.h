// What Swift cannot say itself: prototypes that Glibc's module hides, code that must be safe inside a
// signal handler.
#ifndef SUTURE_CSYSTEM_H
#define SUTURE_CSYSTEM_H

#include <stddef.h>
#include <stdint.h>

// Renames `from` to `to` in one step, failing with EEXIST where `to` exists. 0, or -1 with errno.
int suture_rename_exclusive(const char *from, const char *to);

// Remembers a file that must not outlive the process when SIGINT, SIGTERM or SIGHUP ends it.
struct suture_guarded;

// Returns a handle for `suture_forget_file`, or NULL where there is no memory (the file is then not guarded).
struct suture_guarded *suture_guard_file(const char *path);

// Makes and opens a temporary file as mkstemp does, guarded from its first moment. The descriptor, or -1 with errno.
int suture_make_guarded_file(char *name_template, struct suture_guarded **file);

// Between these two, on the same thread and not nested, the signals that end the process wait, on every thread.
void suture_hold_signals(void);
void suture_release_signals(void);

// Gives the system back what was freed and the allocator keeps.
void suture_return_freed_memory(void);

// Keeps freed memory of up to 256 MB, blocks of up to 32 MB, for what is asked for next.
void suture_keep_freed_memory(void);

// Lets the heap grow in pages of 2 MiB, where the system has them; called before much is allocated.
void suture_use_large_pages(void);

// Lets `count` bytes of one file be stored where those of another are (FICLONERANGE). 0, or -1 with errno.
int suture_share_range(int from, long long offset, long long count, int to, long long at);

// Stops guarding a file; NULL is ignored.
void suture_forget_file(struct suture_guarded *file);

// Installs the handlers that unlink the guarded files and exit with 130.
void suture_remove_guarded_files_on_signals(void);

// Opens a pipe that programs started from here do not inherit: its end to read, its end to write. 0, or -1 with errno.
int suture_make_pipe(int ends[2]);

// Starts a command of the shell whose standard input is `input`. Its process, or -1 with errno. As long as it runs the
// handler of SIGINT does nothing.
int suture_start_reader(const char *command, int input);

// Says that it has ended.
void suture_forget_reader(void);

// Whether it still runs; may be asked in a signal handler.
int suture_reader_runs(void);

// What the handlers write to standard error; NULL for what is usual: a line on a terminal, nothing elsewhere.
void suture_say_on_signals(const char *text);

// errno, which is a macro that Swift cannot call portably.
int suture_errno(void);

#endif
