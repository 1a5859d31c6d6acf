# SPDX-License-Identifier: MIT
#
# Sourced after lib-test.sh by the tests of kills and faults (t8000, t8010,
# tests/soak). A scenario is a folder that was prepared once, a command, and
# what must hold when it has run. The folder is copied, the command runs
# under mv-fault and goes wrong at one place; then
#
#	- what had been stored is still there, byte for byte, and so is all
#	  that the index names: whatever was acknowledged;
#	- git model fsck finds nothing wrong;
#	- no file in the work tree holds anything but what was or what will be;
#	- the same again succeeds and ends where an undisturbed run ends, and
#	  no temporary file is left in the work tree.
#
# A scenario <name> is a function <name>_make (in an empty folder; makes r,
# perhaps others) and a command <name>_run, which runs in r; and where the
# same command is not what a user would do next, <name>_again. Sizes are
# small, and the limits are set so that they count as large.

SWEEP="$TRASH/sweep"
mkdir -p "$SWEEP"
# Addresses decide how often malloc asks for memory.
sweep_fault="timeout 120 setarch -R mv-fault"
setarch -R true 2>/dev/null || sweep_fault="timeout 120 mv-fault"

git config --global filter.model.process "git-model filter-process" &&
git config --global filter.model.required true &&
git config --global model.smudgeLimit 64k &&
git config --global model.threads 1 &&
# A copied work tree is the same to git.
git config --global core.checkStat minimal &&
git config --global core.trustctime false || exit 1

# -- what the scenarios start from --

# r: branch one, branch two, on one; a store beside it as remote "team".
sweep_repo () {
	{ test -d "$SWEEP/repo" || {
		(sweep_make_repo "$SWEEP/half") && mv "$SWEEP/half" "$SWEEP/repo"
	}; } &&
	cp -a "$SWEEP/repo" r && (
		cd r && git model remote add team "$PWD/../team"
	)
}

sweep_make_repo () {
	git init -q --template= "$1" &&
	cd "$1" &&
	git model track "*.bin" &&
	mv-test random 1500000 1 >big.bin &&
	mv-test random 200000 2 >mid.bin &&
	mv-test random 3000 3 >small.bin &&
	mkdir dir && mv-test random 90000 4 >dir/a.bin &&
	mv-test random 2000 5 >dir/b.bin &&
	git add . && git commit -q -m one && git branch one &&
	git switch -q -c two &&
	mv-test edit big.bin 700000 1000 6 &&
	mv-test random 210000 7 >mid.bin &&
	mv-test random 2500 8 >dir/b.bin &&
	mv-test random 100000 9 >dir/c.bin &&
	rm small.bin &&
	git add -A . && git commit -q -m two &&
	git switch -q one &&
	git branch -q -D main
}

# Old stamps and a newer index: git asks about no file.
sweep_settle () {
	(
		cd r &&
		find . -path ./.git -prune -o -type f -exec \
			touch -d @1600000000 {} + &&
		git add -u . &&
		touch -d @1600000100 .git/index
	)
}

# -- the scenarios --

new_files () {
	mv-test edit big.bin 900000 2000 11 &&
	mv-test random 220000 12 >mid.bin &&
	mv-test random 4000 13 >small.bin &&
	mkdir new && mv-test random 120000 14 >new/x.bin &&
	mv-test random 1000 15 >new/y.bin &&
	rm dir/b.bin
}

add_make () { sweep_repo && sweep_settle && (cd r && new_files); }
add_run='git-model add .'

clean_make () { add_make; }
clean_run='git add -A'

switch_make () { sweep_repo && sweep_settle; }
switch_run='git switch -q two'
# What a filter did not come to is a pointer. Where git gave up in between,
# its own files of both branches are mixed, and only force goes on.
switch_again='{ git switch -q two || git switch -q -f two; } && git-model checkout'

