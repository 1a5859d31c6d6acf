/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "cmd/interrupt.h"
#include "libmv/repo/repo.h"

/*
 * Tells the thread that it is not needed any more. pthread_cancel would do,
 * but loads a library for it, which takes 0.1 ms of every command.
 */
#define ENOUGH SIGRTMIN

static void *wait_for_signal(void *arg)
{
	struct interrupt *in = arg;
	sigset_t one;
	int sig;

	if (sigwait(&in->signals, &sig) || sig == ENOUGH)
		return NULL;
	mv_repo_interrupt(in->repo);
	signal(sig, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, sig);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	kill(getpid(), sig);
	/* Only if somebody blocks what cannot be blocked any more. */
	_exit(128 + sig);
}

/* What was ignored when we were started (nohup) stays ignored. */
static void add_unless_ignored(sigset_t *set, int sig)
{
	struct sigaction now;

	if (!sigaction(sig, NULL, &now) && now.sa_handler != SIG_IGN)
		sigaddset(set, sig);
}

void interrupt_begin(struct interrupt *in, struct mv_repo *repo)
{
	in->repo = repo;
	sigemptyset(&in->signals);
	add_unless_ignored(&in->signals, SIGINT);
	add_unless_ignored(&in->signals, SIGTERM);
	add_unless_ignored(&in->signals, SIGHUP);
	sigaddset(&in->signals, ENOUGH);
	pthread_sigmask(SIG_BLOCK, &in->signals, &in->before);
	in->running = !pthread_create(&in->thread, NULL, wait_for_signal, in);
	if (!in->running)
		pthread_sigmask(SIG_SETMASK, &in->before, NULL);
}

static void interrupt_pause(struct interrupt *in)
{
	if (!in->running)
		return;
	in->running = 0;
	pthread_kill(in->thread, ENOUGH);
	pthread_join(in->thread, NULL);
}

void interrupt_running(void *payload, int on)
{
	struct interrupt *in = payload;

	if (on) {
		interrupt_pause(in);
		return;
	}
	in->running = !pthread_create(&in->thread, NULL, wait_for_signal, in);
	if (!in->running)
		pthread_sigmask(SIG_SETMASK, &in->before, NULL);
}

void interrupt_end(struct interrupt *in)
{
	if (!in->running)
		return;
	interrupt_pause(in);
	pthread_sigmask(SIG_SETMASK, &in->before, NULL);
}
