/* SPDX-License-Identifier: MIT */
#include "libmv/format/pickle.h"

#include <stdlib.h>
#include <string.h>

#include "libmv/base/bytes.h"
#include "libmv/base/grow.h"
#include "libmv/format/pickle-op.h"

#define OPCODES_MAX (64u * 1024 * 1024)
#define TEXT_TOTAL_MAX (64u * 1024 * 1024)
#define BLOCK_SIZE 65536u

struct block {
	struct block *next;
	size_t used, size;
	char data[];
};

struct node {
	uint32_t value;
	uint32_t next;
};

struct mv_pickle {
	struct mv_pickle_value *values;
	struct node *nodes;		/* 0 is not used */
	uint32_t *stack;
	uint32_t *marks;		/* heights of the stack */
	uint32_t *memo;			/* value + 1; 0: not set */
	size_t values_count, nodes_count, stack_count, marks_count;
	size_t memo_count, memo_next;
	size_t values_alloc, nodes_alloc, stack_alloc, marks_alloc;
	size_t memo_alloc;
	uint32_t max;
	uint32_t opcodes;
	uint64_t pos, frame_end;
	struct block *blocks;
	size_t text_total;
	uint32_t root;
	struct mv_err *err;
};

static int pickle_bad(struct mv_pickle *p, const char *what)
{
	return mv_fail(p->err, MV_EINVALID, "the pickle is malformed at offset "
		       "%llu: %s", (unsigned long long)p->pos, what);
}

/* -- values --------------------------------------------------------------- */

static const char *pickle_keep_text(struct mv_pickle *p, const char *text, size_t len)
{
	struct block *b = p->blocks;
	char *copy;

	if (!b || b->size - b->used <= len) {
		size_t size = len >= BLOCK_SIZE ? len + 1 : BLOCK_SIZE;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		b->next = p->blocks;
		b->used = 0;
		b->size = size;
		p->blocks = b;
	}
	copy = b->data + b->used;
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	b->used += len + 1;
	p->text_total += len + 1;
	return copy;
}

static int make_value(uint32_t *out, struct mv_pickle *p,
		      enum mv_pickle_kind kind)
{
	struct mv_pickle_value *v;

	*out = 0;
	if (p->values_count == p->max)
		return pickle_bad(p, "too many values");
	if (MV_GROW(p->values, p->values_alloc, p->values_count + 1,
		    p->err) < 0)
		return MV_ENOMEM;
	v = &p->values[p->values_count];
	memset(v, 0, sizeof(*v));
	v->kind = (uint8_t)kind;
	*out = (uint32_t)p->values_count++;
	return 0;
}

static int add_item(struct mv_pickle *p, uint32_t to, uint32_t item)
{
	struct mv_pickle_value *v = &p->values[to];
	uint32_t n;

	if (p->nodes_count >= p->max)
		return pickle_bad(p, "too many items");
	if (MV_GROW(p->nodes, p->nodes_alloc, p->nodes_count + 1, p->err) < 0)
		return MV_ENOMEM;
	n = (uint32_t)p->nodes_count++;
	p->nodes[n].value = item;
	p->nodes[n].next = 0;
	if (v->u.items.last)
		p->nodes[v->u.items.last].next = n;
	else
		v->u.items.first = n;
	v->u.items.last = n;
	v->count++;
	return 0;
}

static int push(struct mv_pickle *p, uint32_t value)
{
	if (p->stack_count == p->max)
		return pickle_bad(p, "its stack is too high");
	if (MV_GROW(p->stack, p->stack_alloc, p->stack_count + 1, p->err) < 0)
		return MV_ENOMEM;
	p->stack[p->stack_count++] = value;
	return 0;
}

static int push_new(struct mv_pickle *p, enum mv_pickle_kind kind,
		    int64_t number)
{
	uint32_t v;
	int rc = make_value(&v, p, kind);

	if (rc < 0)
		return rc;
	p->values[v].u.number = number;
	return push(p, v);
}