checkout_make () {
	sweep_repo && (
		cd r &&
		for f in $(git ls-files "*.bin")
		do
			git cat-file blob ":$f" >"$f.ptr" && mv "$f.ptr" "$f" ||
				exit 1
		done
	) && sweep_settle
}
checkout_run='git-model checkout'

gc_make () {
	sweep_repo && (
		cd r && git switch -q -c gone &&
		mv-test random 400000 21 >big.bin &&
		mv-test random 3000 22 >dir/b.bin &&
		git model add . && git commit -q -m gone &&
		git switch -q one && git branch -q -D gone &&
		mv-test safetensors model.bin bf16 400k 3 &&
		cp model.bin base && git model add model.bin &&
		git commit -q -m base && git branch base &&
		mv-test tune base model.bin 2 5 && rm base &&
		git model add model.bin && git commit -q -m tuned &&
		git reflog expire --expire=now --all && git gc -q --prune=now
	) && sweep_settle
}
gc_run='git-model gc --grace 0'

push_make () { sweep_repo && sweep_settle; }
push_run='git-model push team one two'

# Through the hook, to a git remote that is a path.
gitpush_make () {
	sweep_repo && git init -q --template= --bare b.git && (
		cd r && git model install --local >/dev/null &&
		git remote add origin ../b.git
	) && sweep_settle
}
gitpush_run='git push -q origin one two'

fetch_make () {
	sweep_repo && (
		cd r && git-model push team one two && rm -rf .git/model
	) && sweep_settle
}
fetch_run='git-model fetch team two one'

pull_make () { checkout_make && (
		cd r && git-model push team one two && rm -rf .git/model
	) && sweep_settle
}
pull_run='git-model pull team'

# Half of a pack and an index are damaged; the remote has everything.
repair_make () {
	sweep_repo && (
		cd r && git-model push team one two &&
		chmod -R u+w .git/model &&
		mv-test flip "$(ls -S .git/model/packs/*.pack | head -n 1)" \
			1000 &&
		mv-test flip "$(ls -S .git/model/index/*.idx | head -n 1)" 700
	) && sweep_settle
}
repair_run='git-model fsck --repair'

