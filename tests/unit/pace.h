/* SPDX-License-Identifier: MIT */
#ifndef MV_TESTS_PACE_H
#define MV_TESTS_PACE_H

/*
 * How many cases of a sweep one is taken of. The plain program takes every
 * one; the sanitized ones, which look for other faults and are 5 and 30
 * times slower, sample it: a suite that takes too long is not run.
 */
#if defined(__has_feature)
#define MV_HAS(feature) __has_feature(feature)
#else
#define MV_HAS(feature) 0
#endif

#if defined(__SANITIZE_THREAD__) || MV_HAS(thread_sanitizer)
#define MV_PACE 67
#elif defined(__SANITIZE_ADDRESS__) || MV_HAS(address_sanitizer)
#define MV_PACE 7
#else
#define MV_PACE 1
#endif

#endif