static int push_text(struct mv_pickle *p, enum mv_pickle_kind kind,
		     const struct mv_pickle_op *op)
{
	size_t len = op->text_len;
	uint32_t v;
	int rc = make_value(&v, p, kind);

	if (rc < 0)
		return rc;
	if (len > MV_PICKLE_TEXT_MAX)
		len = MV_PICKLE_TEXT_MAX;
	if (p->text_total + len >= TEXT_TOTAL_MAX)
		return pickle_bad(p, "too much text");
	p->values[v].u.text = pickle_keep_text(p, op->text, len);
	if (!p->values[v].u.text)
		return mv_nomem(p->err);
	p->values[v].count = (uint32_t)len;
	p->values[v].cut = op->cut || len < op->text_len;
	return push(p, v);
}

static int push_global(struct mv_pickle *p, const char *module,
		       size_t module_len, const char *name, size_t name_len)
{
	char text[MV_PICKLE_TEXT_MAX];
	struct mv_pickle_op op = { .text = text };

	if (memchr(module, '\n', module_len) || memchr(name, '\n', name_len) ||
	    module_len + name_len + 1 > sizeof(text))
		return pickle_bad(p, "a name cannot be one");
	memcpy(text, module, module_len);
	text[module_len] = '\n';
	memcpy(text + module_len + 1, name, name_len);
	op.text_len = module_len + 1 + name_len;
	return push_text(p, MV_PICKLE_GLOBAL, &op);
}

/* The lowest place that may be popped: what is below belongs to a mark. */
static size_t floor_of(const struct mv_pickle *p)
{
	return p->marks_count ? p->marks[p->marks_count - 1] : 0;
}

static int pop(uint32_t *out, struct mv_pickle *p)
{
	*out = 0;
	if (p->stack_count <= floor_of(p))
		return pickle_bad(p, "its stack is empty");
	*out = p->stack[--p->stack_count];
	return 0;
}

/* The top stays; to be filled, called and the like. */
static int top(uint32_t *out, struct mv_pickle *p)
{
	int rc = pop(out, p);

	if (!rc)
		p->stack_count++;
	return rc;
}

/* What lies above the last mark: from *from to the top. The mark goes. */
static int pop_mark(size_t *from, struct mv_pickle *p)
{
	*from = 0;
	if (!p->marks_count)
		return pickle_bad(p, "a mark is missing");
	*from = p->marks[--p->marks_count];
	return 0;
}

/* The last `n` of the stack become the items of a new value. */
static int gather(struct mv_pickle *p, enum mv_pickle_kind kind, size_t from)
{
	uint32_t v;
	int rc = make_value(&v, p, kind);

	for (size_t i = from; !rc && i < p->stack_count; i++)
		rc = add_item(p, v, p->stack[i]);
	if (rc < 0)
		return rc;
	p->stack_count = from;
	return push(p, v);
}

static int gather_n(struct mv_pickle *p, size_t n)
{
	if (p->stack_count - floor_of(p) < n)
		return pickle_bad(p, "its stack is empty");
	return gather(p, MV_PICKLE_TUPLE, p->stack_count - n);
}

static int gather_marked(struct mv_pickle *p, enum mv_pickle_kind kind)
{
	size_t from;
	int rc = pop_mark(&from, p);

	return rc ? rc : gather(p, kind, from);
}

/* Items from the stack go into what lies below them. */
static int fill(struct mv_pickle *p, size_t from, int pairs)
{
	size_t n = p->stack_count - from;
	uint32_t to;
	int rc = 0;

	if (from <= floor_of(p))
		return pickle_bad(p, "its stack is empty");
	if (pairs && n % 2)
		return pickle_bad(p, "a key has no value");
	to = p->stack[from - 1];
	/* an object that fills itself: known by its call alone */
	if (p->values[to].kind == MV_PICKLE_CALL)
		n = 0;
	else if (pairs ? p->values[to].kind != MV_PICKLE_DICT :
		 p->values[to].kind != MV_PICKLE_LIST &&
		 p->values[to].kind != MV_PICKLE_SET)
		return pickle_bad(p, "items for what cannot hold them");
	for (size_t i = 0; !rc && i < n; i++)
		rc = add_item(p, to, p->stack[from + i]);
	p->stack_count = from;
	return rc;
}

static int fill_marked(struct mv_pickle *p, int pairs)
{
	size_t from;
	int rc = pop_mark(&from, p);

	return rc ? rc : fill(p, from, pairs);
}

static int fill_n(struct mv_pickle *p, size_t n, int pairs)
{
	if (p->stack_count - floor_of(p) < n)
		return pickle_bad(p, "its stack is empty");
	return fill(p, p->stack_count - n, pairs);
}

