/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_WORDS_H
#define MV_BASE_WORDS_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Sentences for people, where room is bounded. Like snprintf() into `size`
 * bytes; but what does not fit is left off from the end of a word on, and
 * "..." stands for it, so that nobody takes half a path or half a command for
 * a whole one. One word that is longer than that is cut between characters
 * (UTF-8). The arguments must not lie in `out`. Returns `out`.
 */
__attribute__((format(printf, 3, 4)))
char *mv_words(char *out, size_t size, const char *fmt, ...);
__attribute__((format(printf, 3, 0)))
char *mv_vwords(char *out, size_t size, const char *fmt, va_list ap);

/* The same to who listens (NULL: nobody does), in 2048 bytes. */
typedef void (*mv_tell_fn)(void *payload, const char *message);
__attribute__((format(printf, 3, 4)))
void mv_tell(mv_tell_fn tell, void *payload, const char *fmt, ...);
__attribute__((format(printf, 3, 0)))
void mv_vtell(mv_tell_fn tell, void *payload, const char *fmt, va_list ap);

#endif
