// The threads of a process that compute and copy, started when they are first needed and used again from job to job.
//
// A job is done by a team: the thread that asks, which is member 0, and as many more as are free. A thread that has done its
// part spins for some microseconds, since the next job of a network comes that soon, and then sleeps.
#ifndef SUTURE_CTHREADS_H
#define SUTURE_CTHREADS_H

// How many processors this process may run on, at least 1.
int suture_processor_count(void);

// How many members a team should have: OMP_NUM_THREADS where that is a number, or a processor each.
int suture_team_size(void);

// Calls `body` on up to `size` threads at once, and returns when all are done. Within a team, and where no thread can be had,
// a job is done by fewer: `body` must ask for their count.
void suture_team_run(void (*body)(void *argument), void *argument, int size);

// Of the team that the calling thread works in: its number there, how many they are, and a wait for all of them.
int suture_team_member(void);
int suture_team_count(void);
void suture_team_wait(void);

#endif