/* -- calls ---------------------------------------------------------------- */

/* Classes whose instances are filled like a dict. */
static int makes_dict(const struct mv_pickle *p, uint32_t callable,
		      uint32_t arguments)
{
	const struct mv_pickle_value *a = &p->values[arguments];

	if (a->kind != MV_PICKLE_TUPLE)
		return 0;
	if (mv_pickle_is_global(p, callable, "collections", "defaultdict"))
		return a->count <= 1;
	return !a->count &&
		(mv_pickle_is_global(p, callable, "collections",
				     "OrderedDict") ||
		 mv_pickle_is_global(p, callable, "collections", "Counter"));
}

static int make_call(struct mv_pickle *p, uint32_t callable,
		     uint32_t arguments)
{
	uint32_t v;
	int rc;

	if (makes_dict(p, callable, arguments))
		return push_new(p, MV_PICKLE_DICT, 0);
	rc = make_value(&v, p, MV_PICKLE_CALL);
	if (!rc)
		rc = add_item(p, v, callable);
	if (!rc)
		rc = add_item(p, v, arguments);
	return rc ? rc : push(p, v);
}

/* callable, arguments [, keywords] on the stack. */
static int op_call(struct mv_pickle *p, int keywords)
{
	uint32_t callable = 0, arguments = 0, more = 0;
	int rc = 0;

	if (keywords)
		rc = pop(&more, p);
	if (!rc)
		rc = pop(&arguments, p);
	if (!rc)
		rc = pop(&callable, p);
	if (!rc)
		rc = make_call(p, callable, arguments);
	if (!rc && keywords && p->values[p->stack[p->stack_count - 1]].kind ==
	    MV_PICKLE_CALL)
		rc = add_item(p, p->stack[p->stack_count - 1], more);
	return rc;
}

/* OBJ: mark, class, arguments. INST: the class is the argument of the op. */
static int op_object(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	uint32_t callable = 0, arguments = 0;
	size_t from;
	int rc = pop_mark(&from, p);

	if (rc < 0)
		return rc;
	if (op->code == 'o' && from == p->stack_count)
		return pickle_bad(p, "an object has no class");
	if (op->code == 'o') {
		callable = p->stack[from++];
		rc = gather(p, MV_PICKLE_TUPLE, from);
		if (!rc)
			rc = pop(&arguments, p);
		p->stack_count = from - 1;
		return rc ? rc : make_call(p, callable, arguments);
	}
	rc = gather(p, MV_PICKLE_TUPLE, from);
	if (!rc)
		rc = pop(&arguments, p);
	if (!rc)
		rc = push_global(p, op->text, op->text_len, op->text2,
				 op->text2_len);
	if (!rc)
		rc = pop(&callable, p);
	return rc ? rc : make_call(p, callable, arguments);
}

static int op_build(struct mv_pickle *p)
{
	uint32_t state, object = 0;
	int rc = pop(&state, p);

	if (!rc)
		rc = top(&object, p);
	if (rc < 0)
		return rc;
	if (p->values[object].kind == MV_PICKLE_CALL)
		return add_item(p, object, state);
	return p->values[object].kind == MV_PICKLE_DICT ? 0 :
		pickle_bad(p, "a state for what has none");
}

static int op_stack_global(struct mv_pickle *p)
{
	const struct mv_pickle_value *m, *n;
	uint32_t module = 0, name;
	int rc = pop(&name, p);

	if (!rc)
		rc = pop(&module, p);
	if (rc < 0)
		return rc;
	m = &p->values[module];
	n = &p->values[name];
	if (m->kind != MV_PICKLE_TEXT || n->kind != MV_PICKLE_TEXT)
		return pickle_bad(p, "a name is not text");
	return push_global(p, m->u.text, m->count, n->u.text, n->count);
}

static int op_persid(struct mv_pickle *p)
{
	uint32_t id, v = 0;
	int rc = pop(&id, p);

	if (!rc)
		rc = make_value(&v, p, MV_PICKLE_PERSID);
	if (!rc)
		rc = add_item(p, v, id);
	return rc ? rc : push(p, v);
}

/* -- numbers and memo ----------------------------------------------------- */