# A store of the first format, with what a killed writer had flushed in tmp/.
# Git has pointers to all that is in it.
old_store () {
	cp -R "$TEST_DIR/../golden/v1/store" "$1" &&
	mkdir -p "$1/tmp" && chmod -R u+w "$1"
}
old_pointers () {
	tr -d '\n' <"$TEST_DIR/../golden/v1/store.names" | tr '}' '\n' |
	sed -n 's/.*"\([0-9a-f]*\)", *\([0-9]*\), .*/\1 \2/p' |
	while read -r old_oid old_size
	do
		printf 'git-model/1\noid sha256:%s\nsize %s\n' \
			$old_oid $old_size >$old_size.bin || exit 1
	done
}
upgrade_make () {
	git init -q --template= r && (
		cd r && git model track "*.bin" && old_pointers &&
		git add . && git commit -q -m old && old_store .git/model &&
		set -- .git/model/packs/*.pack &&
		head -c 150000 "$1" >.git/model/tmp/pack-AbCdEf.tmp
	) && sweep_settle
}
upgrade_run='git-model fsck --upgrade'

# -- looking at it --

# Everything about r that a user can see, and the other side, too.
sweep_state () {
	(
		cd r &&
		git ls-files -s &&
		git for-each-ref --format="%(refname) %(objectname)" &&
		git symbolic-ref HEAD &&
		git status --porcelain &&
		find . -path ./.git -prune -o -type f -print0 |
			LC_ALL=C sort -z | xargs -0 sha256sum
	) &&
	if test -d b.git
	then
		git -C b.git for-each-ref \
			--format="%(refname) %(objectname)"
	fi
}

# sweep_readable <file of oids> [<store>]: names those that are not. Of the
# store itself: `git model cat` would fetch what is lost.
sweep_readable () {
	mv-test missing "${2:-.git/model}" <"$1"
}

# The oids of all pointers in the index, or of these revisions
sweep_oids () {
	if test $# = 0
	then
		git ls-files -s | cut -d' ' -f2
	else
		git rev-list --objects "$@" | cut -d' ' -f1
	fi | sort -u | git cat-file --batch | tr -d '\000' |
		sed -n 's/^oid sha256:\([0-9a-f]\{64\}\)$/\1/p' | sort -u
}

sweep_hashes () {
	find . -path ./.git -prune -o -type f ! -name ".git-model-*.tmp" \
		-exec sha256sum {} + | cut -d' ' -f1
}

# sweep_prepare <scenario>: once; it stays in $SWEEP/<scenario>
sweep_prepare () {
	sweep_dir="$SWEEP/$1" sweep_name=$1
	eval "sweep_run=\$$1_run sweep_again=\${$1_again:-\$$1_run}"
	test ! -e "$sweep_dir/ready" || return 0
	# Made where it will run: configuration has absolute paths.
	rm -rf "$sweep_dir" && mkdir -p "$sweep_dir/run" && (
		cd "$sweep_dir/run" && $1_make >../make.log 2>&1 || {
			cat ../make.log >&7
			exit 1
		}
	) && mv "$sweep_dir/run" "$sweep_dir/base" && sweep_fresh && (
		cd "$sweep_dir/run/r" &&
		sweep_oids --all >../../all && sweep_hashes >../../was &&
		# fetch and repair begin with less than everything.
		sweep_readable ../../all >../../unread &&
		comm -23 ../../all ../../unread >../../early
	) && sweep_fresh && (
		cd "$sweep_dir/run/r" && sh -c "$sweep_run" >../../log 2>&1 || {
			cat ../../log >&7
			exit 1
		}
		sh -c "$sweep_again" >../../log 2>&1 && git-model fsck >../../log 2>&1 &&
		sweep_hashes >../../will &&
		for blob in $(git ls-files -s | cut -d' ' -f2) \
			$(git rev-list --objects --all -- "*.bin" |
			cut -d' ' -f1)
		do
			git cat-file -p $blob | sha256sum | cut -d' ' -f1
		done >../../pointers &&
		cd .. && sweep_state >../state &&
		sort -u ../was ../will ../pointers >../may &&
		: >../there
		test $sweep_name != push || cp ../all ../there
	) && : >"$sweep_dir/ready"
}

sweep_fresh () {
	rm -rf "$sweep_dir/run" && cp -a "$sweep_dir/base" "$sweep_dir/run"
}

# sweep_count <mv-fault's arguments before N>: how many places there are
sweep_count () {
	sweep_fresh && (
		cd "$sweep_dir/run/r" &&
		$sweep_fault -o ../../hit "$@" 0 sh -c "$sweep_run" \
			>../../log 2>&1
	) && cut -d' ' -f1 "$sweep_dir/hit"
}

# What is wrong with r now? Prints it.
sweep_look () {
	(
		cd "$sweep_dir/run/r" || exit 1
		sweep_readable ../../early | sed 's/^/lost: /'
		# What the index names was acknowledged.
		sweep_oids | comm -23 - ../../all >../../acked
		sweep_readable ../../acked | sed 's/^/staged, but not there: /'
		if test -d ../b.git
		then
			# Whatever a ref over there names is there.
			for ref in $(git -C ../b.git for-each-ref \
				--format="%(objectname)")
			do
				sweep_oids $ref
			done | sort -u >../../over
			sweep_readable ../../over "$PWD/../b.git/model" |
				sed 's/^/pushed, but not there: /'
		fi
		if test -s ../../unread
		then
			: # damaged or empty before, so it may still be
		elif ! git-model fsck >../../log 2>&1
		then
			echo "fsck:" && cat ../../log
		fi
		sweep_hashes | sort -u | comm -23 - ../../may |
			sed 's/^/half-written: /'
	)
}

# Again, undisturbed. Prints what is wrong.
sweep_rerun () {
	(
		cd "$sweep_dir/run/r" || exit 1
		sh -c "$sweep_again" >../../log 2>&1 || {
			if test -e .git/index.lock &&
				grep -q "index.lock" ../../log
			then
				# As after a kill of git: it was named.
				echo x >>../../locks
				rm -f .git/index.lock
				sh -c "$sweep_again" >../../log 2>&1
			else
				false
			fi
		} || { echo "again:" && cat ../../log; }
		git-model fsck >../../log 2>&1 || { echo "fsck:" && cat ../../log; }
		cd .. && sweep_state >../state.run
		diff ../state ../state.run | sed 's/^/state: /'
		cd r && sweep_readable ../../there "$PWD/../team" |
			sed 's/^/not at the remote: /'
	)
}

# sweep_some <count> <total> <seed>: numbers, evenly spread
sweep_some () {
	if test "$1" = all || test "$2" -le "$1"
	then
		seq "$2"
	else
		awk -v n="$1" -v total="$2" -v seed="$3" 'BEGIN {
			step = total / n
			at = (seed * 0.37) % 1 * step
			for (i = 0; i < n; i++)
				print int(at + i * step) + 1
		}'
	fi
}

# sweep_kill <scenario> <count|all> <calls> [killall]: kill before calls of
# ours; "all" is every one. Prints how many places were covered.
sweep_kill () {
	sweep_what=${4:-kill}
	sweep_prepare $1 || return
	sweep_total=$(sweep_count -p git-model $sweep_what $3) &&
	test "$sweep_total" -gt 0 || return
	: >"$sweep_dir/locks"
	sweep_done=0 sweep_bad=0
	for sweep_at in $(sweep_some $2 $sweep_total ${SWEEP_SEED:-1})
	do
		sweep_fresh || return
		(
			cd "$sweep_dir/run/r" &&
			$sweep_fault -o ../../hit -p git-model $sweep_what $3 \
				$sweep_at sh -c "$sweep_run" \
				>../../first 2>&1
		)
		test $? != 125 || return
		test $sweep_what = kill || rm -f "$sweep_dir/run/r/.git/index.lock"
		{ sweep_look && sweep_rerun; } >"$sweep_dir/wrong" 2>&1
		sweep_done=$((sweep_done + 1))
		test -s "$sweep_dir/wrong" || continue
		sweep_bad=$((sweep_bad + 1))
		{
			echo "$1: $sweep_what $3 $sweep_at of $sweep_total:" \
				"$(cat "$sweep_dir/hit")"
			cat "$sweep_dir/wrong" && echo "it said:" &&
			cat "$sweep_dir/first"
		} >&7
		test $sweep_bad -lt ${SWEEP_STOP:-3} || break
	done
	echo "$1: $sweep_what: $sweep_done of $sweep_total places," \
		"$(wc -l <"$sweep_dir/locks") stale index locks" |
		tee -a "$SWEEP/covered" >&7
	test $sweep_bad = 0
}

# What a failing call must not leave behind: nobody was killed here. But what
# was answered to git, and could not be published, stays for recovery, and an
# empty index says that recovery has something to do.
sweep_tidy () {
	(
		cd "$sweep_dir/run" || exit 1
		find . -name ".git-model-*.tmp" -o -name "index.lock" \
			-o -path "*/tmp/*" ! -path "*/tmp/index-*" \
			! -path "*/tmp/pack-*" | sed 's/^/left behind: /'
		test $sweep_name = clean ||
			find . -path "*/tmp/pack-*" ! -name pack-AbCdEf.tmp |
			sed 's/^/left behind: /'
	)
}

