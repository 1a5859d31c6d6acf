#!/bin/sh

test_description='files of metrics, curves and notes of any length, in memory that does not grow with them'

. ./lib-test.sh

# peak <KiB> <command>...: it succeeds, and no process takes more than that
peak () {
	test_most=$1 && shift
	mv-test maxrss "$TRASH/peak" "$@" &&
	test $(cat "$TRASH/peak") -lt $test_most && return
	echo "took $(cat "$TRASH/peak") KiB, not less than $test_most: $*" >&7
	return 1
}

# <bytes of an image> <number>: an event file of so many scalars and images
cat >"$TRASH/sealed" <<\EOT
sub crc {
	my $c = 0xffffffff;
	for my $b (unpack("C*", $_[0])) {
		$c ^= $b;
		$c = $c & 1 ? ($c >> 1) ^ 0x82f63b78 : $c >> 1 for 1..8;
	}
	$c ^= 0xffffffff;
	pack("V", ((($c >> 15) | ($c << 17)) + 0xa282ead8) & 0xffffffff)
}
sub rec { my $h = pack("Q<", length $_[0]); $h . crc($h) . $_[0] . crc($_[0]) }
sub var { my ($n, $s) = ($_[0], ""); do { $s .= chr($n & 127 | ($n > 127) << 7); $n >>= 7 } while $n; $s }
sub len { chr($_[0] << 3 | 2) . var(length $_[1]) . $_[1] }
sub point { my ($s, $t, $v) = @_;
	rec("\x09" . pack("d<", 1700000000 + $s) . "\x10" . var($s) .
	    len(5, len(1, len(1, $t) . "\x15" . pack("f<", $v)))) }
my ($size, $times) = @ARGV;
my $image = rec("\x09" . pack("d<", 1700000000) . "\x10\x01" .
		len(5, len(1, len(1, "image") . len(4, "x" x $size))));
for my $i (1..$times) { print point($i, "loss", 1 / $i), $image }
EOT

test_expect_success 'a repository with a model' '
	git init -q r && cd r && git model install --local >/dev/null &&
	git model track "*.st" && mv-test random 5000 1 >m.st && git add . && git commit -qm one
'

test_expect_success 'CSV, and JSON Lines' '
	cd r && perl -e "print qq{step,loss,note\n}; my \$n = q{x} x 6000;
		printf qq{%d,%.4f,%s\n}, \$_, 1 / \$_, \$n for 1..10000" >big.csv &&
	peak 40000 git-model record m.st --metrics-file big.csv 2>err && test_grep "10000 values in those files" err &&
	git model show m.st >out && test_grep "loss  0.0001" out && rm big.csv &&
	perl -e "my \$n = q{x} x 6000;
		printf qq{{\"step\":%d,\"err\":%.4f,\"note\":\"%s\"}\n}, \$_, 1 / \$_, \$n for 1..10000" >big.jsonl &&
	peak 40000 git-model record m.st --metrics-file big.jsonl 2>err && rm big.jsonl &&
	git model show m.st >out && test_grep "err   *0.0001" out
'

test_expect_success 'event files: images beside the scalars' '
	cd r && perl "$TRASH/sealed" 60000 1000 >big.tfevents.1 &&
	test $(test_file_size big.tfevents.1) -gt 60000000 &&
	peak 40000 git-model record m.st --metrics-file big.tfevents.1 2>err && test_grep "1000 values" err &&
	git model show m.st >out && test_grep "loss *0.001" out && rm big.tfevents.1
'

test_expect_success 'a row that does not end is refused, not read' '
	cd r && { printf "a,b\n1,\""; mv-test random 30M 1 | tr "\"\000" xx; } >open.csv &&
	test_expect_code 128 git model record m.st --metrics-file open.csv 2>err &&
	test_grep "open.csv:2: the row is too long, or a quote does not end" err && rm open.csv
'

test_expect_success 'what a record attaches: written and drawn a run at a time' '
	cd r && perl -e "print qq{step,wide\n}; printf qq{%d,%.17f\n}, \$_, 1 / \$_ for 1..300000" >w.csv &&
	peak 25000 git-model record m.st --curves w.csv && rm w.csv &&
	peak 18000 git-model plot m.st --metric wide >out 2>&1 && test_grep "wide" out
'

test_expect_success 'more points than a record may have: said, and how to have fewer' '
	cd r && { echo a && yes 1 | head -n 4194305; } >many.csv &&
	test_expect_code 128 git model record m.st --curves many.csv 2>err &&
	test_grep "many.csv:4194306: more than 4194304 points: record fewer" err && rm many.csv
'

test_expect_success 'a JSON document is read whole: a small bound, and what may be longer' '
	cd r && { printf "{\"a\":\""; head -c 5000000 /dev/zero | tr "\000" x; echo "\"}"; } >doc.json &&
	test_expect_code 128 git model record m.st --metrics-file doc.json 2>err &&
	test_grep "doc.json. is too large for a file of params or metrics, which is read whole: at most 4 MiB" err && rm doc.json
'

test_expect_success 'lineage: 140 MB of notes' '
	cd r && echo data >train.txt && git model record m.st --data train.txt &&
	perl -e "print qq({\"t\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"evidence\",\"content\":\"sha256:),
		sprintf(q{%064d}, \$_), qq(\",\"tags\":{\"a\":\"), q{x} x 9800, qq(\"}}\n) for 1..100" >fat &&
	blob=$(git hash-object -w fat) && git ls-tree -r refs/notes/model >tree &&
	perl -e "printf qq{100644 blob $blob\t%040x\n}, \$_ for 1..140" >>tree &&
	tree=$(git mktree <tree) && git update-ref refs/notes/model $(git commit-tree -m fat $tree) &&
	peak 40000 git-model lineage m.st >out && test_grep "train.txt" out && test_grep ! "(cut" out
'

test_done
