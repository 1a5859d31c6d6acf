/* SPDX-License-Identifier: MIT */
/*
 * What the tests need and the shell has not: made-up content that is the
 * same every time, small damages, measures. One program, many verbs; sizes
 * and offsets may say "8M". Content depends on nothing but the arguments:
 * integers and single IEEE multiplications only.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libmv/base/bytes.h"
#include "libmv/base/config.h"
#include "libmv/base/fs.h"
#include "libmv/base/hash.h"
#include "libmv/base/json-read.h"
#include "libmv/base/json.h"
#include "libmv/base/stream.h"
#include "libmv/base/yaml.h"
#include "libmv/store/store.h"

enum { BLOCK = 1 << 20, MAX_TENSORS = 1024 };

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("mv-test: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(128);
}

static uint64_t parse_size(const char *text)
{
	struct mv_err err;
	uint64_t size;

	if (mv_parse_size(&size, text, &err) < 0)
		die("%s", err.msg);
	return size;
}

static FILE *open_file(const char *path, const char *mode)
{
	FILE *f = fopen(path, mode);

	if (!f)
		die("cannot open '%s': %s", path, strerror(errno));
	return f;
}

static void close_file(FILE *f, const char *path)
{
	if (ferror(f) || fclose(f))
		die("cannot write '%s': %s", path, strerror(errno));
}

static void *allocate(size_t size)
{
	void *p = malloc(size);

	if (!p)
		die("out of memory");
	return p;
}

/* -- random bytes: splitmix64, whose n-th output needs no other ----------- */