# Did it say what is wrong? $1: its exit code, $2: the error in words.
sweep_told () {
	if test "$1" = 0
	then
		# A pointer that stays is a warning, and what was not needed
		# (a cache) may be missing.
		(cd "$sweep_dir/run" && sweep_state >../state.run)
		cmp -s "$sweep_dir/state" "$sweep_dir/state.run" && return
	fi
	test "$1" -lt 126 || test "$1" = 128 || echo "exit code $1"
	grep -i "$2" "$sweep_dir/first" | grep -q "'.*/.*'\|'[^ ]*\.[^ ]*'" ||
		echo "no message with \"$2\" and a path; exit code $1"
}

# sweep_error <scenario> <count|all> <calls> <error> <its words> [+]: that
# error from calls of ours about files of the test; "+": from all later
# ones, too. "short" is no error: everything must go well. With SWEEP_BELOW
# only calls about files below that folder of r count.
sweep_error () {
	sweep_prepare $1 || return
	sweep_below="$sweep_dir/run${SWEEP_BELOW:+/r/$SWEEP_BELOW}"
	sweep_total=$(sweep_count -p git-model -b "$sweep_below" $4 $3) &&
		test "$sweep_total" -gt 0 || return
	sweep_done=0 sweep_bad=0
	for sweep_at in $(sweep_some $2 $sweep_total ${SWEEP_SEED:-1})
	do
		: >"$sweep_dir/locks"
		sweep_fresh || return
		(
			cd "$sweep_dir/run/r" &&
			$sweep_fault -o ../../hit -p git-model \
				-b "$sweep_below" $4 $3 $sweep_at$6 \
				sh -c "$sweep_run" >../../first 2>&1
		)
		sweep_code=$?
		test $sweep_code != 125 || return
		{
			if test $4 != short
			then
				sweep_told $sweep_code "$5"
			elif test $sweep_code != 0
			then
				echo "exit code $sweep_code"
			fi
			sweep_tidy && sweep_look && sweep_rerun
		} >"$sweep_dir/wrong" 2>&1
		test ! -s "$sweep_dir/locks" ||
			echo "an index.lock was left" >>"$sweep_dir/wrong"
		sweep_done=$((sweep_done + 1))
		test -s "$sweep_dir/wrong" || continue
		sweep_bad=$((sweep_bad + 1))
		{
			echo "$1: $4 $3 $sweep_at$6 of $sweep_total:" \
				"$(cat "$sweep_dir/hit")"
			cat "$sweep_dir/wrong" && echo "it said:" &&
			cat "$sweep_dir/first"
		} >&7
		test $sweep_bad -lt ${SWEEP_STOP:-3} || break
	done
	echo "$1: $4$6: $sweep_done of $sweep_total places" |
		tee -a "$SWEEP/covered" >&7
	test $sweep_bad = 0
}

