/* SPDX-License-Identifier: MIT */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

#include <pthread.h>
#include <signal.h>

/*
 * ^C, and being told to end, while files of the work tree are being
 * replaced: a thread waits for the signal, has the temporary files removed,
 * and lets the process die of the signal, as it would have without us.
 *
 * Begin before there are other threads (the repo's pool): they must not get
 * the signals.
 */
struct interrupt {
	struct mv_repo *repo;
	sigset_t signals, before;
	pthread_t thread;
	int running;
};

void interrupt_begin(struct interrupt *in, struct mv_repo *repo);
/*
 * While something else runs (`on`) and waits for these signals, which stay
 * blocked, nobody here listens. `payload` is the struct interrupt: the library
 * calls this.
 */
void interrupt_running(void *payload, int on);
/* Before the repo is closed. */
void interrupt_end(struct interrupt *in);

#endif