static inline uint64_t random_at(uint64_t seed, uint64_t n)
{
	uint64_t z = seed * 0xd1342543de82ef95u + n * 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void write_random(FILE *out, uint64_t size, uint64_t seed)
{
	uint8_t *block = allocate(BLOCK);
	uint64_t n = 1;

	while (size) {
		size_t len = size < BLOCK ? (size_t)size : BLOCK;

		for (size_t i = 0; i < BLOCK; i += 8)
			mv_put_le64(block + i, random_at(seed, n++));
		if (fwrite(block, 1, len, out) != len)
			die("cannot write: %s", strerror(errno));
		size -= len;
	}
	free(block);
}

static int do_random(char **arg)
{
	write_random(stdout, parse_size(arg[0]), parse_size(arg[1]));
	close_file(stdout, "standard output");
	return 0;
}

/* -- a model -------------------------------------------------------------- */

enum dtype { BF16, F16, F32, F8 };

static const struct {
	const char *arg, *name;
	unsigned width;
} dtypes[] = {
	[BF16] = { "bf16", "BF16", 2 },
	[F16] = { "f16", "F16", 2 },
	[F32] = { "f32", "F32", 4 },
	[F8] = { "f8", "F8_E4M3", 1 },
};

struct tensor {
	char name[64];
	uint64_t rows, columns;	/* rows 0: one dimension */
	float mean, scale;
};

struct model {
	enum dtype dtype;
	struct tensor tensor[MAX_TENSORS];
	size_t count;
	uint64_t left;		/* elements still to be given to tensors */
};

static uint64_t elements(const struct tensor *t)
{
	return (t->rows ? t->rows : 1) * t->columns;
}

/* 0 when it does not fit any more. */
static int add_tensor(struct model *m, const char *name, int layer,
		      uint64_t rows, uint64_t columns, float mean)
{
	struct tensor *t = &m->tensor[m->count];

	/* A place is kept for the tensor that takes what is left over. */
	if (m->count >= MAX_TENSORS - 1)
		return 0;
	if (layer < 0)
		snprintf(t->name, sizeof(t->name), "model.%s.weight", name);
	else
		snprintf(t->name, sizeof(t->name), "model.layers.%d.%s.weight",
			 layer, name);
	t->rows = rows;
	t->columns = columns;
	t->mean = mean;
	/* Some tensors are ten times wider than others, as in real models. */
	t->scale = 0.004f * (float)(1 + m->count * 7 % 10);
	if (!columns || elements(t) > m->left)
		return 0;
	m->left -= elements(t);
	m->count++;
	return 1;
}

static void plan_model(struct model *m, uint64_t count)
{
	uint64_t wide = 4096;

	m->count = 0;
	m->left = count;
	while (wide > 32 && wide * wide * 24 > count)
		wide /= 2;
	add_tensor(m, "embed_tokens", -1, count / 8 / wide, wide, 0);
	for (int i = 0; add_tensor(m, "self_attn.q_proj", i, wide, wide, 0) &&
	     add_tensor(m, "self_attn.k_proj", i, wide / 4, wide, 0) &&
	     add_tensor(m, "self_attn.v_proj", i, wide / 4, wide, 0) &&
	     add_tensor(m, "self_attn.o_proj", i, wide, wide, 0) &&
	     add_tensor(m, "mlp.up_proj", i, 3 * wide, wide, 0) &&
	     add_tensor(m, "mlp.down_proj", i, wide, 3 * wide, 0) &&
	     add_tensor(m, "input_layernorm", i, 0, wide, 1); i++)
		;
	add_tensor(m, "lm_head", -1, m->left / wide, wide, 0);
	add_tensor(m, "norm", -1, 0, m->left, 1);
}

static int print_header(struct mv_buf *out, const struct model *m)
{
	const unsigned width = dtypes[m->dtype].width;
	uint64_t at = 0;
	int rc = mv_buf_addstr(out, "{\"__metadata__\":{\"format\":\"pt\"}");

	for (size_t i = 0; i < m->count && !rc; i++) {
		const struct tensor *t = &m->tensor[i];
		uint64_t end = at + elements(t) * width;

		rc = mv_buf_addf(out, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[",
				 t->name, dtypes[m->dtype].name);
		if (!rc && t->rows)
			rc = mv_buf_addf(out, "%" PRIu64 ",", t->rows);
		if (!rc)
			rc = mv_buf_addf(out, "%" PRIu64 "],\"data_offsets\":[%"
					 PRIu64 ",%" PRIu64 "]}",
					 t->columns, at, end);
		at = end;
	}
	return rc ? rc : mv_buf_addch(out, '}');
}

/*
 * The sum of four 16-bit numbers is as normal as this needs; 16 more bits
 * keep the mantissa of small values full.
 */
static inline float normal(uint64_t r, float mean, float scale)
{
	int64_t sum = (int64_t)((r & 0xffff) + (r >> 16 & 0xffff) +
				(r >> 32 & 0xffff) + (r >> 48)) - 2 * 0xffff;
	uint64_t low = (r * 0x9e3779b97f4a7c15u) >> 48;

	sum = sum * 65536 + (int64_t)low;
	/* 2^-31.2: the standard deviation of `sum` becomes one. */
	return mean + (float)sum * (scale * 0x1.bb67aep-32f);
}

static inline uint32_t float_bits(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline uint16_t to_bf16(float f)
{
	uint32_t bits = float_bits(f);

	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* For values below 65504; those below 2^-14 become subnormal, then zero. */
static inline uint16_t to_f16(float f)
{
	uint32_t bits = float_bits(f), sign = bits >> 16 & 0x8000;
	uint32_t rest = bits & 0x7fffffff;

	if (rest >= 0x38800000)
		return (uint16_t)(sign | ((rest - 0x38000000 + 0xfff +
					   (rest >> 13 & 1)) >> 13));
	return (uint16_t)(sign | (uint32_t)(fabsf(f) * 0x1p24f));
}

/* E4M3 without infinities: 448 is the largest. */
static inline uint8_t to_f8(float f)
{
	uint32_t bits = float_bits(f), sign = bits >> 24 & 0x80;
	uint32_t rest = bits & 0x7fffffff;

	if (rest < 0x3c800000)
		rest = (uint32_t)lrintf(fabsf(f) * 0x1p9f);
	else
		rest = (rest - 0x3c000000 + 0x7ffff + (rest >> 20 & 1)) >> 20;
	return (uint8_t)(sign | (rest < 0x7e ? rest : 0x7e));
}

static void make_block(uint8_t *block, size_t count, enum dtype dtype,
		       const struct tensor *t, uint64_t seed, uint64_t first)
{
	for (size_t i = 0; i < count; i++) {
		float f = normal(random_at(seed, first + i), t->mean, t->scale);

		if (dtype == BF16)
			mv_put_le16(block + i * 2, to_bf16(f));
		else if (dtype == F16)
			mv_put_le16(block + i * 2, to_f16(f));
		else if (dtype == F8)
			/* Scaled as who makes such files does: by the largest. */
			block[i] = to_f8((f - t->mean) / t->scale * 75);
		else
			mv_put_le32(block + i * 4, float_bits(f));
	}
}

static void write_tensor(FILE *out, enum dtype dtype, const struct tensor *t,
			 uint64_t seed)
{
	const unsigned width = dtypes[dtype].width;
	uint8_t *block = allocate(BLOCK);
	uint64_t count = elements(t);

	for (uint64_t at = 0; at < count; at += BLOCK / width) {
		size_t n = BLOCK / width;

		if (n > count - at)
			n = (size_t)(count - at);
		make_block(block, n, dtype, t, seed, at + 1);
		if (fwrite(block, width, n, out) != n)
			die("cannot write: %s", strerror(errno));
	}
	free(block);
}

static enum dtype find_dtype(const char *arg)
{
	for (int i = BF16; i <= F8; i++)
		if (!strcmp(dtypes[i].arg, arg))
			return (enum dtype)i;
	die("'%s' is none of bf16, f16, f32, f8", arg);
}

/*
 * Exactly SIZE bytes (rounded down to whole elements). The header is padded
 * with spaces, so its room is chosen first and grown until it fits.
 */
static int do_safetensors(char **arg)
{
	struct model *m = allocate(sizeof(*m));
	uint64_t size = parse_size(arg[2]), seed = parse_size(arg[3]);
	uint64_t room = 512 - 8;
	struct mv_buf header;
	uint8_t len[8];
	FILE *out;

	m->dtype = find_dtype(arg[1]);
	mv_buf_init(&header, 1 << 20);
	for (;; room += 512) {
		if (size < 8 + room + 64)
			die("a model has at least %" PRIu64 " bytes", room + 72);
		plan_model(m, (size - 8 - room) / dtypes[m->dtype].width);
		mv_buf_clear(&header);
		if (print_header(&header, m) < 0)
			die("the header is too long");
		if (header.len <= room)
			break;
	}
	while (header.len < room)
		if (mv_buf_addch(&header, ' ') < 0)
			die("out of memory");
	out = open_file(arg[0], "wb");
	mv_put_le64(len, room);
	fwrite(len, 1, 8, out);
	fwrite(header.data, 1, header.len, out);
	for (size_t i = 0; i < m->count; i++)
		write_tensor(out, m->dtype, &m->tensor[i],
			     random_at(seed, i + 1));
	close_file(out, arg[0]);
	mv_buf_release(&header);
	free(m);
	return 0;
}

/* -- what training makes of a model --------------------------------------- */

static uint64_t copy(FILE *to, FILE *from, uint64_t max)
{
	char *block = allocate(BLOCK);
	uint64_t done = 0;
	size_t got;

	while (done < max) {
		got = max - done < BLOCK ? (size_t)(max - done) : BLOCK;
		got = fread(block, 1, got, from);
		if (!got)
			break;
		fwrite(block, 1, got, to);
		done += got;
	}
	free(block);
	return done;
}

/* After the header; whole blocks of bf16 but the last. */
typedef void (*train_fn)(uint8_t *block, size_t count, uint64_t first,
			 unsigned step, uint64_t seed);

/*
 * Weights that an optimiser keeps in full, written down in bf16: each step
 * moves one by a fraction of what bf16 can tell apart at its size, half of it
 * always in the same direction. Of neighbouring steps about every second weight
 * of 0.02 is the same, and no others are far away.
 */
static void tune_block(uint8_t *block, size_t count, uint64_t first,
		       unsigned step, uint64_t seed)
{
	const float move = 0x1.8p-16f;

	for (size_t i = 0; i < count; i++) {
		uint16_t v = mv_le16(block + 2 * i);
		uint32_t bits = (uint32_t)v << 16 | (uint16_t)random_at(
			seed, first + i);
		float f, drift = normal(random_at(seed + 1, first + i), 0,
					move);

		bits -= 0x8000;		/* rounded to what it was */
		memcpy(&f, &bits, sizeof(f));
		for (unsigned s = 1; v && s <= step; s++)
			f += drift + normal(random_at(seed + 1 + s, first + i),
					    0, move);
		if (v && step)
			mv_put_le16(block + 2 * i, to_bf16(f));
	}
}

/* Each step moves one weight in a hundred by what can just be told apart. */
static void few_block(uint8_t *block, size_t count, uint64_t first,
		      unsigned step, uint64_t seed)
{
	for (size_t i = 0; i < count; i++)
		for (unsigned s = 1; s <= step; s++) {
			uint64_t r = random_at(seed + s, first + i);
			uint16_t v = mv_le16(block + 2 * i);

			if (r % 100 || !(v & 0x7fff) || (v & 0x7fff) > 0x7f00)
				continue;
			mv_put_le16(block + 2 * i,
				    (uint16_t)(r >> 63 ? v + 1 : v - 1));
		}
}

static int do_train(char **arg, train_fn train)
{
	FILE *from = open_file(arg[0], "rb"), *to = open_file(arg[1], "wb");
	unsigned step = (unsigned)parse_size(arg[2]);
	uint64_t seed = parse_size(arg[3]), first = 0;
	uint8_t *block = allocate(BLOCK);
	size_t got;

	if (fread(block, 1, 8, from) != 8)
		die("'%s' is no safetensors file", arg[0]);
	fwrite(block, 1, 8, to);
	if (copy(to, from, mv_le64(block)) != mv_le64(block))
		die("'%s' is no safetensors file", arg[0]);
	while ((got = fread(block, 1, BLOCK, from))) {
		train(block, got / 2, first, step, seed);
		fwrite(block, 1, got, to);
		first += got / 2;
	}
	free(block);
	fclose(from);
	close_file(to, arg[1]);
	return 0;
}

static int do_tune(char **arg)
{
	return do_train(arg, tune_block);
}

static int do_few(char **arg)
{
	return do_train(arg, few_block);
}

/* -- changes -------------------------------------------------------------- */

static int do_edit(char **arg)
{
	FILE *f = open_file(arg[0], "r+b");

	if (fseeko(f, (off_t)parse_size(arg[1]), SEEK_SET))
		die("cannot seek in '%s': %s", arg[0], strerror(errno));
	write_random(f, parse_size(arg[2]), parse_size(arg[3]));
	close_file(f, arg[0]);
	return 0;
}

static int do_insert(char **arg)
{
	uint64_t at = parse_size(arg[1]);
	FILE *from = open_file(arg[0], "rb"), *to;
	char path[4096];

	if (snprintf(path, sizeof(path), "%s.mv-test", arg[0]) >=
	    (int)sizeof(path))
		die("the name is too long");
	to = open_file(path, "wb");
	if (copy(to, from, at) != at)
		die("'%s' is shorter than that", arg[0]);
	write_random(to, parse_size(arg[2]), parse_size(arg[3]));
	copy(to, from, UINT64_MAX);
	fclose(from);
	close_file(to, path);
	if (rename(path, arg[0]))
		die("cannot rename '%s': %s", path, strerror(errno));
	return 0;
}

static int do_flip(char **arg)
{
	FILE *f = open_file(arg[0], "r+b");
	int from_end = arg[1][0] == '-';
	off_t at = (off_t)parse_size(arg[1] + from_end);
	int c = EOF;

	if (!fseeko(f, from_end ? -at : at, from_end ? SEEK_END : SEEK_SET))
		c = fgetc(f);
	if (c == EOF || fseeko(f, -1, SEEK_CUR))
		die("'%s' has no byte at %s", arg[0], arg[1]);
	fputc(c ^ 1, f);
	close_file(f, arg[0]);
	return 0;
}

/* -- how small could it be? ----------------------------------------------- */

/* Bits of all bytes counted, coded each by its frequency. */
static double plane_bits(const uint64_t count[256])
{
	double total = 0, bits = 0;

	for (int i = 0; i < 256; i++)
		total += (double)count[i];
	for (int i = 0; i < 256; i++)
		if (count[i])
			bits -= (double)count[i] *
				log2((double)count[i] / total);
	return bits;
}

/*
 * The order-0 entropy of the planes of one tensor. Floats are turned left by
 * one bit first, so that the exponent is a byte of its own.
 */
static double tensor_bits(FILE *in, uint64_t size, unsigned width, int turn)
{
	static uint64_t count[4][256];
	uint8_t *block = allocate(BLOCK);
	double bits = 0;
	size_t got;

	memset(count, 0, sizeof(count));
	for (uint64_t at = 0; at < size; at += got) {
		got = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		if (fread(block, 1, got, in) != got)
			die("the file is cut short");
		for (size_t i = 0; i + width <= got; i += width) {
			uint32_t v = width == 1 ? block[i] : width == 2 ?
				mv_le16(block + i) : mv_le32(block + i);

			if (turn)
				v = v << 1 | v >> (8 * width - 1);
			for (unsigned p = 0; p < width; p++)
				count[p][v >> 8 * p & 0xff]++;
		}
	}
	for (unsigned p = 0; p < width; p++)
		bits += plane_bits(count[p]);
	free(block);
	return bits;
}

struct entropy {
	FILE *in;
	uint64_t base;		/* of the offsets in the header */
	double bits;
};

static int add_entropy(void *payload, const char *key,
		       const struct mv_json *value)
{
	const struct mv_json *offsets = mv_json_get(value, "data_offsets");
	const char *dtype = mv_json_get_str(mv_json_get(value, "dtype"), NULL);
	struct entropy *e = payload;
	uint64_t from, to;
	unsigned width = 1;
	int turn;

	if (!strcmp(key, "__metadata__"))
		return 0;
	if (!offsets || !dtype)
		die("tensor '%s' makes no sense", key);
	from = (uint64_t)mv_json_get_int(mv_json_at(offsets, 0));
	to = (uint64_t)mv_json_get_int(mv_json_at(offsets, 1));
	turn = !strcmp(dtype, "BF16") || !strcmp(dtype, "F32");
	if (!strcmp(dtype, "F32") || !strcmp(dtype, "I32"))
		width = 4;
	else if (strchr(dtype, '1'))
		width = 2;
	if (fseeko(e->in, (off_t)(e->base + from), SEEK_SET))
		die("cannot seek: %s", strerror(errno));
	e->bits += tensor_bits(e->in, to - from, width, turn);
	return 0;
}

/* The header of a safetensors file, or NULL. */
static struct mv_json *read_header(FILE *in, uint64_t size, uint64_t *len)
{
	struct mv_json *header = NULL;
	uint8_t head[8];
	char *text;

	if (fread(head, 1, 8, in) != 8)
		return NULL;
	*len = mv_le64(head);
	if (*len > size - 8 || *len > 100 << 20)
		return NULL;
	text = allocate((size_t)*len + 1);
	if (fread(text, 1, (size_t)*len, in) == *len)
		mv_json_parse(&header, text, (size_t)*len, NULL);
	free(text);
	return header;
}

static int do_entropy(char **arg)
{
	struct entropy e = { open_file(arg[0], "rb"), 0, 0 };
	struct mv_json *header;
	uint64_t len = 0;
	struct stat st;

	if (fstat(fileno(e.in), &st) || !st.st_size)
		die("'%s' is empty", arg[0]);
	header = read_header(e.in, (uint64_t)st.st_size, &len);
	if (header) {
		e.base = 8 + len;
		e.bits = 8 * (double)e.base;
		mv_json_each(header, add_entropy, &e);
	} else {
		rewind(e.in);
		e.bits = tensor_bits(e.in, (uint64_t)st.st_size, 1, 0);
	}
	printf("%.4f\n", e.bits / 8 / (double)st.st_size);
	mv_json_free(header);
	fclose(e.in);
	return 0;
}

/* -- how much memory does it take? ---------------------------------------- */

/*
 * Run a command; the file gets the peak of the resident memory, in KiB, of
 * the largest process among it and what it started.
 */
static int do_maxrss(char **arg)
{
	struct rusage usage;
	FILE *out;
	int status;
	pid_t pid = fork();

	if (!pid) {
		execvp(arg[1], arg + 1);
		fprintf(stderr, "mv-test: cannot run '%s'\n", arg[1]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("cannot run '%s': %s", arg[1], strerror(errno));
	getrusage(RUSAGE_CHILDREN, &usage);
	out = open_file(arg[0], "w");
	fprintf(out, "%ld\n", usage.ru_maxrss);
	close_file(out, arg[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	       128 + WTERMSIG(status);
}

/* -- what does a YAML file say? ------------------------------------------- */

static int do_yaml(char **arg)
{
	struct mv_json *v = NULL;
	struct mv_buf in, out;
	struct mv_err err;

	mv_buf_init(&in, 1 << 20);
	mv_buf_init(&out, 1 << 24);
	if (mv_read_file(&in, arg[0], &err) ||
	    mv_yaml_parse(&v, in.data, in.len, &err) ||
	    mv_json_print(&out, v, 2, &err))
		die("%s: %s", arg[0], err.msg);
	puts(out.data);
	mv_json_free(v);
	mv_buf_release(&in);
	mv_buf_release(&out);
	return 0;
}

/* -- the same second ------------------------------------------------------ */

/* Past its first moments: stamps are those of the kernel's last tick. */
static int do_second(char **arg)
{
	const struct timespec pause = { 0, 500 * 1000 };
	struct timespec ts;

	(void)arg;
	do {
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_REALTIME, &ts);
	} while (ts.tv_nsec < 12 * 1000 * 1000 || ts.tv_nsec > 40 * 1000 * 1000);
	return 0;
}

/*
 * The second writing of a page that is dirty gives the file no new stamps.
 * All happens in one second, or the status is 75.
 */
static int do_mapped(char **arg)
{
	struct timespec begin, end;
	struct stat st;
	char *map;
	int fd = open(arg[0], O_RDWR | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		die("cannot open '%s'", arg[0]);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("cannot map '%s': %s", arg[0], strerror(errno));
	do_second(NULL);
	clock_gettime(CLOCK_REALTIME, &begin);
	for (int i = 0; i < 2; i++) {
		memset(map, i ? 'b' : 'a', 16);
		if (*arg[1 + i] && system(arg[1 + i]))
			die("'%s' failed", arg[1 + i]);
	}
	clock_gettime(CLOCK_REALTIME, &end);
	munmap(map, (size_t)st.st_size);
	close(fd);
	return begin.tv_sec == end.tv_sec ? 0 : 75;
}

/* -- what does git ask a filter? ------------------------------------------ */

/* One pkt-line into `packet`, its length, or 0 at the end of the input. */
static size_t read_packet(char packet[65536])
{
	char head[5] = "";
	size_t len;

	if (fread(packet, 1, 4, stdin) != 4)
		return 0;
	memcpy(head, packet, 4);
	len = strtoul(head, NULL, 16);
	if (len <= 4)
		return 4;
	if (len > 65535 || fread(packet + 4, 1, len - 4, stdin) != len - 4)
		die("git does not speak in pkt-lines");
	return len;
}

/* "command=" and "pathname=" of each request, a line each, into the log. */
static void relay(FILE *log, int to)
{
	static char packet[65536];
	size_t len, done;
	ssize_t n;

	while ((len = read_packet(packet))) {
		if (!strncmp(packet + 4, "command=", 8) && len > 12)
			fwrite(packet + 12, 1, len - 12, log);
		if (!strncmp(packet + 4, "pathname=", 9) && len > 13)
			fwrite(packet + 13, 1, len - 13, log);
		for (done = 0; done < len; done += (size_t)n)
			if ((n = write(to, packet + done, len - done)) < 0)
				return;
	}
}

/* The filter keeps its process id and its parent; a child of it relays. */
static int do_tap(char **arg)
{
	FILE *log = open_file(arg[0], "ae");
	int fd[2];
	pid_t pid;

	if (pipe(fd) || (pid = fork()) < 0)
		die("cannot start a relay: %s", strerror(errno));
	if (!pid) {
		close(fd[0]);
		relay(log, fd[1]);
		close_file(log, arg[0]);
		_exit(0);
	}
	fclose(log);
	close(fd[1]);
	if (dup2(fd[0], 0) < 0 || close(fd[0]))
		die("cannot read from a relay: %s", strerror(errno));
	execvp(arg[1], arg + 1);
	die("cannot run '%s': %s", arg[1], strerror(errno));
}

/* -- what is in a store? -------------------------------------------------- */

static int hash_bytes(void *payload, const void *data, size_t len,
		      struct mv_err *err)
{
	return mv_hasher_update(payload, data, len, err);
}

static int is_whole(struct mv_store *store, struct mv_hasher *hasher,
		    const struct mv_oid *oid)
{
	struct mv_writer out = { hash_bytes, hasher };
	struct mv_oid got;

	return !mv_store_read(store, oid, &out, NULL) &&
	       !mv_hasher_final(got.b, hasher, NULL) &&
	       mv_oid_eq(oid, &got);
}

/*
 * Of the oids on standard input, a line each, those that the store does not
 * give back: asked here, nobody else can be asked for them.
 */
static int do_missing(char **arg)
{
	struct mv_store_options options = { 0 };
	struct mv_hasher *hasher = NULL;
	struct mv_store *store = NULL;
	char line[MV_OID_HEX + 2];
	struct mv_oid oid;

	if (mv_hasher_new(&hasher, MV_HASH_SHA256, NULL))
		die("no memory");
	/* No store has nothing. */
	if (mv_store_open(&store, arg[0], &options, NULL))
		store = NULL;
	while (fgets(line, sizeof(line), stdin)) {
		if (mv_oid_parse(&oid, line, strcspn(line, "\n")))
			die("no oid: %s", line);
		if (mv_hasher_reset(hasher, NULL))
			die("no memory");
		if (!store || !is_whole(store, hasher, &oid))
			fputs(line, stdout);
	}
	mv_store_close(store);
	mv_hasher_free(hasher);
	return fflush(stdout) ? 1 : 0;
}

static const struct verb {
	const char *name;
	int args, more;
	int (*run)(char **arg);
	const char *usage;
} verbs[] = {
	{ "random", 2, 0, do_random,
	  "SIZE SEED                       bytes on standard output" },
	{ "safetensors", 4, 0, do_safetensors,
	  "OUT bf16|f16|f32|f8 SIZE SEED  a model with plausible weights" },
	{ "tune", 4, 0, do_tune,
	  "IN OUT STEP SEED  a bf16 model after so many steps of fine-tuning" },
	{ "few", 4, 0, do_few,
	  "IN OUT STEP SEED  the same where a step changes 1 % of the weights" },
	{ "edit", 4, 0, do_edit,
	  "FILE OFFSET LEN SEED         other bytes in place" },
	{ "insert", 4, 0, do_insert,
	  "FILE OFFSET LEN SEED       more bytes between" },
	{ "flip", 2, 0, do_flip,
	  "FILE OFFSET                  one bit; -N is from the end" },
	{ "entropy", 1, 0, do_entropy,
	  "FILE                      order-0, of byte planes, of the size" },
	{ "maxrss", 2, 1, do_maxrss,
	  "OUT CMD...                 run it; OUT gets its peak in KiB" },
	{ "mapped", 3, 0, do_mapped,
	  "FILE CMD CMD                  write by a map, run, write again, run" },
	{ "second", 0, 0, do_second,
	  "                               wait until one begins" },
	{ "tap", 1, 1, do_tap,
	  "LOG CMD...                    a filter; LOG gets what git asks it" },
	{ "missing", 1, 0, do_missing,
	  "STORE                     of the oids on standard input" },
	{ "yaml", 1, 0, do_yaml,
	  "FILE                         the same as JSON" },
};

int main(int argc, char **argv)
{
	const size_t count = sizeof(verbs) / sizeof(verbs[0]);

	for (size_t i = 0; argc > 1 && i < count; i++)
		if (!strcmp(verbs[i].name, argv[1]) &&
		    (argc - 2 == verbs[i].args ||
		     (verbs[i].more && argc - 2 > verbs[i].args)))
			return verbs[i].run(argv + 2);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "mv-test %s %s\n", verbs[i].name,
			verbs[i].usage);
	return 129;
}