# sweep_faults <scenario> <count|all>: each kind of error that a disk has
sweep_makes=create,mkdir,mkdirat
sweep_writes=write,pwrite64,writev,ftruncate,fallocate,copy_file_range
sweep_names=rename,renameat,renameat2,link,linkat
# With SWEEP_EVERY=3 every third of them is taken, going on from scenario to
# scenario, so that each kind meets some.
sweep_in_turn () {
	sweep_turn=$((${sweep_turn:-0} + 1))
	test $((sweep_turn % ${SWEEP_EVERY:-1})) != 0 || sweep_error "$@"
}
sweep_faults () {
	sweep_in_turn $1 $2 $sweep_writes,$sweep_makes ENOSPC "no space left" &&
	sweep_in_turn $1 $2 $sweep_writes,$sweep_makes ENOSPC "no space left" + &&
	sweep_in_turn $1 $2 $sweep_writes,$sweep_names,fsync,fdatasync EIO \
		"Input/output error" &&
	sweep_in_turn $1 $2 read,pread64 EIO "Input/output error" &&
	sweep_in_turn $1 $2 $sweep_makes,$sweep_names EROFS \
		"Read-only file system" + &&
	sweep_in_turn $1 $2 open,openat,openat2 EMFILE "Too many open files" &&
	sweep_in_turn $1 $2 write,pwrite64,read,pread64 short - &&
	sweep_in_turn $1 ${3:-$2} write,pwrite64,read,pread64 short - +
}
