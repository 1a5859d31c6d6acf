/* SPDX-License-Identifier: MIT */
/*
 * Drives a fuzzer without libFuzzer: replays its corpus, and near misses of
 * it, and reports in TAP, one test per corpus file.
 *
 *	fuzz-x [-n <runs>] [-s <seed>] [<file or folder>...]
 *
 * Without paths it takes tests/fuzz/corpus/<x>. Each file is run as it is,
 * then cut short, then with `runs` random damages; files, order and damages
 * are the same every time. When the fuzzer crashes, the input is left in
 * crash-<x> below $TMPDIR or /tmp, to become part of the corpus.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/pace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	/* Sanitized, each takes five times as long; the soak has 100,000. */
	DEFAULT_RUNS = MV_PACE > 1 ? 150 : 500,
	MAX_CUTS = 512,
	MAX_FILE = 16 << 20,
	MAX_SECONDS = 20	/* for one input: longer is a hang */
};

/* What a crash handler needs to know: the input in work, and where to. */
static struct {
	const uint8_t *data;
	size_t size;
	char path[PATH_MAX];
} now;

static void on_crash(int sig)
{
	static const char text[] = "Bail out! crashed; the input is kept in ";
	int fd = open(now.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, now.data, now.size) != (ssize_t)now.size ||
	    write(1, text, sizeof(text) - 1) < 0 ||
	    write(1, now.path, strlen(now.path)) < 0 || write(1, "\n", 1) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/*
 * The fuzzer gets memory of exactly the right size, so that ASan sees a read
 * one byte past the end.
 */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy) {
		perror("malloc");
		exit(2);
	}
	memcpy(copy, data, size);
	now.data = copy;
	now.size = size;
	alarm(MAX_SECONDS);
	LLVMFuzzerTestOneInput(copy, size);
	alarm(0);
	free(copy);
}

static void run_truncations(const uint8_t *data, size_t size)
{
	size_t step = size / MAX_CUTS + 1;

	for (size_t len = 0; len < size; len += step)
		run(data, len);
}

/* Values at which lengths and counts go wrong. */
static uint8_t interesting(uint64_t r)
{
	static const uint8_t values[] = {
		0x00, 0x01, 0x7f, 0x80, 0xff, '\n', ' ', '0', '9', '"', '-'
	};

	return values[r % sizeof(values)];
}

static size_t damage(uint8_t *data, size_t size, uint64_t *state)
{
	unsigned places = 1 + next_random(state) % 4;

	while (places-- && size) {
		uint64_t r = next_random(state);
		size_t at = (r >> 16) % size;
		size_t len = 1 + (r >> 8 & 7);

		if (len > size - at)
			len = size - at;
		switch (r & 7) {
		case 0:
			memmove(data + at, data + at + len, size - at - len);
			size -= len;
			break;
		case 1:
			memmove(data + at, data + next_random(state) %
				(size - len + 1), len);
			break;
		case 2:
			memset(data + at, interesting(r >> 12), len);
			break;
		case 3:
			data[at] = interesting(r >> 12);
			break;
		case 4:
			data[at] = (uint8_t)(data[at] + 1);
			break;
		default:
			data[at] ^= (uint8_t)(1u << (r >> 12 & 7));
			break;
		}
	}
	return size;
}

static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data = malloc(MAX_FILE);

	if (!in || !data) {
		perror(path);
		exit(2);
	}
	*size = fread(data, 1, MAX_FILE, in);
	fclose(in);
	return data;
}

static void replay(const char *path, unsigned long runs, uint64_t seed)
{
	uint8_t *data, *copy;
	size_t size;

	data = read_file(path, &size);
	copy = malloc(size ? size : 1);
	if (!copy) {
		perror("malloc");
		exit(2);
	}
	run(data, size);
	run_truncations(data, size);
	for (unsigned long i = 0; i < runs; i++) {
		memcpy(copy, data, size);
		run(copy, damage(copy, size, &seed));
	}
	free(copy);
	free(data);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static unsigned replay_path(const char *path, unsigned n, unsigned long runs,
			    uint64_t seed)
{
	struct dirent **entries;
	int count = scandir(path, &entries, visible, alphasort);

	if (count < 0) {
		replay(path, runs, seed);
		printf("ok %u - %s\n", n, path);
		return n + 1;
	}
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];

		if (snprintf(file, sizeof(file), "%s/%s", path,
			     entries[i]->d_name) >= (int)sizeof(file))
			exit(2);
		free(entries[i]);
		replay(file, runs, seed);
		printf("ok %u - %s\n", n++, file);
	}
	free(entries);
	return n;
}

static const char *fuzzer_name(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	const char *base = slash ? slash + 1 : argv0;

	return strncmp(base, "fuzz-", 5) ? base : base + 5;
}

/* Sanitizers abort() after their report; they have their own SIGSEGV. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

static void catch_crashes(const char *name)
{
	static const int signals[] = {
		SIGABRT, SIGALRM,
#ifndef SANITIZED
		SIGSEGV, SIGBUS, SIGFPE, SIGILL
#endif
	};
	const char *tmp = getenv("TMPDIR");

	snprintf(now.path, sizeof(now.path), "%s/crash-%s",
		 tmp && *tmp ? tmp : "/tmp", name);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], on_crash);
}

int main(int argc, char **argv)
{
	const char *name = fuzzer_name(argv[0]);
	unsigned long runs = DEFAULT_RUNS;
	uint64_t seed = 1;
	unsigned n = 1;
	int c;

	while ((c = getopt(argc, argv, "n:s:")) >= 0) {
		if (c == 'n')
			runs = strtoul(optarg, NULL, 10);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 10);
		else
			return 129;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_crashes(name);
	run((const uint8_t *)"", 0);
	for (int i = optind; i < argc; i++)
		n = replay_path(argv[i], n, runs, seed);
	if (optind == argc) {
		char corpus[PATH_MAX];

		snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%s", name);
		n = replay_path(corpus, n, runs, seed);
	}
	printf("1..%u\n", n - 1);
	return n > 1 ? 0 : 1;
}
