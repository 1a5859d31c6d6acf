#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='installing what is needed, and git-model itself'

. ./lib-test.sh

top=$(cd "$TEST_DIR/../.." && pwd)

# -- make deps, with a Debian that is made up --

mkdir fake
cat >fake/dpkg-query <<'EOD'
#!/bin/sh
shift 3
for p
do
	case " $FAKE_MISSING " in
	*" $p "*) echo "dpkg-query: no packages found matching $p" >&2 ;;
	*) echo "$p ${FAKE_STATUS:-installed}" ;;
	esac
done
EOD
cat >fake/apt-get <<'EOD'
#!/bin/sh
echo "$DEBIAN_FRONTEND: $*" >>"$FAKE_LOG"
test -z "$FAKE_BROKEN"
EOD
cat >fake/id <<'EOD'
#!/bin/sh
echo "${FAKE_UID:-0}"
EOD
cat >fake/sudo <<'EOD'
#!/bin/sh
echo "sudo $1" >>"$FAKE_LOG"
shift
exec "$@"
EOD
chmod +x fake/*
FAKE_LOG=$PWD/log
export FAKE_LOG

deps () {
	: >log &&
	PATH="$PWD/fake:$PATH" "$top/scripts/deps.sh" "$@"
}

test_expect_success 'nothing missing: nothing done, nothing said' '
	deps build test bench >out 2>&1 &&
	test_must_be_empty out &&
	test_must_be_empty log
'

test_expect_success 'what is missing is installed, after one update' '
	FAKE_MISSING="libgit2-dev libzstd-dev" deps build >out 2>&1 &&
	test_grep "installing.* libgit2-dev libzstd-dev$" out &&
	test_line_count = 2 log &&
	test_grep "^noninteractive: .* update$" log &&
	test_grep "^noninteractive: .* install .* libgit2-dev libzstd-dev$" log &&
	test_grep ! "libinih-dev" log
'

test_expect_success 'a package that was removed is not installed' '
	FAKE_STATUS=config-files deps test >out 2>&1 &&
	test_grep "install .* libcmocka-dev" log
'

test_expect_success 'only what this purpose needs' '
	FAKE_MISSING="hyperfine libcmocka-dev" deps build >out 2>&1 &&
	test_must_be_empty log &&
	FAKE_MISSING="clang libcmocka-dev" deps build test &&
	test_grep libcmocka-dev log &&
	test_grep ! clang log
'

test_expect_success 'others than root use sudo, without being asked' '
	FAKE_UID=1000 FAKE_MISSING=strace deps test &&
	test_grep "^sudo -n$" log &&
	test_grep "^noninteractive: .* install .* strace$" log
'

test_expect_success 'the manuals of make install are part of the build' '
	FAKE_MISSING=asciidoctor deps build >out &&
	test_grep "install .* asciidoctor" log
'

# Is the last line a command that would install the package?
names_the_line () {
	tail -n 1 err >last &&
	test_grep "apt-get install -y --no-install-recommends strace" last
}

test_expect_success 'who has no sudo gets the line to run as root' '
	mkdir -p none && ln -sf "$(command -v dash)" none/sh &&
	for f in dpkg-query apt-get id
	do
		ln -sf ../fake/$f none/$f || return 1
	done &&
	: >log &&
	FAKE_UID=1000 FAKE_MISSING=strace PATH="$PWD/none" \
		test_must_fail sh "$top/scripts/deps.sh" test 2>err &&
	names_the_line && test_grep ! sudo err && test_must_be_empty log
'

test_expect_success 'who has to give sudo a password gets the line, too' '
	mkdir -p asks && printf "#!/bin/sh\nexit 1\n" >asks/sudo &&
	chmod +x asks/sudo && : >log &&
	FAKE_UID=1000 FAKE_MISSING=strace PATH="$PWD/asks:$PWD/fake:$PATH" \
		test_must_fail "$top/scripts/deps.sh" test 2>err &&
	names_the_line && test_grep "^  sudo " last && test_must_be_empty log
'

test_expect_success 'an installation that fails is said, and fails' '
	FAKE_BROKEN=1 FAKE_MISSING=strace test_must_fail deps test 2>err &&
	test_grep "cannot install strace" err
'

test_expect_success 'an unknown purpose is a usage error' '
	test_expect_code 129 deps biuld
'

test_expect_success 'every library that the build links or opens is a dependency' '
	sed -n "s/^LINKED *:= //p; s/^OPENED *:= //p" "$top/Makefile" |
	tr " " "\n" >libs &&
	test_line_count -ge 8 libs &&
	FAKE_STATUS=gone deps build &&
	sed -e s/libcrypto/libssl/ -e s/^jansson/libjansson/ \
		-e s/^inih/libinih/ -e s/^zlib/zlib1g/ \
		-e s/^yaml-0.1/libyaml/ -e s/^sqlite3/libsqlite3/ \
		-e s/^libcurl/libcurl4-openssl/ libs |
	while read -r lib
	do
		test_grep " $lib-dev" log || return 1
	done
'

# -- make install: what is built already; nothing is built again --

install_make () {
	make -s -C "$top" -o all B="$B" DESTDIR="$TRASH/work/dest" \
		PREFIX=/usr "$@"
}

in_dest () {
	(cd dest/usr && find . ! -type d | sort)
}

test_expect_success 'install: the program, its links, manuals, documents' '
	install_make install &&
	test_path_is_file dest/usr/bin/git-model &&
	test -x dest/usr/bin/git-model &&
	for c in $("$top/scripts/commands.sh")
	do
		test "$(readlink dest/usr/bin/git-model-$c)" = git-model ||
		return 1
	done &&
	test_path_is_file dest/usr/share/doc/git-model/LICENSE &&
	for page in $(grep -oh "docs/[a-z/A-Z-]*[.][a-z]*" "$top"/docs/man/*.adoc | sort -u)
	do
		test_path_is_file dest/usr/share/doc/git-model/$page || return 1
	done &&
	if command -v asciidoctor
	then
		(cd "$top/docs/man" && ls *.adoc) | sed s/adoc/1/ >expect &&
		ls dest/usr/share/man/man1 >actual &&
		test_cmp expect actual
	fi
'

test_expect_success 'manuals show what is typed as it is typed' '
	if command -v asciidoctor
	then
		# arrows and angle quotes that the formatter makes of <=, -> and <!--
		! perl -CSD -ne "print if /[\x{2190}-\x{21ff}\x{2039}]/ ||
			/\\\\\((->|<-|=>|<=|rA|lA)/" dest/usr/share/man/man1/*.1 |
		grep . &&
		test_grep "CR.*\*(Aq\*.*\*(Aq" dest/usr/share/man/man1/git-model-track.1
	fi
'

test_expect_success 'what was installed works' '
	git-model version >expect &&
	(
		PATH="$PWD/dest/usr/bin:/usr/bin:/bin" &&
		git model version >actual &&
		git-model-version >link
	) &&
	test_cmp expect actual &&
	test_cmp expect link
'

test_expect_success 'installing twice changes nothing' '
	in_dest >expect &&
	install_make install &&
	in_dest >actual &&
	test_cmp expect actual
'

test_expect_success 'uninstall removes exactly that' '
	for d in bin share/man/man1 share/doc
	do
		mkdir -p dest/usr/$d &&
		echo mine >dest/usr/$d/git-model-mine || return 1
	done &&
	install_make uninstall &&
	cat >expect <<-\EOD &&
	./bin/git-model-mine
	./share/doc/git-model-mine
	./share/man/man1/git-model-mine
	EOD
	in_dest >actual &&
	test_cmp expect actual &&
	test_path_is_missing dest/usr/share/doc/git-model
'

# -- make help --

test_expect_success 'make help asks no program that may be missing' '
	mkdir -p noconfig && printf "#!/bin/sh\necho asked >&2\nexit 127\n" \
		>noconfig/pkg-config && chmod +x noconfig/pkg-config &&
	PATH="$PWD/noconfig:$PATH" make -s -C "$top" help >out 2>err &&
	test_must_be_empty err
'

test_expect_success 'make help names the targets' '
	make -s -C "$top" help >help &&
	for target in all test unit t fuzz check doc bench interop demo deps \
		install uninstall clean help soak sanitize
	do
		test_grep "^  $target  *[a-z]" help || return 1
	done
'

test_done
