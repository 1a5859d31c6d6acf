# SPDX-License-Identifier: MIT
#
# git-model: `make help` lists what you can do. Your own settings go into
# config.mak, which git ignores. Everything is built under $(B); several
# build folders can stand side by side: make B=build-clang CC=clang
-include config.mak

VERSION  := 0.1.0
ifeq ($(origin CC),default)
CC       := gcc
endif
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
B        ?= build
V        ?= 0
JOBS     ?= $(shell nproc)
# As many jobs as there are processors, unless somebody says otherwise; makes
# that are started in recipes share them.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif
Q        := $(if $(filter 0,$(V)),@)
say       = @$(if $(filter 0$(findstring s,$(firstword -$(MAKEFLAGS))),$(V)),printf '  %-7s %s\n' $(1) $@,:)

COMMA    := ,
WARN     := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes \
	    -Wold-style-definition -Wdeclaration-after-statement -Wvla \
	    -Wwrite-strings -Wpointer-arith -Wformat=2 -Wshadow -fno-common
ifdef DEVELOPER
WARN     += -Werror
endif
HARDEN   := -fstack-protector-strong -fPIE
ifeq ($(shell uname -m),x86_64)
HARDEN   += -fcf-protection
endif
LINKING  := -pie -pthread -Wl,-z,relro,-z,now,--as-needed
ifdef SANITIZE
HARDEN   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer
LINKING  += -fsanitize=$(SANITIZE)
else
HARDEN   += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

# libgit2 and libarchive are opened by their doors when first needed: linking
# them would cost every start 2.5 ms, and most commands need neither.
# Of libcrypto we use two hashes and base64. Where there is an archive of it
# only these are linked: with the shared one every start of a program takes
# 3.1 ms of processor time instead of 1.2.
CRYPTO_A := $(wildcard $(shell $(CC) -print-file-name=libcrypto.a))
CRYPTO   := $(if $(CRYPTO_A),-Wl$(COMMA)-Bstatic -lcrypto -Wl$(COMMA)-Bdynamic)
LINKED   := libzstd libcrypto jansson inih libxxhash zlib yaml-0.1
OPENED   := libgit2 libarchive sqlite3 libcurl
# BLAKE3 is a library where the distribution has it. Debian 12 has the official
# C and assembler sources, in a package for Rust: these are compiled as they
# are. BLAKE3_C=folder names others.
BLAKE3_C ?= $(lastword $(sort $(wildcard /usr/share/cargo/registry/blake3-*/c)))
ifeq ($(shell pkg-config --exists libblake3 2>/dev/null && echo yes),yes)
LINKED   += libblake3
BLAKE3   :=
else
BLAKE3   := $(B)/blake3.a
endif
# The one file with everything in it, under its name before and since 4.0.
CHART_JS ?= $(firstword $(wildcard $(addprefix /usr/share/javascript/chart.js/,\
	chart.umd.min.js chart.umd.js chart.min.js)))