/* Decimal; 0 when it is no number or does not fit. */
static int line_number(int64_t *out, const struct mv_pickle_op *op)
{
	size_t i = 0, len = op->text_len;
	int minus = len && op->text[0] == '-';
	int64_t n = 0;

	if (len > 1 && op->text[len - 1] == 'L')
		len--;
	for (i = (size_t)minus; i < len; i++) {
		if (op->text[i] < '0' || op->text[i] > '9' ||
		    __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, op->text[i] - '0', &n))
			return 0;
	}
	*out = minus ? -n : n;
	return len > (size_t)minus;
}

static int op_line_int(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	int64_t n;

	if (op->code == 'I' && op->text_len == 2 && op->text[0] == '0' &&
	    (op->text[1] == '0' || op->text[1] == '1'))
		return push_new(p, MV_PICKLE_BOOL, op->text[1] == '1');
	return line_number(&n, op) ? push_new(p, MV_PICKLE_INT, n) :
		push_new(p, MV_PICKLE_OPAQUE, 0);
}

/* Two's complement, little-endian, of any length. */
static int op_long(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	const uint8_t *b = (const uint8_t *)op->text;
	size_t len = op->text_len;
	uint64_t n = 0;

	if (op->number > 8)
		return push_new(p, MV_PICKLE_OPAQUE, 0);
	for (size_t i = 0; i < 8; i++) {
		uint64_t byte = i < len ? b[i] :
			len && b[len - 1] & 0x80 ? 0xff : 0;

		n |= byte << (8 * i);
	}
	return push_new(p, MV_PICKLE_INT, (int64_t)n);
}

static int put_memo(struct mv_pickle *p, uint64_t at)
{
	uint32_t v;
	int rc = top(&v, p);

	if (rc < 0)
		return rc;
	if (at >= p->max)
		return pickle_bad(p, "its memo is too large");
	if (MV_GROW(p->memo, p->memo_alloc, (size_t)at + 1, p->err) < 0)
		return MV_ENOMEM;
	while (p->memo_count <= at)
		p->memo[p->memo_count++] = 0;
	p->memo_next += !p->memo[at];
	p->memo[at] = v + 1;
	return 0;
}

static int get_memo(struct mv_pickle *p, uint64_t at)
{
	if (at >= p->memo_count || !p->memo[at])
		return pickle_bad(p, "its memo has no such entry");
	return push(p, p->memo[at] - 1);
}

static int op_memo_line(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	int64_t n;

	if (!line_number(&n, op) || n < 0)
		return pickle_bad(p, "a number is none");
	return op->code == 'p' ? put_memo(p, (uint64_t)n) :
		get_memo(p, (uint64_t)n);
}

/* -- the rest of the opcodes ---------------------------------------------- */

static int op_mark(struct mv_pickle *p)
{
	if (p->marks_count == p->max)
		return pickle_bad(p, "too many marks");
	if (MV_GROW(p->marks, p->marks_alloc, p->marks_count + 1, p->err) < 0)
		return MV_ENOMEM;
	p->marks[p->marks_count++] = (uint32_t)p->stack_count;
	return 0;
}

/* POP takes the mark when nothing lies above it. */
static int op_pop(struct mv_pickle *p)
{
	uint32_t v;

	if (p->marks_count && p->stack_count == floor_of(p)) {
		p->marks_count--;
		return 0;
	}
	return pop(&v, p);
}

static int op_pop_mark(struct mv_pickle *p)
{
	size_t from;
	int rc = pop_mark(&from, p);

	if (!rc)
		p->stack_count = from;
	return rc;
}

static int op_dup(struct mv_pickle *p)
{
	uint32_t v;
	int rc = top(&v, p);

	return rc ? rc : push(p, v);
}

static int op_dict(struct mv_pickle *p)
{
	size_t from;
	int rc = pop_mark(&from, p);

	if (!rc && (p->stack_count - from) % 2)
		rc = pickle_bad(p, "a key has no value");
	return rc ? rc : gather(p, MV_PICKLE_DICT, from);
}

static int op_frame(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	uint64_t begin = p->pos + op->size;

	if (p->pos < p->frame_end)
		return pickle_bad(p, "a frame in a frame");
	if (op->number > INT64_MAX)
		return pickle_bad(p, "a frame is too long");
	p->frame_end = begin + op->number;
	return 0;
}

static int op_protocol(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	return op->number > 5 ? pickle_bad(p, "its protocol is unknown") : 0;
}