# deps must run before pkg-config can find anything: these goals ask it in
# the make that they start.
ifneq ($(filter-out deps help clean test demo bench uninstall soak sanitize \
	interop,$(or $(MAKECMDGOALS),all)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(LINKED) $(OPENED))
PKG_LIBS := $(patsubst -lcrypto,$(or $(CRYPTO),-lcrypto),$(shell \
	pkg-config --libs $(LINKED)))
ifeq ($(PKG_LIBS),)
$(error libraries are missing: `make deps` installs them)
endif
ifneq ($(BLAKE3),)
ifeq ($(wildcard $(BLAKE3_C)/blake3.h),)
$(error BLAKE3 is missing: `make deps` installs it, or say BLAKE3_C=folder)
endif
endif
ifeq ($(wildcard $(CHART_JS)),)
$(error Chart.js is missing: `make deps` installs it, or say CHART_JS=file)
endif
endif
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -I. -pthread $(WARN) $(HARDEN) \
	    $(PKG_CFLAGS)
# OWN: what one file needs; CFLAGS is the user's, also on the command line.
ALL_CFLAGS = $(BASE_CFLAGS) $(CFLAGS) $(OWN)
LDLIBS    = $(PKG_LIBS) -ldl -lm

# -- what there is --
obj       = $(1:%.c=$(B)/%.o)
prog      = $(1:%.c=$(B)/%)
# PARTS='base store' makes a library of these parts only and runs their unit
# tests: for work on one part, and to see that it needs no other.
ifdef PARTS
LIB_SRC  := $(sort $(wildcard $(PARTS:%=libmv/%/*.c)))
UNIT_SRC := $(sort $(wildcard $(PARTS:%=tests/unit/u-%-*.c)))
else
LIB_SRC  := $(sort $(wildcard libmv/*.c libmv/*/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/u-*.c))
endif
CMD_SRC  := $(sort $(wildcard cmd/*.c filters/*.c hooks/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz-*.c))
# What makes threads is run under ThreadSanitizer, too: it finds nothing else.
THREADED := $(filter tests/unit/u-base-proc.c $(shell grep -lE \
	'mv_pool_new|pthread_create' tests/unit/u-*.c),$(UNIT_SRC))
MAN_SRC  := $(sort $(wildcard docs/man/*.adoc))
SCRIPTS  := $(sort $(wildcard tests/t/t[0-9]*.sh))
COMMANDS := $(shell scripts/commands.sh)
LINKS    := $(COMMANDS:%=$(B)/git-model-%)
UNIT     := $(call prog,$(UNIT_SRC))
FUZZ     := $(call prog,$(FUZZ_SRC))
HELPER   := $(B)/mv-test $(B)/mv-fault $(B)/mv-badgit
# One more than there are processors: some tests wait, for a second or a peer.
# PROVE_ARGS=--timer says what each takes.
PROVE    := prove $(PROVE_ARGS) -j$$(($(JOBS) + 1)) -e 'scripts/run-test.sh $(B)'
HOT      := $(wildcard libmv/store/codec*.c libmv/store/chunker.c \
	    libmv/tensor/number.c)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all programs test run-tests unit t fuzz check doc bench interop demo walk \
	deps install uninstall clean help soak sanitize mutate FORCE

all: $(B)/git-model $(LINKS) ## build the program
programs: all $(UNIT) $(FUZZ) $(HELPER)

# A changed flag or list of files is a reason to build again.
note = $(B)/$(1).note: FORCE ; @mkdir -p $$(@D); echo '$(subst ','"'"',$(2))' | \
	cmp -s - $$@ || echo '$(subst ','"'"',$(2))' >$$@
$(eval $(call note,flags,$(CC) $(ALL_CFLAGS) $(VERSION)))
$(eval $(call note,files,$(LIB_SRC) : $(CMD_SRC) : $(LINKING)))

$(B)/%.o: %.c $(B)/flags.note
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# After CFLAGS, which may stand on the command line.
$(call obj,$(HOT)): OWN := $(filter -O3,$(CFLAGS:-O2=-O3))
# The same sums on every processor: no product is fused with one.
$(call obj,libmv/tensor/number.c): OWN += -ffp-contract=off
# Asked when it is compiled, not by every make: pkg-config may not be there. By
# the recipe's own shell: make's can lose its children where jobs run beside it.
$(B)/cmd/version.o: OWN = -DGIT_MODEL_VERSION='"$(VERSION)"' \
	-DGIT_MODEL_BUILD="\"$$({ for p in $(LINKED) $(OPENED); do \
	echo "$$p $$(pkg-config --modversion $$p)"; done; $(if $(BLAKE3),sed -n \
	's/^.define BLAKE3_VERSION_STRING "\(.*\)"/libblake3 \1/p' \
	$(BLAKE3_C)/blake3.h;) } | paste -s -d ' ' -)\""

$(B)/cmd/ci.o: $(wildcard docs/ci/*)

# What is built into pages: our own style and script, and Chart.js.
$(B)/libmv/report/assets.o: OWN := -DCHART_JS='"$(CHART_JS)"'
$(B)/libmv/report/assets.o: $(wildcard libmv/report/assets/*) $(CHART_JS)

$(B)/libmv.a: $(call obj,$(LIB_SRC)) $(B)/files.note
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) qcs $@ $(filter %.o,$^)

# The code of others: by its own rules, not ours, and not instrumented (its
# assembler could not be). What x86 can do is asked when it runs; ARM with 64
# bits has NEON always; all others get the portable C.
BLAKE3_ON := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
BLAKE3_SRC := blake3 blake3_dispatch blake3_portable
ifeq ($(BLAKE3_ON),x86_64)
BLAKE3_SRC += $(foreach i,sse2 sse41 avx2 avx512,blake3_$(i)_x86-64_unix)
else ifeq ($(BLAKE3_ON),aarch64)
BLAKE3_SRC += blake3_neon
else
BLAKE3_NO := $(foreach i,SSE2 SSE41 AVX2 AVX512,-DBLAKE3_NO_$(i)) \
	-DBLAKE3_USE_NEON=0
endif
BLAKE3_CC = $(CC) -O3 -g -fPIE $(filter -fcf-protection,$(HARDEN)) $(BLAKE3_NO)
$(B)/blake3/%.o: $(BLAKE3_C)/%.c $(B)/flags.note
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(BLAKE3_CC) -c -o $@ $<
$(B)/blake3/%.o: $(BLAKE3_C)/%.S $(B)/flags.note
	@mkdir -p $(@D)
	$(call say,AS)
	$(Q)$(BLAKE3_CC) -c -o $@ $<
$(B)/blake3.a: $(BLAKE3_SRC:%=$(B)/blake3/%.o)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) qcs $@ $^
$(B)/libmv/base/hash.o: OWN := $(if $(BLAKE3),-isystem $(BLAKE3_C))

link = $(CC) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $(filter %.o,$^) \
	$(filter %.a,$^)

$(B)/git-model: $(call obj,$(CMD_SRC)) $(B)/libmv.a $(BLAKE3) $(B)/files.note
	$(call say,LINK)
	$(Q)$(link) $(LDLIBS)

$(LINKS): $(B)/git-model
	$(Q)ln -sf git-model $@

$(filter $(B)/tests/unit/u-cmd-%,$(UNIT)): $(B)/cmd/opt.o $(B)/cmd/out.o
$(filter $(B)/tests/unit/u-filters-%,$(UNIT)): $(B)/filters/asker.o
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libmv.a $(BLAKE3)
	$(call say,LINK)
	$(Q)$(link) -lcmocka $(LDLIBS)

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/replay.o $(B)/libmv.a $(BLAKE3)
	$(call say,LINK)
	$(Q)$(link) $(LDLIBS)

$(HELPER): $(B)/%: $(B)/tests/helper/%.o $(B)/libmv.a $(BLAKE3)
	$(call say,LINK)
	$(Q)$(link) $(LDLIBS)

# -- tests: one prove over everything, whose result is the last line --
test: ## set up, build, run every test there is
	@scripts/deps.sh build test
	@+$(MAKE) --no-print-directory run-tests
# What takes longest goes first: what is short fills the end.
run-tests: programs sanitize-programs
	$(Q)$(PROVE) $(SCRIPTS) $(UNIT) $(SANITIZED) $(FUZZ)

ASAN     := $(UNIT:$(B)/%=$(B)/asan/%) $(FUZZ:$(B)/%=$(B)/asan/%)
TSAN     := $(patsubst %.c,$(B)/tsan/%,$(THREADED))
SANITIZED := $(ASAN) $(TSAN)
.PHONY: sanitize-programs
sanitize-programs:
	@+$(MAKE) --no-print-directory B=$(B)/asan SANITIZE=address,undefined \
		CFLAGS='-O1 -g' $(ASAN)
	@+$(MAKE) --no-print-directory B=$(B)/tsan SANITIZE=thread \
		CFLAGS='-O1 -g' $(TSAN)
sanitize: sanitize-programs ## unit tests and fuzzers under ASan+UBSan, TSan
	$(Q)$(PROVE) $(SANITIZED)

unit: $(UNIT) ## run the unit tests (PARTS='base store' for some)
	$(Q)$(PROVE) $(UNIT)
t: all $(HELPER) ## run the end-to-end tests (SCRIPTS=tests/t/t0*.sh for some)
	$(Q)$(PROVE) $(SCRIPTS)
fuzz: $(FUZZ) ## replay the fuzzers' corpora, with small mutations
	$(Q)$(PROVE) $(FUZZ)
soak: sanitize-programs ## hours: fuzzers (SOAK=runs each), every kill and fault
	@+$(MAKE) --no-print-directory all $(HELPER)
	$(Q)for f in $(filter $(B)/asan/tests/fuzz/%,$(ASAN)); do echo "$$f"; \
		$$f -n $(or $(SOAK),100000) >/dev/null || exit 1; done
	$(Q)for f in tests/soak/*.sh; do B=$(B) $$f || exit 1; done

mutate: $(B)/libmv.a ## change what decides, see if the tests notice (MUTATE=n: some)
	$(Q)B=$(B) CC=$(CC) scripts/mutate.sh $(MUTATE)

check: all ## the checks that keep the house in order
	$(Q)scripts/check-layers.sh
	$(Q)scripts/check-symbols.sh $(B)/libmv.a
	$(Q)scripts/check-circles.sh $(B)
	$(Q)scripts/check-names.sh
	$(Q)scripts/check-commands.sh
	$(Q)scripts/check-headers.sh $(PKG_CFLAGS)
	$(Q)scripts/check-docs.sh $(B)/git-model

bench: ## measure, side by side with others
	@scripts/deps.sh build bench
	@+$(MAKE) --no-print-directory all $(HELPER)
	$(Q)B=$(B) tests/bench/bench.sh
interop: ## with git-lfs, GTO, other gits, numpy, onnx, torch and others
	@scripts/deps.sh build bench
	@+$(MAKE) --no-print-directory all $(HELPER)
	$(Q)B=$(B) tests/interop/run.sh
demo: ## set up, build, and show the main job on real model files
	@scripts/deps.sh build
	@+$(MAKE) --no-print-directory all
	$(Q)B=$(B) scripts/demo.sh && B=$(B) scripts/walk.sh
walk: all ## two people, a server and a policy: evidence to promotion
	$(Q)B=$(B) scripts/walk.sh

deps: ## install what is missing (Debian)
	@scripts/deps.sh build test bench

# -- manual and installation --
ifneq ($(shell command -v asciidoctor),)
MAN      := $(MAN_SRC:docs/man/%.adoc=$(B)/man/%.1)
endif
doc: $(MAN) ## the manual pages
	$(if $(MAN),,@echo 'asciidoctor is missing: no manual pages are built')
$(MAN) &: $(MAN_SRC)
	@mkdir -p $(B)/man
	@printf '  %-7s %s\n' MAN $(B)/man
	$(Q)asciidoctor -b manpage -a reproducible -a manmanual='git-model manual' \
		-a mansource='git-model $(VERSION)' -D $(B)/man $(MAN_SRC)

D_BIN     = $(DESTDIR)$(PREFIX)/bin
D_MAN     = $(DESTDIR)$(PREFIX)/share/man/man1
D_DOC     = $(DESTDIR)$(PREFIX)/share/doc/git-model
DOCS     := $(wildcard README.md LICENSE docs/format/*.md docs/design/*.md \
	docs/ci/*)
DOC_DIRS := docs/format docs/design docs/ci docs
install: all doc ## install below $(DESTDIR)$(PREFIX)
	$(Q)install -d $(D_BIN) $(D_DOC) $(if $(MAN),$(D_MAN))
	$(Q)install -m 755 $(B)/git-model $(D_BIN)/git-model
	$(Q)for c in $(COMMANDS); do ln -sf git-model $(D_BIN)/git-model-$$c || exit 1; done
	$(Q)for f in $(DOCS); do install -D -m 644 $$f $(D_DOC)/$$f || exit 1; done
	$(Q)$(if $(MAN),install -m 644 $(MAN) $(D_MAN))
uninstall: ## remove exactly what install put there
	$(Q)rm -f $(D_BIN)/git-model $(COMMANDS:%=$(D_BIN)/git-model-%)
	$(Q)rm -f $(MAN_SRC:docs/man/%.adoc=$(D_MAN)/%.1)
	$(Q)rm -f $(addprefix $(D_DOC)/,$(DOCS))
	$(Q)for d in $(DOC_DIRS:%=$(D_DOC)/%) $(D_DOC); do test ! -d $$d || rmdir $$d || exit 1; done

clean: ## remove what was built
	$(Q)rm -rf $(B)
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1	\2/p' Makefile | expand -t 14
	@echo
	@echo '  B=$(B) CC=$(CC) CFLAGS="$(CFLAGS)" PREFIX=$(PREFIX) DESTDIR= V=1'
	@echo '  DEVELOPER=1 (warnings are errors)  SANITIZE=address,undefined|thread'

-include $(patsubst %.o,%.d,$(call obj,$(LIB_SRC) $(CMD_SRC) $(UNIT_SRC) \
	$(FUZZ_SRC) tests/fuzz/replay.c tests/helper/mv-test.c \
	tests/helper/mv-fault.c tests/helper/mv-badgit.c))