/* Text of protocol 0 is quoted; names that matter are plain. */
static int op_string(struct mv_pickle *p, struct mv_pickle_op *op)
{
	char q = op->text_len ? op->text[0] : 0;

	if (op->text_len < 2 || (q != '\'' && q != '"') ||
	    op->text[op->text_len - 1] != q)
		return pickle_bad(p, "a string has no quotes");
	op->text++;
	op->text_len -= 2;
	return push_text(p, MV_PICKLE_TEXT, op);
}

static int do_text(struct mv_pickle *p, struct mv_pickle_op *op)
{
	switch (op->code) {
	case 'S':
		return op_string(p, op);
	case 'T': case 'U': case 'V': case 'X': case 0x8c: case 0x8d:
		return push_text(p, MV_PICKLE_TEXT, op);
	case 'B': case 'C': case 0x8e: case 0x96:
		return push_text(p, MV_PICKLE_BYTES, op);
	case 'P':
		{
			int rc = push_text(p, MV_PICKLE_TEXT, op);

			return rc ? rc : op_persid(p);
		}
	case 'c':
		return push_global(p, op->text, op->text_len, op->text2,
				   op->text2_len);
	default:
		return pickle_bad(p, "an opcode is unknown");
	}
}

static int do_number(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	switch (op->code) {
	case 'I': case 'L':
		return op_line_int(p, op);
	case 'F': case 'G':
		return push_new(p, MV_PICKLE_FLOAT, 0);
	case 'J':
		return push_new(p, MV_PICKLE_INT,
				(int32_t)(uint32_t)op->number);
	case 'K': case 'M':
		return push_new(p, MV_PICKLE_INT, (int64_t)op->number);
	case 0x8a: case 0x8b:
		return op_long(p, op);
	case 0x82: case 0x83: case 0x84:
		return push_new(p, MV_PICKLE_EXT, (int64_t)op->number);
	case 'p': case 'g':
		return op_memo_line(p, op);
	case 'q': case 'r':
		return put_memo(p, op->number);
	case 0x94:
		return put_memo(p, p->memo_next);
	case 'h': case 'j':
		return get_memo(p, op->number);
	case 0x80:
		return op_protocol(p, op);
	case 0x95:
		return op_frame(p, op);
	default:
		return pickle_bad(p, "an opcode is unknown");
	}
}

static int do_plain(struct mv_pickle *p, const struct mv_pickle_op *op)
{
	switch (op->code) {
	case '(':
		return op_mark(p);
	case '0':
		return op_pop(p);
	case '1':
		return op_pop_mark(p);
	case '2':
		return op_dup(p);
	case 'N':
		return push_new(p, MV_PICKLE_NONE, 0);
	case 0x88: case 0x89:
		return push_new(p, MV_PICKLE_BOOL, op->code == 0x88);
	case ')':
		return push_new(p, MV_PICKLE_TUPLE, 0);
	case ']':
		return push_new(p, MV_PICKLE_LIST, 0);
	case '}':
		return push_new(p, MV_PICKLE_DICT, 0);
	case 0x8f:
		return push_new(p, MV_PICKLE_SET, 0);
	case 't':
		return gather_marked(p, MV_PICKLE_TUPLE);
	case 'l':
		return gather_marked(p, MV_PICKLE_LIST);
	case 0x91:
		return gather_marked(p, MV_PICKLE_SET);
	case 'd':
		return op_dict(p);
	case 0x85: case 0x86: case 0x87:
		return gather_n(p, (size_t)op->code - 0x84);
	case 'a':
		return fill_n(p, 1, 0);
	case 's':
		return fill_n(p, 2, 1);
	case 'e': case 0x90:
		return fill_marked(p, 0);
	case 'u':
		return fill_marked(p, 1);
	case 'Q':
		return op_persid(p);
	case 'R': case 0x81:
		return op_call(p, 0);
	case 0x92:
		return op_call(p, 1);
	case 'o': case 'i':
		return op_object(p, op);
	case 'b':
		return op_build(p);
	case 0x93:
		return op_stack_global(p);
	case 0x97:
		return push_new(p, MV_PICKLE_OPAQUE, 0);
	case 0x98:
		return 0;
	default:
		return pickle_bad(p, "an opcode is unknown");
	}
}

/* 1 after STOP. */
static int do_op(struct mv_pickle *p, struct mv_pickle_op *op)
{
	if (p->pos < p->frame_end && p->pos + op->size > p->frame_end)
		return pickle_bad(p, "an opcode leaves its frame");
	if (op->code == '.') {
		int rc = pop(&p->root, p);

		if (!rc && p->marks_count)
			rc = pickle_bad(p, "a mark is left");
		if (!rc && p->pos + 1 < p->frame_end)
			rc = pickle_bad(p, "it ends in a frame");
		return rc ? rc : 1;
	}
	if (op->bare || op->code == 'i')
		return op->code == 0x94 ? do_number(p, op) : do_plain(p, op);
	if (op->text && op->code != 'I' && op->code != 'L' &&
	    op->code != 'F' && op->code != 'p' && op->code != 'g' &&
	    op->code != 0x8a && op->code != 0x8b)
		return do_text(p, op);
	return do_number(p, op);
}

int mv_pickle_feed(struct mv_pickle *p, const uint8_t *data, size_t len,
		   uint64_t *used, struct mv_err *err)
{
	size_t at = 0;

	p->err = err;
	*used = 0;
	for (;;) {
		struct mv_pickle_op op;
		int rc = mv_pickle_op_read(&op, data + at, len - at, p->pos,
					   err);

		if (rc <= 0)
			return rc;
		if (++p->opcodes > OPCODES_MAX)
			return pickle_bad(p, "too many opcodes");
		rc = do_op(p, &op);
		if (rc < 0)
			return rc;
		p->pos += op.size;
		*used = at + op.size;
		if (rc || *used >= len)
			return rc;
		at = (size_t)*used;
	}
}

int mv_pickle_new(struct mv_pickle **out, uint32_t values_max,
		  struct mv_err *err)
{
	struct mv_pickle *p = calloc(1, sizeof(*p));

	if (!p)
		return mv_nomem(err);
	p->max = values_max;
	p->nodes_count = 1;
	*out = p;
	return 0;
}

void mv_pickle_free(struct mv_pickle *p)
{
	if (!p)
		return;
	while (p->blocks) {
		struct block *next = p->blocks->next;

		free(p->blocks);
		p->blocks = next;
	}
	free(p->values);
	free(p->nodes);
	free(p->stack);
	free(p->marks);
	free(p->memo);
	free(p);
}

/* -- reading the values --------------------------------------------------- */

uint32_t mv_pickle_count(const struct mv_pickle *p)
{
	return (uint32_t)p->values_count;
}

uint32_t mv_pickle_root(const struct mv_pickle *p)
{
	return p->root;
}

const struct mv_pickle_value *mv_pickle_at(const struct mv_pickle *p,
					   uint32_t value)
{
	return &p->values[value];
}

uint32_t mv_pickle_first(const struct mv_pickle *p, uint32_t value)
{
	const struct mv_pickle_value *v = &p->values[value];

	switch (v->kind) {
	case MV_PICKLE_TUPLE:
	case MV_PICKLE_LIST:
	case MV_PICKLE_DICT:
	case MV_PICKLE_SET:
	case MV_PICKLE_CALL:
	case MV_PICKLE_PERSID:
		return v->u.items.first;
	default:
		return 0;
	}
}

uint32_t mv_pickle_next(const struct mv_pickle *p, uint32_t node)
{
	return p->nodes[node].next;
}

uint32_t mv_pickle_item(const struct mv_pickle *p, uint32_t node)
{
	return p->nodes[node].value;
}

int mv_pickle_nth(uint32_t *item, const struct mv_pickle *p, uint32_t value,
		  uint32_t i)
{
	uint32_t node = mv_pickle_first(p, value);

	while (node && i--)
		node = p->nodes[node].next;
	if (node)
		*item = p->nodes[node].value;
	return node != 0;
}

int mv_pickle_is_global(const struct mv_pickle *p, uint32_t value,
			const char *module, const char *name)
{
	const struct mv_pickle_value *v = &p->values[value];
	size_t m = strlen(module), n = strlen(name);

	return v->kind == MV_PICKLE_GLOBAL && v->count == m + 1 + n &&
		!memcmp(v->u.text, module, m) && v->u.text[m] == '\n' &&
		!memcmp(v->u.text + m + 1, name, n);
}
